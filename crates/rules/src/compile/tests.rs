//! Which rules a schema has, and where in the file its mistakes are.

use underpin_schema::{DiagnosticCode, Severity};

use super::*;
use crate::fixture::schema;

const NOTES: &str = r#"
type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  email: Email! @unique
}

type Note @model
  @access(
    read: "row.owner == auth.id"
    create: "row.owner == auth.id && auth.verified"
    update: "row.owner == auth.id && next.owner == row.owner"
  )
  @index(fields: ["title"], where: "row.open")
  @check(rule: "row.stars >= 0", message: "stars are not negative") {
  owner: User!
  title: String! @access(write: "auth.can('notes:rename')")
  secret: String @access(read: "row.open")
  open: Boolean!
  stars: Int!
}
"#;

fn compiled(source: &str) -> (Schema, Rules) {
    let schema = schema(source);
    let (rules, diagnostics) = Rules::compile(&schema);
    (schema, rules.unwrap_or_else(|| panic!("{diagnostics:#?}")))
}

#[test]
fn an_operation_needs_its_rule_or_the_permission_for_it() {
    let (schema, rules) = compiled(NOTES);
    let note = schema.by_name["Note"];
    let rules = rules.model(note);
    let shown = |predicate: &Predicate| predicate.display(&schema).to_string();
    insta::assert_snapshot!(shown(&rules.read), @"row.owner == auth.id || auth.can('notes:read')");
    insta::assert_snapshot!(shown(&rules.create), @"(row.owner == auth.id && auth.verified) || auth.can('notes:create')");
    insta::assert_snapshot!(shown(&rules.update.predicate), @"(row.owner == auth.id && next.owner == row.owner) || auth.can('notes:update')");
    insta::assert_snapshot!(shown(&rules.delete), @"auth.can('notes:delete')");
    assert!(rules.update.names_next);
}

#[test]
fn fields_checks_and_indexes_have_their_rules() {
    let (schema, rules) = compiled(NOTES);
    let note = schema.model(schema.by_name["Note"]);
    let rules = rules.model(note.id);
    let shown = |predicate: &Predicate| predicate.display(&schema).to_string();
    let field = |name: &str| rules.field(note.field_named(name).unwrap().id);
    assert_eq!(field("title").read, Predicate::True);
    insta::assert_snapshot!(shown(&field("title").write), @"auth.can('notes:rename')");
    insta::assert_snapshot!(shown(&field("secret").read), @"row.open");
    assert_eq!(rules.checks[0].message, "stars are not negative");
    insta::assert_snapshot!(shown(&rules.checks[0].predicate), @"row.stars >= 0");
    let filters: Vec<String> = rules.index_filters.iter().map(shown).collect();
    assert_eq!(filters.len(), note.indexes.len());
    assert!(filters.contains(&"row.open".to_owned()), "{filters:?}");
}

#[test]
fn every_mistake_is_reported_at_its_place_in_the_file() {
    let source = NOTES
        .replace("row.owner == auth.id && auth.verified", "row.ownr == auth.id && auth.verifed")
        .replace("row.stars >= 0", "row.stars = 0")
        .replace("\"row.open\"", "\"\"\"\n    row.opn\n  \"\"\"");
    let (rules, diagnostics) = Rules::compile(&schema(&source));
    assert_eq!(rules, None);
    let told: Vec<(DiagnosticCode, Severity, &str)> = diagnostics
        .iter()
        .map(|found| (found.code, found.severity, &source[found.span().start..found.span().end]))
        .collect();
    use DiagnosticCode::{RuleSyntax, RuleUnknownName};
    assert_eq!(
        told,
        [
            (RuleUnknownName, Severity::Error, "ownr"),
            (RuleUnknownName, Severity::Error, "verifed"),
            (RuleUnknownName, Severity::Error, "opn"),
            (RuleSyntax, Severity::Error, "="),
            (RuleUnknownName, Severity::Error, "opn"),
        ]
    );
}

#[test]
fn the_pages_of_the_codes_say_what_this_room_does() {
    for code in DiagnosticCode::ALL.iter().filter(|code| code.name().starts_with("S01")) {
        let page = code.explanation();
        let (_, found) = Rules::compile(&schema(page.bad));
        assert!(found.iter().any(|diagnostic| diagnostic.code == *code), "{}", code.name());
        let (rules, found) = Rules::compile(&schema(page.good));
        assert!(rules.is_some() && found.is_empty(), "{}: {found:?}", code.name());
    }
}

#[test]
fn no_rule_for_writes_asks_for_pairs_that_the_write_may_set() {
    let told_with = |rule: &str, field: &str, tags: &str| {
        let source = format!(
            "type Note @model @access({rule}) {{\n  open: Boolean! {field}\n  \
             next: Note\n  tags: [Tag!]! @relation {tags}\n}}\n\n\
             type Tag @model @access(read: \"true\") {{\n  name: String!\n}}\n"
        );
        let (_, found) = Rules::compile(&schema(&source));
        found.iter().any(|found| found.code == DiagnosticCode::RulePairsWritten)
    };
    let told = |rule: &str, field: &str| told_with(rule, field, "");
    let rule =
        |operation: &str, of: &str| format!("{operation}: \"{of}.tags.all(t, t.name == 'a')\"");
    assert!(told(&rule("create", "row"), ""));
    assert!(told(&rule("update", "row"), ""));
    assert!(told(&rule("update", "next"), ""));
    assert!(told("read: \"true\"", &format!("@access({})", rule("write", "row"))));
    assert!(!told(&rule("read", "row"), ""));
    assert!(!told(&rule("delete", "row"), ""));
    assert!(!told(&rule("update", "row.next"), ""), "pairs of another row");

    let settled = "@access(write: \"auth.can('notes:tag')\")";
    assert!(!told_with(&rule("update", "row"), "", settled), "the field says who sets its pairs");
    assert!(told_with(&rule("update", "next"), "", settled));
    assert!(told_with(&rule("create", "row"), "", settled));
}
