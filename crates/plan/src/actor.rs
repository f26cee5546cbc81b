//! Who asks.

use std::collections::BTreeMap;

use underpin_schema::{FieldId, Value};

/// What kind of caller an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// Nobody known.
    Anonymous,
    /// An account.
    User,
    /// An API key.
    Key,
    /// The server itself (seeding, jobs): may do everything, and may set what a client may not.
    Service,
}

impl ActorKind {
    /// The word for it in rules and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::User => "user",
            Self::Key => "key",
            Self::Service => "service",
        }
    }
}

/// What of an actor decides how rules fold. All actors with the same profile share plans and
/// statements; whatever else is known of them is bound as values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Profile {
    /// The kind.
    pub kind: ActorKind,
    /// The names of the roles, sorted, without duplicates.
    pub roles: Vec<String>,
    /// What an API key is narrowed to, in the form of permissions, sorted; `None` narrows nothing.
    /// An operation is allowed only where a scope covers it **and** the actor may do it anyway.
    pub scopes: Option<Vec<String>>,
    /// Whether [`Actor::id`] is a key of the account model.
    pub is_account: bool,
}

/// Who asks: the profile and the values that rules may compare with.
#[derive(Debug, Clone, PartialEq)]
pub struct Actor {
    /// What rules fold by.
    pub profile: Profile,
    /// The key of the row of the account model for a user and for a key of a user, else null.
    pub id: Value,
    /// Whether the account's e-mail is verified.
    pub verified: bool,
    /// Claims of the session.
    pub claims: BTreeMap<String, String>,
    /// Fields of the actor's own row of the account model.
    pub user: BTreeMap<FieldId, Value>,
}

impl Actor {
    /// Nobody known.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::of(ActorKind::Anonymous, Value::Null, [])
    }

    /// The server itself.
    #[must_use]
    pub fn service() -> Self {
        Self::of(ActorKind::Service, Value::Null, [])
    }

    /// The same actor, as one of its API keys that nothing narrows.
    #[must_use]
    pub fn as_unscoped_key(mut self) -> Self {
        self.profile.kind = ActorKind::Key;
        self
    }

    /// The same actor, as one of its API keys with these scopes. They narrow, and never widen.
    #[must_use]
    pub fn as_key(mut self, mut scopes: Vec<String>) -> Self {
        scopes.sort_unstable();
        scopes.dedup();
        self.profile.kind = ActorKind::Key;
        self.profile.scopes = Some(scopes);
        self
    }

    /// An API key with these roles.
    pub fn key(roles: impl IntoIterator<Item = String>) -> Self {
        Self::of(ActorKind::Key, Value::Null, roles)
    }

    /// The account with this key and these roles.
    pub fn user(id: Value, roles: impl IntoIterator<Item = String>) -> Self {
        let mut actor = Self::of(ActorKind::User, id, roles);
        actor.profile.is_account = true;
        actor
    }

    fn of(kind: ActorKind, id: Value, roles: impl IntoIterator<Item = String>) -> Self {
        let mut roles: Vec<String> = roles.into_iter().collect();
        roles.sort_unstable();
        roles.dedup();
        Self {
            profile: Profile { kind, roles, scopes: None, is_account: false },
            id,
            verified: false,
            claims: BTreeMap::new(),
            user: BTreeMap::new(),
        }
    }
}
