//! What may be asked for, as far as the text of a URL tells.
//!
//! The addresses that a name stands for are judged when it is resolved, each time anew. The checks
//! here let a form say at once what can never work.

use std::net::IpAddr;

use url::{Host, Url};

use crate::address::is_public;

/// Bytes of a URL at most.
const URL_BYTES_MAX: usize = 8_192;

/// Endings of names that no public name server answers for, RFC 6761, 6762, 8375 and 9476.
const INNER_ENDINGS: &[&str] = &[
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
    "test",
    "example",
    "invalid",
    "onion",
    "alt",
];

/// How far a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// The public internet by HTTPS, at port 443 or one from 1024 up: for what a user names.
    #[default]
    Public,
    /// Any host at any port: for what an operator configured. Without TLS to this machine only.
    Any,
}

/// Why a URL is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("it is not a URL")]
    Unreadable,
    /// It is longer than 8 KiB.
    #[error("the URL is longer than 8192 bytes")]
    TooLong,
    /// Neither `https:` nor `http:`.
    #[error("the URL must begin with https://")]
    Scheme,
    /// `http:` to another machine.
    #[error("without TLS only this machine may be asked; use https://")]
    Insecure,
    /// A name or a password stands before the host.
    #[error("the URL must not hold a user name or a password")]
    Userinfo,
    /// The port belongs to another kind of service.
    #[error("the port must be 443, or 1024 and above")]
    Port,
    /// The host is a name of an inner network.
    #[error("the host must be a public name with a dot")]
    InnerName,
    /// The host is, or stands for, an address that is not public.
    #[error("the host must be reachable by a public address")]
    InnerAddress,
}

/// Reads a URL that somebody typed.
///
/// # Errors
/// What is wrong with it, fit to be shown to whoever typed it.
pub fn parse(text: &str, reach: Reach) -> Result<Url, Refusal> {
    if text.len() > URL_BYTES_MAX {
        return Err(Refusal::TooLong);
    }
    let url = Url::parse(text).map_err(|_| Refusal::Unreadable)?;
    check(&url, reach)?;
    Ok(url)
}

/// Whether a URL may be asked, as far as its text tells; its host's addresses are judged when a
/// request is sent.
///
/// # Errors
/// What is wrong with it, fit to be shown to whoever typed it.
pub fn check(url: &Url, reach: Reach) -> Result<(), Refusal> {
    if url.as_str().len() > URL_BYTES_MAX {
        return Err(Refusal::TooLong);
    }
    let is_https = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(Refusal::Scheme),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Userinfo);
    }
    let host = url.host().ok_or(Refusal::Unreadable)?;
    if url.port() == Some(0) {
        return Err(Refusal::Port);
    }
    match reach {
        Reach::Any if is_https || is_loopback(&host) => Ok(()),
        Reach::Any => Err(Refusal::Insecure),
        Reach::Public if !is_https => Err(Refusal::Scheme),
        Reach::Public => check_public(&host, url.port()),
    }
}

fn check_public(host: &Host<&str>, port: Option<u16>) -> Result<(), Refusal> {
    match host {
        Host::Domain(name) if is_inner(name) => return Err(Refusal::InnerName),
        Host::Domain(_) => {}
        Host::Ipv4(address) => check_address(IpAddr::V4(*address))?,
        Host::Ipv6(address) => check_address(IpAddr::V6(*address))?,
    }
    if port.is_some_and(|port| port < 1024) { Err(Refusal::Port) } else { Ok(()) }
}

fn check_address(address: IpAddr) -> Result<(), Refusal> {
    if is_public(address) { Ok(()) } else { Err(Refusal::InnerAddress) }
}

/// Whether the host is this machine by its text; where it leads is checked again when resolved.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// A name without a dot is completed by the search list of the machine; one that ends with a dot is
/// another spelling of a name, which comparisons with the plain one would miss. Characters that names
/// of hosts do not have are let through by URLs, and read by resolvers each in its own way.
fn is_inner(name: &str) -> bool {
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) {
        return true;
    }
    match name.rsplit_once('.') {
        Some((_, ending)) => ending.is_empty() || INNER_ENDINGS.contains(&ending),
        None => true,
    }
}
