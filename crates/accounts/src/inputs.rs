//! The body of an operation, read strictly: against the table, and telling every mistake at once.
//!
//! One place for all operations, so that none of them sees a value of another type than it names.
//! Whether somebody may do something never depends on what stands here.

use underpin_base::{Error, FieldError, Limits, Result, Secret, Timestamp};
use underpin_engine::App;
use underpin_plan::{Document, Object, decode_object, read_object};
use underpin_schema::{FieldCode, Scalar, Value};

use crate::people::PLACEHOLDER_DOMAIN;
use crate::{Input, InputKind, Operation};

/// Bytes of a password at most.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// Bytes of one text of a list at most.
const ITEM_BYTES_MAX: usize = 200;

/// What a client sent, by the names of the table.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    given: Vec<(&'static str, Given)>,
    /// Fields of the account model; mistakes in them are told with those that depend on the actor.
    pub(crate) fields: Document,
}

/// One value.
#[derive(Debug, Clone)]
enum Given {
    Text(String),
    Password(Secret<String>),
    Flag(bool),
    Texts(Vec<String>),
    Time(Option<Timestamp>),
    Object(String),
}

impl Inputs {
    /// Reads the body of `operation`.
    ///
    /// # Errors
    /// `INVALID_JSON`, `TOO_DEEP`, `TOO_MANY_ITEMS`, and `VALIDATION_ERROR` with every mistake.
    pub(crate) fn read(
        operation: &Operation,
        app: &App,
        body: &[u8],
        limits: &Limits,
    ) -> Result<Self> {
        let mut object =
            if body.is_empty() { Object::default() } else { read_object(body, limits)? };
        let mut errors = std::mem::take(&mut object.errors);
        if errors.iter().any(|error| error.path.is_empty()) {
            return Err(Error::validation(errors));
        }
        let mut inputs = Self::default();
        let named = operation.inputs.iter().filter(|input| input.kind != InputKind::AccountFields);
        for input in named {
            let place = object.members.iter().position(|(name, _)| name == input.name);
            match place.map(|place| object.members.remove(place)) {
                None if input.required && !twice(&errors, input.name) => {
                    errors.push(refusal(input.name, FieldCode::Required, "must be sent"));
                }
                None => {}
                Some((_, raw)) => match read_value(input, raw) {
                    Ok(given) => inputs.given.push((input.name, given)),
                    Err(error) => errors.push(error),
                },
            }
        }
        let fields = operation.inputs.iter().any(|input| input.kind == InputKind::AccountFields);
        match app.schema().account_model().filter(|_| fields) {
            Some(model) => inputs.fields = decode_object(app.schema(), model.id, object),
            None => errors.extend(object.members.iter().map(|(name, _)| {
                refusal(name, FieldCode::UnknownField, "is not taken by this operation")
            })),
        }
        if errors.is_empty() {
            return Ok(inputs);
        }
        errors.append(&mut inputs.fields.errors);
        Err(Error::validation(errors))
    }

    /// A text that may be missing.
    pub(crate) fn maybe(&self, name: &str) -> Option<&str> {
        match self.find(name)? {
            Given::Text(text) | Given::Object(text) => Some(text),
            Given::Password(_) | Given::Flag(_) | Given::Texts(_) | Given::Time(_) => None,
        }
    }

