//! Mail of a project: its templates, the server that takes it, and what `dev` does in its place.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use underpin_base::Secret;
use underpin_mail::{
    Caught, CaughtMail, Login, Smtp, SmtpConfig, SmtpConfigError, TemplateProblem, Templates,
    Transport,
};

use crate::config;
use crate::exit::Failure;
use crate::output::snippet::{Label, Message};
use crate::output::{Colour, Look, Output};
use crate::project::Project;

/// The folder of a project's templates.
const TEMPLATES_DIR: &str = "emails";

/// How long one mail may take, from connecting to the server's last answer.
pub(crate) const SEND_TIME_MAX: Duration = Duration::from_secs(30);

/// Bytes of a file that holds a password or certificates.
const FILE_BYTES_MAX: u64 = 1_048_576;

/// The texts of a project's mails.
pub(crate) fn templates(project: &Project, output: Output) -> Result<Templates, Failure> {
    load(project).map_err(|problems| {
        let message = match problems.len() {
            1 => "the mail templates have 1 mistake".to_owned(),
            n_mistakes => format!("the mail templates have {n_mistakes} mistakes"),
        };
        Failure::usage(message)
            .with_help("docs/guides/mail.md lists the files and their variables")
            .with_problems(shown(project, &problems, output.stderr_colour()))
    })
}

/// What is wrong with the templates, and with what `[mail]` says: each mistake as an object for
/// programs, and as text for people. Looks at no file beside the templates: secrets are where the
/// server runs, and not where a project is checked.
pub(crate) fn problems(project: &Project, colour: Colour) -> Vec<(Value, String)> {
    let mut problems =
        load(project).err().map_or(Vec::new(), |problems| shown(project, &problems, colour));
    if let Some(message) = contradiction(&project.config.mail) {
        let object = json!({ "severity": "error", "message": message });
        problems.push((object, Message::error(message).render(colour)));
    }
    problems
}

/// Where a project's mail goes, when it is not caught.
pub(crate) fn transport(project: &Project, time_max: Duration) -> Result<Transport, Failure> {
    let mail = &project.config.mail;
    if let Some(message) = contradiction(mail) {
        return Err(wrong(message));
    }
    let (Some(host), Some(from)) = (&mail.smtp_host, mail.from.clone()) else {
        return Ok(Transport::Absent);
    };
    let certificates = match &mail.smtp_ca_file {
        Some(path) => Some(read(project, "smtp_ca_file", path)?),
        None => None,
    };
    let config = SmtpConfig {
        host: host.as_str().to_owned(),
        port: (mail.smtp_port != 0).then_some(mail.smtp_port),
        security: mail.smtp_security.chosen(),
        login: login(project)?,
        from,
        time_max,
        certificates,
    };
    let smtp = Smtp::new(config).map_err(|error| match error {
        SmtpConfigError::PasswordInClear => wrong(
            "`mail.smtp_security` is `none`, but a password is not sent to another machine in clear",
        ),
        SmtpConfigError::Tls(cause) => {
            wrong(&format!("encryption to `mail.smtp_host` cannot be set up: {cause}"))
        }
    })?;
    Ok(Transport::Smtp(Box::new(smtp)))
}

/// Catches mail and says so, with its text: a link or a code is what a developer waits for.
pub(crate) fn catch(url: &str, output: Output) -> Arc<Caught> {
    let url = url.to_owned();
    Arc::new(Caught::new(move |mail| announce(mail, &url, output)))
}

fn load(project: &Project) -> Result<Templates, Vec<TemplateProblem>> {
    let dir = project.path(TEMPLATES_DIR);
    Templates::load(&app_name(project), Some(&dir)).map_err(|errors| errors.0)
}

