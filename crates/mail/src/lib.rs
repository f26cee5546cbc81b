//! Mail: what is written, how it is sent, and what `dev` shows instead of sending it.
//!
//! A [`Kind`] of mail has templates, ours or those of the project's `emails` folder, which
//! [`Templates`] checks when it reads them. Rendering one with its [`Values`] gives a [`Message`],
//! and a [`Transport`] takes it to a mail server, or keeps it where `dev` shows it. Nothing here
//! knows accounts, or why a mail is sent.
//!
//! Mails wait in the [`Queue`], whose rows are written in the transaction of their cause, so a mail
//! is neither lost nor sent for what did not happen. A row says what a mail is about; the mail with
//! its link or code is written when it is sent, so no secret waits in the database.
#![warn(missing_docs)]

mod caught;
mod cleaning;
mod kind;
mod message;
mod queue;
mod smtp;
mod templates;
mod transport;

pub use caught::{Caught, CaughtMail};
pub use kind::{Kind, Variable};
pub use message::{Message, MessageError, Sender, Stamp};
pub use queue::{ComposeError, Counts, Job, Queue, queued};
pub use smtp::{Login, Security, Smtp, SmtpConfig, SmtpConfigError};
pub use templates::{RenderError, TemplateErrors, TemplateProblem, Templates, Values};
pub use transport::{SendError, Stage, Transport};
