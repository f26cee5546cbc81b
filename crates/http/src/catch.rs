//! Keeps a panic of one request from taking its connection along.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that ends with the message of a panic instead of passing it on.
pub(crate) struct Catch<F>(pub F);

impl<F: Future + Unpin> Future for Catch<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // What the request was working on is dropped with it; what threads share is behind locks
        // and cells that hold no half-made state across a call.
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.0).poll(cx))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                Poll::Ready(Err(text.unwrap_or_else(|| "a panic without a text".to_owned())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> Result<T, String> {
        let mut caught = Catch(Box::pin(future));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(&mut caught).poll(&mut cx) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => panic!("the future waits for nothing"),
        }
    }

    #[test]
    fn a_panic_becomes_its_text() {
        assert_eq!(run(async { 7 }), Ok(7));
        let n = 3;
        assert_eq!(run(async { assert_eq!(n, 3, "n is {n}") }), Ok(()));
        assert_eq!(run(async { panic!("n is {n}") }), Err::<(), _>("n is 3".to_owned()));
    }
}
