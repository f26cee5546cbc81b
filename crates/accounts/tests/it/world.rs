//! A schema with accounts on a database of its own, and clients of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use underpin_accounts::{
    Accounts, Answer, Call, Client, Due, Grant, Identity, OperationId, Options, Settings,
};
use underpin_base::{Clock, Ids, Limits, Result, Timestamp};
use underpin_credentials::{Keys, MasterSecret};
use underpin_engine::{Engine, SystemQuery, SystemWrite, migrations};
use underpin_mail::Templates;
use underpin_migrate::Consent;
use underpin_plan::Operator;
use underpin_schema::Value;
use underpin_store::{Options as StoreOptions, Store};
use uuid::Uuid;

pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000_000);
pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const DAY: i64 = 86_400 * SECOND;
pub(crate) const PASSWORD: &str = "two walnuts under a bridge";
pub(crate) const SECRET: &str = "8Jq2vX0nQzR5tY7uB4wE1mK6cL3dF9hG";

/// People with names, some of whose fields are not theirs to set, and notes that they write.
pub(crate) const PEOPLE: &str = r#"
extend schema @role(name: "staff", can: ["users:*", "notes:*"])
type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id", update: "row.id == auth.id") {
  email: Email! @unique
  name: String @unique
  credit: Int! @default(value: 0) @readonly
  tier: String @access(write: "auth.is('staff')")
  motto: String @access(write: "row.id == auth.id")
  secret: String @hidden
  team: Team @relation
}
type Team @model @access(read: "row.open") { open: Boolean! name: String! members: [User!]! @relation(field: "team") }
type Note @model @access(read: "true", create: "auth.kind == 'user'") { name: String! }
"#;

pub(crate) struct World {
    pub(crate) accounts: Accounts,
    pub(crate) clock: Clock,
    pub(crate) directory: TempDir,
    text: String,
    settings: Settings,
}

/// A mail as its recipient reads it.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) kind: String,
    pub(crate) to: String,
    pub(crate) text: String,
}

#[derive(Deserialize)]
struct MailRow {
    id: Uuid,
    kind: String,
    recipient: String,
    payload: Json,
}

impl Mail {
    /// What the link holds.
    pub(crate) fn token(&self) -> String {
        let (_, rest) = self.text.split_once("#token=").unwrap_or_else(|| panic!("{self:?}"));
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// The code.
    pub(crate) fn code(&self) -> String {
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        self.text.split_whitespace().find(is_code).unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

async fn start(path: &Path, text: &str, clock: &Clock, settings: Settings) -> Accounts {
    let store = Store::open(&StoreOptions::new(path.join("app.db"))).unwrap();
    let parsed = underpin_schema::parse(text, "schema.graphql");
    let schema = Arc::new(parsed.schema.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics)));
    migrations::apply(&store, &schema, Consent::KeepData, START).await.unwrap();
    let options = underpin_engine::Options {
        limits: Limits::default(),
        clock: clock.clone(),
        ids: Ids::Random,
    };
    let engine = Arc::new(Engine::start(store, schema, options).await.unwrap());
    let keys = Keys::derive(&MasterSecret::from_text(SECRET).unwrap());
    let options = Options { settings, keys: Some(Arc::new(keys)), ..Options::default() };
    Accounts::start(engine, options).await.unwrap()
}

impl World {
    pub(crate) async fn new(text: &str) -> Self {
        Self::with(text, Settings::default()).await
    }

    pub(crate) async fn with(text: &str, settings: Settings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::manual(START);
        let accounts = start(directory.path(), text, &clock, settings.clone()).await;
        Self { accounts, clock, directory, text: text.to_owned(), settings }
    }

    /// Another server on the same database.
    pub(crate) async fn second(&self) -> Accounts {
        start(self.directory.path(), &self.text, &self.clock, self.settings.clone()).await
    }

    /// The same, after the server was stopped and started.
    pub(crate) async fn restarted(self) -> Self {
        self.accounts.engine().close();
        let path: PathBuf = self.directory.path().to_owned();
        let accounts = start(&path, &self.text, &self.clock, self.settings.clone()).await;
        Self { accounts, ..self }
    }

    pub(crate) async fn authenticate(&self, token: &str) -> Result<Arc<Identity>> {
        let app = self.accounts.engine().app().await;
        self.accounts.authenticate(&app, token).await
    }

