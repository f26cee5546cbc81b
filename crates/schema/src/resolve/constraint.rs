//! What a field's directives demand of its values, and whether they fit its type.

use std::cmp::Ordering;

use apollo_compiler::Node;
use apollo_compiler::ast;

use super::{FieldNote, Work};
use crate::applied::Applied;
use crate::diagnostic::{constraint, directive};
use crate::{
    Field, FieldKind, IdKind, Literal, Pattern, Scalar, TextOrder, Value, ValueError, declare,
};

/// A directive, the fields it goes with, and those in words.
type Fit = (&'static str, fn(&FieldKind) -> bool, &'static str);

/// What the directives of fields go with.
const FITS: [Fit; 9] = [
    ("length", has_length, "texts and lists"),
    ("range", has_range, "numbers, dates and times"),
    ("pattern", is_text, "texts"),
    ("decimal", is_decimal, "`Decimal`"),
    ("text", is_text, "texts"),
    ("id", is_key, "`ID`"),
    ("relation", is_relation, "relations to another model"),
    ("default", takes_default, "columns"),
    ("column", has_column, "columns"),
];

/// What goes with columns alone, because without one it has nothing to work on.
const COLUMN_ONLY: [&str; 4] = ["unique", "index", "immutable", "hidden"];

impl<'a> Work<'a, '_> {
    /// Reports directives that mean nothing for a field of this type.
    pub(super) fn refuse_misfits(&mut self, field: &Field, note: &FieldNote<'a>) {
        for (name, fits, what) in FITS {
            if let Some(applied) = note.directives.get(name).filter(|_| !fits(&field.kind)) {
                let diagnostic = constraint::misfit(name, applied.span, what, note.type_span);
                self.report(diagnostic);
            }
        }
        let is_to_many = matches!(field.kind, FieldKind::ToMany(_) | FieldKind::ManyToMany(_));
        for name in COLUMN_ONLY {
            if let Some(applied) = note.directives.get(name).filter(|_| is_to_many) {
                let diagnostic = constraint::misfit(name, applied.span, "columns", note.type_span);
                self.report(diagnostic);
            }
        }
    }

    pub(super) fn apply_constraints(&mut self, field: &mut Field, note: &FieldNote<'a>) {
        for name in ["length", "range"] {
            let applied = note.directives.get(name);
            if let Some(applied) = applied.filter(|applied| applied.is_bare() && applied.sound) {
                self.report(directive::says_nothing(name, applied.span));
            }
        }
        if let Some(length) = note.directives.get("length").filter(|_| has_length(&field.kind)) {
            self.apply_length(field, length);
        }
        if let Some(range) = note.directives.get("range").filter(|_| has_range(&field.kind)) {
            self.apply_range(field, range);
        }
        if let Some(pattern) = note.directives.get("pattern").filter(|_| is_text(&field.kind)) {
            let Some(regex) = pattern.text("regex") else { return };
            match Pattern::new(regex.text) {
                Ok(pattern) => field.pattern = Some(pattern),
                Err(error) => self.report(constraint::pattern(&error, regex.span)),
            }
        }
    }

    fn apply_length(&mut self, field: &mut Field, length: &Applied<'a>) {
        let (min, max) = (length.number("min"), length.number("max"));
        for (bound, span) in [min, max].into_iter().flatten() {
            if bound < 0 {
                self.report(constraint::negative_length(span));
                return;
            }
        }
        if let (Some((low, _)), Some((high, span))) = (min, max)
            && low > high
        {
            self.report(constraint::length(low, high, span));
            return;
        }
        let bound = |given: Option<(i64, _)>, open: u64| {
            given.map_or(open, |(bound, _)| bound.unsigned_abs())
        };
        field.length = Some((bound(min, 0), bound(max, u64::MAX)));
    }

    fn apply_range(&mut self, field: &mut Field, range: &Applied<'a>) {
        let FieldKind::Scalar(scalar) = field.kind else { return };
        let mut bound = |name: &str| {
            let node = range.literal(name)?;
            match scalar_literal(scalar, node) {
                Ok(value) => Some(value),
                Err(error) => {
                    self.report(constraint::range_bound(scalar, &error, declare::span(node)));
                    None
                }
            }
        };
        let (min, max) = (bound("min"), bound("max"));
        if let (Some(low), Some(high)) = (&min, &max)
            && low.compare(high, TextOrder::Binary) == Some(Ordering::Greater)
        {
            let span = range.literal("max").map_or(range.span, declare::span);
            self.report(constraint::range(span));
        }
        field.range = Some((min, max));
    }
}

