//! The pages of codes: what clients are told, and what authors of schemas are told.

use std::fmt::Write;

use underpin_base::{Code, CodeClass, Retry};
use underpin_schema::{DiagnosticCode, FieldCode, Severity};

const ERRORS_INTRODUCTION: &str = "\
# Errors

Every answer that is not a success has one of these codes in `error.code`. A code once published
keeps its meaning; messages may change. `requestId` finds the line of the request in the log. What
can be retried says `Retry-After`.
";

const FIELDS_INTRODUCTION: &str = "\
## Codes of fields

`VALIDATION_ERROR` and some conflicts name wrong fields in `error.details.fields`, by their path in
the body (`items.0.quantity`). Every wrong field is named at once.
";

const DIAGNOSTICS_INTRODUCTION: &str = "\
# Diagnostics

What `underpin check` reports. Errors keep a schema from being used, warnings do not (unless
`--deny warnings` says so). `underpin explain CODE` prints the same.
";

/// `docs/errors.md`
pub(super) fn errors() -> String {
    let mut page = ERRORS_INTRODUCTION.to_owned();
    for (class, title) in [
        (CodeClass::Request, "The request is wrong"),
        (CodeClass::Authentication, "The caller is not known"),
        (CodeClass::Authorization, "The caller may not, or there is nothing"),
        (CodeClass::Conflict, "The request contradicts what is stored"),
        (CodeClass::Availability, "The server cannot answer at present"),
        (CodeClass::Internal, "The server has a defect"),
    ] {
        let _ =
            write!(page, "\n## {title}\n\n| code | status | means | retry |\n|---|---|---|---|\n");
        for code in Code::ALL.iter().filter(|code| code.class() == class) {
            let retry = match code.retry() {
                Retry::No => "no",
                Retry::Later => "later",
            };
            let (name, status, meaning) = (code.name(), code.status(), code.meaning().trim());
            let _ = writeln!(page, "| `{name}` | {status} | {meaning} | {retry} |");
        }
    }
    let _ = write!(page, "\n{FIELDS_INTRODUCTION}\n| code | means |\n|---|---|\n");
    for code in FieldCode::ALL {
        let _ = writeln!(page, "| `{}` | {} |", code.name(), code.meaning().trim());
    }
    page
}

/// `docs/diagnostics.md`
pub(super) fn diagnostics() -> String {
    let mut page = DIAGNOSTICS_INTRODUCTION.to_owned();
    let mut codes = DiagnosticCode::ALL.to_vec();
    codes.sort_by_key(|code| code.name());
    for code in codes {
        let explanation = code.explanation();
        let severity = match code.severity() {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
        };
        let (name, title) = (code.name(), explanation.title);
        let _ =
            write!(page, "\n## {name}: {title}\n\n{severity}.\n\n{}\n", explanation.meaning.trim());
        for (word, example) in [("Wrong", explanation.bad), ("Right", explanation.good)] {
            let _ = write!(page, "\n{word}:\n\n```graphql\n{}\n```\n", example.trim());
        }
    }
    page
}
