//! Reads the templates and finds what is wrong with them.
//!
//! Three looks: at the names of the files, at each file for itself (syntax, variables), and at every
//! kind of mail filled in with samples, which finds what only shows when files work together.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use minijinja::{Environment, Error as JinjaError, ErrorKind};
use underpin_base::{Secret, Timestamp};
use underpin_schema::nearest;

use super::{Form, LAYOUT, Page, Shown, Templates, Values, environment};
use super::{page_name, subject_name, text_name};
use crate::{Kind, Variable, cleaning};

/// Bytes of one file. Mail programs cut pages that are longer than about 100 KB.
const FILE_BYTES_MAX: u64 = 262_144;
/// Files in the folder.
const FILES_MAX: usize = 200;
/// Characters of the application's name.
const APP_CHARACTERS_MAX: usize = 100;
/// What the first line of a text begins with.
const SUBJECT: &str = "Subject:";
/// A link and a code as no template has them by itself.
const SAMPLE: &str = "sample4711";

const OUR_LAYOUT: &str = include_str!("../../templates/layout.html");

/// One mistake in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateProblem {
    /// The file's name in the folder; empty for the folder itself.
    pub file: String,
    /// The line, counted from one, where there is one.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Everything that is wrong with a project's templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateErrors(pub Vec<TemplateProblem>);

impl fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.file.is_empty() { "emails" } else { &self.file })?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TemplateErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for TemplateErrors {}

pub(super) fn load(app: &str, dir: Option<&Path>) -> Result<Templates, TemplateErrors> {
    let mut loading = Loading { environment: environment(), problems: Vec::new() };
    let files = match dir {
        Some(dir) => loading.read(dir),
        None => BTreeMap::new(),
    };
    let forms = Kind::ALL.iter().map(|kind| loading.add_kind(*kind, &files)).collect();
    loading.add(LAYOUT, files.get(LAYOUT).map_or(OUR_LAYOUT, String::as_str));
    let parts = files.iter().filter(|(name, _)| is_part(name));
    for (name, text) in parts {
        loading.add(name, text);
    }
    loading.check_variables(&files);
    let app = cleaning::line(app, APP_CHARACTERS_MAX);
    let mut templates = Templates { app, environment: loading.environment, forms };
    let mut problems = loading.problems;
    // A file that is wrong by itself would only be reported once more.
    if problems.is_empty() {
        for kind in Kind::ALL {
            check_filled(&templates, *kind, &files, &mut problems);
        }
    }
    if problems.is_empty() {
        // Texts of errors need the values around the place; those of real mails are secrets.
        templates.environment.set_debug(false);
        Ok(templates)
    } else {
        problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        // Several kinds of mail use one frame; the first is enough of an example.
        problems.dedup_by(|a, b| (&a.file, a.line, &a.message) == (&b.file, b.line, &b.message));
        Err(TemplateErrors(problems))
    }
}

struct Loading {
    environment: Environment<'static>,
    problems: Vec<TemplateProblem>,
}

