//! `underpin explain`: the page about a code, or why somebody may or may not do something.

mod ask;
mod story;

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde_json::json;
use underpin_base::{Code, Retry};

use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Look, Output};

/// Explain a code, or why somebody may or may not do something
///
/// With a code, of the schema (S0020) or of the API (NOT_FOUND): its page. With `--as`: which clause
/// of which rule decides what they may read or write, in the worlds of `tests/*.yaml` or, with
/// `--database`, in the project's database.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("action").args(["read", "create", "update", "delete"]))]
pub(crate) struct ExplainArgs {
    /// The code, in upper or lower case; with `--as`, the project's folder
    #[arg(value_name = "CODE|DIR")]
    subject: Option<String>,
    /// Who: a user's name in the tests, `anonymous`, `role:NAME`; after `FILE:` where several files
    /// have them. Of a database: `user:EMAIL`, `anonymous`, `role:NAME`
    #[arg(long = "as", value_name = "ACTOR", requires = "action")]
    who: Option<String>,
    /// Explain why they may or may not read this row
    #[arg(long, value_name = "MODEL/ROW", requires = "who")]
    read: Option<String>,
    /// Only these fields of it
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', requires = "read")]
    fields: Vec<String>,
    /// Explain why they may or may not create a row of this model
    #[arg(long, value_name = "MODEL", requires = "who")]
    create: Option<String>,
    /// Explain why they may or may not change this row
    #[arg(long, value_name = "MODEL/ROW", requires = "who")]
    update: Option<String>,
    /// Explain why they may or may not delete this row
    #[arg(long, value_name = "MODEL/ROW", requires = "who")]
    delete: Option<String>,
    /// A field that is set, with its value as in a file of tests; repeat it for more
    #[arg(long, value_name = "FIELD=VALUE", requires = "who", conflicts_with_all = ["read", "delete"])]
    set: Vec<String>,
    /// Ask of the rows of a database, the project's own or this one, in which rows are named by keys
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true, requires = "who")]
    database: Option<Option<String>>,
}

pub(crate) fn run(args: &ExplainArgs, output: Output) -> Outcome {
    match (&args.who, &args.subject) {
        (Some(who), subject) => {
            let dir = subject.as_ref().map_or_else(|| PathBuf::from("."), PathBuf::from);
            ask::run(args, who, dir, output)
        }
        (None, Some(code)) => explain_code(code, output),
        (None, None) => Err(Failure::usage("explain what?").with_help(
            "name a code, `underpin explain S0020`, or ask \
             `underpin explain --as ada --read Order/ada-1`",
        )),
    }
}

fn explain_code(code: &str, output: Output) -> Outcome {
    let wanted = code.trim().to_uppercase();
    if let Some(page) = underpin_schema::explain(&wanted) {
        output.json(&json!({
            "code": page.code.name(),
            "severity": page.code.severity().name(),
            "title": page.title,
            "meaning": page.meaning.trim(),
            "bad": page.bad.trim(),
            "good": page.good.trim(),
        }));
        output.result(page.to_string().trim_end());
        return Ok(Exit::Done);
    }
    if let Some(code) = Code::ALL.iter().find(|code| code.name() == wanted) {
        explain_error(*code, output);
        return Ok(Exit::Done);
    }
    Err(unknown(&wanted))
}

fn explain_error(code: Code, output: Output) {
    let again = match code.retry() {
        Retry::No => "The same request will fail again.",
        Retry::Later => "The same request may succeed later; the answer says when to try.",
    };
    output.json(&json!({
        "code": code.name(),
        "status": code.status(),
        "meaning": code.meaning().trim(),
        "retry": code.retry() == Retry::Later,
    }));
    let title = output.paint(Look::Bold, format_args!("{} (HTTP {})", code.name(), code.status()));
    output.result(format_args!("{title}\n\n{}\n{again}", code.meaning().trim()));
}

fn unknown(wanted: &str) -> Failure {
    let names = || {
        let diagnostics = underpin_schema::DiagnosticCode::ALL.iter().map(|code| code.name());
        diagnostics.chain(Code::ALL.iter().map(|code| code.name()))
    };
    let help = match underpin_schema::nearest(wanted, names()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "codes look like S0020 (of the schema) or NOT_FOUND (of the API)".to_owned(),
    };
    Failure::usage(format!("there is no code `{wanted}`")).with_help(help)
}
