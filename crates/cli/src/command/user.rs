//! `underpin user`: lists, makes, suspends and reinstates users, and says who may do what.

use std::io::Read as _;

use clap::{Args, Subcommand};
use serde_json::{Map, json};
use underpin_accounts::NewUser;

use crate::args::ProjectArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Look, Output};
use crate::project::Project;
use crate::{accounts, serving, wiring};

/// Bytes of a password that is read.
const PASSWORD_BYTES_MAX: u64 = 2_048;

/// List, make, suspend and reinstate users; a server that is up follows within a second
#[derive(Debug, Args)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    List(ListArgs),
    Create(CreateArgs),
    Suspend(OneArgs),
    Reinstate(OneArgs),
    Roles(RolesArgs),
    SetupLink(LinkArgs),
    NewSecret(SecretArgs),
}

/// List the users who have an account
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    project: ProjectArgs,
}

/// Make a user; without a password a mail invites to choose one
#[derive(Debug, Args)]
struct CreateArgs {
    /// The address
    email: String,
    /// A role of the user; may stand several times
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Take the address for theirs: no mail asks to confirm it
    #[arg(long)]
    verified: bool,
    /// Further fields of the user's row, as one JSON object
    #[arg(long, value_name = "JSON")]
    fields: Option<String>,
    #[command(flatten)]
    project: ProjectArgs,
}

/// One user
#[derive(Debug, Args)]
struct OneArgs {
    /// The address, or the key of the user's row
    #[arg(value_name = "EMAIL")]
    user: String,
    #[command(flatten)]
    project: ProjectArgs,
}

/// Give a user roles, or take them
#[derive(Debug, Args)]
struct RolesArgs {
    #[command(subcommand)]
    command: RolesCommand,
}

#[derive(Debug, Subcommand)]
enum RolesCommand {
    /// Give a user a role
    Add(RoleOfArgs),
    /// Take a role from a user
    Remove(RoleOfArgs),
}

/// A role of a user
#[derive(Debug, Args)]
struct RoleOfArgs {
    /// The address, or the key of the user's row
    #[arg(value_name = "EMAIL")]
    user: String,
    /// The role
    role: String,
    #[command(flatten)]
    project: ProjectArgs,
}

/// Print a link that makes the first administrator, good once and for 15 minutes
#[derive(Debug, Args)]
struct LinkArgs {
    #[command(flatten)]
    project: ProjectArgs,
}

/// Go on with another secret than the one that accounts were made with, which is lost
///
/// All sessions and links end, and authenticator apps and recovery codes are removed: only the
/// former secret opens them. Stop servers of the database before.
#[derive(Debug, Args)]
struct SecretArgs {
    #[command(flatten)]
    project: ProjectArgs,
}

pub(crate) fn run(args: &UserArgs, output: Output) -> Outcome {
    match &args.command {
        UserCommand::List(args) => list(args, output),
        UserCommand::Create(args) => create(args, output),
        UserCommand::Suspend(args) => suspend(args, output),
        UserCommand::Reinstate(args) => reinstate(args, output),
        UserCommand::Roles(args) => roles(args, output),
        UserCommand::SetupLink(args) => setup_link(args, output),
        UserCommand::NewSecret(args) => new_secret(args, output),
    }
}

fn list(args: &ListArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let users =
        wiring::on_accounts(&project, output, async |accounts| accounts.operator().users().await)?;
    output.json(&json!({ "users": users }));
    if users.is_empty() {
        output.note("there are no users with an account");
    }
    for user in &users {
        let state = match &user.suspended_at {
            Some(at) => output.paint(Look::Bad, format_args!("suspended {at}")),
            None if user.verified => output.paint(Look::Good, "verified"),
            None => "not verified".to_owned(),
        };
        let email = user.email.as_deref().unwrap_or_default();
        let roles = user.roles.join(",");
        output.result(format_args!("{}  {email}  {roles:<12}  {state}", user.id));
    }
    Ok(Exit::Done)
}