impl Loading {
    /// The files of the folder that are templates.
    fn read(&mut self, dir: &Path) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return files,
            Err(error) => {
                self.problem("", None, format!("the folder cannot be read: {error}"), None);
                return files;
            }
        };
        for entry in entries.take(FILES_MAX + 1) {
            let Ok(entry) = entry else { continue };
            let name = entry.file_name().to_string_lossy().into_owned();
            // What editors and systems leave behind.
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            if files.len() == FILES_MAX {
                let message = format!("the folder has more than {FILES_MAX} files");
                self.problem("", None, message, None);
            } else if let Some(help) = misnamed(&name) {
                let message = "no mail uses a file of this name".to_owned();
                self.problem(&name, None, message, Some(help));
            } else {
                match read_file(&entry.path()) {
                    Ok(text) => {
                        files.insert(name, text);
                    }
                    Err(message) => self.problem(&name, None, message, None),
                }
            }
        }
        files
    }

    /// Adds the templates of a kind: the project's, and ours where it has none.
    fn add_kind(&mut self, kind: Kind, files: &BTreeMap<String, String>) -> Form {
        let (our_text, our_page) = kind.built_in();
        let (text_name, page_name) = (text_name(kind), page_name(kind));
        let (text, page) = (files.get(&text_name), files.get(&page_name));
        let (subject, text_body) = match split_subject(text.map_or(our_text, String::as_str)) {
            (Some(subject), body) => (subject, body),
            (None, body) => {
                let help = format!("begin the file with `{SUBJECT} ` and what the mail is about");
                self.problem(&text_name, Some(1), "the mail has no subject".to_owned(), Some(help));
                ("-".to_owned(), body)
            }
        };
        // A page without a text of the project's may say a subject of its own.
        let (page_subject, page_body) = split_subject(page.map_or(our_page, String::as_str));
        let subject = match page_subject {
            Some(theirs) if text.is_some() && theirs != subject => {
                let message = format!("`{text_name}` has another subject");
                let help = Some("give the subject there alone".to_owned());
                self.problem(&page_name, Some(1), message, help);
                subject
            }
            Some(theirs) => theirs,
            None => subject,
        };
        self.add(&subject_name(kind), &subject);
        self.add(&text_name, &text_body);
        self.add(&page_name, &page_body);
        let page = if text.is_some() && page.is_none() { Page::None } else { Page::Beside };
        Form { kind, page }
    }

    fn add(&mut self, name: &str, text: &str) {
        let added = self.environment.add_template_owned(name.to_owned(), text.to_owned());
        if let Err(error) = added {
            let problem = problem_of(&error, name);
            self.problems.push(problem);
        }
    }

    /// Looks for variables that cannot be there, in all branches of the project's files.
    fn check_variables(&mut self, files: &BTreeMap<String, String>) {
        let mut problems = Vec::new();
        let globals: Vec<&str> = self.environment.globals().map(|(name, _)| name).collect();
        for (name, template) in self.environment.templates() {
            let file = file_name(name, files);
            let Some(text) = files.get(&file) else { continue };
            let known = known_variables(name);
            let mut unknown: Vec<String> =
                template.undeclared_variables(false).into_iter().collect();
            unknown.retain(|it| !known.contains(&it.as_str()) && !globals.contains(&it.as_str()));
            unknown.sort_unstable();
            for variable in unknown {
                problems.push(TemplateProblem {
                    line: Some(line_of(text, &variable)),
                    message: format!("there is no variable `{variable}`"),
                    help: Some(did_you_mean(&variable, &known)),
                    file: file.clone(),
                });
            }
        }
        self.problems.append(&mut problems);
    }

    fn problem(&mut self, file: &str, line: Option<usize>, message: String, help: Option<String>) {
        self.problems.push(TemplateProblem { file: file.to_owned(), line, message, help });
    }
}

/// Fills in the templates of a kind, once with all values and once without those that may be empty.
fn check_filled(
    templates: &Templates,
    kind: Kind,
    files: &BTreeMap<String, String>,
    problems: &mut Vec<TemplateProblem>,
) {
    let full = Values::to("ada@example.org")
        .with_link(Secret::new(format!("https://app.example/{SAMPLE}")), 60)
        .with_code(Secret::new(SAMPLE.to_owned()), 60)
        .at(Timestamp(0));
    let asked = full.clone().asked_by("192.0.2.1".parse().ok(), Some("Browser"));
    for values in [asked, full] {
        let context = values.of(kind, &templates.app).map(|ready| ready.context);
        let context = context.expect("invariant: the samples have every value");
        match templates.show(kind, context) {
            Ok(shown) => check_shown(kind, &shown, files, problems),
            Err(error) => {
                let mut problem = problem_of(&error, &page_name(kind));
                problem.file = file_name(&problem.file, files);
                let known = known_variables(&page_name(kind));
                problem.help = problem
                    .help
                    .or_else(|| Some(format!("in `{}` there are {}", kind.name(), listed(&known))));
                problems.push(problem);
                return;
            }
        }
    }
}

/// A mail that does not show its link is of no use to anybody.
fn check_shown(
    kind: Kind,
    shown: &Shown,
    files: &BTreeMap<String, String>,
    problems: &mut Vec<TemplateProblem>,
) {
    let secret = |it: &&Variable| matches!(it, Variable::Link | Variable::Code);
    let Some(variable) = kind.variables().iter().find(secret) else { return };
    let mut check = |text: &str, file: String| {
        if text.contains(SAMPLE) {
            return;
        }
        // Our own pages show it, so it is the frame that leaves them out.
        let (file, help) = if files.contains_key(&file) {
            (file, format!("write `{{{{ {} }}}}` where it is to stand", variable.name()))
        } else {
            (LAYOUT.to_owned(), "write `{% block content %}{% endblock %}` in it".to_owned())
        };
        problems.push(TemplateProblem {
            file,
            line: None,
            message: format!("a `{}` mail would not show its {}", kind.name(), variable.name()),
            help: Some(help),
        });
    };
    check(&shown.text, text_name(kind));
    if let Some(html) = &shown.html {
        check(html, page_name(kind));
    }
}

