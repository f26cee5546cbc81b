//! What the store answers, seen from outside.

#[cfg(test)]
mod agreement;
