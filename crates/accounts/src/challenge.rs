//! What lies between two requests of one login or one ceremony: tickets that no mail carries.
//!
//! Several of one kind may stand side by side, as one for each browser window.

use serde_json::Value as Json;
use underpin_base::{Code, Error, Result, Secret};
use underpin_credentials::ticket::Ticket;
use underpin_engine::{SystemWrite, Transaction};
use uuid::Uuid;

use crate::Accounts;
use crate::tickets::{NewTicket, Purpose, TicketRow, invalid_token, ticket_row};

impl TicketRow {
    /// A text of what belongs to it.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.data.as_ref()?.get(name)?.as_str()
    }
}

impl Accounts {
    /// Adds a ticket, and gives what its holder shows.
    pub(crate) fn add_ticket(
        &self,
        transaction: &mut Transaction<'_>,
        purpose: Purpose,
        account: Option<Uuid>,
        data: Json,
    ) -> Result<Secret<String>> {
        let ticket = Ticket::generate();
        self.add_ticket_of(transaction, purpose, (&ticket, account), data)?;
        Ok(ticket.text())
    }

    /// Adds a ticket that was made elsewhere.
    pub(crate) fn add_ticket_of(
        &self,
        transaction: &mut Transaction<'_>,
        purpose: Purpose,
        (ticket, account): (&Ticket, Option<Uuid>),
        data: Json,
    ) -> Result<()> {
        let hash = ticket.hash(self.keys_of_installation()?, purpose.name());
        let new = NewTicket { purpose, account, email: None, data: Some(data) };
        transaction.system(&ticket_row(&new, &hash, self.engine.now())).map(drop)
    }

    /// Uses up the ticket with this text, before anything that it stands for is judged.
    ///
    /// # Errors
    /// `INVALID_TOKEN` when there is none, or somebody else was first.
    pub(crate) async fn take_ticket(&self, purpose: Purpose, text: &str) -> Result<TicketRow> {
        let ticket = self.find_ticket(&[purpose], text).await?;
        let write = SystemWrite::delete("Ticket", ticket.id).at(ticket.version);
        match self.engine.system_write(write).await {
            Ok(_) => Ok(ticket),
            Err(error) if lost_race(&error) => Err(invalid_token()),
            Err(error) => Err(error),
        }
    }
}

/// Whether a write was not done because another one was first.
pub(crate) fn lost_race(error: &Error) -> bool {
    matches!(error.code(), Code::VersionMismatch | Code::NotFound | Code::UniqueConflict)
}
