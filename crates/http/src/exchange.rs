//! One request and its answer: what every exchange has, whatever it is about.
//!
//! Finds the route, refuses what no route takes, and after the handler adds the headers that every
//! answer carries and writes the line of the log.

mod answer;

use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::header::{ALLOW, ETAG, HeaderValue, LOCATION};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use underpin_accounts::Identity;
use underpin_base::{Code, Error, Result};
use underpin_engine::{App, Context};
use underpin_plan::ActorKind;
use underpin_schema::Schema;

use crate::catch::Catch;
use crate::etag::Tags;
use crate::headers::{self, Accept, RequestId, TraceId};
use crate::log::Facts;
use crate::reply::{Content, Reply};
use crate::server::{Conn, HasBody, Phase, Worker};
use crate::site::{Policy, Route, Site};
use crate::{auth, caught_mail, docs, health, rest};
pub(crate) use answer::refuse;

/// A request on its way to a handler.
pub(crate) struct Exchange<'a> {
    pub worker: &'a Worker,
    pub conn: &'a Conn,
    pub head: &'a Parts,
    pub facts: &'a mut Facts,
    /// Who asks, where that is known.
    pub identity: Option<Arc<Identity>>,
}

/// Answers one request. Never fails: a panic, too, becomes an answer.
pub(crate) async fn answer(
    worker: &Rc<Worker>,
    conn: &Rc<Conn>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    conn.called(if body.is_end_stream() { HasBody::No } else { HasBody::Yes });
    let at = worker.shared.engine.now();
    let mut facts = Facts {
        started,
        at,
        id: RequestId::of(&head.headers, &worker.shared.ids, at),
        trace: TraceId::of(&head.headers),
        accept: Accept::of(&head.headers),
        route: None,
        model: None,
        operation: None,
        actor: ActorKind::Anonymous,
        n_statements: 0,
        n_rows: 0,
        bytes_in: body.size_hint().lower(),
        client: worker.shared.limiter.client(conn, &head.headers),
        counted: None,
        caller: None,
        is_audited: false,
        is_secret: false,
        forgets_session: false,
    };
    let exchange = Exchange { worker, conn, head: &head, facts: &mut facts, identity: None };
    let outcome = Catch(pin!(exchange.run(body))).await.unwrap_or_else(|panic| {
        tracing::error!(panic, "a request ended by a panic");
        Err(Error::internal(panic))
    });
    let outcome = match outcome {
        Err(error) => Err(audited(worker, (&head, &facts), error).await),
        outcome => outcome,
    };
    let response = answer::finish(worker, conn, (&head, &facts), outcome);
    conn.enter(Phase::Answering);
    Ok(response)
}

/// Writes into the audit that somebody who is known was refused, and returns what to answer: the
/// refusal, or why it could not be written.
async fn audited(worker: &Worker, (head, facts): (&Parts, &Facts), error: Error) -> Error {
    let is_denial = matches!(error.code(), Code::Forbidden | Code::CsrfFailed);
    let caller = facts.caller.as_deref().filter(|_| is_denial && !facts.is_audited);
    let Some(caller) = caller else { return error };
    let target = format!("{} {}", head.method, head.uri.path());
    let client = auth::client(head, facts);
    let written =
        worker.shared.accounts.audit_request(caller, &client, (&target, error.code())).await;
    written.err().unwrap_or(error)
}

impl<'a> Exchange<'a> {
    async fn run(mut self, body: Incoming) -> Result<Reply> {
        let app = self.worker.shared.engine.app().await;
        let site = self.worker.site(&app);
        // A probe asks by address, whatever the server is called.
        if !self.head.uri.path().starts_with("/health/") {
            headers::check_host(self.head, &self.worker.shared.hosts)?;
        }
        let (route, methods) = match self.route(&site) {
            Ok(found) => found,
            // Looking for what is not there is no way around the count.
            Err(error) => return self.count_address(1).and(Err(error)),
        };
        if self.head.method == Method::OPTIONS {
            return Ok(Reply::empty(StatusCode::NO_CONTENT).with(ALLOW, allow(methods)));
        }
        let policy = site.policy(&route, &self.head.method);
        if let Some(model) = route.model() {
            self.facts.model = Some(Rc::clone(&site.resource(model).name));
        }
        match policy {
            Policy::Probe => {}
            Policy::Public => self.count_address(1)?,
            Policy::Rules(..) => self.identify(&app).await?,
            Policy::Account(id) => auth::admit(&mut self, &app, id.operation()).await?,
        }
        match route {
            Route::List(_) | Route::Item(..) | Route::Related(_) => {
                rest::handle(self, app, route, body).await
            }
            Route::Account(at) => {
                let operation = site.operation(&at, &self.head.method);
                // Boxed, so that every other request has a small future.
                Box::pin(auth::handle(self, app, (operation, at), body)).await
            }
            Route::Live => Ok(health::live()),
            Route::Ready => Ok(health::ready(self.worker, &app).await),
            Route::Root => Ok(to_docs()),
            Route::Docs(asset) | Route::Page(asset) => docs::serve(asset, self.head),
            Route::OpenApi => self.contract(&site, app.schema()),
            Route::Jwks => auth::jwks(&self).await,
            Route::CaughtMail(page) => self.caught_mail(page),
            Route::Server => Err(not_allowed(methods)),
        }
    }

