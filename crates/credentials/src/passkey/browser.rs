//! What a browser sends: the JSON around the authenticator's bytes, and the client data in it.

use aws_lc_rs::digest;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Refused, cbor};
use crate::encoding;

/// Bytes of an answer that are read at most. Keys and statements are far smaller.
const ANSWER_BYTES_MAX: usize = 65_536;

/// Ways to an authenticator that are worth remembering (section 5.8.4).
const TRANSPORTS: &[&str] = &["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

/// A `PublicKeyCredential` with a response of one kind.
pub(super) struct Presented<R> {
    pub(super) credential_id: Vec<u8>,
    pub(super) response: R,
}

/// The response of a registration.
#[derive(Deserialize)]
#[serde(try_from = "WrittenAttestation")]
pub(super) struct Attestation {
    pub(super) client_data: ClientData,
    pub(super) authenticator_data: Vec<u8>,
    pub(super) transports: Vec<String>,
}

/// The response of an assertion.
#[derive(Deserialize)]
#[serde(try_from = "WrittenAssertion")]
pub(super) struct Assertion {
    pub(super) client_data: ClientData,
    pub(super) authenticator_data: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) user_handle: Option<Vec<u8>>,
    client_data_hash: Vec<u8>,
}

/// The client data (section 5.8.1): what the browser says about the ceremony.
#[derive(Deserialize)]
pub(super) struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin")]
    cross_origin: Option<bool>,
    #[serde(rename = "topOrigin")]
    top_origin: Option<String>,
}

/// What the client data must say.
pub(super) struct Expected<'a> {
    pub(super) kind: &'a str,
    pub(super) challenge: &'a str,
    pub(super) origins: &'a [String],
}

#[derive(Deserialize)]
struct WrittenCredential<R> {
    id: String,
    #[serde(rename = "rawId")]
    raw_id: String,
    #[serde(rename = "type")]
    kind: String,
    response: R,
}

#[derive(Deserialize)]
struct WrittenAttestation {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "attestationObject")]
    attestation_object: String,
    transports: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct WrittenAssertion {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "authenticatorData")]
    authenticator_data: String,
    signature: String,
    #[serde(rename = "userHandle")]
    user_handle: Option<String>,
}

impl<R: DeserializeOwned> Presented<R> {
    /// Reads an answer. Members that are not named here may be there; those that are, once.
    pub(super) fn read(answer: &[u8]) -> Result<Self, Refused> {
        if answer.len() > ANSWER_BYTES_MAX {
            return Err(Refused::Malformed);
        }
        let written: WrittenCredential<R> =
            serde_json::from_slice(answer).map_err(|_| Refused::Malformed)?;
        if written.kind != "public-key" || written.id != written.raw_id {
            return Err(Refused::Malformed);
        }
        let credential_id = bytes(&written.id)?;
        Ok(Self { credential_id, response: written.response })
    }
}

impl TryFrom<WrittenAttestation> for Attestation {
    type Error = Refused;

    fn try_from(written: WrittenAttestation) -> Result<Self, Refused> {
        let (client_data, _hash) = ClientData::read(&written.client_data)?;
        let object = bytes(&written.attestation_object)?;
        let object = cbor::parse(&object).ok_or(Refused::Malformed)?;
        // Section 6.5: the format and the statement must be there, whatever they say.
        let has_statement = object.get_text("fmt").is_some_and(|fmt| fmt.as_text().is_some())
            && object.get_text("attStmt").is_some_and(cbor::Value::is_map);
        let data = object.get_text("authData").and_then(cbor::Value::as_bytes);
        let data = data.filter(|_| has_statement).ok_or(Refused::Malformed)?;
        let mut transports = written.transports.unwrap_or_default();
        transports.retain(|transport| TRANSPORTS.contains(&transport.as_str()));
        transports.sort_unstable();
        transports.dedup();
        Ok(Self { client_data, authenticator_data: data.to_vec(), transports })
    }
}

impl TryFrom<WrittenAssertion> for Assertion {
    type Error = Refused;

