//! The facts read from a database.

use underpin_migrate::{Action, Detail, Generated, IndexOrigin, Introspection, Profile};

use crate::database::Lite;

fn profile(values: &str) -> Profile {
    let mut lite = Lite::with(&format!("CREATE TABLE t (v); INSERT INTO t VALUES {values};"));
    let found = Introspection::read(&mut lite, Detail::Data).unwrap();
    found.tables[0].columns[0].profile.unwrap()
}

#[test]
fn the_shape_is_read_whole() {
    let mut lite = Lite::with(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT COLLATE NOCASE);
         CREATE TABLE child (a INT, b INT, p INT NOT NULL DEFAULT 7 REFERENCES parent
           ON DELETE CASCADE ON UPDATE SET NULL, g INT AS (a + b) STORED,
           PRIMARY KEY (b, a), UNIQUE (p), CHECK (a > 0)) STRICT, WITHOUT ROWID;
         CREATE INDEX later ON child (a DESC) WHERE a > 3;
         CREATE VIEW v AS SELECT * FROM child;
         CREATE TRIGGER t AFTER DELETE ON child BEGIN SELECT 1; END;",
    );
    let found = Introspection::read(&mut lite, Detail::Shape).unwrap();
    assert_eq!(found.views, ["v"]);
    assert_eq!(found.triggers[0].table, "child");
    let parent = found.table("PARENT").unwrap();
    assert!(parent.autoincrement && !parent.strict && !parent.without_rowid);
    assert_eq!(parent.column("name").unwrap().collation.as_deref(), Some("NOCASE"));
    let child = found.table("child").unwrap();
    assert!(child.strict && child.without_rowid && !child.autoincrement);
    assert_eq!(child.key().iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(child.column("g").unwrap().generated, Generated::Stored);
    assert_eq!(child.column("p").unwrap().default.as_deref(), Some("7"));
    assert_eq!(child.foreign_keys[0].on_delete, Action::Cascade);
    assert_eq!(child.foreign_keys[0].on_update, Action::SetNull);
    assert!(child.foreign_keys[0].target_columns.is_empty());
    let later = child.indexes.iter().find(|index| index.name == "later").unwrap();
    assert_eq!(later.filter.as_deref(), Some("a > 3"));
    assert!(later.columns[0].descending && later.origin == IndexOrigin::Created);
    assert!(child.indexes.iter().any(|index| index.origin == IndexOrigin::Unique));
    assert_eq!(child.checks, ["a > 0"]);
}

#[test]
fn a_profile_tells_kinds_of_values_apart() {
    let dates = profile(
        "('2026-02-28'), ('2026-02-30'), ('2026-02-28 01:02:03'), \
        ('2026-02-28 01:02:03.5'), ('2026-02-28T01:02:03Z'), ('25:00:00'), ('23:59:59'), (NULL)",
    );
    assert_eq!((dates.dates, dates.date_times, dates.iso_date_times, dates.times), (1, 2, 1, 1));
    assert_eq!((dates.nulls, dates.texts, dates.values()), (1, 7, 7));

    let numbers = profile("(1.25), (-300.5), (7), ('0.125'), ('-12'), ('x'), ('1.'), (x'00')");
    assert_eq!((numbers.integers, numbers.reals, numbers.texts, numbers.blobs), (1, 2, 4, 1));
    assert_eq!((numbers.decimals, numbers.scale_max, numbers.digits_max), (2, 3, 3));
    assert_eq!((numbers.integer_min, numbers.integer_max), (Some(7), Some(7)));
    assert_eq!(profile("(0.1 + 0.2)").scale_max, 10);

    let texts = profile(
        "('0190163d-8694-739b-aea5-966c26f8ad91'), \
        ('0190163D-8694-739B-AEA5-966C26F8AD91'), ('{\"a\":1}'), ('{a'), (zeroblob(16))",
    );
    assert_eq!((texts.uuids, texts.json_containers, texts.uuid_blobs), (1, 1, 1));
    assert_eq!(texts.text_length_max, Some(36));
}
