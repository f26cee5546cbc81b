//! Cursors: the sort values of a row, sealed so that a client can neither read nor forge them.
//!
//! The text is a direction (`n` after, `p` before) and the base64url of AES-256-GCM-SIV (RFC 8452)
//! over the encoded values. The nonce is fixed, which the SIV construction allows: equal cursors
//! have equal texts and nothing else shows. Direction and the list's shape are authenticated, so a
//! cursor opens for the list it was made for alone. The key is the installation's own.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_decimal::Decimal;
use underpin_base::{Code, Error, Result};
use underpin_schema::{IdKind, Scalar, Value};
use underpin_sql::Codec;
use underpin_store::Seal;
use uuid::Uuid;

/// Longest cursor text read; longer ones were not made here.
const CURSOR_BYTES_MAX: usize = 4_096;

/// Which way a cursor leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the rows after the one it names.
    After,
    /// To the rows before it.
    Before,
}

impl Direction {
    const fn letter(self) -> u8 {
        match self {
            Self::After => b'n',
            Self::Before => b'p',
        }
    }
}

/// Seals and opens cursors with the installation's key.
pub(crate) struct Cursors {
    key: LessSafeKey,
}

impl Cursors {
    /// With this key.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM_SIV, key).expect("invariant: the key has 32 bytes");
        Self { key: LessSafeKey::new(key) }
    }

    /// Appends a cursor's text.
    pub(crate) fn write(
        &self,
        direction: Direction,
        shape: u64,
        values: &[Value],
        out: &mut Vec<u8>,
    ) {
        let mut sealed = Vec::with_capacity(64);
        for value in values {
            encode(value, &mut sealed);
        }
        self.key
            .seal_in_place_append_tag(fixed_nonce(), associated(direction, shape), &mut sealed)
            .expect("invariant: the values of one row are far below the cipher's limit");
        out.push(direction.letter());
        let start = out.len();
        out.resize(start + sealed.len().div_ceil(3) * 4, 0);
        let n_written = URL_SAFE_NO_PAD
            .encode_slice(&sealed, &mut out[start..])
            .expect("invariant: base64 takes four bytes for three");
        out.truncate(start + n_written);
    }

    /// A cursor's text.
    pub(crate) fn text(&self, direction: Direction, shape: u64, values: &[Value]) -> String {
        let mut out = Vec::with_capacity(96);
        self.write(direction, shape, values, &mut out);
        String::from_utf8(out).expect("invariant: base64 is ASCII")
    }

    /// The values of a cursor made for this list and direction.
    ///
    /// # Errors
    /// `INVALID_CURSOR` for everything else.
    pub(crate) fn open(
        &self,
        direction: Direction,
        shape: u64,
        codecs: &[Codec],
        text: &str,
    ) -> Result<Vec<Value>> {
        self.try_open(direction, shape, codecs, text).ok_or_else(|| {
            Error::new(Code::InvalidCursor, "the cursor is not one this list gave")
                .with_parameter("cursor")
                .with_hint(
                    "use `meta.nextCursor` of the page before unchanged, with the same path and \
                     sort; leave `cursor` out to start from the first page",
                )
        })
    }

    fn try_open(
        &self,
        direction: Direction,
        shape: u64,
        codecs: &[Codec],
        text: &str,
    ) -> Option<Vec<Value>> {
        let (letter, body) = text.as_bytes().split_first()?;
        if *letter != direction.letter() || body.len() > CURSOR_BYTES_MAX {
            return None;
        }
        let mut sealed = URL_SAFE_NO_PAD.decode(body).ok()?;
        let mut plain: &[u8] = self
            .key
            .open_in_place(fixed_nonce(), associated(direction, shape), &mut sealed)
            .ok()?;
        let mut values = Vec::with_capacity(codecs.len());
        for codec in codecs {
            let value = decode(&mut plain)?;
            // A field's type may have changed since the cursor was given.
            if !fits(&value, codec.scalar) {
                return None;
            }
            values.push(value);
        }
        plain.is_empty().then_some(values)
    }
}

impl Seal for Cursors {
    fn seal(&self, shape: u64, values: &[Value], out: &mut Vec<u8>) {
        self.write(Direction::After, shape, values, out);
    }
}

fn fixed_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn associated(direction: Direction, shape: u64) -> Aad<[u8; 9]> {
    let mut bytes = [0; 9];
    bytes[0] = direction.letter();
    bytes[1..].copy_from_slice(&shape.to_le_bytes());
    Aad::from(bytes)
}

fn fits(value: &Value, scalar: Scalar) -> bool {
    match scalar {
        _ if *value == Value::Null => true,
        Scalar::Id(IdKind::Uuid) | Scalar::Uuid => matches!(value, Value::Uuid(_)),
        Scalar::Id(IdKind::Int) | Scalar::Int | Scalar::BigInt => matches!(value, Value::Int(_)),
        Scalar::Id(IdKind::String) | Scalar::String | Scalar::Email | Scalar::Url => {
            matches!(value, Value::Text(_))
        }
        Scalar::Float => matches!(value, Value::Float(_)),
        Scalar::Boolean => matches!(value, Value::Bool(_)),
        Scalar::Decimal { .. } => matches!(value, Value::Decimal(_)),
        Scalar::DateTime => matches!(value, Value::DateTime(_)),
        Scalar::Date => matches!(value, Value::Date(_)),
        Scalar::Time => matches!(value, Value::Time(_)),
        Scalar::Duration => matches!(value, Value::Duration(_)),
        Scalar::Json => matches!(value, Value::Json(_)),
    }
}

