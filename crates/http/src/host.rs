//! Which hosts the server answers for.
//!
//! A page on a foreign name that resolves to this address must not reach the API with a browser's
//! help (DNS rebinding), and nothing may be made of a host the operator did not configure.

use std::net::SocketAddr;

use url::Url;

/// The hosts a server answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// Any: nothing is configured, and the server listens beyond the machine itself.
    Any,
    /// Names of the machine itself, with any port, and these.
    Loopback(Vec<String>),
    /// These, in lower case and without port.
    Listed(Vec<String>),
}

impl Hosts {
    pub(crate) fn new(
        public_url: Option<&Url>,
        hosts: &[String],
        addresses: &[SocketAddr],
    ) -> Self {
        let mut listed: Vec<String> = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        listed.extend(public_url.and_then(Url::host_str).map(str::to_ascii_lowercase));
        if addresses.iter().all(|address| address.ip().is_loopback()) {
            return Self::Loopback(listed);
        }
        if listed.is_empty() { Self::Any } else { Self::Listed(listed) }
    }

    /// Whether a request for `authority` (`host[:port]`) is for this server.
    pub(crate) fn answers_for(&self, authority: &str) -> bool {
        let host = without_port(authority);
        let is_listed = |listed: &[String]| listed.iter().any(|own| own.eq_ignore_ascii_case(host));
        match self {
            Self::Any => !host.is_empty(),
            Self::Loopback(listed) => is_loopback(host) || is_listed(listed),
            Self::Listed(listed) => is_listed(listed),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "[::1]") || host.eq_ignore_ascii_case("localhost")
}

/// `host:port` without its port; brackets of an IPv6 address stay.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(ip: [u8; 4]) -> [SocketAddr; 1] {
        [SocketAddr::from((ip, 80))]
    }

    #[test]
    fn on_the_machine_itself_only_its_own_names_are_answered() {
        let hosts = Hosts::new(None, &[], &addresses([127, 0, 0, 1]));
        for own in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "[::1]"] {
            assert!(hosts.answers_for(own), "{own}");
        }
        for foreign in ["evil.test", "localhost.evil.test", "127.0.0.1.nip.io:80", "", "::1"] {
            assert!(!hosts.answers_for(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_configured_server_answers_for_its_hosts_alone() {
        let url = Url::parse("https://API.example.com:8443").unwrap();
        let hosts = Hosts::new(Some(&url), &["Alt.example".to_owned()], &addresses([0; 4]));
        assert!(hosts.answers_for("api.example.com"));
        assert!(hosts.answers_for("api.example.com:8443"));
        assert!(hosts.answers_for("alt.example:1"));
        assert!(!hosts.answers_for("localhost"));
        assert!(!hosts.answers_for("example.com"));
    }

    #[test]
    fn an_open_server_without_configuration_answers_for_any_host() {
        let hosts = Hosts::new(None, &[], &addresses([0; 4]));
        assert!(hosts.answers_for("10.0.0.7:8080"));
        assert!(!hosts.answers_for(""));
    }
}
