//! Whether mail can be sent: the templates, and the server.

use std::time::Duration;

use super::Finding;
use crate::mail;
use crate::output::Colour;
use crate::project::Project;

/// How long the mail server may take to let us in.
const REACH_TIME_MAX: Duration = Duration::from_secs(10);

pub(super) async fn look(project: &Project) -> Vec<Finding> {
    const ABOUT: &str = "mail";
    let problems = mail::problems(project, Colour::Never);
    if !problems.is_empty() {
        let message = match problems.len() {
            1 => "1 mistake in the templates or in `[mail]`".to_owned(),
            n_mistakes => format!("{n_mistakes} mistakes in the templates or in `[mail]`"),
        };
        let advice = format!("`underpin check{}` shows them", project.dir_argument());
        return vec![Finding::bad(ABOUT, message, advice)];
    }
    let transport = match mail::transport(project, REACH_TIME_MAX) {
        Ok(transport) => transport,
        Err(failure) => {
            return vec![Finding::bad(ABOUT, failure.message(), "look at `[mail]`")];
        }
    };
    if matches!(transport, underpin_mail::Transport::Absent) {
        return vec![Finding::good(ABOUT, "no server; mails wait until `[mail]` names one")];
    }
    let shown = transport.shown();
    let finding = match transport.reach().await {
        Ok(()) => Finding::good(ABOUT, format!("{shown} lets us in")),
        Err(error) => Finding::bad(
            ABOUT,
            format!("{shown}: {}", error.in_full()),
            "look at `[mail]`, and whether this machine may reach that port",
        ),
    };
    transport.rest().await;
    vec![finding]
}
