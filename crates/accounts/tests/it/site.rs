//! A server's accounts with everything that second factors need, and people who use them.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::task::{JoinSet, LocalSet};
use underpin_accounts::{
    Accounts, Answer, Call, Client, Due, Grant, OperationId, Options, Settings, Verification,
};
use underpin_base::{Clock, Code, Error, Ids, Limits, Result};
use underpin_credentials::passkey::RelyingParty;
use underpin_credentials::totp::TotpSecret;
use underpin_credentials::{Keys, MasterSecret};
use underpin_engine::{Engine, SystemQuery, migrations};
use underpin_mail::Templates;
use underpin_migrate::Consent;
use underpin_plan::Operator;
use underpin_store::{Options as StoreOptions, Store};
use underpin_testkit::{Authenticator, Pair};

use crate::world::START;

pub(crate) const PASSWORD: &str = "a passphrase of nobody else";

/// The schema of most tests.
pub(crate) const SCHEMA: &str = r#"
type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  email: Email! @unique
}
"#;

#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) clock: Clock,
    options: Options,
    _directory: Arc<TempDir>,
}

/// What a client sends.
#[derive(Default, Clone, Copy)]
pub(crate) struct Sent<'s> {
    pub(crate) token: Option<&'s str>,
    pub(crate) path: &'s [&'s str],
    pub(crate) query: &'s [(&'s str, &'s str)],
    pub(crate) flow_cookie: Option<&'s str>,
}

impl<'s> Sent<'s> {
    /// By whom the access token was given.
    pub(crate) fn by(grant: &'s Grant) -> Self {
        Self { token: Some(grant.access.expose()), ..Self::default() }
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(SCHEMA, |_| ()).await
    }

    pub(crate) async fn with(schema: &str, change: impl FnOnce(&mut Options)) -> Self {
        Self::at(Clock::manual(START), schema, change).await
    }

