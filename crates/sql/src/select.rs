//! Reads: a selection becomes one statement, and one more for each relation it includes.

use underpin_plan::{
    AuthorizedRead, Catalog, Member, PageRequest, Paging, Parent, ReadPlan, Rows, Selection, Source,
};
use underpin_rules::{Predicate, Root};
use underpin_schema::{Field, FieldId, FieldKind, ModelId, Scalar};

use crate::codec;
use crate::keyset::{self, Term};
use crate::operand::Key;
use crate::statement::{Draft, Frame, Place, Scope, qualified, where_clause};
use crate::{
    Bind, BindSource, Cardinality, Codec, CursorColumn, Dialect, Output, ReadProgram, Select,
    Statement,
};

/// The statements of a read.
#[must_use]
pub fn read(catalog: &Catalog, read: &AuthorizedRead, dialect: Dialect) -> ReadProgram {
    let (schema, plan) = (&*catalog.schema, read.plan());
    let slots: Vec<Codec> = read.slots().iter().map(|slot| codec::native(slot.scalar())).collect();
    let frame = Frame { schema, dialect, actor: plan.actor, slots: &slots };
    ReadProgram {
        parent: plan.parent.as_ref().map(|parent| parent_statement(frame, parent)),
        root: select(frame, &plan.root, &Origin::root(frame, plan)),
        count: plan.page.count.then(|| count_statement(frame, plan)),
    }
}

/// Where a selection gets what its rows are found by, and how its rows are cut.
pub(crate) struct Origin {
    /// The key of the row itself, or of the row that the relation belongs to.
    pub(crate) key: Option<Bind>,
    /// How a page is cut.
    pub(crate) page: PageRequest,
    /// Whether the version of the row is wanted.
    pub(crate) version: Version,
}

/// Whether a select hands out the version of its row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Wanted,
    Unwanted,
}

const FIRST_PAGE: PageRequest = PageRequest { paging: Paging::First, count: false };

impl Origin {
    fn root(frame: Frame<'_>, plan: &ReadPlan) -> Self {
        let model = match (&plan.parent, plan.root.source) {
            (Some(parent), _) => Some(parent.model),
            (None, Source::Key) => Some(plan.root.model),
            (None, Source::All | Source::Relation(..)) => None,
        };
        let key = model.map(|model| Bind {
            source: BindSource::Slot(0),
            codec: codec::of_key(frame.schema.model(model)),
        });
        let version = if plan.root.rows == Rows::One { Version::Wanted } else { Version::Unwanted };
        Self { key, page: plan.page, version }
    }

    /// The row that a write has left.
    pub(crate) fn written(key: Bind) -> Self {
        Self { key: Some(key), page: FIRST_PAGE, version: Version::Wanted }
    }

    fn included(column: u16, codec: Codec) -> Self {
        let key = Bind { source: BindSource::Parent(column), codec };
        Self { key: Some(key), page: FIRST_PAGE, version: Version::Unwanted }
    }
}

fn parent_statement(frame: Frame<'_>, parent: &Parent) -> Statement {
    let mut draft = Draft::new(frame);
    let alias = draft.alias();
    let key = draft.key_at_alias(parent.model, &alias);
    let wanted = draft.bind(BindSource::Slot(0), key.codec);
    let mut conjuncts = vec![format!("{} = {wanted}", key.text)];
    conjuncts.extend(draft.conjuncts(&parent.condition, &Scope::table(parent.model, &alias)));
    let text =
        format!("SELECT 1 FROM {}{}", draft.table(parent.model, &alias), where_clause(&conjuncts));
    draft.finish(text)
}

fn count_statement(frame: Frame<'_>, plan: &ReadPlan) -> Statement {
    let origin = Origin::root(frame, plan);
    let mut draft = Draft::new(frame);
    let rows = candidates(&mut draft, &plan.root, &origin);
    let text = format!("SELECT count(*) FROM {}{}", rows.from, where_clause(&rows.conjuncts));
    draft.finish(text)
}

