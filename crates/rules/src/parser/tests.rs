//! What parses to what, and what is refused where and with which words.

use proptest::prelude::*;

use super::*;
use crate::syntax::SyntaxErrorKind;

/// The expression with every operator in front of its operands.
fn parsed(text: &str) -> String {
    match parse(text, Literals::Keep) {
        Ok((expr, 0)) => written(&expr),
        Ok((_, n_slots)) => panic!("{n_slots} slots where literals are kept"),
        Err(error) => panic!("{text}: {}", error.message),
    }
}

fn written(expr: &Expr) -> String {
    let all = |items: &[Expr]| items.iter().map(written).collect::<Vec<_>>().join(" ");
    match &expr.kind {
        ExprKind::Literal(Literal::Null) => "null".to_owned(),
        ExprKind::Literal(Literal::Bool(value)) => value.to_string(),
        ExprKind::Literal(Literal::Number(text)) => text.to_string(),
        ExprKind::Literal(Literal::Text(text)) => format!("{text:?}"),
        ExprKind::Literal(Literal::Slot(slot, kind)) => format!("${slot}:{kind:?}"),
        ExprKind::List(items) => format!("[{}]", all(items)),
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Member(receiver, name) => format!("{}.{}", written(receiver), name.text),
        ExprKind::Index(receiver, index) => format!("{}[{}]", written(receiver), written(index)),
        ExprKind::Call(name, arguments) => format!("{}({})", name.text, all(arguments)),
        ExprKind::Method(receiver, name, arguments) => {
            format!("{}.{}({})", written(receiver), name.text, all(arguments))
        }
        ExprKind::Not(inner) => format!("(! {})", written(inner)),
        ExprKind::And(parts) => format!("(&& {})", all(parts)),
        ExprKind::Or(parts) => format!("(|| {})", all(parts)),
        ExprKind::Binary(op, left, right) => {
            format!("({op:?} {} {})", written(left), written(right))
        }
    }
}

/// The text with the place of the mistake marked, and the message.
#[track_caller]
fn refused(text: &str) -> String {
    let error = parse(text, Literals::Keep).expect_err("the text must be refused");
    let carets = "^".repeat((error.span.end - error.span.start).max(1));
    format!("{text}\n{}{carets} {}", " ".repeat(error.span.start), error.message)
}

#[test]
fn and_binds_tighter_than_or_and_both_are_flat() {
    insta::assert_snapshot!(parsed("a || b && c && d || e"), @"(|| a (&& b c d) e)");
    insta::assert_snapshot!(parsed("(a || b) && c"), @"(&& (|| a b) c)");
}

#[test]
fn not_binds_tighter_than_a_comparison_and_members_tightest() {
    insta::assert_snapshot!(parsed("!a.b == c"), @"(Eq (! a.b) c)");
    insta::assert_snapshot!(parsed("!!a"), @"(! (! a))");
    insta::assert_snapshot!(parsed("!(a == b)"), @"(! (Eq a b))");
}

#[test]
fn times_are_moved_before_they_are_compared() {
    insta::assert_snapshot!(
        parsed("a.at < request.time - duration('24h') + duration('1s')"),
        @r#"(Lt a.at (Add (Sub request.time duration("24h")) duration("1s")))"#
    );
}

