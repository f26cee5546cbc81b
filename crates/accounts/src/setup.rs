//! The first administrator: made by a link that the terminal shows while there is none.

use serde::Deserialize;
use underpin_base::{Error, Result, Secret};
use underpin_engine::{SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use uuid::Uuid;

use crate::ask::Ask;
use crate::audit::Event;
use crate::people::email_field;
use crate::register::{NewAccount, is_taken, taken};
use crate::session::Proven;
use crate::tickets::{Attempt, NewTicket, Purpose, invalid_token};
use crate::{Accounts, Answer};

/// The role that may do everything.
const ADMIN: &str = "admin";

#[derive(Deserialize)]
struct AdminRow {
    id: Uuid,
    version: i64,
    accounts: Vec<Administrator>,
}

#[derive(Deserialize)]
struct Administrator {
    subject: Option<String>,
}

impl AdminRow {
    /// Whether somebody who can log in has the role. A key that has it does not count.
    fn is_held(&self) -> bool {
        self.accounts.iter().any(|account| account.subject.is_some())
    }
}

impl Accounts {
    /// A token that makes the first administrator, good for 15 minutes; `None` when there is one.
    /// Earlier tokens end.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` and the like.
    pub async fn setup_link(&self) -> Result<Option<Secret<String>>> {
        if !self.lacks_administrator().await? {
            return Ok(None);
        }
        let purpose = Purpose::Setup;
        let new = NewTicket { purpose, account: None, email: None, data: None };
        self.issue_ticket(&new).await.map(Some)
    }

    /// Whether somebody could be the first administrator: there is none, and one could log in.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` and the like.
    pub async fn lacks_administrator(&self) -> Result<bool> {
        let can_log_in = email_field(&*self.engine.app().await).is_some();
        let admin = self.admin_role().await?;
        Ok(can_log_in && admin.is_some_and(|admin| !admin.is_held()))
    }

    /// Makes the first administrator.
    pub(crate) async fn setup(&self, ask: &Ask<'_>) -> Result<Answer> {
        let field = email_field(ask.app).ok_or_else(Error::not_found)?;
        let (email, token) = (ask.inputs.text("email"), ask.inputs.text("token"));
        // Before the password is hashed: the link is the whole secret here.
        let ticket = self.find_ticket(&[Purpose::Setup], token).await;
        let hash = match ticket {
            Ok(_) => self.hasher.hash(ask.inputs.password("password")).await?,
            Err(_) => String::new(),
        };
        let hash = hash.as_str();
        let attempt = move || -> Attempt<'_, _> {
            Box::pin(async move {
                if hash.is_empty() {
                    return Err(invalid_token());
                }
                let ticket = self.find_ticket(&[Purpose::Setup], token).await?;
                let admin = self.admin_role().await?.filter(|admin| !admin.is_held());
                let admin = admin.ok_or_else(invalid_token)?;
                let mut transaction = Transaction::new(&self.engine);
                Self::consume(&mut transaction, &ticket)?;
                // Of several links, however many processes made them, one alone finds the role so.
                let write = SystemWrite::update("Role", admin.id).at(admin.version);
                transaction.system(&write.text("name", ADMIN))?;
                let row = self.add_row(&mut transaction, ask, (field, email))?;
                let (password, roles) = (Some(hash), vec![admin.id]);
                let new = NewAccount { proved: true, password, roles, ..NewAccount::of(email) };
                let account = Self::add_account(&mut transaction, ask, (&row, &new))?;
                let event = Event::new("setup.completed").of(account);
                Self::audit(&mut transaction, ask, &event)?;
                let proven = Proven { account, epoch: 0, methods: vec!["password"] };
                Box::pin(self.log_in(ask, transaction, &proven)).await
            })
        };
        match self.spend(ask, "setup.completed", attempt).await {
            Ok(grant) => Ok(Answer::Session(Box::new(grant))),
            Err(error) if is_taken(&error, field) => Err(taken(field)),
            Err(error) => Err(error),
        }
    }

    async fn admin_role(&self) -> Result<Option<AdminRow>> {
        let conditions = [("name", Operator::Eq, ADMIN)];
        self.engine.system_find(SystemQuery::new("Role", &conditions).with(&["accounts"])).await
    }
}