/// The rows of a selection before they are put in order and cut.
struct Candidates {
    alias: String,
    from: String,
    conjuncts: Vec<String>,
    /// The column of a join table that holds their key.
    joined_key: Option<String>,
    /// The field that refers to the parent, and the parent's key.
    reference: Option<(FieldId, String)>,
}

impl Candidates {
    fn scope<'a>(&self, model: ModelId) -> Scope<'a> {
        match self.reference.clone() {
            None => Scope::table(model, &self.alias),
            Some((field, reference)) => {
                Scope::of(Place::Child { model, alias: self.alias.clone(), field, reference })
            }
        }
    }
}

fn candidates(draft: &mut Draft<'_>, selection: &Selection, origin: &Origin) -> Candidates {
    let alias = draft.alias();
    let mut rows = source(draft, selection, origin, alias);
    let scope = rows.scope(selection.model);
    rows.conjuncts.extend(draft.conjuncts(&selection.condition, &scope));
    rows
}

/// What a selection's rows come from, and the condition that finds them.
fn source(
    draft: &mut Draft<'_>,
    selection: &Selection,
    origin: &Origin,
    alias: String,
) -> Candidates {
    let from = draft.table(selection.model, &alias);
    let own = draft.key_at_alias(selection.model, &alias);
    let mut rows =
        Candidates { alias, from, conjuncts: Vec::new(), joined_key: None, reference: None };
    let Some(bind) = &origin.key else {
        return rows;
    };
    let key = Key { text: draft.bind(bind.source.clone(), bind.codec), codec: bind.codec };
    match selection.source {
        Source::All => {}
        Source::Key => rows.conjuncts.push(draft.equal_keys(&own, &key)),
        Source::Relation(model, field) => {
            let field = draft.frame.schema.field(model, field);
            match &field.kind {
                FieldKind::ToOne(_) if matches!(bind.source, BindSource::Parent(_)) => {
                    rows.conjuncts.push(draft.equal_keys(&own, &key));
                }
                FieldKind::ToOne(_) => {
                    let reference = reference_of(draft, model, field, &key);
                    rows.conjuncts.push(draft.equal_keys(&own, &reference));
                }
                FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => {
                    let related = draft.related(field, &key, &rows.alias);
                    rows.from = related.from;
                    rows.conjuncts.push(related.link);
                    rows.joined_key = related.joined_key;
                    rows.reference = related.owning.map(|owning| (owning, key.text));
                }
                FieldKind::Scalar(_)
                | FieldKind::Enum(_)
                | FieldKind::ScalarList(_)
                | FieldKind::EnumList(_) => unreachable!("invariant: the field is a relation"),
            }
        }
    }
    rows
}

/// The reference that the row with `key` holds in `field`.
fn reference_of(draft: &mut Draft<'_>, model: ModelId, field: &Field, key: &Key) -> Key {
    let alias = draft.alias();
    let column = qualified(&alias, &field.column);
    let table = draft.table(model, &alias);
    let holder = draft.key_at_alias(model, &alias);
    let found = draft.equal_keys(&holder, key);
    let text = format!("(SELECT {column} FROM {table} WHERE {found})");
    Key { text, codec: codec::of_field(draft.frame.schema, field) }
}

/// The columns of a statement; one that is wanted twice stands once.
#[derive(Default)]
struct Columns(Vec<String>);

impl Columns {
    fn add(&mut self, text: String) -> u16 {
        let place = self.0.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.0.push(text);
            self.0.len() - 1
        });
        u16::try_from(place).expect("invariant: a model has fewer than 2,000 columns")
    }
}

