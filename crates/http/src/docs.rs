//! The reference page with its try-it, all of it in the binary: it works without a network.
//!
//! The files of the page lie compressed in the binary and go out as they are to every client that
//! takes gzip.

use std::io::Read as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::read::GzDecoder;
use hyper::StatusCode;
use hyper::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, HeaderMap, HeaderName, HeaderValue, VARY,
};
use hyper::http::request::Parts;
use underpin_base::Result;

use crate::etag::{self, Tags};
use crate::reply::{Content, Reply};

/// One file of the page.
#[derive(Debug, PartialEq)]
pub(crate) struct Asset {
    name: &'static str,
    content: Content,
    encoding: Encoding,
    bytes: &'static [u8],
    /// The file as clients get it that do not take gzip, once one has asked.
    plain: OnceLock<Bytes>,
}

/// How a file lies in the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Gzip,
}

pub(crate) const SCRIPT: Content = Content::File("text/javascript; charset=utf-8");
pub(crate) const STYLE: Content = Content::File("text/css; charset=utf-8");

static ASSETS: [Asset; 4] = [
    Asset {
        name: "",
        content: Content::Page,
        encoding: Encoding::Plain,
        bytes: include_bytes!("../assets/index.html"),
        plain: OnceLock::new(),
    },
    Asset {
        name: "start.js",
        content: SCRIPT,
        encoding: Encoding::Plain,
        bytes: include_bytes!("../assets/start.js"),
        plain: OnceLock::new(),
    },
    Asset {
        name: "swagger-ui.css",
        content: STYLE,
        encoding: Encoding::Gzip,
        bytes: include_bytes!("../assets/swagger-ui/swagger-ui.css.gz"),
        plain: OnceLock::new(),
    },
    Asset {
        name: "swagger-ui-bundle.js",
        content: SCRIPT,
        encoding: Encoding::Gzip,
        bytes: include_bytes!("../assets/swagger-ui/swagger-ui-bundle.js.gz"),
        plain: OnceLock::new(),
    },
];

/// The file at `/docs/{name}`; the page itself has no name.
pub(crate) fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// Answers a request for a file.
///
/// # Errors
/// `INVALID_HEADER` for a malformed `If-None-Match`.
pub(crate) fn serve(asset: &'static Asset, head: &Parts) -> Result<Reply> {
    let tag = etag::of_file(asset.bytes);
    let is_known = Tags::if_none_match(&head.headers)?.matches(&tag);
    let as_it_is = match asset.encoding {
        Encoding::Plain => true,
        Encoding::Gzip => takes_gzip(&head.headers),
    };
    let reply = if is_known {
        Reply::empty(StatusCode::NOT_MODIFIED)
    } else if as_it_is {
        Reply::new(StatusCode::OK, asset.content, Bytes::from_static(asset.bytes))
    } else {
        Reply::new(StatusCode::OK, asset.content, asset.plain())
    };
    let mut reply = reply.with(ETAG, tag);
    if asset.encoding == Encoding::Gzip {
        reply = reply.with(VARY, header_name(&ACCEPT_ENCODING));
        if as_it_is && !is_known {
            reply = reply.with(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    Ok(reply)
}

fn header_name(name: &HeaderName) -> HeaderValue {
    HeaderValue::from_name(name.clone())
}

impl Asset {
    /// A file that lies in the binary as it is.
    pub(crate) const fn plain_file(
        name: &'static str,
        content: Content,
        bytes: &'static [u8],
    ) -> Self {
        Self { name, content, encoding: Encoding::Plain, bytes, plain: OnceLock::new() }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The file decompressed: once, and not for each request.
    fn plain(&self) -> Bytes {
        let plain = self.plain.get_or_init(|| {
            let mut plain = Vec::new();
            let read = GzDecoder::new(self.bytes).read_to_end(&mut plain);
            read.expect("invariant: our own files are whole");
            Bytes::from(plain)
        });
        plain.clone()
    }
}

/// Whether `Accept-Encoding` names gzip, or anything, and does not rule it out.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let mut by_name = None;
    let mut by_star = None;
    for value in headers.get_all(ACCEPT_ENCODING) {
        for coding in value.as_bytes().split(|byte| *byte == b',') {
            let mut parts = coding.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let name = parts.next().unwrap_or_default();
            let accepted = !parts.any(|parameter| {
                let quality = parameter.strip_prefix(b"q=").unwrap_or(b"1");
                quality.iter().all(|byte| matches!(byte, b'0' | b'.'))
            });
            if name.eq_ignore_ascii_case(b"gzip") {
                by_name = Some(accepted);
            } else if name == b"*" {
                by_star = Some(accepted);
            }
        }
    }
    by_name.or(by_star).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(asset: &'static Asset, pairs: &[(HeaderName, &'static str)]) -> Reply {
        let mut request = hyper::Request::new(());
        for (name, value) in pairs {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        serve(asset, &request.into_parts().0).unwrap()
    }

    fn header<'a>(reply: &'a Reply, name: &HeaderName) -> Option<&'a HeaderValue> {
        reply.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    #[test]
    fn files_go_out_compressed_to_those_who_take_it() {
        let style = asset("swagger-ui.css").unwrap();
        let packed = get(style, &[(ACCEPT_ENCODING, "br, GZIP;q=0.5")]);
        assert_eq!(header(&packed, &CONTENT_ENCODING).unwrap(), "gzip");
        for refused in ["identity", "gzip;q=0", "*;q=0", "gzip;q=0.0, *", ""] {
            let plain = get(style, &[(ACCEPT_ENCODING, refused)]);
            assert_eq!(header(&plain, &CONTENT_ENCODING), None, "{refused}");
            assert!(plain.body.len() > packed.body.len());
            assert!(plain.body.starts_with(b".swagger-ui"));
        }
    }

    #[test]
    fn a_file_is_decompressed_once_for_all_who_do_not_take_gzip() {
        let script = asset("swagger-ui-bundle.js").unwrap();
        let (first, second) = (get(script, &[]), get(script, &[]));
        assert_eq!(first.body.as_ptr(), second.body.as_ptr());
    }

    #[test]
    fn a_known_file_is_not_sent_again() {
        let page = asset("").unwrap();
        let tag = header(&get(page, &[]), &ETAG).unwrap().to_str().unwrap().to_owned();
        let again = get(page, &[(hyper::header::IF_NONE_MATCH, tag.leak())]);
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    }

    #[test]
    fn the_page_loads_nothing_but_its_own_files() {
        let page = std::str::from_utf8(asset("").unwrap().bytes).unwrap();
        let loaded = page.split(['"', '\'']).filter(|text| text.starts_with("/docs/"));
        let names: Vec<&str> = loaded.map(|path| &path["/docs/".len()..]).collect();
        assert_eq!(names.len(), 3);
        assert!(names.iter().all(|name| asset(name).is_some()), "{names:?}");
        assert!(!page.contains("http"), "the page names another host");
    }
}
