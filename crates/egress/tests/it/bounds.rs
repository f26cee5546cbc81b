//! What a request carries, and where each answer ends.

use std::error::Error as _;
use std::time::Duration;

use underpin_egress::{Cause, Client, Reach, Refusal, Request, Settings};
use url::Url;

use crate::server::{Behaviour, Server, answer, client, get};

#[tokio::test]
async fn json_comes_back_with_status_and_headers() {
    let server = Server::start(answer("200 OK\r\nx-a: b", r#"{"a":[1,2]}"#)).await;
    let response = client().send(get(server.url("/x?y=z"))).await.unwrap();
    assert_eq!((response.status(), response.is_success()), (200, true));
    assert_eq!(response.header("x-a"), Some("b"));
    assert_eq!(response.json::<serde_json::Value>().unwrap()["a"][1], 2);
    let request = server.requests().remove(0);
    assert!(request.starts_with("GET /x?y=z HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: {}\r\n", server.address)), "{request}");
    assert!(request.contains("accept-encoding: identity\r\n"), "{request}");
}

#[tokio::test]
async fn a_form_is_posted_as_browsers_do() {
    let server = Server::start(answer("201 Created", "")).await;
    let request = Request::post_form(server.url("/f"), &[("a b", "ä&="), ("c", "")]);
    let request = request.reach(Reach::Any).header("authorization", "Basic eA==");
    assert_eq!(client().send(request).await.unwrap().status(), 201);
    let request = server.requests().remove(0);
    assert!(request.ends_with("\r\n\r\na+b=%C3%A4%26%3D&c="), "{request}");
    assert!(request.contains("content-type: application/x-www-form-urlencoded\r\n"), "{request}");
    assert!(request.contains("authorization: Basic eA==\r\n"), "{request}");
}

#[tokio::test]
async fn a_header_that_would_split_the_request_is_refused() {
    let server = Server::start(answer("200 OK", "")).await;
    let request = get(server.url("/")).header("x-a", "b\r\nx-c: d");
    let error = client().send(request).await.unwrap_err();
    assert!(matches!(error.cause(), Cause::Header { name: "x-a" }), "{error:?}");
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::start(answer("200 OK", "secret")).await;
    let head = format!("302 Found\r\nlocation: {}", target.url("/"));
    let server = Server::start(answer(&head, "")).await;
    assert_eq!(client().send(get(server.url("/"))).await.unwrap().status(), 302);
    assert_eq!(target.requests(), [""; 0]);
}

#[tokio::test]
async fn a_body_without_end_is_cut() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let server = Server::start(Behaviour::WriteForEver([head, vec![b'x'; 9_000]].concat())).await;
    let error = client().send(get(server.url("/"))).await.unwrap_err();
    assert!(matches!(error.cause(), Cause::TooLarge { max: 1_048_576 }), "{error:?}");
}

