//! Changes of who may do what: what bounds them, and how they are made so that whatever they were
//! judged by still holds when they are committed.

use serde::Deserialize;
use underpin_base::{Code, Error, Result};
use underpin_engine::{Aborted, App, SystemQuery, Transaction};
use underpin_plan::{ActorKind, Operator};

use crate::ask::Ask;
use crate::audit::Event;
use crate::{Accounts, Answer, OperationId};

/// How often a change is tried when what it was judged by changes meanwhile.
pub(crate) const ATTEMPTS_MAX: usize = 64;

/// What came of an attempt.
pub(crate) enum Attempt {
    /// It was done.
    Done,
    /// What it was judged by has changed; it is to be judged anew.
    Again,
}

#[derive(Deserialize)]
struct EpochRow {
    version: i64,
}

impl Accounts {
    /// Does an operation of administration. What is refused for want of permissions leaves a row.
    pub(crate) async fn administer(&self, id: OperationId, ask: &Ask<'_>) -> Result<Answer> {
        let done = self.dispatch_administration(id, ask).await;
        if let Err(error) = &done
            && matches!(error.code(), Code::Forbidden | Code::LastAdministrator)
        {
            let target = ask.path.join("/");
            let event = Event::new(event_of(id)).target(&target);
            self.audit_refusal(ask, &event, error.code()).await?;
        }
        done
    }

    async fn dispatch_administration(&self, id: OperationId, ask: &Ask<'_>) -> Result<Answer> {
        use OperationId as Id;
        match id {
            Id::ListRoles => self.list_roles().await,
            Id::CreateRole => Box::pin(self.create_role_for(ask)).await,
            Id::UpdateRole => Box::pin(self.update_role_for(ask)).await,
            Id::DeleteRole => Box::pin(self.delete_role_for(ask)).await,
            Id::UserRoles => self.user_roles(ask).await,
            Id::GrantRole => Box::pin(self.grant_role_for(ask)).await,
            Id::TakeRole => Box::pin(self.take_role_for(ask)).await,
            Id::SuspendUser => Box::pin(self.suspend_for(ask)).await,
            Id::ReinstateUser => Box::pin(self.reinstate_for(ask)).await,
            Id::EndUserSessions => Box::pin(self.end_sessions_for(ask)).await,
            Id::ListServiceAccounts => self.list_service_accounts().await,
            Id::CreateServiceAccount => Box::pin(self.create_service_account_for(ask)).await,
            Id::DeleteServiceAccount => Box::pin(self.delete_service_account_for(ask)).await,
            Id::CreateServiceKey => Box::pin(self.create_service_key_for(ask)).await,
            Id::ListKeys => self.list_keys(ask).await,
            Id::CreateKey => Box::pin(self.create_key_for(ask)).await,
            Id::RotateKey => Box::pin(self.rotate_key_for(ask)).await,
            Id::RevokeKey => Box::pin(self.revoke_key_for(ask)).await,
            Id::ListAudit => self.list_audit(ask).await,
            _ => Err(Error::not_found()),
        }
    }

    /// Begins a change. What roles permit is up to date from here on, and is held against the
    /// database when the change is committed, as is the standing of whoever asks for it.
    pub(crate) async fn begin<'a>(&'a self, ask: &Ask<'_>) -> Result<Transaction<'a>> {
        // Before the roles are looked at: what changes after is found when the change is committed.
        let conditions = [("name", Operator::Eq, "roles")];
        let epoch: Option<EpochRow> =
            self.engine.system_find(SystemQuery::new("Epoch", &conditions)).await?;
        self.engine.refresh_roles().await?;
        let mut transaction = Transaction::new(&self.engine);
        if let Some(standing) = ask.caller.as_ref().and_then(|it| it.standing.as_deref()) {
            transaction.require(standing)?;
        }
        if let Some(epoch) = epoch {
            let version = epoch.version.to_string();
            let unchanged =
                [("name", Operator::Eq, "roles"), ("version", Operator::Eq, version.as_str())];
            transaction.require_row(SystemQuery::new("Epoch", &unchanged))?;
        }
        Ok(transaction)
    }