    /// Where the request leads, and the methods that are there, of which it has one.
    fn route<'s>(&mut self, site: &'s Site) -> Result<(Route<'a>, &'s [Method])> {
        let is_tunnel = self.head.method == Method::CONNECT;
        let route = if is_tunnel { Route::Server } else { site.route(self.head.uri.path())? };
        if matches!(route, Route::CaughtMail(_)) && self.worker.shared.caught_mail.is_none() {
            return Err(Error::not_found());
        }
        self.facts.route = Some(site.template(&route));
        let methods = site.methods(&route);
        if methods.contains(&self.head.method) {
            Ok((route, methods))
        } else {
            Err(not_allowed(methods))
        }
    }

    fn caught_mail(&self, page: caught_mail::Page) -> Result<Reply> {
        let caught = self.worker.shared.caught_mail.as_ref().ok_or_else(Error::not_found)?;
        caught_mail::serve(caught, page)
    }

    fn contract(&self, site: &Site, schema: &Schema) -> Result<Reply> {
        let shared = &self.worker.shared;
        let (text, tag) = site.contract(schema, &shared.limits, shared.public_url.as_ref());
        let reply = if Tags::if_none_match(&self.head.headers)?.matches(tag) {
            Reply::empty(StatusCode::NOT_MODIFIED)
        } else {
            Reply::new(StatusCode::OK, Content::File("application/json"), text.clone())
        };
        Ok(reply.with(ETAG, tag.clone()))
    }

    /// Finds out who asks, and counts the request for it.
    ///
    /// # Errors
    /// `RATE_LIMITED`, and those of [`Exchange::recognise`].
    pub(crate) async fn identify(&mut self, app: &App) -> Result<()> {
        match self.recognise(app).await {
            Ok(Some(token)) => {
                let actor = self.identity.as_ref().map(|identity| Arc::clone(&identity.actor));
                actor.map_or(Ok(()), |actor| self.count_actor(&actor, token, 1))
            }
            Ok(None) => self.count_address(1),
            // Whoever tries tokens is counted as nobody known.
            Err(error) => self.count_address(1).and(Err(error)),
        }
    }

    /// Finds out who asks. Returns the token that was shown, in a header or in a cookie.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for a token that is not in force, `CSRF_FAILED` for what another site may
    /// have sent with a browser's cookie, and `INVALID_HEADER`.
    pub(crate) async fn recognise(&mut self, app: &App) -> Result<Option<&'a str>> {
        let Some(shown) = auth::shown(&self.head.headers)? else { return Ok(None) };
        let shared = &self.worker.shared;
        let identity = shared.accounts.authenticate(app, shown.token).await?;
        self.facts.caller = Some(Arc::clone(&identity));
        if shown.is_cookie {
            auth::check_cookie(self.head, shared, &identity)?;
        }
        self.facts.actor = identity.actor.profile.kind;
        self.identity = Some(identity);
        Ok(Some(shown.token))
    }

    /// Whether what came of a write may be that its actor no longer stands as it did when it was
    /// recognised.
    pub(crate) fn lost_standing<T>(&self, outcome: &Result<T>) -> bool {
        let is_refused = matches!(outcome, Err(error) if error.code() == Code::Unauthenticated);
        is_refused && self.identity.as_ref().is_some_and(|identity| identity.standing.is_some())
    }

    /// Finds out once more who asks, whatever is remembered of the token, and says whether that is
    /// another standing: then what was refused is worth trying once more.
    ///
    /// # Errors
    /// Those of [`Exchange::recognise`].
    pub(crate) async fn recognise_anew(&mut self, app: &App) -> Result<bool> {
        let Some(shown) = auth::shown(&self.head.headers)? else { return Ok(false) };
        let accounts = &self.worker.shared.accounts;
        let identity = accounts.authenticate_anew(app, shown.token).await?;
        let former = self.identity.as_ref().and_then(|former| former.standing.as_ref());
        let is_other = former != identity.standing.as_ref();
        self.identity = Some(identity);
        Ok(is_other)
    }

    /// Who asks, and when and from where.
    pub(crate) fn context(&self) -> Context {
        let (actor, standing) = match &self.identity {
            Some(identity) => (Arc::clone(&identity.actor), identity.standing.clone()),
            None => (Arc::clone(&self.worker.anonymous), None),
        };
        let ip = Some(self.facts.client);
        Context { actor, now: self.facts.at, ip, transport: "rest", standing }
    }
}

fn to_docs() -> Reply {
    Reply::empty(StatusCode::FOUND).with(LOCATION, HeaderValue::from_static("/docs"))
}

fn not_allowed(methods: &[Method]) -> Error {
    let allowed = methods.iter().map(|method| method.as_str().to_owned()).collect();
    Error::new(Code::MethodNotAllowed, "the path does not have this method").with_allowed(allowed)
}

fn allow(methods: &[Method]) -> HeaderValue {
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    HeaderValue::try_from(names.join(", ")).expect("invariant: method names make a header value")
}
