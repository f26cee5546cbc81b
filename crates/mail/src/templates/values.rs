//! The values of one mail, made ready for its templates.

use std::collections::BTreeMap;
use std::net::IpAddr;

use minijinja::Value;
use underpin_base::{Secret, Timestamp};

use crate::{Kind, Variable, cleaning};

/// Characters of a browser's name that are shown.
const AGENT_CHARACTERS_MAX: usize = 120;

/// Values by name.
pub(super) type Context = BTreeMap<&'static str, Value>;

/// What a mail shows. Each kind of mail needs those of [`Kind::variables`].
#[derive(Debug, Clone)]
pub struct Values {
    email: Secret<String>,
    link: Option<Secret<String>>,
    code: Option<Secret<String>>,
    minutes: Option<u32>,
    ip: String,
    agent: String,
    at: Option<Timestamp>,
}

/// Values that are complete for a kind.
pub(super) struct Ready {
    pub(super) email: String,
    pub(super) context: Context,
}

impl Values {
    /// The values of a mail to this address.
    #[must_use]
    pub fn to(email: &str) -> Self {
        Self {
            email: Secret::new(email.to_owned()),
            link: None,
            code: None,
            minutes: None,
            ip: String::new(),
            agent: String::new(),
            at: None,
        }
    }

    /// With a link that is good for so many minutes.
    #[must_use]
    pub fn with_link(mut self, link: Secret<String>, minutes: u32) -> Self {
        (self.link, self.minutes) = (Some(link), Some(minutes));
        self
    }

    /// With a code that is good for so many minutes.
    #[must_use]
    pub fn with_code(mut self, code: Secret<String>, minutes: u32) -> Self {
        (self.code, self.minutes) = (Some(code), Some(minutes));
        self
    }

    /// When it was asked for, or happened.
    #[must_use]
    pub fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }

    /// Who asked for it, where that is known. The agent is shortened and kept to one line.
    #[must_use]
    pub fn asked_by(mut self, ip: Option<IpAddr>, agent: Option<&str>) -> Self {
        self.ip = ip.map(|ip| ip.to_string()).unwrap_or_default();
        self.agent = cleaning::line(agent.unwrap_or_default(), AGENT_CHARACTERS_MAX);
        self
    }

    /// The values that the templates of `kind` may show, or the one that is missing.
    pub(super) fn of(&self, kind: Kind, app: &str) -> Result<Ready, Variable> {
        let secret = |value: &Option<Secret<String>>| {
            value.as_ref().map(|value| Value::from(value.expose().as_str()))
        };
        let mut context = Context::new();
        for variable in kind.variables() {
            let value = match variable {
                Variable::App => Some(Value::from(app)),
                Variable::Email => Some(Value::from(self.email.expose().as_str())),
                Variable::Link => secret(&self.link),
                Variable::Code => secret(&self.code),
                Variable::Minutes => self.minutes.map(Value::from),
                Variable::Ip => Some(Value::from(self.ip.as_str())),
                Variable::Agent => Some(Value::from(self.agent.as_str())),
                Variable::At => self.at.map(|at| Value::from(shown(at))),
            };
            context.insert(variable.name(), value.ok_or(*variable)?);
        }
        Ok(Ready { email: self.email.expose().clone(), context })
    }
}

/// `2026-11-20 19:30 UTC`
fn shown(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