    /// Refuses to give or take permissions that whoever changes something lacks: nobody makes
    /// others, or themselves, more than they are.
    pub(crate) fn require_all<'p>(
        &self,
        ask: &Ask<'_>,
        permissions: impl IntoIterator<Item = &'p String>,
    ) -> Result<()> {
        let caller = ask.caller.as_deref().ok_or_else(Error::not_found)?;
        let profile = &caller.actor.profile;
        // Whoever runs the server has its database at hand.
        if profile.kind == ActorKind::Service {
            return Ok(());
        }
        let lacking = permissions.into_iter().find(|it| !self.engine.permits(profile, it));
        match lacking {
            None => Ok(()),
            Some(permission) => Err(Error::new(
                Code::Forbidden,
                format!("this takes the permission `{permission}`, which you do not have yourself"),
            )),
        }
    }
}

impl Accounts {
    /// Refuses to give or take roles that whoever changes something is not itself: all that a role
    /// permits, and what rules say of those who have it by its name.
    pub(crate) fn require_roles(&self, ask: &Ask<'_>, roles: &[String]) -> Result<()> {
        self.require_all(ask, &self.engine.roles().permissions(roles))?;
        let caller = ask.caller.as_deref().ok_or_else(Error::not_found)?;
        let profile = &caller.actor.profile;
        if profile.kind == ActorKind::Service || self.engine.permits(profile, "*") {
            return Ok(());
        }
        let has = |role: &String| profile.scopes.is_none() && profile.roles.contains(role);
        match roles.iter().find(|role| !has(role) && is_asked_for(ask.app, role)) {
            None => Ok(()),
            Some(role) => Err(Error::new(
                Code::Forbidden,
                format!("rules ask for the role `{role}`, which you do not have yourself"),
            )),
        }
    }
}

/// Whether a rule may ask for a role by its name: whether the name stands in one as a text.
fn is_asked_for(app: &App, role: &str) -> bool {
    let (single, double) = (format!("'{role}'"), format!("\"{role}\""));
    app.schema()
        .access_rules()
        .any(|rule| rule.text.contains(&single) || rule.text.contains(&double))
}

/// Does a change.
pub(crate) async fn settle(transaction: Transaction<'_>) -> Result<Attempt> {
    match transaction.commit().await {
        Ok(_) => Ok(Attempt::Done),
        // A row that was looked at is not as it was.
        Err(Aborted { error, .. })
            if matches!(error.code(), Code::NotFound | Code::VersionMismatch) =>
        {
            Ok(Attempt::Again)
        }
        Err(aborted) => Err(aborted.error),
    }
}

/// The answer when others change the same all the time.
pub(crate) fn contended() -> Error {
    Error::new(Code::VersionMismatch, "this was changed by others at the same time")
        .with_hint("look at it, and send the request again")
}

/// What is told of an operation that was refused.
pub(crate) fn event_of(id: OperationId) -> &'static str {
    use OperationId as Id;
    match id {
        Id::CreateRole => "role.created",
        Id::UpdateRole => "role.changed",
        Id::DeleteRole => "role.deleted",
        Id::GrantRole => "role.granted",
        Id::TakeRole => "role.taken",
        Id::SuspendUser => "account.suspended",
        Id::ReinstateUser => "account.reinstated",
        Id::EndUserSessions => "account.sessionsEnded",
        Id::CreateServiceAccount => "serviceAccount.created",
        Id::DeleteServiceAccount => "serviceAccount.deleted",
        Id::CreateKey | Id::CreateServiceKey => "key.created",
        Id::RotateKey => "key.rotated",
        Id::RevokeKey => "key.revoked",
        other => other.operation().name,
    }
}
