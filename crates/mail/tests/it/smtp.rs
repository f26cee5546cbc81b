//! What a mail server may do to a message, and what becomes of the message.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use underpin_base::Timestamp;
use underpin_mail::{
    Message, Security, SendError, Sender, Smtp, SmtpConfig, Stage, Stamp, Transport,
};
use uuid::Uuid;

use crate::server::{Do, Secrecy, Server};

/// Long enough that no test of an answer runs into it.
const PATIENT: Duration = Duration::from_secs(60);
/// For tests of silence, which last as long.
const IMPATIENT: Duration = Duration::from_millis(300);

/// Every step of a message, as the server's script sees it.
const STEPS: [&str; 6] = ["(hello)", "EHLO", "MAIL", "RCPT", "DATA", "(end)"];

pub(crate) fn config(server: &Server) -> SmtpConfig {
    SmtpConfig {
        host: "127.0.0.1".to_owned(),
        port: Some(server.address.port()),
        security: Some(Security::None),
        login: None,
        from: Sender::parse("The Shop <no-reply@shop.example>").unwrap(),
        time_max: PATIENT,
        certificates: None,
    }
}

pub(crate) fn transport(config: SmtpConfig) -> Transport {
    Transport::Smtp(Box::new(Smtp::new(config).unwrap()))
}

pub(crate) fn stamp() -> Stamp {
    Stamp { id: Uuid::from_u128(7), at: Timestamp(1_700_000_000_000_000) }
}

pub(crate) fn message(subject: &str) -> Message {
    let html = Some("<p>Grüße</p>\n".to_owned());
    Message::new("ada@b.example", subject, "Grüße\n.\n.dot\n".to_owned(), html).unwrap()
}

async fn send(transport: &Transport, subject: &str) -> Result<(), SendError> {
    transport.send(stamp(), &message(subject)).await
}

/// A server that does `what` at `step` of its first connection.
async fn failing_once(step: &'static str, what: fn() -> Do) -> Server {
    Server::start(Secrecy::None, move |number, command| match number {
        1 if command.starts_with(step) => what(),
        _ => Do::Usual,
    })
    .await
}

#[tokio::test]
async fn a_message_arrives_as_it_was_written() {
    let server = Server::obliging().await;
    send(&transport(config(&server)), "Grüße").await.unwrap();
    let log = server.log();
    assert_eq!(
        log.commands,
        [
            "EHLO shop.example",
            "MAIL FROM:<no-reply@shop.example>",
            "RCPT TO:<ada@b.example>",
            "DATA"
        ]
    );
    let (head, body) = log.accepted[0].split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let line = head.split("\r\n").find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
    };
    assert_eq!(header("From"), "\"The Shop\" <no-reply@shop.example>");
    assert_eq!(header("To"), "ada@b.example");
    assert_eq!(header("Subject"), format!("=?utf-8?b?{}?=", STANDARD.encode("Grüße")));
    assert_eq!(header("Date"), "Tue, 14 Nov 2023 22:13:20 +0000");
    assert_eq!(header("Message-ID"), format!("<{}@shop.example>", stamp().id));
    assert_eq!(header("MIME-Version"), "1.0");
    assert!(header("Content-Type").starts_with("multipart/alternative;"));
    let boundary = head.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 4);
    for (part, kind, content) in [
        (parts[1], "text/plain", "Gr=C3=BC=C3=9Fe\r\n.\r\n.dot"),
        (parts[2], "text/html", "<p>Gr=C3=BC=C3=9Fe</p>"),
    ] {
        let (head, body) = part.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Type: {kind}; charset=utf-8")), "{head}");
        assert!(head.contains("Content-Transfer-Encoding: quoted-printable"), "{head}");
        assert_eq!(body.trim_end(), content);
    }
    assert_eq!(parts[3].trim_end(), "--");
}

#[tokio::test]
async fn messages_share_a_connection_until_there_are_no_more() {
    let server = Server::obliging().await;
    let transport = transport(config(&server));
    send(&transport, "one").await.unwrap();
    send(&transport, "two").await.unwrap();
    let log = server.log();
    assert_eq!((log.n_connections, log.accepted.len()), (1, 2));
    transport.rest().await;
    assert_eq!(server.log().commands.last().map(String::as_str), Some("QUIT"));
    send(&transport, "three").await.unwrap();
    assert_eq!(server.log().n_connections, 2);
}

