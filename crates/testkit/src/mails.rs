//! The mails of accounts, written as a server writes them and handed to the test.

use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use underpin_accounts::{Accounts, Due};
use underpin_engine::Engine;
use underpin_mail::{Caught, Job, Message, Queue, Templates, Transport};

/// Longer than any mail takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a test reads of mails.
pub(crate) struct Mails(Mutex<Receiver<Message>>);

impl Mails {
    pub(crate) fn new(receiver: Receiver<Message>) -> Self {
        Self(Mutex::new(receiver))
    }

    /// The next one, once it is written.
    #[track_caller]
    pub(crate) fn next(&self) -> Message {
        let receiver = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        receiver.recv_timeout(PATIENCE).expect("no mail was written")
    }
}

/// The mails of a server on their way to the test.
pub(crate) struct Post(Option<Arc<Queue>>);

impl Post {
    /// Nothing is written without a `sender`.
    pub(crate) fn new(engine: &Arc<Engine>, sender: Option<Sender<Message>>) -> Self {
        let queue = sender.map(|sender| {
            let sender = Mutex::new(sender);
            let caught = Caught::new(move |mail| {
                let sender = sender.lock().unwrap_or_else(PoisonError::into_inner);
                // The test may have ended.
                drop(sender.send(mail.message.clone()));
            });
            Queue::new(Arc::clone(engine), Transport::Caught(Arc::new(caught)))
        });
        Self(queue)
    }

    /// What accounts call once a mail was queued.
    pub(crate) fn on_mail(&self) -> Option<Arc<dyn Fn() + Send + Sync>> {
        let queue = Arc::clone(self.0.as_ref()?);
        Some(Arc::new(move || queue.notify()))
    }

    /// Writes mails until `shutdown` is ready.
    pub(crate) async fn run(self, accounts: Arc<Accounts>, shutdown: impl Future<Output = ()>) {
        let Some(queue) = self.0 else { return shutdown.await };
        let templates = Templates::load("Test", None).ok();
        let templates = Arc::new(templates.expect("invariant: our own templates are right"));
        let compose = move |job: Job| {
            let (accounts, templates) = (Arc::clone(&accounts), Arc::clone(&templates));
            async move {
                let due = Due {
                    kind: &job.kind,
                    recipient: &job.recipient,
                    payload: &job.payload,
                    queued_at: job.queued_at,
                };
                let composed = accounts.compose(due).await?;
                let rendered = composed.map(|(kind, values)| templates.render(kind, &values));
                Ok(rendered.transpose()?)
            }
        };
        queue.run(compose, shutdown).await;
    }
}
