//! What a transport asks about the cookies of browsers.

use underpin_credentials::csrf;
use underpin_credentials::refresh::RefreshToken;
use uuid::Uuid;

use crate::Accounts;

impl Accounts {
    /// Whether `presented` is what pages of this session send along with each change, so that no
    /// other site's can.
    #[must_use]
    pub fn is_csrf_token(&self, session: Uuid, presented: &str) -> bool {
        let keys = self.options.keys.as_deref();
        keys.is_some_and(|keys| csrf::verify(keys, session, presented))
    }

    /// The session of a refresh token, whether or not it is in force; `None` for what this
    /// installation did not make.
    #[must_use]
    pub fn session_of_refresh(&self, token: &str) -> Option<Uuid> {
        let keys = self.options.keys.as_deref()?;
        RefreshToken::parse(token, keys).map(|token| token.session)
    }
}
