//! From an operation to what does it.

use underpin_base::{Error, Result};
use underpin_engine::App;

use crate::ask::Ask;
use crate::{Accounts, Answer, Call, OperationId};

impl Accounts {
    /// Does what a client asks for. The transport has recognised the caller and counted the call
    /// against its limits; access and body are judged here.
    ///
    /// # Errors
    /// See the error table.
    pub async fn call(&self, app: &App, call: Call<'_>) -> Result<Answer> {
        let id = call.operation;
        self.permit(id.operation().access, call.caller.as_deref())?;
        let ask = Ask::read(self, app, call)?;
        self.dispatch(id, &ask).await
    }

    async fn dispatch(&self, id: OperationId, ask: &Ask<'_>) -> Result<Answer> {
        use OperationId as Id;
        match id {
            Id::Me => Box::pin(self.me(ask)).await,
            // Not every operation of the table is there yet.
            _ => Err(Error::not_found()),
        }
    }
}
