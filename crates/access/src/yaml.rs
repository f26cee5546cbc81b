//! YAML as a tree with places: what files of access tests are written in.
//!
//! A small part of YAML 1.2 suffices: mappings with plain keys, lists and scalars of the core schema.
//! Anchors, aliases and tags are refused, so that no file unfolds into more than it shows; size,
//! depth and number of values are bounded.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::source::Fault;

/// Bytes of one file.
pub(crate) const BYTES_MAX: usize = 1 << 20;
/// Levels of nesting.
const DEPTH_MAX: usize = 16;
/// Values of one file.
const NODES_MAX: usize = 50_000;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// A number as JSON writes it.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The name of a member of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

impl Node {
    /// What it is, in a word with its article.
    pub(crate) fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}

/// The documents of a file, and everything that is wrong with its form. With a fault the documents
/// may lack what stands after it.
pub(crate) fn parse(text: &str) -> (Vec<Node>, Vec<Fault>) {
    if text.len() > BYTES_MAX {
        let message = format!("the file has more than {BYTES_MAX} bytes");
        let fault = Fault::new(&(0..0), message).with_help("take it apart into several files");
        return (Vec::new(), vec![fault]);
    }
    let mut builder = Builder { text, offsets: Offsets::new(text), ..Builder::default() };
    for event in Parser::new_from_str(text) {
        let taken = match event {
            Ok((event, span)) => {
                let span = builder.bytes(span);
                builder.take(event, span)
            }
            Err(error) => {
                let at = builder.offsets.byte(error.marker().index());
                Err(Fault::new(&(at..at), format!("this is not YAML: {}", error.info())))
            }
        };
        if let Err(fault) = taken {
            builder.faults.push(fault);
            break;
        }
    }
    (builder.documents, builder.faults)
}

/// Bytes of characters: the parser counts characters.
#[derive(Default)]
struct Offsets {
    /// Where each character starts; empty for a text of ASCII alone.
    starts: Vec<usize>,
    length: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let starts = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(byte, _)| byte).collect()
        };
        Self { starts, length: text.len() }
    }

    fn byte(&self, character: usize) -> usize {
        let byte = if self.starts.is_empty() {
            Some(character)
        } else {
            self.starts.get(character).copied()
        };
        byte.unwrap_or(self.length).min(self.length)
    }
}

/// A collection that has begun and not ended.
struct Open {
    start: usize,
    /// For a mapping: the key that waits for its value.
    key: Option<Key>,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Default)]
struct Builder<'a> {
    text: &'a str,
    offsets: Offsets,
    open: Vec<Open>,
    n_nodes: usize,
    documents: Vec<Node>,
    faults: Vec<Fault>,
}

impl Builder<'_> {
    fn bytes(&self, span: Span) -> Range<usize> {
        let start = self.offsets.byte(span.start.index());
        start..self.offsets.byte(span.end.index()).max(start)
    }

    fn take(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Fault> {
        match event {
            Event::Alias(_) => Err(refused(&span, "an alias")),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                Err(refused(&span, "an anchor"))
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => Err(refused(&span, "a tag")),
            Event::Scalar(text, style, _, None) => self.scalar(&text, style, span),
            Event::SequenceStart(..) => self.begin(span, Content::List(Vec::new())),
            Event::MappingStart(..) => self.begin(span, Content::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => self.end(&span),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(&mut self, span: Range<usize>, content: Content) -> Result<(), Fault> {
        if let Some(Open { key: None, content: Content::Map(_), .. }) = self.open.last() {
            return Err(Fault::new(&span, "a name must be a text"));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(Fault::new(&span, format!("this nests deeper than {DEPTH_MAX} levels")));
        }
        self.open.push(Open { start: span.start, key: None, content });
        Ok(())
    }

    fn end(&mut self, span: &Range<usize>) -> Result<(), Fault> {
        let open = self.open.pop().expect("invariant: the parser ends what it has begun");
        let last = match &open.content {
            Content::List(items) => items.last().map(|item| item.span.end),
            Content::Map(members) => members.last().map(|(_, value)| value.span.end),
        };
        // A block collection ends where the next one begins, which is too far to point at.
        let is_flow = matches!(self.text.as_bytes().get(open.start), Some(b'{' | b'['));
        let end = if is_flow { span.end } else { last.unwrap_or(open.start) };
        let end = open.start + self.text[open.start..end.max(open.start)].trim_end().len();
        let kind = match open.content {
            Content::List(items) => Kind::List(items),
            Content::Map(members) => Kind::Map(members),
        };
        self.add(Node { kind, span: open.start..end })
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Range<usize>) -> Result<(), Fault> {
        if let Some(Open { key: key @ None, content: Content::Map(members), .. }) =
            self.open.last_mut()
        {
            if members.iter().any(|(known, _)| known.text == text) {
                let message = format!("`{text}` stands twice");
                self.faults.push(Fault::new(&span, message).with_label("a second time"));
            }
            *key = Some(Key { text: text.to_owned(), span });
            return Ok(());
        }
        let kind = match style {
            ScalarStyle::Plain => plain(text),
            ScalarStyle::SingleQuoted
            | ScalarStyle::DoubleQuoted
            | ScalarStyle::Literal
            | ScalarStyle::Folded => Kind::Text(text.to_owned()),
        };
        self.add(Node { kind, span })
    }

    fn add(&mut self, node: Node) -> Result<(), Fault> {
        self.n_nodes += 1;
        if self.n_nodes > NODES_MAX {
            let message = format!("the file has more than {NODES_MAX} values");
            return Err(Fault::new(&node.span, message).with_help("take it apart"));
        }
        match self.open.last_mut() {
            None => self.documents.push(node),
            Some(Open { content: Content::List(items), .. }) => items.push(node),
            Some(Open { content: Content::Map(members), key, .. }) => {
                let key = key.take().expect("invariant: a value comes after its key");
                members.push((key, node));
            }
        }
        Ok(())
    }
}

fn refused(span: &Range<usize>, what: &str) -> Fault {
    Fault::new(span, format!("{what} is not taken here"))
        .with_help("write the value out; rows are referred to by their names")
}

/// A scalar without quotes, as YAML's core schema reads it (YAML 1.2.2, section 10.3.2), but that
/// numbers are those of JSON and everything else is text.
fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ if is_number(text) => Kind::Number(text.to_owned()),
        _ => Kind::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let starts = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    starts && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

#[cfg(test)]
mod tests;
