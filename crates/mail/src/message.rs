//! One mail, and its form on the wire (RFC 5322, RFC 2045).
//!
//! Whatever stands in a header was checked when the message was made: nothing that a stranger chose
//! can end a header and begin another.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use lettre::address::{Address, Envelope};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use underpin_base::Timestamp;
use uuid::Uuid;

/// Bytes of an address (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;
/// Characters of a subject or a name: more than any reader shows.
const HEADER_CHARACTERS_MAX: usize = 250;

/// A mail to one recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    to: Address,
    subject: String,
    text: String,
    html: Option<String>,
}

/// Why a text cannot stand in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The address is none that mail can be sent to: it is malformed, has characters beyond ASCII,
    /// is quoted, or names a network address in place of a domain.
    #[error("this is not an address that mail can be sent to")]
    Address,
    /// The subject, or a sender's name, is empty, is too long, or has more than one line.
    #[error("this cannot stand in one line of a mail's head")]
    Line,
}

/// Who mails come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(Mailbox);

/// What tells one mail from another, and does not change when it is sent again: receivers that
/// look at it show the mail once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The mail's own identifier.
    pub id: Uuid,
    /// When it was written.
    pub at: Timestamp,
}

impl Message {
    /// A mail to the address `to`, as text, and as a page where there is one.
    ///
    /// # Errors
    /// [`MessageError::Address`] for an address that nothing can be sent to, and
    /// [`MessageError::Line`] for a subject that is no line.
    pub fn new(
        to: &str,
        subject: &str,
        text: String,
        html: Option<String>,
    ) -> Result<Self, MessageError> {
        Ok(Self { to: address(to)?, subject: header_line(subject)?.to_owned(), text, html })
    }

    /// The recipient's address.
    #[must_use]
    pub fn to(&self) -> &str {
        self.to.as_ref()
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The page.
    #[must_use]
    pub fn html(&self) -> Option<&str> {
        self.html.as_deref()
    }

    pub(crate) fn recipient(&self) -> &Address {
        &self.to
    }

    /// The message as it follows `DATA`: ASCII, lines that end in CR LF.
    pub(crate) fn wire(&self, sender: &Sender, stamp: Stamp) -> Vec<u8> {
        let micros = u64::try_from(stamp.at.0).unwrap_or(0);
        let envelope = Envelope::new(Some(sender.0.email.clone()), vec![self.to.clone()])
            .expect("invariant: there is a recipient");
        let builder = lettre::Message::builder()
            .envelope(envelope)
            .from(sender.0.clone())
            .to(Mailbox::new(None, self.to.clone()))
            .subject(self.subject.as_str())
            .date(UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(format!("<{}@{}>", stamp.id, sender.domain())))
            // Whoever is on holiday does not answer a machine (RFC 3834, section 5).
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"));
        let built = match &self.html {
            None => builder.singlepart(part(ContentType::TEXT_PLAIN, &self.text)),
            Some(html) => builder.multipart(
                MultiPart::alternative()
                    .singlepart(part(ContentType::TEXT_PLAIN, &self.text))
                    .singlepart(part(ContentType::TEXT_HTML, html)),
            ),
        };
        built.expect("invariant: there is a sender").formatted()
    }
}

impl fmt::Debug for Message {
    // Links and codes are secrets, and addresses do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").finish_non_exhaustive()
    }
}

impl Sender {
    /// Reads `no-reply@shop.example` or `The Shop <no-reply@shop.example>`.
    ///
    /// # Errors
    /// [`MessageError`] when it is neither.
    pub fn parse(text: &str) -> Result<Self, MessageError> {
        let text = header_line(text)?;
        let Some((name, rest)) = text.rsplit_once('<') else {
            return Ok(Self(Mailbox::new(None, address(text)?)));
        };
        let email = address(rest.strip_suffix('>').ok_or(MessageError::Address)?)?;
        let name = name.trim();
        let name = name.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(name);
        Ok(Self(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), email)))
    }

    /// The address alone.
    #[must_use]
    pub fn address(&self) -> &str {
        self.0.email.as_ref()
    }

    pub(crate) fn domain(&self) -> &str {
        self.0.email.domain()
    }

    pub(crate) fn email(&self) -> &Address {
        &self.0.email
    }
}

/// Reads an address that mail is sent to.
///
/// Stricter than the standard: software disagrees about quoted names (`"a@b"@c`), so one mail could
/// go to two places; a network address for a domain would let a stranger choose a machine.
fn address(text: &str) -> Result<Address, MessageError> {
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '[' | ']');
    let address: Address = match text {
        text if text.len() <= ADDRESS_BYTES_MAX && text.chars().all(is_plain) => {
            text.parse().map_err(|_| MessageError::Address)?
        }
        _ => return Err(MessageError::Address),
    };
    // No name of a top level is a number (RFC 3696, section 2), so this is a network address.
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    if address.domain().rsplit('.').next().is_none_or(is_number) {
        return Err(MessageError::Address);
    }
    Ok(address)
}

fn header_line(text: &str) -> Result<&str, MessageError> {
    let line = text.trim();
    let too_long = line.chars().count() > HEADER_CHARACTERS_MAX;
    // Before white space is cut off: to readers of Unicode a line break is white space too.
    if line.is_empty() || too_long || text.chars().any(char::is_control) {
        return Err(MessageError::Line);
    }
    Ok(line)
}

