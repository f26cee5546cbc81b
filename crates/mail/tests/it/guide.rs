//! The guide says what the code does.

use underpin_mail::{Kind, Templates, Variable};

const GUIDE: &str = include_str!("../../../../docs/guides/mail.md");

/// The rows of the table whose first column is headed so.
fn table(head: &str) -> Vec<&str> {
    let start = format!("| {head} |");
    let lines = GUIDE.lines().skip_while(|line| !line.starts_with(&start)).skip(2);
    lines.take_while(|line| line.starts_with('|')).collect()
}

/// The block of code after this line.
fn block(after: &str) -> String {
    let mut lines = GUIDE.lines().skip_while(|line| *line != after).skip(3);
    let lines: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
    lines.join("\n")
}

#[test]
fn the_guide_lists_every_kind_with_its_variables() {
    let row = |kind: &Kind| {
        let names: Vec<String> =
            kind.variables().iter().map(|variable| format!("`{}`", variable.name())).collect();
        format!("| `{}` | {} | {} |", kind.name(), kind.meaning(), names.join(", "))
    };
    assert_eq!(table("kind"), Kind::ALL.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn the_guide_lists_every_variable() {
    let row = |it: &Variable| format!("| `{}` | {} |", it.name(), it.meaning());
    assert_eq!(table("variable"), Variable::ALL.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn the_guides_templates_are_right() {
    let dir = tempfile::tempdir().unwrap();
    let text = block("A text, `emails/code.txt`:");
    let page = block("Its page, `emails/code.html`:");
    assert!(text.starts_with("Subject: ") && page.starts_with("{% extends"));
    std::fs::write(dir.path().join("code.txt"), text).unwrap();
    std::fs::write(dir.path().join("code.html"), page).unwrap();
    Templates::load("The Shop", Some(dir.path())).unwrap();
}

#[test]
fn the_guides_mistakes_are_told_as_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let load = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        let told = Templates::load("The Shop", Some(dir.path())).expect_err("wrong").to_string();
        std::fs::remove_file(path).unwrap();
        told
    };
    for told in [
        load("code.txt", "Subject: x\n\n{{ code }}\n{{ nme }}"),
        load("layout.html", ""),
        load("verfy-email.html", ""),
    ] {
        assert!(GUIDE.contains(told.lines().next().unwrap()), "{told}");
    }
}