#[tokio::test]
async fn a_server_that_cannot_at_present_may_be_asked_again() {
    for step in STEPS {
        let server = failing_once(step, || Do::Say("451 not now\r\n")).await;
        let transport = transport(config(&server));
        let error = send(&transport, "one").await.expect_err(step);
        assert!(!error.is_final(), "{step}: {error}");
        assert!(error.in_full().ends_with("not now"), "{step}: {}", error.in_full());
    }
}

#[tokio::test]
async fn only_what_is_said_of_the_recipient_or_the_message_is_final() {
    for (step, stage, is_final) in [
        ("(hello)", Stage::Greeting, false),
        ("EHLO", Stage::Greeting, false),
        ("MAIL", Stage::Sender, false),
        ("RCPT", Stage::Recipient, true),
        ("DATA", Stage::Content, true),
        ("(end)", Stage::Content, true),
    ] {
        let server = failing_once(step, || Do::Say("550 5.1.1 <ada@b.example>: never\r\n")).await;
        let transport = transport(config(&server));
        let error = send(&transport, "one").await.expect_err(step);
        assert_eq!(error.is_final(), is_final, "{step}: {error}");
        assert!(matches!(&error, SendError::Refused { stage: at, code: 550, .. } if *at == stage));
        // What is logged names nobody.
        assert!(!error.to_string().contains("ada"), "{error}");
        assert!(error.in_full().contains("5.1.1 <ada@b.example>: never"));
        assert_eq!(server.log().accepted.len(), 0, "{step}");
    }
}

#[tokio::test]
async fn a_refused_message_does_not_stain_the_next_one() {
    let server = failing_once("RCPT", || Do::Say("550 never\r\n")).await;
    let transport = transport(config(&server));
    send(&transport, "one").await.expect_err("refused");
    // Still the first connection, which refuses again, but begins anew.
    send(&transport, "two").await.expect_err("refused");
    let log = server.log();
    assert_eq!(log.n_connections, 1);
    assert_eq!(log.commands[3..5], ["RSET", "MAIL FROM:<no-reply@shop.example>"]);
}

#[tokio::test]
async fn a_connection_that_breaks_anywhere_is_replaced() {
    for step in STEPS {
        let server = failing_once(step, || Do::HangUp).await;
        let transport = transport(config(&server));
        let error = send(&transport, "one").await.expect_err(step);
        assert!(matches!(error, SendError::Broken(_)) && !error.is_final(), "{step}: {error}");
        send(&transport, "two").await.unwrap();
        let log = server.log();
        assert_eq!((log.n_connections, log.accepted.len()), (2, 1), "{step}");
    }
}

#[tokio::test]
async fn silence_ends_the_attempt_and_its_late_answer_is_never_read() {
    for step in STEPS {
        let server = failing_once(step, || Do::Silence).await;
        let transport = transport(SmtpConfig { time_max: IMPATIENT, ..config(&server) });
        let error = send(&transport, "one").await.expect_err(step);
        assert!(!error.is_final(), "{step}: {error}");
        assert!(matches!(error, SendError::TimedOut(IMPATIENT)), "{step}: {error}");
        send(&transport, "two").await.unwrap();
        let log = server.log();
        assert_eq!((log.n_connections, log.accepted.len()), (2, 1), "{step}");
        assert!(log.accepted[0].contains("Subject: two"), "{step}");
    }
}

#[tokio::test]
async fn an_answer_too_many_never_makes_a_message_seem_sent() {
    for step in ["(hello)", "EHLO", "MAIL", "RCPT"] {
        let twice = || Do::Say("250 fine\r\n250 fine\r\n");
        let server = failing_once(step, twice).await;
        let transport = transport(config(&server));
        let error = send(&transport, "one").await.expect_err(step);
        assert!(!error.is_final(), "{step}: {error}");
        assert_eq!(server.log().accepted.len(), 0, "{step}");
        // Nor is the connection used again, on which every answer would come one too early.
        send(&transport, "two").await.unwrap();
        assert_eq!(server.log().commands.iter().filter(|it| *it == "RSET").count(), 0, "{step}");
        assert_eq!(server.log().n_connections, 2, "{step}");
    }
}

#[tokio::test]
async fn nobody_listening_is_no_reason_to_give_up() {
    let server = Server::obliging().await;
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    let transport = transport(SmtpConfig { port: Some(port), ..config(&server) });
    let error = send(&transport, "one").await.expect_err("nobody there");
    assert!(matches!(error, SendError::Broken(_)) && !error.is_final(), "{error}");
    let error = send(&Transport::Absent, "one").await.expect_err("nobody configured");
    assert!(!error.is_final());
    assert_eq!(error.in_full(), "no mail server is configured: set `smtp_host` in `[mail]`");
}
