//! The list of passwords that everybody tries first.
//!
//! `frequent.txt.gz` holds the 30,000 passwords that zxcvbn (MIT licence, Copyright 2012-2016 Dan
//! Wheeler and Dropbox, Inc.; Copyright 2016 Joshua Holmer) lists as the most frequent ones of several
//! leaks; its head has the licence. It is unpacked for each question and forgotten: passwords are
//! chosen seldom, and that takes a fraction of what hashing them takes.

use std::io::Read as _;

use flate2::read::GzDecoder;

/// The list, sorted and in lower case.
const LIST: &[u8] = include_bytes!("frequent.txt.gz");

/// Characters of a word within a password that are worth looking up.
const WORD_CHARACTERS_MIN: usize = 4;

/// Characters before and after a word that add nothing: `Dragon2024`.
const DECORATION_CHARACTERS_MAX: usize = 4;

/// Different characters of a password that is no mere repetition.
const DISTINCT_MIN: usize = 4;

/// Whether `password` is on the list, with a few digits or signs around it or without, or repeats a
/// few characters. Upper and lower case are alike.
pub(super) fn is_frequent(password: &str) -> bool {
    let lower = password.to_lowercase();
    let word = lower.trim_matches(|c: char| !c.is_alphabetic());
    let n_decoration = lower.chars().count() - word.chars().count();
    let is_word = word.chars().count() >= WORD_CHARACTERS_MIN
        && (1..=DECORATION_CHARACTERS_MAX).contains(&n_decoration);
    let list = unpacked();
    let is_listed = |text: &str| list.lines().any(|line| line == text);
    is_repetition(&lower) || is_listed(&lower) || is_word && is_listed(word)
}

fn is_repetition(text: &str) -> bool {
    let mut distinct: Vec<char> = Vec::with_capacity(DISTINCT_MIN);
    for c in text.chars() {
        if !distinct.contains(&c) {
            distinct.push(c);
        }
        if distinct.len() == DISTINCT_MIN {
            return false;
        }
    }
    true
}

fn unpacked() -> String {
    let mut text = String::new();
    let read = GzDecoder::new(LIST).read_to_string(&mut text);
    read.expect("invariant: the list was packed when this was built");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_long_sorted_and_in_lower_case() {
        let text = unpacked();
        let entries: Vec<_> = text.lines().skip_while(|line| line.starts_with('#')).collect();
        assert!(entries.len() >= 30_000 - 1, "{}", entries.len());
        assert!(entries.is_sorted());
        assert!(entries.iter().all(|entry| *entry == entry.to_lowercase()));
        assert!(text.starts_with("# ") && text.contains("MIT licence"));
    }

    #[test]
    fn the_usual_ones_are_common() {
        let passwords = [
            "password",
            "PASSWORD",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "p@ssw0rd",
            "Password1",
            "password123",
            "Dragon2024",
            "!!dragon!",
            "letmein!!",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
        ];
        for password in passwords {
            assert!(is_frequent(password), "{password}");
        }
    }

    #[test]
    fn others_are_not() {
        let passwords = [
            "correct horse battery staple",
            "dragon-38-walnut",
            "x7#Kq9!mZ2",
            "dragon20241116",
            "größenwahnsinnig",
            "# Common passwords",
            "пароль-и-ещё-что-то",
            "",
        ];
        for password in &passwords[..7] {
            assert!(!is_frequent(password), "{password}");
        }
    }
}
