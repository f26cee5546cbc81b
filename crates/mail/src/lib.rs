//! Mail: what is written, how it is sent, and what `dev` shows instead of sending it.
//!
//! A [`Kind`] of mail has templates, ours or those of the project's `emails` folder, which
//! [`Templates`] checks when it reads them. Rendering one with its [`Values`] gives a [`Message`],
//! and a [`Transport`] takes it to a mail server, or keeps it where `dev` shows it. Nothing here
//! knows accounts, or why a mail is sent.
#![warn(missing_docs)]

mod caught;
mod cleaning;
mod kind;
mod message;
mod smtp;
mod templates;
mod transport;

pub use caught::{Caught, CaughtMail};
pub use kind::{Kind, Variable};
pub use message::{Message, MessageError, Sender, Stamp};
pub use smtp::{Login, Security, Smtp, SmtpConfig, SmtpConfigError};
pub use templates::{RenderError, TemplateErrors, TemplateProblem, Templates, Values};
pub use transport::{SendError, Stage, Transport};