// Each value is a tag and its bytes; text carries its length first.
fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0),
        Value::Bool(value) => out.extend([1, u8::from(*value)]),
        Value::Int(value) => put(out, 2, &value.to_le_bytes()),
        Value::Float(value) => put(out, 3, &value.to_le_bytes()),
        Value::Decimal(value) => put(out, 4, &value.serialize()),
        Value::Text(text) => put_text(out, 5, text),
        Value::Uuid(value) => put(out, 6, value.as_bytes()),
        Value::DateTime(value) => put(out, 7, &value.to_le_bytes()),
        Value::Date(value) => put(out, 8, &value.to_le_bytes()),
        Value::Time(value) => put(out, 9, &value.to_le_bytes()),
        Value::Duration(value) => put(out, 10, &value.to_le_bytes()),
        Value::Json(text) => put_text(out, 11, text),
        // Lists have no order, so no sort has one.
        Value::List(_) => out.push(0),
    }
}

fn put(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

fn put_text(out: &mut Vec<u8>, tag: u8, text: &str) {
    out.push(tag);
    out.extend((text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn decode(input: &mut &[u8]) -> Option<Value> {
    let (tag, rest) = input.split_first()?;
    *input = rest;
    Some(match tag {
        0 => Value::Null,
        1 => Value::Bool(take::<1>(input)?[0] != 0),
        2 => Value::Int(i64::from_le_bytes(take(input)?)),
        3 => Value::Float(f64::from_le_bytes(take(input)?)),
        4 => Value::Decimal(Decimal::deserialize(take(input)?)),
        5 => Value::Text(take_text(input)?),
        6 => Value::Uuid(Uuid::from_bytes(take(input)?)),
        7 => Value::DateTime(i64::from_le_bytes(take(input)?)),
        8 => Value::Date(i32::from_le_bytes(take(input)?)),
        9 => Value::Time(i64::from_le_bytes(take(input)?)),
        10 => Value::Duration(i64::from_le_bytes(take(input)?)),
        11 => Value::Json(take_text(input)?),
        _ => return None,
    })
}

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = input.split_first_chunk::<N>()?;
    *input = rest;
    Some(*bytes)
}

fn take_text(input: &mut &[u8]) -> Option<String> {
    let n_bytes = usize::try_from(u64::from_le_bytes(take(input)?)).ok()?;
    let (bytes, rest) = input.split_at_checked(n_bytes)?;
    *input = rest;
    String::from_utf8(bytes.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use underpin_schema::Encoding;

    use super::*;

    const SHAPE: u64 = 7;

    fn codec(scalar: Scalar) -> Codec {
        Codec { scalar, encoding: Encoding::Native, list: false }
    }

    fn sample() -> (Vec<Value>, Vec<Codec>) {
        let values = vec![
            Value::Text("a\u{1F980}".to_owned()),
            Value::Null,
            Value::Decimal(Decimal::new(-1250, 2)),
            Value::DateTime(-1),
            Value::Uuid(Uuid::from_u128(42)),
        ];
        let codecs = vec![
            codec(Scalar::String),
            codec(Scalar::Int),
            codec(Scalar::Decimal { precision: 12, scale: 2 }),
            codec(Scalar::DateTime),
            codec(Scalar::Uuid),
        ];
        (values, codecs)
    }

    #[test]
    fn a_cursor_opens_to_the_values_it_was_made_of() {
        let cursors = Cursors::new(&[1; 32]);
        let (values, codecs) = sample();
        let text = cursors.text(Direction::After, SHAPE, &values);
        assert_eq!(cursors.open(Direction::After, SHAPE, &codecs, &text).unwrap(), values);
    }

    #[test]
    fn a_cursor_of_another_list_direction_or_installation_is_refused() {
        let cursors = Cursors::new(&[1; 32]);
        let (values, codecs) = sample();
        let text = cursors.text(Direction::After, SHAPE, &values);
        assert!(cursors.open(Direction::After, SHAPE + 1, &codecs, &text).is_err());
        assert!(cursors.open(Direction::Before, SHAPE, &codecs, &text).is_err());
        let turned = text.replacen('n', "p", 1);
        assert!(cursors.open(Direction::Before, SHAPE, &codecs, &turned).is_err());
        assert!(Cursors::new(&[2; 32]).open(Direction::After, SHAPE, &codecs, &text).is_err());
        let other_type = vec![codec(Scalar::Int); codecs.len()];
        assert!(cursors.open(Direction::After, SHAPE, &other_type, &text).is_err());
    }

    #[test]
    fn a_cursor_with_any_bit_flipped_is_refused() {
        let cursors = Cursors::new(&[1; 32]);
        let (values, codecs) = sample();
        let text = cursors.text(Direction::After, SHAPE, &values);
        let sealed = URL_SAFE_NO_PAD.decode(&text[1..]).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut forged = sealed.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let forged = format!("n{}", URL_SAFE_NO_PAD.encode(forged));
            let error = cursors.open(Direction::After, SHAPE, &codecs, &forged).unwrap_err();
            assert_eq!(error.code(), Code::InvalidCursor);
        }
    }

    #[test]
    fn what_is_no_cursor_at_all_is_refused() {
        let cursors = Cursors::new(&[1; 32]);
        for text in ["", "n", "n!", "x", "n====", &"n".repeat(5_000)] {
            let error = cursors.open(Direction::After, SHAPE, &[], text).unwrap_err();
            assert_eq!(error.code(), Code::InvalidCursor, "{text}");
        }
    }
}
