//! Where each operation stands: the one table of paths below `/api/v{n}/auth`.

use std::borrow::Cow;
use std::rc::Rc;

use hyper::Method;
use smallvec::SmallVec;
use underpin_accounts::{OperationId, Outcome};
use underpin_schema::Schema;

use crate::path;
use crate::site::is_key;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

// tidy: table
/// Method and path of every operation.
pub(crate) static ROUTES: &[(Method, &str, OperationId)] = &[
    (POST, "register", OperationId::Register),
    (POST, "verify-email", OperationId::VerifyEmail),
    (POST, "resend-verification", OperationId::ResendVerification),
    (POST, "login", OperationId::Login),
    (POST, "login/mfa", OperationId::LoginMfa),
    (POST, "magic-link", OperationId::RequestMagicLink),
    (POST, "login/link", OperationId::LoginLink),
    (POST, "code", OperationId::RequestCode),
    (POST, "login/code", OperationId::LoginCode),
    (POST, "refresh", OperationId::Refresh),
    (POST, "logout", OperationId::Logout),
    (GET, "me", OperationId::Me),
    (PATCH, "me", OperationId::UpdateMe),
    (DELETE, "me", OperationId::DeleteMe),
    (GET, "sessions", OperationId::ListSessions),
    (DELETE, "sessions", OperationId::EndOtherSessions),
    (DELETE, "sessions/{id}", OperationId::EndSession),
    (POST, "forgot-password", OperationId::ForgotPassword),
    (POST, "reset-password", OperationId::ResetPassword),
    (POST, "change-password", OperationId::ChangePassword),
    (POST, "change-email", OperationId::ChangeEmail),
    (POST, "anonymous", OperationId::Anonymous),
    (POST, "promote", OperationId::Promote),
    (POST, "totp", OperationId::StartTotp),
    (POST, "totp/confirm", OperationId::ConfirmTotp),
    (DELETE, "totp", OperationId::RemoveTotp),
    (POST, "recovery-codes", OperationId::RecoveryCodes),
    (POST, "passkeys/options", OperationId::PasskeyOptions),
    (POST, "passkeys", OperationId::AddPasskey),
    (GET, "passkeys", OperationId::ListPasskeys),
    (DELETE, "passkeys/{id}", OperationId::RemovePasskey),
    (POST, "login/passkey/options", OperationId::PasskeyLoginOptions),
    (POST, "login/passkey", OperationId::PasskeyLogin),
    (GET, "oauth", OperationId::ListProviders),
    (GET, "oauth/{provider}", OperationId::OauthStart),
    (GET, "oauth/{provider}/callback", OperationId::OauthCallback),
    (POST, "oauth/{provider}/callback", OperationId::OauthCallback),
    (POST, "oauth/exchange", OperationId::OauthExchange),
    (GET, "keys", OperationId::ListKeys),
    (POST, "keys", OperationId::CreateKey),
    (POST, "keys/{id}/rotate", OperationId::RotateKey),
    (DELETE, "keys/{id}", OperationId::RevokeKey),
    (GET, "roles", OperationId::ListRoles),
    (POST, "roles", OperationId::CreateRole),
    (PATCH, "roles/{name}", OperationId::UpdateRole),
    (DELETE, "roles/{name}", OperationId::DeleteRole),
    (GET, "users/{id}/roles", OperationId::UserRoles),
    (POST, "users/{id}/roles", OperationId::GrantRole),
    (DELETE, "users/{id}/roles/{role}", OperationId::TakeRole),
    (POST, "users/{id}/suspend", OperationId::SuspendUser),
    (POST, "users/{id}/reinstate", OperationId::ReinstateUser),
    (DELETE, "users/{id}/sessions", OperationId::EndUserSessions),
    (GET, "service-accounts", OperationId::ListServiceAccounts),
    (POST, "service-accounts", OperationId::CreateServiceAccount),
    (DELETE, "service-accounts/{id}", OperationId::DeleteServiceAccount),
    (POST, "service-accounts/{id}/keys", OperationId::CreateServiceKey),
    (GET, "audit", OperationId::ListAudit),
    (POST, "setup", OperationId::Setup),
];

/// Paths with what stands at each; those without parts left open come first, and count first.
pub(crate) struct Places(Vec<Place>);

struct Place {
    segments: Vec<&'static str>,
    template: Rc<str>,
    methods: Vec<Method>,
    operations: Vec<(Method, OperationId)>,
}

/// A path of accounts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct At<'a> {
    place: usize,
    /// The parts that the path leaves open, decoded, in their order.
    pub path: SmallVec<[Cow<'a, str>; 2]>,
}

impl At<'_> {
    /// Whether a part of the path is the text of a key or a name.
    pub(crate) fn has_open_part(&self) -> bool {
        !self.path.is_empty()
    }
}

