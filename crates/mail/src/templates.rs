//! The texts of mails: ours, and those of a project's `emails` folder in their place.
//!
//! A project replaces `KIND.txt`, `KIND.html` and `layout.html`, each by a file of that name. The
//! first line of a text is its subject. Whatever can be known to be wrong is found when templates
//! are loaded, not when a mail is due.

mod load;
mod values;

use std::fmt;
use std::path::Path;

use minijinja::{Environment, UndefinedBehavior, Value};

use crate::{Kind, Message, MessageError, Variable};

pub use load::{TemplateErrors, TemplateProblem};
pub use values::Values;

/// Instructions that one template may take, so that a loop ends.
const FUEL: u64 = 200_000;
/// The frame around every page.
const LAYOUT: &str = "layout.html";

/// The texts of every kind of mail.
pub struct Templates {
    app: String,
    environment: Environment<'static>,
    forms: Vec<Form>,
}

/// How one kind of mail is made.
#[derive(Debug, Clone, Copy)]
struct Form {
    kind: Kind,
    /// Whether there is a page beside the text.
    page: Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    /// The project has a text of its own and no page, so the text goes alone.
    None,
    Beside,
}

/// Why a mail could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The caller did not give a value that mails of this kind show.
    #[error("a `{}` mail needs `{}`", .kind.name(), .variable.name())]
    Missing {
        /// The kind.
        kind: Kind,
        /// The value.
        variable: Variable,
    },
    /// The template failed.
    #[error("the templates of `{}` failed", .kind.name())]
    Template {
        /// The kind.
        kind: Kind,
        /// How.
        #[source]
        source: minijinja::Error,
    },
    /// The address or the subject that came out cannot stand in a mail.
    #[error("the `{}` mail cannot be sent", .kind.name())]
    Message {
        /// The kind.
        kind: Kind,
        /// Why not.
        #[source]
        source: MessageError,
    },
}

impl Templates {
    /// Our templates, with those of `dir` in their place. `app` is the application's name.
    ///
    /// # Errors
    /// Everything that is wrong with the files of `dir`: files that are no template, mistakes of
    /// syntax, variables that the kind of mail does not have, links and codes that are not shown.
    pub fn load(app: &str, dir: Option<&Path>) -> Result<Self, TemplateErrors> {
        load::load(app, dir)
    }

    /// The mail of this kind with these values.
    ///
    /// # Errors
    /// [`RenderError`]: a value is missing, or does not give a mail.
    pub fn render(&self, kind: Kind, values: &Values) -> Result<Message, RenderError> {
        let values = values
            .of(kind, &self.app)
            .map_err(|variable| RenderError::Missing { kind, variable })?;
        let failed = |source| RenderError::Template { kind, source };
        let shown = self.show(kind, values.context).map_err(failed)?;
        Message::new(&values.email, &shown.subject, shown.text, shown.html)
            .map_err(|source| RenderError::Message { kind, source })
    }

    fn show(&self, kind: Kind, mut context: values::Context) -> Result<Shown, minijinja::Error> {
        let form = self.forms.iter().find(|form| form.kind == kind);
        let form = form.expect("invariant: every kind has a form");
        let fill = |name: &str, context: &values::Context| {
            self.environment.get_template(name)?.render(Value::from(context.clone()))
        };
        let subject = fill(&subject_name(kind), &context)?.trim().to_owned();
        let text = fill(&text_name(kind), &context)?.trim().to_owned() + "\n";
        let html = match form.page {
            Page::None => None,
            Page::Beside => {
                context.insert("subject", Value::from(subject.as_str()));
                Some(fill(&page_name(kind), &context)?)
            }
        };
        Ok(Shown { subject, text, html })
    }
}

/// A mail that is not addressed yet.
struct Shown {
    subject: String,
    text: String,
    html: Option<String>,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").field("app", &self.app).finish_non_exhaustive()
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(true);
    environment
}

fn subject_name(kind: Kind) -> String {
    format!("{}.subject", kind.name())
}

fn text_name(kind: Kind) -> String {
    format!("{}.txt", kind.name())
}

fn page_name(kind: Kind) -> String {
    format!("{}.html", kind.name())
}

#[cfg(test)]
mod tests;
