//! A world as the server has it: the text of its schema, and its rows in the tables.

use std::fmt::Write;

use rusqlite::types::Value as Stored;
use rusqlite::{Connection, params_from_iter};
use underpin_base::Limits;
use underpin_schema::{FieldKind, Scalar, Schema, Value};
use underpin_testkit::TestApp;
use uuid::Uuid;

use super::rule::{Expr, Text, Wording};
use super::value::{COLOURS, Key, Kind, Val};
use super::who::Who;
use super::world::{Holds, World};

/// A server with the world's schema.
pub(super) struct Served {
    pub(super) app: TestApp,
    schema: Schema,
}

/// Rows of an included list; a list within that has one.
pub(super) const INCLUDED_MAX: usize = 2;

impl Served {
    pub(super) fn start(world: &World, actors: &[Who]) -> Self {
        let source = source(world);
        let parsed = underpin_schema::parse(&source, "schema.graphql");
        let schema = parsed.schema.unwrap_or_else(|| panic!("{source}\n{:#?}", parsed.diagnostics));
        let include_rows_max = u32::try_from(INCLUDED_MAX).unwrap();
        let limits = Limits { include_rows_max, ..Limits::default() };
        let mut setup = TestApp::of(&source).with_limits(limits);
        for who in actors {
            if let Some(actor) = who.actor(world, &schema) {
                setup = setup.with_actor(&who.name, actor);
            }
        }
        let served = Self { app: setup.start(), schema };
        served.load(world);
        served
    }

    /// Replaces every row by those of the world.
    pub(super) fn load(&self, world: &World) {
        let mut db = Connection::open(self.app.database()).unwrap();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        // What a test writes need not outlive the machine.
        db.pragma_update(None, "synchronous", "OFF").unwrap();
        let change = db.transaction().unwrap();
        for table in 0..world.pairs.len() {
            let [name, one, other] = self.pair_table(world, table);
            change.execute(&format!("DELETE FROM \"{name}\""), []).unwrap();
            let models = world.pair_models(table);
            for (first, second) in &world.pairs[table] {
                let text = format!("INSERT INTO \"{name}\" (\"{one}\", \"{other}\") VALUES (?, ?)");
                let keys =
                    [stored_key(world, models[0], *first), stored_key(world, models[1], *second)];
                change.execute(&text, params_from_iter(keys)).unwrap();
            }
        }
        for (own, model) in world.models.iter().enumerate() {
            let held = self.schema.model(self.schema.by_name[model.name]);
            change.execute(&format!("DELETE FROM \"{}\"", held.table), []).unwrap();
            let fields: Vec<usize> =
                (0..model.fields.len()).filter(|field| model.fields[*field].has_column()).collect();
            let columns: Vec<String> = fields
                .iter()
                .map(|field| held.field(held.by_field[&model.fields[*field].name]))
                .map(|field| format!("\"{}\"", field.column))
                .collect();
            let places = vec!["?"; fields.len()].join(", ");
            let text = format!(
                "INSERT INTO \"{}\" ({}) VALUES ({places})",
                held.table,
                columns.join(", ")
            );
            for row in &world.rows[own] {
                let cells =
                    fields.iter().map(|field| stored(world, (own, *field), &row.cells[*field]));
                change.execute(&text, params_from_iter(cells)).unwrap();
            }
        }
        change.commit().unwrap();
    }

    /// The name of a table of pairs and of its columns, those of the first side's key first.
    fn pair_table(&self, world: &World, table: usize) -> [String; 3] {
        for model in &world.models {
            for field in &model.fields {
                if let Holds::Pairs { table: own, first: true, .. } = field.holds
                    && own == table
                {
                    let held = self.schema.model(self.schema.by_name[model.name]);
                    let FieldKind::ManyToMany(join) = &held.field(held.by_field[&field.name]).kind
                    else {
                        panic!("`{}` is many to many", field.name)
                    };
                    return [&join.table, &join.own_column, &join.target_column].map(Clone::clone);
                }
            }
        }
        panic!("every table of pairs has a first side")
    }
}

