//! Lists, items and the rows of a relation.

use hyper::StatusCode;
use hyper::header::{ETAG, HeaderValue, LINK};
use smallvec::SmallVec;
use underpin_base::Result;
use underpin_engine::{App, PageLinks, ReadCall, ReadReply};
use underpin_plan::{RawText, Target};

use crate::envelope;
use crate::etag::{self, Scope, Tags};
use crate::exchange::Exchange;
use crate::query::{Query, Takes};
use crate::reply::Reply;
use crate::site::Route;

/// Room for the answer that most reads have.
const ANSWER_BYTES: usize = 1_024;

/// Answers a GET or HEAD of rows.
pub(super) async fn read(exchange: Exchange<'_>, app: &App, route: Route<'_>) -> Result<Reply> {
    match route {
        Route::Item(model, key) => item(exchange, app, Target::Item(model), &key).await,
        Route::Related(related) => {
            let target = Target::Related(related.model, related.field);
            list(exchange, app, target, Some(&related.key)).await
        }
        Route::List(model) => list(exchange, app, Target::List(model), None).await,
        Route::Account(_)
        | Route::Page(_)
        | Route::Jwks
        | Route::OpenApi
        | Route::Docs(_)
        | Route::CaughtMail(_)
        | Route::Root
        | Route::Live
        | Route::Ready
        | Route::Server => unreachable!("invariant: these routes lead to no rows"),
    }
}

async fn list(
    mut exchange: Exchange<'_>,
    app: &App,
    target: Target,
    key: Option<&str>,
) -> Result<Reply> {
    exchange.facts.operation = Some("list");
    let head = exchange.head;
    let limits = &exchange.worker.shared.limits;
    let query = Query::parse(head.uri.query(), Takes::List, limits)?;
    let mut body = Vec::with_capacity(ANSWER_BYTES * 4);
    let reply = call(&mut exchange, app, target, (key, &query), &mut body).await?;
    let links = reply.page.unwrap_or_default();
    envelope::end_list(&mut body, &links);
    let link = link_header(head.uri.path(), head.uri.query(), &links);
    let mut reply = Reply::json(StatusCode::OK, body);
    reply.headers.extend(link.map(|link| (LINK, link)));
    Ok(reply)
}

async fn item(mut exchange: Exchange<'_>, app: &App, target: Target, key: &str) -> Result<Reply> {
    exchange.facts.operation = Some("read");
    let head = exchange.head;
    let limits = &exchange.worker.shared.limits;
    let query = Query::parse(head.uri.query(), Takes::Selection, limits)?;
    let if_none_match = Tags::if_none_match(&head.headers)?;
    let mut body = Vec::with_capacity(ANSWER_BYTES);
    let reply = call(&mut exchange, app, target, (Some(key), &query), &mut body).await?;
    envelope::end_item(&mut body);
    let scope = if query.includes_rows() { Scope::WithIncluded } else { Scope::Row };
    let tag = etag::of_row(reply.version, scope, &body);
    let reply = if if_none_match.matches(&tag) {
        Reply::empty(StatusCode::NOT_MODIFIED)
    } else {
        Reply::json(StatusCode::OK, body)
    };
    Ok(reply.with(ETAG, tag))
}

/// Has the engine append the rows to `body`, behind the start of the envelope.
async fn call(
    exchange: &mut Exchange<'_>,
    app: &App,
    target: Target,
    (key, query): (Option<&str>, &Query<'_>),
    body: &mut Vec<u8>,
) -> Result<ReadReply> {
    let ctx = exchange.context();
    let mut shape = Vec::with_capacity(128);
    push_target(&mut shape, target);
    let mut values = SmallVec::new();
    values.extend(key.map(RawText::Key));
    query.split(&mut shape, &mut values)?;
    let limits = &exchange.worker.shared.limits;
    let call = ReadCall {
        shape: &shape,
        build: &|| query.request(target, limits),
        values: &values,
        limit: query.limit,
        page: query.page,
        cursor: query.cursor.as_deref(),
    };
    body.extend_from_slice(envelope::DATA);
    let reply = exchange.worker.shared.engine.read(app, &ctx, call, body).await;
    let reply = reply.map_err(Query::advised)?;
    exchange.facts.n_statements = reply.n_statements;
    exchange.facts.n_rows = reply.n_rows;
    Ok(reply)
}

fn push_target(shape: &mut Vec<u8>, target: Target) {
    let (tag, model, field) = match target {
        Target::List(model) => (b'l', model, 0),
        Target::Item(model) => (b'i', model, 0),
        Target::Related(model, field) => (b'r', model, field.0),
    };
    shape.push(tag);
    shape.extend_from_slice(&model.0.to_le_bytes());
    shape.extend_from_slice(&field.to_le_bytes());
}

/// The neighbouring pages (RFC 8288): the same URL with another cursor.
fn link_header(path: &str, query: Option<&str>, links: &PageLinks) -> Option<HeaderValue> {
    // A page found by its number is left by its number, which a client can count for itself.
    if links.page.is_some() {
        return None;
    }
    let mut text = String::new();
    for (relation, cursor) in [("next", &links.next_cursor), ("prev", &links.previous_cursor)] {
        let Some(cursor) = cursor else { continue };
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push('<');
        text.push_str(path);
        text.push('?');
        for pair in query.unwrap_or_default().split('&') {
            if !pair.is_empty() && !pair.starts_with("cursor=") {
                text.push_str(pair);
                text.push('&');
            }
        }
        text.push_str("cursor=");
        text.push_str(cursor);
        text.push_str(">; rel=\"");
        text.push_str(relation);
        text.push('"');
    }
    if text.is_empty() { None } else { HeaderValue::try_from(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_pages_keep_the_question_and_change_the_cursor() {
        let links = PageLinks {
            next_cursor: Some("nA".to_owned()),
            previous_cursor: Some("pB".to_owned()),
            ..PageLinks::default()
        };
        let header = link_header("/api/v1/products", Some("limit=2&cursor=nX&sort=name"), &links);
        let expected = "</api/v1/products?limit=2&sort=name&cursor=nA>; rel=\"next\", \
                        </api/v1/products?limit=2&sort=name&cursor=pB>; rel=\"prev\"";
        assert_eq!(header.unwrap(), expected);
        assert_eq!(link_header("/p", None, &PageLinks::default()), None);
        let by_number = PageLinks { page: Some(1), ..links };
        assert_eq!(link_header("/p", None, &by_number), None);
    }
}
