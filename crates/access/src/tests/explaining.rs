//! Questions why, and their answers.

use super::*;
use crate::{AskError, Question};

const SHOP: &str = include_str!("../../../../examples/shop/schema.graphql");
const FILES: [(&str, &str); 2] = [
    ("tests/orders.yaml", include_str!("../../../../examples/shop/tests/orders.yaml")),
    ("tests/people.yaml", include_str!("../../../../examples/shop/tests/people.yaml")),
];

fn asked(operation: &'static str, target: &str, set: &[(&str, &str)]) -> Question {
    let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Question { operation, target: target.to_owned(), fields: Vec::new(), set: set.collect() }
}

#[track_caller]
fn explained(who: &str, question: &Question) -> String {
    let (suite, problems) = Stage::of(SHOP).read(&FILES);
    assert!(problems.is_empty(), "{}", mistakes(&problems));
    match suite.explain(who, question) {
        Ok(story) => outline(&story),
        Err(AskError::Question { message, help }) => {
            format!("{message}; {}", help.unwrap_or_default())
        }
        Err(AskError::Failed(error)) => panic!("{error:?}"),
    }
}

#[test]
fn a_read_is_explained_by_the_clause_that_decided() {
    insta::assert_snapshot!(explained("ada", &asked("read", "Order/bob-open", &[])));
    insta::assert_snapshot!(explained("role:staff", &asked("read", "Order/bob-open", &[])));
    insta::assert_snapshot!(explained("anonymous", &asked("read", "Order/bob-open", &[])));
}

#[test]
fn a_write_is_explained_by_the_rules_of_row_and_fields() {
    let paid = [("status", "PAID")];
    insta::assert_snapshot!(explained("ada", &asked("update", "Order/ada-open", &paid)));
    insta::assert_snapshot!(explained("ada", &asked("update", "Order/ada-paid", &[("note", "x")])));
    insta::assert_snapshot!(explained("ada", &asked("create", "Order", &[("customer", "bob")])));
    insta::assert_snapshot!(explained("sam", &asked("delete", "Order/bob-open", &[])));
    insta::assert_snapshot!(explained("orders.yaml:eve", &asked("create", "Order", &[])));
}

#[test]
fn fields_are_explained_one_by_one() {
    let mut question = asked("read", "Product/beans", &[]);
    insta::assert_snapshot!(explained("people:anonymous", &question));
    question.fields = vec!["cost".to_owned(), "name".to_owned()];
    insta::assert_snapshot!(explained("people:anonymous", &question));
}

#[test]
fn a_question_that_makes_no_sense_is_refused_with_what_is_near() {
    let refused = |who, target: &str| explained(who, &asked("read", target, &[]));
    assert_eq!(
        refused("ada", "User/ada"),
        "several worlds have them: tests/orders.yaml, tests/people.yaml; \
         name one: `--as tests/orders.yaml:ada`"
    );
    assert_eq!(
        refused("adda", "Order/ada-open"),
        "there is no `User` named `adda`; did you mean `ada`?"
    );
    assert_eq!(
        refused("ada", "Order/ada-opn"),
        "there is no `Order` named `ada-opn`; did you mean `ada-open`?"
    );
    assert_eq!(refused("ada", "Ordr/x"), "there is no model `Ordr`; did you mean `Order`?");
    assert_eq!(
        refused("role:stff", "Order/ada-open"),
        "there is no role `stff`; did you mean `role:staff`?"
    );
    assert_eq!(refused("ada", "Order"), "which `Order` is meant?; for example `--read Order/NAME`");
}
