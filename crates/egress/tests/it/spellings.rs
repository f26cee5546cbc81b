//! The many ways to write an inner host, all refused before anything is sent.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use underpin_egress::{Reach, Refusal, parse};

/// Addresses that no user may reach.
const INNER: &[Ipv4Addr] = &[
    Ipv4Addr::new(127, 0, 0, 1),
    Ipv4Addr::new(127, 255, 255, 254),
    Ipv4Addr::new(0, 0, 0, 0),
    Ipv4Addr::new(10, 0, 0, 1),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(172, 16, 0, 1),
    Ipv4Addr::new(192, 168, 1, 1),
    Ipv4Addr::new(168, 63, 129, 16),
];

/// Hosts, with whatever stands around them in a URL behind `https://`.
// tidy: table
const WRITTEN: &[&str] = &[
    // Shortened and mixed numbers.
    "0",
    "0x0",
    "00",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0x7f.0.1",
    "0177.1",
    "0177.0.0.01",
    "0x7F.0X0.0x0.0x1",
    "127.0x0.00.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "10.1",
    "192.168.257",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "0xa9.254.0251.254",
    "127.0.0.1.",
    "2130706433.",
    "0x7f.1.",
    // Numbers that overflow, which some parsers wrap around.
    "4294967296",
    "425.510.425.510",
    "127.0.0.257",
    "0x17f000001",
    "127.0.0.1.1",
    "127.0.0.0x",
    // Other digits and other dots, which compatibility mapping makes plain ones.
    "①②⑦.⓪.⓪.①",
    "１２７.０.０.１",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "⑯⑨.②⑤④.⑯⑨.②⑤④",
    // Escapes.
    "%31%32%37.0.0.1",
    "127%2E0%2E0%2E1",
    "%6c%6f%63%61%6c%68%6f%73%74",
    "127.0.0.1%00.a.com",
    "a.com%2f@127.0.0.1",
    "127.0.0.1%0d%0a.a.com",
    "loc%61lhost",
    // Userinfo, which makes another host look like the host.
    "a.com@127.0.0.1",
    "a.com:443@127.0.0.1",
    "127.0.0.1@a.com",
    "a:b@a.com",
    ":b@a.com",
    "a.com%40@127.0.0.1",
    "@127.0.0.1",
    // What parsers read differently.
    "127.0.0.1:443#@a.com",
    "127.0.0.1?@a.com",
    "127.0.0.1\\@a.com",
    "127.0.0.1;a.com",
    "127.0.0.1 a.com",
    "\t127.0.0.1",
    "127.0.\n0.1",
    "/127.0.0.1",
    "\\127.0.0.1",
    "//127.0.0.1",
    // Names of inner networks.
    "localhost",
    "LOCALHOST",
    "localhost.",
    "LocalHost.",
    "a.localhost",
    "localhost.localdomain",
    "ｌｏｃａｌｈｏｓｔ",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "loc\u{ad}alhost",
    "metadata",
    "metadata.google.internal",
    "instance-data",
    "kubernetes",
    "kubernetes.default.svc.cluster.local",
    "host.docker.internal",
    "gateway.docker.internal",
    "printer.local",
    "router.home.arpa",
    "router.lan",
    "db",
    "1.0.0.127.in-addr.arpa",
    "wpad.corp",
    "intranet.private",
    "a.onion",
    "a.com.",
    "a..com.",
    // IPv6.
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[::FFFF:7F00:0001]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[fec0::1]",
    "[fc00::]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[ff0e::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[::ffff:8.8.8.8]",
    "[::ffff:169.254.169.254]",
    "[::1",
    "::1",
    "[::1]]",
    "[[::1]]",
    "[v1.a]",
    "[]",
    // Ports that belong to other kinds of services.
    "a.com:22",
    "a.com:25",
    "a.com:80",
    "a.com:0",
    "a.com:65536",
    "8.8.8.8:53",
    "a.com:1023",
    // Nothing at all.
    "",
    ".",
    "..",
    "%",
    "*",
    "a b.com",
    "a.com^",
    "xn--",
    "-",
    "a.com|b",
];

