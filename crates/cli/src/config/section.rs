//! What a section of the configuration is, and the macro that makes one from its table of keys.

use super::Place;
use super::value::Kind;

/// One key, as the reference describes it and reading checks it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// The name in the file, and in lower case in the environment.
    pub(crate) name: &'static str,
    /// What it does, in sentences.
    pub(crate) doc: &'static str,
    /// What values it takes.
    pub(crate) kind: Kind,
    /// The value when nobody sets it, as text; empty for none.
    pub(crate) default: Default,
    /// A value that shows the form of keys that have no default; else empty.
    pub(crate) example: &'static str,
    /// Least and greatest value of an integer.
    pub(crate) bounds: Option<(u64, u64)>,
}

/// A default as the reference shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Default {
    /// As written in the section's table.
    Text(&'static str),
    /// A number of the table of limits.
    Integer(u64),
}

impl Default {
    /// The default as TOML would spell it; `None` where there is none.
    pub(crate) fn toml(self, kind: Kind) -> Option<String> {
        match (self, kind) {
            (Self::Integer(value), _) => Some(value.to_string()),
            (Self::Text(""), _) => None,
            (Self::Text(text), Kind::Integer | Kind::Boolean) => Some(text.to_owned()),
            (Self::Text(text), Kind::Text { .. } | Kind::Choice(_) | Kind::Secret) => {
                Some(format!("{text:?}"))
            }
        }
    }
}

/// A table of the file.
pub(crate) trait Section {
    /// The name between the brackets.
    const NAME: &'static str;
    /// What the section is for.
    const DOC: &'static str;
    /// What keys of names beyond [`Section::keys`] mean, in a section that takes them; the name
    /// stands for theirs. They consist of letters, digits, `_` and `-`.
    const OTHER: Option<Key> = None;
    /// What stands for the names of tables below the section's, in a section that is made of such,
    /// as `[oauth.google]`: each has the keys of [`Section::keys`].
    const EACH: Option<&'static str> = None;

    /// Every key, in the order of the reference.
    fn keys() -> Vec<Key>;

    /// Sets a key from its text. `name` is one of [`Section::keys`], and the bounds hold.
    ///
    /// # Errors
    /// Says what the key expects, when `text` is not it.
    fn set(&mut self, name: &str, text: &str) -> Result<(), String>;

    /// Sets a key that [`Section::OTHER`] describes; it stands at `place`.
    ///
    /// # Errors
    /// Says what the key expects, when `text` is not it.
    fn set_other(&mut self, _name: &str, _text: &str, _place: &Place) -> Result<(), String> {
        unreachable!("the section takes no other keys")
    }

    /// Sets a key of the table with a name, in a section that has [`Section::EACH`]; it stands at
    /// `place`.
    ///
    /// # Errors
    /// Says what the key expects, when `text` is not it.
    fn set_each(
        &mut self,
        (_each, _name): (&str, &str),
        _text: &str,
        _place: &Place,
    ) -> Result<(), String> {
        unreachable!("the section has no tables")
    }
}

/// Makes a section: the struct, its defaults, and what [`Section`] asks for.
macro_rules! section {
    (
        $(#[doc = $section_doc:literal])+
        $section:literal => $struct:ident {
            $($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:literal $(, $min:literal..=$max:literal)?;)+
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $struct {
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        impl Default for $struct {
            fn default() -> Self {
                Self {$(
                    $name: <$type as $crate::config::value::Setting>::parse($default)
                        .expect("invariant: a test reads every default"),
                )+}
            }
        }

        impl $crate::config::section::Section for $struct {
            const NAME: &'static str = $section;
            const DOC: &'static str = concat!($($section_doc, "\n",)+);

            fn keys() -> Vec<$crate::config::section::Key> {
                vec![$($crate::config::section::Key {
                    name: stringify!($name),
                    doc: concat!($($doc,)+),
                    kind: <$type as $crate::config::value::Setting>::KIND,
                    default: $crate::config::section::Default::Text($default),
                    example: <$type as $crate::config::value::Setting>::EXAMPLE,
                    bounds: $crate::config::section::section!(@bounds $($min, $max)?),
                },)+]
            }

            fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
                match name {
                    $(stringify!($name) => {
                        self.$name = <$type as $crate::config::value::Setting>::parse(text)?;
                    })+
                    _ => unreachable!("the key was looked up in this section"),
                }
                Ok(())
            }
        }
    };
    (@bounds) => { None };
    (@bounds $min:literal, $max:literal) => { Some(($min, $max)) };
}

pub(crate) use section;
