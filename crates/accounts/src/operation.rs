//! Everything that a client can ask of accounts, in one table: who may, how often, with what, and
//! what comes of it. Transports, the contract and the tests that crawl all routes are made from it.

/// Who may ask for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; what else was shown makes no difference.
    Public,
    /// Whoever is recognised, by a session or by a key.
    Known,
    /// A user with a session: no key acts for it, however wide its scopes are.
    Session,
    /// Whoever has the permission, by a session or by a key.
    Permission(&'static str),
}

/// By which limit an operation is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// As every request.
    Usual,
    /// The strict one for proving who one is: by address, and by the account that is named.
    Authentication,
}

/// One member of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: InputKind,
    /// Whether it must be sent.
    pub required: bool,
    /// What it is.
    pub doc: &'static str,
}

/// What a member of the body takes. Nothing is coerced: an object where a text is expected is an
/// error, as is any member that the operation does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// A text of so many bytes at most, not empty.
    Text(usize),
    /// An e-mail address.
    Email,
    /// A password, as it is: 1 to 1,024 bytes.
    Password,
    /// A boolean.
    Boolean,
    /// A list of texts: so many at most.
    Texts(usize),
    /// A time, or null.
    Time,
    /// A JSON object, such as WebAuthn's.
    Object,
    /// Not a member of its own: all other members, which are fields of the account model.
    AccountFields,
}

/// What a success is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 202: whatever has to happen will, and nothing is told of it.
    Accepted,
    /// 204.
    Nothing,
    /// 200 with a new session.
    Session,
    /// 201 with a new session, or 202.
    Registered,
    /// 200 with `data`, whose shape the text says.
    Data(&'static str),
    /// 201 with `data`.
    Created(&'static str),
    /// A redirect to another site, or back from one.
    Redirect,
}

/// An operation.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Which.
    pub id: OperationId,
    /// Its name in the contract: `operationId`.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub doc: &'static str,
    /// Who may.
    pub access: Access,
    /// How often.
    pub throttle: Throttle,
    /// The body.
    pub inputs: &'static [Input],
    /// What a success is.
    pub outcome: Outcome,
}

impl OperationId {
    /// The operation.
    #[must_use]
    pub fn operation(self) -> &'static Operation {
        OPERATIONS
            .iter()
            .find(|operation| operation.id == self)
            .expect("invariant: the table has every operation")
    }
}

const fn required(name: &'static str, kind: InputKind, doc: &'static str) -> Input {
    Input { name, kind, required: true, doc }
}

const fn optional(name: &'static str, kind: InputKind, doc: &'static str) -> Input {
    Input { name, kind, required: false, doc }
}

const EMAIL: Input = required("email", InputKind::Email, "The address of the account.");
const PASSWORD: Input = required("password", InputKind::Password, "The password.");
const TOKEN: Input = required("token", InputKind::Text(200), "What the link of the mail holds.");
const CHALLENGE: Input =
    required("challenge", InputKind::Text(200), "What the answer before gave to go on with.");
const CODE: Input = required("code", InputKind::Text(20), "The code, as it was shown.");
const COOKIES: Input = optional(
    "cookies",
    InputKind::Boolean,
    "Whether the tokens are kept in cookies, for browsers, and not told.",
);
const CLIENT: Input = optional(
    "client",
    InputKind::Text(100),
    "What the client calls itself; its refresh token is good for no other.",
);
const PROOF: Input = optional(
    "currentPassword",
    InputKind::Password,
    "The password, of an account that has one; else who asks must have logged in within 15 minutes.",
);
const ASSERTION: Input =
    required("credential", InputKind::Object, "What `navigator.credentials` answered, as JSON.");
const NAME: Input = optional("name", InputKind::Text(100), "What to call it.");
const FIELDS: Input = optional("", InputKind::AccountFields, "Fields of the account model.");
const ROLE_NAME: Input = required("name", InputKind::Text(100), "The name of the role.");
const PERMISSIONS: InputKind = InputKind::Texts(1_000);