/// URLs of other kinds.
const OTHER: &[&str] = &[
    "http://a.com/",
    "HTTP://a.com/",
    "file:///etc/passwd",
    "file://a.com/etc/passwd",
    "ftp://a.com/",
    "gopher://a.com/",
    "dict://a.com:11211/",
    "data:text/plain,a",
    "ws://a.com/",
    "javascript:alert(1)",
    "blob:https://a.com/b",
    "about:blank",
    "mailto:a@a.com",
    "ldap://a.com/",
    "unix:/run/docker.sock",
    "//a.com/",
    "/a",
    "a.com",
    "https:",
    "https://",
    "https:///",
    "view-source:https://a.com/",
    "jar:https://a.com!/",
    "netdoc:///etc/passwd",
    " ",
    "\0",
];

/// Every spelling of one address that some parser or resolver reads as it.
fn spellings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let bits = address.to_bits();
    let tail = u32::from(b) << 16 | u32::from(c) << 8 | u32::from(d);
    let (high, low) = (bits >> 16, bits & 0xffff);
    let dotted = address.to_string();
    let wide = dotted.chars().map(|c| match c.to_digit(10) {
        Some(digit) => char::from_u32(0xff10 + digit).unwrap(),
        None => '.',
    });
    vec![
        format!("{a}.{b}.{c}.{d}"),
        format!("{a}.{b}.{c}.{d}."),
        format!("{bits}"),
        format!("{bits:#x}"),
        format!("0{bits:o}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("{a}.{tail}"),
        format!("{a}.{b}.{low}"),
        format!("{a:#x}.{tail:#o}").replace("0o", "0"),
        format!("[::{a}.{b}.{c}.{d}]"),
        format!("[::ffff:{a}.{b}.{c}.{d}]"),
        format!("[::ffff:{high:x}:{low:x}]"),
        format!("[0:0:0:0:0:ffff:{high:04X}:{low:04X}]"),
        format!("[64:ff9b::{a}.{b}.{c}.{d}]"),
        format!("[2002:{high:x}:{low:x}::1]"),
        format!("[2001:0:{high:x}:{low:x}::]"),
        format!("%3{}{}", &a.to_string()[..1], &address.to_string()[1..]),
        format!("a.com@{address}"),
        wide.collect(),
    ]
}

#[test]
fn every_spelling_of_an_inner_host_is_refused() {
    let made = INNER.iter().flat_map(|address| spellings(*address));
    let hosts: BTreeSet<String> =
        WRITTEN.iter().map(|host| (*host).to_owned()).chain(made).collect();
    let urls = hosts.iter().map(|host| format!("https://{host}/"));
    let urls: Vec<String> = urls.chain(OTHER.iter().map(|url| (*url).to_owned())).collect();
    assert!(urls.len() > 300, "{}", urls.len());
    let passed: Vec<&String> =
        urls.iter().filter(|url| parse(url, Reach::Public).is_ok()).collect();
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn public_hosts_are_let_through() {
    for text in [
        "https://a.com/",
        "https://a.com:443/b?c#d",
        "https://a.com:8443/",
        "https://a.com:1024/",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
        "https://bücher.com/",
        "https://127.0.0.1.a.com/",
        "https://localhost.a.com/",
    ] {
        assert!(parse(text, Reach::Public).is_ok(), "{text}");
    }
}

#[test]
fn an_operator_may_name_any_host_by_tls_and_this_machine_without() {
    for text in [
        "https://localhost/",
        "https://keycloak:22/",
        "https://10.0.0.1/",
        "http://localhost:3000/",
        "http://a.localhost/",
        "http://127.0.0.1:1/",
        "http://[::1]:8080/",
    ] {
        assert!(parse(text, Reach::Any).is_ok(), "{text}");
    }
    for (text, refusal) in [
        ("http://keycloak:8080/", Refusal::Insecure),
        ("http://localhost.a.com/", Refusal::Insecure),
        ("https://a:b@localhost/", Refusal::Userinfo),
        ("https://localhost:0/", Refusal::Port),
        ("file:///a", Refusal::Scheme),
        ("https://", Refusal::Unreadable),
    ] {
        assert_eq!(parse(text, Reach::Any), Err(refusal), "{text}");
    }
    let long = format!("https://a.com/{}", "b".repeat(9_000));
    assert_eq!(parse(&long, Reach::Any), Err(Refusal::TooLong));
}
