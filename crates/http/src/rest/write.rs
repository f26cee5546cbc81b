//! Creates, replaces, merges and deletes of one row.

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{ETAG, HeaderName, HeaderValue, LOCATION};
use hyper::{Method, StatusCode};
use underpin_base::{Code, Error, Result};
use underpin_engine::{AppGuard, Context, WriteReply};
use underpin_plan::{Document, Operation, WriteKind, WriteRequest, decode_document};
use underpin_schema::{FieldKind, Model, ModelId, Schema, Value};

use crate::body::{self, Media};
use crate::etag::{self, Scope, Tags};
use crate::exchange::Exchange;
use crate::query::{Query, Takes};
use crate::reply::{Content, Reply};
use crate::site::Route;
use crate::{envelope, headers, path};

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Answers a POST, PUT, PATCH or DELETE of a row.
///
/// The schema must not be held while a slow body arrives, or a change of it would wait for the
/// slowest client; so it is let go of meanwhile, and the route is found again after.
pub(super) async fn write(
    mut exchange: Exchange<'_>,
    app: AppGuard<'_>,
    route: Route<'_>,
    body: Incoming,
) -> Result<Reply> {
    let method = &exchange.head.method;
    exchange.facts.operation = Some(operation(method));
    let takes = if *method == Method::DELETE { Takes::Nothing } else { Takes::Selection };
    let limits = &exchange.worker.shared.limits;
    let query = Query::parse(exchange.head.uri.query(), takes, limits)?;
    let if_match = Tags::if_match(&exchange.head.headers)?;
    let ctx = exchange.context();
    if *method == Method::DELETE {
        let request = request(app.schema(), method, &route, Document::default())?;
        return commit(&mut exchange, &app, ctx, (request, &query, &if_match)).await;
    }
    let engine = &exchange.worker.shared.engine;
    engine.permit(&app, &ctx, (written_model(&route)?, operation_of(method)))?;
    let media = if *method == Method::PATCH { Media::MergePatch } else { Media::Json };
    body::check_headers(&exchange.head.headers, &body, media, limits)?;
    drop(app);
    let bytes = body::read(exchange.conn, body, limits).await?;
    exchange.facts.bytes_in = bytes.len() as u64;
    let app = exchange.worker.shared.engine.app().await;
    let site = exchange.worker.site(&app);
    let route = site.route(exchange.head.uri.path())?;
    let document = decode_document(app.schema(), written_model(&route)?, &bytes, limits)?;
    let request = request(app.schema(), method, &route, document)?;
    commit(&mut exchange, &app, ctx, (request, &query, &if_match)).await
}

fn operation(method: &Method) -> &'static str {
    match *method {
        Method::POST => "create",
        Method::PUT => "replace",
        Method::PATCH => "merge",
        _ => "delete",
    }
}

/// The operation of a method that has a body.
fn operation_of(method: &Method) -> Operation {
    match *method {
        Method::POST => Operation::Create,
        Method::PUT => Operation::Replace,
        _ => Operation::Merge,
    }
}

/// The model that the body is a row of.
fn written_model(route: &Route<'_>) -> Result<ModelId> {
    match route {
        Route::List(model) | Route::Item(model, _) => Ok(*model),
        Route::Related(related) => Ok(related.target),
        Route::Account(_)
        | Route::Page(_)
        | Route::Jwks
        | Route::OpenApi
        | Route::Docs(_)
        | Route::CaughtMail(_)
        | Route::Root
        | Route::Live
        | Route::Ready
        | Route::Server => Err(Error::not_found()),
    }
}

/// What is asked, without selection and precondition.
fn request(
    schema: &Schema,
    method: &Method,
    route: &Route<'_>,
    document: Document,
) -> Result<WriteRequest> {
    let (model, kind) = match route {
        Route::List(model) => (*model, WriteKind::Create { under: None }),
        Route::Related(related) => {
            let key = key(schema.model(related.model), &related.key)?;
            let under = Some((related.model, related.field, key));
            (related.target, WriteKind::Create { under })
        }
        Route::Item(model, text) => {
            let key = key(schema.model(*model), text)?;
            let kind = match *method {
                Method::PUT => WriteKind::Replace { key },
                Method::PATCH => WriteKind::Merge { key },
                _ => WriteKind::Delete { key },
            };
            (*model, kind)
        }
        Route::Account(_)
        | Route::Page(_)
        | Route::Jwks
        | Route::OpenApi
        | Route::Docs(_)
        | Route::CaughtMail(_)
        | Route::Root
        | Route::Live
        | Route::Ready
        | Route::Server => return Err(Error::not_found()),
    };
    Ok(WriteRequest { model, kind, document, if_version: None, include: Vec::new(), fields: None })
}

