//! Random pairs of schemas: a migrated database has the shape a fresh one has, and its rows.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use underpin_migrate::{
    Consent, Detail, Introspection, Kind, OnChange, Owner, Part, RunError, Snapshot, Status, Table,
    TableKey, apply, drift, status,
};

use crate::database::{Lite, shape};
use crate::shapes::{column, index, reference, snapshot, table};

const MODELS: [&str; 4] = ["Apple", "Bread", "Cider", "Dough"];
const FIELDS: [&str; 5] = ["one", "two", "three", "four", "five"];

/// A field before its target's key is known.
#[derive(Debug, Clone)]
struct Draft {
    name: usize,
    kind: usize,
    target: Option<usize>,
    nullable: bool,
    default: bool,
    caseless: bool,
    unique: bool,
    indexed: Option<bool>,
    on_delete: OnChange,
    former: Option<usize>,
}

fn kind(number: usize) -> (Kind, Option<&'static str>) {
    match number {
        0 => (Kind::String, Some("'7'")),
        1 => (Kind::Int, Some("7")),
        2 => (Kind::BigInt, Some("8")),
        3 => (Kind::Float, Some("7.0")),
        4 => (Kind::Boolean, Some("1")),
        5 => (Kind::Decimal { precision: 10, scale: 2 }, Some("700")),
        6 => (Kind::Decimal { precision: 12, scale: 4 }, Some("70000")),
        7 => (Kind::DateTime, Some("(CAST(unixepoch('subsec') * 1000000 AS INTEGER))")),
        8 => (Kind::Json, Some("'{}'")),
        _ => (Kind::List(Box::new(Kind::String)), Some("'[]'")),
    }
}

fn draft() -> impl Strategy<Value = Draft> {
    let action =
        prop_oneof![Just(OnChange::Cascade), Just(OnChange::SetNull), Just(OnChange::Restrict)];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.15));
    (
        0..FIELDS.len(),
        0..10_usize,
        option::weighted(0.25, 0..MODELS.len()),
        flags,
        option::weighted(0.3, any::<bool>()),
        action,
        option::weighted(0.3, 0..FIELDS.len()),
    )
        .prop_map(|(name, kind, target, flags, indexed, on_delete, former)| {
            let (nullable, default, caseless, unique) = flags;
            Draft {
                name,
                kind,
                target,
                nullable,
                default,
                caseless,
                unique,
                indexed,
                on_delete,
                former,
            }
        })
}

fn any_schema() -> impl Strategy<Value = Snapshot> {
    let key = prop_oneof![Just(TableKey::Uuid), Just(TableKey::Int), Just(TableKey::Text)];
    let model = (0..MODELS.len(), key, option::weighted(0.3, 0..MODELS.len()), vec(draft(), 0..5));
    vec(model, 1..4).prop_map(|models| {
        let mut models = models;
        models.sort_by_key(|model| model.0);
        models.dedup_by_key(|model| model.0);
        // A former name is given to one model at most.
        let mut claimed = Vec::new();
        for (_, _, former, _) in &mut models {
            *former = former.filter(|name| !claimed.contains(name));
            claimed.extend(*former);
        }
        let keys: Vec<(usize, TableKey)> = models.iter().map(|(n, key, ..)| (*n, *key)).collect();
        snapshot(models.into_iter().map(|model| build(model, &keys)).collect())
    })
}

fn build(
    (name, key, former, drafts): (usize, TableKey, Option<usize>, Vec<Draft>),
    keys: &[(usize, TableKey)],
) -> Table {
    let mut made = table(MODELS[name], key, Vec::new());
    made.owner = Owner::Model {
        name: MODELS[name].to_owned(),
        renamed_from: former.map(|former| MODELS[former].to_owned()),
    };
    for draft in drafts {
        let field = FIELDS[draft.name];
        if made.column(field).is_some() {
            continue;
        }
        let target = draft.target.and_then(|at| keys.get(at % keys.len()));
        let mut new = match target {
            Some((target, key)) => reference(field, MODELS[*target], *key, draft.on_delete),
            None => {
                let (kind, default) = kind(draft.kind);
                let mut new = column(field, kind);
                new.default = default.filter(|_| draft.default).map(str::to_owned);
                new.caseless = draft.caseless && new.kind == Kind::String;
                new
            }
        };
        new.nullable = draft.nullable || draft.on_delete == OnChange::SetNull;
        new.renamed_from = draft.former.map(|former| FIELDS[former].to_owned());
        if let Some(descending) = draft.indexed {
            let name = format!("{}_{field}", made.name);
            made.indexes.push(index(&name, &[(field, descending)], draft.unique));
        }
        made.columns.push(new);
    }
    made
}

