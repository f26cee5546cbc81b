//! Mail of a project: what `dev` does with it in place of sending it.

use std::sync::Arc;

use underpin_mail::{Caught, CaughtMail};

use crate::output::{Look, Output};

/// Catches mail and says so, with its text: a link or a code is what a developer waits for.
pub(crate) fn catch(url: &str, output: Output) -> Arc<Caught> {
    let url = url.to_owned();
    Arc::new(Caught::new(move |mail| announce(mail, &url, output)))
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
