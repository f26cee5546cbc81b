//! The compiler's front: one schema file in, a [`Schema`] or every mistake in it out.
//!
//! Pure. [`parse`] reads GraphQL SDL with our directives, resolves every name, and reports all
//! mistakes together as [`Diagnostic`]s with a code, a span, a label and a help text; [`explain`]
//! has a page for each code, and [`render`] draws them. It knows nothing of requests, SQL or files;
//! rules are kept as text with their spans and are typed by `rules`.
//!
//! A field's type is a meaning, not a storage: [`Scalar`] and [`Field`] turn a client's text and
//! JSON into [`Value`]s, equally strict for every transport, and [`wire`] writes them back.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod application;
mod applied;
pub mod calendar;
mod declare;
mod diagnostic;
mod directives;
mod field_code;
mod input;
mod json;
mod model;
pub mod naming;
mod parse;
mod pattern;
mod render;
mod resolve;
mod rule_text;
mod scalar;
mod value;
pub mod wire;

pub use application::{Application, parse_application};
pub use diagnostic::{Diagnostic, DiagnosticCode, Explanation, Severity, explain, nearest};
pub use directives::directives;
pub use field_code::{FieldCode, ValueError};
pub use model::{
    Access, Account, Check, EnumId, EnumType, EnumValue, Field, FieldAccess, FieldDefault, FieldId,
    FieldKind, Index, IndexColumn, Join, Locking, Model, ModelId, OnDelete, Role, RuleText, Schema,
    Span, ToMany, ToOne,
};
pub use parse::{Parsed, parse};
pub use pattern::Pattern;
pub use render::{Report, ReportLabel, Style, render, report, summary};
pub use scalar::{Encoding, IdKind, Literal, Scalar};
pub use value::{TextOrder, Value};
