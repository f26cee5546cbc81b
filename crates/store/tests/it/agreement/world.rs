//! A random schema and its rows, in a database and in memory.

use std::error::Error;
use std::fmt::Write;
use std::sync::Arc;

use tempfile::TempDir;
use underpin_migrate::{Cell, Consent, Part, Snapshot, apply};
use underpin_plan::Catalog;
use underpin_rules::{self as rules, Rules};
use underpin_schema::{Field, FieldId, FieldKind, ModelId, RuleText, Scalar, Schema, Value};
use underpin_store::{Options, Store};

use super::chance::Chance;
use super::expressions::{Wording, Writer};
use super::schemas;
use super::values::Kind;

/// A schema without rules, and its rows.
pub(super) struct World {
    pub(super) source: String,
    pub(super) schema: Schema,
    pub(super) store: Store,
    /// By model, row and field. To-many fields hold nothing.
    rows: Vec<Vec<Vec<Value>>>,
    /// The join table of each many-to-many field: which rows of either side are joined.
    pairs: Vec<Pairs>,
    _directory: TempDir,
}

struct Pairs {
    table: String,
    /// By own key and target key, seen from the side that was made first.
    owner: ModelId,
    rows: Vec<(usize, usize)>,
}

/// A row by its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) model: ModelId,
    pub(super) row: usize,
}

impl World {
    pub(super) fn make(chance: &mut Chance) -> Self {
        Self::of(schemas::write(chance), chance)
    }

