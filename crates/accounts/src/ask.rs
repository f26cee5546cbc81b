//! One call, decoded: what an operation works with.

use std::sync::Arc;

use underpin_base::{Code, Error, Result, Timestamp};
use underpin_engine::{App, Context, Standing};
use uuid::Uuid;

use crate::inputs::Inputs;
use crate::{Access, Accounts, Call, Client, Identity};

/// What is asked.
pub(crate) struct Ask<'a> {
    pub(crate) app: &'a App,
    pub(crate) inputs: Inputs,
    pub(crate) path: &'a [&'a str],
    pub(crate) query: &'a [(String, String)],
    pub(crate) caller: Option<Arc<Identity>>,
    pub(crate) refresh_cookie: Option<&'a str>,
    pub(crate) flow_cookie: Option<&'a str>,
    pub(crate) client: Client,
    pub(crate) now: Timestamp,
}

/// A caller with a session.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) account: Uuid,
    pub(crate) session: Uuid,
    pub(crate) identity: Arc<Identity>,
    pub(crate) standing: Arc<Standing>,
}

impl<'a> Ask<'a> {
    /// Reads a call. Its access was held against the caller before.
    pub(crate) fn read(accounts: &Accounts, app: &'a App, call: Call<'a>) -> Result<Self> {
        let operation = call.operation.operation();
        let inputs = Inputs::read(operation, app, call.body, accounts.engine.limits())?;
        Ok(Self {
            app,
            inputs,
            path: call.path,
            query: call.query,
            caller: call.caller,
            refresh_cookie: call.refresh_cookie,
            flow_cookie: call.flow_cookie,
            client: call.client,
            now: accounts.engine.now(),
        })
    }

    /// The caller, which the table says has a session.
    pub(crate) fn signed(&self) -> Result<Signed> {
        let identity = self.caller.clone().ok_or_else(anonymous)?;
        match (identity.account, identity.session, identity.standing.clone()) {
            (Some(account), Some(session), Some(standing)) => {
                Ok(Signed { account, session, identity, standing })
            }
            _ => Err(no_session()),
        }
    }

    /// The circumstances of what the caller does to rows of the application.
    pub(crate) fn context(&self, signed: &Signed) -> Context {
        Context {
            actor: Arc::clone(&signed.identity.actor),
            now: self.now,
            ip: self.client.ip,
            transport: "rest",
            standing: Some(Arc::clone(&signed.standing)),
        }
    }

    /// The part of the path at a place.
    pub(crate) fn segment(&self, at: usize) -> Result<&'a str> {
        self.path.get(at).copied().ok_or_else(Error::not_found)
    }
}

impl Accounts {
    /// Refuses whoever may not ask for this. Transports do so too, before they read a body; here it
    /// cannot be forgotten.
    pub(crate) fn permit(&self, access: Access, caller: Option<&Identity>) -> Result<()> {
        match access {
            Access::Public => Ok(()),
            Access::Known => caller.map(drop).ok_or_else(anonymous),
            Access::Session => match caller {
                None => Err(anonymous()),
                Some(identity) if identity.session.is_some() => Ok(()),
                Some(_) => Err(no_session()),
            },
            Access::Permission(permission) => match caller {
                None => Err(anonymous()),
                Some(identity) if self.engine.permits(&identity.actor.profile, permission) => {
                    Ok(())
                }
                Some(_) => Err(Error::new(Code::Forbidden, "you may not do this")),
            },
        }
    }
}

fn anonymous() -> Error {
    Error::new(Code::Unauthenticated, "this needs somebody who is logged in")
        .with_hint("log in, and send the access token as `Authorization: Bearer …`")
}

fn no_session() -> Error {
    Error::new(Code::Forbidden, "this needs a session; no key may do it")
}
