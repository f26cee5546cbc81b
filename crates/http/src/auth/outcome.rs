//! From what came of an operation to an answer.

use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use underpin_accounts::{Answer, Grant};
use underpin_base::{Error, Result, Secret, Timestamp};

use super::cookies::{self, Name};
use crate::envelope;
use crate::exchange::Exchange;
use crate::json::{push_number, push_string};
use crate::reply::Reply;

/// How long a login by another party may take, in seconds.
const FLOW_S: i64 = 600;

/// The answer, for the exchange it is to.
///
/// # Errors
/// `INTERNAL` for a redirect to what is no URL.
pub(super) fn reply(exchange: &mut Exchange<'_>, answer: Answer) -> Result<Reply> {
    Ok(match answer {
        Answer::Accepted => data(StatusCode::ACCEPTED, &json!({ "accepted": true }), None),
        Answer::Nothing => Reply::empty(StatusCode::NO_CONTENT),
        Answer::Session(grant) => session(StatusCode::OK, &grant, exchange.facts.at),
        Answer::Registered(grant) => session(StatusCode::CREATED, &grant, exchange.facts.at),
        Answer::Data { data: rows, meta } => data(StatusCode::OK, &rows, meta.as_ref()),
        Answer::Created(made) => data(StatusCode::CREATED, &made, None),
        Answer::Redirect { location, flow_cookie } => redirect(&location, flow_cookie.as_ref())?,
        Answer::Ended => {
            exchange.facts.forgets_session = true;
            Reply::empty(StatusCode::NO_CONTENT)
        }
    })
}

fn data(status: StatusCode, data: &Value, meta: Option<&Value>) -> Reply {
    let body = match meta {
        Some(meta) => json!({ "data": data, "meta": meta }),
        None => json!({ "data": data }),
    };
    Reply::json(status, body.to_string().into_bytes())
}

fn redirect(location: &str, flow_cookie: Option<&Secret<String>>) -> Result<Reply> {
    let location = HeaderValue::try_from(location).map_err(Error::internal)?;
    let reply = Reply::empty(StatusCode::SEE_OTHER).with(LOCATION, location);
    Ok(match flow_cookie.map(Secret::expose) {
        None => reply,
        Some(value) if value.is_empty() => reply.with(SET_COOKIE, cookies::forget(Name::Flow)),
        Some(value) => reply.with(SET_COOKIE, cookies::set(Name::Flow, value, FLOW_S)),
    })
}

/// A session: its tokens in the body, or in cookies and then not in the body.
fn session(status: StatusCode, grant: &Grant, now: Timestamp) -> Reply {
    let mut body = envelope::DATA.to_vec();
    body.push(b'{');
    if grant.cookies {
        push_member(&mut body, b"\"csrfToken\":", grant.csrf.expose());
    } else {
        push_member(&mut body, b"\"accessToken\":", grant.access.expose());
        push_member(&mut body, b"\"tokenType\":", "Bearer");
        push_member(&mut body, b"\"refreshToken\":", grant.refresh.expose());
    }
    body.extend_from_slice(b"\"expiresIn\":");
    push_number(&mut body, grant.expires_in);
    body.extend_from_slice(b",\"user\":");
    body.extend_from_slice(&grant.user);
    body.push(b'}');
    envelope::end_item(&mut body);
    let reply = Reply::json(status, body);
    if !grant.cookies {
        return reply;
    }
    let rest_s = (grant.refresh_expires_at.0 - now.0) / 1_000_000;
    reply
        .with(
            SET_COOKIE,
            cookies::set(Name::Access, grant.access.expose(), i64::from(grant.expires_in)),
        )
        .with(SET_COOKIE, cookies::set(Name::Refresh, grant.refresh.expose(), rest_s))
        .with(SET_COOKIE, cookies::set(Name::Csrf, grant.csrf.expose(), rest_s))
}

fn push_member(out: &mut Vec<u8>, name: &[u8], text: &str) {
    out.extend_from_slice(name);
    push_string(out, text);
    out.push(b',');
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn grant(cookies: bool) -> Grant {
        Grant {
            access: Secret::new("aaa".to_owned()),
            expires_in: 900,
            refresh: Secret::new("rrr".to_owned()),
            refresh_expires_at: Timestamp(60_000_000),
            cookies,
            session: Uuid::from_u128(1),
            csrf: Secret::new("ccc".to_owned()),
            user: br#"{"id":"1"}"#.to_vec(),
        }
    }

    fn body(reply: &Reply) -> Value {
        serde_json::from_slice(&reply.body).unwrap()
    }

    #[test]
    fn a_program_gets_its_tokens_and_no_cookies() {
        let reply = session(StatusCode::OK, &grant(false), Timestamp(0));
        let expected = json!({ "data": {
            "accessToken": "aaa", "tokenType": "Bearer", "refreshToken": "rrr", "expiresIn": 900,
            "user": { "id": "1" },
        } });
        assert_eq!(body(&reply), expected);
        assert!(reply.headers.is_empty());
    }

    #[test]
    fn a_browser_gets_cookies_and_no_tokens() {
        let reply = session(StatusCode::OK, &grant(true), Timestamp(0));
        let expected = json!({ "data": {
            "csrfToken": "ccc", "expiresIn": 900, "user": { "id": "1" },
        } });
        assert_eq!(body(&reply), expected);
        let cookies: Vec<&str> = reply.headers.iter().map(|(_, v)| v.to_str().unwrap()).collect();
        let starts = [
            "__Host-access=aaa; Path=/; Max-Age=900;",
            "__Host-refresh=rrr; Path=/; Max-Age=60;",
            "__Host-csrf=ccc; Path=/; Max-Age=60;",
        ];
        assert_eq!(cookies.len(), 3);
        assert!(cookies.iter().zip(starts).all(|(cookie, start)| cookie.starts_with(start)));
    }

    #[test]
    fn a_redirect_sets_keeps_or_forgets_the_cookie_of_its_flow() {
        let cookie = |value: Option<&str>| {
            let value = value.map(|value| Secret::new(value.to_owned()));
            let reply = redirect("https://a.test/x", value.as_ref()).unwrap();
            let set = reply.headers.iter().find(|(name, _)| name == SET_COOKIE);
            set.map(|(_, value)| value.to_str().unwrap().to_owned())
        };
        assert_eq!(cookie(None), None);
        assert!(cookie(Some("f")).unwrap().starts_with("__Host-flow=f; Path=/; Max-Age=600;"));
        assert!(cookie(Some("")).unwrap().starts_with("__Host-flow=; Path=/; Max-Age=0;"));
    }
}
