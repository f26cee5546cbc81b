//! Texts with a form: plain text, keys, e-mail addresses, URLs and UUIDs.

use email_address::{EmailAddress, Options};
use url::Url;
use uuid::Uuid;

use crate::{FieldCode, ValueError, json};

/// Characters of a key that a client chooses.
const KEY_CHARACTERS_MAX: usize = 255;
/// Bytes of an e-mail address (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const EMAIL_BYTES_MAX: usize = 254;
/// Bytes of a URL, as much as servers and browsers agree to take.
const URL_BYTES_MAX: usize = 8_192;

/// Schemes that are followed and not run, in the order a message lists them.
const URL_SCHEMES: [&str; 9] =
    ["http", "https", "mailto", "tel", "ftp", "ftps", "sftp", "ws", "wss"];

/// Any text but U+0000, which PostgreSQL cannot hold.
pub(super) fn check_text(text: &str) -> Result<&str, ValueError> {
    if text.contains('\0') { Err(json::null_character()) } else { Ok(text) }
}

/// A key stands in paths and logs, so it has no control characters, is neither empty nor long, and
/// is no step that every reader of paths takes away (RFC 3986, section 5.2.4).
pub(super) fn check_key(text: &str) -> Result<&str, ValueError> {
    let invalid = |message: &'static str| ValueError::new(FieldCode::InvalidFormat, message);
    if matches!(text, "" | "." | "..") {
        return Err(invalid("must not be empty, `.` or `..`"));
    }
    if text.chars().count() > KEY_CHARACTERS_MAX {
        let message = format!("must not have more than {KEY_CHARACTERS_MAX} characters");
        return Err(ValueError::new(FieldCode::TooLong, message));
    }
    if text.chars().any(char::is_control) {
        return Err(invalid("must not hold control characters"));
    }
    Ok(text)
}

/// An address without a display name, comments or a numeric host.
pub(super) fn check_email(text: &str) -> Result<&str, ValueError> {
    check_text(text)?;
    let options = Options::default().without_display_text().without_domain_literal();
    let valid = text.len() <= EMAIL_BYTES_MAX
        && !text.chars().any(char::is_control)
        && EmailAddress::parse_with_options(text, options).is_ok();
    if valid {
        Ok(text)
    } else {
        Err(ValueError::new(
            FieldCode::InvalidFormat,
            "must be an e-mail address, as \"ada@example.org\"",
        ))
    }
}

/// An absolute URL as it would be followed, of a scheme that only leads somewhere: what readers of
/// URLs silently drop or mend (white space, control characters, malformed escapes, a missing host)
/// is refused.
pub(super) fn check_url(text: &str) -> Result<&str, ValueError> {
    check_text(text)?;
    let plain = !text.chars().any(|character| character.is_control() || character.is_whitespace());
    let valid = plain
        && text.len() <= URL_BYTES_MAX
        && has_sound_escapes(text)
        && Url::parse(text).is_ok_and(|url| leads_somewhere(text, &url));
    if valid {
        return Ok(text);
    }
    let message = format!(
        "must be an absolute URL, as \"https://example.org/\", with one of the schemes {}",
        URL_SCHEMES.join(", ")
    );
    Err(ValueError::new(FieldCode::InvalidFormat, message))
}

/// Whether each `%` starts an escape (RFC 3986, section 2.1).
fn has_sound_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether the scheme is one of ours and what must follow it does. `url` is what was made of `text`
/// by a reader that takes `http:///a` for `http://a`.
fn leads_somewhere(text: &str, url: &Url) -> bool {
    let rest = text.get(url.scheme().len() + 1..).unwrap_or_default();
    match url.scheme() {
        "mailto" | "tel" => !url.path().is_empty() && !url.has_authority(),
        scheme if URL_SCHEMES.contains(&scheme) => {
            let host = rest.strip_prefix("//").unwrap_or_default();
            url.has_host() && !host.is_empty() && !host.starts_with(['/', '\\', '?', '#'])
        }
        _ => false,
    }
}

