//! Names that follow from other names: columns and tables from fields and models, plurals from
//! singulars. And what names of permissions and roles look like.

use crate::diagnostic::role;

/// Whether a text is a permission: `*`, or two words with a colon between, of which the second may be
/// `*`, as `products:update`.
#[must_use]
pub fn is_permission(text: &str) -> bool {
    text == "*" || text.split_once(':').is_some_and(|(of, what)| role::is_well_formed(of, what))
}

/// Whether a role may be called so.
#[must_use]
pub fn is_role_name(text: &str) -> bool {
    role::is_word(text)
}

/// `orderItems` and `OrderItems` as `order_items`; `userID` as `user_id`.
pub(crate) fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (index, &character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| characters[before]);
        let next_is_lower = characters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        let starts_word = match before {
            None | Some('_') => false,
            Some(before) if before.is_ascii_uppercase() => next_is_lower,
            Some(_) => true,
        };
        if character.is_ascii_uppercase() && starts_word {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// `OrderItem` as `orderItem`; `URLMapping` as `urlMapping`.
#[must_use]
pub fn camel_case(name: &str) -> String {
    let n_upper = name.bytes().take_while(u8::is_ascii_uppercase).count();
    let n_lowered = match n_upper {
        0 | 1 => n_upper,
        n_upper if n_upper == name.len() => n_upper,
        n_upper if name.as_bytes()[n_upper].is_ascii_lowercase() => n_upper - 1,
        n_upper => n_upper,
    };
    name[..n_lowered].to_ascii_lowercase() + &name[n_lowered..]
}

/// The plural of the last word of a name, by the rules of English that have few exceptions. What
/// they get wrong, `@model(plural:)` puts right.
#[must_use]
pub fn plural(name: &str) -> String {
    let vowel = |byte: u8| b"aeiouAEIOU".contains(&byte);
    match name.as_bytes() {
        [.., before, b'y'] if !vowel(*before) => format!("{}ies", &name[..name.len() - 1]),
        [.., before, b'z'] if vowel(*before) => format!("{name}zes"),
        [.., b's' | b'x' | b'z'] | [.., b'c' | b's', b'h'] => format!("{name}es"),
        _ => format!("{name}s"),
    }
}

/// Cuts a database identifier to the 63 bytes that PostgreSQL keeps, with a hash of the whole so
/// that names which differ beyond the cut stay different.
pub(crate) fn fit_identifier(name: String) -> String {
    const BYTES_MAX: usize = 63;
    if name.len() <= BYTES_MAX {
        return name;
    }
    // FNV-1a: the name must be the same in every release, which the standard hasher does not say.
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mut end = BYTES_MAX - 9;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{hash:08x}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_the_words_of_the_field_in_lower_case() {
        for (name, snake) in [
            ("orderItems", "order_items"),
            ("OrderItem", "order_item"),
            ("userID", "user_id"),
            ("HTTPServer", "http_server"),
            ("address2", "address2"),
            ("line2Text", "line2_text"),
            ("x", "x"),
            ("aB", "a_b"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
    }

    #[test]
    fn resources_are_camel_case() {
        for (name, camel) in
            [("OrderItem", "orderItem"), ("URLMapping", "urlMapping"), ("URL", "url"), ("A1", "a1")]
        {
            assert_eq!(camel_case(name), camel);
        }
    }

    #[test]
    fn plurals_follow_the_common_rules() {
        for (singular, plurals) in [
            ("product", "products"),
            ("category", "categories"),
            ("day", "days"),
            ("box", "boxes"),
            ("address", "addresses"),
            ("branch", "branches"),
            ("dish", "dishes"),
            ("quiz", "quizzes"),
            ("waltz", "waltzes"),
            ("status", "statuses"),
            ("epoch", "epoches"),
        ] {
            assert_eq!(plural(singular), plurals);
        }
    }

    #[test]
    fn long_identifiers_are_cut_and_stay_apart() {
        let short = "a".repeat(63);
        assert_eq!(fit_identifier(short.clone()), short);
        let left = fit_identifier("a".repeat(70) + "x");
        let right = fit_identifier("a".repeat(70) + "y");
        assert_eq!(left.len(), 63);
        assert_ne!(left, right);
    }
}