#[test]
fn calls_methods_lists_and_indexes() {
    insta::assert_snapshot!(parsed("row.items.exists(i, i.n in [1, -2.5e3])"), @"row.items.exists(i (In i.n [1 -2.5e3]))");
    insta::assert_snapshot!(parsed("size(a) != 0 && a.size() > 1"), @"(&& (Ne size(a) 0) (Gt a.size() 1))");
    insta::assert_snapshot!(parsed("auth.claims['org-id'] == null"), @r#"(Eq auth.claims["org-id"] null)"#);
    insta::assert_snapshot!(parsed("a in []"), @"(In a [])");
}

#[test]
fn texts_take_both_quotes_and_the_escapes_of_cel() {
    insta::assert_snapshot!(parsed(r#"'a"b'"#), @r#""a\"b""#);
    insta::assert_snapshot!(parsed(r#""it's""#), @r#""it's""#);
    insta::assert_snapshot!(parsed(r"'\'\\\n\t\x41\101\u00e9\U0001F600\`\?'"), @r#""'\\\n\tAAé😀`?""#);
}

#[test]
fn comments_and_line_ends_are_blank() {
    insta::assert_snapshot!(parsed("a // the owner\n  && b"), @"(&& a b)");
    insta::assert_snapshot!(parsed("a == 'http://x'"), @r#"(Eq a "http://x")"#);
}

#[test]
fn a_mistake_names_what_was_expected() {
    insta::assert_snapshot!(refused("a == "), @r"
    a == 
         ^ expected a name, a value or `(`, found the end
    ");
    insta::assert_snapshot!(refused("(a == b"), @r"
    (a == b
           ^ expected `)`, found the end
    ");
    insta::assert_snapshot!(refused("a in [1 2]"), @r"
    a in [1 2]
            ^ expected `,` or `]`, found the number `2`
    ");
    insta::assert_snapshot!(refused("a.'b'"), @r"
    a.'b'
      ^^^ expected a name after the dot, found a text
    ");
    insta::assert_snapshot!(refused("duration(x)"), @r"
    duration(x)
             ^ expected a text in quotes, found `x`
    ");
    insta::assert_snapshot!(refused("a == 1 b"), @r"
    a == 1 b
           ^ expected an operator or the end, found `b`
    ");
}

#[test]
fn habits_from_other_languages_are_put_right() {
    insta::assert_snapshot!(refused("a = b"), @r"
    a = b
      ^ one `=` means nothing here: write `==`
    ");
    insta::assert_snapshot!(refused("a and b"), @r"
    a and b
      ^^^ `and` is not an operator: write `&&`
    ");
    insta::assert_snapshot!(refused("a < b < c"), @r"
    a < b < c
          ^ comparisons do not chain: write `a < b && b < c`
    ");
    insta::assert_snapshot!(refused("a ? b : c"), @r"
    a ? b : c
      ^ there is no `? :` here: write `(a && b) || (!a && c)`
    ");
    insta::assert_snapshot!(refused("a == “b”"), @r"
    a == “b”
         ^^^ `“` is not a quote: write `'text'`
    ");
}

#[test]
fn parts_of_cel_that_do_not_exist_here_are_refused_by_name() {
    for (text, message) in [
        ("a * 2 > 3", NO_ARITHMETIC),
        ("a -1 > 3", NO_ARITHMETIC),
        ("a-1 > 3", NO_ARITHMETIC),
        ("a == -b", "a minus sign stands directly before the digits of a number"),
        ("a == 1u", "there are no unsigned numbers: leave the `u` away"),
        ("a == r'x'", "raw and byte strings do not exist here: write a plain string"),
        ("a == '''x'''", "triple-quoted strings do not exist here: use single quotes"),
        ("a == {'b': 1}", "there are no maps here"),
    ] {
        let error = parse(text, Literals::Keep).expect_err(text);
        assert_eq!((error.kind, error.message.as_str()), (SyntaxErrorKind::Unsupported, message));
    }
}

#[test]
fn numbers_and_texts_that_are_none_are_refused() {
    insta::assert_snapshot!(refused("a == 0x10"), @r"
    a == 0x10
         ^^^^ `0x10` is not a number
    ");
    insta::assert_snapshot!(refused("a > .5"), @r"
    a > .5
        ^^ a number starts with a digit: write `0.5`, not `.5`
    ");
    insta::assert_snapshot!(refused("a == 'b"), @r"
    a == 'b
         ^^ this text has no closing `'`
    ");
    insta::assert_snapshot!(refused(r"a == '\q'"), @r"
    a == '\q'
          ^^ this escape does not exist; write `\\` for a backslash
    ");
    insta::assert_snapshot!(refused(r"a == '\x00'"), @r"
    a == '\x00'
          ^^ a text cannot hold U+0000
    ");
    insta::assert_snapshot!(refused(r"a == '\ud800'"), @r"
    a == '\ud800'
          ^^ this escape names no Unicode character
    ");
}

#[test]
fn depth_length_and_parts_are_bounded() {
    let deep = |open: &str, close: &str, n: usize| {
        parse(&format!("{}a{}", open.repeat(n), close.repeat(n)), Literals::Keep).map(drop)
    };
    assert_eq!(deep("(", ")", 31), Ok(()));
    let bombs = [
        deep("(", ")", 32),
        deep("(", ")", 4_000),
        deep("!", "", 8_000),
        deep("[", "]", 4_000),
        deep("size(", ")", 1_000),
        deep("", ".b", 4_000),
        deep("", "['k']", 1_000),
        deep("", " + a", 2_000),
        deep("", " && a", 2_100),
        parse(&" ".repeat(8 * 1024 + 1), Literals::Keep).map(drop),
    ];
    for bomb in bombs {
        let error = bomb.expect_err("a bomb must be refused");
        assert_eq!(error.kind, SyntaxErrorKind::TooComplex, "{}", error.message);
    }
    assert_eq!(deep("", " && a", 900), Ok(()));
}

#[test]
fn literals_become_slots_but_for_durations() {
    let (expr, n_slots) = parse(
        "a > 1 && b in ['x', null, true] && c > request.time - duration('1h')",
        Literals::Slots,
    )
    .unwrap();
    assert_eq!(n_slots, 2);
    insta::assert_snapshot!(
        written(&expr),
        @r#"(&& (Gt a $0:Number) (In b [$1:Text null true]) (Gt c (Sub request.time duration("1h"))))"#
    );
}

/// Pieces that texts of the language are made of, so that random texts reach deep into the parser.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "row",
            "auth",
            ".",
            "id",
            "(",
            ")",
            "[",
            "]",
            ",",
            "&&",
            "||",
            "!",
            "==",
            "<",
            "in",
            " ",
            "'a'",
            "\"b\"",
            "1",
            "-2.5",
            "null",
            "true",
            "+",
            "-",
            "duration(",
            "exists(",
            "'",
            "\\",
            "//",
            "\n",
            "é",
            "😀",
            "?",
            ":",
            "{",
            "u",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in pieces()) {
        for literals in [Literals::Keep, Literals::Slots] {
            match parse(&text, literals) {
                Ok((expr, _)) => prop_assert!(text.get(expr.span.start..expr.span.end).is_some()),
                Err(error) => {
                    prop_assert!(text.get(error.span.start..error.span.end).is_some(), "{error:?}");
                    prop_assert!(!error.message.is_empty());
                }
            }
        }
    }

    #[test]
    fn a_text_survives_being_quoted(text in "[^\u{0}]{0,20}") {
        let quoted: String = text.chars().flat_map(|c| match c {
            '\'' | '\\' => vec!['\\', c],
            '\n' => vec!['\\', 'n'],
            '\r' => vec!['\\', 'r'],
            c => vec![c],
        }).collect();
        let (expr, _) = parse(&format!("'{quoted}'"), Literals::Keep).unwrap();
        prop_assert_eq!(expr.kind, ExprKind::Literal(Literal::Text(text.into())));
    }
}
