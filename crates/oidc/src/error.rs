//! What can go wrong with a login, by the operation that failed.

use underpin_egress::Error as EgressError;

/// What a failed login comes to, for whoever answers the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The user, or the provider on their behalf, said no. Nothing is wrong.
    Declined,
    /// What came back does not prove who logged in. Trying again from the start may help.
    Refused,
    /// The provider is down, or answers as none may. Trying later may help; the log says more.
    Unavailable,
}

/// Why a login did not come about. The texts are for the log.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// No randomness.
    #[error("the system gave no random bytes")]
    Random,
    /// The provider sent the browser back with an error of RFC 6749, section 4.1.2.1.
    #[error("the provider answered the request for a login with `{error}`")]
    Declined {
        /// The error's code, cut to its allowed characters.
        error: String,
    },
    /// What the browser brought back is not the answer to a request for a login.
    #[error("the callback {fault}")]
    Callback {
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The discovery document could not be had.
    #[error("could not read the provider's discovery document")]
    Discover(#[source] DocumentError),
    /// The provider's keys could not be had.
    #[error("could not read the provider's keys")]
    ReadKeys(#[source] DocumentError),
    /// The code could not be taken to the provider.
    #[error("could not redeem the code")]
    Redeem(#[source] DocumentError),
    /// The provider did not accept the code.
    #[error("the provider did not accept the code: `{error}`")]
    CodeRefused {
        /// The error's code, cut to its allowed characters.
        error: String,
    },
    /// The ID token does not prove who logged in.
    #[error("the ID token is not accepted")]
    IdToken(#[source] TokenFault),
    /// Who logged in could not be asked.
    #[error("could not read who logged in")]
    ReadProfile(#[source] DocumentError),
    /// The answer to who logged in names nobody.
    #[error("the provider's answer to who logged in has no usable subject")]
    NoSubject,
    /// The token that proves the application to Apple could not be signed.
    #[error("could not sign the client's token")]
    SignClientToken,
}

impl OidcError {
    /// What it comes to.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Declined { .. } => Failure::Declined,
            Self::Callback { .. }
            | Self::CodeRefused { .. }
            | Self::IdToken(_)
            | Self::NoSubject => Failure::Refused,
            Self::Random
            | Self::Discover(_)
            | Self::ReadKeys(_)
            | Self::Redeem(_)
            | Self::ReadProfile(_)
            | Self::SignClientToken => Failure::Unavailable,
        }
    }
}

/// Why a document of a provider could not be had.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// No answer.
    #[error("no answer")]
    Send(#[source] EgressError),
    /// Another status than 200.
    #[error("the answer has the status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// The answer has another form.
    #[error("the answer has another form")]
    Form(#[source] EgressError),
    /// It was asked a moment ago in vain, and is not asked again at once.
    #[error("it was asked in vain less than {seconds} s ago")]
    Paused {
        /// The pause between two requests.
        seconds: i64,
    },
    /// The runtime ended while it was asked for.
    #[error("the server stopped while it was asked for")]
    Interrupted,
    /// The document's issuer is not the configured one.
    #[error("the document names the issuer `{found}`")]
    Issuer {
        /// What it names.
        found: String,
    },
    /// A URL in the document is none that may be asked.
    #[error("`{member}` of the document is not a URL that may be asked")]
    Url {
        /// The member.
        member: &'static str,
    },
    /// No way to redeem codes that this application knows.
    #[error("the provider knows no way for clients to prove themselves that this application has")]
    ClientAuthentication,
    /// The provider does not know the application, or its secret.
    #[error("the provider does not accept the application: `{error}`")]
    ClientRefused {
        /// The error's code, cut to its allowed characters.
        error: String,
    },
}

/// What is wrong with an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// None came with the access token.
    #[error("there is none")]
    Missing,
    /// It is not a signed token.
    #[error("it is not a signed token")]
    Form,
    /// The algorithm is not one that the provider announces and this application accepts.
    #[error("its algorithm is not allowed")]
    Algorithm,
    /// Its head names keys of its own, or demands what is not understood.
    #[error("its head holds what must not be followed")]
    Head,
    /// The provider has no such key.
    #[error("its key is not one of the provider's")]
    UnknownKey,
    /// The signature is not of that key.
    #[error("its signature is wrong")]
    Signature,
    /// Of another issuer.
    #[error("its issuer is another")]
    Issuer,
    /// For another application.
    #[error("its audience is another")]
    Audience,
    /// Made for another application.
    #[error("its authorized party is another")]
    AuthorizedParty,
    /// Over.
    #[error("it has expired")]
    Expired,
    /// From the future.
    #[error("it is not valid yet")]
    NotYetValid,
    /// Of another login.
    #[error("its nonce is another")]
    Nonce,
    /// Of another access token.
    #[error("it belongs to another access token")]
    AccessToken,
    /// No subject, or one that cannot be kept.
    #[error("its subject is not usable")]
    Subject,
}
