//! A strict reader of JSON values (RFC 8259), for fields.
//!
//! Bodies are split into members by the transport; what one member holds comes here as its text.
//! Stricter than most readers, because a value must mean the same to every later reader: no lone
//! surrogate, no U+0000, no key twice, numbers kept digit by digit, nesting bounded.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::scalar::number::is_json_number;
use crate::{FieldCode, ValueError, wire};

/// Levels of nesting of one value.
const DEPTH_MAX: usize = 32;
/// Items of one array.
pub(crate) const ITEMS_MAX: usize = 10_000;
/// Members of one object.
const MEMBERS_MAX: usize = 1_000;

/// What the text of one JSON value is, by its first character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number,
    /// Text in quotes.
    String,
    /// A list in brackets.
    Array,
    /// An object in braces.
    Object,
}

/// The kind of a JSON value, with its text free of surrounding white space.
pub(crate) fn classify(raw: &str) -> Result<(Kind, &str), ValueError> {
    let text = raw.trim_matches(is_white);
    let kind = match text.as_bytes().first() {
        Some(b'"') => Kind::String,
        Some(b'[') => Kind::Array,
        Some(b'{') => Kind::Object,
        Some(b'-' | b'0'..=b'9') if is_json_number(text) => Kind::Number,
        _ => match text {
            "null" => Kind::Null,
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            _ => return Err(malformed()),
        },
    };
    Ok((kind, text))
}

/// The text that a JSON string stands for. Borrowed where it has no escapes.
pub(crate) fn parse_string(text: &str) -> Result<Cow<'_, str>, ValueError> {
    let mut reader = Reader { text, at: 0 };
    let string = reader.string()?;
    reader.end()?;
    Ok(string)
}

/// The texts of an array's items, which are found but not read: whoever reads them can tell which
/// is wrong.
pub(crate) fn split_array(text: &str) -> Result<Vec<&str>, ValueError> {
    let mut reader = Reader { text, at: 0 };
    let mut items = Vec::new();
    reader.byte(b'[')?;
    reader.members(b']', |reader| {
        if items.len() == ITEMS_MAX {
            return Err(too_many(ITEMS_MAX, "items"));
        }
        reader.skip_white();
        let start = reader.at;
        reader.skip_value()?;
        items.push(&reader.text[start..reader.at]);
        Ok(())
    })?;
    reader.end()?;
    Ok(items)
}

/// The value without insignificant white space and with every string escaped in one way, so that
/// equal strings have equal texts. Numbers and the order of members stay as they are.
pub(crate) fn minify(text: &str) -> Result<String, ValueError> {
    let mut reader = Reader { text, at: 0 };
    let mut out = Vec::with_capacity(text.len());
    reader.value(1, &mut out)?;
    reader.end()?;
    Ok(String::from_utf8(out).expect("invariant: made of text and ASCII"))
}

