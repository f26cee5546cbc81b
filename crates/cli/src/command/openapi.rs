//! `underpin openapi`: prints the contract of the API.

use clap::Args;

use crate::args::ProjectArgs;
use crate::exit::{Exit, Outcome};
use crate::output::Output;
use crate::project::Project;

/// Print the contract of the API, as OpenAPI 3.1 in JSON
///
/// The same document that a server has at `/openapi.json`. Needs no database.
#[derive(Debug, Args)]
pub(crate) struct OpenapiArgs {
    #[command(flatten)]
    project: ProjectArgs,
}

pub(crate) fn run(args: &OpenapiArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let schema = project.diagnose()?.into_schema(output)?;
    let base_url = project.config.server.public_url.as_ref().map_or("", |url| url.as_str());
    let contract = underpin_http::openapi(&schema, &project.config.limits, base_url);
    // It is JSON by nature, so `--json` changes nothing but the layout, which people read too.
    let contract: serde_json::Value =
        serde_json::from_str(&contract).expect("invariant: the contract is JSON");
    output.document(&contract);
    Ok(Exit::Done)
}
