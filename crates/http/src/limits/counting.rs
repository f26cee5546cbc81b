//! An exchange counts itself.

use std::sync::Arc;

use underpin_base::Result;
use underpin_plan::Actor;

use super::Counted;
use crate::exchange::Exchange;

impl Exchange<'_> {
    /// Counts `cost` requests for the client's address.
    ///
    /// # Errors
    /// `RATE_LIMITED`
    pub(crate) fn count_address(&mut self, cost: u32) -> Result<()> {
        let (limiter, now_us) = (&self.worker.shared.limiter, self.facts.at.0);
        let counted = limiter.count_address(self.conn, self.facts.client, cost, now_us);
        self.note(counted)
    }

    /// Counts `cost` requests for whoever presented `token`.
    ///
    /// # Errors
    /// `RATE_LIMITED`
    pub(crate) fn count_actor(&mut self, actor: &Arc<Actor>, token: &str, cost: u32) -> Result<()> {
        let (limiter, now_us) = (&self.worker.shared.limiter, self.facts.at.0);
        let counted = limiter.count_actor(self.conn, (actor, token), cost, now_us);
        self.note(counted)
    }

    /// Counts a try to prove who one is, for the client's address: before anything of it is read,
    /// so that one that has no try left spends none of an account's.
    ///
    /// # Errors
    /// `RATE_LIMITED`, also when so many are trying that no more can be counted.
    pub(crate) fn count_try(&mut self) -> Result<()> {
        let (limiter, now_us) = (&self.worker.shared.limiter, self.facts.at.0);
        let counted = limiter.count_try(self.facts.client, now_us);
        self.note(counted)
    }

    /// Counts a try for the account that it is about, by a text that names it, whether or not it
    /// exists. `operation` is what is tried, as the route has it.
    ///
    /// # Errors
    /// `RATE_LIMITED`, as for an address.
    pub(crate) fn count_try_on(&mut self, operation: &'static str, account: &str) -> Result<()> {
        let (limiter, now_us) = (&self.worker.shared.limiter, self.facts.at.0);
        let counted = limiter.count_try_on(operation, account, now_us);
        self.note(counted.or(self.facts.counted))
    }

    fn note(&mut self, counted: Option<Counted>) -> Result<()> {
        self.facts.counted = counted;
        self.worker.shared.limiter.admit(counted)
    }
}
