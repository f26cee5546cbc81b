//! From a host to the addresses that may be connected to.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use crate::address::is_public;
use crate::error::Cause;
use crate::target::{Reach, Refusal, check};

/// Addresses of one host that are tried.
const ADDRESSES_MAX: usize = 8;

/// Who knows the addresses of names.
#[derive(Clone)]
pub(crate) enum Names {
    /// The system's resolver.
    System,
    /// A test's own.
    #[cfg(test)]
    Test(Answers),
}

/// What a test's resolver answers for a name.
#[cfg(test)]
pub(crate) type Answers = std::sync::Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// The addresses of the URL's host, each of which `reach` allows.
///
/// One address that is not allowed refuses the host: a name that stands for an inner address too is
/// a trap, or a mistake.
pub(crate) async fn resolve(
    names: &Names,
    url: &Url,
    reach: Reach,
) -> Result<Vec<SocketAddr>, Cause> {
    check(url, reach).map_err(Cause::Refused)?;
    let unreadable = Cause::Refused(Refusal::Unreadable);
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
        return Err(unreadable);
    };
    let mut addresses = match host {
        Host::Ipv4(address) => vec![IpAddr::V4(address)],
        Host::Ipv6(address) => vec![IpAddr::V6(address)],
        Host::Domain(name) => names.look_up(name, port).await?,
    };
    if addresses.is_empty() {
        return Err(Cause::NoAddress);
    }
    let has_tls = url.scheme() == "https";
    let is_allowed = |address: &IpAddr| match reach {
        Reach::Public => is_public(*address),
        Reach::Any => has_tls || address.is_loopback(),
    };
    if !addresses.iter().all(is_allowed) {
        return Err(Cause::Refused(match reach {
            Reach::Public => Refusal::InnerAddress,
            Reach::Any => Refusal::Insecure,
        }));
    }
    addresses.truncate(ADDRESSES_MAX);
    Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

impl Names {
    async fn look_up(&self, name: &str, port: u16) -> Result<Vec<IpAddr>, Cause> {
        match self {
            Self::System => {
                let found = tokio::net::lookup_host((name, port)).await.map_err(Cause::Resolve)?;
                let mut addresses: Vec<IpAddr> = Vec::new();
                for address in found.map(|address| address.ip()) {
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
                Ok(addresses)
            }
            #[cfg(test)]
            Self::Test(answer) => Ok(answer(name)),
        }
    }
}
