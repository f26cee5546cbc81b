//! The mails that `dev` caught: a list, each by itself, and all of them for programs.
//!
//! The pages have no scripts and load nothing. What a mail says is shown as text, and its page in a
//! frame that may do nothing, so that a mail cannot do to a developer what it could to nobody else.

use std::fmt::Write as _;

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Value, json};
use underpin_base::{Error, Result, Timestamp};
use underpin_mail::{Caught, CaughtMail};
use underpin_schema::wire;

use crate::reply::{Content, Reply};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// `/dev/mail`
    List,
    /// `/dev/mail/{number}`
    Mail(u64),
    /// `/dev/mail.json`
    Json,
}

const STYLE: &str = "\
    :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }\n\
    body { max-width: 60rem; margin: 0 auto; padding: 1rem; }\n\
    table { width: 100%; border-collapse: collapse; }\n\
    th, td { padding: 0.4rem 0.6rem 0.4rem 0; border-bottom: 1px solid #8886; text-align: left; }\n\
    pre { padding: 1rem; border: 1px solid #8886; white-space: pre-wrap; overflow-wrap: anywhere; }\n\
    iframe { width: 100%; height: 36rem; border: 1px solid #8886; background: Canvas; }\n\
    dt { float: left; clear: left; width: 5rem; } dd { margin: 0 0 0 5rem; }\n";

/// The page below `/dev` that these segments name.
pub(crate) fn page(segments: &[&str]) -> Option<Page> {
    match segments {
        ["mail"] => Some(Page::List),
        ["mail.json"] => Some(Page::Json),
        // One way to write a number, so that a mail has one address.
        ["mail", number] if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            number.parse().ok().filter(|_| !number.starts_with('0')).map(Page::Mail)
        }
        _ => None,
    }
}

/// Answers a request for a page.
///
/// # Errors
/// `NOT_FOUND` for a mail that is not kept.
pub(crate) fn serve(caught: &Caught, page: Page) -> Result<Reply> {
    let text = match page {
        Page::Json => return Ok(Reply::json(StatusCode::OK, json_list(caught))),
        Page::List => list(caught),
        Page::Mail(number) => one(caught.mail(number).ok_or_else(Error::not_found)?.as_ref()),
    };
    Ok(Reply::new(StatusCode::OK, Content::Mail, Bytes::from(text)))
}

fn json_list(caught: &Caught) -> Vec<u8> {
    let mail = |mail: &CaughtMail| {
        json!({
            "number": mail.number,
            "at": date_time(mail.at),
            "to": mail.message.to(),
            "subject": mail.message.subject(),
            "text": mail.message.text(),
            "html": mail.message.html(),
        })
    };
    let mails: Vec<Value> = caught.mails().iter().map(|it| mail(it)).collect();
    json!({ "data": mails }).to_string().into_bytes()
}

fn list(caught: &Caught) -> String {
    let mails = caught.mails();
    let mut rows = String::new();
    for mail in &mails {
        let (number, message) = (mail.number, &mail.message);
        let _ = writeln!(
            rows,
            "<tr><td>{}</td><td>{}</td><td><a href=\"/dev/mail/{number}\">{}</a></td></tr>",
            date_time(mail.at),
            escaped(message.to()),
            escaped(message.subject()),
        );
    }
    let body = if mails.is_empty() {
        "<p>No mail was caught so far. This page looks again every few seconds.</p>\n".to_owned()
    } else {
        format!(
            "<table>\n<thead><tr><th>At</th><th>To</th><th>Subject</th></tr></thead>\n\
             <tbody>\n{rows}</tbody>\n</table>\n"
        )
    };
    // Without a script, a page that looks again is one that loads again.
    document("Mail", "<meta http-equiv=\"refresh\" content=\"5\">\n", &body)
}

fn one(mail: &CaughtMail) -> String {
    let message = &mail.message;
    let mut body = format!(
        "<p><a href=\"/dev/mail\">All mail</a></p>\n<dl>\n<dt>To</dt><dd>{}</dd>\n\
         <dt>At</dt><dd>{}</dd>\n</dl>\n<h2>Text</h2>\n<pre>{}</pre>\n",
        escaped(message.to()),
        date_time(mail.at),
        linked(message.text()),
    );
    if let Some(html) = message.html() {
        let _ = writeln!(
            body,
            "<h2>Page</h2>\n<iframe title=\"The mail's page\" sandbox srcdoc=\"{}\"></iframe>",
            escaped(html)
        );
    }
    document(message.subject(), "", &body)
}

fn document(title: &str, head: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{head}\
         <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    )
}

/// Text in which addresses of the web can be followed; a frame that may do nothing follows none.
fn linked(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`');
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = next_link(rest) {
        out.push_str(&escaped(&rest[..at]));
        let length = rest[at..].find(is_end).unwrap_or(rest.len() - at);
        // A full stop after a link ends the sentence, not the link.
        let link = rest[at..at + length].trim_end_matches(['.', ',', ')', ';']);
        let shown = escaped(link);
        let _ = write!(out, "<a href=\"{shown}\" rel=\"noreferrer\">{shown}</a>");
        rest = &rest[at + link.len()..];
    }
    out.push_str(&escaped(rest));
    out
}

fn next_link(text: &str) -> Option<usize> {
    ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// As the API writes it.
fn date_time(at: Timestamp) -> String {
    let mut out = Vec::new();
    wire::date_time(at.0, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_has_one_address() {
        assert_eq!(page(&["mail"]), Some(Page::List));
        assert_eq!(page(&["mail.json"]), Some(Page::Json));
        assert_eq!(page(&["mail", "17"]), Some(Page::Mail(17)));
        for wrong in ["", "0", "017", "+1", "-1", "1.0", "１", "99999999999999999999", "x"] {
            assert_eq!(page(&["mail", wrong]), None, "{wrong}");
        }
        assert_eq!(page(&["mail", "1", "2"]), None);
        assert_eq!(page(&[]), None);
    }

    #[test]
    fn links_of_the_web_can_be_followed_and_no_others() {
        let text = "Go: https://a.example/?x=1&y=<b>, or javascript:alert(1), (http://b.example).";
        assert_eq!(
            linked(text),
            "Go: <a href=\"https://a.example/?x=1&amp;y=\" \
             rel=\"noreferrer\">https://a.example/?x=1&amp;y=</a>&lt;b&gt;, or \
             javascript:alert(1), (<a href=\"http://b.example\" \
             rel=\"noreferrer\">http://b.example</a>)."
        );
        assert_eq!(linked("https://"), "<a href=\"https://\" rel=\"noreferrer\">https://</a>");
        assert_eq!(linked("plain \"text\""), "plain &quot;text&quot;");
    }
}
