//! A provider of logins that vouches for whatever a test says, over real sockets.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use underpin_base::Secret;
use underpin_oidc::{ClientSecret, ProviderConfig};
use url::Url;

use crate::world::START;

/// Somebody at the provider.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person<'p> {
    pub(crate) subject: &'p str,
    pub(crate) email: Option<&'p str>,
    pub(crate) verified: bool,
    pub(crate) name: Option<&'p str>,
}

struct State {
    pair: EcdsaKeyPair,
    address: SocketAddr,
    /// The ID tokens that codes are redeemed for, once each.
    tokens: Mutex<HashMap<String, String>>,
}

#[derive(Clone)]
pub(crate) struct FakeProvider {
    name: &'static str,
    state: Arc<State>,
}

impl FakeProvider {
    pub(crate) async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let state = Arc::new(State { pair, address, tokens: Mutex::default() });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { name, state }
    }

    pub(crate) fn config(&self) -> ProviderConfig {
        ProviderConfig {
            name: self.name.to_owned(),
            preset: None,
            issuer: Some(self.state.issuer()),
            client_id: "shop".to_owned(),
            client_secret: ClientSecret::Text(Secret::new("s3cret".to_owned())),
            tenant: None,
            scopes: Vec::new(),
        }
    }

    /// Lets somebody log in to whom the browser was sent with `location`. Gives the parameters that it
    /// comes back with.
    pub(crate) fn log_in(&self, location: &str, person: Person<'_>) -> Vec<(String, String)> {
        let url = Url::parse(location).unwrap();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let seconds = START.0 / 1_000_000;
        let claims = json!({
            "iss": self.state.issuer(),
            "sub": person.subject,
            "aud": "shop",
            "exp": seconds + 86_400,
            "iat": seconds,
            "nonce": query["nonce"],
            "email": person.email,
            "email_verified": person.verified,
            "name": person.name,
        });
        let code = format!("code-of-{}", query["state"]);
        self.state.tokens.lock().unwrap().insert(code.clone(), self.state.sign(&claims));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        vec![pair("code", &code), pair("state", &query["state"])]
    }
}

impl State {
    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    fn sign(&self, claims: &Json) -> String {
        let encode = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let head = json!({ "alg": "ES256", "kid": "1", "typ": "JWT" });
        let message = format!("{}.{}", encode(&head), encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn answer(&self, request: &str) -> Option<Json> {
        let path = request.split(' ').nth(1)?;
        let issuer = self.issuer();
        match path {
            "/.well-known/openid-configuration" => Some(json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/keys"),
                "id_token_signing_alg_values_supported": ["ES256"],
            })),
            "/keys" => {
                let point = self.pair.public_key().as_ref();
                let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
                let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
                let key = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "1" });
                Some(json!({ "keys": [key] }))
            }
            "/token" => {
                let (_, body) = request.split_once("\r\n\r\n")?;
                let mut fields = url::form_urlencoded::parse(body.as_bytes());
                let (_, code) = fields.find(|(name, _)| name == "code")?;
                let token = self.tokens.lock().unwrap().remove(&*code)?;
                Some(json!({ "access_token": "a", "token_type": "Bearer", "id_token": token }))
            }
            _ => None,
        }
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let Some(request) = read_request(&mut stream).await else { return };
    let (status, body) = match state.answer(&request) {
        Some(body) => (200, body.to_string()),
        None => (400, json!({ "error": "invalid_grant" }).to_string()),
    };
    let length = body.len();
    let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
    let _ = stream.write_all(text.as_bytes()).await;
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
