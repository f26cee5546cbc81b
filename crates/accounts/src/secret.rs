//! That the secret of the installation is the one that its accounts were made with.
//!
//! With another one nobody's authenticator app would work, and it would look as if every code were
//! wrong. So a server that finds another secret does not start, until its operator says that the
//! former one is lost.

use serde::Deserialize;
use underpin_base::{Code, Error, Result};
use underpin_credentials::Keys;
use underpin_engine::{Engine, SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use uuid::Uuid;

/// Where a value that follows from the secret, and tells nothing of it, is kept.
const CHECK: &str = "secret_check";

/// Rows that one transaction removes.
const BATCH: usize = 200;

#[derive(Deserialize)]
struct Id {
    id: Uuid,
}

/// Fails when the database was served with another secret before.
///
/// # Errors
/// `STORAGE_UNAVAILABLE`, with what to do.
pub(crate) fn hold(engine: &Engine, keys: &Keys) -> Result<()> {
    let check = keys.check_value();
    if engine.keep(CHECK, check.as_bytes())? == check.as_bytes() {
        return Ok(());
    }
    Err(Error::new(
        Code::StorageUnavailable,
        "the secret is not the one that the accounts of this database were made with",
    )
    .with_hint(
        "set the former secret again, or bring its file back; if it is lost, \
         `underpin user new-secret` goes on with this one: all sessions and links end, and \
         authenticator apps and recovery codes are removed",
    ))
}

/// Goes on with another secret: removes whatever only the former one opens. How many accounts lose
/// their authenticator app or recovery codes by it is returned as the number of rows removed.
///
/// # Errors
/// `STORAGE_UNAVAILABLE`. What was removed until then stays so; call it again.
pub async fn adopt_secret(engine: &Engine, keys: &Keys) -> Result<usize> {
    let mut n_factors = 0;
    for kind in ["TOTP", "RECOVERY_CODE"] {
        n_factors += remove(engine, "Factor", &[("kind", Operator::Eq, kind)]).await?;
    }
    remove(engine, "Ticket", &[]).await?;
    remove(engine, "SigningKey", &[]).await?;
    engine.replace_kept(CHECK, keys.check_value().as_bytes())?;
    Ok(n_factors)
}

async fn remove(
    engine: &Engine,
    model: &'static str,
    conditions: &[(&'static str, Operator, &str)],
) -> Result<usize> {
    let rows: Vec<Id> = engine.system_all(SystemQuery::new(model, conditions)).await?;
    for batch in rows.chunks(BATCH) {
        let mut transaction = Transaction::new(engine);
        for row in batch {
            transaction.system(&SystemWrite::delete(model, row.id))?;
        }
        transaction.changes_authority();
        transaction.commit().await?;
    }
    Ok(rows.len())
}
