//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::command;
use crate::config::Override;
use crate::exit::{EXIT_CODES, Outcome};
use crate::output::{Output, Reader};

/// One schema file in, a production backend out.
#[derive(Debug, Parser)]
#[command(
    name = "underpin",
    version,
    after_help = EXIT_CODES,
    arg_required_else_help = true,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// Print the result as one JSON document on standard output
    #[arg(long, global = true)]
    json: bool,
    /// Print errors and what was asked for, and nothing else
    #[arg(long, short, global = true, conflicts_with = "json")]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(command::new::NewArgs),
    Dev(command::dev::DevArgs),
    Serve(command::serve::ServeArgs),
    Check(command::check::CheckArgs),
    Test(command::test::TestArgs),
    Explain(command::explain::ExplainArgs),
    Migrate(command::migrate::MigrateArgs),
    Seed(command::seed::SeedArgs),
    Openapi(command::openapi::OpenapiArgs),
    User(command::user::UserArgs),
    Role(command::role::RoleArgs),
    Key(command::key::KeyArgs),
    Db(command::db::DbArgs),
    Doctor(command::doctor::DoctorArgs),
    Completions(command::completions::CompletionsArgs),
    #[command(hide = true)]
    Reference(command::reference::ReferenceArgs),
}

/// The project a command works on.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProjectArgs {
    /// The project's folder, the one with `schema.graphql`
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// The database a command works on.
#[derive(Debug, Clone, Args)]
pub(crate) struct DatabaseArgs {
    /// The database, in place of `[database] url`: `sqlite:` and a path relative to the project
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
}

/// Where a server listens.
#[derive(Debug, Clone, Args)]
pub(crate) struct ListenArgs {
    /// Where to listen, in place of `[server] address`; port 0 picks a free one
    #[arg(long, value_name = "IP:PORT")]
    address: Option<String>,
}

impl ListenArgs {
    /// The flag as a setting.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let setting = |address: &String| Override {
            flag: "--address",
            section: "server",
            key: "address",
            text: address.clone(),
        };
        self.address.iter().map(setting).collect()
    }
}

impl DatabaseArgs {
    /// The flag as a setting.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let setting = |url: &String| Override {
            flag: "--database",
            section: "database",
            key: "url",
            text: url.clone(),
        };
        self.database.iter().map(setting).collect()
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    // Wrong usage ends here, with clap's message and exit code 2.
    let cli = Cli::parse();
    let output = cli.output();
    let exit = cli.run(output).unwrap_or_else(|failure| {
        failure.report(output);
        failure.exit()
    });
    ExitCode::from(exit.code())
}

impl Cli {
    /// How the command writes.
    fn output(&self) -> Output {
        Output::new(match (self.global.json, self.global.quiet) {
            (true, _) => Reader::Program,
            (false, true) => Reader::QuietPerson,
            (false, false) => Reader::Person,
        })
    }

    fn run(&self, output: Output) -> Outcome {
        match &self.command {
            Command::New(args) => command::new::run(args, output),
            Command::Dev(args) => command::dev::run(args, output),
            Command::Serve(args) => command::serve::run(args, output),
            Command::Check(args) => command::check::run(args, output),
            Command::Test(args) => command::test::run(args, output),
            Command::Explain(args) => command::explain::run(args, output),
            Command::Migrate(args) => command::migrate::run(args, output),
            Command::Seed(args) => command::seed::run(args, output),
            Command::Openapi(args) => command::openapi::run(args, output),
            Command::User(args) => command::user::run(args, output),
            Command::Role(args) => command::role::run(args, output),
            Command::Key(args) => command::key::run(args, output),
            Command::Db(args) => command::db::run(args, output),
            Command::Doctor(args) => command::doctor::run(args, output),
            Command::Completions(args) => command::completions::run(args, output),
            Command::Reference(args) => command::reference::run(args, output),
        }
    }
}
