//! Which passwords may be chosen: long enough, not on the list, not the user's own name.
//!
//! As NIST SP 800-63B-4 (section 3.1.1.2) has it: length counts, composition does not. There are no
//! rules about digits and signs, and no password expires.

use underpin_base::FieldError;

use super::{frequent, normal_form};

/// Characters of a password, when the configuration does not say; fewer cannot be set.
pub const CHARACTERS_MIN: usize = 8;

/// The greatest number of characters that can be demanded.
const CHARACTERS_MIN_MAX: usize = 128;

/// Bytes of a password at most.
pub const BYTES_MAX: usize = 1_024;

/// Characters of a name that say whose password it is; shorter ones stand in too many words.
const NAME_CHARACTERS_MIN: usize = 4;

/// What a password must be to be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    characters_min: usize,
}

/// Why a password may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has too few characters.
    #[error("the password must have at least {characters_min} characters")]
    TooShort {
        /// How many it must have.
        characters_min: usize,
    },
    /// It has more than [`BYTES_MAX`] bytes.
    #[error("the password must have at most 1024 bytes")]
    TooLong,
    /// It holds U+0000, at which other programs would cut it off.
    #[error("the password must not hold the character U+0000")]
    Nul,
    /// It is among those that are tried first.
    #[error("the password is one of the most common; choose one that nobody would try")]
    Common,
    /// It is, or holds, the user's e-mail address or name.
    #[error("the password must not hold your e-mail address or name")]
    Personal,
}

impl Default for Rules {
    fn default() -> Self {
        Self::new(CHARACTERS_MIN)
    }
}

impl Rules {
    /// Rules that demand `characters_min` characters: from [`CHARACTERS_MIN`] to 128, other numbers
    /// count as the nearest of these.
    #[must_use]
    pub fn new(characters_min: usize) -> Self {
        Self { characters_min: characters_min.clamp(CHARACTERS_MIN, CHARACTERS_MIN_MAX) }
    }

    /// Whether `password` may be chosen by somebody whose e-mail address and names are `context`.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check(&self, password: &str, context: &[&str]) -> Result<(), Refused> {
        check_form(password)?;
        let password = normal_form(password);
        let characters_min = self.characters_min;
        if password.chars().count() < characters_min {
            return Err(Refused::TooShort { characters_min });
        }
        if frequent::is_frequent(&password) {
            return Err(Refused::Common);
        }
        let lower = password.to_lowercase();
        let is_personal = context.iter().any(|text| tells(&lower, &normal_form(text)));
        if is_personal { Err(Refused::Personal) } else { Ok(()) }
    }
}

impl Refused {
    /// The name on the wire, in `details.fields[…].code`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "TOO_SHORT",
            Self::TooLong => "TOO_LONG",
            Self::Nul => "INVALID_CHARACTER",
            Self::Common => "TOO_COMMON",
            Self::Personal => "TOO_PERSONAL",
        }
    }

    /// The same as an error of the field at `path`.
    #[must_use]
    pub fn field_error(&self, path: &str) -> FieldError {
        FieldError { path: path.to_owned(), code: self.code(), message: self.to_string() }
    }
}

/// Whether it can be hashed at all.
pub(super) fn check_form(password: &str) -> Result<(), Refused> {
    if password.len() > BYTES_MAX {
        Err(Refused::TooLong)
    } else if password.contains('\0') {
        Err(Refused::Nul)
    } else {
        Ok(())
    }
}

