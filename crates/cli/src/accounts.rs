//! What the accounts of a deployment run with: how they behave, and the secret of the installation.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use underpin_accounts::{Options, Registration, Settings, Verification};
use underpin_credentials::passkey::RelyingParty;
use underpin_credentials::{Keys, MasterSecret};
use url::Url;

use crate::config::{Auth, Config, RegistrationMode, VerificationMode};
use crate::exit::Failure;

/// What follows the name of a database in that of the file with its secret.
const SECRET_SUFFIX: &str = ".secret";

/// Where the pages of this server for accounts are, below its URL.
const PAGES: &str = "/auth";

/// What accounts run with that are reached at `url` and kept in the database at `path`. What else
/// stands in `options` stays.
pub(crate) fn options(
    options: Options,
    config: &Config,
    path: &Path,
    url: &str,
) -> Result<Options, Failure> {
    let keys = match options.keys {
        Some(keys) => keys,
        None => Arc::new(keys(&config.auth, path)?),
    };
    let settings = settings(config, url);
    let relying_party = relying_party(&config.auth, &settings).map(Arc::new);
    let providers = config.oauth.configs();
    Ok(Options { settings, keys: Some(keys), relying_party, providers, ..options })
}

/// The file with the secret of the database at `path`.
pub(crate) fn secret_file(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SECRET_SUFFIX);
    PathBuf::from(name)
}

/// The page where the first administrator is made, by a token that is good once.
pub(crate) fn setup_link(url: &str, token: &str) -> String {
    format!("{url}{PAGES}/#setup={token}")
}

/// The keys of the installation, from its secret.
pub(crate) fn keys(auth: &Auth, path: &Path) -> Result<Keys, Failure> {
    let secret = match &auth.secret {
        Some(secret) => secret.master(),
        None => MasterSecret::load_or_create(&secret_file(path)).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            Failure::usage(format!("{error}{}", cause.unwrap_or_default()))
                .with_help("or set the secret by `[auth] secret`, best in the environment")
        })?,
    };
    Ok(Keys::derive(&secret))
}

/// The server as passkeys know it: the host of its URL, and the pages there and below that may use
/// them. `None` where browsers have no passkeys, as at an address without a name.
fn relying_party(auth: &Auth, settings: &Settings) -> Option<RelyingParty> {
    let url = Url::parse(&settings.public_url).ok()?;
    let id = url.host_str()?;
    let party = |origins| RelyingParty::new(id, settings.app_name.as_str(), origins).ok();
    let own = url.origin().ascii_serialization();
    let others = auth.allowed_origins.as_slice().iter().cloned();
    let origins = std::iter::once(own).chain(others);
    party(origins.filter(|origin| party(vec![origin.clone()]).is_some()).collect())
}

fn settings(config: &Config, url: &str) -> Settings {
    let auth = &config.auth;
    let links = auth.links_url.as_ref().map(|links| links.as_str().to_owned());
    Settings {
        verification: match auth.verification {
            VerificationMode::Required => Verification::Required,
            VerificationMode::Optional => Verification::Optional,
        },
        registration: match auth.registration {
            RegistrationMode::Open => Registration::Open,
            RegistrationMode::Closed => Registration::Closed,
        },
        anonymous: auth.anonymous,
        session_days: auth.session_days,
        idle_days: auth.idle_days,
        access_minutes: auth.access_minutes,
        grace_seconds: auth.grace_seconds,
        password_min: auth.password_min,
        hash_permits: auth.hash_permits,
        issuer: auth.issuer.clone().unwrap_or_else(|| url.to_owned()),
        audience: auth.audience.clone(),
        links: links.unwrap_or_else(|| format!("{url}{PAGES}")),
        app_name: config.mail.app_name.clone().unwrap_or_else(|| "Underpin".to_owned()),
        public_url: url.to_owned(),
        allowed_redirects: auth.allowed_redirects.as_slice().to_vec(),
        audit_days: auth.audit_days,
        ..Settings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        Config::read("underpin.toml", text, &[], &[]).unwrap()
    }

    #[test]
    fn a_configuration_that_says_nothing_is_that_of_the_room() {
        let settings = settings(&read(""), "http://localhost:8080");
        let theirs = Settings {
            issuer: "http://localhost:8080".to_owned(),
            links: "http://localhost:8080/auth".to_owned(),
            ..Settings::default()
        };
        assert_eq!(settings, theirs);
    }

    #[test]
    fn passkeys_are_for_the_pages_of_the_host_and_below_it() {
        let config =
            read("[auth]\nallowed_origins = \"https://app.shop.example, https://other.example\"");
        let party = |url: &str| {
            let party = relying_party(&config.auth, &settings(&config, url))?;
            Some(format!("{party:?}"))
        };
        let text = party("https://shop.example").unwrap();
        assert!(text.contains("https://app.shop.example"), "{text}");
        assert!(text.contains("\"https://shop.example\""), "{text}");
        assert!(!text.contains("other"), "{text}");
        assert!(party("http://localhost:8080").is_some());
        assert!(party("http://127.0.0.1:8080").is_none());
    }

    #[test]
    fn the_secret_of_a_database_lies_beside_it_and_stays_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.db");
        let check = || keys(&Auth::default(), &path).unwrap().check_value();
        let first = check();
        assert!(dir.path().join("app.db.secret").is_file());
        assert_eq!(check(), first);
        let config = read("[auth]\nsecret = \"kZ8vQ2mR7tY4uI1oP6aS3dF9gH0jK5lZ\"");
        assert_ne!(keys(&config.auth, &path).unwrap().check_value(), first);
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.db");
        keys(&Auth::default(), &path).unwrap();
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(secret_file(&path), open).unwrap();
        let failure = keys(&Auth::default(), &path).unwrap_err();
        assert!(failure.message().contains("other users"), "{}", failure.message());
    }
}
