//! Scenarios: text files with a schema, actors, rows, requests and the answers expected.

mod parse;
