//! Where a message goes, and what may stand in its way.

use std::sync::Arc;
use std::time::Duration;

use crate::{Caught, Message, Smtp, Stamp, cleaning};

/// Characters that are kept of what a mail server says.
const REPLY_CHARACTERS_MAX: usize = 400;

/// Where messages go.
#[derive(Debug)]
pub enum Transport {
    /// To a mail server.
    Smtp(Box<Smtp>),
    /// Nowhere: they are kept, for `dev` to show.
    Caught(Arc<Caught>),
    /// Nowhere: nobody said where to. Whatever is queued waits until somebody does.
    Absent,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is no mail server to send it to.
    #[error("no mail server is configured: set `smtp_host` in `[mail]`")]
    Absent,
    /// The whole took longer than it may.
    #[error("the mail server did not take the message within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// There is no connection, or it broke.
    #[error("the mail server could not be talked to")]
    Broken(#[source] lettre::transport::smtp::Error),
    /// The server said no.
    #[error("the mail server refused {stage} with {code}")]
    Refused {
        /// What it refused.
        stage: Stage,
        /// Its code (RFC 5321, section 4.2.3).
        code: u16,
        /// Its words, which may name the recipient.
        reply: String,
    },
    /// The server did not say what follows, so nobody knows what it did.
    #[error("the mail server answered {stage} with {code}, which does not follow")]
    OutOfStep {
        /// What it answered.
        stage: Stage,
        /// Its code.
        code: u16,
    },
}

/// A step on the way of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Saying hello.
    Greeting,
    /// Encrypting the connection.
    Encryption,
    /// Signing in.
    Login,
    /// Naming the sender.
    Sender,
    /// Naming the recipient.
    Recipient,
    /// The message itself.
    Content,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Greeting => "the connection",
            Self::Encryption => "encryption",
            Self::Login => "the login",
            Self::Sender => "the sender",
            Self::Recipient => "the recipient",
            Self::Content => "the message",
        })
    }
}

impl SendError {
    /// Whether sending the same message again is of no use.
    ///
    /// Only what a server says of the recipient or the message is final. What it says before is
    /// about us: a password that was changed or a sender that is not allowed is mended by somebody,
    /// and until then no mail may be lost for it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { stage: Stage::Recipient | Stage::Content, code, .. } => *code >= 500,
            Self::Refused { .. }
            | Self::Absent
            | Self::TimedOut(_)
            | Self::Broken(_)
            | Self::OutOfStep { .. } => false,
        }
    }

    /// Whether it is about the server, and so about every message alike.
    #[must_use]
    pub fn is_of_server(&self) -> bool {
        match self {
            Self::Refused { stage, .. } => !matches!(stage, Stage::Recipient | Stage::Content),
            Self::Absent | Self::TimedOut(_) | Self::Broken(_) | Self::OutOfStep { .. } => true,
        }
    }

    /// All that is known, in one line, for whoever looks after the queue. It may name the
    /// recipient, so it does not belong in a log.
    #[must_use]
    pub fn in_full(&self) -> String {
        let more = match self {
            Self::Refused { reply, .. } => reply.clone(),
            Self::Broken(source) => source.to_string(),
            Self::Absent | Self::TimedOut(_) | Self::OutOfStep { .. } => return self.to_string(),
        };
        format!("{self}: {}", cleaning::line(&more, REPLY_CHARACTERS_MAX))
    }
}

impl Transport {
    /// Sends `message`, or keeps it. Returns once the server has taken responsibility for it.
    ///
    /// # Errors
    /// [`SendError`]: the message was not sent, or nobody knows; see [`SendError::is_final`].
    pub async fn send(&self, stamp: Stamp, message: &Message) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(stamp, message).await,
            Self::Caught(caught) => {
                caught.catch(stamp, message);
                Ok(())
            }
            Self::Absent => Err(SendError::Absent),
        }
    }

    /// Looks whether messages can be sent at present, so that nothing is written in vain.
    ///
    /// # Errors
    /// [`SendError`]: they cannot.
    pub async fn reach(&self) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.reach().await,
            Self::Caught(_) => Ok(()),
            Self::Absent => Err(SendError::Absent),
        }
    }

    /// Where messages go, for the log.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Smtp(smtp) => smtp.shown(),
            Self::Caught(_) => "caught".to_owned(),
            Self::Absent => "none".to_owned(),
        }
    }

    /// Takes leave of the server until there is more to send.
    pub async fn rest(&self) {
        if let Self::Smtp(smtp) = self {
            smtp.rest().await;
        }
    }
}
