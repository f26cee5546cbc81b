//! How often somebody may ask: which tier a caller is of, and the count against it.
//!
//! Whoever is known counts as itself, wherever it asks from; everybody else, and whatever leads
//! nowhere, counts for its address. What is counted never depends on how a path is written, so no
//! spelling has a budget of its own. The arithmetic is the room `limiter`'s; here is what it means
//! for a request.

mod counting;
mod headers;
mod tier;

use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use hyper::HeaderMap;
use hyper::header::HeaderName;
use underpin_base::{Code, Error};
use underpin_limiter::{
    AddressKey, Bucket, Buckets, Cidr, Found, Full, Outcome, Verdict, client_address,
};
use underpin_plan::{Actor, ActorKind};
use underpin_schema::Value;
use uuid::Uuid;

use crate::server::Conn;
pub(crate) use headers::{Policies, insert};
pub use tier::Tiers;
use tier::{Compiled, TierId};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Callers of each kind that are counted apart; an address or an account takes some 60 bytes.
const CALLERS_MAX: usize = 65_536;

/// Counts requests, for all workers together.
pub(crate) struct Limiter {
    tiers: Compiled,
    trusted: Vec<Cidr>,
    addresses: Buckets,
    actors: Buckets,
    tries_of_addresses: Buckets,
    tries_of_accounts: Buckets,
    /// Whether the operator was told of a proxy that is not trusted.
    told: AtomicBool,
}

/// A bucket at hand, so that the next request over a connection finds it without a lock.
#[derive(Debug)]
pub(crate) struct Spent {
    of: Who,
    bucket: Arc<Bucket>,
}

/// Whose a bucket at hand is.
#[derive(Debug)]
enum Who {
    Address(AddressKey),
    /// One that was authenticated: the same again is the same in memory.
    Actor(Arc<Actor>),
}

/// What came of counting a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    tier: TierId,
    verdict: Verdict,
}

impl Limiter {
    pub(crate) fn new(tiers: Tiers, trusted: Vec<Cidr>) -> Self {
        Self {
            tiers: Compiled::new(tiers),
            trusted,
            // A crowd of newcomers must not lock others out, and shares one bucket.
            addresses: Buckets::new(CALLERS_MAX, Full::Share),
            actors: Buckets::new(CALLERS_MAX, Full::Share),
            // No guess goes uncounted.
            tries_of_addresses: Buckets::new(CALLERS_MAX, Full::Refuse),
            tries_of_accounts: Buckets::new(CALLERS_MAX, Full::Refuse),
            told: AtomicBool::new(false),
        }
    }

    /// The address of the client that a connection speaks for: that of its other end, unless it is
    /// a trusted proxy.
    pub(crate) fn client(&self, conn: &Conn, headers: &HeaderMap) -> IpAddr {
        let peer = conn.peer.ip();
        if self.trusted.is_empty() {
            if conn.spent.borrow().is_none() {
                self.look_for_proxy(peer, headers);
            }
            return peer.to_canonical();
        }
        // A value that is no text is no address either.
        let values = headers.get_all(FORWARDED_FOR).iter();
        let values = values.map(|value| value.to_str().unwrap_or_default());
        client_address(peer, values, &self.trusted)
    }

    /// Tells the operator, once, of what looks like a proxy: all who come through it are counted
    /// as one.
    fn look_for_proxy(&self, peer: IpAddr, headers: &HeaderMap) {
        let is_near = match peer.to_canonical() {
            IpAddr::V4(peer) => peer.is_private() || peer.is_loopback(),
            IpAddr::V6(peer) => peer.is_unique_local() || peer.is_loopback(),
        };
        if is_near && headers.contains_key(FORWARDED_FOR) && !self.told.swap(true, Relaxed) {
            tracing::warn!(
                %peer,
                "X-Forwarded-For is ignored, and all clients behind this address count as one; if \
                 it is your proxy, name it in `server.trusted_proxies`"
            );
        }
    }

    /// Counts for an address. `None` where nothing bounds it.
    pub(crate) fn count_address(
        &self,
        conn: &Conn,
        client: IpAddr,
        cost: u32,
        now_us: i64,
    ) -> Option<Counted> {
        let tier = TierId::ANONYMOUS;
        let quota = self.tiers.quota(tier)?;
        let key = AddressKey::of(client);
        let mut kept = conn.spent.borrow_mut();
        let verdict = match &*kept {
            Some(Spent { of: Who::Address(of), bucket }) if *of == key => {
                bucket.take(&quota, cost, now_us)
            }
            Some(_) | None => {
                let found = self.addresses.find(&key, &quota, now_us);
                let bucket = keep(found, Who::Address(key), &mut kept);
                bucket.map_or(Verdict::no_room(&quota), |it| it.take(&quota, cost, now_us))
            }
        };
        Some(Counted { tier, verdict })
    }

