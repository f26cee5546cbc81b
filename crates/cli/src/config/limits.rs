//! `[limits]`: the keys are those of [`underpin_base::Limits`], whose table describes them.

use underpin_base::Limits;

use super::section::{Default, Key, Section};
use super::value::Kind;

impl Section for Limits {
    const NAME: &'static str = "limits";
    const DOC: &'static str =
        " Bounds on what one request may ask for. The defaults suit a server of 256 MiB.\n";

    fn keys() -> Vec<Key> {
        let key = |limit: &underpin_base::LimitKey| Key {
            name: limit.name,
            doc: limit.doc,
            kind: Kind::Integer,
            default: Default::Integer(limit.default),
            example: "",
            bounds: Some((limit.min, limit.max)),
        };
        Self::KEYS.iter().map(key).collect()
    }

    fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
        let value = text.parse().map_err(|_| "expects a whole number".to_owned())?;
        if Self::set(self, name, value) { Ok(()) } else { Err("is out of range".to_owned()) }
    }
}
