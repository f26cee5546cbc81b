//! The pages of caught mail, which are there for `dev` alone.

use std::sync::Arc;

use serde_json::json;
use underpin_base::Timestamp;
use underpin_mail::{Caught, Message, Stamp};
use underpin_testkit::TestApp;

const SCHEMA: &str = "type Note @model { text: String! }";

fn app(mails: &[(&str, &str, Option<&str>)]) -> TestApp {
    let caught = Caught::new(|_| ());
    for (subject, text, html) in mails {
        let html = html.map(ToOwned::to_owned);
        let message = Message::new("ada@b.example", subject, (*text).to_owned(), html);
        let message = message.expect("a mail");
        let at = Timestamp(1_767_225_600_000_000);
        caught.catch(Stamp { id: Default::default(), at }, &message);
    }
    TestApp::of(SCHEMA).with_caught_mail(Arc::new(caught)).start()
}

#[test]
fn a_server_that_catches_no_mail_has_no_such_pages() {
    let app = TestApp::start(SCHEMA);
    for path in ["/dev/mail", "/dev/mail.json", "/dev/mail/1"] {
        let _ = app.anonymous().get(path).send().is_error(404, "NOT_FOUND");
        let _ = app.anonymous().request("OPTIONS", path).send().is_error(404, "NOT_FOUND");
        let _ = app.anonymous().request("DELETE", path).send().is_error(404, "NOT_FOUND");
    }
}

#[test]
fn programs_read_the_mails_newest_first() {
    let app = app(&[("One", "1\n", None), ("Two", "2\n", Some("<p>2</p>"))]);
    let answer = app.anonymous().get("/dev/mail.json").send().is(200);
    let mail = |number: u64, subject: &str, text: &str, html: Option<&str>| {
        json!({
            "number": number, "at": "2026-01-01T00:00:00.000000Z", "to": "ada@b.example",
            "subject": subject, "text": text, "html": html,
        })
    };
    let expected = [mail(2, "Two", "2\n", Some("<p>2</p>")), mail(1, "One", "1\n", None)];
    assert_eq!(answer.json(), json!({ "data": expected }));
    let _ = app.anonymous().get("/dev/mail/3").send().is_error(404, "NOT_FOUND");
    let _ = app.anonymous().request("POST", "/dev/mail").send().is_error(405, "METHOD_NOT_ALLOWED");
}

#[test]
fn what_a_mail_says_is_never_markup_of_the_page() {
    let hostile = "</title></pre>\"><script>alert(1)</script><img src=x onerror=alert(2)>";
    let app = app(&[(hostile, hostile, Some(hostile))]);
    for path in ["/dev/mail", "/dev/mail/1"] {
        let answer = app.anonymous().get(path).send().is(200);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let policy = answer.header("content-security-policy").expect("it is there").to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'; "), "{policy}");
        assert!(!policy.contains("script-src"), "{policy}");
        let page = String::from_utf8(answer.bytes().to_vec()).expect("it is there");
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.contains("&lt;script&gt;"), "{page}");
        assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    }
}

#[test]
fn a_mails_page_stands_in_a_frame_that_may_do_nothing() {
    let app = app(&[("One", "Go to https://a.example/x.\n", Some("<p>Hi &amp; \"bye\"</p>"))]);
    let page = app.anonymous().get("/dev/mail/1").send().is(200);
    let page = String::from_utf8(page.bytes().to_vec()).expect("it is there");
    let frame = "sandbox srcdoc=\"&lt;p&gt;Hi &amp;amp; &quot;bye&quot;&lt;/p&gt;\"></iframe>";
    assert!(page.contains(frame), "{page}");
    assert!(page.contains("<a href=\"https://a.example/x\" rel=\"noreferrer\">"), "{page}");
}
