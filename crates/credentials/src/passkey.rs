//! Passkeys: registration and assertion of Web Authentication, Level 3, for a relying party.
//!
//! A ceremony has two halves. The first makes options for the browser and a state; the caller keeps
//! the state where the browser cannot change it, for a few minutes, and takes it away before it calls
//! the second half, so that no challenge is answered twice. The second half judges the browser's
//! answer. Section numbers are those of the specification.
//!
//! Attestation is not asked for: a statement that comes nevertheless is not read, since nothing is
//! made to depend on the make of an authenticator. That leaves little of CBOR and nothing of X.509,
//! and it is why this module stands on aws-lc alone.

mod authenticator_data;
mod browser;
mod cbor;
mod cose;

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::encoding;
use authenticator_data::AuthenticatorData;
use browser::{Assertion, Attestation, Expected, Presented};
use cose::PublicKey;

/// How long a browser waits for the user, in milliseconds: what section 15.1 recommends. A state that
/// is older is to be forgotten.
pub const TIMEOUT_MS: u32 = 300_000;

/// The server as browsers and authenticators know it.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    id: String,
    name: String,
    origins: Vec<String>,
}

/// A relying party that no browser would work with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRelyingParty {
    /// The id is not a domain.
    #[error("`{id}` is not a domain: write it in lower case, without scheme, port and path")]
    Id {
        /// The id.
        id: String,
    },
    /// An origin does not belong to the id.
    #[error(
        "passkeys of `{id}` cannot be used on the origin `{origin}`: write `https://`, then the \
         domain or one below it, and the port if it is not 443; `http://` works on localhost only"
    )]
    Origin {
        /// The id.
        id: String,
        /// The origin.
        origin: String,
    },
    /// There is no origin.
    #[error("passkeys need at least one origin")]
    NoOrigin,
}

/// Whose passkey is made.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// The account. The authenticator keeps it, and names it at login.
    pub account: Uuid,
    /// What tells the person's accounts apart, such as the e-mail address.
    pub name: &'a str,
    /// What the person is called.
    pub display_name: &'a str,
}

/// Whether the authenticator must make sure who uses it, by a PIN or a finger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserVerification {
    /// It must: the passkey stands for both factors.
    Required,
    /// It does where it can: the passkey is the second factor.
    Preferred,
}

/// The first half of a ceremony.
#[derive(Debug, Clone)]
pub struct Ceremony {
    /// JSON for `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    pub options: String,
    /// What the second half needs. Not for the browser.
    pub state: Vec<u8>,
}

/// A registered passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Its id, unique over all accounts: refuse one that is known already.
    #[serde(with = "in_base64url")]
    pub credential_id: Vec<u8>,
    /// The account it was made for.
    pub account: String,
    /// The public key (COSE_Key, RFC 9052).
    #[serde(with = "in_base64url")]
    pub public_key: Vec<u8>,
    /// How many signatures it has made; zero for those that do not count.
    pub sign_count: u32,
    /// Whether it may live on several devices.
    pub backup_eligible: bool,
    /// Whether it does.
    pub backed_up: bool,
    /// How the browser reached it: `internal`, `usb`, …
    pub transports: Vec<String>,
    /// The model of the authenticator, when it says so; not proven.
    #[serde(with = "in_base64url")]
    pub aaguid: Vec<u8>,
}

/// What a good assertion says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// The counter to store.
    pub sign_count: u32,
    /// Whether the authenticator made sure who used it.
    pub user_verified: bool,
    /// Whether the passkey lives on several devices now.
    pub backed_up: bool,
}

/// Why an answer is refused. For the log: towards clients all of them are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The state is not one of this ceremony.
    #[error("the state is not one of this ceremony")]
    State,
    /// The answer is not in the form of the specification.
    #[error("the answer is malformed")]
    Malformed,
    /// It answers another ceremony.
    #[error("the answer is for another kind of ceremony")]
    Type,
    /// It answers another challenge.
    #[error("the answer is for another challenge")]
    Challenge,
    /// It comes from a page of another origin, or from a page within one.
    #[error("the answer comes from another origin")]
    Origin,
    /// It is for another relying party.
    #[error("the answer is for another relying party")]
    RelyingParty,
    /// Nobody touched the authenticator.
    #[error("the user was not present")]
    UserPresence,
    /// The authenticator did not make sure who used it.
    #[error("the user was not verified")]
    UserVerification,
    /// The key is of another algorithm, or none.
    #[error("the key is not one of a known algorithm")]
    Key,
    /// The passkey is another one than was asked for, or somebody else's.
    #[error("the answer is by another passkey")]
    Credential,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// The counter did not rise: the passkey may have been copied.
    #[error("the counter did not rise")]
    SignCount,
}

