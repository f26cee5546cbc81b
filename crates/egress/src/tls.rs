//! Whom to believe that they are who they say.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use crate::error::{Cause, SetupError};

/// The certificates that are trusted, read when the first request needs them.
pub(crate) struct Trust {
    further: Vec<CertificateDer<'static>>,
    connector: OnceLock<TlsConnector>,
}

impl Trust {
    /// Trusts what the machine trusts, and the certificates of the PEM text.
    pub(crate) fn new(further_pem: Option<&str>) -> Result<Self, SetupError> {
        let further = match further_pem {
            None => Vec::new(),
            Some(pem) => {
                let read: Result<Vec<_>, _> =
                    CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
                read.map_err(SetupError::Certificates)?
            }
        };
        if further_pem.is_some() && further.is_empty() {
            return Err(SetupError::NoCertificate);
        }
        Ok(Self { further, connector: OnceLock::new() })
    }

    /// Opens a session over `stream`, with whoever proves to be the URL's host.
    pub(crate) async fn connect(
        &self,
        url: &Url,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Cause> {
        let name = match url.host() {
            // A name with the root's dot is the same name; certificates are written without it.
            Some(Host::Domain(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name).to_owned();
                ServerName::try_from(name).map_err(|error| {
                    Cause::Tls(io::Error::new(io::ErrorKind::InvalidInput, error))
                })?
            }
            Some(Host::Ipv4(address)) => ServerName::from(std::net::IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => ServerName::from(std::net::IpAddr::V6(address)),
            None => return Err(Cause::NoAddress),
        };
        self.connector()?.connect(name, stream).await.map_err(Cause::Tls)
    }

    fn connector(&self) -> Result<&TlsConnector, Cause> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Cause::TrustSetup)?;
        let mut config = builder.with_root_certificates(self.roots()).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(self.connector.get_or_init(|| TlsConnector::from(Arc::new(config))))
    }

    /// The machine's list, so that an operator's own authority counts; a bare container has none and
    /// gets Mozilla's as it was at build time.
    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        roots.add_parsable_certificates(self.further.iter().cloned());
        roots
    }
}
