//! A certified provider of logins, as a process, and a browser that logs in there.
//!
//! The provider is `tests/oidc/server.mjs`, over the npm package `oidc-provider`; `cargo xtask test`
//! installs it and names the folder in a variable. Tests that need it are the only ones that
//! `cargo test` passes over.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use url::{Position, Url, form_urlencoded};

use crate::wire::{Wire, WireAnswer};

/// The variable that names the folder with `server.mjs` and `node_modules`.
const FOLDER_VARIABLE: &str = "UNDERPIN_OIDC_PROVIDER";

/// Pages and redirects that a login takes at most.
const STEPS_MAX: usize = 20;

/// A provider on a port of its own. Ends when it is dropped.
#[derive(Debug)]
pub struct CertifiedProvider {
    issuer: String,
    process: Child,
}

impl CertifiedProvider {
    /// Starts a provider whose clients may send browsers back to these addresses.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    #[must_use]
    pub fn start(redirect_uris: &[&str]) -> Self {
        let folder = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
        let folder = folder.expect("the provider is installed by `cargo xtask test`");
        let mut process = Command::new("node")
            .arg("server.mjs")
            .args(redirect_uris)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let output = process.stdout.take().expect("invariant: it is piped");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("the provider says where it is");
        let said: Value = serde_json::from_str(&line).expect("the provider says JSON");
        let issuer = said["issuer"].as_str().expect("the provider names its issuer").to_owned();
        Self { issuer, process }
    }

    /// The issuer, as it is to be configured.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl Drop for CertifiedProvider {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What a person does on the provider's pages.
#[derive(Debug, Clone, Copy)]
enum Person<'a> {
    LogsIn(&'a str),
    Declines,
}

/// A browser: keeps cookies, follows redirects, fills in forms.
#[derive(Debug, Default)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A browser without cookies.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the provider's page at `url`, logs in as `user`, consents, and returns where the
    /// provider sends the browser then. Whoever is logged in already is not asked again.
    ///
    /// # Panics
    /// When the provider shows anything else.
    #[track_caller]
    pub fn log_in(&mut self, url: &str, user: &str) -> String {
        self.walk(url, Person::LogsIn(user))
    }

    /// Opens the provider's page at `url`, declines, and returns where the provider sends the
    /// browser then.
    ///
    /// # Panics
    /// When the provider shows anything else.
    #[track_caller]
    pub fn decline(&mut self, url: &str) -> String {
        self.walk(url, Person::Declines)
    }

    #[track_caller]
    fn walk(&mut self, url: &str, person: Person<'_>) -> String {
        let mut url = Url::parse(url).expect("a URL");
        let origin = url.origin();
        let mut form = None;
        for _ in 0..STEPS_MAX {
            let answer = self.ask(&url, form.take());
            if let Some(location) = answer.header("location") {
                url = url.join(location).expect("a redirect leads to a URL");
                if url.origin() != origin {
                    return url.into();
                }
                continue;
            }
            let page = String::from_utf8_lossy(&answer.body).into_owned();
            assert_eq!(answer.status, 200, "{url}: {page}");
            match person {
                Person::Declines => url = url.join(&abort_link(&page)).expect("a link"),
                Person::LogsIn(user) => form = Some(fill_in(&page, user)),
            }
        }
        panic!("the provider does not send the browser back: {url}");
    }

    fn ask(&mut self, url: &Url, form: Option<String>) -> WireAnswer {
        let addresses = url.socket_addrs(|| None).expect("the provider has an address");
        let target = &url[Position::BeforePath..Position::AfterQuery];
        let host = &url[Position::BeforeHost..Position::AfterPort];
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let (method, body) = match form {
            Some(form) => ("POST", form),
            None => ("GET", String::new()),
        };
        let length = body.len();
        let mut wire = Wire::connect(addresses[0]);
        wire.send(format!(
            "{method} {target} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookies}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        ));
        let answer = wire.answer();
        let lines = answer.headers.iter();
        for (_, line) in lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let pair = line.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie has a value");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

/// The fields of the page's form, filled in.
#[track_caller]
fn fill_in(page: &str, user: &str) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    if page.contains(r#"name="prompt" value="login""#) {
        form.append_pair("prompt", "login");
        form.append_pair("login", user).append_pair("password", "any");
    } else if page.contains(r#"name="prompt" value="consent""#) {
        form.append_pair("prompt", "consent");
    } else {
        panic!("neither login nor consent: {page}");
    }
    form.finish()
}

/// Where the page's link "Cancel" leads.
#[track_caller]
fn abort_link(page: &str) -> String {
    let links = page.split(r#"href=""#).skip(1).filter_map(|rest| rest.split('"').next());
    let mut aborts = links.filter(|link| link.ends_with("/abort"));
    aborts.next().expect("the page has a link to cancel").to_owned()
}
