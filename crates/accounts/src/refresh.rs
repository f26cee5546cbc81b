//! Trading a refresh token for its successor.
//!
//! | shown | at | comes to |
//! |---|---|---|
//! | the token in force | any time | its successor; the session moves on by compare and swap |
//! | the one before it | within the grace | the token in force, once more |
//! | the one before it | later | the session ends: somebody has a copy |
//! | an older one | any time | the session ends |
//! | one that the session never had | any time | refused; nothing ends |
//!
//! The successor follows from the session and its counter, so whoever lost the race reads the row
//! again and gives the same one.

use underpin_base::{Code, Error, Result};
use underpin_credentials::refresh::{Decision, RefreshToken, decide};
use underpin_engine::{Shown, Standing, SystemWrite, Transaction};
use underpin_mail::Kind;
use underpin_schema::Value;

use crate::ask::Ask;
use crate::audit::Event;
use crate::session::SessionRow;
use crate::{Accounts, Answer};

/// How often the row is read again when others move it on.
const ATTEMPTS: usize = 8;

impl Accounts {
    /// Trades a refresh token for new tokens.
    pub(crate) async fn refresh(&self, ask: &Ask<'_>) -> Result<Answer> {
        let keys = self.keys_of_installation()?;
        let sent = ask.inputs.maybe("refreshToken");
        let by_cookie = sent.is_none();
        let text = sent.or(ask.refresh_cookie).ok_or_else(refused)?;
        let token = RefreshToken::parse(text, keys).ok_or_else(refused)?;
        for _ in 0..ATTEMPTS {
            let session = self.session(token.session).await?.ok_or_else(refused)?;
            let in_force = session.is_in_force(ask.now, self.options.settings.idle_us());
            let is_its_own = session.cookies == by_cookie
                && session.client.as_deref() == ask.inputs.maybe("client");
            if !in_force || !is_its_own {
                return self.refuse(ask, &session).await;
            }
            let rotated_at = session.rotated_at.unwrap_or(session.authenticated_at);
            let grace_us = self.options.settings.grace_us();
            let decision = decide(token.counter, session.counter, rotated_at, ask.now, grace_us);
            let moved = match decision {
                Decision::Rotate => self.rotate(ask, &session).await,
                Decision::SameSuccessor => Ok(session),
                Decision::Reuse => match self.end_reused(ask, &session).await {
                    Ok(()) => return Err(refused()),
                    Err(error) => Err(error),
                },
                Decision::Unknown => return self.refuse(ask, &session).await,
            };
            match moved {
                Ok(session) => {
                    let grant = self.grant_of(ask.app, &session).await?;
                    return Ok(Answer::Session(Box::new(grant)));
                }
                // Somebody moved the session on, or the account changed: look again.
                Err(error)
                    if matches!(error.code(), Code::VersionMismatch | Code::Unauthenticated) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(Code::Overloaded, "the session is being refreshed by too many at once"))
    }

    /// Moves a session on to its next token.
    async fn rotate(&self, ask: &Ask<'_>, session: &SessionRow) -> Result<SessionRow> {
        let counter = session.counter.checked_add(1).ok_or_else(refused)?;
        let standing = Standing {
            by: Shown::Session,
            id: session.id,
            account_version: session.account.version,
        };
        let mut transaction = Transaction::new(&self.engine);
        transaction.require(&standing)?;
        let write = SystemWrite::update("Session", session.id)
            .at(session.version)
            .set("counter", Value::Int(counter.into()))
            .time("rotatedAt", ask.now)
            .time("lastUsedAt", ask.now);
        transaction.system(&write)?;
        let event = Event::new("session.refreshed").of(session.account.id).session(session.id);
        Self::audit(&mut transaction, ask, &event)?;
        transaction.commit().await?;
        Ok(SessionRow { counter, last_used_at: ask.now, ..session.clone() })
    }

    /// Ends a session whose token somebody has a copy of, and tells its owner.
    async fn end_reused(&self, ask: &Ask<'_>, session: &SessionRow) -> Result<()> {
        let mut transaction = Transaction::new(&self.engine);
        let write = SystemWrite::update("Session", session.id).at(session.version);
        transaction.system(&write.time("revokedAt", ask.now))?;
        transaction.changes_authority();
        if let Some(email) = self.email(ask.app, &session.account).await? {
            let mail = (Kind::SessionReused, email.as_str());
            Self::queue_mail(&mut transaction, ask, mail, Some(session.account.id))?;
        }
        let event = Event::new("session.reused").of(session.account.id).session(session.id);
        Self::audit(&mut transaction, ask, &event)?;
        transaction.commit().await?;
        self.mail_is_queued();
        Ok(())
    }

    async fn refuse(&self, ask: &Ask<'_>, session: &SessionRow) -> Result<Answer> {
        let event = Event::new("session.refreshed").of(session.account.id).session(session.id);
        self.audit_refusal(ask, &event, Code::Unauthenticated).await?;
        Err(refused())
    }
}

/// The one answer to every refresh token that is good for nothing.
fn refused() -> Error {
    Error::new(Code::Unauthenticated, "the refresh token is not one that is in force")
        .with_hint("log in again")
}