/// A key of `model` as it stands in a path. What cannot be one is a key of no row.
fn key(model: &Model, text: &str) -> Result<Value> {
    match &model.key_field().kind {
        FieldKind::Scalar(scalar) => scalar.parse_text(text).map_err(|_| Error::not_found()),
        FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_)
        | FieldKind::ToOne(_)
        | FieldKind::ToMany(_)
        | FieldKind::ManyToMany(_) => unreachable!("invariant: a key is a scalar"),
    }
}

/// Does the write, once for each version it may meet, and makes the answer.
async fn commit(
    exchange: &mut Exchange<'_>,
    app: &AppGuard<'_>,
    ctx: Context,
    (mut request, query, if_match): (WriteRequest, &Query<'_>, &Tags<'_>),
) -> Result<Reply> {
    request.fields = query.fields()?;
    request.include = query.include()?;
    let is_create = matches!(request.kind, WriteKind::Create { .. });
    let is_delete = matches!(request.kind, WriteKind::Delete { .. });
    let model = request.model;
    let mut writer = Writer { exchange, app, ctx };
    let reply = match versions(app.schema().model(model), if_match)? {
        None => writer.write(request).await?,
        Some(versions) => {
            let mut outcome = Err(mismatch());
            for version in versions {
                let request = WriteRequest { if_version: Some(version), ..request.clone() };
                outcome = writer.write(request).await;
                let missed =
                    matches!(&outcome, Err(error) if error.code() == Code::VersionMismatch);
                if !missed {
                    break;
                }
            }
            outcome?
        }
    };
    exchange.facts.n_statements = reply.n_statements;
    exchange.facts.n_rows = 1;
    if is_delete {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    let mut answer = row(&reply, query);
    if is_create {
        answer.status = StatusCode::CREATED;
    }
    if headers::wants_no_body(&exchange.head.headers) {
        answer = minimal(answer);
    }
    if is_create {
        answer = answer.with(LOCATION, location(app.schema(), model, &reply.key));
    }
    Ok(answer)
}

/// Writes for somebody who may have changed since it was found out who it is.
struct Writer<'w, 'e> {
    exchange: &'w mut Exchange<'e>,
    app: &'w AppGuard<'w>,
    ctx: Context,
}

impl Writer<'_, '_> {
    /// Does a write. Where its actor no longer stands as it did, it is found out once more who asks,
    /// and the write is tried as whoever that is: what is refused is refused for what holds.
    async fn write(&mut self, request: WriteRequest) -> Result<WriteReply> {
        let engine = &self.exchange.worker.shared.engine;
        if self.ctx.standing.is_none() {
            return engine.write(self.app, &self.ctx, request).await;
        }
        let outcome = engine.write(self.app, &self.ctx, request.clone()).await;
        if self.exchange.lost_standing(&outcome) && self.exchange.recognise_anew(self.app).await? {
            self.ctx = self.exchange.context();
            return engine.write(self.app, &self.ctx, request).await;
        }
        outcome
    }
}

/// The versions the row may have, one of which it must; `None` when any will do.
fn versions(model: &Model, if_match: &Tags<'_>) -> Result<Option<Vec<i64>>> {
    let tags = match if_match {
        Tags::Absent | Tags::Any => return Ok(None),
        Tags::Listed(tags) => tags,
    };
    if model.version.is_none() {
        return Err(mismatch().with_hint("this model has no versions to compare"));
    }
    let mut versions: Vec<i64> = tags.iter().filter_map(|tag| tag.version()).collect();
    if versions.is_empty() {
        // No row has this version; the engine finds out whether there is a row at all.
        versions.push(0);
    }
    Ok(Some(versions))
}

fn mismatch() -> Error {
    Error::new(Code::VersionMismatch, "the row is not at a version that If-Match names")
}

/// The answer to `Prefer: return=minimal` (RFC 7240, section 4.2).
fn minimal(mut answer: Reply) -> Reply {
    if answer.status == StatusCode::OK {
        answer.status = StatusCode::NO_CONTENT;
    }
    (answer.content, answer.body) = (Content::Nothing, Bytes::new());
    answer.with(PREFERENCE_APPLIED, HeaderValue::from_static("return=minimal"))
}

fn row(reply: &WriteReply, query: &Query<'_>) -> Reply {
    let mut body = Vec::with_capacity(envelope::DATA.len() + reply.row.len() + 1);
    body.extend_from_slice(envelope::DATA);
    body.extend_from_slice(&reply.row);
    envelope::end_item(&mut body);
    let scope = if query.includes_rows() { Scope::WithIncluded } else { Scope::Row };
    let tag = etag::of_row(reply.version, scope, &body);
    Reply::json(StatusCode::OK, body).with(ETAG, tag)
}

fn location(schema: &Schema, model: ModelId, key: &str) -> HeaderValue {
    let mut url = format!("/api/v{}/{}/", schema.version, schema.model(model).plural);
    path::push_escaped(&mut url, key);
    HeaderValue::try_from(url).expect("invariant: an escaped path is a header value")
}