/// A UUID of 36 characters, in either case, without braces or prefix.
pub(super) fn parse_uuid(text: &str) -> Result<Uuid, ValueError> {
    // The crate reads three other forms too; the length leaves only the one with hyphens.
    match Uuid::try_parse(text) {
        Ok(uuid) if text.len() == 36 => Ok(uuid),
        _ => Err(ValueError::new(
            FieldCode::InvalidFormat,
            "must be a UUID, as \"01939f3e-7c1a-7000-8000-000000000001\"",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_36_characters() {
        let uuid = parse_uuid("01939F3E-7c1a-7000-8000-00000000000A").unwrap();
        assert_eq!(uuid.to_string(), "01939f3e-7c1a-7000-8000-00000000000a");
        for text in [
            "",
            "01939f3e7c1a70008000000000000001",
            "{01939f3e-7c1a-7000-8000-000000000001}",
            "urn:uuid:01939f3e-7c1a-7000-8000-000000000001",
            "01939f3e-7c1a-7000-8000-00000000000g",
            " 01939f3e-7c1a-7000-8000-00000000001",
            "01939f3e7-c1a-7000-8000-000000000001",
        ] {
            assert!(parse_uuid(text).is_err(), "{text}");
        }
    }

    #[test]
    fn e_mail_addresses_are_mailboxes_and_cannot_carry_headers() {
        for text in ["ada@example.org", "a.b+c@sub.example.org", "jörg@example.org", "a@b"] {
            assert!(check_email(text).is_ok(), "{text}");
        }
        let long = format!("{}@example.org", "a".repeat(250));
        for text in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "a@b@c",
            "ada @example.org",
            "a@b\r\nBcc: x@y.z",
            " a@b",
            "Ada <ada@example.org>",
            "ada@[127.0.0.1]",
            "a..b@example.org",
            &long,
        ] {
            assert!(check_email(text).is_err(), "{text}");
        }
    }

    #[test]
    fn urls_are_absolute_and_run_nothing() {
        for text in [
            "https://example.org",
            "HTTP://example.org:8080/a%20b",
            "mailto:ada@example.org",
            "tel:+49-30-123",
            "sftp://example.org/x",
            "wss://[::1]/socket",
            "https://example.org/ü?q=1#x",
        ] {
            assert!(check_url(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "/path",
            "example.org",
            "https://",
            "https:///path",
            "http:example.org",
            "http:/example.org",
            "https://?q",
            "https://#x",
            "ftp://",
            "mailto:",
            "tel:",
            "https://example.org/%",
            "https://example.org/%2",
            "https://example.org/%zz",
            "data:text/html,x",
            "file:///etc/passwd",
            "blob:https://example.org/x",
            "gopher://example.org/",
            "java\tscript:alert(1)",
            "JavaScript:alert(1)",
            " https://example.org",
            "https://exa mple.org",
            "https://example.org/\n",
            "http://[::1",
        ] {
            assert!(check_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_url_of_another_scheme_is_told_which_are_taken() {
        let error = check_url("gopher://example.org").unwrap_err();
        assert_eq!(error.code, FieldCode::InvalidFormat);
        assert!(error.message.ends_with("http, https, mailto, tel, ftp, ftps, sftp, ws, wss"));
    }

    #[test]
    fn keys_are_printable_and_bounded() {
        assert!(check_key("a/b c").is_ok());
        for text in ["", ".", "..", "a\nb", "a\0"] {
            assert_eq!(check_key(text).unwrap_err().code, FieldCode::InvalidFormat, "{text:?}");
        }
        assert!(["...", ".a", "a..", "a b"].into_iter().all(|text| check_key(text).is_ok()));
        assert!(check_key(&"é".repeat(255)).is_ok());
        assert_eq!(check_key(&"é".repeat(256)).unwrap_err().code, FieldCode::TooLong);
    }

    #[test]
    fn text_holds_everything_but_the_null_character() {
        assert!(check_text("tab\tand \u{7f}").is_ok());
        assert_eq!(check_text("a\0").unwrap_err().code, FieldCode::InvalidCharacter);
    }
}
