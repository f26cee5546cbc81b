//! Removes rows of ours that nobody needs any more, a bounded number at a time.

use serde::Deserialize;
use underpin_base::{Code, Error, Result, Timestamp};
use underpin_engine::{SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use uuid::Uuid;

use crate::Accounts;
use crate::people::time_text;

/// Rows of one kind that are removed at a time.
const ROWS_MAX: u32 = 200;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

#[derive(Deserialize)]
struct Id {
    id: Uuid,
}

impl Accounts {
    /// Removes some of what has had its time: tickets an hour after their end, for guesses at them
    /// count that long; sessions a week after theirs; mails a week after they were sent; keys that
    /// nothing is signed with any more; and what happened to accounts after the time that the
    /// settings say. Returns how many rows went; call it again while there were any.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` and the like.
    pub async fn clean(&self) -> Result<usize> {
        let now = self.engine.now().0;
        let old = [
            ("Ticket", "expiresAt", now - HOUR),
            ("Session", "expiresAt", now - 7 * DAY),
            ("Mail", "sentAt", now - 7 * DAY),
            ("SigningKey", "retiresAt", now),
            ("Audit", "createdAt", now - self.options.settings.audit_us()),
        ];
        let mut n_removed = 0;
        for (model, field, before) in old {
            n_removed += self.remove(model, field, Timestamp(before)).await?;
        }
        Ok(n_removed)
    }

    async fn remove(
        &self,
        model: &'static str,
        field: &'static str,
        before: Timestamp,
    ) -> Result<usize> {
        let text = time_text(before);
        let conditions = [(field, Operator::Lt, text.as_str())];
        let query = SystemQuery { limit: ROWS_MAX, ..SystemQuery::new(model, &conditions) };
        let (rows, _) = self.engine.system_list::<Id>(query).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let mut transaction = Transaction::new(&self.engine);
        for row in &rows {
            transaction.system(&SystemWrite::delete(model, row.id))?;
        }
        match transaction.commit().await.map_err(Error::from) {
            Ok(_) => Ok(rows.len()),
            // Another process cleans too; what it left is found the next time.
            Err(error) if error.code() == Code::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }
}
