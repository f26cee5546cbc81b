//! Looking for an item in a list, for every type that a list can hold and every value of it.

use underpin_base::Limits;
use underpin_plan::{
    Actor, Catalog, Condition, Folded, Operator, PageRequest, Paging, RawText, ReadRequest, Target,
    authorize_read,
};
use underpin_schema::{FieldKind, ModelId};
use underpin_sql::Dialect;

use super::chance::Chance;
use super::question::Question;
use super::values::Kind;
use super::world::World;

const MODEL: &str = r#"type Bag
  @model(timestamps: false, version: false)
  @access(read: "true")
{
  strings: [String!]!
  ints: [Int!]!
  bigInts: [BigInt!]!
  floats: [Float!]!
  booleans: [Boolean!]!
  decimals: [Decimal!]!
  dateTimes: [DateTime!]!
  dates: [Date!]!
  times: [Time!]!
  durations: [Duration!]!
  uuids: [UUID!]!
  emails: [Email!]!
  urls: [URL!]!
  colours: [Colour!]!
"#;

#[test]
fn every_item_of_every_type_is_found_in_exactly_the_lists_that_hold_it() {
    let source = format!(
        "{MODEL}}}\nenum Colour {{ RED GREEN BLUE }}\n\
         type User @model @access(read: \"true\") @account(identity: [\"login\"]) {{\n  \
         login: Email! @unique\n}}\n"
    );
    let mut chance = Chance::new(1);
    let mut n_found = 0;
    for _ in 0..6 {
        let world = World::of(source.clone(), &mut chance);
        let catalog = world.catalog();
        let folded = Folded::new(&catalog, &Actor::anonymous().profile);
        let model = world.schema.model(bag(&world));
        for field in &model.fields {
            if !matches!(field.kind, FieldKind::ScalarList(_) | FieldKind::EnumList(_)) {
                continue;
            }
            let kind = Kind::of(&world.schema, model.id, field).unwrap();
            for literal in kind.literals(&world.schema) {
                let question = Question {
                    actor: Actor::anonymous(),
                    model: model.id,
                    filter: Some(format!("{literal} in {}", field.name)),
                };
                let found = question.ask(&world, &catalog, &folded).unwrap();
                let expected = question.judge(&world, &catalog, Clone::clone);
                let told = question.describe(&world, &catalog, &folded);
                assert_eq!(found, expected, "SQL on the left, evaluation on the right\n{told}");
                let sought = literal.trim_matches('\'').replace("\\'", "'").replace("\\\\", "\\");
                let asked = contains(&world, &catalog, &folded, (&field.name, &sought));
                assert_eq!(asked, expected, "{}[contains]={sought}\n{told}", field.name);
                n_found += usize::from(!found.is_empty());
            }
        }
    }
    assert!(n_found >= 200, "only {n_found} items were found at all");
}

fn bag(world: &World) -> ModelId {
    world.schema.models.iter().find(|model| model.name == "Bag").unwrap().id
}

/// The keys of the rows whose list holds what is sought, asked in the query form.
fn contains(
    world: &World,
    catalog: &Catalog,
    folded: &Folded,
    (field, sought): (&str, &str),
) -> Vec<String> {
    let model = bag(world);
    let condition = Condition { path: field.to_owned(), operator: Operator::Contains, n_values: 1 };
    let request = ReadRequest {
        target: Target::List(model),
        fields: Some(vec!["id".to_owned()]),
        include: Vec::new(),
        conditions: vec![condition],
        filter: None,
        sort: Vec::new(),
        page: PageRequest { paging: Paging::First, count: false },
    };
    let read = authorize_read(catalog, folded, &request, &Limits::default()).unwrap();
    let slot = read.slots()[0]
        .parse(RawText::Query { text: sought, parameter: "contains" }, &world.schema)
        .unwrap();
    let program = underpin_sql::read(catalog, &read, Dialect::Sqlite);
    super::question::keys(world, &program, vec![slot], Vec::new()).unwrap()
}