fn app_name(project: &Project) -> String {
    if let Some(name) = &project.config.mail.app_name {
        return name.clone();
    }
    // `.` has no name of its own.
    let dir = project.dir().canonicalize().unwrap_or_else(|_| project.dir().to_owned());
    dir.file_name().map_or("Underpin".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Keys of `[mail]` that make no sense together.
fn contradiction(mail: &config::Mail) -> Option<&'static str> {
    let has_password = mail.smtp_password.is_some() || mail.smtp_password_file.is_some();
    let has_name = mail.smtp_username.is_some();
    if mail.smtp_host.is_none() && (has_password || has_name) {
        return Some("`mail.smtp_host` is missing, but there is a login for it");
    }
    if mail.smtp_host.is_some() && mail.from.is_none() {
        return Some("`mail.from` is missing: a mail server asks whom mails come from");
    }
    if mail.smtp_password.is_some() && mail.smtp_password_file.is_some() {
        return Some("`mail.smtp_password` and `mail.smtp_password_file` are both set");
    }
    match (has_name, has_password) {
        (true, false) => Some("`mail.smtp_username` is set, but no password"),
        (false, true) => Some("there is a password for mail, but no `mail.smtp_username`"),
        (true, true) | (false, false) => None,
    }
}

fn login(project: &Project) -> Result<Option<Login>, Failure> {
    let mail = &project.config.mail;
    let Some(username) = mail.smtp_username.clone() else { return Ok(None) };
    let password = match (&mail.smtp_password, &mail.smtp_password_file) {
        (Some(password), _) => password.clone(),
        (None, Some(path)) => {
            let text = String::from_utf8(read(project, "smtp_password_file", path)?)
                .map_err(|_| wrong("the file of `mail.smtp_password_file` is not UTF-8"))?;
            // Editors end a file with a line break, which is no part of a password.
            Secret::new(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(Login { username, password }))
}

fn read(project: &Project, key: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    let path = project.dir().join(path);
    let cannot = |why: &dyn std::fmt::Display| {
        wrong(&format!("the file of `mail.{key}`, {}, cannot be read: {why}", path.display()))
    };
    let size = std::fs::metadata(&path).map_err(|error| cannot(&error))?.len();
    if size > FILE_BYTES_MAX {
        return Err(cannot(&format_args!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read(&path).map_err(|error| cannot(&error))
}

fn wrong(message: &str) -> Failure {
    Failure::usage(message).with_help("docs/guides/mail.md says how mail is sent")
}

/// Mistakes in templates, each with its place.
fn shown(project: &Project, problems: &[TemplateProblem], colour: Colour) -> Vec<(Value, String)> {
    let one = |problem: &TemplateProblem| {
        let name = match problem.file.as_str() {
            "" => TEMPLATES_DIR.to_owned(),
            file => format!("{TEMPLATES_DIR}/{file}"),
        };
        let path = project.shown(&name);
        let mut object = json!({ "severity": "error", "message": problem.message, "file": path });
        if let Some(line) = problem.line {
            object["line"] = json!(line);
        }
        if let Some(help) = &problem.help {
            object["help"] = json!(help);
        }
        let text = std::fs::read_to_string(project.path(&name)).unwrap_or_default();
        let span = problem.line.and_then(|line| span_of_line(&text, line));
        let title = match &span {
            Some(_) => problem.message.clone(),
            None => format!("{path}: {}", problem.message),
        };
        let labels = span.into_iter().map(|span| Label { span, text: "" }).collect();
        let message = Message::error(&title).at(&path, &text, labels);
        (object, message.with_help(problem.help.as_deref()).render(colour))
    };
    problems.iter().map(one).collect()
}

/// The bytes of a line, without the white space around it.
fn span_of_line(text: &str, line: usize) -> Option<std::ops::Range<usize>> {
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let line = text[start..].lines().next().filter(|line| !line.trim().is_empty())?;
    let start = start + (line.len() - line.trim_start().len());
    Some(start..start + line.trim().len())
}

fn announce(mail: &CaughtMail, url: &str, output: Output) {
    let label = output.paint(Look::Good, "mail");
    let page = output.paint(Look::Link, format_args!("{url}/dev/mail/{}", mail.number));
    let message = &mail.message;
    output.line(format_args!("{label}: {} to {} ({page})", message.subject(), message.to()));
    for line in message.text().lines() {
        // What a stranger wrote could move the cursor.
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        output.line(output.paint(Look::Dim, format!("  | {line}").trim_end()));
    }
}