fn at(wanted: &Snapshot) -> Lite {
    let mut lite = Lite::new();
    apply(&mut lite, Part::Application, wanted, Consent::KeepData, 0).unwrap();
    lite
}

/// Rows whose values every kind can take; references are null or the first row of their target.
fn fill(lite: &Lite, schema: &Snapshot, n_rows: usize) {
    for made in &schema.tables {
        for row in 0..n_rows {
            let values: Vec<String> = made
                .columns
                .iter()
                .map(|column| match &column.kind {
                    Kind::Id(key) | Kind::Reference(key)
                        if column.references.is_none() || !column.nullable =>
                    {
                        let row = if column.references.is_some() { 0 } else { row };
                        match key {
                            TableKey::Uuid => format!("X'{row:032}'"),
                            TableKey::Int => format!("{}", row + 1),
                            TableKey::Text | TableKey::Pair => format!("'k{row}'"),
                        }
                    }
                    Kind::Reference(_) => "NULL".to_owned(),
                    Kind::String => format!("'{row}'"),
                    Kind::Int | Kind::BigInt => format!("{row}"),
                    Kind::Float => format!("{row}.0"),
                    Kind::Boolean => format!("{}", row % 2),
                    Kind::Decimal { scale, .. } => format!("{row}{}", "0".repeat((*scale).into())),
                    Kind::Json => "'[1]'".to_owned(),
                    Kind::List(_) => format!("'[\"{row}\"]'"),
                    _ => format!("{}", row * 86_400_000_000),
                })
                .collect();
            let sql =
                format!("INSERT OR IGNORE INTO \"{}\" VALUES ({})", made.name, values.join(", "));
            lite.0.execute_batch(&sql).unwrap();
        }
    }
}

fn count(lite: &Lite, table: &str) -> i64 {
    lite.0.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0)).unwrap()
}

fn former<'a>(old: &'a Snapshot, new: &Snapshot, table: &Table) -> Option<&'a Table> {
    let Owner::Model { name, renamed_from } = &table.owner else { return None };
    let named = |snapshot: &Snapshot, name: &str| snapshot.table(&name.to_lowercase()).is_some();
    let renamed = renamed_from.as_ref().filter(|n| named(old, n) && !named(new, n));
    let name = if named(old, name) { Some(name) } else { renamed };
    old.table(&name?.to_lowercase())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_migrated_database_is_like_a_fresh_one(
        old in any_schema(),
        new in any_schema(),
        n_rows in 0..4_usize,
    ) {
        let mut lite = at(&old);
        fill(&lite, &old, n_rows);
        let before = lite.dump();
        lite.begin();
        match apply(&mut lite, Part::Application, &new, Consent::AllowDestructive, 1) {
            Err(RunError::Refused { refusals }) => {
                prop_assert!(!refusals.is_empty() && n_rows > 0);
                lite.0.execute_batch("ROLLBACK").unwrap();
                prop_assert_eq!(lite.dump(), before);
            }
            Err(error) => prop_assert!(false, "{}: {:?}", error, error),
            Ok(_) => {
                lite.0.execute_batch("COMMIT").unwrap();
                prop_assert_eq!(shape(&mut lite), shape(&mut at(&new)));
                let found = Introspection::read(&mut lite, Detail::Shape).unwrap();
                prop_assert_eq!(drift(&new, &found), []);
                prop_assert_eq!(status(&mut lite, Part::Application, &new).unwrap(), Status::UpToDate);
                for table in &new.tables {
                    let expected = former(&old, &new, table)
                        .map_or(0, |former| before.lines().filter(|line| {
                            line.starts_with(&format!("{}|", former.name))
                        }).count());
                    prop_assert_eq!(count(&lite, &table.name), i64::try_from(expected).unwrap());
                }
                lite.assert_sound();
            }
        }
    }
}