#[tokio::test]
async fn a_request_may_allow_fewer_bytes_and_no_more() {
    let server = Server::start(answer("200 OK", "12345")).await;
    let client = Client::new(Settings { body_bytes_max: 8, ..Settings::default() }).unwrap();
    let fitting = get(server.url("/")).body_bytes_max(5);
    assert_eq!(&client.send(fitting).await.unwrap().body()[..], b"12345");
    let error = client.send(get(server.url("/")).body_bytes_max(4)).await.unwrap_err();
    assert!(matches!(error.cause(), Cause::TooLarge { max: 4 }), "{error:?}");
    let long = Server::start(answer("200 OK", "123456789")).await;
    let error = client.send(get(long.url("/")).body_bytes_max(99)).await.unwrap_err();
    assert!(matches!(error.cause(), Cause::TooLarge { max: 8 }), "{error:?}");
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let line = [b"x-a: ".to_vec(), vec![b'y'; 4_000], b"\r\n".to_vec()].concat();
    let start = [b"HTTP/1.1 200 OK\r\n".to_vec(), line].concat();
    let server = Server::start(Behaviour::WriteForEver(start)).await;
    let error = client().send(get(server.url("/"))).await.unwrap_err();
    assert!(matches!(error.cause(), Cause::Exchange(_)), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_never_ends_meets_the_time_limit() {
    let time_max = Duration::from_millis(50);
    let client = Client::new(Settings { time_max, ..Settings::default() }).unwrap();
    for start in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n123"] {
        let server = Server::start(Behaviour::Hang(start.into())).await;
        let error = client.send(get(server.url("/"))).await.unwrap_err();
        assert!(matches!(error.cause(), Cause::Time { .. }), "{start}: {error:?}");
    }
}

#[tokio::test]
async fn requests_beyond_the_bound_wait_their_turn() {
    let time_max = Duration::from_millis(50);
    let settings = Settings { time_max, requests_max: 1, ..Settings::default() };
    let client = Client::new(settings).unwrap();
    let hanging = Server::start(Behaviour::Hang(Vec::new())).await;
    let quick = Server::start(answer("200 OK", "")).await;
    let (first, second) =
        tokio::join!(client.send(get(hanging.url("/"))), client.send(get(quick.url("/"))),);
    assert!(matches!(first.unwrap_err().cause(), Cause::Time { .. }));
    assert!(matches!(second.unwrap_err().cause(), Cause::Time { .. }));
    assert_eq!(quick.requests(), [""; 0]);
}

#[tokio::test]
async fn a_request_that_ended_makes_room_for_the_next() {
    let client = Client::new(Settings { requests_max: 1, ..Settings::default() }).unwrap();
    let broken = Server::start(Behaviour::Write(Vec::new())).await;
    let quick = Server::start(answer("200 OK", "")).await;
    assert!(client.send(get(broken.url("/"))).await.is_err());
    for _ in 0..2 {
        assert_eq!(client.send(get(quick.url("/"))).await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn what_is_not_http_is_an_error() {
    for bytes in ["SSH-2.0-OpenSSH_9.9\r\n", "", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1"] {
        let server = Server::start(Behaviour::Write(bytes.into())).await;
        let error = client().send(get(server.url("/"))).await.unwrap_err();
        let is_told = matches!(error.cause(), Cause::Exchange(_) | Cause::Body(_));
        assert!(is_told, "{bytes}: {error:?}");
    }
}

#[tokio::test]
async fn json_of_another_form_is_refused_and_not_quoted() {
    let server = Server::start(answer("200 OK", r#"{"token":"secret"}"#)).await;
    let response = client().send(get(server.url("/"))).await.unwrap();
    let error = response.json::<Vec<u8>>().unwrap_err();
    assert!(matches!(error.cause(), Cause::Json { line: 1, .. }), "{error:?}");
    assert!(!format!("{error:?} {}", error.source().unwrap()).contains("secret"));
    assert!(!format!("{response:?}").contains("secret"));
}

#[tokio::test]
async fn the_text_of_an_error_is_the_same_whatever_happened() {
    let open = Server::start(Behaviour::Write(Vec::new())).await;
    let urls = [open.url("/"), Url::parse("http://127.0.0.1:1/").unwrap()];
    let mut texts = Vec::new();
    for url in urls {
        let request = Request::get(url);
        texts.push(client().send(request.clone()).await.unwrap_err().to_string());
        texts.push(client().send(request.reach(Reach::Any)).await.unwrap_err().to_string());
    }
    texts.dedup();
    assert_eq!(texts, ["the other server could not be reached, or did not answer as it should"]);
}

#[tokio::test]
async fn without_tls_only_this_machine_is_asked() {
    for text in ["http://192.0.2.1/", "http://example.com/", "http://10.0.0.1:8080/"] {
        let error = client().send(get(Url::parse(text).unwrap())).await.unwrap_err();
        let is_refused = matches!(error.cause(), Cause::Refused(Refusal::Insecure));
        assert!(is_refused, "{text}: {error:?}");
    }
}

#[test]
fn a_request_shows_neither_query_nor_headers() {
    let url = Url::parse("https://a.example.com/b?code=secret").unwrap();
    let request = Request::post_form(url, &[("c", "secret")]).header("authorization", "secret");
    assert_eq!(format!("{request:?}"), "POST https://a.example.com/b");
}