/// Why no mail uses a file of this name; `None` when one does.
fn misnamed(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_ours = matches!(ending, "txt" | "html")
        && (Kind::by_name(stem).is_some() || is_part(name) || name == LAYOUT);
    if is_ours {
        return None;
    }
    let names: Vec<String> = Kind::ALL
        .iter()
        .flat_map(|kind| [text_name(*kind), page_name(*kind)])
        .chain([LAYOUT.to_owned()])
        .collect();
    Some(match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            format!(
                "files are `{LAYOUT}`, parts whose names begin with `_`, and `.txt` and `.html` of \
                 {}",
                listed(&kinds)
            )
        }
    })
}

/// Whether other files include this one, and no mail is named after it.
fn is_part(name: &str) -> bool {
    name.starts_with('_')
}

fn read_file(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| format!("the file cannot be read: {error}"))?;
    if size.is_dir() {
        return Err("folders in this folder are not read".to_owned());
    }
    if size.len() > FILE_BYTES_MAX {
        return Err(format!("the file has more than {FILE_BYTES_MAX} bytes"));
    }
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => "the file is not UTF-8".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    })?;
    Ok(text.strip_prefix('\u{feff}').map(ToOwned::to_owned).unwrap_or(text))
}

/// The subject in the first line, and the rest with its lines where they were.
fn split_subject(text: &str) -> (Option<String>, String) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.get(..SUBJECT.len()) {
        Some(start) if start.eq_ignore_ascii_case(SUBJECT) => {
            let subject = first[SUBJECT.len()..].trim();
            ((!subject.is_empty()).then(|| subject.to_owned()), format!("\n{rest}"))
        }
        Some(_) | None => (None, text.to_owned()),
    }
}

/// The file that a template stands in: a subject is the first line of one.
fn file_name(template: &str, files: &BTreeMap<String, String>) -> String {
    match template.strip_suffix(".subject") {
        Some(kind) if files.contains_key(&format!("{kind}.txt")) => format!("{kind}.txt"),
        Some(kind) => format!("{kind}.html"),
        None => template.to_owned(),
    }
}

/// What a template may show. Frames and parts are used by several kinds, so they may show what any
/// of them has; filling them in says whether all of them do.
fn known_variables(template: &str) -> Vec<&'static str> {
    let (stem, ending) = template.rsplit_once('.').unwrap_or((template, ""));
    let variables = Kind::by_name(stem).map_or(Variable::ALL, Kind::variables);
    let mut names: Vec<&str> = variables.iter().map(|variable| variable.name()).collect();
    if ending == "html" {
        names.push("subject");
    }
    names
}

fn problem_of(error: &JinjaError, template: &str) -> TemplateProblem {
    // An error within an included file has the one that includes it around it.
    let mut innermost = error;
    while let Some(inner) = std::error::Error::source(innermost) {
        match inner.downcast_ref::<JinjaError>() {
            Some(inner) => innermost = inner,
            None => break,
        }
    }
    let message = match (innermost.kind(), innermost.detail()) {
        (ErrorKind::UndefinedError, None) => "a variable has no value here".to_owned(),
        (ErrorKind::OutOfFuel, _) => "the template does not come to an end".to_owned(),
        (kind, None) => kind.to_string(),
        (_, Some(detail)) => detail.to_owned(),
    };
    let file = innermost.name().unwrap_or(template).to_owned();
    TemplateProblem { file, line: innermost.line(), message, help: None }
}

/// The first line that has this name between braces.
fn line_of(text: &str, variable: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mentions = |line: &str| {
        line.match_indices(variable).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + variable.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
    };
    let in_braces = |line: &str| line.contains("{{") || line.contains("{%");
    let found = text.lines().position(|line| in_braces(line) && mentions(line));
    found.or_else(|| text.lines().position(mentions)).map_or(1, |index| index + 1)
}

fn did_you_mean(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? There are {}", listed(known)),
        None => format!("there are {}", listed(known)),
    }
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
