//! `underpin key`: makes, lists and revokes API keys.

use clap::{Args, Subcommand};
use serde_json::json;
use underpin_accounts::Accounts;

use crate::args::ProjectArgs;
use crate::database::Database;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Look, Output};
use crate::project::Project;
use crate::wiring::{self, Need};

/// Make, list and revoke API keys
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    Create(CreateArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// Make a key; its secret is shown this once and stored as a hash
///
/// Requests carry it as `Authorization: Bearer up_…` and act with its roles.
#[derive(Debug, Args)]
struct CreateArgs {
    /// A role the key acts with; may stand several times
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<String>,
    /// What the key is for
    #[arg(long, value_name = "NAME", default_value = "command line")]
    name: String,
    #[command(flatten)]
    project: ProjectArgs,
}

/// List the keys, without their secrets
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    project: ProjectArgs,
}

/// End a key; requests that carry it are refused within a second
#[derive(Debug, Args)]
struct RevokeArgs {
    /// The key's prefix, as `key list` shows it
    #[arg(value_name = "PREFIX")]
    prefix: String,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(crate) fn run(args: &KeyArgs, output: Output) -> Outcome {
    match &args.command {
        KeyCommand::Create(args) => create(args, output),
        KeyCommand::List(args) => list(args, output),
        KeyCommand::Revoke(args) => revoke(args, output),
    }
}

fn create(args: &CreateArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let (key, database) = crate::runtime()?.block_on(async {
        let opened = wiring::open(&project, Need::Roles, output).await?;
        let key = opened.accounts.create_service_key(&args.name, &args.roles).await?;
        opened.engine.close();
        Ok::<_, Failure>((key, opened.database))
    })?;
    output.json(&json!({
        "key": key.token.expose(),
        "prefix": key.prefix,
        "name": args.name,
        "roles": args.roles,
        "database": database.shown(),
    }));
    output.note(format_args!(
        "made a key for {} in {}; it is not shown again",
        args.roles.join(", "),
        database.shown()
    ));
    output.result(key.token.expose());
    Ok(Exit::Done)
}

fn list(args: &ListArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let (keys, database) = on_keys(&project, async |accounts| accounts.keys().await)?;
    output.json(&json!({ "database": database.shown(), "keys": keys }));
    if keys.is_empty() {
        output.note(format_args!("there are no keys in {}", database.shown()));
    }
    for key in &keys {
        let state = match (&key.revoked_at, &key.expires_at) {
            (Some(at), _) => output.paint(Look::Bad, format_args!("revoked {at}")),
            (None, Some(at)) => format!("until {at}"),
            (None, None) => output.paint(Look::Good, "in force"),
        };
        let roles = key.roles.join(",");
        output.result(format_args!(
            "up_{}  {}  {roles:<12}  {state}  {}",
            key.prefix, key.created_at, key.name
        ));
    }
    Ok(Exit::Done)
}

fn revoke(args: &RevokeArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let prefix = args.prefix.strip_prefix("up_").unwrap_or(&args.prefix);
    // A whole key is accepted too: whoever wants to end one may have nothing else at hand.
    let prefix = prefix.split('_').next().unwrap_or(prefix);
    on_keys(&project, async |accounts| accounts.revoke_key_by_prefix(prefix).await)?;
    output.json(&json!({ "prefix": prefix, "revoked": true }));
    output.line(format_args!("up_{prefix} is revoked"));
    Ok(Exit::Done)
}

/// Does `work` on the keys of the database that is in use, and closes it.
fn on_keys<T>(
    project: &Project,
    work: impl AsyncFnOnce(&Accounts) -> underpin_base::Result<T>,
) -> Result<(T, Database), Failure> {
    crate::runtime()?.block_on(async {
        let opened = wiring::open_keys(project).await?;
        let done = work(&opened.accounts).await?;
        opened.engine.close();
        Ok((done, opened.database))
    })
}