    /// A world of this schema.
    pub(super) fn of(source: String, chance: &mut Chance) -> Self {
        let parsed = underpin_schema::parse(&source, "schema.graphql");
        let schema = parsed.schema.unwrap_or_else(|| panic!("{source}\n{:#?}", parsed.diagnostics));
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&Options::new(directory.path().join("world.db"))).unwrap();
        let wanted = Snapshot::of(&schema, &|_, _| unreachable!("no index has a condition"));
        let made: Result<_, Box<dyn Error + Send + Sync>> =
            store.lend(move |db| Ok(apply(db, Part::Application, &wanted, Consent::KeepData, 0)?));
        made.unwrap();
        let mut world = Self {
            source,
            schema,
            store,
            rows: Vec::new(),
            pairs: Vec::new(),
            _directory: directory,
        };
        world.fill(chance);
        world
    }

    pub(super) fn n_rows(&self, model: ModelId) -> usize {
        self.rows[usize::from(model.0)].len()
    }

    pub(super) fn key(&self, place: Place) -> &Value {
        let key = self.schema.model(place.model).key;
        &self.rows[usize::from(place.model.0)][place.row][usize::from(key.0)]
    }

    /// The row with a key.
    pub(super) fn find(&self, model: ModelId, key: &Value) -> Option<Place> {
        (0..self.n_rows(model))
            .map(|row| Place { model, row })
            .find(|place| self.key(*place) == key)
    }

    /// The schema with the rules it came with.
    pub(super) fn catalog(&self) -> Catalog {
        let (rules, diagnostics) = Rules::compile(&self.schema);
        let rules = rules.unwrap_or_else(|| panic!("{}\n{diagnostics:#?}", self.source));
        Catalog { schema: Arc::new(self.schema.clone()), rules }
    }

    /// The schema with a random rule for each model and some fields.
    pub(super) fn with_rules(&mut self, chance: &mut Chance) -> Catalog {
        let mut schema = self.schema.clone();
        for model in 0..schema.models.len() {
            let id = schema.models[model].id;
            let mut writer = Writer::new(&self.schema, id, Wording::Rule, chance);
            schema.models[model].access.read = Some(rule_text(writer.condition()));
            for field in 0..schema.models[model].fields.len() {
                schema.models[model].fields[field].access.read = None;
                // The key stays readable: it tells which rows were found.
                if field > 0 && writer.chance.once_in(5) {
                    let rule = rule_text(writer.condition());
                    schema.models[model].fields[field].access.read = Some(rule);
                }
            }
        }
        let (rules, diagnostics) = Rules::compile(&schema);
        let rules =
            rules.unwrap_or_else(|| panic!("{}\n{diagnostics:#?}\n{schema:#?}", self.source));
        Catalog { schema: Arc::new(schema), rules }
    }

    pub(super) fn describe_rows(&self) -> String {
        let mut text = String::new();
        for model in &self.schema.models {
            for row in &self.rows[usize::from(model.id.0)] {
                write!(text, "{}", model.name).unwrap();
                for field in model.fields.iter().filter(|field| field.has_column()) {
                    write!(text, " {}={:?}", field.name, row[usize::from(field.id.0)]).unwrap();
                }
                text.push('\n');
            }
        }
        for pairs in &self.pairs {
            writeln!(text, "{}: {:?}", pairs.table, pairs.rows).unwrap();
        }
        text
    }

    fn fill(&mut self, chance: &mut Chance) {
        let n_rows: Vec<usize> = self.schema.models.iter().map(|_| 2 + chance.below(5)).collect();
        let mut script = Vec::new();
        for model in &self.schema.models {
            let rows: Vec<Vec<Value>> = (0..n_rows[usize::from(model.id.0)])
                .map(|row| {
                    model
                        .fields
                        .iter()
                        .map(|field| self.value(model.id, field, row, (&n_rows, chance)))
                        .collect()
                })
                .collect();
            script.extend(rows.iter().map(|row| self.insert(model.id, row)));
            self.rows.push(rows);
        }
        for model in &self.schema.models {
            for field in &model.fields {
                if let FieldKind::ManyToMany(join) = &field.kind
                    && !self.pairs.iter().any(|pairs| pairs.table == join.table)
                {
                    let target = usize::from(join.target.0);
                    let all = (0..n_rows[usize::from(model.id.0)])
                        .flat_map(|own| (0..n_rows[target]).map(move |other| (own, other)));
                    let rows: Vec<_> = all.filter(|_| chance.once_in(3)).collect();
                    for (own, other) in &rows {
                        let columns =
                            format!("\"{}\", \"{}\"", join.own_column, join.target_column);
                        let keys = [(model.id, *own), (join.target, *other)];
                        let cells = keys.map(|(model, row)| self.key_cell(model, row));
                        let text =
                            format!("INSERT INTO \"{}\" ({columns}) VALUES (?1, ?2)", join.table);
                        script.push((text, cells.to_vec()));
                    }
                    self.pairs.push(Pairs { table: join.table.clone(), owner: model.id, rows });
                }
            }
        }
        let filled: Result<_, Box<dyn Error + Send + Sync>> = self.store.lend(move |db| {
            for (text, cells) in &script {
                db.execute(text, cells)?;
            }
            Ok(())
        });
        filled.unwrap();
    }

    fn value(
        &self,
        model: ModelId,
        field: &Field,
        row: usize,
        (n_rows, chance): (&[usize], &mut Chance),
    ) -> Value {
        let Some(kind) = Kind::of(&self.schema, model, field) else { return Value::Null };
        if self.schema.model(model).key == field.id {
            return Kind::key(&self.schema, model, row);
        }
        if field.unique {
            return Value::Text(format!("u{row}@example.org"));
        }
        if field.nullable && chance.once_in(3) {
            return Value::Null;
        }
        match &field.kind {
            FieldKind::ScalarList(_) | FieldKind::EnumList(_) => {
                let n_items = chance.below(4);
                Value::List((0..n_items).map(|_| kind.value(&self.schema, chance)).collect())
            }
            FieldKind::ToOne(to_one) => {
                let n = chance.below(n_rows[usize::from(to_one.target.0)]);
                Kind::key(&self.schema, to_one.target, n)
            }
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ToMany(_)
            | FieldKind::ManyToMany(_) => kind.value(&self.schema, chance),
        }
    }

    fn insert(&self, model: ModelId, row: &[Value]) -> (String, Vec<Cell>) {
        let model = self.schema.model(model);
        let fields: Vec<&Field> = model.fields.iter().filter(|field| field.has_column()).collect();
        let columns: Vec<String> =
            fields.iter().map(|field| format!("\"{}\"", field.column)).collect();
        let places: Vec<String> = (1..=fields.len()).map(|n| format!("?{n}")).collect();
        let text = format!(
            "INSERT INTO \"{}\" ({}) VALUES ({})",
            model.table,
            columns.join(", "),
            places.join(", ")
        );
        let cells = fields
            .iter()
            .map(|field| {
                let kind = Kind::of(&self.schema, model.id, field).unwrap();
                cell(kind, &row[usize::from(field.id.0)])
            })
            .collect();
        (text, cells)
    }

    fn key_cell(&self, model: ModelId, row: usize) -> Cell {
        cell(Kind::key_of(&self.schema, model), &Kind::key(&self.schema, model, row))
    }
}

