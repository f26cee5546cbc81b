//! The types a key may have: how each is read from text, and how the reference describes it.

mod web;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use underpin_base::Secret;
use underpin_limiter::{Cidr, Quota};
use underpin_mail::{Security, Sender};
use url::Url;

pub use web::{Links, Origins, Urls};

/// What values a key takes, for messages, the reference page and the JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text of a form that `form` describes in a few words.
    Text {
        /// As in "expects …".
        form: &'static str,
    },
    /// A whole number that is not negative.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Text that nobody is shown, not even in a message that it is wrong.
    Secret,
}

/// A type of a key.
pub(crate) trait Setting: Sized {
    /// What values it takes.
    const KIND: Kind;

    /// A value that shows the form, for types whose keys have no default.
    const EXAMPLE: &'static str = "";

    /// Reads a value.
    ///
    /// # Errors
    /// Says what is expected, beginning with a verb.
    fn parse(text: &str) -> Result<Self, String>;
}

macro_rules! integers {
    ($($type:ty),+) => {$(
        impl Setting for $type {
            const KIND: Kind = Kind::Integer;

            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| "expects a whole number".to_owned())
            }
        }
    )+};
}

integers!(u16, u32, usize);

impl Setting for bool {
    const KIND: Kind = Kind::Boolean;

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| expects(Self::KIND))
    }
}

impl Setting for String {
    const KIND: Kind = Kind::Text { form: "text" };

    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() { Err(expects(Self::KIND)) } else { Ok(text.to_owned()) }
    }
}

macro_rules! choice {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident = $word:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $variant_doc])+ $variant,)+
        }

        impl Setting for $name {
            const KIND: Kind = Kind::Choice(&[$($word,)+]);

            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("expects {}", one_of(&[$($word,)+]))),
                }
            }
        }
    };
}

choice! {
    /// How a line of the log is written.
    LogFormat {
        /// Text on a terminal, JSON anywhere else.
        Auto = "auto",
        /// For people.
        Text = "text",
        /// One object a line.
        Json = "json",
    }
}

choice! {
    /// The least severe lines that are logged.
    LogLevel {
        /// What needs somebody's attention.
        Error = "error",
        /// What will need it.
        Warn = "warn",
        /// One line a request, and what the server does by itself.
        Info = "info",
        /// Why it did so.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

choice! {
    /// Whether an e-mail address must be proved before its account can be used.
    VerificationMode {
        /// Nobody logs in before.
        Required = "required",
        /// Registering logs in at once.
        Optional = "optional",
    }
}

choice! {
    /// Who may make an account.
    RegistrationMode {
        /// Anybody.
        Open = "open",
        /// Nobody but those who may invite.
        Closed = "closed",
    }
}

choice! {
    /// A provider of logins whose peculiarities are known.
    PresetName {
        /// None of them.
        None = "none",
        /// GitHub, and GitHub Enterprise Server.
        GitHub = "github",
        /// Google.
        Google = "google",
        /// Microsoft Entra ID.
        Microsoft = "microsoft",
        /// Sign in with Apple.
        Apple = "apple",
    }
}

impl LogLevel {
    /// The level in the terms of `tracing`.
    #[must_use]
    pub const fn tracing(self) -> tracing::Level {
        match self {
            Self::Error => tracing::Level::ERROR,
            Self::Warn => tracing::Level::WARN,
            Self::Info => tracing::Level::INFO,
            Self::Debug => tracing::Level::DEBUG,
            Self::Trace => tracing::Level::TRACE,
        }
    }
}

choice! {
    /// How the connection to the mail server is kept secret.
    SmtpSecurity {
        /// By the port and the host.
        Auto = "auto",
        /// Encrypted from the first byte.
        Tls = "tls",
        /// Encrypted before anything that matters is said.
        StartTls = "starttls",
        /// Not at all.
        None = "none",
    }
}

impl SmtpSecurity {
    /// In the terms of the mail room; `None` leaves it to that room.
    pub(crate) const fn chosen(self) -> Option<Security> {
        match self {
            Self::Auto => None,
            Self::Tls => Some(Security::Tls),
            Self::StartTls => Some(Security::StartTls),
            Self::None => Some(Security::None),
        }
    }
}

impl Setting for Option<Secret<String>> {
    const KIND: Kind = Kind::Secret;

    fn parse(text: &str) -> Result<Self, String> {
        Ok((!text.is_empty()).then(|| Secret::new(text.to_owned())))
    }
}

/// The name of another machine, or its address, without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for Option<HostName> {
    const KIND: Kind = Kind::Text { form: "a host, as `smtp.example.com`" };
    const EXAMPLE: &'static str = "smtp.example.com";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let is_address = text.parse::<IpAddr>().is_ok();
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !is_address && !text.chars().all(is_part) {
            return Err(expects(Self::KIND));
        }
        Ok(Some(HostName(text.to_owned())))
    }
}

impl Setting for Option<Sender> {
    const KIND: Kind = Kind::Text { form: "an address, as `The Shop <no-reply@example.com>`" };
    const EXAMPLE: &'static str = "The Shop <no-reply@example.com>";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(None);
        }
        Sender::parse(text).map(Some).map_err(|_| expects(Self::KIND))
    }
}

impl Setting for Option<PathBuf> {
    const KIND: Kind = Kind::Text { form: "the path of a file" };
    const EXAMPLE: &'static str = "/run/secrets/smtp";

    fn parse(text: &str) -> Result<Self, String> {
        Ok((!text.is_empty()).then(|| PathBuf::from(text)))
    }
}

impl Setting for Option<String> {
    const KIND: Kind = Kind::Text { form: "a name" };
    const EXAMPLE: &'static str = "shop";

