//! The directives of one definition, checked against the table: what resolvers read.
//!
//! A directive or argument that does not fit is reported once, here, and then does not exist for
//! the resolvers, so one slip is one diagnostic.

use apollo_compiler::Node;
use apollo_compiler::ast;

use crate::diagnostic::{Diagnostic, directive, unknown};
use crate::directives::{ArgumentKind, ArgumentRow, DirectiveRow, Place, TABLE};
use crate::{Span, declare};

/// The valid directives of a definition.
#[derive(Debug, Default)]
pub(crate) struct Directives<'a>(Vec<Applied<'a>>);

/// A directive as it is used, with the arguments that are valid.
#[derive(Debug)]
pub(crate) struct Applied<'a> {
    pub(crate) name: &'a str,
    /// The name with its `@`.
    pub(crate) span: Span,
    arguments: Vec<(&'a str, &'a Node<ast::Value>)>,
    /// Whether nothing was wrong with its arguments; checks for absence ask this first.
    pub(crate) sound: bool,
}

/// A text argument and where its literal stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) text: &'a str,
    pub(crate) span: Span,
}

impl<'a> Directives<'a> {
    /// Checks what stands at `place`.
    pub(crate) fn check(
        nodes: &[&'a Node<ast::Directive>],
        place: Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut checked: Vec<Applied<'a>> = Vec::new();
        for node in nodes {
            let span = declare::directive_span(node);
            let Some(row) = TABLE.get(&node.name) else {
                diagnostics.push(unknown::directive(&node.name, span, place));
                continue;
            };
            if !row.places.contains(&place) {
                diagnostics.push(directive::wrong_place(row, span, place));
                continue;
            }
            let first = checked.iter().find(|applied| applied.name == row.name);
            if let (Some(first), false) = (first, row.repeatable) {
                diagnostics.push(directive::repeated(&row.name, span, first.span));
                continue;
            }
            checked.push(Applied::check(node, row, place, diagnostics));
        }
        Self(checked)
    }

    /// The directive of this name; the first of several.
    pub(crate) fn get(&self, name: &str) -> Option<&Applied<'a>> {
        self.0.iter().find(|applied| applied.name == name)
    }

    /// All directives of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &Applied<'a>> {
        self.0.iter().filter(move |applied| applied.name == name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl<'a> Applied<'a> {
    fn check(
        node: &'a Node<ast::Directive>,
        row: &DirectiveRow,
        place: Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let n_before = diagnostics.len();
        let mut arguments: Vec<(&str, &Node<ast::Value>)> = Vec::new();
        for argument in &node.arguments {
            let span = declare::name_span(&argument.name);
            let known = row.arguments.iter().find(|row| row.name == argument.name.as_str());
            let Some(known) = known else {
                diagnostics.push(unknown::argument(&argument.name, span, row));
                continue;
            };
            if !fits_place(row, known, place) {
                diagnostics.push(directive::argument_elsewhere(row, known, span, place));
                continue;
            }
            if arguments.iter().any(|(name, _)| *name == argument.name.as_str()) {
                diagnostics.push(directive::argument_twice(&argument.name, span));
                continue;
            }
            match check_argument(known, &argument.value) {
                Ok(()) if matches!(*argument.value, ast::Value::Null) => {}
                Ok(()) => arguments.push((argument.name.as_str(), &argument.value)),
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
        let span = declare::directive_span(node);
        for required in row.arguments.iter().filter(|row| row.required) {
            if !node.arguments.iter().any(|argument| argument.name.as_str() == required.name) {
                diagnostics.push(directive::missing_argument(row, required, span));
            }
        }
        let sound = diagnostics.len() == n_before;
        Self { name: node.name.as_str(), span, arguments, sound }
    }

    /// Whether the argument is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.literal(name).is_some()
    }

    /// Whether no argument is there.
    pub(crate) fn is_bare(&self) -> bool {
        self.arguments.is_empty()
    }

    /// The argument as it stands.
    pub(crate) fn literal(&self, name: &str) -> Option<&'a Node<ast::Value>> {
        self.arguments.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    pub(crate) fn text(&self, name: &str) -> Option<Text<'a>> {
        as_text(self.literal(name)?)
    }

    /// The texts of a list; one text alone is a list of one, as GraphQL has it.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<Text<'a>>> {
        let node = self.literal(name)?;
        Some(match node.as_list() {
            Some(items) => items.iter().filter_map(as_text).collect(),
            None => as_text(node).into_iter().collect(),
        })
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.literal(name)?.to_bool()
    }

    pub(crate) fn number(&self, name: &str) -> Option<(i64, Span)> {
        let node = self.literal(name)?;
        let ast::Value::Int(number) = &**node else { return None };
        Some((number.as_str().parse().ok()?, declare::span(node)))
    }

    pub(crate) fn symbol(&self, name: &str) -> Option<(&'a str, Span)> {
        let node = self.literal(name)?;
        Some((node.as_enum()?.as_str(), declare::span(node)))
    }
}

fn as_text(node: &Node<ast::Value>) -> Option<Text<'_>> {
    Some(Text { text: node.as_str()?, span: declare::span(node) })
}

/// `@access`, `@index` and `@unique` stand on models and fields, with arguments of their own.
fn fits_place(row: &DirectiveRow, argument: &ArgumentRow, place: Place) -> bool {
    match (row.name.as_str(), argument.name.as_str()) {
        ("access", "create" | "update" | "delete") | ("index" | "unique", "fields") => {
            place == Place::Model
        }
        ("access", "write") => place == Place::Field,
        _ => true,
    }
}

fn check_argument(row: &ArgumentRow, value: &Node<ast::Value>) -> Result<(), Box<Diagnostic>> {
    let fits = match (row.kind, &**value) {
        (_, ast::Value::Null) => !row.required,
        (_, ast::Value::Variable(_)) => false,
        (ArgumentKind::Text | ArgumentKind::Texts, ast::Value::String(_))
        | (ArgumentKind::Flag, ast::Value::Boolean(_))
        | (ArgumentKind::Literal, _) => true,
        (ArgumentKind::Number, ast::Value::Int(number)) => number.try_to_i32().is_ok(),
        (ArgumentKind::Texts, ast::Value::List(items)) => {
            items.iter().all(|item| matches!(**item, ast::Value::String(_)))
        }
        (ArgumentKind::Symbol(known), ast::Value::Enum(symbol)) => {
            if !known.contains(&symbol.as_str()) {
                let span = declare::span(value);
                return Err(Box::new(unknown::symbol(symbol, span, known)));
            }
            true
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(Box::new(directive::wrong_argument_type(row, declare::span(value))))
}