    /// Counts for whoever presented `token`. `None` where nothing bounds it.
    pub(crate) fn count_actor(
        &self,
        conn: &Conn,
        (actor, token): (&Arc<Actor>, &str),
        cost: u32,
        now_us: i64,
    ) -> Option<Counted> {
        let tier = self.tiers.of(&actor.profile);
        let quota = self.tiers.quota(tier)?;
        let mut kept = conn.spent.borrow_mut();
        let verdict = match &*kept {
            Some(Spent { of: Who::Actor(of), bucket }) if Arc::ptr_eq(of, actor) => {
                bucket.take(&quota, cost, now_us)
            }
            Some(_) | None => {
                let found = self.actors.find(&ActorKey::of(actor, token), &quota, now_us);
                let bucket = keep(found, Who::Actor(Arc::clone(actor)), &mut kept);
                bucket.map_or(Verdict::no_room(&quota), |it| it.take(&quota, cost, now_us))
            }
        };
        Some(Counted { tier, verdict })
    }

    /// Counts a try to prove who one is, for its address. `None` where nothing bounds it.
    pub(crate) fn count_try(&self, client: IpAddr, now_us: i64) -> Option<Counted> {
        let tier = TierId::AUTHENTICATION;
        let quota = self.tiers.quota(tier)?;
        let verdict = self.tries_of_addresses.take(&AddressKey::of(client), &quota, 1, now_us);
        Some(Counted { tier, verdict })
    }

    /// Counts a try for the account that it is about. How much others have tried on an account is
    /// told to nobody who may go on: there is a count only where the try is refused.
    pub(crate) fn count_try_on(
        &self,
        operation: &'static str,
        account: &str,
        now_us: i64,
    ) -> Option<Counted> {
        let tier = TierId::AUTHENTICATION_ACCOUNT;
        let quota = self.tiers.quota(tier)?;
        let key = (operation, Caseless(account));
        let verdict = self.tries_of_accounts.take(&key, &quota, 1, now_us);
        (!verdict.is_admitted()).then_some(Counted { tier, verdict })
    }

    /// The answer to a request that was counted and not admitted; `Ok` for one that was.
    pub(crate) fn admit(&self, counted: Option<Counted>) -> Result<(), Error> {
        let Some(Counted { tier, verdict }) = counted else { return Ok(()) };
        let name = self.tiers.name(tier);
        let message = match verdict.outcome {
            Outcome::Admitted => return Ok(()),
            Outcome::Wait => format!("these are more requests than the tier `{name}` allows"),
            Outcome::Never => {
                format!("this counts for more requests than the tier `{name}` allows at once")
            }
        };
        let hint = match counted.and_then(|counted| counted.retry_after_s()) {
            Some(seconds) => format!("send it again in {seconds} s"),
            None => "send less at once".to_owned(),
        };
        Err(Error::new(Code::RateLimited, message).with_hint(hint))
    }

    /// The headers that name the tiers, for one worker.
    pub(crate) fn policies(&self) -> Policies {
        Policies::new(&self.tiers)
    }
}

/// The bucket found, which is kept at hand where it is the caller's own.
fn keep(found: Found, of: Who, kept: &mut Option<Spent>) -> Option<Arc<Bucket>> {
    match found {
        Found::Own(bucket) => {
            *kept = Some(Spent { of, bucket: Arc::clone(&bucket) });
            Some(bucket)
        }
        Found::Shared(bucket) => Some(bucket),
        Found::Refused => None,
    }
}

impl Counted {
    /// Seconds to wait, where waiting helps.
    pub(crate) fn retry_after_s(&self) -> Option<u32> {
        (self.verdict.outcome == Outcome::Wait).then_some(self.verdict.retry_after_s)
    }
}

/// Whoever shares a bucket: an account with all of its sessions, the keys of an account, or the
/// bearer of a key that is nobody's.
#[derive(Hash)]
enum ActorKey<'a> {
    Uuid(ActorKind, Uuid),
    Int(ActorKind, i64),
    Text(ActorKind, &'a str),
    Token(ActorKind, &'a str),
}

impl<'a> ActorKey<'a> {
    fn of(actor: &'a Actor, token: &'a str) -> Self {
        let kind = actor.profile.kind;
        match &actor.id {
            Value::Uuid(id) => Self::Uuid(kind, *id),
            Value::Int(id) => Self::Int(kind, *id),
            Value::Text(id) => Self::Text(kind, id),
            _ => Self::Token(kind, token),
        }
    }
}

/// A text of which letters count alike, large or small: `Ada@example.com` is no other account.
struct Caseless<'a>(&'a str);

impl Hash for Caseless<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.trim_ascii().bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(0xff);
    }
}

#[cfg(test)]
mod tests;