    fn parse(text: &str) -> Result<Self, String> {
        if text.chars().any(char::is_control) {
            return Err(expects(Self::KIND));
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }
}

impl Setting for SocketAddr {
    const KIND: Kind = Kind::Text { form: "an IP address and a port, as `127.0.0.1:8080`" };

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| expects(Self::KIND))
    }
}

/// The URL of this server as clients write it: a scheme, a host, maybe a port, no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The URL, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for Option<PublicUrl> {
    const KIND: Kind = Kind::Text { form: "an origin, as `https://api.example.com`" };
    const EXAMPLE: &'static str = "https://api.example.com";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let url = Url::parse(text).map_err(|_| expects(Self::KIND))?;
        let origin = url.origin().ascii_serialization();
        let plain = url.username().is_empty() && url.password().is_none();
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !plain || !bare {
            return Err(expects(Self::KIND));
        }
        Ok(Some(PublicUrl(origin)))
    }
}

impl Setting for Quota {
    const KIND: Kind = Kind::Text {
        form: "an amount and a window, as `600/min`, `20/15min` or `10/s burst 30`, or `unlimited`",
    };

    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

/// Networks of IP addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks(Vec<Cidr>);

impl Networks {
    /// Them, in the order written.
    #[must_use]
    pub fn as_slice(&self) -> &[Cidr] {
        &self.0
    }
}

impl Setting for Networks {
    const KIND: Kind = Kind::Text {
        form: "IP addresses and networks with commas between, as `10.0.0.0/8, fd00::/8`",
    };
    const EXAMPLE: &'static str = "10.0.0.0/8, fd00::/8";

    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self(Vec::new()));
        }
        text.split(',').map(|part| part.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

/// Where the database is. Only SQLite files so far, so a URL is a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUrl(PathBuf);

impl DatabaseUrl {
    /// The database in the file at `path`.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The path of the file as written, which may be relative to the project's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite:{}", self.0.display())
    }
}

impl Setting for DatabaseUrl {
    const KIND: Kind = Kind::Text { form: "`sqlite:` and a path, as `sqlite:data/app.db`" };

    fn parse(text: &str) -> Result<Self, String> {
        let (scheme, path) = text.split_once(':').unwrap_or(("", text));
        if scheme != "sqlite" {
            let elsewhere = ["postgres", "postgresql", "cockroachdb", "mysql", "mariadb", "libsql"];
            let expected = expects(Self::KIND);
            return Err(if elsewhere.contains(&scheme) {
                format!("names a `{scheme}` database, but this version serves SQLite; {expected}")
            } else {
                expected
            });
        }
        if path.starts_with(":memory:") {
            return Err("names a database in memory, which would not outlive the process; \
                        name a file"
                .to_owned());
        }
        // `sqlite:///srv/app.db` is how other tools write an absolute path.
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains(['?', '#', '\0']) {
            return Err(expects(Self::KIND));
        }
        Ok(Self(PathBuf::from(path)))
    }
}

/// "expects …" for a kind.
pub(crate) fn expects(kind: Kind) -> String {
    match kind {
        Kind::Text { form } => format!("expects {form}"),
        Kind::Boolean => "expects `true` or `false`".to_owned(),
        Kind::Integer => "expects a whole number".to_owned(),
        Kind::Choice(words) => format!("expects {}", one_of(words)),
        Kind::Secret => "expects text".to_owned(),
    }
}

/// "`a`, `b` or `c`".
fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, needle: &str) {
        let message = DatabaseUrl::parse(text).expect_err("refused");
        assert!(message.contains(needle), "{message}");
    }

    #[test]
    fn a_database_url_is_a_path_with_a_scheme() {
        let path = |text| DatabaseUrl::parse(text).map(|url| url.path().to_owned());
        assert_eq!(path("sqlite:data/app.db"), Ok(PathBuf::from("data/app.db")));
        assert_eq!(path("sqlite:/srv/app.db"), Ok(PathBuf::from("/srv/app.db")));
        assert_eq!(path("sqlite:///srv/app.db"), Ok(PathBuf::from("/srv/app.db")));
    }

    #[test]
    fn another_database_is_refused_by_name() {
        refused("postgres://db/shop", "this version serves SQLite");
        refused("sqlite::memory:", "in memory");
        refused("sqlite:", "expects `sqlite:` and a path");
        refused("sqlite:a.db?mode=ro", "expects `sqlite:` and a path");
        refused("data/app.db", "expects `sqlite:` and a path");
    }

    #[test]
    fn trusted_networks_are_a_list() {
        let networks = Networks::parse(" 10.0.0.0/8,fd00::/8 , 192.0.2.1").expect("networks");
        let shown: Vec<String> = networks.as_slice().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.0/8", "fd00::/8", "192.0.2.1/32"]);
        assert_eq!(Networks::parse(""), Ok(Networks(Vec::new())));
        for wrong in ["10.0.0.0/8,", "*", "10.0.0.0/8 fd00::/8", "proxy.example.com"] {
            let error = Networks::parse(wrong).expect_err(wrong);
            assert!(error.starts_with("expects an IP address or a network"), "{error}");
        }
    }

    #[test]
    fn a_public_url_is_an_origin() {
        let parse = <Option<PublicUrl>>::parse;
        assert_eq!(parse(""), Ok(None));
        let url = parse("https://api.example.com/").expect("an origin").expect("some");
        assert_eq!(url.as_str(), "https://api.example.com");
        for wrong in ["api.example.com", "ftp://a", "https://a/b", "https://u:p@a", "https://a?b"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
