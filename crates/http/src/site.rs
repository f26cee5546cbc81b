//! The routes of one schema: a path in, a [`Route`] out.
//!
//! Built once for each schema served. Fixed parts of a path match byte by byte, undecoded; only a
//! key may be written with escapes.

mod policy;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

use bytes::Bytes;
use hyper::Method;
use hyper::header::HeaderValue;
use rustc_hash::FxHashMap;
use underpin_accounts::Operation;
use underpin_base::{Error, Limits, Result};
use underpin_schema::{FieldId, FieldKind, IdKind, Model, ModelId, Scalar, Schema};
use url::Url;

use crate::auth::{page, routes};
use crate::openapi::openapi;
use crate::{caught_mail, docs, etag, path};

pub(crate) use policy::Policy;

/// The routes of a schema.
pub(crate) struct Site {
    /// `v1`
    version: String,
    /// By model id.
    resources: Vec<Resource>,
    by_plural: FxHashMap<String, ModelId>,
    accounts: routes::Places,
    fixed: Fixed,
    /// The contract with its entity tag, made when it is first asked for.
    contract: OnceCell<(Bytes, HeaderValue)>,
}

/// The routes of one model.
pub(crate) struct Resource {
    pub name: Rc<str>,
    pub list: Rc<str>,
    pub item: Rc<str>,
    has_text_key: bool,
    relations: Vec<Relation>,
}

struct Relation {
    name: String,
    field: FieldId,
    target: ModelId,
    template: Rc<str>,
    methods: &'static [Method],
}