/// A value as a column of our own holds it, by the words of `Encoding::Native` and not by the
/// code that is tested.
fn cell(kind: Kind, value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Integer(i64::from(*value)),
        Value::Date(days) => Cell::Integer(i64::from(*days)),
        Value::Int(number)
        | Value::DateTime(number)
        | Value::Time(number)
        | Value::Duration(number) => Cell::Integer(*number),
        Value::Float(number) => Cell::Real(*number),
        Value::Decimal(number) => {
            let Kind::Scalar(Scalar::Decimal { scale, .. }) = kind else {
                panic!("a decimal in a column of another type")
            };
            let mut scaled = *number;
            scaled.rescale(u32::from(scale));
            Cell::Integer(i64::try_from(scaled.mantissa()).unwrap())
        }
        Value::Text(text) | Value::Json(text) => Cell::Text(text.clone()),
        Value::Uuid(uuid) => Cell::Blob(uuid.as_bytes().to_vec()),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| item_text(kind, item)).collect();
            Cell::Text(format!("[{}]", items.join(",")))
        }
    }
}

/// An item of a list as JSON: what a column would hold, with words for booleans and UUIDs.
fn item_text(kind: Kind, item: &Value) -> String {
    if let Value::Bool(item) = item {
        return item.to_string();
    }
    if let Value::Uuid(uuid) = item {
        return format!("\"{uuid}\"");
    }
    match cell(kind, item) {
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => format!("{number:?}"),
        Cell::Text(text) => serde_json::to_string(&text).unwrap(),
        Cell::Null | Cell::Blob(_) => panic!("no item is held so: {item:?}"),
    }
}

impl rules::Rows for World {
    type Row = Place;

    fn value(&self, place: &Place, field: FieldId) -> Value {
        self.rows[usize::from(place.model.0)][place.row][usize::from(field.0)].clone()
    }

    fn to_one(&self, place: &Place, field: FieldId) -> Option<Place> {
        let FieldKind::ToOne(to_one) = self.schema.field(place.model, field).kind else {
            panic!("only to-one fields are followed")
        };
        self.find(to_one.target, &rules::Rows::value(self, place, field))
    }

    fn related(&self, place: &Place, field: FieldId) -> Vec<Place> {
        match &self.schema.field(place.model, field).kind {
            FieldKind::ToMany(to_many) => {
                let own = self.key(*place);
                let owners = (0..self.n_rows(to_many.target))
                    .map(|row| Place { model: to_many.target, row });
                owners.filter(|row| rules::Rows::value(self, row, to_many.field) == *own).collect()
            }
            FieldKind::ManyToMany(join) => {
                let pairs = self.pairs.iter().find(|pairs| pairs.table == join.table).unwrap();
                let turned = pairs.owner != place.model;
                let pairs = pairs
                    .rows
                    .iter()
                    .map(|(own, other)| if turned { (*other, *own) } else { (*own, *other) });
                pairs
                    .filter(|(own, _)| *own == place.row)
                    .map(|(_, row)| Place { model: join.target, row })
                    .collect()
            }
            _ => panic!("only relations to many have rows"),
        }
    }
}

fn rule_text(text: String) -> RuleText {
    RuleText { text, ..RuleText::default() }
}