impl Places {
    /// The places below `base`.
    pub(crate) fn new(base: &str) -> Self {
        let mut places: Vec<Place> = Vec::new();
        for (method, path, id) in ROUTES {
            let template = format!("{base}/{path}");
            let place = match places.iter_mut().find(|place| *place.template == *template) {
                Some(place) => place,
                None => {
                    places.push(Place::new(path, &template));
                    places.last_mut().expect("invariant: it was pushed")
                }
            };
            place.add(method, *id);
        }
        for place in &mut places {
            place.methods.push(Method::OPTIONS);
        }
        places.sort_by_key(|place| place.segments.iter().filter(|part| is_open(part)).count());
        Self(places)
    }

    /// The place that `segments` lead to.
    pub(crate) fn find<'a>(&self, segments: &[&'a str]) -> Option<At<'a>> {
        let place = self.0.iter().position(|place| place.is_at(segments))?;
        let parts = self.0[place].segments.iter().zip(segments);
        let path = parts.filter(|(part, _)| is_open(part)).map(|(_, text)| path::decode(text));
        Some(At { place, path: path.collect() })
    }

    #[cfg(test)]
    pub(crate) fn templates(&self) -> impl Iterator<Item = &Rc<str>> {
        self.0.iter().map(|place| &place.template)
    }

    pub(crate) fn methods(&self, at: &At<'_>) -> &[Method] {
        &self.0[at.place].methods
    }

    pub(crate) fn template(&self, at: &At<'_>) -> &Rc<str> {
        &self.0[at.place].template
    }

    /// The operation that `method`, which the place has, asks for.
    pub(crate) fn id(&self, at: &At<'_>, method: &Method) -> OperationId {
        let wanted = if *method == Method::HEAD { &Method::GET } else { method };
        let found = self.0[at.place].operations.iter().find(|(method, _)| method == wanted);
        found.map(|(_, id)| *id).expect("invariant: the place has the method")
    }
}

impl Place {
    fn new(path: &'static str, template: &str) -> Self {
        Self {
            segments: path.split('/').collect(),
            template: Rc::from(template),
            methods: Vec::new(),
            operations: Vec::new(),
        }
    }

    fn add(&mut self, method: &Method, id: OperationId) {
        self.methods.push(method.clone());
        // What looks at a link before it is followed must not begin or end a login.
        if *method == Method::GET && id.operation().outcome != Outcome::Redirect {
            self.methods.push(Method::HEAD);
        }
        self.operations.push((method.clone(), id));
    }

    fn is_at(&self, segments: &[&str]) -> bool {
        self.segments.len() == segments.len()
            && self.segments.iter().zip(segments).all(|(part, segment)| {
                if is_open(part) { is_key(segment) } else { part == segment }
            })
    }
}

fn is_open(part: &str) -> bool {
    part.starts_with('{')
}

/// Where the operations of `schema` stand.
pub(crate) fn base(schema: &Schema) -> String {
    format!("/api/v{}/auth", schema.version)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use underpin_accounts::OPERATIONS;

    use super::*;

    #[test]
    fn every_operation_has_one_route() {
        let mut seen = HashSet::new();
        for (method, path, id) in ROUTES {
            assert!(seen.insert((method, path)), "{method} {path} stands twice");
            let n_routes = ROUTES.iter().filter(|(_, _, other)| other == id).count();
            assert_eq!(n_routes, if *id == OperationId::OauthCallback { 2 } else { 1 });
        }
        for operation in OPERATIONS {
            let is_there = ROUTES.iter().any(|(_, _, id)| *id == operation.id);
            assert!(is_there, "{} has no route", operation.name);
        }
    }

    #[test]
    fn every_route_is_found_by_its_path() {
        let places = Places::new("/api/v1/auth");
        for (method, path, id) in ROUTES {
            let segments: Vec<&str> = path.split('/').collect();
            let at = places.find(&segments);
            // A part in braces is a text like any other.
            let at = at.unwrap_or_else(|| panic!("{path} is not found"));
            assert_eq!(**places.template(&at), format!("/api/v1/auth/{path}"));
            assert!(places.methods(&at).contains(method));
            assert_eq!(places.id(&at, method), *id);
            assert_eq!(at.path.len(), path.matches('{').count());
        }
    }

    #[test]
    fn a_fixed_path_comes_before_an_open_one() {
        let places = Places::new("/a");
        let operation = |segments: &[&str], method: &Method| {
            let at = places.find(segments)?;
            places.methods(&at).contains(method).then(|| places.id(&at, method))
        };
        assert_eq!(operation(&["oauth", "exchange"], &POST), Some(OperationId::OauthExchange));
        assert_eq!(operation(&["oauth", "exchange"], &GET), None);
        assert_eq!(operation(&["oauth", "google"], &GET), Some(OperationId::OauthStart));
        assert_eq!(operation(&["me"], &Method::HEAD), Some(OperationId::Me));
        for nothing in [&["Login"][..], &["login", ""], &[], &[""], &["sessions", ".."]] {
            assert!(places.find(nothing).is_none(), "{nothing:?}");
        }
    }

    #[test]
    fn what_leads_to_another_site_is_not_looked_at_beforehand() {
        let places = Places::new("/a");
        for path in [&["oauth", "google"][..], &["oauth", "google", "callback"]] {
            let at = places.find(path).unwrap();
            assert!(!places.methods(&at).contains(&Method::HEAD), "{path:?}");
        }
    }
}
