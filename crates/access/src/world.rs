//! The small world of one file of tests: its rows, by names, and what is known of its actors.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use underpin_plan::{Actor, Document};
use underpin_schema::{FieldKind, IdKind, Model, ModelId, Scalar, Schema, Value};

/// Rows and who is among them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct World {
    pub(crate) rows: Vec<Row>,
    /// The places of rows by model and name.
    pub(crate) names: HashMap<(ModelId, String), usize>,
    /// What is known of accounts beside their rows, by the place of the row.
    pub(crate) accounts: HashMap<usize, AccountFacts>,
    /// What time it is there, in microseconds since 1970; the machine's time where it does not say.
    pub(crate) now: Option<i64>,
    /// Whether there are rows that nobody described: whatever has the form of a key is one.
    pub(crate) is_open: bool,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) model: ModelId,
    pub(crate) name: String,
    pub(crate) key: Value,
    /// The key among its fields.
    pub(crate) document: Document,
    /// Where the name stands.
    pub(crate) span: Range<usize>,
}

/// What is known of an account beside its row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AccountFacts {
    pub(crate) verified: bool,
    pub(crate) roles: Vec<String>,
    pub(crate) claims: BTreeMap<String, String>,
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    Anonymous,
    /// The account of the row in this place.
    User(usize, AccountFacts),
    /// An API key: of a user, or of nobody's account with roles of its own.
    Key(Box<KeyFacts>),
}

/// What is known of an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyFacts {
    pub(crate) owner: Owner,
    /// What it is narrowed to, if anything.
    pub(crate) scopes: Option<Vec<String>>,
}

/// Whose key it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// That of the account of the row in this place.
    User(usize, AccountFacts),
    /// A service account with these roles.
    Roles(Vec<String>),
}

impl Who {
    /// The row of the account model that they are or act for.
    pub(crate) fn account(&self) -> Option<usize> {
        match self {
            Self::Anonymous => None,
            Self::User(row, _) => Some(*row),
            Self::Key(key) => match key.owner {
                Owner::User(row, _) => Some(row),
                Owner::Roles(_) => None,
            },
        }
    }

    /// Somebody with a role, and no account.
    pub(crate) fn role(name: String) -> Self {
        Self::Key(Box::new(KeyFacts { owner: Owner::Roles(vec![name]), scopes: None }))
    }
}

impl World {
    /// The row of this name, or with this key in its text form.
    pub(crate) fn find(&self, schema: &Schema, model: ModelId, text: &str) -> Option<usize> {
        let named = self.names.get(&(model, text.to_owned())).copied();
        named.or_else(|| {
            let key = key_scalar(schema.model(model)).parse_text(text).ok()?;
            self.with_key(model, &key)
        })
    }

    /// The row with this key.
    pub(crate) fn with_key(&self, model: ModelId, key: &Value) -> Option<usize> {
        self.rows.iter().position(|row| row.model == model && row.key == *key)
    }

    /// The names of a model's rows.
    pub(crate) fn names_of(&self, model: ModelId) -> impl Iterator<Item = &str> {
        let rows = self.rows.iter().filter(move |row| row.model == model);
        rows.map(|row| row.name.as_str())
    }

    /// The name of the row with this key.
    pub(crate) fn name_of(&self, model: ModelId, key: &Value) -> Option<&str> {
        self.with_key(model, key).map(|place| self.rows[place].name.as_str())
    }

    /// The words for somebody.
    pub(crate) fn label(&self, who: &Who) -> String {
        match who {
            Who::Anonymous => "anonymous".to_owned(),
            Who::User(row, _) => self.rows[*row].name.clone(),
            Who::Key(key) => {
                let owner = match &key.owner {
                    Owner::User(row, _) => format!("key of {}", self.rows[*row].name),
                    Owner::Roles(roles) if roles.is_empty() => "a key".to_owned(),
                    Owner::Roles(roles) => format!("role {}", roles.join("+")),
                };
                match &key.scopes {
                    Some(scopes) => format!("{owner} [{}]", scopes.join(", ")),
                    None => owner,
                }
            }
        }
    }

    /// Somebody as the engine knows them, but for the fields of their own row.
    pub(crate) fn actor(&self, who: &Who) -> Actor {
        match who {
            Who::Anonymous => Actor::anonymous(),
            Who::User(row, facts) => self.user(*row, facts),
            Who::Key(key) => {
                let owner = match &key.owner {
                    Owner::User(row, facts) => self.user(*row, facts),
                    Owner::Roles(roles) => Actor::key(roles.iter().cloned()),
                };
                match &key.scopes {
                    Some(scopes) => owner.as_key(scopes.clone()),
                    None => owner.as_unscoped_key(),
                }
            }
        }
    }

    fn user(&self, row: usize, facts: &AccountFacts) -> Actor {
        Actor {
            verified: facts.verified,
            claims: facts.claims.clone(),
            ..Actor::user(self.rows[row].key.clone(), facts.roles.iter().cloned())
        }
    }
}

/// The type of a model's key.
pub(crate) fn key_scalar(model: &Model) -> Scalar {
    match model.key_field().kind {
        FieldKind::Scalar(scalar) => scalar,
        _ => Scalar::Id(IdKind::String),
    }
}

/// A value as text.
pub(crate) fn text_of(scalar: Scalar, value: &Value) -> String {
    let mut text = Vec::new();
    scalar.write_text(value, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
