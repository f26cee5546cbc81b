//! `underpin explain`: the page about a diagnostic of the schema or an error code of the API.

use clap::Args;
use serde_json::json;
use underpin_base::{Code, Retry};

use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Look, Output};

/// Explain a diagnostic of the schema (S0020) or an error code of the API (NOT_FOUND)
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code, in upper or lower case
    code: String,
}

pub(crate) fn run(args: &ExplainArgs, output: Output) -> Outcome {
    let wanted = args.code.trim().to_uppercase();
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
