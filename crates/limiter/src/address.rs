//! Whom an address stands for, and which address is the client's behind proxies.

use std::net::{IpAddr, SocketAddr};

use crate::Cidr;

/// Whoever an address stands for: an IPv4 address, or the first 64 bits of an IPv6 address.
///
/// A host on IPv6 has a whole /64 to itself (RFC 4291, section 2.5.4) and may take another address
/// of it for each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressKey(Key);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    V4(u32),
    V6(u64),
}

impl AddressKey {
    /// Whoever `address` stands for. An IPv4 address mapped into IPv6 counts as itself.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => Key::V4(address.to_bits()),
            IpAddr::V6(address) => Key::V6((address.to_bits() >> 64) as u64),
        })
    }
}

/// Hops that are followed at most.
const HOPS_MAX: usize = 10;

/// The address of the client that `peer` speaks for.
///
/// `forwarded_for` holds the values of `X-Forwarded-For` in the order of their lines. They are
/// believed only when `peer` is of a `trusted` network, and only as far as such addresses go: each
/// proxy appends whom it heard from, so the first from the right that is not trusted is the last
/// that nobody could invent. When that cannot be found among the last ten entries, or an entry on
/// the way is not an address, it is `peer`.
///
/// IPv4 addresses mapped into IPv6 come back as themselves.
#[must_use]
pub fn client_address<'a>(
    peer: IpAddr,
    forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[Cidr],
) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return peer;
    }
    let mut furthest = peer;
    for (n, hop) in forwarded_for.rev().flat_map(|value| value.rsplit(',')).enumerate() {
        if n == HOPS_MAX {
            return peer;
        }
        let Some(address) = parse_hop(hop.trim_matches([' ', '\t'])) else { return peer };
        if !is_trusted(address) {
            return address;
        }
        furthest = address;
    }
    furthest
}

/// An address, or one with a port: `192.0.2.1:80`, `[2001:db8::1]:80`. No names and no zones, which
/// mean something on one machine only.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let address = match text.parse::<IpAddr>() {
        Ok(address) => address,
        Err(_) if text.contains('%') => return None,
        Err(_) => text.parse::<SocketAddr>().ok()?.ip(),
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests;
