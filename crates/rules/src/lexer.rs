//! Splits the text of a rule or a filter into tokens.
//!
//! One lexer serves rules, filters and the pass that takes a filter's shape, so the three can
//! never disagree on where a literal stands. It allocates nothing. The tokens are those of CEL
//! without triple-quoted, raw and byte strings, hexadecimal and unsigned numbers; each of these is
//! refused by name. A minus directly before a digit belongs to the number.

use crate::syntax::{LiteralText, Span, SyntaxError};

/// Bytes of an expression at most.
pub(crate) const EXPRESSION_BYTES_MAX: usize = 8 * 1024;

/// One token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind<'a>,
    pub(crate) span: Span,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TokenKind<'a> {
    /// A name; `true`, `false`, `null` and `in` have tokens of their own.
    Name(&'a str),
    /// A number or a text.
    Literal(LiteralText<'a>),
    True,
    False,
    Null,
    In,
    /// An operator or a bracket.
    Symbol(Symbol),
    /// The end of the text.
    End,
}

macro_rules! symbols {
    ($($name:ident = $text:literal,)+) => {
        /// Operators and brackets, those we refuse among them, so that they are refused by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Symbol { $($name,)+ }

        impl Symbol {
            /// Every symbol; one that begins with another stands before it.
            const ALL: &[Self] = &[$(Self::$name,)+];

            /// How it is written.
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

// tidy: table
symbols! {
    And = "&&",
    Or = "||",
    Eq = "==",
    Ne = "!=",
    Le = "<=",
    Ge = ">=",
    Lt = "<",
    Gt = ">",
    Not = "!",
    Plus = "+",
    Minus = "-",
    Star = "*",
    Slash = "/",
    Percent = "%",
    Question = "?",
    Colon = ":",
    Comma = ",",
    Dot = ".",
    OpenParen = "(",
    CloseParen = ")",
    OpenBracket = "[",
    CloseBracket = "]",
    OpenBrace = "{",
    CloseBrace = "}",
}

/// Reads tokens one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// Starts at the beginning of `text`; refuses one that is too long.
    pub(crate) fn new(text: &'a str) -> Result<Self, SyntaxError> {
        if text.len() > EXPRESSION_BYTES_MAX {
            let message = format!(
                "an expression has at most {EXPRESSION_BYTES_MAX} bytes; this one has {}",
                text.len()
            );
            return Err(SyntaxError::too_complex(Span::new(0, text.len()), message));
        }
        Ok(Self { text, at: 0 })
    }

    /// The next token; [`TokenKind::End`] again and again once the text is used up.
    pub(crate) fn next_token(&mut self) -> Result<Token<'a>, SyntaxError> {
        self.skip_blank();
        let start = self.at;
        let Some(&first) = self.text.as_bytes().get(start) else {
            return Ok(Token { kind: TokenKind::End, span: Span::new(start, start) });
        };
        let kind = match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.name()?,
            b'0'..=b'9' => self.number()?,
            b'-' if self.byte(1).is_some_and(|byte| byte.is_ascii_digit()) => self.number()?,
            b'.' if self.byte(1).is_some_and(|byte| byte.is_ascii_digit()) => {
                let message = "a number starts with a digit: write `0.5`, not `.5`";
                return Err(SyntaxError::at(Span::new(start, start + 2), message));
            }
            b'\'' | b'"' => self.string(first)?,
            _ => self.symbol()?,
        };
        Ok(Token { kind, span: Span::new(start, self.at) })
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    /// Skips white space and `//` comments, which reach to the end of their line.
    fn skip_blank(&mut self) {
        while let Some(byte) = self.byte(0) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' => self.at += 1,
                b'/' if self.byte(1) == Some(b'/') => {
                    while self.byte(0).is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn name(&mut self) -> Result<TokenKind<'a>, SyntaxError> {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let name = &self.text[start..self.at];
        let prefix = matches!(name, "r" | "R" | "b" | "B" | "br" | "bR" | "Br" | "BR");
        if prefix && matches!(self.byte(0), Some(b'\'' | b'"')) {
            let message = "raw and byte strings do not exist here: write a plain string";
            return Err(SyntaxError::unsupported(Span::new(start, self.at + 1), message));
        }
        Ok(match name {
            "true" => TokenKind::True,
            "false" => TokenKind::False,
            "null" => TokenKind::Null,
            "in" => TokenKind::In,
            _ => TokenKind::Name(name),
        })
    }

    fn number(&mut self) -> Result<TokenKind<'a>, SyntaxError> {
        let start = self.at;
        self.at += usize::from(self.byte(0) == Some(b'-'));
        self.skip_while(|byte| byte.is_ascii_digit());
        if self.byte(0) == Some(b'.') && self.byte(1).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
            self.skip_while(|byte| byte.is_ascii_digit());
        }
        if matches!(self.byte(0), Some(b'e' | b'E')) {
            let signed = usize::from(matches!(self.byte(1), Some(b'+' | b'-')));
            if self.byte(1 + signed).is_some_and(|byte| byte.is_ascii_digit()) {
                self.at += 1 + signed;
                self.skip_while(|byte| byte.is_ascii_digit());
            }
        }
        let end = self.at;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let (number, suffix) = (&self.text[start..end], &self.text[end..self.at]);
        match suffix {
            "" => Ok(TokenKind::Literal(LiteralText::Number(number))),
            "u" | "U" => Err(SyntaxError::unsupported(
                Span::new(end, self.at),
                "there are no unsigned numbers: leave the `u` away",
            )),
            _ => Err(SyntaxError::at(
                Span::new(start, self.at),
                format!("`{number}{suffix}` is not a number"),
            )),
        }
    }

    fn string(&mut self, quote: u8) -> Result<TokenKind<'a>, SyntaxError> {
        let start = self.at;
        if self.byte(1) == Some(quote) && self.byte(2) == Some(quote) {
            let message = "triple-quoted strings do not exist here: use single quotes";
            return Err(SyntaxError::unsupported(Span::new(start, start + 3), message));
        }
        self.at += 1;
        let mut escaped = false;
        loop {
            match self.byte(0) {
                Some(byte) if byte == quote => break,
                Some(b'\\') => {
                    escaped = true;
                    let (_, length) = unescape(&self.text[self.at..])
                        .map_err(|message| self.bad_escape(message))?;
                    self.at += length;
                }
                Some(0) => {
                    let span = Span::new(self.at, self.at + 1);
                    return Err(SyntaxError::at(span, "a text cannot hold U+0000"));
                }
                Some(b'\n' | b'\r') | None => {
                    let message = format!("this text has no closing `{}`", char::from(quote));
                    return Err(SyntaxError::at(Span::new(start, self.at), message));
                }
                Some(_) => self.at += 1,
            }
        }
        let content = &self.text[start + 1..self.at];
        self.at += 1;
        Ok(TokenKind::Literal(LiteralText::Text(content, escaped)))
    }

    fn bad_escape(&self, message: &'static str) -> SyntaxError {
        let length = self.text[self.at..].chars().take(2).map(char::len_utf8).sum::<usize>();
        SyntaxError::at(Span::new(self.at, self.at + length), message)
    }

    fn symbol(&mut self) -> Result<TokenKind<'a>, SyntaxError> {
        let rest = &self.text[self.at..];
        if let Some(symbol) = Symbol::ALL.iter().find(|symbol| rest.starts_with(symbol.text())) {
            self.at += symbol.text().len();
            return Ok(TokenKind::Symbol(*symbol));
        }
        let found = rest.chars().next().expect("invariant: a byte is left, so a character is");
        let message = match found {
            '=' => "one `=` means nothing here: write `==`".to_owned(),
            '&' => "one `&` means nothing here: write `&&`".to_owned(),
            '|' => "one `|` means nothing here: write `||`".to_owned(),
            '`' | '‘' | '’' | '“' | '”' => {
                format!("`{found}` is not a quote: write `'text'`")
            }
            _ => format!("`{}` means nothing here", found.escape_debug()),
        };
        Err(SyntaxError::at(Span::new(self.at, self.at + found.len_utf8()), message))
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.byte(0).is_some_and(&keep) {
            self.at += 1;
        }
    }
}