struct Fixed {
    root: Rc<str>,
    openapi: Rc<str>,
    docs: Rc<str>,
    mail: Rc<str>,
    page: Rc<str>,
    jwks: Rc<str>,
    live: Rc<str>,
    ready: Rc<str>,
    server: Rc<str>,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Route<'a> {
    /// `/api/v1/products`
    List(ModelId),
    /// `/api/v1/products/{id}`
    Item(ModelId, Cow<'a, str>),
    /// `/api/v1/users/{id}/orders`
    Related(Related<'a>),
    /// `/api/v1/auth/login`
    Account(routes::At<'a>),
    /// `/auth/`, where the links of mails lead, and the files of the page.
    Page(&'static docs::Asset),
    /// `/.well-known/jwks.json`
    Jwks,
    /// `/openapi.json`
    OpenApi,
    /// `/docs` and the files of the page.
    Docs(&'static docs::Asset),
    /// `/dev/mail`, where mail is caught.
    CaughtMail(caught_mail::Page),
    /// `/`
    Root,
    /// `/health/live`
    Live,
    /// `/health/ready`
    Ready,
    /// `*`, the server as a whole (RFC 9110, section 9.3.7).
    Server,
}

impl Route<'_> {
    /// The model whose path it is.
    pub(crate) fn model(&self) -> Option<ModelId> {
        match self {
            Route::List(model) | Route::Item(model, _) => Some(*model),
            Route::Related(related) => Some(related.model),
            Route::Account(_)
            | Route::Page(_)
            | Route::Jwks
            | Route::OpenApi
            | Route::Docs(_)
            | Route::CaughtMail(_)
            | Route::Root
            | Route::Live
            | Route::Ready
            | Route::Server => None,
        }
    }
}

/// A relation of one row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Related<'a> {
    pub model: ModelId,
    pub key: Cow<'a, str>,
    pub field: FieldId,
    pub target: ModelId,
}

/// Parts of the longest path.
const SEGMENTS_MAX: usize = 7;

const LIST: &[Method] = &[Method::GET, Method::HEAD, Method::POST, Method::OPTIONS];
const ITEM: &[Method] =
    &[Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
const READ_ONLY: &[Method] = &[Method::GET, Method::HEAD, Method::OPTIONS];
const SERVER: &[Method] = &[Method::OPTIONS];

impl Site {
    pub(crate) fn new(schema: &Schema) -> Self {
        let version = format!("v{}", schema.version);
        let resources = schema
            .models
            .iter()
            .map(|model| Resource::new(schema, &format!("/api/{version}/{}", model.plural), model))
            .collect();
        let by_plural =
            schema.models.iter().map(|model| (model.plural.clone(), model.id)).collect();
        let fixed = Fixed {
            root: Rc::from("/"),
            openapi: Rc::from("/openapi.json"),
            docs: Rc::from("/docs"),
            mail: Rc::from("/dev/mail"),
            page: Rc::from("/auth/"),
            jwks: Rc::from("/.well-known/jwks.json"),
            live: Rc::from("/health/live"),
            ready: Rc::from("/health/ready"),
            server: Rc::from("*"),
        };
        let accounts = routes::Places::new(&routes::base(schema));
        Self { version, resources, by_plural, accounts, fixed, contract: OnceCell::new() }
    }

    /// The contract of `schema`, which this site is of, with its entity tag.
    pub(crate) fn contract(
        &self,
        schema: &Schema,
        limits: &Limits,
        public_url: Option<&Url>,
    ) -> &(Bytes, HeaderValue) {
        self.contract.get_or_init(|| {
            let text = openapi(schema, limits, public_url.map_or("", Url::as_str));
            let tag = etag::of_file(text.as_bytes());
            (Bytes::from(text), tag)
        })
    }

    /// Where `path` leads.
    ///
    /// # Errors
    /// `INVALID_PATH`, and `NOT_FOUND` for a path that is none of ours: the same for a model that
    /// does not exist as for anything else.
    pub(crate) fn route<'a>(&self, path: &'a str) -> Result<Route<'a>> {
        if path == "*" {
            return Ok(Route::Server);
        }
        let segments = path::split::<SEGMENTS_MAX>(path)?.ok_or_else(Error::not_found)?;
        let found = match *segments.as_slice() {
            ["api", version, ref rest @ ..] if version == self.version => self.rest(rest),
            [""] => Some(Route::Root),
            ["openapi.json"] => Some(Route::OpenApi),
            ["docs"] => docs::asset("").map(Route::Docs),
            ["docs", name] if !name.is_empty() => docs::asset(name).map(Route::Docs),
            ["dev", ref rest @ ..] => caught_mail::page(rest).map(Route::CaughtMail),
            ["auth", ref rest @ ..] => page::asset(rest).map(Route::Page),
            [".well-known", "jwks.json"] => Some(Route::Jwks),
            ["health", "live"] => Some(Route::Live),
            ["health", "ready"] => Some(Route::Ready),
            _ => None,
        };
        if segments.escapes_separators() && !found.as_ref().is_some_and(|it| self.has_text_key(it))
        {
            return Err(path::invalid());
        }
        found.ok_or_else(Error::not_found)
    }

    /// Whether the path names a row by a text, in which a slash is like any other character. All
    /// other parts of such a path matched byte by byte.
    fn has_text_key(&self, route: &Route<'_>) -> bool {
        match route {
            Route::Item(model, _) => self.resource(*model).has_text_key,
            Route::Related(related) => self.resource(related.model).has_text_key,
            Route::Account(at) => at.has_open_part(),
            Route::List(_)
            | Route::Page(_)
            | Route::Jwks
            | Route::OpenApi
            | Route::Docs(_)
            | Route::CaughtMail(_)
            | Route::Root
            | Route::Live
            | Route::Ready
            | Route::Server => false,
        }
    }

    fn rest<'a>(&self, segments: &[&'a str]) -> Option<Route<'a>> {
        let (plural, rest) = segments.split_first()?;
        if *plural == "auth" {
            return self.accounts.find(rest).map(Route::Account);
        }
        let model = *self.by_plural.get(*plural)?;
        match *rest {
            [] => Some(Route::List(model)),
            [key] if is_key(key) => Some(Route::Item(model, path::decode(key))),
            [key, name] if is_key(key) => {
                let relation = self.resource(model).relation(name)?;
                let (field, target) = (relation.field, relation.target);
                Some(Route::Related(Related { model, key: path::decode(key), field, target }))
            }
            _ => None,
        }
    }

    /// The path of every route, keys left open.
    #[cfg(test)]
    pub(crate) fn templates(&self) -> impl Iterator<Item = &str> {
        let fixed = &self.fixed;
        let fixed = [
            &fixed.root,
            &fixed.openapi,
            &fixed.docs,
            &fixed.live,
            &fixed.ready,
            &fixed.server,
            &fixed.page,
            &fixed.jwks,
        ];
        let of_models = self.resources.iter().flat_map(|resource| {
            let relations = resource.relations.iter().map(|relation| &relation.template);
            [&resource.list, &resource.item].into_iter().chain(relations)
        });
        let of_accounts = self.accounts.templates();
        fixed.into_iter().chain(of_models).chain(of_accounts).map(AsRef::as_ref)
    }

    pub(crate) fn resource(&self, model: ModelId) -> &Resource {
        &self.resources[usize::from(model.0)]
    }

    fn relation(&self, related: &Related<'_>) -> &Relation {
        let resource = self.resource(related.model);
        resource
            .relations
            .iter()
            .find(|relation| relation.field == related.field)
            .expect("invariant: a route names a relation of this site")
    }

    /// The methods a route has.
    pub(crate) fn methods(&self, route: &Route<'_>) -> &[Method] {
        match route {
            Route::List(_) => LIST,
            Route::Item(..) => ITEM,
            Route::Related(related) => self.relation(related).methods,
            Route::Account(at) => self.accounts.methods(at),
            Route::Server => SERVER,
            Route::OpenApi
            | Route::Docs(_)
            | Route::Page(_)
            | Route::Jwks
            | Route::CaughtMail(_)
            | Route::Root
            | Route::Live
            | Route::Ready => READ_ONLY,
        }
    }

    /// What `method`, which a place of accounts has, asks for there.
    pub(crate) fn operation(&self, at: &routes::At<'_>, method: &Method) -> &'static Operation {
        self.accounts.id(at, method).operation()
    }

    /// A route's path with its key left open, for the log.
    pub(crate) fn template(&self, route: &Route<'_>) -> Rc<str> {
        Rc::clone(match route {
            Route::List(model) => &self.resource(*model).list,
            Route::Item(model, _) => &self.resource(*model).item,
            Route::Related(related) => &self.relation(related).template,
            Route::Account(at) => self.accounts.template(at),
            Route::Page(_) => &self.fixed.page,
            Route::Jwks => &self.fixed.jwks,
            Route::OpenApi => &self.fixed.openapi,
            Route::Docs(_) => &self.fixed.docs,
            Route::CaughtMail(_) => &self.fixed.mail,
            Route::Root => &self.fixed.root,
            Route::Live => &self.fixed.live,
            Route::Ready => &self.fixed.ready,
            Route::Server => &self.fixed.server,
        })
    }
}