/// What the first half remembers for the second.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    ceremony: Kind,
    challenge: String,
    verification: UserVerification,
    /// The account of a registration.
    account: Option<String>,
    /// The passkeys that may assert; none stands for any.
    allowed: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Registration,
    Assertion,
}

impl RelyingParty {
    /// A relying party with the domain `id`. `name` is what authenticators show; `origins` are the
    /// pages that may run ceremonies.
    ///
    /// # Errors
    /// When a browser would refuse the id, or an origin under it.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        origins: Vec<String>,
    ) -> Result<Self, BadRelyingParty> {
        let id = id.into();
        if !browser::is_domain(&id) {
            return Err(BadRelyingParty::Id { id });
        }
        if origins.is_empty() {
            return Err(BadRelyingParty::NoOrigin);
        }
        match origins.iter().find(|origin| !browser::belongs(origin, &id)) {
            Some(origin) => Err(BadRelyingParty::Origin { id, origin: origin.clone() }),
            None => Ok(Self { id, name: name.into(), origins }),
        }
    }

    /// Begins a registration. `existing` are the person's passkeys, of which no second one is made.
    #[must_use]
    pub fn registration_options(
        &self,
        person: Person<'_>,
        existing: &[Passkey],
        verification: UserVerification,
    ) -> Ceremony {
        let challenge = encoding::encode(&encoding::random::<32>());
        let parameters = cose::ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg }));
        let options = json!({
            "rp": { "id": self.id, "name": self.name },
            "user": {
                "id": encoding::encode(person.account.as_bytes()),
                "name": person.name,
                "displayName": person.display_name,
            },
            "challenge": challenge,
            "pubKeyCredParams": parameters,
            "timeout": TIMEOUT_MS,
            "excludeCredentials": descriptors(existing),
            "authenticatorSelection": {
                "residentKey": "preferred",
                "requireResidentKey": false,
                "userVerification": verification,
            },
            "attestation": "none",
        });
        let account = Some(person.account.to_string());
        let ceremony = Kind::Registration;
        let state = State { ceremony, challenge, verification, account, allowed: Vec::new() };
        Ceremony { options: options.to_string(), state: state.bytes() }
    }

    /// Judges the answer to a registration (section 7.1): the JSON of `PublicKeyCredential.toJSON`.
    ///
    /// # Errors
    /// What is wrong with it first.
    pub fn finish_registration(&self, state: &[u8], answer: &[u8]) -> Result<Passkey, Refused> {
        let state = State::read(state, Kind::Registration)?;
        let account = state.account.clone().ok_or(Refused::State)?;
        let presented: Presented<Attestation> = Presented::read(answer)?;
        presented.response.client_data.check(&self.expected("webauthn.create", &state))?;
        let data = AuthenticatorData::parse(&presented.response.authenticator_data)?;
        self.check_data(&data, state.verification)?;
        let attested = data.attested.as_ref().ok_or(Refused::Malformed)?;
        PublicKey::parse(attested.public_key)?;
        if attested.credential_id != presented.credential_id {
            return Err(Refused::Credential);
        }
        Ok(Passkey {
            credential_id: attested.credential_id.to_vec(),
            account,
            public_key: attested.public_key.to_vec(),
            sign_count: data.sign_count,
            backup_eligible: data.is_backup_eligible(),
            backed_up: data.is_backed_up(),
            transports: presented.response.transports,
            aaguid: attested.aaguid.to_vec(),
        })
    }

    /// Begins an assertion by one of the passkeys `allowed`; without any, by whichever the user has
    /// for this relying party.
    #[must_use]
    pub fn assertion_options(
        &self,
        allowed: &[Passkey],
        verification: UserVerification,
    ) -> Ceremony {
        let challenge = encoding::encode(&encoding::random::<32>());
        let options = json!({
            "challenge": challenge,
            "timeout": TIMEOUT_MS,
            "rpId": self.id,
            "allowCredentials": descriptors(allowed),
            "userVerification": verification,
        });
        let allowed = allowed.iter().map(|passkey| encoding::encode(&passkey.credential_id));
        let state = State {
            ceremony: Kind::Assertion,
            challenge,
            verification,
            account: None,
            allowed: allowed.collect(),
        };
        Ceremony { options: options.to_string(), state: state.bytes() }
    }

    /// Judges the answer to an assertion (section 7.2) by `passkey`, the one that
    /// [`presented_credential`] names. Store the counter of the proof.
    ///
    /// # Errors
    /// What is wrong with it first.
    pub fn finish_assertion(
        &self,
        state: &[u8],
        answer: &[u8],
        passkey: &Passkey,
    ) -> Result<Proof, Refused> {
        let state = State::read(state, Kind::Assertion)?;
        let presented: Presented<Assertion> = Presented::read(answer)?;
        check_credential(&state, &presented, passkey)?;
        presented.response.client_data.check(&self.expected("webauthn.get", &state))?;
        let data = AuthenticatorData::parse(&presented.response.authenticator_data)?;
        self.check_data(&data, state.verification)?;
        if data.attested.is_some() || data.is_backup_eligible() != passkey.backup_eligible {
            return Err(Refused::Malformed);
        }
        let key = PublicKey::parse(&passkey.public_key)?;
        if !key.verify(&presented.response.signed_bytes(), &presented.response.signature) {
            return Err(Refused::Signature);
        }
        // Two zeros are an authenticator that does not count (section 6.1.1).
        let counts = data.sign_count != 0 || passkey.sign_count != 0;
        if counts && data.sign_count <= passkey.sign_count {
            return Err(Refused::SignCount);
        }
        Ok(Proof {
            sign_count: data.sign_count,
            user_verified: data.is_user_verified(),
            backed_up: data.is_backed_up(),
        })
    }

    fn expected<'a>(&'a self, kind: &'a str, state: &'a State) -> Expected<'a> {
        Expected { kind, challenge: &state.challenge, origins: &self.origins }
    }

    fn check_data(
        &self,
        data: &AuthenticatorData<'_>,
        verification: UserVerification,
    ) -> Result<(), Refused> {
        if !data.is_for(&self.id) {
            Err(Refused::RelyingParty)
        } else if !data.is_user_present() {
            Err(Refused::UserPresence)
        } else if verification == UserVerification::Required && !data.is_user_verified() {
            Err(Refused::UserVerification)
        } else if data.is_backed_up() && !data.is_backup_eligible() {
            Err(Refused::Malformed)
        } else {
            Ok(())
        }
    }
}

