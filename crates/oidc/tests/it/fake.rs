//! A provider that answers as a test tells it, over real sockets.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use underpin_base::{Clock, Secret, Timestamp};
use underpin_egress::{Client, Settings};
use underpin_oidc::{
    Begun, Callback, ClientSecret, Identity, OidcError, Provider, ProviderConfig, Stored,
};

pub(crate) const CLIENT_ID: &str = "client & co";
pub(crate) const CLIENT_SECRET: &str = "s3cret/+";
pub(crate) const REDIRECT_URI: &str = "https://app.example.com/auth/callback";
pub(crate) const NOW_SECONDS: i64 = 1_800_000_000;

pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(crate) const KEYS: &str = "/keys";
pub(crate) const TOKEN: &str = "/token";
pub(crate) const USERINFO: &str = "/userinfo";

/// What the provider does when a path is asked for.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Json(u16, Value),
    /// A redirect to this place.
    Redirect(String),
    /// Closes without a word.
    Close,
    /// Says nothing.
    Hang,
    /// Goes on for ever.
    Endless,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    requests: Vec<(String, String)>,
}

pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    state: Arc<Mutex<State>>,
}

impl Fake {
    /// A provider with a discovery document and these keys.
    pub(crate) async fn start(keys: &[Value]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        let clock = Clock::manual(Timestamp(NOW_SECONDS * 1_000_000));
        let fake = Self { address, clock, state };
        fake.set(DISCOVERY, Answer::Json(200, fake.document()));
        fake.set(KEYS, Answer::Json(200, json!({ "keys": keys })));
        fake
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer())
    }

    /// The discovery document.
    pub(crate) fn document(&self) -> Value {
        json!({
            "issuer": self.issuer(),
            "authorization_endpoint": self.url("/authorize?tenant=a"),
            "token_endpoint": self.url(TOKEN),
            "userinfo_endpoint": self.url(USERINFO),
            "jwks_uri": self.url(KEYS),
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256", "ES256", "EdDSA"],
        })
    }

    pub(crate) fn set(&self, path: &str, answer: Answer) {
        self.state.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    /// Sets one member of the discovery document.
    pub(crate) fn set_in_document(&self, member: &str, value: Value) {
        let mut document = self.document();
        document[member] = value;
        self.set(DISCOVERY, Answer::Json(200, document));
    }

    /// What was asked at `path`, heads and bodies.
    pub(crate) fn requests(&self, path: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let at_path = state.requests.iter().filter(|(asked, _)| asked == path);
        at_path.map(|(_, request)| request.clone()).collect()
    }

    pub(crate) fn config(&self) -> ProviderConfig {
        ProviderConfig {
            name: "fake".to_owned(),
            preset: None,
            issuer: Some(self.issuer()),
            client_id: CLIENT_ID.to_owned(),
            client_secret: ClientSecret::Text(Secret::new(CLIENT_SECRET.to_owned())),
            tenant: None,
            scopes: Vec::new(),
        }
    }

    pub(crate) fn provider(&self) -> Provider {
        self.provider_of(self.config())
    }

    pub(crate) fn provider_of(&self, config: ProviderConfig) -> Provider {
        Provider::new(config, client(Duration::from_secs(10)), self.clock.clone()).unwrap()
    }

    /// Claims of a good token for the login.
    pub(crate) fn claims(&self, begun: &Begun) -> Value {
        json!({
            "iss": self.issuer(),
            "sub": "ada",
            "aud": CLIENT_ID,
            "exp": NOW_SECONDS + 300,
            "iat": NOW_SECONDS,
            "nonce": begun.nonce.expose(),
            "email": "ada@example.com",
            "email_verified": true,
            "name": "Ada",
        })
    }

    /// Lets the token endpoint give out this ID token.
    pub(crate) fn give_out(&self, id_token: &str) {
        let answer = json!({
            "access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": id_token,
        });
        self.set(TOKEN, Answer::Json(200, answer));
    }
}

pub(crate) fn client(time_max: Duration) -> Client {
    Client::new(Settings { time_max, ..Settings::default() }).unwrap()
}

pub(crate) fn stored(begun: &Begun) -> Stored {
    Stored {
        nonce: begun.nonce.clone(),
        verifier: begun.verifier.clone(),
        redirect_uri: REDIRECT_URI.to_owned(),
    }
}

/// A login whose token is what `make` makes of the begun one.
pub(crate) async fn login(
    fake: &Fake,
    provider: &Provider,
    make: impl FnOnce(&Begun) -> String,
) -> Result<Identity, OidcError> {
    let begun = provider.begin(REDIRECT_URI).await?;
    fake.give_out(&make(&begun));
    let callback = format!("code=c0de&state={}", begun.state.expose());
    provider.finish(&Callback::parse(&callback)?, &stored(&begun)).await
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(request) = read_request(&mut stream).await else { return };
    let target = request.split(' ').nth(1).unwrap().to_owned();
    let path = target.split('?').next().unwrap().to_owned();
    let answer = {
        let mut state = state.lock().unwrap();
        state.requests.push((path.clone(), request));
        state.answers.get(&path).cloned()
    };
    let (status, extra, body) = match answer {
        Some(Answer::Json(status, body)) => (status, String::new(), body.to_string()),
        Some(Answer::Redirect(to)) => (302, format!("location: {to}\r\n"), String::new()),
        None => (404, String::new(), String::new()),
        Some(Answer::Close) => return,
        Some(Answer::Hang) => {
            let _ = stream.read_u8().await;
            return;
        }
        Some(Answer::Endless) => {
            let mut chunk = b"HTTP/1.1 200 OK\r\n\r\n{\"a\":\"".to_vec();
            while stream.write_all(&chunk).await.is_ok() {
                chunk = vec![b'x'; 16_384];
            }
            return;
        }
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{extra}content-length: {length}\r\n\r\n");
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(n_bytes) => bytes.extend_from_slice(&chunk[..n_bytes]),
        }
    }
}
