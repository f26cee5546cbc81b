//! Texts that strangers chose, made harmless for a line of a mail or of a terminal.

/// `text` without what would start a line, hide or turn round what follows it, and cut to
/// `characters_max`.
pub(crate) fn line(text: &str, characters_max: usize) -> String {
    let is_harmless = |c: &char| !c.is_control() && !is_invisible(*c);
    let mut cleaned: String = text.chars().filter(is_harmless).take(characters_max).collect();
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

/// Separators of lines, marks of direction, and characters without width.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00ad}'
            | '\u{061c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_reads_from_left_to_right() {
        assert_eq!(line("Firefox\r\n\r\nCall\u{1b}[2J +49", 99), "FirefoxCall[2J +49");
        assert_eq!(line("gpj\u{202e}exe\u{2028}x", 99), "gpjexex");
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(line("äöü äöü", 4), "äöü");
    }
}
