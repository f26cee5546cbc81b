//! Whether an actor still stands as it did when it was recognised.

use underpin_base::{Code, Error, Result};
use underpin_plan::Operator;
use underpin_store::ReadJob;

use crate::{Engine, Shown, Standing, SystemQuery};

/// What holds for users who may do everything. Service accounts do not count: nobody logs in as one.
pub(crate) const ADMINISTRATORS: &[(&str, Operator, &str)] = &[
    ("subject", Operator::IsNull, "false"),
    ("suspendedAt", Operator::IsNull, "true"),
    ("roles.permissions.name", Operator::Eq, "*"),
];

/// The question that a transaction asks before it writes for an actor.
pub(crate) fn job(engine: &Engine, standing: &Standing) -> Result<ReadJob> {
    let model = match standing.by {
        Shown::Session => "Session",
        Shown::Key => "Key",
    };
    let id = standing.id.to_string();
    let version = standing.account_version.to_string();
    let conditions = [
        ("id", Operator::Eq, id.as_str()),
        ("revokedAt", Operator::IsNull, "true"),
        ("account.version", Operator::Eq, version.as_str()),
    ];
    // Asked with every write: nothing is read that nobody looks at.
    let query = SystemQuery::new(model, &conditions);
    engine.system_job(&SystemQuery { keys_alone: true, limit: 1, ..query })
}

/// The answer when it does not: whoever asked proves anew who it is, and may then ask again.
pub(crate) fn lost() -> Error {
    Error::new(Code::Unauthenticated, "what you may do changed while the request was under way")
        .with_hint("send the request again")
}

/// The answer when nobody who may do everything would remain.
pub(crate) fn last_administrator() -> Error {
    Error::new(Code::LastAdministrator, "nobody who may do everything would remain")
        .with_hint("give another user a role with the permission `*` first")
}
