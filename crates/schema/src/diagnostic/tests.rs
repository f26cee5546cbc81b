//! What holds for every diagnostic of the table.

use std::collections::HashSet;

use super::check::codes_of;
use super::*;

#[test]
fn codes_are_unique_and_in_order() {
    let names: Vec<&str> = DiagnosticCode::ALL.iter().map(|code| code.name()).collect();
    assert!(names.is_sorted());
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    for name in names {
        assert!(name.len() == 5 && name.starts_with('S') && name[1..].parse::<u16>().is_ok());
    }
}

#[test]
fn every_bad_example_provokes_exactly_its_code() {
    for code in DiagnosticCode::ALL {
        let found = codes_of(code.explanation().bad);
        if *code == DiagnosticCode::TooLarge {
            continue;
        }
        // Rules are text here; the room that reads them provokes their codes.
        assert_eq!(found.is_empty(), code.name() >= "S0100", "{code:?}: {found:?}");
        assert!(found.iter().all(|name| *name == code.name()), "{code:?}: {found:?}");
    }
}

#[test]
fn every_good_example_is_clean() {
    for code in DiagnosticCode::ALL {
        let good = code.explanation().good;
        assert!(!good.trim().is_empty(), "{code:?}");
        assert_eq!(codes_of(good), [""; 0], "{code:?}");
    }
}

#[test]
fn every_page_has_a_headline_and_a_meaning_that_end_as_they_should() {
    for code in DiagnosticCode::ALL {
        let page = code.explanation();
        assert!(!page.title.ends_with('.'), "{code:?}");
        let meaning = page.meaning.trim();
        assert!(meaning.ends_with(['.', ')']), "{code:?}");
        assert!(meaning.lines().all(|line| line.chars().count() <= 101), "{code:?}");
    }
}

#[test]
fn explain_finds_a_page_by_its_code() {
    let page = explain(" s0020 ").unwrap();
    assert_eq!(page.code, DiagnosticCode::UnknownType);
    let text = page.to_string();
    assert!(text.starts_with("S0020 (error): a type does not exist\n\nThe type of a field"));
    assert!(
        text.contains("\n    type Note @model @access(read: \"true\") {\n      title: Strng!\n")
    );
    assert!(text.contains("\nThis is refused:\n"));
    assert!(explain("S0090").unwrap().to_string().contains("\nThis is warned about:\n"));
    assert!(!explain("S0002").unwrap().to_string().contains("This is refused"));
    assert_eq!(explain("S9999"), None);
    assert_eq!(explain(""), None);
}

#[test]
fn the_nearest_name_is_near() {
    let names = ["String", "Int", "Decimal", "createdAt"];
    assert_eq!(nearest("Strng", names), Some("String"));
    assert_eq!(nearest("string", names), Some("String"));
    assert_eq!(nearest("created_at", names), Some("createdAt"));
    assert_eq!(nearest("Product", names), None);
    assert_eq!(nearest("ab", names), None);
    assert_eq!(nearest("", names), None);
}