/// Always quoted-printable: a long line stays whole, and filters look askance at short texts that
/// are hidden in Base64.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let builder = SinglePart::builder().header(kind);
    builder.header(ContentTransferEncoding::QuotedPrintable).body(text.to_owned())
}

fn header(name: &str, value: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii(name.to_owned())
        .expect("invariant: the names of headers are ours");
    HeaderValue::new(name, value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(message: &Message) -> String {
        let sender = Sender::parse("Käse, Brot & Co <no-reply@shop.example>").unwrap();
        let stamp = Stamp { id: Uuid::nil(), at: Timestamp(1_700_000_000_000_000) };
        String::from_utf8(message.wire(&sender, stamp)).unwrap()
    }

    fn to(address: &str) -> Result<Message, MessageError> {
        Message::new(address, "Hello", "text\n".to_owned(), None)
    }

    #[test]
    fn an_address_that_could_end_a_header_is_refused() {
        for wrong in [
            "a@b.example\r\nBcc: c@d.example",
            "a@b.example\n",
            "a\r@b.example",
            "a@b.example\0",
            "a@b.example>\u{0}",
            "a@b.example, c@d.example",
            "a@b.example;c@d.example",
            "Ada <a@b.example>",
            "\"a\r\nBcc: x\"@b.example",
            "\"a, b\"@b.example",
            "a@b@c.example",
            "a b@c.example",
            "",
            "@",
            "a@",
            "@b.example",
        ] {
            assert_eq!(to(wrong), Err(MessageError::Address), "{wrong:?}");
        }
    }

    #[test]
    fn an_address_that_leads_to_a_machine_or_looks_like_another_is_refused() {
        for wrong in ["a@[127.0.0.1]", "a@127.0.0.1", "a@10.1", "а@b.example", "a@bücher.example"]
        {
            assert_eq!(to(wrong), Err(MessageError::Address), "{wrong:?}");
        }
        let long = format!("a@{}.example", "b".repeat(250));
        assert_eq!(to(&long), Err(MessageError::Address));
    }

    #[test]
    fn addresses_that_people_have_are_taken_as_they_are() {
        for right in ["ada@b.example", "A.da+x=y@b-c.example", "root@localhost", "o'k@b.example"] {
            assert_eq!(to(right).map(|message| message.to().to_owned()), Ok(right.to_owned()));
        }
    }

    #[test]
    fn a_subject_is_one_line() {
        for wrong in ["", "  ", "a\r\nBcc: c@d.example", "a\nb", "a\u{0}b", "\u{85}b\u{85}"] {
            let made = Message::new("a@b.example", wrong, String::new(), None);
            assert_eq!(made, Err(MessageError::Line), "{wrong:?}");
        }
        let made = Message::new("a@b.example", &"x".repeat(251), String::new(), None);
        assert_eq!(made, Err(MessageError::Line));
    }

    #[test]
    fn names_and_subjects_beyond_ascii_are_encoded() {
        let message = Message::new("a@b.example", "Grüße 🧀", "x\n".to_owned(), None).unwrap();
        let wire = wire(&message);
        assert!(wire.is_ascii());
        assert!(wire.contains("Subject: =?utf-8?b?"), "{wire}");
        assert!(wire.contains("From: =?utf-8?b?"), "{wire}");
        assert!(wire.contains(" <no-reply@shop.example>\r\n"), "{wire}");
    }

    #[test]
    fn the_wire_form_is_ascii_in_short_lines_that_end_in_cr_lf() {
        let text = format!("Grüße\n.\n..\r\n.\rFrom x\n{}\n", "ß".repeat(3_000));
        let html = Some(format!("<p>{}</p>", "x".repeat(5_000)));
        let message = Message::new("a@b.example", "Hello", text, html).unwrap();
        let wire = wire(&message);
        assert!(wire.is_ascii());
        assert!(!wire.replace("\r\n", "").contains(['\r', '\n']), "{wire}");
        assert!(wire.split("\r\n").all(|line| line.len() <= 998));
    }

    #[test]
    fn a_mail_sent_twice_has_the_same_identifier() {
        let message = to("a@b.example").unwrap();
        let line = "Message-ID: <00000000-0000-0000-0000-000000000000@shop.example>\r\n";
        assert!(wire(&message).contains(line), "{}", wire(&message));
        assert!(wire(&message).contains("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
        assert!(wire(&message).contains("Auto-Submitted: auto-generated\r\n"));
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        let parsed = |text| Sender::parse(text).map(|it| (it.0.name, it.0.email.to_string()));
        let email = "a@b.example".to_owned();
        assert_eq!(parsed("a@b.example"), Ok((None, email.clone())));
        assert_eq!(parsed("<a@b.example>"), Ok((None, email.clone())));
        assert_eq!(
            parsed("Käse, Brot <a@b.example>"),
            Ok((Some("Käse, Brot".into()), email.clone()))
        );
        assert_eq!(parsed("\"Shop\" <a@b.example>"), Ok((Some("Shop".into()), email)));
        assert_eq!(parsed("Shop a@b.example"), Err(MessageError::Address));
        assert_eq!(parsed("Shop <a@b.example"), Err(MessageError::Address));
        assert_eq!(parsed("Shop\r\nBcc: x <a@b.example>"), Err(MessageError::Line));
    }

    #[test]
    fn a_message_does_not_print_its_secrets() {
        let message = Message::new("ada@b.example", "Code 123", "456".into(), None).unwrap();
        assert_eq!(format!("{message:?}"), "Message { .. }");
    }
}