/// A literal of the schema file as a value of a scalar type.
pub(super) fn scalar_literal(scalar: Scalar, node: &Node<ast::Value>) -> Result<Value, ValueError> {
    if scalar == Scalar::Json {
        let mut json = Vec::new();
        write_json(node, &mut json);
        return scalar.parse_json(&String::from_utf8_lossy(&json));
    }
    match &**node {
        ast::Value::Int(number) => scalar.from_literal(Literal::Number(number.as_str())),
        ast::Value::Float(number) => scalar.from_literal(Literal::Number(number.as_str())),
        ast::Value::String(text) => scalar.from_literal(Literal::Text(text)),
        ast::Value::Boolean(value) => scalar.from_literal(Literal::Bool(*value)),
        ast::Value::Null
        | ast::Value::Enum(_)
        | ast::Value::Variable(_)
        | ast::Value::List(_)
        | ast::Value::Object(_) => {
            // Not a literal of any scalar: let the type say what it wants instead.
            Err(scalar.parse_json("[]").err().unwrap_or_else(|| {
                ValueError::new(crate::FieldCode::InvalidType, "must be a single value")
            }))
        }
    }
}

fn write_json(node: &Node<ast::Value>, out: &mut Vec<u8>) {
    match &**node {
        ast::Value::Null => out.extend_from_slice(b"null"),
        ast::Value::Boolean(value) => {
            out.extend_from_slice(if *value { b"true" } else { b"false" });
        }
        ast::Value::Int(number) => out.extend_from_slice(number.as_str().as_bytes()),
        ast::Value::Float(number) => out.extend_from_slice(number.as_str().as_bytes()),
        ast::Value::String(text) => crate::wire::string(text, out),
        // No JSON: the reader refuses it with a message of its own.
        ast::Value::Enum(name) | ast::Value::Variable(name) => {
            out.extend_from_slice(name.as_bytes());
        }
        ast::Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                out.extend_from_slice(if index > 0 { b"," } else { b"" });
                write_json(item, out);
            }
            out.push(b']');
        }
        ast::Value::Object(members) => {
            out.push(b'{');
            for (index, (name, value)) in members.iter().enumerate() {
                out.extend_from_slice(if index > 0 { b"," } else { b"" });
                crate::wire::string(name, out);
                out.push(b':');
                write_json(value, out);
            }
            out.push(b'}');
        }
    }
}

fn is_text(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Scalar(scalar) if scalar.is_text())
}

fn has_length(kind: &FieldKind) -> bool {
    is_text(kind) || matches!(kind, FieldKind::ScalarList(_) | FieldKind::EnumList(_))
}

fn has_range(kind: &FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Scalar(
            Scalar::Int
                | Scalar::BigInt
                | Scalar::Float
                | Scalar::Decimal { .. }
                | Scalar::DateTime
                | Scalar::Date
                | Scalar::Time
                | Scalar::Duration
        )
    )
}

fn is_decimal(kind: &FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Scalar(Scalar::Decimal { .. }) | FieldKind::ScalarList(Scalar::Decimal { .. })
    )
}

fn is_key(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Scalar(Scalar::Id(IdKind::Uuid | IdKind::Int | IdKind::String)))
}

fn is_relation(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::ToOne(_) | FieldKind::ToMany(_) | FieldKind::ManyToMany(_))
}

fn has_column(kind: &FieldKind) -> bool {
    !matches!(kind, FieldKind::ToMany(_) | FieldKind::ManyToMany(_))
}

fn takes_default(kind: &FieldKind) -> bool {
    has_column(kind)
}
