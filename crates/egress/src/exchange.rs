//! One request and its answer over one connection, which is closed behind them.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Position;

use crate::error::Cause;
use crate::message::{Request, Response};

/// Bytes of an answer's head at most.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Header lines of an answer at most.
const HEADERS_MAX: usize = 100;

/// Sends the request over `stream` and reads the whole answer.
pub(crate) async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request,
    body_bytes_max: usize,
) -> Result<Response, Cause> {
    let request = render(request)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(Cause::Exchange)?;
    let mut connection = pin!(connection);
    let mut answer = pin!(async move {
        let response = sender.send_request(request).await.map_err(Cause::Exchange)?;
        read(response, body_bytes_max).await
    });
    // Driven here instead of in a task of its own, so that it ends with the request. Its failure
    // is the answer's also; when it ends first, what it read is still to be taken.
    let mut is_open = true;
    loop {
        tokio::select! {
            result = &mut answer => return result,
            _ = &mut connection, if is_open => is_open = false,
        }
    }
}

fn render(request: Request) -> Result<hyper::Request<Full<Bytes>>, Cause> {
    let url = &request.url;
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let mut rendered = hyper::Request::builder()
        .method(request.method)
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .header(header::HOST, host)
        .header(header::USER_AGENT, "underpin")
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::CONNECTION, "close")
        .body(Full::new(request.body))
        .map_err(Cause::Build)?;
    for (name, value) in &request.headers {
        let mut value = HeaderValue::from_str(value).map_err(|_| Cause::Header { name })?;
        value.set_sensitive(true);
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Cause::Header { name })?;
        rendered.headers_mut().append(key, value);
    }
    Ok(rendered)
}

async fn read(
    response: hyper::Response<Incoming>,
    body_bytes_max: usize,
) -> Result<Response, Cause> {
    let (head, mut body) = response.into_parts();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(Cause::Body)?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > body_bytes_max {
            return Err(Cause::TooLarge { max: body_bytes_max });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Response { status: head.status.as_u16(), headers: head.headers, body: bytes.freeze() })
}
