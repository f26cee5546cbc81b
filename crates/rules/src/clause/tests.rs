//! What clauses there are, where they stand, and that tracing them decides what evaluation decides.

use proptest::prelude::*;
use underpin_schema::{RuleText, Schema, Span};

use super::*;
use crate::dream::Dream;
use crate::fixture::{model, shop};
use crate::fold::tests::{ORDER_RULES, USER, actors, trees};
use crate::{Facts, Rows, Trace, eval, trace};

fn rule(text: &str) -> RuleText {
    let span = Span { start: 0, end: text.len() };
    RuleText { text: text.to_owned(), span, ..RuleText::default() }
}

#[track_caller]
fn clause(schema: &Schema, text: &str) -> Clause {
    Clause::of(schema, model(schema, "Order"), &rule(text), RuleKind::Access).unwrap()
}

/// The text of every clause, indented by how deep it stands.
fn outline(clause: &Clause, text: &str, depth: usize, out: &mut String) {
    out.push_str(&format!("{}{}\n", "  ".repeat(depth), &text[clause.start..clause.end]));
    let parts: Vec<&Clause> = match &clause.form {
        Form::Plain => Vec::new(),
        Form::All(parts) | Form::Any(parts) => parts.iter().collect(),
        Form::Not(part) => vec![part],
        Form::Rows(rows) => vec![&rows.condition],
    };
    parts.into_iter().for_each(|part| outline(part, text, depth + 1, out));
}

#[test]
fn every_clause_stands_where_it_was_written() {
    let text = "auth.verified && (row.customer == auth.id || !row.items.all(i, i.quantity > 1 && \
                i.product.tags.exists(t, t.name == 'new')))";
    let mut out = String::new();
    outline(&clause(&shop(), text), text, 0, &mut out);
    insta::assert_snapshot!(out, @r"
    auth.verified && (row.customer == auth.id || !row.items.all(i, i.quantity > 1 && i.product.tags.exists(t, t.name == 'new')))
      auth.verified
      (row.customer == auth.id || !row.items.all(i, i.quantity > 1 && i.product.tags.exists(t, t.name == 'new')))
        row.customer == auth.id
        !row.items.all(i, i.quantity > 1 && i.product.tags.exists(t, t.name == 'new'))
          row.items.all(i, i.quantity > 1 && i.product.tags.exists(t, t.name == 'new'))
            i.quantity > 1 && i.product.tags.exists(t, t.name == 'new')
              i.quantity > 1
              i.product.tags.exists(t, t.name == 'new')
                t.name == 'new'
    ");
}

#[test]
fn operands_keep_the_names_that_the_rule_gives_its_variables() {
    let schema = shop();
    let clause = clause(&schema, "row.items.exists(item, item.product.name == row.note)");
    let Form::Rows(rows) = &clause.form else { panic!("{clause:?}") };
    let variables = [(rows.var(), rows.name.clone())];
    let shown: Vec<String> = (rows.condition.predicate.operands())
        .map(|operand| operand.display(&schema, &variables).to_string())
        .collect();
    assert_eq!(shown, ["item.product.name", "row.note"]);
}

#[test]
fn a_rule_with_a_mistake_has_no_clauses() {
    let schema = shop();
    for text in ["row.", "row.colour == 'red'", "next.note == 'a'"] {
        let found = Clause::of(&schema, model(&schema, "Order"), &rule(text), RuleKind::Access);
        assert_eq!(found, None, "{text}");
    }
    let update = rule("next.note == 'a'");
    assert!(Clause::of(&schema, model(&schema, "Order"), &update, RuleKind::Update).is_some());
}

/// Holds every part against evaluation, those on related rows aside.
fn check_parts(trace: &Trace<'_, crate::dream::Row>, judge: &dyn Fn(&Predicate) -> bool) {
    assert_eq!(trace.holds, judge(&trace.clause.predicate), "{:?}", trace.clause);
    for part in &trace.parts {
        check_parts(part, judge);
    }
    if let Form::Rows(rows) = &trace.clause.form {
        assert!(trace.rows.len() <= trace.n_rows);
        let decided = trace.rows.iter().any(|(_, row)| row.holds != rows.every);
        let whole = trace.rows.len() == trace.n_rows || decided;
        assert!(whole, "a row that is not looked at may decide nothing");
        // `all` of a relation whose row is not there does not hold either.
        if trace.n_rows > 0 {
            assert_eq!(trace.holds, decided != rows.every);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn tracing_decides_what_evaluation_decides(
        tree in trees(), (kind, roles, permissions) in actors(), seed in any::<u64>(),
    ) {
        let schema = shop();
        let dream = Dream { schema: &schema, seed };
        let is_account = kind == "user";
        let scopes = seed.is_multiple_of(3).then_some(roles.as_slice());
        let facts = Facts { kind, roles: &roles, permissions: &permissions, scopes, is_account };
        let text = tree.text(ORDER_RULES);
        let clause = clause(&schema, &text);
        let compiled = crate::fold::tests::rule(&schema, "Order", &text);
        prop_assert_eq!(&clause.predicate, &compiled);
        for n in 0..4 {
            let row = (model(&schema, "Order"), n);
            dream.ask(row, facts, |situation| {
                let traced = trace(&clause, situation);
                check_parts(&traced, &|predicate| eval(predicate, situation));
                assert_eq!(traced.holds, eval(&compiled, situation), "{text}");
            });
        }
    }

    #[test]
    fn the_values_of_a_comparison_are_those_of_the_row(seed in any::<u64>()) {
        let schema = shop();
        let dream = Dream { schema: &schema, seed };
        let clause = clause(&schema, "row.note == 'a'");
        let row = (model(&schema, "Order"), 1);
        let note = schema.models[usize::from(row.0.0)].field_named("note").unwrap().id;
        let values = dream.ask(row, USER, |situation| trace(&clause, situation).values);
        prop_assert_eq!(values.len(), 1);
        prop_assert_eq!(&values[0].1, &dream.value(&row, note));
    }
}
