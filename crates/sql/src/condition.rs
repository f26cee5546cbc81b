//! Predicates as SQL conditions.
//!
//! A predicate is two-valued and SQL is not. A condition written here may yield NULL where the
//! predicate is false, which `WHERE`, `CASE WHEN`, `AND` and `OR` treat alike; whatever negates a
//! condition, or hands its value out, says `IS [NOT] TRUE` first. Every text returned can stand
//! beside `AND` as it is.

use underpin_plan::RowTest;
use underpin_rules::{CompareOp, Operand, Predicate, Quantified, TextOp};
use underpin_schema::{Field, FieldId, FieldKind, ModelId, Scalar, Value};

use crate::BindSource;
use crate::codec;
use crate::operand::Key;
use crate::statement::{Draft, Scope, qualified, quoted};

/// The rows of a relation to many.
pub(crate) struct Related {
    /// What they are selected from.
    pub(crate) from: String,
    /// The condition that binds them to the row that has the relation.
    pub(crate) link: String,
    /// The column of the join table that holds their key, in whose order its index has them.
    pub(crate) joined_key: Option<String>,
    /// The field in which they all hold the key, as it stands.
    pub(crate) owning: Option<FieldId>,
}

const NEVER: &str = "0";
const ALWAYS: &str = "1";

