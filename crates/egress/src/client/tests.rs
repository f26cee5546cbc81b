//! What a resolver's answers do, which only a resolver of the test's own can show.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use super::{Client, Settings};
use crate::error::{Cause, Error};
use crate::message::Request;
use crate::resolve::Names;
use crate::target::{Reach, Refusal};

/// A client whose resolver gives these answers in turn, the last one for ever, and its count of
/// questions.
fn resolving(answers: &'static [&'static [&'static str]]) -> (Client, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let names = Names::Test(Arc::new(move |_| {
        let turn = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        answers[turn].iter().map(|text| text.parse::<IpAddr>().unwrap()).collect()
    }));
    (Client::with_names(Settings::default(), names).unwrap(), asked)
}

async fn failure(client: &Client, url: &str, reach: Reach) -> Error {
    let request = Request::get(Url::parse(url).unwrap()).reach(reach);
    client.send(request).await.unwrap_err()
}

#[tokio::test]
async fn a_public_name_that_stands_for_an_inner_address_is_refused() {
    for answers in [
        &[&["127.0.0.1"] as &[&str]] as &[&[&str]],
        &[&["10.1.2.3"]],
        &[&["169.254.169.254"]],
        &[&["::1"]],
        &[&["::ffff:127.0.0.1"]],
        &[&["64:ff9b::7f00:1"]],
        &[&["fd00::1"]],
        // One good address beside it does not help.
        &[&["93.184.215.14", "127.0.0.1"]],
        &[&["2606:4700:4700::1111", "::1"]],
    ] {
        let (client, _) = resolving(answers);
        let error = failure(&client, "https://127.0.0.1.nip.io/", Reach::Public).await;
        let is_refused = matches!(error.cause(), Cause::Refused(Refusal::InnerAddress));
        assert!(is_refused, "{answers:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_name_is_asked_once_and_the_address_that_was_judged_is_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (client, asked) = resolving(&[&["127.0.0.1"], &["10.9.9.9"]]);
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    };
    let url = Url::parse(&format!("http://a.localhost:{port}/")).unwrap();
    let (response, ()) = tokio::join!(client.send(Request::get(url).reach(Reach::Any)), serve);
    assert_eq!(response.unwrap().status(), 204);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn without_tls_a_name_of_this_machine_must_lead_to_this_machine() {
    let (client, _) = resolving(&[&["192.0.2.1"]]);
    let error = failure(&client, "http://localhost/", Reach::Any).await;
    assert!(matches!(error.cause(), Cause::Refused(Refusal::Insecure)), "{error:?}");
}

#[tokio::test]
async fn a_name_without_addresses_is_an_error() {
    let (client, _) = resolving(&[&[]]);
    let error = failure(&client, "https://a.com/", Reach::Public).await;
    assert!(matches!(error.cause(), Cause::NoAddress), "{error:?}");
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // Nobody listens at ::1 on this port.
    let (client, _) = resolving(&[&["::1", "127.0.0.1"]]);
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    };
    let url = Url::parse(&format!("http://localhost:{port}/")).unwrap();
    let (response, ()) = tokio::join!(client.send(Request::get(url).reach(Reach::Any)), serve);
    assert_eq!(response.unwrap().status(), 204);
}
