//! The schema of an application: the file as somebody wrote it, with an account model where it has
//! none, for somebody has to be able to log in.

use crate::{Parsed, parse};

/// What the account model is called that is added: the first of these that is free.
const NAMES: [&str; 3] = ["User", "Account", "Member"];

/// The schema of an application.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// What became of it.
    pub parsed: Parsed,
    /// The text that was read: the file's, and what was added after its end. Spans of what stands in
    /// the file are those of the file.
    pub text: String,
}

/// Parses the schema file of an application. Where no model is the account model a model of users
/// is added, who log in by their e-mail address; but not to a schema whose tables all belong to
/// somebody else.
#[must_use]
pub fn parse_application(source: &str, file_name: &str) -> Application {
    let parsed = parse(source, file_name);
    let lacks_accounts = parsed.schema.as_ref().is_some_and(|schema| {
        schema.account_model().is_none() && schema.models.iter().any(|model| model.managed)
    });
    let added = if lacks_accounts {
        NAMES.iter().find_map(|name| with_accounts(source, name, file_name))
    } else {
        None
    };
    added.unwrap_or_else(|| Application { parsed, text: source.to_owned() })
}

/// With an account model of this name; `None` when the name, its table or its path is taken.
fn with_accounts(source: &str, name: &str, file_name: &str) -> Option<Application> {
    let text = format!(
        r#"{source}

type {name} @model @account(identity: ["email"]) @access(read: "row.id == auth.id", update: "row.id == auth.id") {{
  email: Email! @unique @text(compare: CASELESS)
}}
"#
    );
    let parsed = parse(&text, file_name);
    let is_about_it = parsed
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.labels.iter().any(|(span, _)| span.end > source.len()));
    (parsed.schema.is_some() && !is_about_it).then_some(Application { parsed, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account_model(source: &str) -> Option<String> {
        let schema = parse_application(source, "schema.graphql").parsed.schema?;
        schema.account_model().map(|model| model.name.clone())
    }

    #[test]
    fn a_schema_without_accounts_gets_a_model_of_users() {
        let source = r#"type Note @model @access(read: "true") { text: String! }"#;
        assert_eq!(account_model(source).as_deref(), Some("User"));
        let application = parse_application(source, "schema.graphql");
        assert!(application.text.starts_with(source));
        assert!(application.parsed.diagnostics.is_empty());
    }

    #[test]
    fn a_name_that_is_taken_is_passed_over() {
        let taken = |of: &str| format!(r#"type {of} @access(read: "true") {{ text: String! }}"#);
        assert_eq!(account_model(&taken("User @model")).as_deref(), Some("Account"));
        let plural = taken(r#"Person @model(plural: "users")"#);
        assert_eq!(account_model(&plural).as_deref(), Some("Account"));
        let table = taken(r#"Person @model(table: "user")"#);
        assert_eq!(account_model(&table).as_deref(), Some("Account"));
        let all = ["User @model", "Account @model", "Member @model"].map(taken).join("\n");
        assert_eq!(account_model(&all), None);
    }

    #[test]
    fn a_schema_with_accounts_or_of_adopted_tables_stays_as_it_is() {
        let own = r#"type Person @model @account(identity: ["mail"]) @access(read: "true") { mail: Email! @unique }"#;
        assert_eq!(parse_application(own, "schema.graphql").text, own);
        let adopted = r#"type Note @model(managed: false) @access(read: "true") { text: String! }"#;
        assert_eq!(parse_application(adopted, "schema.graphql").text, adopted);
    }

    #[test]
    fn mistakes_are_told_as_they_stand_in_the_file() {
        let source = "type Note @model { text: Strng! }";
        let application = parse_application(source, "schema.graphql");
        assert_eq!(application.parsed, parse(source, "schema.graphql"));
        assert_eq!(application.text, source);
    }
}
