//! The one table of error codes: wire name, HTTP status, class, whether a retry may help.
//!
//! The enum, the names on the wire and the reference page are all made from this table. A code
//! once published keeps its meaning; a retired one goes to [`RETIRED_CODES`] and is never reused.

/// The stage a code belongs to, and with it who can mend the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeClass {
    /// The request is malformed or invalid; the client must change it.
    Request,
    /// The caller did not prove who it is.
    Authentication,
    /// The caller may not do this, or the thing is not there for it.
    Authorization,
    /// The request contradicts what is stored.
    Conflict,
    /// The server cannot answer at present, or not this caller.
    Availability,
    /// A defect of the server.
    Internal,
}

/// Whether sending the same request again may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Not without changing the request.
    No,
    /// Later, as `Retry-After` says.
    Later,
}

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal, $status:literal, $class:ident, $retry:ident;)+) => {
        /// What went wrong, as a name a client can rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The HTTP status that carries this code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// The stage the code belongs to.
            #[must_use]
            pub const fn class(self) -> CodeClass {
                match self { $(Self::$variant => CodeClass::$class,)+ }
            }

            /// Whether the same request may succeed later.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry,)+ }
            }

            /// One sentence for the reference page.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)+),)+ }
            }
        }
    };
}

// tidy: table
error_codes! {
    /// The request's head is not valid HTTP.
    MalformedRequest, "MALFORMED_REQUEST", 400, Request, No;
    /// The path is not a valid URL path.
    InvalidPath, "INVALID_PATH", 400, Request, No;
    /// The body is not one well-formed JSON document; `details.offset` is the byte it broke at.
    InvalidJson, "INVALID_JSON", 400, Request, No;
    /// The body nests deeper than is allowed.
    TooDeep, "TOO_DEEP", 400, Request, No;
    /// One or more fields are invalid; `details.fields` names every one of them.
    ValidationError, "VALIDATION_ERROR", 400, Request, No;
    /// A query parameter is unknown, stands twice, or has a value it cannot have.
    InvalidParameter, "INVALID_PARAMETER", 400, Request, No;
    /// A query parameter or an operator does not exist.
    UnknownParameter, "UNKNOWN_PARAMETER", 400, Request, No;
    /// A filter, a sort, `fields` or `include` names a field that does not exist for the caller.
    UnknownField, "UNKNOWN_FIELD", 400, Request, No;
    /// `filter` is not a valid expression; `details.offset` is the character it broke at.
    InvalidFilter, "INVALID_FILTER", 400, Request, No;
    /// The query has more conditions, values or relations than are allowed, or its answer would
    /// have more bytes.
    QueryTooComplex, "QUERY_TOO_COMPLEX", 400, Request, No;
    /// The cursor is not one this server gave for this query.
    InvalidCursor, "INVALID_CURSOR", 400, Request, No;
    /// The link, code or challenge is not in force: unknown, used, expired, or tried too often.
    InvalidToken, "INVALID_TOKEN", 400, Request, No;
    /// A header has a value it cannot have.
    InvalidHeader, "INVALID_HEADER", 400, Request, No;
    /// The credentials are missing, malformed, expired or revoked.
    Unauthenticated, "UNAUTHENTICATED", 401, Authentication, No;
    /// The e-mail and the password are not those of an account, or the code is wrong.
    InvalidCredentials, "INVALID_CREDENTIALS", 401, Authentication, No;
    /// The account has a second factor; `details.challenge` is to be answered by one of
    /// `details.methods`.
    MfaRequired, "MFA_REQUIRED", 401, Authentication, No;
    /// The password is right, but the address of the account is not confirmed yet.
    EmailUnverified, "EMAIL_UNVERIFIED", 401, Authentication, No;
    /// Who asks must prove anew who they are, by the password or by logging in again.
    ReauthenticationRequired, "REAUTHENTICATION_REQUIRED", 401, Authentication, No;
    /// A request with cookies comes from another site, or lacks the token that proves it does not.
    CsrfFailed, "CSRF_FAILED", 403, Authorization, No;
    /// The caller may not do this.
    Forbidden, "FORBIDDEN", 403, Authorization, No;
    /// There is no such thing, or none that the caller may see.
    NotFound, "NOT_FOUND", 404, Authorization, No;
    /// The path exists, but not with this method; `Allow` lists those it has.
    MethodNotAllowed, "METHOD_NOT_ALLOWED", 405, Request, No;
    /// None of the media types the client accepts can be produced.
    NotAcceptable, "NOT_ACCEPTABLE", 406, Request, No;
    /// The request did not arrive in time.
    RequestTimeout, "REQUEST_TIMEOUT", 408, Request, Later;
    /// Another row has the same value in a unique field.
    UniqueConflict, "UNIQUE_CONFLICT", 409, Conflict, No;
    /// A reference names a row that does not exist, or a row is still referred to.
    ReferenceConflict, "REFERENCE_CONFLICT", 409, Conflict, No;
    /// Nobody who may do everything would remain.
    LastAdministrator, "LAST_ADMINISTRATOR", 409, Conflict, No;
    /// There are as many of these as there may be.
    LimitReached, "LIMIT_REACHED", 409, Conflict, No;
    /// The row has changed since the version that `If-Match` names.
    VersionMismatch, "VERSION_MISMATCH", 412, Conflict, No;
    /// The body has more bytes than are allowed.
    BodyTooLarge, "BODY_TOO_LARGE", 413, Request, No;
    /// An array has more items than are allowed.
    TooManyItems, "TOO_MANY_ITEMS", 413, Request, No;
    /// The URL has more bytes than are allowed.
    UriTooLong, "URI_TOO_LONG", 414, Request, No;
    /// The body's media type or encoding is not one the path takes.
    UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", 415, Request, No;
    /// The request names a host this server does not answer for.
    MisdirectedRequest, "MISDIRECTED_REQUEST", 421, Request, No;
    /// The model requires `If-Match` on writes.
    PreconditionRequired, "PRECONDITION_REQUIRED", 428, Request, No;
    /// The caller has sent more requests than its tier allows; `Retry-After` says when there is
    /// room for the next.
    RateLimited, "RATE_LIMITED", 429, Availability, Later;
    /// The request's head has more bytes or lines than are allowed.
    HeadTooLarge, "HEAD_TOO_LARGE", 431, Request, No;
    /// A defect of the server; the log has the cause under the request's id.
    Internal, "INTERNAL", 500, Internal, No;
    /// The server has more work queued than it can do in time.
    Overloaded, "OVERLOADED", 503, Availability, Later;
    /// The database statement ran longer than is allowed and was stopped.
    QueryTimeout, "QUERY_TIMEOUT", 503, Availability, Later;
    /// The storage cannot be read or written at present.
    StorageUnavailable, "STORAGE_UNAVAILABLE", 503, Availability, Later;
    /// The server is stopping.
    ShuttingDown, "SHUTTING_DOWN", 503, Availability, Later;
}

/// Wire names that were published once and must not return with another meaning.
pub const RETIRED_CODES: &[&str] = &[];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_upper_snake_case_and_not_retired() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            let name = code.name();
            assert!(seen.insert(name), "{name} stands twice");
            assert!(name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{name}");
            assert!(!RETIRED_CODES.contains(&name), "{name} is retired");
        }
    }

    #[test]
    fn only_what_time_mends_asks_for_a_retry() {
        for code in Code::ALL {
            let may_retry = matches!(code.status(), 408 | 429 | 503);
            assert_eq!(code.retry() == Retry::Later, may_retry, "{}", code.name());
        }
    }
}
