//! Who logged in, and what the provider says about them.

use serde::{Deserialize, Deserializer};

/// Characters that a subject may have, OpenID Connect Core 1.0, section 2.
const SUBJECT_BYTES_MAX: usize = 255;

/// Bytes of an e-mail address, RFC 5321.
const EMAIL_BYTES_MAX: usize = 254;

/// Characters of a name that are kept.
const NAME_CHARS_MAX: usize = 200;

/// Bytes of a picture's URL.
const PICTURE_BYTES_MAX: usize = 2_048;

/// Who logged in.
///
/// Issuer and subject together name a person at a provider for ever; everything else may change
/// hands and must not be taken for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who says so: the issuer, with the tenant where there are many.
    pub issuer: String,
    /// Whom they say it of: at most 255 ASCII characters, case-sensitive.
    pub subject: String,
    /// An e-mail address, if the provider told one.
    pub email: Option<String>,
    /// Whether the provider vouches that the address is this person's.
    pub email_verified: bool,
    /// How the person calls themselves: text of their own choice.
    pub name: Option<String>,
    /// Where a picture of them is: an `https:` URL of their own choice.
    pub picture: Option<String>,
}

/// What tokens and the userinfo endpoint say of a person, OpenID Connect Core 1.0, section 5.1.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Profile {
    #[serde(default, deserialize_with = "lenient_text")]
    pub(crate) email: Option<String>,
    #[serde(default, deserialize_with = "lenient_truth")]
    pub(crate) email_verified: bool,
    /// Microsoft: whether the domain's owner has proven that the address is theirs.
    #[serde(default, rename = "xms_edov", deserialize_with = "lenient_truth")]
    pub(crate) email_domain_verified: bool,
    #[serde(default, deserialize_with = "lenient_text")]
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub(crate) picture: Option<String>,
}

/// The subject, if it is one that can be kept.
pub(crate) fn usable_subject(subject: &str) -> Option<&str> {
    let is_short = (1..=SUBJECT_BYTES_MAX).contains(&subject.len());
    let is_plain = subject.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    (is_short && is_plain).then_some(subject)
}

/// The address, if it has the form of one.
pub(crate) fn usable_email(email: Option<String>) -> Option<String> {
    email.filter(|email| {
        let has_parts = email
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        let is_plain = !email.chars().any(|c| c.is_control() || c.is_whitespace());
        has_parts && is_plain && email.len() <= EMAIL_BYTES_MAX
    })
}

/// The name without control characters, cut to a length that can be shown.
pub(crate) fn usable_name(name: Option<String>) -> Option<String> {
    let name = name?;
    let plain: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}

/// The picture, if a page may show it.
pub(crate) fn usable_picture(picture: Option<String>) -> Option<String> {
    let picture = picture?;
    let url = url::Url::parse(&picture).ok()?;
    let is_usable = url.scheme() == "https" && picture.len() <= PICTURE_BYTES_MAX;
    is_usable.then(|| url.to_string())
}

/// A claim that is text; one of another type counts as absent, since it decides nothing.
fn lenient_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Ok(Some(text)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => Ok(None),
    }
}

/// A claim that is true; Apple writes `"true"` and Microsoft `"1"` or `1`. Anything else is false.
fn lenient_truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Bool(truth) => truth,
        serde_json::Value::String(text) => text == "true" || text == "1",
        serde_json::Value::Number(number) => number.as_u64() == Some(1),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
            false
        }
    })
}
