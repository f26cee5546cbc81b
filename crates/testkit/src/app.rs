//! A server of its own for each test: a temporary database, a clock that stands still, keys that
//! count up, and actors that the test names.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use tempfile::TempDir;
use tokio::sync::oneshot;
use underpin_accounts::{Accounts, Settings};
use underpin_base::{Clock, Ids, Limits, Timestamp};
use underpin_credentials::{Keys, MasterSecret};
use underpin_engine::{Engine, Options, migrations};
use underpin_http::{LogFormat, LogOptions, ServerOptions, Tiers};
use underpin_mail::{Caught, Message};
use underpin_migrate::Consent;
use underpin_plan::Actor;
use underpin_rules::Rules;
use underpin_schema::{Diagnostic, Schema, Value};
use underpin_store::Store;
use uuid::Uuid;

use crate::client::{Answer, Client};
use crate::mails::{Mails, Post};
use crate::request_log::RequestLog;
use crate::wire::Wire;

/// 2026-01-01T00:00:00Z: when every test starts.
const START: Timestamp = Timestamp(1_767_225_600_000_000);

/// Actors that every app has, beside those that the test names.
const ADMIN: &str = "admin";
const SERVICE: &str = "service";

/// An app to be started.
#[derive(Debug, Clone)]
#[must_use = "an app serves nothing until it is started"]
pub struct Setup {
    schema: String,
    tables: Option<String>,
    database: Option<PathBuf>,
    actors: BTreeMap<String, Actor>,
    limits: Limits,
    tiers: Tiers,
    trusted_proxies: Vec<String>,
    origins: Vec<String>,
    settings: Settings,
    stored_keys: Vec<(String, Vec<String>)>,
    sends_mail: bool,
    caught_mail: Option<Arc<Caught>>,
}

/// A running server.
pub struct TestApp {
    address: SocketAddr,
    clock: Clock,
    log: RequestLog,
    /// Keys of accounts by actor.
    ids: BTreeMap<String, Uuid>,
    /// API keys by name.
    keys: BTreeMap<String, String>,
    mails: Mails,
    database: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    // Last, so that the folder goes after the server has.
    _folder: TempDir,
}

impl Setup {
    /// Runs SQL before the schema is served: tables of another program.
    pub fn with_tables(mut self, sql: &str) -> Self {
        self.tables = Some(sql.to_owned());
        self
    }

    /// Serves a copy of this database.
    pub fn with_database(mut self, path: &Path) -> Self {
        self.database = Some(path.to_owned());
        self
    }

    /// Adds an account with these roles. Its key is [`TestApp::id_of`].
    pub fn with_user(self, name: &str, roles: &[&str]) -> Self {
        let id = self.next_id();
        self.with_actor(name, Actor::user(Value::Uuid(id), owned(roles)))
    }

    /// Adds an account whose e-mail is verified.
    pub fn with_verified_user(self, name: &str, roles: &[&str]) -> Self {
        let id = self.next_id();
        let actor = Actor::user(Value::Uuid(id), owned(roles));
        self.with_actor(name, Actor { verified: true, ..actor })
    }

    /// Adds an API key with these roles.
    pub fn with_key(self, name: &str, roles: &[&str]) -> Self {
        self.with_actor(name, Actor::key(owned(roles)))
    }

    /// Adds another name for the server itself.
    pub fn with_service(self, name: &str) -> Self {
        self.with_actor(name, Actor::service())
    }

    /// Adds anybody: with claims, say, or with a row of their own that rules may ask about.
    pub fn with_actor(mut self, name: &str, actor: Actor) -> Self {
        self.actors.insert(name.to_owned(), actor);
        self
    }

    /// Sets the bounds on requests.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how much each kind of caller may ask for; without it nobody is bounded.
    pub fn with_tiers(mut self, tiers: Tiers) -> Self {
        self.tiers = tiers;
        self
    }

    /// Believes whom the proxies of these networks say they speak for.
    pub fn with_trusted_proxies(mut self, networks: &[&str]) -> Self {
        self.trusted_proxies = owned(networks);
        self
    }

    /// Shows these mails, as `dev` does.
    pub fn with_caught_mail(mut self, caught: Arc<Caught>) -> Self {
        self.caught_mail = Some(caught);
        self
    }

    /// Lets pages of these sites send cookies.
    pub fn with_origins(mut self, origins: &[&str]) -> Self {
        self.origins = owned(origins);
        self
    }

    /// Sets how accounts behave.
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Adds an API key of a service account with these roles, as a row: [`TestApp::key`].
    pub fn with_stored_key(mut self, name: &str, roles: &[&str]) -> Self {
        self.stored_keys.push((name.to_owned(), owned(roles)));
        self
    }

