//! Everything a command says: results to the standard output stream, remarks to standard error.
//!
//! One value decides for all commands whether there is colour, a progress bar, JSON or silence.
//! Nothing else in the product prints. A reader that goes away (`underpin … | head`) is no error.

pub mod snippet;

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Whether text carries colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// ANSI escapes.
    Always,
    /// Plain text.
    Never,
}

impl Colour {
    /// What suits a stream: colour on a terminal, unless the environment has `NO_COLOR` set to
    /// anything (no-color.org) or `TERM` is `dumb`.
    fn of(stream: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if stream.is_terminal() && !refused && !dumb { Self::Always } else { Self::Never }
    }
}

/// For whom a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A person.
    Person,
    /// A person who wants to hear of errors alone (`--quiet`).
    QuietPerson,
    /// A program (`--json`): one JSON document on standard output.
    Program,
}

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Headings and what matters most.
    Bold,
    /// What can be passed over.
    Dim,
    /// What went well.
    Good,
    /// What needs a look.
    Warning,
    /// What went wrong.
    Bad,
    /// What can be clicked or typed.
    Link,
}

impl Look {
    const fn escape(self) -> &'static str {
        match self {
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Good => "\x1b[32m",
            Self::Warning => "\x1b[33m",
            Self::Bad => "\x1b[1;31m",
            Self::Link => "\x1b[36m",
        }
    }
}

/// Where and how a command writes.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    reader: Reader,
    stdout: Colour,
    stderr: Colour,
}

impl Output {
    /// An output for `reader` on the process's streams.
    #[must_use]
    pub fn new(reader: Reader) -> Self {
        Self {
            reader,
            stdout: Colour::of(&std::io::stdout()),
            stderr: Colour::of(&std::io::stderr()),
        }
    }

    /// Whether a program reads.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.reader == Reader::Program
    }

    /// Whether the standard output stream takes colour.
    #[must_use]
    pub fn stdout_colour(&self) -> Colour {
        self.stdout
    }

    /// Whether the standard error stream takes colour.
    #[must_use]
    pub fn stderr_colour(&self) -> Colour {
        self.stderr
    }

    /// `text` in the looks of standard output.
    #[must_use]
    pub fn paint(&self, look: Look, text: impl Display) -> String {
        painted(self.stdout, look, &text.to_string())
    }

    /// `text` in the looks of standard error.
    #[must_use]
    pub fn paint_error(&self, look: Look, text: impl Display) -> String {
        painted(self.stderr, look, &text.to_string())
    }

    /// A line of the result. Programs do not get it.
    pub fn line(&self, text: impl Display) {
        if self.reader == Reader::Person {
            write_line(std::io::stdout(), &text);
        }
    }

    /// A result that even a quiet person asked for: the contract, a key, a completion script.
    pub fn result(&self, text: impl Display) {
        if !self.is_json() {
            write_line(std::io::stdout(), &text);
        }
    }

    /// The result for a program; people do not get it.
    pub fn json(&self, document: &impl Serialize) {
        if self.is_json() {
            self.document(document);
        }
    }

    /// A result that is JSON by nature, for people and programs alike.
    pub fn document(&self, document: &impl Serialize) {
        let text = serde_json::to_string_pretty(document);
        write_line(std::io::stdout(), &text.expect("invariant: results are plain data"));
    }

    /// A remark beside the result, to standard error: which database was taken, what to do next.
    pub fn note(&self, text: impl Display) {
        if self.reader == Reader::Person {
            write_line(std::io::stderr(), &text);
        }
    }

    /// Something that deserves a look, to standard error, for quiet people too.
    pub fn warning(&self, text: impl Display) {
        if !self.is_json() {
            let label = painted(self.stderr, Look::Warning, "warning");
            write_line(std::io::stderr(), &format_args!("{label}: {text}"));
        }
    }

    /// What went wrong, to standard error; already rendered in the colours of that stream.
    pub fn error(&self, rendered: impl Display) {
        write_line(std::io::stderr(), &rendered);
    }

    /// `error: message`, and the advice below it, in the colours of standard error.
    #[must_use]
    pub fn titled_error(&self, message: &str, help: Option<&str>) -> String {
        snippet::Message::error(message).with_help(help).render(self.stderr)
    }

    /// A bar for `n_steps` steps of long work, on a terminal; elsewhere it does not show.
    #[must_use]
    pub fn progress(&self, n_steps: u64, what: &'static str) -> ProgressBar {
        if self.reader != Reader::Person || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}")
            .expect("invariant: the template is valid");
        let bar = ProgressBar::new(n_steps).with_style(style).with_message(what);
        // A bar that flashes by for a moment only makes the terminal flicker.
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

fn painted(colour: Colour, look: Look, text: &str) -> String {
    match colour {
        Colour::Always => format!("{}{text}\x1b[0m", look.escape()),
        Colour::Never => text.to_owned(),
    }
}

fn write_line(mut stream: impl Write, text: &impl Display) {
    // The only failure that happens is a reader that went away, and there is nobody left to tell.
    let _ = writeln!(stream, "{text}").and_then(|()| stream.flush());
}
