//! Hides secrets in the text of a configuration file, so that a message may quote the file.
//!
//! It works on the text alone, for it must hold for a file that is not even TOML.

/// The text with every secret replaced by as many asterisks as it has bytes; places stay the same.
/// `names` are the keys whose values are secrets.
pub(super) fn masked(text: &str, names: &[&str]) -> String {
    let mut masked = String::with_capacity(text.len());
    // The quotes that end a secret of several lines.
    let mut until: Option<&'static str> = None;
    for line in text.split_inclusive('\n') {
        let shown_bytes = match until {
            Some(quotes) => {
                if line.contains(quotes) {
                    until = None;
                }
                0
            }
            None => match value_of_secret(line, names) {
                Some(at) => {
                    until = open_quotes(&line[at..]);
                    at
                }
                None => line.len(),
            },
        };
        masked.push_str(&line[..shown_bytes]);
        masked.extend(line[shown_bytes..].bytes().map(|byte| match byte {
            b'\n' | b'\r' => char::from(byte),
            _ => '*',
        }));
    }
    masked
}

/// Where in a line the value of a secret key begins.
fn value_of_secret(line: &str, names: &[&str]) -> Option<usize> {
    let ends = names.iter().flat_map(|name| line.match_indices(name).map(|(at, it)| at + it.len()));
    let value = |end: usize| {
        let rest = line[end..].trim_start_matches(['"', '\'', ' ', '\t']);
        rest.strip_prefix('=').map(|rest| line.len() - rest.len())
    };
    ends.filter_map(value).min()
}

/// The quotes of a text that begins in a line and does not end in it.
fn open_quotes(value: &str) -> Option<&'static str> {
    ["\"\"\"", "'''"].into_iter().find(|quotes| value.matches(quotes).count() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_nothing_moves() {
        let text = "[auth]\nsecret = \"hünter2\" # mine\r\nissuer = \"x\"\n\
                    [oauth.apple]\n\"private_key\" = '''\nabc\ndef'''\nteam_id = \"T\"\n\
                    mail = { host = \"h\", password= \"p\" }\nsecret";
        let masked = masked(text, &["secret", "private_key", "password"]);
        assert_eq!(masked.len(), text.len());
        for word in ["nter2", "abc", "def", "\"p\""] {
            assert!(!masked.contains(word), "{masked}");
        }
        for word in ["[auth]\nsecret =", "issuer = \"x\"", "team_id = \"T\"", "host = \"h\""] {
            assert!(masked.contains(word), "{masked}");
        }
    }

    #[test]
    fn a_secret_whose_text_never_ends_is_hidden_to_the_end() {
        let masked = masked("secret = \"\"\"a\nb\nc", &["secret"]);
        assert_eq!(masked, "secret =*****\n*\n*");
    }
}
