//! What an answer says of the count: `RateLimit-Policy` and `RateLimit`
//! (draft-ietf-httpapi-ratelimit-headers-10).

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::Counted;
use super::tier::Compiled;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What stands in the headers of each tier. A worker has its own, or all would count how often one
/// value is in use, in the same place.
pub(crate) struct Policies(Vec<Option<Policy>>);

struct Policy {
    /// `"user";q=6000;w=60`
    policy: HeaderValue,
    /// `"user";r=`
    start: String,
}

impl Policies {
    pub(super) fn new(tiers: &Compiled) -> Self {
        let policy = |(name, quota): (&str, underpin_limiter::Quota)| {
            let (amount, window_s) = (quota.amount()?, quota.window_s()?);
            let policy = HeaderValue::try_from(format!("\"{name}\";q={amount};w={window_s}"));
            // The names of roles are letters, digits, `_` and `-`.
            let policy = policy.expect("invariant: the name of a tier is printable");
            Some(Policy { policy, start: format!("\"{name}\";r=") })
        };
        Self(tiers.iter().map(policy).collect())
    }
}

/// Says what is left of a counted request's quota.
pub(crate) fn insert(headers: &mut HeaderMap, policies: &Policies, counted: &Counted) {
    let Some(policy) = &policies.0[counted.tier.index()] else { return };
    let mut text: SmallVec<[u8; 96]> = SmallVec::new();
    text.extend_from_slice(policy.start.as_bytes());
    text.extend_from_slice(itoa::Buffer::new().format(counted.verdict.remaining).as_bytes());
    text.extend_from_slice(b";t=");
    text.extend_from_slice(itoa::Buffer::new().format(counted.verdict.reset_s).as_bytes());
    let limit = HeaderValue::from_bytes(&text).expect("invariant: name and digits are printable");
    headers.insert(POLICY, policy.policy.clone());
    headers.insert(LIMIT, limit);
}
