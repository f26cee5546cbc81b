//! What a server does beside answering: it sends mails, and removes rows that have had their time.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use underpin_accounts::{Accounts, Due};
use underpin_engine::Engine;
use underpin_mail::{ComposeError, Job, Message, Queue, Templates, Transport};

/// How often rows that have had their time are removed.
const CLEAN_INTERVAL: Duration = Duration::from_secs(3_600);

/// Mails to send, and how they read.
pub(crate) struct Background {
    queue: Arc<Queue>,
    templates: Arc<Templates>,
}

impl Background {
    pub(crate) fn new(engine: &Arc<Engine>, transport: Transport, templates: Templates) -> Self {
        let queue = Queue::new(Arc::clone(engine), transport);
        Self { queue, templates: Arc::new(templates) }
    }

    /// Has the queue looked at, for whoever queues a mail.
    pub(crate) fn on_mail(&self) -> Arc<dyn Fn() + Send + Sync> {
        let queue = Arc::clone(&self.queue);
        Arc::new(move || queue.notify())
    }

    /// Works while `serving` goes on, and then ends what it does.
    pub(crate) async fn beside<T>(
        self,
        accounts: Arc<Accounts>,
        serving: impl Future<Output = T>,
    ) -> T {
        let (sender, mut receiver) = watch::channel(());
        let cleaning = clean(Arc::clone(&accounts), ended(receiver.clone()));
        let Self { queue, templates } = self;
        let compose = move |job: Job| compose(Arc::clone(&accounts), Arc::clone(&templates), job);
        let sending = queue.run(compose, async move {
            let _ = receiver.changed().await;
        });
        let serving = async move {
            let served = serving.await;
            drop(sender);
            served
        };
        let (served, (), ()) =
            tokio::join!(Box::pin(serving), Box::pin(sending), Box::pin(cleaning));
        served
    }
}

/// Ready once the other half is gone.
async fn ended(mut receiver: watch::Receiver<()>) {
    while receiver.changed().await.is_ok() {}
}

async fn compose(
    accounts: Arc<Accounts>,
    templates: Arc<Templates>,
    job: Job,
) -> Result<Option<Message>, ComposeError> {
    let due = Due {
        kind: &job.kind,
        recipient: &job.recipient,
        payload: &job.payload,
        queued_at: job.queued_at,
    };
    match accounts.compose(due).await? {
        Some((kind, values)) => Ok(Some(templates.render(kind, &values)?)),
        None => Ok(None),
    }
}

async fn clean(accounts: Arc<Accounts>, ended: impl Future<Output = ()>) {
    let mut ended = pin!(ended);
    loop {
        loop {
            match accounts.clean().await {
                Ok(0) => break,
                Ok(n_rows) => tracing::debug!(n_rows, "removed rows that have had their time"),
                Err(error) => {
                    tracing::warn!(%error, "cannot remove rows that have had their time");
                    break;
                }
            }
        }
        tokio::select! {
            () = &mut ended => return,
            () = tokio::time::sleep(CLEAN_INTERVAL) => {}
        }
    }
}
