//! Why a write was refused, in the client's words.

use std::iter;
use std::mem::discriminant;

use rusqlite::ffi;
use underpin_base::{Code, Error, FieldError};
use underpin_sql::{Failure, Test, UniqueKey};

use super::trouble::Trouble;
use crate::StoreError;

/// What SQLite says when a foreign key does not hold. With `RESTRICT` it says so under the code
/// of a trigger, which is how it implements that.
const FOREIGN_KEY_TEXT: &str = "FOREIGN KEY constraint failed";

/// The answer for a write whose condition did not hold. `holds` has one entry for each of `tests`,
/// or is `None` when the row does not exist.
pub(super) fn explain(tests: &[Test], holds: Option<&[bool]>) -> Error {
    let Some(holds) = holds else { return Error::not_found() };
    let mut failed =
        tests.iter().zip(holds).filter_map(|(test, holds)| (!holds).then_some(&test.failure));
    // The plan has its tests in the order in which a client may learn of them: what must not be
    // known hides what could be. Those of the same kind are told together.
    let Some(first) = failed.next() else {
        return Error::internal("a write changed nothing although every test of it holds");
    };
    let kind = discriminant(first);
    let alike = iter::once(first).chain(failed.filter(|failure| discriminant(*failure) == kind));
    match first {
        Failure::NotFound => Error::not_found(),
        Failure::Forbidden => Error::new(Code::Forbidden, "you may not do this"),
        Failure::Version => Error::new(
            Code::VersionMismatch,
            "the row has changed since the version that `If-Match` names",
        )
        .with_hint("read the row again, apply the change to what it is now, and retry"),
        Failure::Reference { .. } => missing_references(alike.filter_map(field_of)),
        Failure::Check { .. } => Error::validation(alike.filter_map(check_of).collect()),
        Failure::Field { .. } => Error::new(Code::Forbidden, "you may not set these fields")
            .with_fields(alike.filter_map(field_of).map(forbidden).collect()),
    }
}

/// The answer for references, by their paths in the body, to rows that are absent or hidden.
pub(super) fn missing_references<P: Into<String>>(paths: impl Iterator<Item = P>) -> Error {
    let fields = paths.map(|path| FieldError {
        path: path.into(),
        code: "NOT_FOUND",
        message: "there is no such row that you may refer to".to_owned(),
    });
    Error::new(Code::ReferenceConflict, "a reference names a row that does not exist")
        .with_fields(fields.collect())
}

/// The answer for a statement that failed.
pub(super) fn of_error(error: rusqlite::Error, uniques: &[UniqueKey]) -> Error {
    if Trouble::of(&error) != Trouble::Constraint {
        return StoreError::Write { source: error }.into();
    }
    let text = message_of(&error);
    match error.sqlite_extended_error_code() {
        Some(
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID,
        ) => unique_conflict(&text, uniques),
        _ if text == FOREIGN_KEY_TEXT => Error::new(
            Code::ReferenceConflict,
            "a reference names a row that does not exist, or the row is still referred to",
        ),
        Some(ffi::SQLITE_CONSTRAINT_DATATYPE) => {
            return StoreError::Write { source: error }.into();
        }
        // A constraint or trigger that the schema file does not know of: an adopted table's own.
        _ => Error::new(Code::ValidationError, "a constraint of the database refused the row"),
    }
    .with_source(error)
}

fn unique_conflict(text: &str, uniques: &[UniqueKey]) -> Error {
    let violated = uniques.iter().find(|key| is_named(key, text));
    let fields = violated.map_or(&[][..], |key| &key.fields);
    Error::new(Code::UniqueConflict, "another row has the same value in a unique field")
        .with_fields(
            fields
                .iter()
                .map(|field| FieldError {
                    path: field.clone(),
                    code: "NOT_UNIQUE",
                    message: "another row has this value".to_owned(),
                })
                .collect(),
        )
}

/// Whether SQLite's message (`UNIQUE constraint failed: t.a, t.b`, or `… failed: index 'i'` for an
/// index on expressions) speaks of `key`.
fn is_named(key: &UniqueKey, text: &str) -> bool {
    let Some((_, subject)) = text.split_once("constraint failed: ") else { return false };
    match subject.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
        Some(index) => index == key.index,
        None => subject.split(", ").eq(key.columns.iter().map(String::as_str)),
    }
}

fn message_of(error: &rusqlite::Error) -> String {
    if let rusqlite::Error::SqliteFailure(_, Some(text)) = error {
        text.clone()
    } else {
        error.to_string()
    }
}

fn field_of(failure: &Failure) -> Option<&str> {
    match failure {
        Failure::Reference { field } | Failure::Field { field } => Some(field),
        Failure::NotFound | Failure::Forbidden | Failure::Version | Failure::Check { .. } => None,
    }
}

fn check_of(failure: &Failure) -> Option<FieldError> {
    match failure {
        // It is the row as a whole that is wrong, so the path is empty.
        Failure::Check { message } => {
            Some(FieldError { path: String::new(), code: "CHECK_FAILED", message: message.clone() })
        }
        Failure::NotFound
        | Failure::Forbidden
        | Failure::Version
        | Failure::Reference { .. }
        | Failure::Field { .. } => None,
    }
}

fn forbidden(path: &str) -> FieldError {
    FieldError {
        path: path.to_owned(),
        code: "FORBIDDEN",
        message: "you may not set this field on this row".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(failures: Vec<Failure>) -> (Code, Vec<(String, &'static str)>) {
        let holds = vec![false; failures.len()];
        let tests: Vec<Test> = failures.into_iter().map(|failure| Test { failure }).collect();
        let error = explain(&tests, Some(&holds));
        let fields = error.details().fields.iter().map(|field| (field.path.clone(), field.code));
        (error.code(), fields.collect())
    }

    #[test]
    fn the_first_test_that_failed_is_told_with_those_of_its_kind() {
        let field = |name: &str| Failure::Field { field: name.to_owned() };
        let check = || Failure::Check { message: "the margin is negative".to_owned() };
        let expected = ["cost", "price"].map(|name| (name.to_owned(), "FORBIDDEN")).to_vec();
        let failures = vec![field("cost"), check(), Failure::Version, field("price")];
        assert_eq!(told(failures), (Code::Forbidden, expected));
        let expected = (Code::ValidationError, vec![(String::new(), "CHECK_FAILED")]);
        assert_eq!(told(vec![check(), field("cost")]), expected);
    }
}
