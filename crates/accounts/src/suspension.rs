//! Suspended accounts: everything that stands for one is refused at once, and sessions and writes
//! in flight do not come back when it is reinstated.

use underpin_base::Result;
use underpin_engine::{SystemWrite, Transaction};
use underpin_schema::Value;
use uuid::Uuid;

use crate::actor::AccountRow;
use crate::administration::{ATTEMPTS_MAX, Attempt, contended, settle};
use crate::ask::Ask;
use crate::audit::Event;
use crate::grants::no_user;
use crate::{Accounts, Answer};

/// What is done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Nothing stands for it any more.
    Suspend,
    /// It may be logged in to again.
    Reinstate,
    /// Its sessions end; its keys go on.
    EndSessions,
}

impl Deed {
    const fn event(self) -> &'static str {
        match self {
            Self::Suspend => "account.suspended",
            Self::Reinstate => "account.reinstated",
            Self::EndSessions => "account.sessionsEnded",
        }
    }

    /// Whether there is nothing left to do.
    fn is_done(self, account: &AccountRow) -> bool {
        match self {
            Self::Suspend => account.suspended_at.is_some(),
            Self::Reinstate => account.suspended_at.is_none(),
            Self::EndSessions => false,
        }
    }
}

impl Accounts {
    pub(crate) async fn suspend_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        self.do_for(ask, Deed::Suspend).await
    }

    pub(crate) async fn reinstate_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        self.do_for(ask, Deed::Reinstate).await
    }

    pub(crate) async fn end_sessions_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        self.do_for(ask, Deed::EndSessions).await
    }

    async fn do_for(&self, ask: &Ask<'_>, deed: Deed) -> Result<Answer> {
        let account = self.target(ask.app, ask.segment(0)?).await?;
        self.do_to_account(ask, account.id, deed).await?;
        Ok(Answer::Nothing)
    }

    /// Does something to an account. Whoever does it may do all that the account may: else those who
    /// answer for users could shut out those who answer for the server.
    pub(crate) async fn do_to_account(&self, ask: &Ask<'_>, id: Uuid, deed: Deed) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.begin(ask).await?;
            let account = self.account(id).await?.ok_or_else(no_user)?;
            self.require_roles(ask, &account.role_names())?;
            if deed.is_done(&account) {
                return Ok(());
            }
            self.add_deed(&mut work, ask, (&account, deed)).await?;
            if let Attempt::Done = settle(work).await? {
                return Ok(());
            }
        }
        Err(contended())
    }

    async fn add_deed(
        &self,
        work: &mut Transaction<'_>,
        ask: &Ask<'_>,
        (account, deed): (&AccountRow, Deed),
    ) -> Result<()> {
        let write = SystemWrite::update("Account", account.id).at(account.version);
        // Sessions of the epoch before end, whatever becomes of the account later.
        let ended = |write: SystemWrite| write.set("epoch", Value::Int(account.epoch + 1));
        let write = match deed {
            Deed::Suspend => ended(write).time("suspendedAt", self.engine.now()),
            Deed::Reinstate => ended(write).set("suspendedAt", Value::Null),
            Deed::EndSessions => ended(write),
        };
        work.system(&write)?;
        work.changes_authority();
        let target = account.id.to_string();
        Self::audit(work, ask, &Event::new(deed.event()).target(&target))?;
        if deed == Deed::Suspend {
            work.keep_administrator().await?;
        }
        Ok(())
    }
}