    /// What a client without a session asks.
    pub(crate) async fn call(&self, operation: OperationId, body: Json) -> Result<Answer> {
        self.raw(operation, None, &[], body.to_string().as_bytes()).await
    }

    /// What a client with this access token asks.
    pub(crate) async fn call_as(
        &self,
        token: &str,
        operation: OperationId,
        body: Json,
    ) -> Result<Answer> {
        let identity = self.authenticate(token).await?;
        self.raw(operation, Some(identity), &[], body.to_string().as_bytes()).await
    }

    pub(crate) async fn raw(
        &self,
        operation: OperationId,
        caller: Option<Arc<Identity>>,
        path: &[&str],
        body: &[u8],
    ) -> Result<Answer> {
        call(&self.accounts, operation, (caller, None), (path, body)).await
    }

    /// Everything that is queued, as its recipients read it.
    pub(crate) async fn mails(&self) -> Vec<Mail> {
        let conditions = [("dueAt", Operator::IsNull, "false")];
        let query = SystemQuery::new("Mail", &conditions);
        let rows: Vec<MailRow> = self.accounts.engine().system_all(query).await.unwrap();
        let templates = Templates::load("Shop", None).unwrap();
        let mut mails = Vec::new();
        for row in rows {
            let due = Due {
                kind: &row.kind,
                recipient: &row.recipient,
                payload: &row.payload,
                queued_at: self.accounts.engine().now(),
            };
            if let Some((kind, values)) = self.accounts.compose(due).await.unwrap() {
                let message = templates.render(kind, &values).unwrap();
                let (kind, to) = (row.kind, row.recipient);
                mails.push(Mail { kind, to, text: message.text().to_owned() });
            }
            let now = self.accounts.engine().now();
            let write = SystemWrite::update("Mail", row.id).set("dueAt", Value::Null);
            let write = write.time("sentAt", now);
            self.accounts.engine().system_write(write).await.unwrap();
        }
        mails
    }

    /// The one mail that is queued.
    pub(crate) async fn mail(&self) -> Mail {
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0)
    }

    /// Somebody with an account whose address is proved, logged in.
    pub(crate) async fn join(&self, email: &str) -> Grant {
        let body = json!({ "email": email, "password": PASSWORD });
        self.call(OperationId::Register, body).await.unwrap();
        let token = self.mail().await.token();
        granted(self.call(OperationId::VerifyEmail, json!({ "token": token })).await)
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Result<Grant> {
        let body = json!({ "email": email, "password": password });
        self.call(OperationId::Login, body).await.map(grant_of)
    }

    pub(crate) async fn refresh(&self, token: &str) -> Result<Grant> {
        let body = json!({ "refreshToken": token });
        self.call(OperationId::Refresh, body).await.map(grant_of)
    }

    /// The rows of one of our own models.
    pub(crate) async fn rows(&self, model: &'static str) -> Vec<Json> {
        self.accounts.engine().system_all(SystemQuery::new(model, &[])).await.unwrap()
    }

    /// How many rows of events there are, with this outcome.
    pub(crate) async fn n_events(&self, event: &str, outcome: &str) -> usize {
        let rows = self.rows("Audit").await;
        rows.iter().filter(|row| row["event"] == event && row["outcome"] == outcome).count()
    }

    /// A connection of another program to the database.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.directory.path().join("app.db")).unwrap()
    }

    /// One number that another program finds in the database.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.database().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

pub(crate) async fn call(
    accounts: &Accounts,
    operation: OperationId,
    (caller, refresh_cookie): (Option<Arc<Identity>>, Option<&str>),
    (path, body): (&[&str], &[u8]),
) -> Result<Answer> {
    let app = accounts.engine().app().await;
    let agent = Some("Browser 1\n{\"level\":\"error\"}".to_owned());
    let client = Client { ip: Some("203.0.113.7".parse().unwrap()), agent };
    let call = Call {
        operation,
        path,
        query: &[],
        body,
        caller,
        refresh_cookie,
        flow_cookie: None,
        client,
    };
    accounts.call(&app, call).await
}

pub(crate) fn granted(answer: Result<Answer>) -> Grant {
    grant_of(answer.unwrap())
}

pub(crate) fn grant_of(answer: Answer) -> Grant {
    match answer {
        Answer::Session(grant) | Answer::Registered(grant) => *grant,
        other => panic!("no session but {other:?}"),
    }
}