/// The statement of a selection and those of the relations it includes.
pub(crate) fn select(frame: Frame<'_>, selection: &Selection, origin: &Origin) -> Select {
    let mut draft = Draft::new(frame);
    let mut rows = candidates(&mut draft, selection, origin);
    let scope = rows.scope(selection.model);
    let model = frame.schema.model(selection.model);
    let mut columns = Columns::default();
    let outputs = selection
        .members
        .iter()
        .map(|member| output(&mut draft, &mut columns, member, (selection.model, &scope)))
        .collect();
    let key_column = columns.add(qualified(&rows.alias, &model.key_field().column));
    let version = model.version.filter(|_| origin.version == Version::Wanted);
    let version_column =
        version.map(|field| columns.add(qualified(&rows.alias, &model.field(field).column)));
    let mut terms: Vec<Term> =
        selection.sort.iter().map(|term| draft.sort_term(term, &scope)).collect();
    let cursor = terms
        .iter()
        .map(|term| CursorColumn { column: columns.add(term.text.clone()), codec: term.codec })
        .collect();
    if let (Some(joined), Some(last)) = (&rows.joined_key, terms.last_mut())
        && columns.0[usize::from(key_column)] == last.text
    {
        last.text.clone_from(joined);
    }
    let reversed = origin.page.paging == Paging::Before;
    let paged = matches!(origin.page.paging, Paging::After | Paging::Before);
    if paged && selection.rows == Rows::Page {
        rows.conjuncts.push(keyset::beyond_cursor(&mut draft, &terms, origin.page.paging));
    }
    let text = format!(
        "SELECT {} FROM {}{}{}{}",
        columns.0.join(", "),
        rows.from,
        where_clause(&rows.conjuncts),
        keyset::order(&draft, &terms, origin.page.paging),
        cut(&mut draft, selection.rows, origin.page.paging),
    );
    Select {
        statement: draft.finish(text),
        outputs,
        cardinality: cardinality(selection.rows),
        cursor,
        cursor_shape: selection.cursor_shape,
        reversed,
        version_column,
        key_column,
        key_codec: codec::of_key(model),
    }
}

const fn cardinality(rows: Rows) -> Cardinality {
    match rows {
        Rows::One => Cardinality::One,
        Rows::Page => Cardinality::Page,
        Rows::Included(rows_max) => Cardinality::Included(rows_max),
    }
}

/// How many rows the statement yields: one more than are wanted, which tells whether there are
/// more.
fn cut(draft: &mut Draft<'_>, rows: Rows, paging: Paging) -> String {
    let count = codec::native(Scalar::BigInt);
    match rows {
        Rows::One => String::new(),
        Rows::Included(rows_max) => format!(" LIMIT {}", u64::from(rows_max) + 1),
        Rows::Page => {
            let limit = draft.bind(BindSource::LimitPlusOne, count);
            match paging {
                Paging::First | Paging::After | Paging::Before => format!(" LIMIT {limit}"),
                Paging::Offset => {
                    let offset = draft.bind(BindSource::Offset, count);
                    format!(" LIMIT {limit} OFFSET {offset}")
                }
            }
        }
    }
}

fn output(
    draft: &mut Draft<'_>,
    columns: &mut Columns,
    member: &Member,
    row: (ModelId, &Scope<'_>),
) -> Output {
    let (model, scope) = row;
    let (Member::Column { field, shown } | Member::Relation { field, shown, .. }) = member;
    let field = draft.frame.schema.field(model, *field);
    let always = *shown == Predicate::True;
    let shown = (!always).then(|| columns.add(draft.truth(shown, scope)));
    let place = scope.place(Root::Row);
    match member {
        Member::Column { .. } => Output::Column {
            label: label(&field.name),
            column: columns.add(draft.column(&place, field)),
            codec: codec::of_field(draft.frame.schema, field),
            shown,
        },
        Member::Relation { selection, .. } => {
            let schema = draft.frame.schema;
            let to_one = matches!(field.kind, FieldKind::ToOne(_));
            let held = if to_one { field } else { schema.model(model).key_field() };
            let column = columns.add(draft.column(&place, held));
            let origin = Origin::included(column, codec::of_field(schema, held));
            Output::Relation {
                name: field.name.as_str().into(),
                shown,
                unless_null: to_one.then_some(column),
                select: Box::new(select(draft.frame, selection, &origin)),
            }
        }
    }
}

/// A member's name as it stands in the object. Names need no escapes: the schema allows none.
fn label(name: &str) -> Box<str> {
    format!("\"{name}\":").into()
}