impl Resource {
    fn new(schema: &Schema, list: &str, model: &Model) -> Self {
        let relations = relations(schema, model)
            .map(|(field, target, methods)| {
                let name = schema.field(model.id, field).name.clone();
                let template = Rc::from(format!("{list}/{{id}}/{name}"));
                Relation { name, field, target, template, methods }
            })
            .collect();
        Self {
            name: Rc::from(model.name.as_str()),
            list: Rc::from(list),
            item: Rc::from(format!("{list}/{{id}}")),
            has_text_key: matches!(
                model.key_field().kind,
                FieldKind::Scalar(Scalar::Id(IdKind::String))
            ),
            relations,
        }
    }

    fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }
}

/// The relations of a model that have a path of their own: those that lead to many rows. Rows are
/// created under one only where creating them sets the relation, and clients may set it.
pub(crate) fn relations<'a>(
    schema: &'a Schema,
    model: &'a Model,
) -> impl Iterator<Item = (FieldId, ModelId, &'static [Method])> + 'a {
    model.fields.iter().filter(|field| !field.hidden).filter_map(|field| match &field.kind {
        FieldKind::ToMany(to_many) if !to_many.single => {
            let owner = schema.field(to_many.target, to_many.field);
            let set = !(field.readonly || owner.readonly || owner.hidden);
            Some((field.id, to_many.target, if set { LIST } else { READ_ONLY }))
        }
        FieldKind::ManyToMany(join) => Some((field.id, join.target, READ_ONLY)),
        FieldKind::ToMany(_)
        | FieldKind::ToOne(_)
        | FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_) => None,
    })
}

/// Whether a segment may be a key at all: no key is empty, and dots alone mean a place in a tree.
pub(crate) fn is_key(segment: &str) -> bool {
    !matches!(segment, "" | "." | ".." | "%2e" | "%2E" | "%2e%2e" | "%2E%2E" | ".%2e" | "%2e.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESK: &str = r#"
type User @model @access(read: "true") {
  name: String!
  opened: [Ticket!]! @relation(field: "opener")
  closed: [Ticket!]! @relation(field: "closer")
  tags: [Tag!]! @relation
}

type Ticket @model @access(read: "true", create: "true") {
  opener: User!
  closer: User @readonly
}

type Tag @model @access(read: "true", create: "true") {
  name: String!
}
"#;

    #[test]
    fn rows_are_created_under_relations_that_clients_set() {
        let schema = underpin_schema::parse(DESK, "desk.graphql").schema.expect("a schema");
        let user = schema.model(schema.by_name["User"]);
        let with_post = |(field, _, methods): (FieldId, ModelId, &[Method])| {
            (user.field(field).name.as_str(), methods.contains(&Method::POST))
        };
        let found: Vec<(&str, bool)> = relations(&schema, user).map(with_post).collect();
        assert_eq!(found, [("opened", true), ("closed", false), ("tags", false)]);
    }
}
