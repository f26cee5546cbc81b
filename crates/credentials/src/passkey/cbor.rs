//! As much of CBOR (RFC 8949) as authenticators use: whole numbers, bytes, texts, lists, maps, truth
//! values and null, all of known length.
//!
//! Everything else is refused, as CTAP2 demands: floats, tags, values without a length, keys that
//! stand twice, values nested deeper than four. A value borrows from its input, and nothing is
//! reserved for items before they are read, so a length cannot ask for memory.

/// Levels of lists and maps (CTAP 2.1, section 8).
const DEPTH_MAX: usize = 4;

/// Entries of a map; each key is compared with those before it.
const ENTRIES_MAX: usize = 64;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(i128),
    Bytes(&'a [u8]),
    Text(&'a str),
    List(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    Bool(bool),
    Null,
}

impl<'a> Value<'a> {
    /// The value of a text key in a map.
    pub(super) fn get_text(&self, key: &str) -> Option<&Value<'a>> {
        self.get(&Value::Text(key))
    }

    /// The value of a number key in a map.
    pub(super) fn get_number(&self, key: i128) -> Option<&Value<'a>> {
        self.get(&Value::Number(key))
    }

    pub(super) fn as_number(&self) -> Option<i128> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(super) fn as_bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(super) fn as_text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self, Self::Map(_))
    }

    fn get(&self, key: &Value<'_>) -> Option<&Value<'a>> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }
}

/// The one value that `bytes` are.
pub(super) fn parse(bytes: &[u8]) -> Option<Value<'_>> {
    parse_first(bytes).and_then(|(value, rest)| rest.is_empty().then_some(value))
}

/// The first value in `bytes`, and what follows it.
pub(super) fn parse_first(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(0)?;
    Some((value, reader.rest))
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        let (&head, rest) = self.rest.split_first()?;
        self.rest = rest;
        let (major, minor) = (head >> 5, head & 0x1f);
        // Section 3: the upper three bits are the kind, the lower five its argument or where it is.
        match major {
            0 => Some(Value::Number(i128::from(self.argument(minor)?))),
            1 => Some(Value::Number(-1 - i128::from(self.argument(minor)?))),
            2 => self.take(minor).map(Value::Bytes),
            3 => std::str::from_utf8(self.take(minor)?).ok().map(Value::Text),
            4 => self.list(minor, depth),
            5 => self.map(minor, depth),
            7 => match minor {
                20 => Some(Value::Bool(false)),
                21 => Some(Value::Bool(true)),
                22 => Some(Value::Null),
                _ => None,
            },
            _ => None,
        }
    }

    fn argument(&mut self, minor: u8) -> Option<u64> {
        let n_bytes = match minor {
            0..24 => return Some(u64::from(minor)),
            24..28 => 1_usize << (minor - 24),
            _ => return None,
        };
        let (bytes, rest) = self.rest.split_at_checked(n_bytes)?;
        self.rest = rest;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn take(&mut self, minor: u8) -> Option<&'a [u8]> {
        let n_bytes = usize::try_from(self.argument(minor)?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(n_bytes)?;
        self.rest = rest;
        Some(bytes)
    }

    fn list(&mut self, minor: u8, depth: usize) -> Option<Value<'a>> {
        let n_items = self.n_items(minor, depth)?;
        let mut items = Vec::new();
        for _ in 0..n_items {
            items.push(self.value(depth + 1)?);
        }
        Some(Value::List(items))
    }

    fn map(&mut self, minor: u8, depth: usize) -> Option<Value<'a>> {
        let n_entries = self.n_items(minor, depth)?;
        let mut entries: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        for _ in 0..n_entries {
            let key = self.value(depth + 1)?;
            let is_key = matches!(key, Value::Number(_) | Value::Text(_));
            if !is_key || entries.len() == ENTRIES_MAX || entries.iter().any(|(k, _)| *k == key) {
                return None;
            }
            entries.push((key, self.value(depth + 1)?));
        }
        Some(Value::Map(entries))
    }

    fn n_items(&mut self, minor: u8, depth: usize) -> Option<u64> {
        let n_items = self.argument(minor)?;
        (depth < DEPTH_MAX).then_some(n_items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digit).collect()
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        // RFC 8949, appendix A.
        let numbers: [(&str, i128); 10] = [
            ("00", 0),
            ("17", 23),
            ("1818", 24),
            ("1903e8", 1_000),
            ("1a000f4240", 1_000_000),
            ("1bffffffffffffffff", u64::MAX.into()),
            ("20", -1),
            ("3863", -100),
            ("3903e7", -1_000),
            ("3bffffffffffffffff", -18_446_744_073_709_551_616),
        ];
        for (hex, number) in numbers {
            assert_eq!(parse(&bytes(hex)), Some(Value::Number(number)), "{hex}");
        }
        assert_eq!(parse(&bytes("4401020304")), Some(Value::Bytes(&[1, 2, 3, 4])));
        assert_eq!(parse(&bytes("62c3bc")), Some(Value::Text("ü")));
        assert_eq!(parse(&bytes("f4")), Some(Value::Bool(false)));
        assert_eq!(parse(&bytes("f5")), Some(Value::Bool(true)));
        assert_eq!(parse(&bytes("f6")), Some(Value::Null));
        let list = bytes("8301820203820405");
        assert_eq!(format!("{:?}", parse(&list).unwrap()).matches("Number").count(), 5);
        let map = bytes("a26161016162820203");
        let map = parse(&map).unwrap();
        assert_eq!(map.get_text("a").and_then(Value::as_number), Some(1));
        assert!(map.get_text("c").is_none() && map.get_number(1).is_none());
    }

    #[test]
    fn what_authenticators_do_not_send_is_refused() {
        let refused = [
            ("", "nothing"),
            ("f90000", "a float"),
            ("fb3ff199999999999a", "a float"),
            ("f7", "undefined"),
            ("f818", "a simple value"),
            ("c074323031332d30332d32315432303a30343a30305a", "a tag"),
            ("5f42010243030405ff", "bytes without a length"),
            ("7f657374726561646d696e67ff", "a text without a length"),
            ("9fff", "a list without a length"),
            ("bf61610161629f0203ffff", "a map without a length"),
            ("62c328", "a text that is not UTF-8"),
            ("4401", "bytes that are cut off"),
            ("8201", "a list that is cut off"),
            ("a101", "a map that is cut off"),
            ("19ff", "a number that is cut off"),
            ("1c", "a reserved length"),
            ("a201020103", "a key that stands twice"),
            ("a1800102", "a key that is a list"),
            ("818181818100", "five levels"),
            ("0000", "two values"),
            ("5bffffffffffffffff", "more bytes than there can be"),
            ("9bffffffffffffffff", "more items than there can be"),
            ("bbffffffffffffffff", "more entries than there can be"),
            ("ff", "the end of nothing"),
        ];
        for (hex, name) in refused {
            assert_eq!(parse(&bytes(hex)), None, "{name}");
        }
        assert!(parse(&bytes("8181818100")).is_some(), "four levels");
    }

    #[test]
    fn no_bytes_bring_it_down() {
        for length in 0..64 {
            for seed in 0..200_u32 {
                let noise =
                    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, &seed.to_be_bytes());
                let start = &noise.as_ref()[..length];
                if let Some((_, rest)) = parse_first(start) {
                    assert!(rest.len() < start.len());
                }
            }
        }
    }
}