/// Whether the password gives away `text`, an e-mail address or a name: it holds the whole of it or
/// the part before the `@`, or is little more than one of its words.
fn tells(password: &str, text: &str) -> bool {
    let text = text.to_lowercase();
    let local = text.split('@').next().unwrap_or_default();
    let joined: String = local.split_whitespace().collect();
    let counts = |part: &&str| part.chars().count() >= NAME_CHARACTERS_MIN;
    let is_whole = [text.as_str(), local, &joined].into_iter().filter(counts);
    let words = local.split(|c: char| !c.is_alphanumeric()).filter(counts);
    let has = |part: &str| password.contains(part);
    let rest = |part: &str| password.replacen(part, "", 1).chars().count();
    is_whole.into_iter().any(has)
        || words.into_iter().any(|word| has(word) && rest(word) < CHARACTERS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), Refused> {
        Rules::default().check(password, &["ada.lovelace@example.com", "Ada King Noël"])
    }

    #[test]
    fn length_is_counted_in_characters_and_bounded_in_bytes() {
        let short = Err(Refused::TooShort { characters_min: 8 });
        assert_eq!(check(""), short);
        assert_eq!(check("x7#Kq9!"), short);
        assert_eq!(check("x7#Kq9!m"), Ok(()));
        assert_eq!(check("жук-ёж-7"), Ok(()));
        assert_eq!(check("жук-ёж7"), short, "seven characters of thirteen bytes");
        let long: String = ('a'..='z').cycle().take(BYTES_MAX).collect();
        assert_eq!(check(&long), Ok(()));
        assert_eq!(check(&format!("{long}a")), Err(Refused::TooLong));
        assert_eq!(check(&"é".repeat(BYTES_MAX / 2 + 1)), Err(Refused::TooLong));
    }

    #[test]
    fn composed_and_decomposed_letters_have_the_same_length() {
        let decomposed = "e\u{301}".repeat(4) + "abc";
        assert_eq!(check(&decomposed), Err(Refused::TooShort { characters_min: 8 }));
    }

    #[test]
    fn a_greater_length_can_be_demanded_and_a_smaller_one_cannot() {
        let refused = Rules::new(15).check("x7#Kq9!mZ2", &[]);
        assert_eq!(refused, Err(Refused::TooShort { characters_min: 15 }));
        assert_eq!(Rules::new(0), Rules::default());
        assert_eq!(Rules::new(usize::MAX), Rules::new(128));
    }

    #[test]
    fn a_nul_is_refused_wherever_it_stands() {
        for password in ["\0x7#Kq9!mZ2", "x7#Kq\09!mZ2", "x7#Kq9!mZ2\0"] {
            assert_eq!(check(password), Err(Refused::Nul));
        }
    }

    #[test]
    fn common_passwords_are_refused_and_need_no_signs_otherwise() {
        assert_eq!(check("Password123"), Err(Refused::Common));
        assert_eq!(check("two walnuts under a bridge"), Ok(()));
        assert_eq!(check("   spaces   are   kept   "), Ok(()));
    }

    #[test]
    fn the_users_own_names_are_refused() {
        let personal = [
            "ada.lovelace@example.com",
            "ADA.LOVELACE",
            "my-ada.lovelace-77",
            "adakingnoël",
            "lovelace1815",
            "Lovelace!",
            "NOE\u{308}L-1815",
        ];
        for password in personal {
            assert_eq!(check(password), Err(Refused::Personal), "{password}");
        }
        for password in ["lovelace wrote the first program", "adamant-37-otter", "king-of-17-oaks"]
        {
            assert_eq!(check(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn a_name_is_known_however_its_letters_are_composed() {
        for name in ["Noe\u{308}l Coward", "No\u{eb}l Coward"] {
            for password in ["noe\u{308}lcoward-of-77", "no\u{eb}lcoward-of-77"] {
                let found = Rules::default().check(password, &[name]);
                assert_eq!(found, Err(Refused::Personal), "{password} of {name}");
            }
        }
    }

    #[test]
    fn empty_and_short_names_refuse_nothing() {
        let context = ["", "@", " ", "a@b", "Bo", "\u{1f600}"];
        assert_eq!(Rules::default().check("bobsled@b-77-a", &context), Ok(()));
    }

    #[test]
    fn a_refusal_names_the_field_and_not_the_password() {
        let error = check("password").unwrap_err().field_error("password");
        assert_eq!((error.path.as_str(), error.code), ("password", "TOO_COMMON"));
    }
}