fn is_white(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

fn malformed() -> ValueError {
    ValueError::new(FieldCode::InvalidType, "must be well-formed JSON")
}

fn too_many(n_max: usize, what: &str) -> ValueError {
    ValueError::new(FieldCode::TooManyItems, format!("must not have more than {n_max} {what}"))
}

/// Reads `text` from byte `at` on.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize, out: &mut Vec<u8>) -> Result<(), ValueError> {
        if depth > DEPTH_MAX {
            let message = format!("must not nest deeper than {DEPTH_MAX} levels");
            return Err(ValueError::new(FieldCode::TooDeep, message));
        }
        self.skip_white();
        match self.peek() {
            Some(b'{') => self.object(depth, out),
            Some(b'[') => self.array(depth, out),
            Some(b'"') => {
                let string = self.string()?;
                wire::string(&string, out);
                Ok(())
            }
            _ => self.word(out),
        }
    }

    fn object(&mut self, depth: usize, out: &mut Vec<u8>) -> Result<(), ValueError> {
        self.byte(b'{')?;
        out.push(b'{');
        let mut keys = HashSet::new();
        self.members(b'}', |reader| {
            if !keys.is_empty() {
                out.push(b',');
            }
            reader.skip_white();
            let key = reader.string()?;
            wire::string(&key, out);
            if keys.len() == MEMBERS_MAX {
                return Err(too_many(MEMBERS_MAX, "keys"));
            }
            if let Some(twice) = keys.replace(key) {
                let message = format!("must not have the key {twice:?} twice");
                return Err(ValueError::new(FieldCode::DuplicateKey, message));
            }
            reader.skip_white();
            reader.byte(b':')?;
            out.push(b':');
            reader.value(depth + 1, out)
        })?;
        out.push(b'}');
        Ok(())
    }

    fn array(&mut self, depth: usize, out: &mut Vec<u8>) -> Result<(), ValueError> {
        self.byte(b'[')?;
        out.push(b'[');
        let mut n_items = 0;
        self.members(b']', |reader| {
            if n_items > 0 {
                out.push(b',');
            }
            if n_items == ITEMS_MAX {
                return Err(too_many(ITEMS_MAX, "items"));
            }
            n_items += 1;
            reader.value(depth + 1, out)
        })?;
        out.push(b']');
        Ok(())
    }

    /// Runs `member` for what stands between commas until `close`.
    fn members(
        &mut self,
        close: u8,
        mut member: impl FnMut(&mut Self) -> Result<(), ValueError>,
    ) -> Result<(), ValueError> {
        self.skip_white();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            member(self)?;
            self.skip_white();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(malformed()),
            }
        }
    }

    /// Steps over a value, by its quotes and brackets alone.
    fn skip_value(&mut self) -> Result<(), ValueError> {
        let mut depth = 0_usize;
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.skip_string()?,
                b'[' | b'{' => depth += 1,
                b']' | b'}' | b',' if depth == 0 => break,
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        if self.at == start { Err(malformed()) } else { Ok(()) }
    }

    /// Steps to the closing quote of the string that starts here.
    fn skip_string(&mut self) -> Result<(), ValueError> {
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => return Ok(()),
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        Err(malformed())
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self, out: &mut Vec<u8>) -> Result<(), ValueError> {
        let rest = &self.text[self.at..];
        let length = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
            .count();
        let word = &rest[..length];
        if !matches!(word, "true" | "false" | "null") && !is_json_number(word) {
            return Err(malformed());
        }
        out.extend_from_slice(word.as_bytes());
        self.at += length;
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, ValueError> {
        self.byte(b'"')?;
        let start = self.at;
        let mut decoded: Option<String> = None;
        let mut copied = start;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let text = decoded.get_or_insert_with(String::new);
                    text.push_str(&self.text[copied..self.at]);
                    let character = self.escape()?;
                    decoded.get_or_insert_with(String::new).push(character);
                    copied = self.at;
                }
                Some(0) => return Err(null_character()),
                Some(byte) if byte >= 0x20 => self.at += 1,
                _ => return Err(malformed()),
            }
        }
        let rest = &self.text[copied..self.at];
        self.at += 1;
        Ok(match decoded {
            None => Cow::Borrowed(rest),
            Some(text) => Cow::Owned(text + rest),
        })
    }

    fn escape(&mut self) -> Result<char, ValueError> {
        self.byte(b'\\')?;
        let byte = self.peek().ok_or_else(malformed)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(malformed()),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, ValueError> {
        let lone = || {
            ValueError::new(FieldCode::InvalidCharacter, "must not hold half of a surrogate pair")
        };
        let code = match self.four_digits()? {
            0 => return Err(null_character()),
            high @ 0xd800..=0xdbff => {
                if !self.text[self.at..].starts_with("\\u") {
                    return Err(lone());
                }
                self.at += 2;
                let low @ 0xdc00..=0xdfff = self.four_digits()? else { return Err(lone()) };
                0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(lone)
    }

    fn four_digits(&mut self) -> Result<u32, ValueError> {
        let digits = self.text.get(self.at..self.at + 4).ok_or_else(malformed)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(malformed());
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| malformed())
    }

    fn byte(&mut self, wanted: u8) -> Result<(), ValueError> {
        if self.peek() != Some(wanted) {
            return Err(malformed());
        }
        self.at += 1;
        Ok(())
    }

    fn end(&mut self) -> Result<(), ValueError> {
        self.skip_white();
        if self.at == self.text.len() { Ok(()) } else { Err(malformed()) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_white(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches(is_white).len();
    }
}

pub(crate) fn null_character() -> ValueError {
    ValueError::new(FieldCode::InvalidCharacter, "must not hold the character U+0000")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> FieldCode {
        minify(text).unwrap_err().code
    }

    #[test]
    fn white_space_goes_and_numbers_stay() {
        let text = " { \"b\" : [ 1.0 , 1e400,\t-0 ] ,\r\n\"a\": {} , \"c\":[ ] } ";
        assert_eq!(minify(text).unwrap(), r#"{"b":[1.0,1e400,-0],"a":{},"c":[]}"#);
    }

    #[test]
    fn strings_are_escaped_in_one_way() {
        assert_eq!(
            minify(r#""\u0041\/\u00e9\ud83d\ude00\u001F\n""#).unwrap(),
            r#""A/é😀\u001f\n""#
        );
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            "nul",
            "truefalse",
            "True",
            "[1,]",
            "[,1]",
            "{\"a\":1,}",
            "{a:1}",
            "{'a':1}",
            "[1 2]",
            "1 2",
            "01",
            "+1",
            ".5",
            "NaN",
            "\"a",
            "\"\t\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\u{feff}1",
            "[1]]",
            "{\"a\" 1}",
            "\"\\u+123\"",
        ] {
            assert_eq!(refused(text), FieldCode::InvalidType, "{text:?}");
        }
    }

    #[test]
    fn characters_that_cannot_be_stored_are_refused() {
        for text in [
            r#""\ud800""#,
            r#""\udc00""#,
            r#""\ud800\ud800""#,
            r#""\ud800x""#,
            r#""\u0000""#,
            "\"\0\"",
            r#"{"\u0000":1}"#,
        ] {
            assert_eq!(refused(text), FieldCode::InvalidCharacter, "{text:?}");
        }
    }

    #[test]
    fn a_key_stands_once_however_it_is_written() {
        assert_eq!(refused(r#"{"a":1,"b":2,"a":3}"#), FieldCode::DuplicateKey);
        assert_eq!(refused(r#"[{"a":1,"\u0061":3}]"#), FieldCode::DuplicateKey);
        assert!(minify(r#"{"a":{"a":1}}"#).is_ok());
    }

    #[test]
    fn nesting_and_sizes_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(minify(&nested(32)).is_ok());
        assert_eq!(refused(&nested(33)), FieldCode::TooDeep);
        assert_eq!(refused(&"[".repeat(100_000)), FieldCode::TooDeep);
        let list = |n_items: usize| format!("[{}]", vec!["1"; n_items].join(","));
        assert!(minify(&list(10_000)).is_ok());
        assert_eq!(refused(&list(10_001)), FieldCode::TooManyItems);
        assert_eq!(split_array(&list(10_001)).unwrap_err().code, FieldCode::TooManyItems);
        let object = |n_keys: usize| {
            let members: Vec<String> = (0..n_keys).map(|key| format!("\"{key}\":1")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(minify(&object(1_000)).is_ok());
        assert_eq!(refused(&object(1_001)), FieldCode::TooManyItems);
    }

    #[test]
    fn arrays_split_into_the_texts_of_their_items() {
        assert_eq!(
            split_array(r#"[ 1, [2 ,3],"a,]\"" ]"#).unwrap(),
            ["1", "[2 ,3]", r#""a,]\"" "#]
        );
        assert!(split_array("[ ]").unwrap().is_empty());
        for text in ["[1] x", "[1,]", "[,1]", "[", "[1", "[\"", "[\"\\", "[[]"] {
            assert_eq!(split_array(text).unwrap_err().code, FieldCode::InvalidType, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[\\[\\]{}\",:\\\\u0-9a-fé😀 ]{0,60}") {
            let _ = (minify(&text), split_array(&text), parse_string(&text), classify(&text));
        }

        #[test]
        fn what_is_accepted_reads_the_same_elsewhere(text in "[\\[\\]{}\",:0-9tru]{0,12}") {
            if let Ok(minified) = minify(&text) {
                let ours: serde_json::Value = serde_json::from_str(&minified).unwrap();
                prop_assert_eq!(ours, serde_json::from_str::<serde_json::Value>(&text).unwrap());
            }
        }

        #[test]
        fn strings_survive_writing_and_reading(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            match parse_string(&json) {
                Ok(read) => prop_assert_eq!(read, text),
                Err(error) => {
                    prop_assert!(text.contains('\0'));
                    prop_assert_eq!(error.code, FieldCode::InvalidCharacter);
                }
            }
        }
    }
}
