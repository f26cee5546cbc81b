//! `underpin key`: makes, lists and revokes API keys.

use clap::{Args, Subcommand};
use serde_json::json;
use underpin_accounts::{Accounts, KeySpec};
use underpin_base::Timestamp;
use underpin_schema::{Scalar, Value};

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
    Rotate(RotateArgs),
}

/// Make a key; its secret is shown this once and stored as a hash
///
/// Requests carry it as `Authorization: Bearer up_…` and act with its roles.
#[derive(Debug, Args)]
struct CreateArgs {
    /// A role the key acts with; may stand several times
    #[arg(long = "role", value_name = "ROLE", required_unless_present = "user")]
    roles: Vec<String>,
    /// The user whom the key belongs to, by address; it acts with the user's roles
    #[arg(long, value_name = "EMAIL", conflicts_with = "roles")]
    user: Option<String>,
    /// A permission that the key is narrowed to, as `products:read`; may stand several times
    #[arg(long = "scope", value_name = "PERMISSION")]
    scopes: Vec<String>,
    /// When the key stops working: a time, as `2027-01-31T00:00:00Z`
    #[arg(long = "expires", value_name = "TIME", value_parser = time)]
    expires_at: Option<Timestamp>,
    /// What the key is for
    #[arg(long, value_name = "NAME", default_value = "command line")]
    name: String,
    #[command(flatten)]
    project: ProjectArgs,
}

/// Make a key in the place of another, which goes on working for a while
#[derive(Debug, Args)]
struct RotateArgs {
    /// The key's prefix, as `key list` shows it
    #[arg(value_name = "PREFIX")]
    prefix: String,
    /// Hours that the old key goes on working: 0 to 168
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=168))]
    overlap_hours: u32,
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
        KeyCommand::Rotate(args) => rotate(args, output),
    }
}

fn create(args: &CreateArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let scopes = (!args.scopes.is_empty()).then_some(args.scopes.as_slice());
    let spec = KeySpec { name: &args.name, scopes, expires_at: args.expires_at };
    let (key, database) = crate::runtime()?.block_on(async {
        let need = if args.user.is_some() { Need::Rows } else { Need::Roles };
        let opened = wiring::open(&project, need, output).await?;
        let operator = opened.accounts.operator();
        let key = match &args.user {
            Some(user) => operator.create_key(user, spec).await?,
            None => operator.create_service_key(spec, &args.roles).await?,
        };
        opened.engine.close();
        Ok::<_, Failure>((key, opened.database))
    })?;
    output.json(&json!({
        "key": key.token.expose(),
        "prefix": key.prefix,
        "name": args.name,
        "roles": args.roles,
        "user": args.user,
        "scopes": scopes,
        "database": database.shown(),
    }));
    output.note(format_args!(
        "made a key for {} in {}; it is not shown again",
        args.user.clone().unwrap_or_else(|| args.roles.join(", ")),
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

fn rotate(args: &RotateArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let old = prefix_of(&args.prefix);
    let seconds = args.overlap_hours * 3_600;
    let (key, _) =
        on_keys(&project, async |accounts| accounts.operator().rotate_key(old, seconds).await)?;
    output.json(&json!({ "key": key.token.expose(), "prefix": key.prefix, "replaces": old }));
    output.note(format_args!(
        "up_{old} goes on working for {} hours; the new key is not shown again",
        args.overlap_hours
    ));
    output.result(key.token.expose());
    Ok(Exit::Done)
}

/// The prefix of a key. A whole key is accepted too: whoever wants to end one may have nothing else
/// at hand.
fn prefix_of(text: &str) -> &str {
    let prefix = text.strip_prefix("up_").unwrap_or(text);
    prefix.split('_').next().unwrap_or(prefix)
}

/// Reads a time.
fn time(text: &str) -> Result<Timestamp, String> {
    match Scalar::DateTime.parse_text(text) {
        Ok(Value::DateTime(at)) => Ok(Timestamp(at)),
        _ => Err("expects a time, as `2027-01-31T00:00:00Z`".to_owned()),
    }
}

fn revoke(args: &RevokeArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let prefix = prefix_of(&args.prefix);
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