    /// A text that the table says is required.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.maybe(name).expect("invariant: the table requires it, so it was sent")
    }

    /// A password that may be missing.
    pub(crate) fn maybe_password(&self, name: &str) -> Option<&str> {
        match self.find(name)? {
            Given::Password(password) => Some(password.expose()),
            _ => None,
        }
    }

    /// A password that the table says is required.
    pub(crate) fn password(&self, name: &str) -> &str {
        self.maybe_password(name).expect("invariant: the table requires it, so it was sent")
    }

    /// A boolean; `false` where it is missing.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.find(name), Some(Given::Flag(true)))
    }

    /// A list of texts that may be missing.
    pub(crate) fn texts(&self, name: &str) -> Option<&[String]> {
        match self.find(name)? {
            Given::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// A time: `None` when it is missing, `Some(None)` when it is null.
    pub(crate) fn time(&self, name: &str) -> Option<Option<Timestamp>> {
        match self.find(name)? {
            Given::Time(time) => Some(*time),
            _ => None,
        }
    }

    fn find(&self, name: &str) -> Option<&Given> {
        self.given.iter().find(|(given, _)| *given == name).map(|(_, value)| value)
    }
}

fn twice(errors: &[FieldError], name: &str) -> bool {
    errors.iter().any(|error| error.path == name)
}

pub(crate) fn refusal(path: &str, code: FieldCode, message: &str) -> FieldError {
    FieldError { path: path.to_owned(), code: code.name(), message: message.to_owned() }
}

fn read_value(input: &Input, raw: &str) -> Result<Given, FieldError> {
    let refuse = |code, message: &str| refusal(input.name, code, message);
    if raw == "null" {
        return match input.kind {
            InputKind::Time => Ok(Given::Time(None)),
            _ => Err(refuse(FieldCode::NullNotAllowed, "must not be null")),
        };
    }
    match input.kind {
        InputKind::Text(bytes_max) => {
            text(input.name, raw, Scalar::String, bytes_max).map(Given::Text)
        }
        InputKind::Password => text(input.name, raw, Scalar::String, PASSWORD_BYTES_MAX)
            .map(|password| Given::Password(Secret::new(password))),
        InputKind::Email => email(input.name, raw).map(Given::Text),
        InputKind::Boolean => match raw {
            "true" => Ok(Given::Flag(true)),
            "false" => Ok(Given::Flag(false)),
            _ => Err(refuse(FieldCode::InvalidType, "must be true or false")),
        },
        InputKind::Texts(n_max) => texts(input.name, raw, n_max).map(Given::Texts),
        InputKind::Time => match Scalar::DateTime.parse_json(raw) {
            Ok(Value::DateTime(at)) => Ok(Given::Time(Some(Timestamp(at)))),
            Ok(_) => Err(refuse(FieldCode::InvalidType, "must be a time")),
            Err(error) => Err(refuse(error.code, &error.message)),
        },
        InputKind::Object if raw.starts_with('{') => Ok(Given::Object(raw.to_owned())),
        InputKind::Object => Err(refuse(FieldCode::InvalidType, "must be an object")),
        InputKind::AccountFields => unreachable!("invariant: it has no name of its own"),
    }
}

fn text(path: &str, raw: &str, scalar: Scalar, bytes_max: usize) -> Result<String, FieldError> {
    let refuse = |code, message: &str| refusal(path, code, message);
    let text = match scalar.parse_json(raw) {
        Ok(Value::Text(text)) => text,
        Ok(_) => return Err(refuse(FieldCode::InvalidType, "must be a string")),
        Err(error) => return Err(refuse(error.code, &error.message)),
    };
    if text.is_empty() {
        Err(refuse(FieldCode::TooShort, "must not be empty"))
    } else if text.len() > bytes_max {
        Err(refuse(FieldCode::TooLong, &format!("must have at most {bytes_max} bytes")))
    } else {
        Ok(text)
    }
}

/// An address in the one form in which accounts are told apart: without capital letters. Letters
/// beyond ASCII are refused, for many of them look like others.
fn email(path: &str, raw: &str) -> Result<String, FieldError> {
    let mut email = text(path, raw, Scalar::Email, 254)?;
    email.make_ascii_lowercase();
    if !email.is_ascii() || email.ends_with(PLACEHOLDER_DOMAIN) {
        return Err(refusal(path, FieldCode::InvalidFormat, "must be an e-mail address in ASCII"));
    }
    Ok(email)
}

fn texts(path: &str, raw: &str, n_max: usize) -> Result<Vec<String>, FieldError> {
    let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(raw)
        .map_err(|_| refusal(path, FieldCode::InvalidType, "must be a list of strings"))?;
    if items.len() > n_max {
        let message = format!("must have at most {n_max} items");
        return Err(refusal(path, FieldCode::TooLong, &message));
    }
    let read = |(at, item): (usize, &&serde_json::value::RawValue)| {
        text(&format!("{path}.{at}"), item.get(), Scalar::String, ITEM_BYTES_MAX)
    };
    items.iter().enumerate().map(read).collect()
}