    /// Writes the mails of accounts: [`TestApp::next_mail`].
    pub fn with_mail(mut self) -> Self {
        self.sends_mail = true;
        self
    }

    /// Starts the server.
    ///
    /// # Panics
    /// When the schema has mistakes or the server cannot start.
    #[must_use]
    #[track_caller]
    pub fn start(self) -> TestApp {
        let folder = tempfile::tempdir().expect("no temporary folder");
        let database = folder.path().join("app.db");
        if let Some(original) = &self.database {
            std::fs::copy(original, &database).expect("the database cannot be copied");
        }
        if let Some(sql) = &self.tables {
            let connection = rusqlite::Connection::open(&database).expect("no database");
            connection.execute_batch(sql).expect("the tables cannot be made");
        }
        let clock = Clock::manual(START);
        let log = RequestLog::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no free port");
        let address = listener.local_addr().expect("invariant: the listener is bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let (mail, mails) = channel();
        let server = Server {
            schema: Arc::new(parse(&self.schema)),
            store: open(&database),
            options: Options { limits: self.limits, clock: clock.clone(), ids: Ids::sequence() },
            accounts: underpin_accounts::Options {
                fixed_tokens: self.actors.iter().map(token_of).collect(),
                keys: Some(Arc::new(installation_keys())),
                settings: self.settings,
                ..underpin_accounts::Options::default()
            },
            http: ServerOptions {
                listeners: vec![listener],
                workers: 1,
                public_url: None,
                hosts: Vec::new(),
                origins: self.origins,
                tiers: self.tiers,
                trusted_proxies: self.trusted_proxies.iter().map(|it| network(it)).collect(),
                ids: Ids::sequence(),
                log: LogOptions { format: LogFormat::Json, output: Box::new(log.clone()) },
                caught_mail: self.caught_mail,
            },
            keys: self.stored_keys,
            mail: self.sends_mail.then_some(mail),
        };
        let names: Vec<String> = server.keys.iter().map(|(name, _)| name.clone()).collect();
        let (started, is_started) = channel();
        let thread = std::thread::spawn(move || server.run(&started, stopped));
        // Fails when the thread has ended before it said so, by a panic that it has told of.
        let tokens = is_started.recv().expect("the server did not start");
        let ids = self.actors.iter().filter_map(|(name, actor)| match actor.id {
            Value::Uuid(id) => Some((name.clone(), id)),
            _ => None,
        });
        TestApp {
            address,
            clock,
            log,
            ids: ids.collect(),
            keys: names.into_iter().zip(tokens).collect(),
            mails: Mails::new(mails),
            database,
            stop: Some(stop),
            thread: Some(thread),
            _folder: folder,
        }
    }

    /// A key of version 7 that no row of the test gets by itself: those count up from another time.
    fn next_id(&self) -> Uuid {
        let n = u64::try_from(self.actors.len()).unwrap_or(u64::MAX);
        Uuid::from_u64_pair(0x7000, 0x8000_0000_0000_0000 | n)
    }
}

/// Everything that the server's thread needs.
struct Server {
    schema: Arc<Schema>,
    store: Store,
    options: Options,
    accounts: underpin_accounts::Options,
    http: ServerOptions,
    keys: Vec<(String, Vec<String>)>,
    /// Where the mails of accounts go; without it none is written.
    mail: Option<Sender<Message>>,
}

impl Server {
    fn run(self, started: &Sender<Vec<String>>, stopped: oneshot::Receiver<()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("no runtime").block_on(async {
            let migrated =
                migrations::apply(&self.store, &self.schema, Consent::AllowDestructive, START);
            migrated.await.expect("the database cannot be brought to the schema");
            let engine = Engine::start(self.store, self.schema, self.options).await;
            let engine = Arc::new(engine.expect("the engine does not start"));
            let post = Post::new(&engine, self.mail);
            let options = underpin_accounts::Options { on_mail: post.on_mail(), ..self.accounts };
            let accounts = Accounts::start(engine, options).await;
            let accounts = Arc::new(accounts.expect("the accounts do not start"));
            let mut tokens = Vec::new();
            for (name, roles) in &self.keys {
                let key = accounts.create_service_key(name, roles).await;
                tokens.push(key.expect("the key cannot be made").token.expose().clone());
            }
            started.send(tokens).expect("invariant: the test waits for it");
            // Stopped by the test, or by the test's end.
            let (end, ended) = oneshot::channel::<()>();
            let shutdown = async { drop(stopped.await) };
            let serve = async {
                let served = underpin_http::serve(self.http, Arc::clone(&accounts), shutdown).await;
                drop(end);
                served.expect("the server failed");
            };
            let post = post.run(Arc::clone(&accounts), async { drop(ended.await) });
            tokio::join!(serve, post);
        });
    }
}

impl TestApp {
    /// Serves this schema on an empty database.
    #[must_use]
    #[track_caller]
    pub fn start(schema: &str) -> Self {
        Self::of(schema).start()
    }

