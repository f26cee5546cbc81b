//! How a deployment runs: `underpin.toml`, below the environment, below the flags.
//!
//! One file a section, one line a key: the line gives the key its type, default, bounds and text,
//! and the reference page, the JSON Schema and `.env.example` are made from it. Reading never
//! stops at the first mistake; a [`ConfigError`] holds them all, each with its place. This is the
//! only place of the product that looks at the environment.

mod auth;
mod database;
mod limits;
mod log;
mod mail;
mod masking;
mod oauth;
mod problem;
mod read;
pub mod reference;
mod section;
mod server;
mod tiers;
mod value;

use underpin_base::Limits;
use underpin_schema::Schema;

pub use auth::{Auth, AuthSecret};
pub use database::Database;
pub use log::Log;
pub use mail::Mail;
pub use oauth::{Oauth, OauthKeys, OauthProvider};
pub use problem::{ConfigError, Place, Problem};
pub use read::{Override, environment};
pub use server::Server;
pub use tiers::{Kinds, RoleTier, Tiers};
pub use value::{
    DatabaseUrl, HostName, Links, LogFormat, LogLevel, Networks, Origins, PresetName, PublicUrl,
    RegistrationMode, SmtpSecurity, Urls, VerificationMode,
};

/// Name of the configuration file in a project.
pub const FILE_NAME: &str = "underpin.toml";

/// What every name of ours in the environment begins with.
pub const ENV_PREFIX: &str = "UNDERPIN_";

/// The configuration of one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[database]`.
    pub database: Database,
    /// `[auth]`.
    pub auth: Auth,
    /// `[oauth.NAME]`.
    pub oauth: Oauth,
    /// `[limits]`.
    pub limits: Limits,
    /// `[tiers]`.
    pub tiers: Tiers,
    /// `[mail]`.
    pub mail: Mail,
    /// `[log]`.
    pub log: Log,
    /// Whether anybody named the database; `dev` picks one of its own otherwise.
    pub database_chosen: bool,
}

impl Config {
    /// Reads the text of `underpin.toml`, then `environment`, then `flags`; later ones win.
    ///
    /// `path` is the file's name in messages. `environment` holds names and values as the process
    /// got them; names that do not begin with [`ENV_PREFIX`] are not ours and are passed over.
    ///
    /// # Errors
    /// Every mistake at once: unknown sections and keys with the nearest name, values of the wrong
    /// type or out of bounds, keys that contradict each other.
    pub fn read(
        path: &str,
        text: &str,
        environment: &[(String, String)],
        flags: &[Override],
    ) -> Result<Self, ConfigError> {
        let mut reading = read::Reading::default();
        reading.file(text);
        reading.environment(environment);
        reading.flags(flags);
        reading.finish(path, text)
    }

    /// Holds what the configuration says of roles against those of `schema`. `path` and `text` are
    /// what it was read from.
    ///
    /// # Errors
    /// A mistake for each tier of a role that the schema does not have, with the nearest name.
    pub fn check_roles(&self, path: &str, text: &str, schema: &Schema) -> Result<(), ConfigError> {
        let problems = self.tiers.unknown_roles(schema);
        if problems.is_empty() {
            return Ok(());
        }
        Err(ConfigError::new(path, text, problems))
    }
}

/// Reads a database URL as `[database] url` would be.
///
/// # Errors
/// Says what is expected, beginning with a verb.
pub fn parse_database_url(text: &str) -> Result<DatabaseUrl, String> {
    value::Setting::parse(text)
}