    fn try_from(written: WrittenAssertion) -> Result<Self, Refused> {
        let (client_data, client_data_hash) = ClientData::read(&written.client_data)?;
        Ok(Self {
            client_data,
            authenticator_data: bytes(&written.authenticator_data)?,
            signature: bytes(&written.signature)?,
            user_handle: written.user_handle.as_deref().map(bytes).transpose()?,
            client_data_hash,
        })
    }
}

impl Assertion {
    /// What the authenticator signed (section 6.3.3): its data, then the hash of the client data.
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        [self.authenticator_data.as_slice(), &self.client_data_hash].concat()
    }
}

impl ClientData {
    /// The client data in this text, and the hash of its bytes as they came.
    fn read(text: &str) -> Result<(Self, Vec<u8>), Refused> {
        let json = bytes(text)?;
        let read = serde_json::from_slice(&json).map_err(|_| Refused::Malformed)?;
        Ok((read, digest::digest(&digest::SHA256, &json).as_ref().to_vec()))
    }

    /// Steps 7 to 13 of section 7.1, which are 10 to 15 of section 7.2. A page within another one is
    /// refused, whichever origin either has.
    pub(super) fn check(&self, expected: &Expected<'_>) -> Result<(), Refused> {
        if self.kind != expected.kind {
            Err(Refused::Type)
        } else if !encoding::same(self.challenge.as_bytes(), expected.challenge.as_bytes()) {
            Err(Refused::Challenge)
        } else if !expected.origins.contains(&self.origin)
            || self.cross_origin == Some(true)
            || self.top_origin.is_some()
        {
            Err(Refused::Origin)
        } else {
            Ok(())
        }
    }
}

/// Whether a relying party can have this id: a domain in lower case.
pub(super) fn is_domain(id: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(is_plain)
    };
    // A name whose last label is a number is an address, and addresses have no passkeys.
    let is_address = id.rsplit('.').next().is_some_and(|last| last.parse::<u64>().is_ok());
    id.len() <= 253 && id.split('.').all(is_label) && !is_address
}

/// Whether pages of `origin` may use passkeys of `id`.
pub(super) fn belongs(origin: &str, id: &str) -> bool {
    // Apps on Android have no domain; the operator vouches for their key.
    if origin.starts_with("android:apk-key-hash:") {
        return true;
    }
    let (is_secure, authority) = match origin.split_once("://") {
        Some(("https", authority)) => (true, authority),
        Some(("http", authority)) => (false, authority),
        _ => return false,
    };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let is_port = port.parse::<u16>().is_ok_and(|number| number.to_string() == port);
    let is_below = |domain: &str| {
        host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
    };
    is_domain(host) && is_port && is_below(id) && (is_secure || is_below("localhost"))
}

fn bytes(text: &str) -> Result<Vec<u8>, Refused> {
    encoding::decode(text).ok_or(Refused::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_told_from_addresses_and_urls() {
        for id in ["example.com", "localhost", "xn--bcher-kva.example", "a-1.b"] {
            assert!(is_domain(id), "{id}");
        }
        let long = "a".repeat(64);
        for id in [
            "",
            ".",
            "example.com.",
            "Example.com",
            "https://example.com",
            "example.com:443",
            "example.com/",
            "127.0.0.1",
            "[::1]",
            "bücher.example",
            "a b",
            "*.example.com",
            &long,
        ] {
            assert!(!is_domain(id), "{id}");
        }
    }

    #[test]
    fn an_origin_belongs_to_its_domain_and_those_above() {
        for origin in [
            "https://example.com",
            "https://app.example.com",
            "https://example.com:8443",
            "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck",
        ] {
            assert!(belongs(origin, "example.com"), "{origin}");
        }
        for origin in [
            "http://example.com",
            "https://example.com/",
            "https://badexample.com",
            "https://example.com.evil.example",
            "https://evil.example",
            "https://com",
            "https://user@example.com",
            "https://example.com:",
            "https://example.com:0443",
            "https://EXAMPLE.com",
            "example.com",
            "null",
            "",
            "ftp://example.com",
        ] {
            assert!(!belongs(origin, "example.com"), "{origin}");
        }
        assert!(belongs("http://localhost:3000", "localhost"));
        assert!(belongs("http://app.localhost", "localhost"));
        assert!(!belongs("http://notlocalhost", "notlocalhost"));
    }
}
