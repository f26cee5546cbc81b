//! What a project may put into its `emails` folder, and what it is told.

use std::fs;

use tempfile::TempDir;
use underpin_base::{Secret, Timestamp};

use super::*;

const AT: Timestamp = Timestamp(1_700_000_000_000_000);

fn values() -> Values {
    Values::to("ada@b.example")
        .with_link(Secret::new("https://shop.example/go?a=1&token=tok".to_owned()), 60)
        .with_code(Secret::new("482913".to_owned()), 10)
        .at(AT)
        .asked_by("192.0.2.7".parse().ok(), Some("Firefox"))
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn load(files: &[(&str, &str)]) -> Result<Templates, TemplateErrors> {
    Templates::load("The Shop", Some(folder(files).path()))
}

#[track_caller]
fn render(files: &[(&str, &str)], kind: Kind) -> Message {
    load(files).unwrap().render(kind, &values()).unwrap()
}

#[track_caller]
fn problems(files: &[(&str, &str)]) -> String {
    load(files).expect_err("these files are wrong").to_string()
}

#[test]
fn every_kind_has_a_text_and_a_page_that_show_what_they_are_for() {
    let templates = Templates::load("The Shop", None).unwrap();
    for kind in Kind::ALL {
        let message = templates.render(*kind, &values()).unwrap();
        let html = message.html().unwrap();
        assert!(message.subject().contains("The Shop"), "{kind:?}");
        assert!(message.text().contains("The Shop") || message.text().contains("ada@b.example"));
        for (variable, shown) in
            [(Variable::Link, "token=tok"), (Variable::Code, "482913"), (Variable::Ip, "192.0.2.7")]
        {
            let has = kind.variables().contains(&variable);
            assert_eq!(message.text().contains(shown), has, "{kind:?} {variable:?}");
            assert_eq!(html.contains(shown), has, "{kind:?} {variable:?}");
        }
        for unwanted in ["<img", "<script", "<link", "url(", "@import", "{{", "{%"] {
            assert!(!html.contains(unwanted), "{kind:?} {unwanted}");
        }
        assert!(message.text().lines().all(|line| line.chars().count() <= 100), "{kind:?}");
    }
}

#[test]
fn values_are_text_and_never_markup_or_template() {
    let values = values().asked_by(None, Some("<b>{{7*7}}</b>\r\n\r\nCall us"));
    let templates = Templates::load("A & B", None).unwrap();
    let message = templates.render(Kind::MagicLink, &values).unwrap();
    let html = message.html().unwrap();
    assert!(html.contains("&lt;b&gt;{{7*7}}&lt;&#x2f;b&gt;Call us"), "{html}");
    assert!(html.contains("A &amp; B"), "{html}");
    assert!(html.contains("a=1&amp;token=tok\""), "{html}");
    assert!(message.text().contains("(<b>{{7*7}}</b>Call us)"), "{}", message.text());
    assert!(message.text().contains("https://shop.example/go?a=1&token=tok\n"));
    assert_eq!(message.subject(), "Sign in to A & B");
}

#[test]
fn an_address_that_mail_cannot_be_sent_to_gives_no_mail() {
    let templates = Templates::load("The Shop", None).unwrap();
    let values = Values::to("a@b.example\r\nBcc: c@d.example").at(AT);
    let error = templates.render(Kind::MfaChanged, &values).expect_err("refused");
    assert!(matches!(error, RenderError::Message { source: MessageError::Address, .. }));
}

#[test]
fn a_kind_without_one_of_its_values_is_a_defect() {
    let templates = Templates::load("The Shop", None).unwrap();
    let error = templates.render(Kind::MagicLink, &Values::to("a@b.example").at(AT));
    assert_eq!(error.expect_err("refused").to_string(), "a `magic-link` mail needs `link`");
}

#[test]
fn a_project_replaces_a_text_and_a_page() {
    let files = [
        ("code.txt", "Subject: Dein Code\n\n{{ code }}, {{ minutes }} Minuten\n"),
        ("code.html", "<p>{{ code }}"),
    ];
    let message = render(&files, Kind::Code);
    assert_eq!(message.subject(), "Dein Code");
    assert_eq!(message.text(), "482913, 10 Minuten\n");
    assert_eq!(message.html(), Some("<p>482913"));
}

#[test]
fn a_text_alone_is_sent_alone() {
    let message = render(&[("code.txt", "subject: {{ code }}\r\n\r\n{{ code }}")], Kind::Code);
    assert_eq!((message.subject(), message.text(), message.html()), ("482913", "482913\n", None));
}

#[test]
fn a_page_alone_goes_with_our_text_and_may_have_a_subject() {
    let page = "Subject: Hallo {{ app }}\n{% extends \"layout.html\" %}{% block content %}\
                {{ subject }}: {{ code }}{% endblock %}";
    let message = render(&[("code.html", page)], Kind::Code);
    assert_eq!(message.subject(), "Hallo The Shop");
    assert!(message.html().unwrap().contains("Hallo The Shop: 482913"));
    assert!(message.text().contains("Enter this code"));
}

#[test]
fn a_layout_is_the_frame_of_our_pages_and_of_the_projects() {
    let files = [
        (
            "layout.html",
            "<title>{{ subject }}</title>{% include '_foot.html' %}\
                         {% block content %}{% endblock %}",
        ),
        ("_foot.html", "The {{ app }} team"),
    ];
    let html = render(&files, Kind::Invitation).html().unwrap().to_owned();
    assert!(html.starts_with("<title>You have an account with The Shop</title>The The Shop team"));
    assert!(html.contains("Choose a password"));
}

#[test]
fn an_absent_folder_and_what_editors_leave_behind_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Templates::load("The Shop", Some(&dir.path().join("emails"))).is_ok());
    assert!(load(&[(".DS_Store", "x"), ("code.html~", "{{ x")]).is_ok());
}

