//! What the browser brings back from the provider, by GET in the query or by POST as a form.

use aws_lc_rs::constant_time;
use underpin_base::Secret;
use url::form_urlencoded;

use crate::error::OidcError;

/// Bytes of a callback's parameters together.
const BYTES_MAX: usize = 16 * 1024;

/// The parameters of a callback. Nothing of it is believed: state, code and `iss` are checked against
/// what was kept and what the provider says.
#[derive(Debug, Clone, Default)]
pub struct Callback {
    /// The code to redeem.
    pub code: Option<Secret<String>>,
    /// The state, which finds what was kept.
    pub state: Option<Secret<String>>,
    /// The issuer, RFC 9207.
    pub iss: Option<String>,
    /// The error's code, where the provider declined.
    pub error: Option<String>,
    /// Apple only, at the first login: the person's name, as JSON that the browser could have changed.
    pub user: Option<String>,
}

impl Callback {
    /// Reads `name=value&…`, the query or the form. Parameters that are not known are ignored.
    ///
    /// # Errors
    /// [`OidcError::Callback`] when it is longer than 16 KiB, or names a parameter twice.
    pub fn parse(parameters: &str) -> Result<Self, OidcError> {
        if parameters.len() > BYTES_MAX {
            return Err(OidcError::Callback { fault: "is too long" });
        }
        let mut callback = Self::default();
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
            let value = value.into_owned();
            let is_repeated = match &*name {
                "code" => callback.code.replace(Secret::new(value)).is_some(),
                "state" => callback.state.replace(Secret::new(value)).is_some(),
                "iss" => callback.iss.replace(value).is_some(),
                "error" => callback.error.replace(value).is_some(),
                "user" => callback.user.replace(value).is_some(),
                _ => false,
            };
            if is_repeated {
                return Err(OidcError::Callback { fault: "names a parameter twice" });
            }
        }
        Ok(callback)
    }

    /// Whether it brings back this state. The time it takes does not tell how far off it is.
    #[must_use]
    pub fn has_state(&self, state: &Secret<String>) -> bool {
        let expected = state.expose().as_bytes();
        self.state.as_ref().is_some_and(|found| {
            let found = found.expose().as_bytes();
            !expected.is_empty() && constant_time::verify_slices_are_equal(found, expected).is_ok()
        })
    }
}
