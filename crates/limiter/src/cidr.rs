//! A network of addresses, as in `10.0.0.0/8`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network: an address and how many of its leading bits count (RFC 4632, RFC 4291 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Whether `address` is of this network. An IPv4 address mapped into IPv6 counts as itself.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                leading(32, self.prefix, network.to_bits().into())
                    == leading(32, self.prefix, address.to_bits().into())
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                leading(128, self.prefix, network.to_bits())
                    == leading(128, self.prefix, address.to_bits())
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// The first `prefix` of `width` bits.
fn leading(width: u32, prefix: u8, bits: u128) -> u128 {
    bits.checked_shr(width - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = String;

    /// Reads `ADDRESS/BITS`, or an address alone.
    ///
    /// # Errors
    /// Says what is expected, beginning with a verb.
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| expected())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|prefix| *prefix <= width)
                .ok_or_else(|| format!("expects at most {width} bits after the slash"))?,
            Some(_) => return Err(expected()),
        };
        let given = Self { network: address, prefix };
        let network = given.without_host();
        if network != given {
            return Err(format!("expects a network without bits of a host; write `{network}`"));
        }
        Ok(network.unmapped())
    }
}

impl Cidr {
    fn without_host(self) -> Self {
        let keep = |width: u32, bits: u128| {
            let dropped = width - u32::from(self.prefix);
            leading(width, self.prefix, bits).checked_shl(dropped).unwrap_or(0)
        };
        let network = match self.network {
            IpAddr::V4(address) => {
                let bits = u32::try_from(keep(32, address.to_bits().into()));
                IpAddr::V4(Ipv4Addr::from_bits(bits.expect("invariant: no bits were added")))
            }
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(keep(128, address.to_bits()))),
        };
        Self { network, ..self }
    }

    /// `::ffff:10.0.0.0/104` as `10.0.0.0/8`.
    fn unmapped(self) -> Self {
        match (self.network.to_canonical(), self.prefix.checked_sub(96)) {
            (network @ IpAddr::V4(_), Some(prefix)) if self.network.is_ipv6() => {
                Self { network, prefix }
            }
            _ => self,
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

fn expected() -> String {
    "expects an IP address or a network, as `10.0.0.0/8` or `fd00::/8`".to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holds(cidr: &str, address: &str) -> bool {
        cidr.parse::<Cidr>().expect(cidr).contains(address.parse().expect(address))
    }

    #[test]
    fn a_network_holds_the_addresses_that_share_its_leading_bits() {
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.0"));
        assert!(holds("10.1.2.3", "10.1.2.3"));
        assert!(!holds("10.1.2.3", "10.1.2.4"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("fd00::/8", "fdab::1"));
        assert!(!holds("fd00::/8", "fe80::1"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(holds("2001:db8::1", "2001:db8::1"));
    }

    #[test]
    fn an_ipv4_address_is_itself_however_it_is_written() {
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(holds("::ffff:10.0.0.0/104", "10.1.2.3"));
        assert!(!holds("::ffff:10.0.0.0/104", "11.1.2.3"));
        assert!(holds("::ffff:10.1.2.3", "10.1.2.3"));
    }

    #[test]
    fn what_is_no_network_is_told_what_one_looks_like() {
        for (text, needle) in [
            ("", "expects an IP address or a network"),
            ("localhost", "expects an IP address or a network"),
            ("10.0.0.0/", "expects at most 32 bits"),
            ("10.0.0.0/x", "expects an IP address or a network"),
            ("10.0.0.0/+8", "expects an IP address or a network"),
            ("10.0.0.0/33", "expects at most 32 bits"),
            ("::/129", "expects at most 128 bits"),
            ("fe80::1%eth0", "expects an IP address or a network"),
            ("10.1.0.0/8", "write `10.0.0.0/8`"),
            ("fd00::1/64", "write `fd00::/64`"),
        ] {
            let error = text.parse::<Cidr>().expect_err(text);
            assert!(error.contains(needle), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn the_leading_bits_decide_and_no_others(network: u128, address: u128, prefix in 0_u8..=128) {
            let cidr = Cidr { network: IpAddr::V6(network.into()), prefix }.without_host();
            let same = (0..u32::from(prefix)).all(|bit| network << bit >> 127 == address << bit >> 127);
            let address = Ipv6Addr::from_bits(address);
            prop_assume!(address.to_ipv4_mapped().is_none());
            prop_assert_eq!(cidr.contains(IpAddr::V6(address)), same);
        }

        #[test]
        fn a_network_reads_back_as_it_is_written(network: u32, prefix in 0_u8..=32) {
            let cidr = Cidr { network: IpAddr::V4(network.into()), prefix }.without_host();
            prop_assert_eq!(cidr.to_string().parse(), Ok(cidr));
        }
    }
}