#[test]
fn every_problem_is_reported_with_its_line() {
    let files = [
        (
            "code.txt",
            "Subject: {{ app }}\n\n{{ code }}\n{{ nme }}\n{% if ip %}{{ lnk }}{% endif %}",
        ),
        ("magic-link.html", "<p>\n{{ link\n</p>"),
        ("verfy-email.html", ""),
        ("invitation.txt", "Hello\n\n{{ link }}"),
        ("notes.md", ""),
    ];
    let told = problems(&files);
    let mut lines = told.lines();
    assert_eq!(
        lines.next(),
        Some(
            "code.txt:4: there is no variable `nme`; there are `app`, `email`, `code`, `minutes`, \
             `ip`, `agent`, `at`"
        )
    );
    assert!(
        lines.next().unwrap().starts_with("code.txt:5: there is no variable `lnk`; "),
        "{told}"
    );
    assert_eq!(
        lines.next(),
        Some(
            "invitation.txt:1: the mail has no subject; begin the file with `Subject: ` and what \
             the mail is about"
        )
    );
    assert!(lines.next().unwrap().starts_with("magic-link.html:3: "), "{told}");
    assert!(lines.next().unwrap().starts_with("notes.md: no mail uses a file of this name; files"));
    assert_eq!(
        lines.next(),
        Some(
            "verfy-email.html: no mail uses a file of this name; did you mean `verify-email.html`?"
        )
    );
    assert_eq!(lines.next(), None);
}

#[test]
fn a_variable_that_another_kind_has_is_not_there() {
    let told = problems(&[("code.html", "{{ code }}\n{{ link }}")]);
    assert!(told.starts_with("code.html:2: there is no variable `link`; "), "{told}");
    let told = problems(&[("layout.html", "\n{{ code }}{% block content %}{% endblock %}")]);
    assert!(
        told.starts_with("layout.html:2: `code` is undefined; in `verify-email` there are `app`, "),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1);
}

#[test]
fn a_subject_with_a_mistake_is_found_in_the_first_line() {
    let told = problems(&[("code.txt", "Subject: {{ ap }}\n\n{{ code }}")]);
    assert!(told.starts_with("code.txt:1: there is no variable `ap`; did you mean `app`?"));
    let files = [("code.txt", "Subject: a\n\n{{ code }}"), ("code.html", "Subject: b\n{{ code }}")];
    assert!(problems(&files).starts_with("code.html:1: `code.txt` has another subject; "));
}

#[test]
fn a_mail_that_would_not_show_its_link_is_refused() {
    let told = problems(&[("magic-link.html", "<p>Sign in!</p>")]);
    assert_eq!(
        told,
        "magic-link.html: a `magic-link` mail would not show its link; write `{{ link }}` where it \
         is to stand"
    );
    let told = problems(&[("layout.html", "<p>Hello</p>")]);
    assert!(told.contains("layout.html: a `code` mail would not show its code; write `{% block"));
}

#[test]
fn a_part_that_is_not_there_and_a_loop_without_end_are_found() {
    let told = problems(&[("code.html", "{{ code }}\n{% include '_foot.html' %}")]);
    assert!(told.starts_with("code.html:2: "), "{told}");
    assert!(told.contains("_foot.html"), "{told}");
    let endless =
        "{{ code }}{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    let told = problems(&[("code.html", endless)]);
    assert!(told.contains("does not come to an end"), "{told}");
}

#[test]
fn files_that_cannot_be_texts_are_named() {
    let dir = folder(&[("code.txt", "")]);
    fs::write(dir.path().join("code.txt"), [0xff, 0xfe]).unwrap();
    fs::write(dir.path().join("code.html"), vec![b'x'; 262_145]).unwrap();
    fs::create_dir(dir.path().join("magic-link.html")).unwrap();
    let told = Templates::load("x", Some(dir.path())).expect_err("wrong").to_string();
    assert_eq!(
        told,
        "code.html: the file has more than 262144 bytes\ncode.txt: the file is not UTF-8\n\
         magic-link.html: folders in this folder are not read"
    );
}

#[test]
fn values_do_not_print_themselves() {
    let shown = format!("{:?}", values());
    assert!(!shown.contains("482913") && !shown.contains("token") && !shown.contains("ada"));
}