impl Draft<'_> {
    /// The parts of a predicate that must all hold; none for `True`.
    pub(crate) fn conjuncts(&mut self, predicate: &Predicate, scope: &Scope<'_>) -> Vec<String> {
        match predicate {
            Predicate::True => Vec::new(),
            Predicate::And(parts) => {
                parts.iter().flat_map(|part| self.conjuncts(part, scope)).collect()
            }
            Predicate::False
            | Predicate::Or(_)
            | Predicate::Not(_)
            | Predicate::Compare { .. }
            | Predicate::In { .. }
            | Predicate::InList { .. }
            | Predicate::Text { .. }
            | Predicate::IsNull(_)
            | Predicate::IsTrue(_)
            | Predicate::Exists(_)
            | Predicate::Can(_)
            | Predicate::HasRole(_) => vec![self.condition(predicate, scope)],
        }
    }

    /// A condition that holds when the predicate does.
    pub(crate) fn condition(&mut self, predicate: &Predicate, scope: &Scope<'_>) -> String {
        match predicate {
            Predicate::True => ALWAYS.to_owned(),
            Predicate::False => NEVER.to_owned(),
            Predicate::And(parts) => self.joined(parts, " AND ", scope),
            Predicate::Or(parts) => self.joined(parts, " OR ", scope),
            Predicate::Not(inner) => self.negation(inner, scope),
            Predicate::Compare { op, left, right } => self.compare(*op, [left, right], scope),
            Predicate::In { item, list } => self.within(item, list, scope),
            Predicate::InList { item, list } => self.in_list(item, list, scope),
            Predicate::Text { op, subject, needle } => self.text(*op, [subject, needle], scope),
            Predicate::IsNull(operand) => self.is_null(operand, scope),
            Predicate::IsTrue(operand) => self.is_true(operand, scope),
            Predicate::Exists(quantified) => self.exists(quantified, scope),
            Predicate::Can(_) | Predicate::HasRole(_) => {
                unreachable!("invariant: plans hold predicates folded for a profile")
            }
        }
    }

    /// The predicate as a value that is 0 or 1.
    pub(crate) fn truth(&mut self, predicate: &Predicate, scope: &Scope<'_>) -> String {
        format!("({}) IS TRUE", self.condition(predicate, scope))
    }

    fn joined(&mut self, parts: &[Predicate], by: &str, scope: &Scope<'_>) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.condition(part, scope)).collect();
        format!("({})", parts.join(by))
    }

    fn negation(&mut self, inner: &Predicate, scope: &Scope<'_>) -> String {
        match inner {
            Predicate::True => NEVER.to_owned(),
            Predicate::False => ALWAYS.to_owned(),
            Predicate::Not(inner) => self.condition(inner, scope),
            Predicate::Exists(_) => format!("NOT {}", self.condition(inner, scope)),
            Predicate::IsNull(Operand::Path(path)) => {
                format!("{} IS NOT NULL", self.path(path, scope))
            }
            Predicate::IsTrue(operand @ Operand::Path(_)) if !self.nullable(operand, scope) => {
                format!("{} = 0", self.operand(operand, codec::native(Scalar::Boolean), scope))
            }
            Predicate::And(_)
            | Predicate::Or(_)
            | Predicate::Compare { .. }
            | Predicate::In { .. }
            | Predicate::InList { .. }
            | Predicate::Text { .. }
            | Predicate::IsNull(_)
            | Predicate::IsTrue(_)
            | Predicate::Can(_)
            | Predicate::HasRole(_) => {
                let inner = self.condition(inner, scope);
                format!("({inner}) IS NOT TRUE")
            }
        }
    }

    fn compare(&mut self, op: CompareOp, sides: [&Operand; 2], scope: &Scope<'_>) -> String {
        let [left, right] = sides;
        let nullable = sides.map(|operand| self.nullable(operand, scope));
        if op == CompareOp::Ne && (guarded(left) || guarded(right)) {
            let equal = self.compare(CompareOp::Eq, sides, scope);
            return format!("({equal}) IS NOT TRUE");
        }
        // A guarded operand is null where it may not be read, and null neither equals a value nor
        // has an order: the guard may stand beside the comparison, where an index still serves.
        let strict = op != CompareOp::Eq;
        if let Operand::Guarded(guard, inner) = left
            && (strict || !nullable[1])
        {
            let guard = self.condition(guard, scope);
            return format!("({} AND {guard})", self.compare(op, [inner, right], scope));
        }
        if let Operand::Guarded(guard, inner) = right
            && (strict || !nullable[0])
        {
            let guard = self.condition(guard, scope);
            return format!("({} AND {guard})", self.compare(op, [left, inner], scope));
        }
        let [left, right] = self.pair(left, right, scope);
        let operator = self.operator(op, nullable);
        format!("{left} {operator} {right}")
    }

    fn operator(&self, op: CompareOp, nullable: [bool; 2]) -> &'static str {
        match (op, nullable) {
            (CompareOp::Eq, [true, true]) => self.frame.dialect.same(),
            (CompareOp::Eq, _) => "=",
            (CompareOp::Ne, [false, false]) => "<>",
            (CompareOp::Ne, _) => self.frame.dialect.distinct(),
            (CompareOp::Lt, _) => "<",
            (CompareOp::Le, _) => "<=",
            (CompareOp::Gt, _) => ">",
            (CompareOp::Ge, _) => ">=",
        }
    }

    fn within(&mut self, item: &Operand, list: &[Operand], scope: &Scope<'_>) -> String {
        if list.is_empty() {
            return NEVER.to_owned();
        }
        let plain = list.iter().all(|operand| {
            !self.nullable(operand, scope)
                && self.column_codec(operand).is_none()
                && self.meeting(item, operand) == self.meeting(item, &list[0])
        });
        if !plain {
            let parts: Vec<String> = list
                .iter()
                .map(|operand| self.compare(CompareOp::Eq, [item, operand], scope))
                .collect();
            return format!("({})", parts.join(" OR "));
        }
        if let Operand::Guarded(guard, inner) = item {
            let guard = self.condition(guard, scope);
            return format!("({} AND {guard})", self.within(inner, list, scope));
        }
        let codec = self.meeting(item, &list[0]);
        let mut subject = self.operand(item, codec, scope);
        if self.caseless(item) {
            subject = self.frame.dialect.caseless(&subject);
        }
        let values: Vec<String> =
            list.iter().map(|operand| self.operand(operand, codec, scope)).collect();
        format!("{subject} IN ({})", values.join(", "))
    }

    fn in_list(&mut self, item: &Operand, list: &Operand, scope: &Scope<'_>) -> String {
        let held = self.column_codec(list).expect("invariant: lists are fields");
        let codec = self.member(held.scalar, item);
        let list_text = self.operand(list, held, scope);
        let mut item_text = self.operand(item, codec, scope);
        if self.caseless(list) || self.caseless(item) {
            item_text = self.frame.dialect.caseless(&item_text);
        }
        let alias = self.alias();
        let elements = self.frame.dialect.elements(&list_text, &alias);
        let element = self.frame.dialect.element(&alias, held.scalar, codec::scale(codec.scalar));
        format!("EXISTS (SELECT 1 FROM {elements} WHERE {element} = {item_text})")
    }

    fn text(&mut self, op: TextOp, sides: [&Operand; 2], scope: &Scope<'_>) -> String {
        let [subject, needle] = sides;
        if let Operand::Guarded(guard, inner) = subject {
            let guard = self.condition(guard, scope);
            return format!("({} AND {guard})", self.text(op, [inner, needle], scope));
        }
        if let Operand::Guarded(guard, inner) = needle {
            let guard = self.condition(guard, scope);
            return format!("({} AND {guard})", self.text(op, [subject, inner], scope));
        }
        let caseless = self.caseless(subject) || self.caseless(needle);
        let codec = self.meeting(subject, needle);
        let [subject_text, needle_text] =
            [subject, needle].map(|operand| self.operand(operand, codec, scope));
        let indexed = matches!(subject, Operand::Path(path) if path.steps.is_empty());
        self.text_test(op, [subject_text, needle_text], &Manner { caseless, indexed })
    }

    fn text_test(&self, op: TextOp, texts: [String; 2], manner: &Manner) -> String {
        let dialect = self.frame.dialect;
        let [subject, needle] = texts;
        let fold = |text: String| if manner.caseless { dialect.caseless(&text) } else { text };
        match op {
            TextOp::Contains if manner.caseless => {
                dialect.contains(&dialect.lower(&subject), &dialect.lower(&needle))
            }
            TextOp::Contains => dialect.contains(&subject, &needle),
            TextOp::StartsWith if !manner.indexed => {
                format!("{} = {}", dialect.head(&subject, &needle), fold(needle))
            }
            // The range lets an index on the column serve; the comparison of the head decides.
            TextOp::StartsWith => {
                let head = dialect.head(&subject, &needle);
                let beyond = fold(dialect.beyond(&needle));
                let needle = fold(needle);
                format!("({subject} >= {needle} AND {subject} < {beyond} AND {head} = {needle})")
            }
            TextOp::EndsWith => {
                let tail = dialect.tail(&subject, &needle);
                let fits = format!("length({subject}) >= length({needle})");
                format!("({fits} AND {tail} = {})", fold(needle))
            }
        }
    }

    fn is_null(&mut self, operand: &Operand, scope: &Scope<'_>) -> String {
        if let Operand::Guarded(guard, inner) = operand {
            let guard = self.condition(guard, scope);
            let inner = self.is_null(inner, scope);
            return format!("({guard} AND ({inner}) IS NOT TRUE) IS NOT TRUE");
        }
        let codec = self.value_codec(operand);
        format!("{} IS NULL", self.operand(operand, codec, scope))
    }

    fn is_true(&mut self, operand: &Operand, scope: &Scope<'_>) -> String {
        if let Operand::Guarded(guard, inner) = operand {
            let guard = self.condition(guard, scope);
            return format!("({} AND {guard})", self.is_true(inner, scope));
        }
        if let Operand::Literal(value) = operand {
            return if *value == Value::Bool(true) { ALWAYS } else { NEVER }.to_owned();
        }
        format!("{} = 1", self.operand(operand, codec::native(Scalar::Boolean), scope))
    }

    fn exists(&mut self, quantified: &Quantified, scope: &Scope<'_>) -> String {
        let field = self.frame.schema.field(quantified.model, quantified.relation);
        let key = self.key_at(quantified.root, &quantified.steps, scope);
        let alias = self.alias();
        let Related { from, link, .. } = self.related(field, &key, &alias);
        let scope = scope.with_var(quantified.var, target_of(&field.kind), &alias);
        let mut parts = vec![link];
        parts.extend(self.conjuncts(&quantified.body, &scope));
        format!("EXISTS (SELECT 1 FROM {from} WHERE {})", parts.join(" AND "))
    }

    /// The rows that a relation to many has for the row with `key`, they themselves under `alias`.
    pub(crate) fn related(&mut self, field: &Field, key: &Key, alias: &str) -> Related {
        match &field.kind {
            FieldKind::ToMany(to_many) => {
                let owning = self.frame.schema.field(to_many.target, to_many.field);
                let codec = codec::of_field(self.frame.schema, owning);
                let reference = Key { text: qualified(alias, &owning.column), codec };
                let from = self.table(to_many.target, alias);
                let link = self.equal_keys(&reference, key);
                let same = reference.codec.encoding == key.codec.encoding;
                Related { from, link, joined_key: None, owning: same.then_some(owning.id) }
            }
            FieldKind::ManyToMany(join) => {
                let pair = self.alias();
                let target = self.key_at_alias(join.target, alias);
                let joined_key = qualified(&pair, &join.target_column);
                let table = self.table(join.target, alias);
                let pairs = quoted(&join.table);
                let from =
                    format!("{pairs} AS {pair} JOIN {table} ON {} = {joined_key}", target.text);
                let link = format!("{} = {}", qualified(&pair, &join.own_column), key.text);
                Related { from, link, joined_key: Some(joined_key), owning: None }
            }
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_) => unreachable!("invariant: the relation is to many"),
        }
    }

    /// That a row with this key exists and satisfies the condition.
    pub(crate) fn row_exists(&mut self, test: &RowTest) -> String {
        let codec = codec::of_key(self.model(test.model));
        let key = self.bind(BindSource::Slot(test.key.0), codec);
        let alias = self.alias();
        let scope = Scope::table(test.model, &alias);
        let mut parts = vec![format!("{} = {key}", self.key_at_alias(test.model, &alias).text)];
        parts.extend(self.conjuncts(&test.condition, &scope));
        let table = self.table(test.model, &alias);
        let exists = format!("EXISTS (SELECT 1 FROM {table} WHERE {})", parts.join(" AND "));
        if test.nullable { format!("({key} IS NULL OR {exists})") } else { exists }
    }
}

/// How one text is sought in another.
struct Manner {
    /// Without regard to case.
    caseless: bool,
    /// In a column of the row itself, which may have an index.
    indexed: bool,
}

fn guarded(operand: &Operand) -> bool {
    matches!(operand, Operand::Guarded(..))
}

/// The model on the other side of a relation.
pub(crate) fn target_of(kind: &FieldKind) -> ModelId {
    match kind {
        FieldKind::ToMany(to_many) => to_many.target,
        FieldKind::ManyToMany(join) => join.target,
        FieldKind::ToOne(to_one) => to_one.target,
        FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_) => unreachable!("invariant: the field is a relation"),
    }
}