    /// With another clock.
    pub(crate) async fn at(clock: Clock, schema: &str, change: impl FnOnce(&mut Options)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreOptions::new(directory.path().join("app.db"))).unwrap();
        let parsed = underpin_schema::parse(schema, "schema.graphql");
        let schema = Arc::new(parsed.schema.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics)));
        migrations::apply(&store, &schema, Consent::KeepData, START).await.unwrap();
        let options = underpin_engine::Options {
            limits: Limits::default(),
            clock: clock.clone(),
            ids: Ids::sequence(),
        };
        let engine = Arc::new(Engine::start(store, schema, options).await.unwrap());
        let secret = MasterSecret::from_text("8Jq2vX0nQzR5tY7uB4wE1mK6cL3dF9hG").unwrap();
        let origins = vec!["https://app.example.com".to_owned()];
        let party = RelyingParty::new("example.com", "Shop", origins).unwrap();
        let mut options = Options {
            keys: Some(Arc::new(Keys::derive(&secret))),
            relying_party: Some(Arc::new(party)),
            settings: Settings { verification: Verification::Optional, ..Settings::default() },
            ..Options::default()
        };
        change(&mut options);
        let accounts = Arc::new(Accounts::start(engine, options.clone()).await.unwrap());
        Self { accounts, clock, options, _directory: Arc::new(directory) }
    }

    /// The same, with other settings from now on.
    pub(crate) async fn changed(&self, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = self.options.clone();
        change(&mut options);
        let engine = Arc::clone(self.accounts.engine());
        let accounts = Arc::new(Accounts::start(engine, options.clone()).await.unwrap());
        Self { accounts, options, ..self.clone() }
    }

    pub(crate) async fn call(
        &self,
        operation: OperationId,
        sent: Sent<'_>,
        body: Json,
    ) -> Result<Answer> {
        let app = self.accounts.engine().app().await;
        let caller = match sent.token {
            Some(token) => Some(self.accounts.authenticate(&app, token).await?),
            None => None,
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let query: Vec<(String, String)> = sent.query.iter().map(pair).collect();
        let call = Call {
            operation,
            path: sent.path,
            query: &query,
            body: body.as_bytes(),
            caller,
            refresh_cookie: None,
            flow_cookie: sent.flow_cookie,
            client: Client::default(),
        };
        self.accounts.call(&app, call).await
    }

    /// What an operation answers as data.
    pub(crate) async fn data(&self, operation: OperationId, sent: Sent<'_>, body: Json) -> Json {
        match self.call(operation, sent, body).await.unwrap() {
            Answer::Data { data, .. } | Answer::Created(data) => data,
            other => panic!("no data: {other:?}"),
        }
    }

    /// The code that an operation is refused with.
    pub(crate) async fn refusal(&self, operation: OperationId, sent: Sent<'_>, body: Json) -> Code {
        self.call(operation, sent, body).await.unwrap_err().code()
    }

    pub(crate) async fn register(&self, email: &str) -> Grant {
        let body = json!({ "email": email, "password": PASSWORD });
        granted(self.call(OperationId::Register, Sent::default(), body).await.unwrap())
    }

    pub(crate) async fn login(&self, email: &str) -> Result<Grant> {
        let body = json!({ "email": email, "password": PASSWORD });
        self.call(OperationId::Login, Sent::default(), body).await.map(granted)
    }

    /// The challenge of a login with a password.
    pub(crate) async fn challenge(&self, email: &str) -> String {
        challenge_of(&self.login(email).await.unwrap_err())
    }

    pub(crate) async fn answer(&self, body: Json) -> Result<Grant> {
        self.call(OperationId::LoginMfa, Sent::default(), body).await.map(granted)
    }

    /// Sets up an authenticator app. Gives its secret, and the recovery codes.
    pub(crate) async fn add_app(&self, grant: &Grant) -> (TotpSecret, Vec<String>) {
        let (sent, proof) = (Sent::by(grant), json!({ "currentPassword": PASSWORD }));
        let started = self.data(OperationId::StartTotp, sent, proof).await;
        let secret = read_secret(started["secret"].as_str().unwrap());
        let code = secret.code_at(self.clock.now()).expose().clone();
        let body = json!({ "code": code });
        let confirmed = self.data(OperationId::ConfirmTotp, sent, body).await;
        let codes = confirmed["recoveryCodes"].as_array().unwrap();
        let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        self.advance(30);
        (secret, codes)
    }

    /// Adds a passkey, whose authenticator answers from then on.
    pub(crate) async fn add_passkey(&self, grant: &Grant, id: u8) -> Authenticator {
        let (sent, proof) = (Sent::by(grant), json!({ "currentPassword": PASSWORD }));
        let begun = self.data(OperationId::PasskeyOptions, sent, proof).await;
        let mut authenticator = Authenticator::new(Pair::es256());
        authenticator.credential_id = vec![id; 20];
        let credential = authenticator.create(&begun["options"].to_string());
        let body = json!({ "challenge": begun["challenge"], "credential": credential });
        self.data(OperationId::AddPasskey, sent, body).await;
        authenticator.sign_count += 1;
        authenticator
    }

    /// What happened, oldest first, as event and outcome.
    pub(crate) async fn audit(&self) -> Vec<(String, String)> {
        #[derive(serde::Deserialize)]
        struct Row {
            event: String,
            outcome: String,
        }
        let query = SystemQuery { sort: &[("createdAt", false)], ..SystemQuery::new("Audit", &[]) };
        let rows: Vec<Row> = self.accounts.engine().system_all(query).await.unwrap();
        rows.into_iter().map(|row| (row.event, row.outcome)).collect()
    }

    /// How many mails of a kind wait.
    pub(crate) async fn mails(&self, kind: &str) -> usize {
        let conditions = [("kind", Operator::Eq, kind)];
        let query = SystemQuery::new("Mail", &conditions);
        let rows: Vec<Json> = self.accounts.engine().system_all(query).await.unwrap();
        rows.len()
    }

    /// The code in the mail that a login by code queues.
    pub(crate) async fn code_of_mail(&self, email: &str) -> String {
        let queued_at = self.clock.now();
        let payload = json!({});
        let due = Due { kind: "code", recipient: email, payload: &payload, queued_at };
        let (kind, values) = self.accounts.compose(due).await.unwrap().unwrap();
        let message = Templates::load("Shop", None).unwrap().render(kind, &values).unwrap();
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        message.text().split_whitespace().find(is_code).unwrap().to_owned()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(seconds * 1_000_000);
    }
}

pub(crate) fn granted(answer: Answer) -> Grant {
    match answer {
        Answer::Session(grant) | Answer::Registered(grant) => *grant,
        other => panic!("no session: {other:?}"),
    }
}

pub(crate) fn challenge_of(error: &Error) -> String {
    assert_eq!(error.code(), Code::MfaRequired, "{error:?}");
    error.details().challenge.clone().unwrap()
}

/// What comes of several that run at the same time.
pub(crate) async fn at_once<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let run = async {
        let mut tasks = JoinSet::new();
        for future in futures {
            tasks.spawn_local(future);
        }
        tasks.join_all().await
    };
    LocalSet::new().run_until(run).await
}

/// The secret that a text in base32 stands for.
fn read_secret(text: &str) -> TotpSecret {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bytes, mut bits, mut n_bits) = (Vec::new(), 0_u32, 0);
    for character in text.chars() {
        let place = alphabet.find(character).unwrap();
        bits = bits << 5 | u32::try_from(place).unwrap();
        n_bits += 5;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push(u8::try_from(bits >> n_bits & 0xff).unwrap());
            bits &= (1 << n_bits) - 1;
        }
    }
    TotpSecret::from_bytes(&bytes).unwrap()
}
