//! An authenticator and a browser in one: it answers the options of passkeys as sections 5 and 6 of
//! Web Authentication say, and wrongly in one way at a time when told so. It writes CBOR by itself, so
//! that nothing of what is tested tests itself.

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// The key pair of the one credential.
#[derive(Debug)]
pub enum Pair {
    /// ECDSA on P-256 with SHA-256.
    Es256(EcdsaKeyPair),
    /// Ed25519.
    EdDsa(Ed25519KeyPair),
    /// RSA of 2048 bits with SHA-256.
    Rs256(RsaKeyPair),
}

/// The authenticator, with whatever a test sets wrong.
#[derive(Debug)]
pub struct Authenticator {
    /// The key of its one credential.
    pub pair: Pair,
    /// What it calls the credential.
    pub credential_id: Vec<u8>,
    /// Whose credential it is, as the registration said.
    pub user_handle: Option<Vec<u8>>,
    /// The page that the browser shows.
    pub origin: String,
    /// The domain that it works for.
    pub relying_party: String,
    /// The flags of its data (section 6.1).
    pub flags: u8,
    /// The counter that it shows; it does not rise by itself.
    pub sign_count: u32,
    /// Members of the client data that replace those that belong there, or come on top.
    pub client_data: Value,
    /// Extensions, in CBOR.
    pub extensions: Vec<u8>,
    /// Whether assertions name the credential's key too, as only registrations do.
    pub attests_always: bool,
}

impl Pair {
    /// A new pair for ES256.
    ///
    /// # Panics
    /// When the machine makes no keys.
    #[must_use]
    pub fn es256() -> Self {
        Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key"))
    }

    /// A new pair for EdDSA.
    ///
    /// # Panics
    /// When the machine makes no keys.
    #[must_use]
    pub fn eddsa() -> Self {
        Self::EdDsa(Ed25519KeyPair::generate().expect("a key"))
    }

    /// A new pair for RS256.
    ///
    /// # Panics
    /// When the machine makes no keys.
    #[must_use]
    pub fn rs256() -> Self {
        Self::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"))
    }

    /// The public key as COSE_Key.
    #[must_use]
    pub fn cose(&self) -> Vec<u8> {
        match self {
            Self::Es256(pair) => {
                let point = pair.public_key().as_ref();
                let start = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32];
                [&start, &point[1..33], &[0x22, 0x58, 32], &point[33..]].concat()
            }
            Self::EdDsa(pair) => {
                let start = [0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 32];
                [&start, pair.public_key().as_ref()].concat()
            }
            Self::Rs256(pair) => {
                // RFC 8017, A.1.1: the modulus of 2048 bits from byte 9 on, and 65537 at the end.
                let der = pair.public_key().as_ref();
                let (n, e) = (&der[9..265], &der[267..270]);
                let start = [0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59, 0x01, 0x00];
                [&start, n, &[0x21, 0x43], e].concat()
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(pair) => {
                pair.sign(&random, message).expect("a signature").as_ref().to_vec()
            }
            Self::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .expect("a signature");
                signature
            }
        }
    }
}

impl Authenticator {
    /// One that does everything right for `https://app.example.com`.
    #[must_use]
    pub fn new(pair: Pair) -> Self {
        Self {
            pair,
            credential_id: vec![7; 20],
            user_handle: None,
            origin: "https://app.example.com".to_owned(),
            relying_party: "example.com".to_owned(),
            // Present, verified, may be backed up and is.
            flags: 0b0001_1101,
            sign_count: 1,
            client_data: json!({}),
            extensions: Vec::new(),
            attests_always: false,
        }
    }

    /// Answers the options of a registration.
    ///
    /// # Panics
    /// When the options are none.
    #[track_caller]
    pub fn create(&mut self, options: &str) -> Value {
        let options: Value = serde_json::from_str(options).expect("options are JSON");
        self.user_handle = options["user"]["id"].as_str().and_then(decode);
        let data = self.data(1 << 6, &self.attested());
        let n_bytes = u16::try_from(data.len()).expect("short data").to_be_bytes();
        let object =
            [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".as_slice(), &n_bytes, &data]
                .concat();
        let client_data = self.client_data("webauthn.create", &options);
        self.answer(&json!({
            "clientDataJSON": encode(&client_data),
            "attestationObject": encode(&object),
            "transports": ["internal", "hybrid", "carrier-pigeon"],
        }))
    }

    /// Answers the options of an assertion.
    ///
    /// # Panics
    /// When the options are none.
    #[track_caller]
    pub fn get(&mut self, options: &str) -> Value {
        let options: Value = serde_json::from_str(options).expect("options are JSON");
        let data = if self.attests_always {
            self.data(1 << 6, &self.attested())
        } else {
            self.data(0, &[])
        };
        let client_data = self.client_data("webauthn.get", &options);
        let hash = digest::digest(&digest::SHA256, &client_data);
        let signature = self.pair.sign(&[data.as_slice(), hash.as_ref()].concat());
        self.answer(&json!({
            "clientDataJSON": encode(&client_data),
            "authenticatorData": encode(&data),
            "signature": encode(&signature),
            "userHandle": self.user_handle.as_deref().map(encode),
        }))
    }

    fn attested(&self) -> Vec<u8> {
        let n_bytes = u16::try_from(self.credential_id.len()).expect("a short id").to_be_bytes();
        [&[9; 16], n_bytes.as_slice(), &self.credential_id, &self.pair.cose()].concat()
    }

    fn data(&self, flags: u8, attested: &[u8]) -> Vec<u8> {
        let hash = digest::digest(&digest::SHA256, self.relying_party.as_bytes());
        let extended = if self.extensions.is_empty() { 0 } else { 1 << 7 };
        [
            hash.as_ref(),
            &[self.flags | flags | extended],
            &self.sign_count.to_be_bytes(),
            attested,
            &self.extensions,
        ]
        .concat()
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let mut data = json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        for (name, value) in self.client_data.as_object().into_iter().flatten() {
            data[name] = value.clone();
        }
        data.to_string().into_bytes()
    }

    fn answer(&self, response: &Value) -> Value {
        let id = encode(&self.credential_id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": response,
        })
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