/// The schema file.
pub(super) fn source(world: &World) -> String {
    let mut text = String::from("extend schema\n");
    for role in &world.roles {
        writeln!(
            text,
            "  @role(name: \"{}\", can: {:?}, inherits: {:?})",
            role.name, role.can, role.inherits
        )
        .unwrap();
    }
    writeln!(text, "\nenum Colour {{ {} }}\n", COLOURS.join(" ")).unwrap();
    for (own, model) in world.models.iter().enumerate() {
        let version = if model.version.is_some() { "" } else { ", version: false" };
        let account = if own == 0 { " @account(identity: [\"login\"])" } else { "" };
        let access = access(world, model.read.as_ref());
        writeln!(
            text,
            "type {} @model(timestamps: false{version}){account}{access} {{",
            model.name
        )
        .unwrap();
        for (place, field) in model.fields.iter().enumerate() {
            if model.version == Some(place) {
                continue;
            }
            let bang = if field.nullable { "" } else { "!" };
            let target = field.target().map_or("", |target| world.models[target].name);
            let of = match field.holds {
                Holds::One(Kind::Key(_, Key::Uuid)) => "ID!".to_owned(),
                Holds::One(Kind::Key(_, Key::Int)) => "ID! @id(kind: INT)".to_owned(),
                Holds::One(Kind::Key(_, Key::Text)) => "ID! @id(kind: STRING)".to_owned(),
                Holds::One(Kind::Text { caseless: true }) => {
                    format!("String{bang} @text(compare: CASELESS)")
                }
                Holds::One(Kind::Text { caseless: false }) => format!("String{bang}"),
                Holds::One(Kind::Int) => format!("Int{bang}"),
                Holds::One(Kind::Bool) => format!("Boolean{bang}"),
                Holds::One(Kind::Colour) => format!("Colour{bang}"),
                Holds::One(Kind::Money) => {
                    format!("Decimal{bang} @decimal(precision: 8, scale: 2)")
                }
                Holds::Texts => format!("[String!]{bang}"),
                Holds::Reference(_) => format!("{target}{bang}"),
                Holds::Inverse { model, field, single } => {
                    let other = &world.field((model, field)).name;
                    let list = if single { target.to_owned() } else { format!("[{target}!]!") };
                    format!("{list} @relation(field: \"{other}\")")
                }
                Holds::Pairs { .. } => format!("[{target}!]! @relation"),
            };
            let unique = if field.unique { " @unique" } else { "" };
            let hidden = if field.hidden { " @hidden" } else { "" };
            let access = self::access(world, field.read.as_ref());
            writeln!(text, "  {}: {of}{unique}{hidden}{access}", field.name).unwrap();
        }
        text.push_str("}\n\n");
    }
    text
}

fn access(world: &World, rule: Option<&Expr>) -> String {
    let text = |rule| Text::of(world, Wording::Rule, rule);
    rule.map_or(String::new(), |rule| format!(" @access(read: \"{}\")", text(rule)))
}

/// A cell as a column of the tables holds it.
fn stored(world: &World, at: (usize, usize), cell: &Val) -> Stored {
    match (cell, world.kind(at)) {
        (Val::Null, _) => Stored::Null,
        (Val::Bool(value), _) => Stored::Integer(i64::from(*value)),
        (Val::Int(value) | Val::Money(value), _) => Stored::Integer(*value),
        (Val::Text(text), _) => Stored::Text(text.clone()),
        (Val::Texts(items), _) => Stored::Text(serde_json::to_string(items).unwrap()),
        (Val::Key(key), Some(Kind::Key(model, _))) => stored_key(world, model, *key),
        (Val::Key(_), kind) => panic!("a key in a column of {kind:?}"),
    }
}

fn stored_key(world: &World, model: usize, key: usize) -> Stored {
    match self::key(world, model, key) {
        Value::Uuid(uuid) => Stored::Blob(uuid.as_bytes().to_vec()),
        Value::Int(number) => Stored::Integer(number),
        Value::Text(text) => Stored::Text(text),
        other => panic!("{other:?} is no key"),
    }
}

/// A key as Underpin's values have it.
pub(super) fn key(world: &World, model: usize, key: usize) -> Value {
    let kind = world.models[model].key;
    match kind {
        Key::Uuid => Value::Uuid(Uuid::parse_str(&kind.text(key)).unwrap()),
        Key::Int => Value::Int(i64::try_from(key).unwrap()),
        Key::Text => Value::Text(kind.text(key)),
    }
}

/// A cell as Underpin's values have it.
pub(super) fn value(world: &World, at: (usize, usize), cell: &Val) -> Value {
    match (cell, world.kind(at)) {
        (Val::Null, _) => Value::Null,
        (Val::Bool(value), _) => Value::Bool(*value),
        (Val::Int(value), _) => Value::Int(*value),
        (Val::Money(_), _) => {
            let money = Scalar::Decimal { precision: 8, scale: 2 };
            money.parse_text(&Kind::Money.plain(cell)).unwrap()
        }
        (Val::Text(text), _) => Value::Text(text.clone()),
        (Val::Texts(items), _) => {
            Value::List(items.iter().map(|item| Value::Text(item.clone())).collect())
        }
        (Val::Key(key), Some(Kind::Key(model, _))) => self::key(world, model, *key),
        (Val::Key(_), kind) => panic!("a key in a field of {kind:?}"),
    }
}
