//! What is said only once nobody else can hear it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use underpin_base::Secret;
use underpin_mail::{Login, Security, SendError, Smtp, SmtpConfig, SmtpConfigError, Stage};

use crate::server::{CERTIFICATE, Do, Secrecy, Server};
use crate::smtp::{config, message, stamp, transport};

fn secure(server: &Server, security: Security) -> SmtpConfig {
    SmtpConfig {
        host: "localhost".to_owned(),
        security: Some(security),
        login: Some(Login {
            username: "shop".to_owned(),
            password: Secret::new("hunter2".to_owned()),
        }),
        certificates: Some(CERTIFICATE.to_vec()),
        ..config(server)
    }
}

async fn send(config: SmtpConfig) -> Result<(), SendError> {
    transport(config).send(stamp(), &message("one")).await
}

#[tokio::test]
async fn the_login_and_the_message_go_over_an_encrypted_connection() {
    for (secrecy, security) in
        [(Secrecy::Tls, Security::Tls), (Secrecy::StartTls, Security::StartTls)]
    {
        let server = Server::start(secrecy, |_, _| Do::Usual).await;
        send(secure(&server, security)).await.unwrap();
        let log = server.log();
        let login = format!("AUTH PLAIN {}", STANDARD.encode("\0shop\0hunter2"));
        assert!(log.commands.contains(&login), "{:?}", log.commands);
        assert_eq!(log.accepted.len(), 1);
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_ends_the_attempt() {
    for (secrecy, security) in
        [(Secrecy::Tls, Security::Tls), (Secrecy::StartTls, Security::StartTls)]
    {
        let server = Server::start(secrecy, |_, _| Do::Usual).await;
        let config = SmtpConfig { certificates: None, ..secure(&server, security) };
        let error = send(config).await.expect_err("not trusted");
        assert!(!error.is_final(), "{error}");
        assert!(error.in_full().contains("certificate"), "{}", error.in_full());
        let commands = server.log().commands;
        assert!(commands.iter().all(|it| it.starts_with("EHLO") || it == "STARTTLS"));
    }
}

#[tokio::test]
async fn a_certificate_of_another_host_ends_the_attempt() {
    let server = Server::start(Secrecy::Tls, |_, _| Do::Usual).await;
    let config = SmtpConfig { host: "127.0.0.1".to_owned(), ..secure(&server, Security::Tls) };
    let error = send(config).await.expect_err("another name");
    assert!(!error.is_final(), "{error}");
    assert!(error.in_full().contains("not valid for name"), "{}", error.in_full());
    assert_eq!(server.log().commands, [""; 0]);
}

#[tokio::test]
async fn a_server_without_encryption_is_told_nothing() {
    let server = Server::start(Secrecy::None, |_, _| Do::Usual).await;
    let error = send(secure(&server, Security::StartTls)).await.expect_err("no STARTTLS");
    assert!(!error.is_final(), "{error}");
    assert_eq!(server.log().commands, ["EHLO shop.example"]);
}

#[tokio::test]
async fn an_answer_slipped_in_before_the_encryption_never_makes_a_message_seem_sent() {
    let server = Server::start(Secrecy::StartTls, |_, command| match command {
        "STARTTLS" => Do::Say("220 go\r\n250-test\r\n250 AUTH PLAIN\r\n"),
        _ => Do::Usual,
    })
    .await;
    let config = SmtpConfig { login: None, ..secure(&server, Security::StartTls) };
    let error = send(config).await.expect_err("out of step");
    assert!(!error.is_final(), "{error}");
    assert_eq!(server.log().accepted.len(), 0);
}

#[tokio::test]
async fn a_wrong_password_loses_no_message() {
    let server = Server::start(Secrecy::Tls, |_, command| match command {
        command if command.starts_with("AUTH") => Do::Say("535 no\r\n"),
        _ => Do::Usual,
    })
    .await;
    let error = send(secure(&server, Security::Tls)).await.expect_err("refused");
    assert!(matches!(error, SendError::Refused { stage: Stage::Login, code: 535, .. }));
    assert!(!error.is_final());
    assert!(!format!("{error:?}{}", error.in_full()).contains("hunter2"));
}

#[tokio::test]
async fn certificates_that_are_none_are_refused_at_once() {
    let server = Server::obliging().await;
    let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let config = SmtpConfig { certificates: Some(pem), ..secure(&server, Security::Tls) };
    assert!(matches!(Smtp::new(config), Err(SmtpConfigError::Tls(_))));
}