impl Passkey {
    /// The passkey as text, to be stored.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("invariant: texts, numbers and lists are JSON")
    }

    /// The passkey that [`Passkey::to_text`] wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// The id of the passkey that an answer to an assertion is by, to find it in the database with.
/// Nothing about the answer is proven yet.
#[must_use]
pub fn presented_credential(answer: &[u8]) -> Option<Vec<u8>> {
    Presented::<Assertion>::read(answer).ok().map(|presented| presented.credential_id)
}

/// Steps 5 to 7 of section 7.2: the passkey is the one that answers, one that may, and the account
/// that the authenticator names is its account.
fn check_credential(
    state: &State,
    presented: &Presented<Assertion>,
    passkey: &Passkey,
) -> Result<(), Refused> {
    let is_same = presented.credential_id == passkey.credential_id;
    let id = encoding::encode(&passkey.credential_id);
    let is_allowed = state.allowed.is_empty() || state.allowed.contains(&id);
    let account = Uuid::try_parse(&passkey.account).map_err(|_| Refused::Credential)?;
    let is_owner = match &presented.response.user_handle {
        Some(handle) => handle == account.as_bytes(),
        // Without a list of passkeys the account is known by the handle alone.
        None => !state.allowed.is_empty(),
    };
    if is_same && is_allowed && is_owner { Ok(()) } else { Err(Refused::Credential) }
}

impl State {
    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("invariant: texts and lists are JSON")
    }

    fn read(bytes: &[u8], ceremony: Kind) -> Result<Self, Refused> {
        let state: Self = serde_json::from_slice(bytes).map_err(|_| Refused::State)?;
        if state.ceremony == ceremony { Ok(state) } else { Err(Refused::State) }
    }
}

fn descriptors(passkeys: &[Passkey]) -> Vec<serde_json::Value> {
    let descriptor = |passkey: &Passkey| {
        let id = encoding::encode(&passkey.credential_id);
        json!({ "type": "public-key", "id": id, "transports": passkey.transports })
    };
    passkeys.iter().map(descriptor).collect()
}

/// Bytes in JSON.
mod in_base64url {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::encoding;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&encoding::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        encoding::decode(&text).ok_or_else(|| D::Error::custom("not base64url"))
    }
}

#[cfg(test)]
mod tests;
