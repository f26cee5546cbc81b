//! Which addresses belong to the public internet.
//!
//! Everything that the registries of special-purpose addresses (RFC 6890 and its successors) do not
//! call globally reachable is refused, and a few that they do: ways to write an IPv4 address as an
//! IPv6 one, and the service address of a cloud that lies in public space.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are not the public internet, as `(network, bits)`.
// tidy: table
const REFUSED_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // this network, RFC 791
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private, RFC 1918
    (Ipv4Addr::new(100, 64, 0, 0), 10), // shared by carriers, RFC 6598; metadata of Alibaba Cloud
    (Ipv4Addr::new(127, 0, 0, 0), 8),   // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // the host's services of Azure
    (Ipv4Addr::new(169, 254, 0, 0), 16), // link-local; metadata of most clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12), // private, RFC 1918
    (Ipv4Addr::new(192, 0, 0, 0), 24),  // protocol assignments; metadata of Oracle Cloud
    (Ipv4Addr::new(192, 0, 2, 0), 24),  // documentation
    (Ipv4Addr::new(192, 31, 196, 0), 24), // AS112
    (Ipv4Addr::new(192, 52, 193, 0), 24), // AMT
    (Ipv4Addr::new(192, 88, 99, 0), 24), // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16), // private, RFC 1918
    (Ipv4Addr::new(192, 175, 48, 0), 24), // AS112
    (Ipv4Addr::new(198, 18, 0, 0), 15), // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24), // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),   // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),   // reserved, broadcast
];

/// Networks inside `2000::/3`, the only unicast space in use, that are refused all the same.
// tidy: table
const REFUSED_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4: an IPv4 address in disguise
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// The well-known prefix under which a network without IPv4 shows IPv4 addresses, RFC 6052.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

const UNICAST_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Whether the address belongs to the public internet: not loopback, private, link-local, shared,
/// multicast, documentation or reserved, no metadata service, and none of these written as IPv6.
///
/// An IPv4 address mapped into IPv6 is never public: no honest name server answers with one.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) if is_in_v6(address, NAT64) => {
            let [.., a, b, c, d] = address.octets();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(address) => {
            is_in_v6(address, UNICAST_V6)
                && !REFUSED_V6.iter().any(|network| is_in_v6(address, *network))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_in = |(network, bits): &(Ipv4Addr, u32)| {
        (address.to_bits() ^ network.to_bits()).leading_zeros() >= *bits
    };
    !REFUSED_V4.iter().any(is_in)
}

fn is_in_v6(address: Ipv6Addr, (network, bits): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_public_text(text: &str) -> bool {
        is_public(text.parse().expect("an address"))
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "93.184.215.14",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:830::200e",
            "2001:4860:4860::8888",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(is_public_text(text), "{text}");
        }
    }

    #[test]
    fn the_edges_of_refused_networks_are_refused() {
        for (network, bits) in REFUSED_V4 {
            let last = network.to_bits() | (u32::MAX.checked_shr(*bits).unwrap_or(0));
            for address in [*network, Ipv4Addr::from_bits(last)] {
                assert!(!is_public(address.into()), "{address}");
                assert!(!is_public(address.to_ipv6_mapped().into()), "mapped {address}");
                assert!(!is_public(address.to_ipv6_compatible().into()), "compatible {address}");
                let [a, b, c, d] = address.octets().map(u16::from);
                let tail = [(a << 8) | b, (c << 8) | d];
                let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, tail[0], tail[1]);
                let six = Ipv6Addr::new(0x2002, tail[0], tail[1], 0, 0, 0, 0, 1);
                assert!(!is_public(nat64.into()), "{nat64}");
                assert!(!is_public(six.into()), "{six}");
            }
        }
        for (network, bits) in REFUSED_V6 {
            let last = network.to_bits() | (u128::MAX >> bits);
            assert!(!is_public((*network).into()), "{network}");
            assert!(!is_public(Ipv6Addr::from_bits(last).into()), "the end of {network}");
        }
    }

    #[test]
    fn inner_addresses_of_ipv6_are_refused() {
        for text in [
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b:1::808:808",
            "100::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        ] {
            assert!(!is_public_text(text), "{text}");
        }
    }
}
