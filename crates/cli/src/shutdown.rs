//! Ctrl-C and SIGTERM: the first asks the server to end its requests, the second ends the process.
//!
//! Before anything is served there are no requests to end, and the first ends the process.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;

/// Listens for the signals from here on, so that none is lost before [`Shutdown::requested`].
pub(crate) struct Shutdown {
    interrupt: Signal,
    terminate: Signal,
}

impl Shutdown {
    /// Must be called within a runtime.
    ///
    /// # Errors
    /// When the system refuses to register a handler.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Does what a server does before it serves. A signal meanwhile ends the process at once: a
    /// migration is done whole or not at all, and seeding goes on where it was at the next start.
    pub(crate) async fn unless_requested<T>(&mut self, starting: impl Future<Output = T>) -> T {
        tokio::select! {
            started = starting => started,
            () = self.next() => end(),
        }
    }

    /// Ready at the first signal. From then on a second one ends the process at once: whoever
    /// sends it has waited long enough. Committed writes are on the disk by then.
    pub(crate) async fn requested(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            end();
        });
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn end() -> ! {
    std::process::exit(Exit::Interrupted.code().into())
}