/// Reads the escape that `text` begins with: the character it stands for and its length in bytes.
pub(crate) fn unescape(text: &str) -> Result<(char, usize), &'static str> {
    const UNKNOWN: &str = "this escape does not exist; write `\\\\` for a backslash";
    let bytes = text.as_bytes();
    let plain = |found: char| Ok((found, 2));
    match bytes.get(1) {
        Some(b'a') => plain('\x07'),
        Some(b'b') => plain('\x08'),
        Some(b'f') => plain('\x0c'),
        Some(b'n') => plain('\n'),
        Some(b'r') => plain('\r'),
        Some(b't') => plain('\t'),
        Some(b'v') => plain('\x0b'),
        Some(&byte @ (b'\\' | b'?' | b'"' | b'\'' | b'`')) => plain(char::from(byte)),
        Some(b'x' | b'X') => numeric(text, 2..4, 16),
        Some(b'u') => numeric(text, 2..6, 16),
        Some(b'U') => numeric(text, 2..10, 16),
        Some(b'0'..=b'3') => numeric(text, 1..4, 8),
        _ => Err(UNKNOWN),
    }
}

fn numeric(
    text: &str,
    digits: std::ops::Range<usize>,
    radix: u32,
) -> Result<(char, usize), &'static str> {
    let length = digits.end;
    let digits = text.get(digits).ok_or("this escape needs more digits")?;
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err("this escape needs more digits");
    }
    match u32::from_str_radix(digits, radix).ok().and_then(char::from_u32) {
        Some('\0') => Err("a text cannot hold U+0000"),
        Some(found) => Ok((found, length)),
        None => Err("this escape names no Unicode character"),
    }
}