    /// An app of this schema, to be told more before it starts.
    pub fn of(schema: &str) -> Setup {
        let setup = Setup {
            schema: schema.to_owned(),
            tables: None,
            database: None,
            actors: BTreeMap::new(),
            limits: Limits::default(),
            tiers: Tiers::unlimited(),
            trusted_proxies: Vec::new(),
            origins: Vec::new(),
            settings: Settings::default(),
            stored_keys: Vec::new(),
            sends_mail: false,
            caught_mail: None,
        };
        setup.with_key(ADMIN, &[ADMIN]).with_service(SERVICE)
    }

    /// Nobody known.
    #[must_use]
    pub fn anonymous(&self) -> Client {
        Client::new(self.address, None)
    }

    /// A key of the role `admin`.
    #[must_use]
    pub fn admin(&self) -> Client {
        self.user(ADMIN)
    }

    /// The server itself.
    #[must_use]
    pub fn service(&self) -> Client {
        self.user(SERVICE)
    }

    /// The actor of this name.
    #[must_use]
    pub fn user(&self, name: &str) -> Client {
        Client::new(self.address, Some(token(name)))
    }

    /// Whoever presents this token.
    #[must_use]
    pub fn bearer(&self, token: &str) -> Client {
        Client::new(self.address, Some(token.to_owned()))
    }

    /// The API key of this name: its token.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn key(&self, name: &str) -> &str {
        self.keys.get(name).unwrap_or_else(|| panic!("there is no key `{name}`"))
    }

    /// The mail that was written next, once it is; with [`Setup::with_mail`].
    ///
    /// # Panics
    /// When none is.
    #[must_use]
    #[track_caller]
    pub fn next_mail(&self) -> Message {
        self.mails.next()
    }

    /// The key of the account of this name.
    #[must_use]
    pub fn id_of(&self, name: &str) -> Option<String> {
        self.ids.get(name).map(ToString::to_string)
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A bare connection.
    #[must_use]
    pub fn wire(&self) -> Wire {
        Wire::connect(self.address)
    }

    /// The clock, which stands still until the test moves it.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The database's file.
    #[must_use]
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// The line of the log about the request of this answer.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn log_line(&self, answer: &Answer) -> serde_json::Value {
        self.log.line(answer.header("X-Request-Id").expect("every answer names its request"))
    }

    /// Statements that the database executed for the request of this answer: what the log says.
    ///
    /// # Panics
    /// When the log does not say it.
    #[must_use]
    #[track_caller]
    pub fn statements(&self, answer: &Answer) -> u32 {
        let line = self.log_line(answer);
        let count = line["queries"].as_u64().and_then(|count| u32::try_from(count).ok());
        count.unwrap_or_else(|| panic!("the line has no count of statements: {line}"))
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        // A server that failed has failed the test, unless the test has failed already.
        if matches!(ended, Some(Err(_))) && !std::thread::panicking() {
            panic!("the server ended by a panic");
        }
    }
}

#[track_caller]
fn parse(text: &str) -> Schema {
    let parsed = underpin_schema::parse_application(text, "schema.graphql").parsed;
    let schema = parsed.schema.unwrap_or_else(|| refuse(text, &parsed.diagnostics));
    let (rules, diagnostics) = Rules::compile(&schema);
    if rules.is_none() {
        refuse(text, &diagnostics);
    }
    schema
}

#[track_caller]
fn refuse(text: &str, diagnostics: &[Diagnostic]) -> ! {
    let line = |diagnostic: &Diagnostic| text[..diagnostic.span().start].lines().count();
    let problem = |found: &Diagnostic| format!("line {}: {}", line(found), found.message);
    let problems: Vec<String> = diagnostics.iter().map(problem).collect();
    panic!("the schema has mistakes:\n{}", problems.join("\n"))
}

#[track_caller]
fn open(database: &Path) -> Store {
    Store::open(&underpin_store::Options::new(database)).expect("the store cannot be opened")
}

/// The keys of every app: two that share a database are of one installation.
fn installation_keys() -> Keys {
    let secret = MasterSecret::from_text("8Jq2vX0nQzR5tY7uB4wE1mK6cL3dF9hG");
    Keys::derive(&secret.expect("invariant: the secret is long enough"))
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn network(text: &str) -> underpin_limiter::Cidr {
    text.parse().unwrap_or_else(|error| panic!("`{text}` is no network: {error}"))
}

fn token(name: &str) -> String {
    format!("test-{name}")
}

fn token_of((name, actor): (&String, &Actor)) -> (String, Arc<Actor>) {
    (token(name), Arc::new(actor.clone()))
}