macro_rules! operations {
    ($($(#[doc = $doc:literal])+ $id:ident = $name:literal, $access:expr, $throttle:ident, [$($input:expr),* $(,)?] => $outcome:expr;)+) => {
        /// Names an operation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum OperationId {
            $($(#[doc = $doc])+ $id,)+
        }

        /// Every operation.
        pub static OPERATIONS: &[Operation] = &[$(Operation {
            id: OperationId::$id,
            name: $name,
            doc: concat!($($doc,)+),
            access: $access,
            throttle: Throttle::$throttle,
            inputs: &[$($input,)*],
            outcome: $outcome,
        },)+];
    };
}

// tidy: table
operations! {
    /// Makes an account. Whether the address has one already is told by mail alone.
    Register = "register", Access::Public, Authentication,
        [EMAIL, PASSWORD, COOKIES, CLIENT, FIELDS] => Outcome::Registered;
    /// Proves an e-mail address by the link that was sent to it, and logs in.
    VerifyEmail = "verifyEmail", Access::Public, Authentication, [TOKEN, COOKIES, CLIENT] => Outcome::Session;
    /// Sends the link that proves an address once more.
    ResendVerification = "resendVerification", Access::Public, Authentication, [EMAIL] => Outcome::Accepted;
    /// Logs in with a password. An account with a second factor gets 401 `MFA_REQUIRED` and a challenge.
    Login = "login", Access::Public, Authentication, [EMAIL, PASSWORD, COOKIES, CLIENT] => Outcome::Session;
    /// Answers the challenge of a login: by a code, a recovery code or a passkey.
    LoginMfa = "loginMfa", Access::Public, Authentication, [
        CHALLENGE,
        optional("code", InputKind::Text(20), "The code of the authenticator."),
        optional("recoveryCode", InputKind::Text(40), "One of the recovery codes; each works once."),
        optional("credential", InputKind::Object, "What `navigator.credentials.get` answered, as JSON."),
        COOKIES, CLIENT,
    ] => Outcome::Session;
    /// Sends a link that logs in.
    RequestMagicLink = "requestMagicLink", Access::Public, Authentication, [EMAIL] => Outcome::Accepted;
    /// Logs in by the link that was sent.
    LoginLink = "loginWithLink", Access::Public, Authentication, [TOKEN, COOKIES, CLIENT] => Outcome::Session;
    /// Sends a code that logs in.
    RequestCode = "requestCode", Access::Public, Authentication, [EMAIL] => Outcome::Accepted;
    /// Logs in by the code that was sent.
    LoginCode = "loginWithCode", Access::Public, Authentication, [EMAIL, CODE, COOKIES, CLIENT] => Outcome::Session;
    /// Trades a refresh token for new tokens. Each is good for one use; a second use ends the session.
    Refresh = "refresh", Access::Public, Authentication, [
        optional("refreshToken", InputKind::Text(200), "The refresh token; a browser's stands in its cookie."),
        CLIENT,
    ] => Outcome::Session;
    /// Ends the session that asks.
    Logout = "logout", Access::Session, Usual, [] => Outcome::Nothing;
    /// The account that asks: its row as it may see it, its roles and what they permit.
    Me = "getMe", Access::Known, Usual, [] => Outcome::Data("me");
    /// Changes the row of the account that asks, as the rules of its model allow.
    UpdateMe = "updateMe", Access::Session, Usual, [FIELDS] => Outcome::Data("row");
    /// Deletes the account that asks, and its row.
    DeleteMe = "deleteMe", Access::Session, Authentication, [PROOF] => Outcome::Nothing;
    /// The devices on which the account that asks is logged in.
    ListSessions = "listSessions", Access::Session, Usual, [] => Outcome::Data("sessions");
    /// Ends one of the sessions of the account that asks.
    EndSession = "endSession", Access::Session, Usual, [] => Outcome::Nothing;
    /// Ends all sessions of the account that asks but this one.
    EndOtherSessions = "endOtherSessions", Access::Session, Usual, [] => Outcome::Nothing;
    /// Sends a link to set a new password with.
    ForgotPassword = "forgotPassword", Access::Public, Authentication, [EMAIL] => Outcome::Accepted;
    /// Sets a new password by the link that was sent, and ends all sessions.
    ResetPassword = "resetPassword", Access::Public, Authentication, [TOKEN, PASSWORD] => Outcome::Nothing;
    /// Sets a new password, and ends all other sessions.
    ChangePassword = "changePassword", Access::Session, Authentication, [
        PROOF,
        required("newPassword", InputKind::Password, "The new password."),
    ] => Outcome::Nothing;
    /// Sends a link to a new address, which takes effect once that is proved; all other sessions end then.
    ChangeEmail = "changeEmail", Access::Session, Authentication, [EMAIL, PROOF] => Outcome::Accepted;
    /// Makes an account that has proved nothing, to be promoted later.
    Anonymous = "loginAnonymously", Access::Public, Authentication, [COOKIES, CLIENT, FIELDS] => Outcome::Session;
    /// Gives an anonymous account an address and a password.
    Promote = "promote", Access::Session, Authentication, [EMAIL, PASSWORD] => Outcome::Accepted;
    /// Makes the secret of an authenticator app; it counts once a code of it was confirmed.
    StartTotp = "startTotp", Access::Session, Authentication, [PROOF] => Outcome::Created("totp");
    /// Confirms an authenticator app by a code of it. The recovery codes are shown this once.
    ConfirmTotp = "confirmTotp", Access::Session, Authentication, [CODE] => Outcome::Data("recoveryCodes");
    /// Removes the authenticator app and the recovery codes.
    RemoveTotp = "removeTotp", Access::Session, Authentication, [PROOF] => Outcome::Nothing;
    /// Makes new recovery codes in the place of all former ones.
    RecoveryCodes = "makeRecoveryCodes", Access::Session, Authentication, [PROOF] => Outcome::Created("recoveryCodes");
    /// What a browser needs to make a passkey.
    PasskeyOptions = "startPasskey", Access::Session, Authentication, [PROOF] => Outcome::Data("passkeyOptions");
    /// Adds the passkey that a browser made.
    AddPasskey = "addPasskey", Access::Session, Authentication, [CHALLENGE, ASSERTION, NAME] => Outcome::Created("passkey");
    /// The passkeys of the account that asks.
    ListPasskeys = "listPasskeys", Access::Session, Usual, [] => Outcome::Data("passkeys");
    /// Removes a passkey.
    RemovePasskey = "removePasskey", Access::Session, Authentication, [PROOF] => Outcome::Nothing;
    /// What a browser needs to log in with a passkey.
    PasskeyLoginOptions = "startPasskeyLogin", Access::Public, Authentication, [
        optional("challenge", InputKind::Text(200), "The challenge of a login that wants a second factor, to be answered with a passkey."),
    ] => Outcome::Data("passkeyOptions");
    /// Logs in with a passkey.
    PasskeyLogin = "loginWithPasskey", Access::Public, Authentication, [CHALLENGE, ASSERTION, COOKIES, CLIENT] => Outcome::Session;
    /// The providers that one can log in with.
    ListProviders = "listProviders", Access::Public, Usual, [] => Outcome::Data("providers");
    /// Goes to a provider to log in there.
    OauthStart = "startOauth", Access::Public, Authentication, [] => Outcome::Redirect;
    /// Comes back from a provider.
    OauthCallback = "finishOauth", Access::Public, Authentication, [] => Outcome::Redirect;
    /// Trades what a provider's redirect brought for a session.
    OauthExchange = "exchangeOauth", Access::Public, Authentication, [TOKEN, COOKIES, CLIENT] => Outcome::Session;
    /// The API keys of the account that asks, without their secrets.
    ListKeys = "listKeys", Access::Session, Usual, [] => Outcome::Data("keys");
    /// Makes an API key of the account that asks; its secret is shown this once.
    CreateKey = "createKey", Access::Session, Authentication, [
        required("name", InputKind::Text(100), "What the key is for."),
        optional("scopes", PERMISSIONS, "What the key is narrowed to, such as `products:read`; without, it may all that its owner may."),
        optional("expiresAt", InputKind::Time, "When it stops working."),
        PROOF,
    ] => Outcome::Created("key");
    /// Makes a key in the place of another, which goes on working for a while.
    RotateKey = "rotateKey", Access::Session, Authentication, [
        optional("overlapSeconds", InputKind::Text(10), "How long the old key goes on working: 0 to 604800, a day without."),
        PROOF,
    ] => Outcome::Created("key");
    /// Ends an API key.
    RevokeKey = "revokeKey", Access::Session, Usual, [] => Outcome::Nothing;
    /// The roles, with what they permit.
    ListRoles = "listRoles", Access::Permission("roles:read"), Usual, [] => Outcome::Data("roles");
    /// Makes a role. Nobody gives a permission that they lack.
    CreateRole = "createRole", Access::Permission("roles:create"), Usual, [
        ROLE_NAME,
        optional("description", InputKind::Text(500), "What it is for."),
        required("permissions", PERMISSIONS, "What it permits, such as `products:update`."),
    ] => Outcome::Created("role");
    /// Changes a role.
    UpdateRole = "updateRole", Access::Permission("roles:update"), Usual, [
        optional("description", InputKind::Text(500), "What it is for."),
        optional("permissions", PERMISSIONS, "All that it permits from here on."),
    ] => Outcome::Data("role");
    /// Deletes a role that no schema declares.
    DeleteRole = "deleteRole", Access::Permission("roles:delete"), Usual, [] => Outcome::Nothing;
    /// The roles of a user.
    UserRoles = "listUserRoles", Access::Permission("roles:read"), Usual, [] => Outcome::Data("userRoles");
    /// Gives a user a role.
    GrantRole = "grantRole", Access::Permission("roles:grant"), Usual,
        [required("role", InputKind::Text(100), "The name of the role.")] => Outcome::Data("userRoles");
    /// Takes a role from a user.
    TakeRole = "takeRole", Access::Permission("roles:grant"), Usual, [] => Outcome::Nothing;
    /// Ends all sessions and keys of a user until it is reinstated.
    SuspendUser = "suspendUser", Access::Permission("accounts:suspend"), Usual, [] => Outcome::Nothing;
    /// Lets a suspended user log in again.
    ReinstateUser = "reinstateUser", Access::Permission("accounts:suspend"), Usual, [] => Outcome::Nothing;
    /// Ends all sessions of a user.
    EndUserSessions = "endUserSessions", Access::Permission("accounts:suspend"), Usual, [] => Outcome::Nothing;
    /// The service accounts, with their roles.
    ListServiceAccounts = "listServiceAccounts", Access::Permission("serviceAccounts:read"), Usual, [] => Outcome::Data("serviceAccounts");
    /// Makes a service account: for programs, which use keys of it.
    CreateServiceAccount = "createServiceAccount", Access::Permission("serviceAccounts:create"), Usual, [
        required("name", InputKind::Text(100), "What it is called."),
        required("roles", InputKind::Texts(100), "Its roles."),
    ] => Outcome::Created("serviceAccount");
    /// Deletes a service account with its keys.
    DeleteServiceAccount = "deleteServiceAccount", Access::Permission("serviceAccounts:delete"), Usual, [] => Outcome::Nothing;
    /// Makes a key of a service account; its secret is shown this once.
    CreateServiceKey = "createServiceKey", Access::Permission("serviceAccounts:create"), Usual, [
        required("name", InputKind::Text(100), "What the key is for."),
        optional("scopes", PERMISSIONS, "What the key is narrowed to."),
        optional("expiresAt", InputKind::Time, "When it stops working."),
    ] => Outcome::Created("key");
    /// What happened to accounts, newest first.
    ListAudit = "listAudit", Access::Permission("audit:read"), Usual, [] => Outcome::Data("audit");
    /// Makes the first administrator, by the link that the terminal showed.
    Setup = "setup", Access::Public, Authentication, [TOKEN, EMAIL, PASSWORD, COOKIES, CLIENT, FIELDS] => Outcome::Session;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_operation_stands_once_and_is_found() {
        let mut names = HashSet::new();
        for operation in OPERATIONS {
            assert!(names.insert(operation.name), "{}", operation.name);
            assert_eq!(operation.id.operation().name, operation.name);
            assert!(operation.doc.trim().ends_with('.'), "{}", operation.name);
        }
    }

    #[test]
    fn whatever_proves_who_somebody_is_has_the_strict_limit() {
        for operation in OPERATIONS {
            let proves = matches!(operation.outcome, Outcome::Session | Outcome::Registered)
                || operation.inputs.iter().any(|input| input.kind == InputKind::Password);
            assert!(
                !proves || operation.throttle == Throttle::Authentication,
                "{}",
                operation.name
            );
        }
    }

    #[test]
    fn inputs_of_an_operation_have_names_of_their_own() {
        for operation in OPERATIONS {
            let names: HashSet<&str> = operation.inputs.iter().map(|input| input.name).collect();
            assert_eq!(names.len(), operation.inputs.len(), "{}", operation.name);
        }
    }
}