fn create(args: &CreateArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let password = if args.password_stdin { Some(read_password()?) } else { None };
    let fields = match &args.fields {
        None => Map::new(),
        Some(text) => serde_json::from_str(text).map_err(|error| {
            Failure::usage(format!("--fields is not a JSON object: {error}"))
                .with_help(r#"write it as --fields '{"name": "Ada"}'"#)
        })?,
    };
    wiring::on_accounts(&project, output, async |accounts| {
        let new = NewUser {
            email: &args.email,
            password: password.as_deref(),
            verified: args.verified,
            roles: &args.roles,
            fields: &fields,
        };
        accounts.operator().create_user(new).await
    })?;
    output
        .json(&json!({ "email": args.email, "roles": args.roles, "invited": password.is_none() }));
    let told = match (&password, args.verified) {
        (None, _) => "; a mail invites to choose a password",
        (Some(_), false) => "; a mail asks to confirm the address",
        (Some(_), true) => "",
    };
    output.line(format_args!("made {}{told}", args.email));
    Ok(Exit::Done)
}

fn suspend(args: &OneArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    wiring::on_accounts(&project, output, async |accounts| {
        accounts.operator().suspend(&args.user).await
    })?;
    output.json(&json!({ "user": args.user, "suspended": true }));
    output.line(format_args!("{} is suspended, with all sessions and keys", args.user));
    Ok(Exit::Done)
}

fn reinstate(args: &OneArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    wiring::on_accounts(&project, output, async |accounts| {
        accounts.operator().reinstate(&args.user).await
    })?;
    output.json(&json!({ "user": args.user, "suspended": false }));
    output.line(format_args!("{} may log in again", args.user));
    Ok(Exit::Done)
}

fn roles(args: &RolesArgs, output: Output) -> Outcome {
    let (RolesCommand::Add(one) | RolesCommand::Remove(one)) = &args.command;
    let project = Project::open(&one.project, &[], output)?;
    let roles = wiring::on_accounts(&project, output, async |accounts| {
        let operator = accounts.operator();
        match &args.command {
            RolesCommand::Add(one) => operator.grant_role(&one.user, &one.role).await,
            RolesCommand::Remove(one) => operator.take_role(&one.user, &one.role).await,
        }
    })?;
    output.json(&json!({ "user": one.user, "roles": roles }));
    let shown = if roles.is_empty() { "no roles".to_owned() } else { roles.join(", ") };
    output.line(format_args!("{} has {shown}", one.user));
    Ok(Exit::Done)
}

fn setup_link(args: &LinkArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let token =
        wiring::on_accounts(&project, output, async |accounts| accounts.setup_link().await)?;
    let Some(token) = token else {
        return Err(Failure::failed(
            "there is an administrator, or nobody can log in by an address",
        )
        .with_help("`underpin user roles add EMAIL admin` makes another"));
    };
    let url = serving::url(&project.config.server, project.config.server.address);
    let link = accounts::setup_link(&url, token.expose());
    output.json(&json!({ "link": link, "minutes": 15 }));
    output.note("good once, for 15 minutes, to whoever opens it");
    output.result(link);
    Ok(Exit::Done)
}

fn new_secret(args: &SecretArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let n_factors = crate::runtime()?.block_on(wiring::adopt_secret(&project))?;
    output.json(&json!({ "removed": n_factors }));
    output.line(format_args!(
        "sessions and links ended; {n_factors} authenticator apps and recovery codes are removed"
    ));
    Ok(Exit::Done)
}

/// The password on standard input, without the line break at its end.
fn read_password() -> Result<String, Failure> {
    let mut text = String::new();
    let mut input = std::io::stdin().take(PASSWORD_BYTES_MAX);
    input
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("cannot read the password: {error}")))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Failure::usage("standard input holds no password"));
    }
    Ok(text.to_owned())
}
