//! `underpin role`: lists, makes, changes and deletes roles.

use clap::{Args, Subcommand};
use serde_json::json;
use underpin_accounts::{RoleChange, RoleInfo};

use crate::args::ProjectArgs;
use crate::exit::{Exit, Outcome};
use crate::output::{Look, Output};
use crate::project::Project;
use crate::wiring;

/// List, make, change and delete roles; a server that is up follows within a second
#[derive(Debug, Args)]
pub(crate) struct RoleArgs {
    #[command(subcommand)]
    command: RoleCommand,
}

#[derive(Debug, Subcommand)]
enum RoleCommand {
    List(ListArgs),
    Create(CreateArgs),
    Change(ChangeArgs),
    Delete(DeleteArgs),
}

/// List the roles with what they permit
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    project: ProjectArgs,
}

/// Make a role
#[derive(Debug, Args)]
struct CreateArgs {
    /// Its name: letters, digits, `_` and `-`
    name: String,
    /// What it permits, as `products:update`; may stand several times
    #[arg(long = "can", value_name = "PERMISSION")]
    can: Vec<String>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    #[command(flatten)]
    project: ProjectArgs,
}

/// Change what a role permits
#[derive(Debug, Args)]
struct ChangeArgs {
    /// Its name
    name: String,
    /// A permission that it has from here on; may stand several times
    #[arg(long, value_name = "PERMISSION")]
    add: Vec<String>,
    /// A permission that it has no more; may stand several times
    #[arg(long, value_name = "PERMISSION")]
    remove: Vec<String>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    #[command(flatten)]
    project: ProjectArgs,
}

/// Delete a role that the schema does not declare
#[derive(Debug, Args)]
struct DeleteArgs {
    /// Its name
    name: String,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(crate) fn run(args: &RoleArgs, output: Output) -> Outcome {
    match &args.command {
        RoleCommand::List(args) => list(args, output),
        RoleCommand::Create(args) => create(args, output),
        RoleCommand::Change(args) => change(args, output),
        RoleCommand::Delete(args) => delete(args, output),
    }
}

fn list(args: &ListArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let roles = wiring::on_accounts(&project, output, async |accounts| accounts.roles().await)?;
    output.json(&json!({ "roles": roles }));
    for role in &roles {
        output.result(line(role, output));
    }
    Ok(Exit::Done)
}

fn create(args: &CreateArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let role = wiring::on_accounts(&project, output, async |accounts| {
        let operator = accounts.operator();
        operator.create_role(&args.name, args.description.as_deref(), &args.can).await
    })?;
    told(&role, output)
}

fn change(args: &ChangeArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let role = wiring::on_accounts(&project, output, async |accounts| {
        let roles = accounts.roles().await?;
        let role = roles.into_iter().find(|role| role.name == args.name);
        let mut permissions = role.map(|role| role.permissions).unwrap_or_default();
        permissions.retain(|permission| !args.remove.contains(permission));
        permissions.extend(args.add.iter().cloned());
        let change = RoleChange {
            description: args.description.as_deref(),
            permissions: Some(&permissions),
        };
        accounts.operator().change_role(&args.name, change).await
    })?;
    told(&role, output)
}

fn delete(args: &DeleteArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    wiring::on_accounts(&project, output, async |accounts| {
        accounts.operator().delete_role(&args.name).await
    })?;
    output.json(&json!({ "name": args.name, "deleted": true }));
    output.line(format_args!("{} is deleted", args.name));
    Ok(Exit::Done)
}

fn told(role: &RoleInfo, output: Output) -> Outcome {
    output.json(role);
    output.line(line(role, output));
    Ok(Exit::Done)
}

fn line(role: &RoleInfo, output: Output) -> String {
    let name = output.paint(Look::Bold, format_args!("{:<16}", role.name));
    let from = if role.declared { "schema" } else { "data  " };
    let description = role.description.as_deref().unwrap_or_default();
    format!("{name}  {from}  {}  {description}", role.permissions.join(" ")).trim_end().to_owned()
}
