//! The server for Rust programs that want it inside.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use underpin_accounts::Accounts;
use underpin_engine::{Engine, Options};
use underpin_migrate::Consent;

use crate::background::Background;
use crate::config::{self, Config};
use crate::database::{Database, Purpose};
use crate::exit::Failure;
use crate::output::{Output, Reader};
use crate::project::Project;
use crate::serving::{self, Listener};
use crate::{accounts, mail, migration, wiring};

/// A project that is open, with a port of its own, ready to be served.
///
/// ```no_run
/// # async fn example() -> Result<(), underpin::Failure> {
/// use underpin::{Setup, Underpin};
///
/// let server = Underpin::open("shop", Setup::from_project("shop")?).await?;
/// let address = server.address();
/// let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
/// server.serve(stop).await
/// # }
/// ```
pub struct Underpin {
    accounts: Arc<Accounts>,
    listener: Listener,
    config: Config,
    background: Background,
}

/// How a project is opened.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The configuration.
    pub config: Config,
    /// What to do when the database is not at the schema.
    pub on_behind: OnBehind,
    /// Clock and identifiers; its limits are replaced by those of `config`.
    pub engine: Options,
    /// Actors that fixed tokens stand for, and keys in place of those of the project's secret. How
    /// accounts behave is said by `config`.
    pub accounts: underpin_accounts::Options,
}

/// What to do with a database that is not at the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBehind {
    /// Refuse to serve.
    #[default]
    Refuse,
    /// Bring it there, unless that would delete data.
    Migrate,
}

impl Setup {
    /// The configuration that `underpin serve` would use: that of the project's `underpin.toml`
    /// and of the environment.
    ///
    /// # Errors
    /// When the configuration has mistakes; the failure holds all of them.
    pub fn from_project(dir: impl AsRef<Path>) -> Result<Self, Failure> {
        let output = Output::new(Reader::QuietPerson);
        let (path, text) = Project::read_config(dir.as_ref())?;
        let config = Config::read(&path, &text, &config::environment(), &[])
            .map_err(|error| Failure::config(&error, output))?;
        Ok(Self { config, ..Self::default() })
    }
}

impl Underpin {
    /// Opens the project in `dir`: reads its schema, opens its database, and listens.
    ///
    /// # Errors
    /// When the schema has mistakes, the database cannot be opened or is behind, or the port is in
    /// use.
    pub async fn open(dir: impl AsRef<Path>, setup: Setup) -> Result<Self, Failure> {
        let Setup { config, on_behind, engine: options, accounts } = setup;
        let output = Output::new(Reader::QuietPerson);
        let project = Project::with_config(dir.as_ref(), config)?;
        let schema = project.diagnose()?.into_schema(output)?;
        project.check_roles(&schema, output)?;
        let listener = Listener::open(&project.config.server)?;
        let database = Database::of(&project, Purpose::Serve);
        let store = database.open(&project.config)?;
        match on_behind {
            OnBehind::Refuse => wiring::refuse_behind(&project, &store, &schema).await?,
            OnBehind::Migrate => {
                let consent = Consent::KeepData;
                migration::apply(&store, &schema, consent, "underpin migrate apply").await?;
            }
        }
        let options = Options { limits: project.config.limits.clone(), ..options };
        let engine = Arc::new(Engine::start(store, schema, options).await?);
        let transport = mail::transport(&project, mail::SEND_TIME_MAX)?;
        let background = Background::new(&engine, transport, mail::templates(&project, output)?);
        let accounts = underpin_accounts::Options {
            on_mail: accounts.on_mail.or_else(|| Some(background.on_mail())),
            ..accounts
        };
        let url = listener.url(&project.config.server);
        let accounts = accounts::options(accounts, &project.config, database.path(), &url)?;
        let accounts = Arc::new(Accounts::start(engine, accounts).await?);
        Ok(Self { accounts, listener, config: project.config, background })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The engine, for work on the data without HTTP.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        self.accounts.engine()
    }

    /// Who asks: accounts, sessions and keys.
    #[must_use]
    pub fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    /// Serves until `shutdown` is ready and the requests in flight have ended, then closes the
    /// database.
    ///
    /// # Errors
    /// When the port cannot be used, or the database not be closed.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), Failure> {
        let engine = Arc::clone(self.accounts.engine());
        let accounts = Arc::clone(&self.accounts);
        let serving = serving::serve(self.listener, accounts, &self.config, None, shutdown);
        self.background.beside(self.accounts, serving).await?;
        engine.close();
        Ok(())
    }
}
