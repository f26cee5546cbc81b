//! `underpin seed`

use insta::assert_snapshot;

use crate::run::Sandbox;

const SCHEMA: &str = r#"
type Author @model @access(read: "true") { name: String! books: [Book!]! @relation(field: "author") }
type Book @model @access(read: "true") {
  title: String! @length(min: 2, max: 20)
  author: Author!
  price: Decimal
  genre: Genre
  previous: Book
  tags: [Tag!]! @relation
}
type Tag @model @access(read: "true") { name: String! books: [Book!]! @relation }
enum Genre { NOVEL CRIME }
"#;

const ADA: &str = "01980000-0000-7000-8000-000000000001";
const FIRST: &str = "01980000-0000-7000-8000-000000000011";
const SECOND: &str = "01980000-0000-7000-8000-000000000012";
const TAG: &str = "01980000-0000-7000-8000-000000000021";

fn library() -> Sandbox {
    let sandbox = Sandbox::with_schema(SCHEMA);
    sandbox.write("seed/authors.json", &format!(r#"[{{ "id": "{ADA}", "name": "Ada" }}]"#));
    // The second book stands before the one it refers to.
    sandbox.write(
        "seed/books.csv",
        &format!(
            "id,title,author,price,genre,previous,tags\n\
             {SECOND},Second,{ADA},12.50,CRIME,{FIRST},{TAG}\n\
             {FIRST},First,{ADA},,,,\n"
        ),
    );
    sandbox.write("seed/tags.json", &format!(r#"[{{ "id": "{TAG}", "name": "new" }}]"#));
    sandbox
}

#[test]
fn rows_find_their_order_and_seeding_again_adds_nothing() {
    let sandbox = library();
    assert_snapshot!("seed", sandbox.run(&["seed"]));
    assert_snapshot!("seed_again", sandbox.run(&["seed", "--json"]));
}

#[test]
fn every_wrong_row_is_reported_with_its_line_and_all_of_its_fields() {
    let sandbox = library();
    sandbox.write(
        "seed/books.json",
        &format!(
            r#"[
  {{ "id": "{FIRST}", "title": "First", "author": "{ADA}" }},
  {{
    "id": "01980000-0000-7000-8000-000000000013",
    "titel": "Third", "title": "X", "price": 1.999, "genre": "POEM"
  }},
  {{ "title": "No key", "author": "{ADA}" }},
  {{ "id": "01980000-0000-7000-8000-000000000014", "title": "Lost", "author": "{TAG}" }},
  [1]
]"#
        ),
    );
    sandbox.write("seed/bok.csv", "id\n1\n");
    sandbox.write("seed/tags.json", "[{ \"id\": ");
    assert_snapshot!("seed_wrong_rows", sandbox.run(&["seed"]));
    assert_snapshot!("seed_wrong_rows_json", sandbox.run(&["seed", "--json"]));
}

#[test]
fn files_may_be_named() {
    let sandbox = library();
    assert_snapshot!("seed_files", sandbox.run(&["seed", ".", "seed/authors.json"]));
    let empty = Sandbox::with_schema(SCHEMA);
    assert_snapshot!("seed_no_files", empty.run(&["seed"]));
}

#[test]
fn the_example_and_a_new_project_seed_completely() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop");
    let sandbox = Sandbox::empty();
    let database = format!("sqlite:{}", sandbox.path().join("shop.db").display());
    let seeded = sandbox.stdout(&["seed", "--json", "--database", &database, example]);
    let seeded: serde_json::Value = serde_json::from_str(&seeded).unwrap();
    assert_eq!(seeded["problems"], serde_json::json!([]));
    assert!(seeded["added"].as_u64().unwrap() > 300);
    sandbox.stdout(&["new", "fresh"]);
    sandbox.stdout(&["seed", "fresh"]);
}
