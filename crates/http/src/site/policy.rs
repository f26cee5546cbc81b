//! Who may take each route: declared once, and held to before a handler sees the request.
//!
//! A kind of route that is added without a policy does not compile.

use hyper::Method;
use underpin_accounts::OperationId;
use underpin_schema::ModelId;

use super::{Route, Site};

/// Who may take a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Anybody, as often as they like: whoever watches the server.
    Probe,
    /// Anybody.
    Public,
    /// Whoever the table of operations says.
    Account(OperationId),
    /// Whoever the rules of the model let.
    Rules(ModelId, Operation),
}

/// What rules are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Read,
    Create,
    Update,
    Delete,
}

impl Site {
    /// Who may send `method`, which the route has, along it.
    pub(crate) fn policy(&self, route: &Route<'_>, method: &Method) -> Policy {
        match route {
            Route::List(model) | Route::Item(model, _) => {
                Policy::Rules(*model, operation_of(method))
            }
            Route::Related(related) => Policy::Rules(related.target, operation_of(method)),
            Route::Account(at) => Policy::Account(self.accounts.id(at, method)),
            Route::Live | Route::Ready => Policy::Probe,
            // Where mail is caught, everybody on the machine may read it.
            Route::CaughtMail(_)
            | Route::OpenApi
            | Route::Docs(_)
            | Route::Page(_)
            | Route::Jwks
            | Route::Root
            | Route::Server => Policy::Public,
        }
    }
}

fn operation_of(method: &Method) -> Operation {
    match *method {
        Method::POST => Operation::Create,
        Method::PUT | Method::PATCH => Operation::Update,
        Method::DELETE => Operation::Delete,
        _ => Operation::Read,
    }
}

#[cfg(test)]
mod tests {
    use underpin_accounts::{Access, OPERATIONS};

    use super::*;

    /// Every route of a small schema with its policy, as a table.
    fn ledger() -> Vec<String> {
        let schema = underpin_schema::parse(
            r#"
            type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
              email: Email! @unique
              notes: [Note!]! @relation(field: "author")
            }
            type Note @model @access(read: "true") { author: User! }
            "#,
            "schema.graphql",
        );
        let schema = schema.schema.unwrap();
        let site = Site::new(&schema);
        let mut lines = Vec::new();
        for template in site.templates() {
            let route = site.route(template).unwrap();
            for method in site.methods(&route).iter().filter(|method| **method != Method::OPTIONS) {
                let policy = match site.policy(&route, method) {
                    Policy::Probe => "probe".to_owned(),
                    Policy::Public => "public".to_owned(),
                    Policy::Account(id) => match id.operation().access {
                        Access::Public => "public".to_owned(),
                        Access::Known => "known".to_owned(),
                        Access::Session => "session".to_owned(),
                        Access::Permission(name) => format!("permission {name}"),
                    },
                    Policy::Rules(model, operation) => {
                        format!("rules {} {operation:?}", schema.model(model).name)
                    }
                };
                lines.push(format!("{method} {template}: {policy}"));
            }
        }
        lines
    }

    #[test]
    fn every_route_declares_who_may_take_it() {
        let ledger = ledger();
        for line in [
            "GET /health/live: probe",
            "GET /docs: public",
            "GET /auth/: public",
            "GET /.well-known/jwks.json: public",
            "GET /api/v1/users: rules User Read",
            "POST /api/v1/users: rules User Create",
            "PUT /api/v1/users/{id}: rules User Update",
            "DELETE /api/v1/notes/{id}: rules Note Delete",
            "POST /api/v1/users/{id}/notes: rules Note Create",
            "POST /api/v1/auth/login: public",
            "HEAD /api/v1/auth/me: known",
            "POST /api/v1/auth/keys: session",
            "GET /api/v1/auth/audit: permission audit:read",
        ] {
            assert!(ledger.iter().any(|found| found == line), "{line}\n{}", ledger.join("\n"));
        }
        let of_accounts = ledger.iter().filter(|line| line.contains("/auth/"));
        assert!(of_accounts.count() > OPERATIONS.len());
    }

    #[test]
    fn what_anybody_may_ask_of_accounts_is_known_by_name() {
        let public: Vec<&str> = OPERATIONS
            .iter()
            .filter(|operation| operation.access == Access::Public)
            .map(|operation| operation.name)
            .collect();
        let expected = [
            "register",
            "verifyEmail",
            "resendVerification",
            "login",
            "loginMfa",
            "requestMagicLink",
            "loginWithLink",
            "requestCode",
            "loginWithCode",
            "refresh",
            "forgotPassword",
            "resetPassword",
            "loginAnonymously",
            "startPasskeyLogin",
            "loginWithPasskey",
            "listProviders",
            "startOauth",
            "finishOauth",
            "exchangeOauth",
            "setup",
        ];
        assert_eq!(public, expected);
    }
}
