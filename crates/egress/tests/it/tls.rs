//! Who is believed to be the host.
//!
//! The certificates are good for `localhost` and 127.0.0.1 until the year 2126, but for the two that
//! are not; the key of the authority that signed them is gone.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use underpin_egress::{Cause, Client, Settings, SetupError};
use url::Url;

use crate::server::{answer, client, get, serve};

const AUTHORITY: &str = include_str!("certificates/authority.pem");
const SERVER: &str = include_str!("certificates/server.pem");
const OTHER_HOST: &str = include_str!("certificates/other_host.pem");
const EXPIRED: &str = include_str!("certificates/expired.pem");
const SERVER_KEY: &str = include_str!("certificates/server_key.pem");

/// Starts a server that shows this certificate, and returns its port.
async fn start(certificate: &str) -> u16 {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(SERVER_KEY.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not believe us hangs up.
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, answer("200 OK", "inside"), Arc::new(Mutex::default())).await;
            }
        }
    });
    port
}

fn trusting() -> Client {
    let trusted_pem = Some(AUTHORITY.to_owned());
    Client::new(Settings { trusted_pem, ..Settings::default() }).unwrap()
}

#[tokio::test]
async fn an_authority_that_the_operator_trusts_vouches_for_names_and_addresses() {
    let port = start(SERVER).await;
    for host in ["localhost", "127.0.0.1"] {
        let url = Url::parse(&format!("https://{host}:{port}/")).unwrap();
        let response = trusting().send(get(url)).await.unwrap();
        assert_eq!(&response.body()[..], b"inside", "{host}");
    }
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_refused() {
    let url = Url::parse(&format!("https://localhost:{}/", start(SERVER).await)).unwrap();
    let error = client().send(get(url)).await.unwrap_err();
    assert!(matches!(error.cause(), Cause::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn a_certificate_of_another_host_or_another_time_is_refused() {
    for certificate in [OTHER_HOST, EXPIRED] {
        let url = format!("https://localhost:{}/", start(certificate).await);
        let error = trusting().send(get(Url::parse(&url).unwrap())).await.unwrap_err();
        assert!(matches!(error.cause(), Cause::Tls(_)), "{error:?}");
    }
}

#[test]
fn certificates_that_cannot_be_read_are_told_at_once() {
    let with = |pem: &str| {
        Client::new(Settings { trusted_pem: Some(pem.to_owned()), ..Settings::default() })
    };
    assert!(matches!(with("none"), Err(SetupError::NoCertificate)));
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    assert!(matches!(with(broken), Err(SetupError::Certificates(_))));
}
