use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

const PROXIES: [&str; 2] = ["10.0.0.0/8", "fd00::/8"];

fn client(peer: &str, forwarded_for: &[&str]) -> String {
    let trusted = PROXIES.map(|network| network.parse().unwrap());
    client_address(peer.parse().unwrap(), forwarded_for.iter().copied(), &trusted).to_string()
}

#[test]
fn a_host_on_ipv6_is_one_caller_and_so_is_a_mapped_ipv4_address() {
    let key = |text: &str| AddressKey::of(text.parse().unwrap());
    assert_eq!(key("2001:db8:0:1::1"), key("2001:db8:0:1:ffff:ffff:ffff:ffff"));
    assert_ne!(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    assert_ne!(key("0.0.0.1"), key("::"));
}

#[test]
fn who_is_no_trusted_proxy_speaks_for_itself() {
    assert_eq!(client("192.0.2.1", &["203.0.113.7"]), "192.0.2.1");
    assert_eq!(client("2001:db8::1", &["203.0.113.7, 10.0.0.1"]), "2001:db8::1");
    let nobody = client_address("10.0.0.1".parse().unwrap(), ["203.0.113.7"].into_iter(), &[]);
    assert_eq!(nobody.to_string(), "10.0.0.1");
}

#[test]
fn a_trusted_proxy_names_its_client() {
    assert_eq!(client("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
    assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
    assert_eq!(client("fd00::1", &["2001:db8::7"]), "2001:db8::7");
    assert_eq!(client("10.0.0.1", &["203.0.113.7:4711"]), "203.0.113.7");
    assert_eq!(client("10.0.0.1", &["[2001:db8::7]:4711"]), "2001:db8::7");
    assert_eq!(client("10.0.0.1", &["::ffff:203.0.113.7"]), "203.0.113.7");
    assert_eq!(client("10.0.0.1", &["203.0.113.7, 10.0.0.3,\t10.0.0.2"]), "203.0.113.7");
    assert_eq!(client("10.0.0.1", &["203.0.113.7", "10.0.0.3, 10.0.0.2"]), "203.0.113.7");
    assert_eq!(client("10.0.0.1", &["10.0.0.9"]), "10.0.0.9");
    assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
}

#[test]
fn what_stands_left_of_the_client_is_its_own_invention() {
    assert_eq!(client("10.0.0.1", &["198.51.100.1, 203.0.113.7"]), "203.0.113.7");
    assert_eq!(client("10.0.0.1", &["10.0.0.5, 203.0.113.7, 10.0.0.2"]), "203.0.113.7");
    assert_eq!(client("10.0.0.1", &["garbage", "fe80::1%eth0, 203.0.113.7"]), "203.0.113.7");
    let invented = format!("{}203.0.113.7", "198.51.100.1, ".repeat(49));
    assert_eq!(client("10.0.0.1", &[&invented]), "203.0.113.7");
}

#[test]
fn what_is_no_address_leaves_the_peer() {
    for hop in [
        "",
        " ",
        "garbage",
        "unknown",
        "_hidden",
        "localhost",
        "fe80::1%eth0",
        "[fe80::1%3]:80",
        "203.0.113.7:",
        "203.0.113.7:99999",
        "[2001:db8::7]",
        "2001:db8::7]:80",
        "203.0.113.07",
        "203.0.113",
        "3405803783",
        "0x7f.1",
        "\"203.0.113.7\"",
        "for=203.0.113.7",
        "203.0.113.7;",
        "203.0.113.7 10.0.0.2",
    ] {
        assert_eq!(client("10.0.0.1", &[hop]), "10.0.0.1", "{hop:?}");
        let behind = format!("198.51.100.1, {hop}, 10.0.0.2");
        assert_eq!(client("10.0.0.1", &[&behind]), "10.0.0.1", "{hop:?}");
    }
}

#[test]
fn more_hops_than_anybody_has_leave_the_peer() {
    let hops = |n: usize| format!("203.0.113.7{}", ", 10.0.0.2".repeat(n - 1));
    assert_eq!(client("10.0.0.1", &[&hops(10)]), "203.0.113.7");
    assert_eq!(client("10.0.0.1", &[&hops(11)]), "10.0.0.1");
    assert_eq!(client("10.0.0.1", &[&hops(50)]), "10.0.0.1");
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 3]>().prop_map(|[a, b, c]| IpAddr::V4(Ipv4Addr::new(10, a, b, c))),
        any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        any::<u32>().prop_map(|bits| IpAddr::V6(Ipv4Addr::from_bits(bits).to_ipv6_mapped())),
    ]
}

/// The same told from the left, over a list: the longest trusted tail, and who stands before it.
fn model(peer: IpAddr, hops: &[IpAddr], trusted: &[Cidr]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(*address));
    let chain: Vec<IpAddr> = hops.iter().chain([&peer]).map(IpAddr::to_canonical).collect();
    let found = match chain.iter().rposition(|address| !is_trusted(address)) {
        Some(index) if chain.len() - 1 - index > HOPS_MAX => chain.len() - 1,
        Some(index) => index,
        None if hops.len() > HOPS_MAX => chain.len() - 1,
        None => 0,
    };
    chain[found]
}

proptest! {
    #[test]
    fn the_client_is_the_last_that_nobody_could_invent(
        peer in address(), hops in prop::collection::vec(address(), 0..16)
    ) {
        let trusted = PROXIES.map(|network| network.parse().unwrap());
        let text: Vec<String> = hops.iter().map(ToString::to_string).collect();
        let line = text.join(", ");
        let lines = if text.is_empty() { vec![] } else { vec![line.as_str()] };
        let expected = model(peer, &hops, &trusted);
        prop_assert_eq!(client_address(peer, lines.into_iter(), &trusted), expected);
        let apart = text.iter().map(String::as_str);
        prop_assert_eq!(client_address(peer, apart, &trusted), expected);
    }

    #[test]
    fn no_text_is_too_strange(lines in prop::collection::vec("[0-9a-f:.,%\\[\\] ]{0,40}", 0..5)) {
        let trusted = PROXIES.map(|network| network.parse().unwrap());
        let peer = "10.0.0.1".parse().unwrap();
        let found = client_address(peer, lines.iter().map(String::as_str), &trusted);
        let invented_nothing = found == peer
            || lines.iter().flat_map(|line| line.split(','))
                .any(|hop| parse_hop(hop.trim()) == Some(found));
        prop_assert!(invented_nothing);
    }
}
