//! Logging in by a provider: where the browser may go, which browser it is, and whose account it
//! comes to.

use serde_json::json;
use underpin_accounts::{
    Answer, Grant, OauthFault, OperationId as Id, Options, Registration, Verification,
};
use underpin_base::{Code, Error, Result};

use crate::provider::{FakeProvider, Person};
use crate::site::{SCHEMA, Sent, Site, at_once, granted};

const ADA: &str = "ada@example.com";
const PAGE: &str = "https://app.example.com/done?then=%2Fcart";

const VERIFIED: Person<'_> =
    Person { subject: "ada-at-b", email: Some("Ada@Example.com"), verified: true, name: None };
const CLAIMED: Person<'_> =
    Person { subject: "eve-at-a", email: Some(ADA), verified: false, name: None };

struct Stage {
    site: Site,
    a: FakeProvider,
    b: FakeProvider,
}

/// A flow that a browser is in.
#[derive(Clone)]
struct Flow {
    provider: &'static str,
    cookie: String,
    query: Vec<(String, String)>,
}

impl Stage {
    async fn new() -> Self {
        Self::with(SCHEMA, |_| ()).await
    }

    async fn with(schema: &str, change: impl FnOnce(&mut Options)) -> Self {
        let (a, b) = (FakeProvider::start("a").await, FakeProvider::start("b").await);
        let site = Site::with(schema, |options| {
            options.providers = vec![a.config(), b.config()];
            options.settings.allowed_redirects = vec!["https://app.example.com".to_owned()];
            change(options);
        })
        .await;
        Self { site, a, b }
    }

    /// Begins a flow in a browser of its own, and lets somebody log in at the provider.
    async fn begin(&self, provider: &'static str, person: Person<'_>) -> Flow {
        let sent = Sent { path: &[provider], query: &[("redirect", PAGE)], ..Sent::default() };
        let answer = self.site.call(Id::OauthStart, sent, json!(null)).await.unwrap();
        let Answer::Redirect { location, flow_cookie } = answer else { panic!("{answer:?}") };
        let at = if provider == "a" { &self.a } else { &self.b };
        let query = at.log_in(&location, person);
        Flow { provider, cookie: flow_cookie.unwrap().expose().clone(), query }
    }

    async fn come_back(&self, flow: &Flow) -> Result<String> {
        come_back(&self.site, flow).await
    }

    /// Where the browser is led after somebody logged in: the fragment.
    async fn fragment(&self, provider: &'static str, person: Person<'_>) -> String {
        let flow = self.begin(provider, person).await;
        self.come_back(&flow).await.unwrap()
    }

    async fn exchange(&self, fragment: &str) -> Result<Grant> {
        let token = fragment.strip_prefix("token=").unwrap_or_else(|| panic!("{fragment}"));
        let body = json!({ "token": token });
        self.site.call(Id::OauthExchange, Sent::default(), body).await.map(granted)
    }

    async fn log_in(&self, provider: &'static str, person: Person<'_>) -> Grant {
        let fragment = self.fragment(provider, person).await;
        self.exchange(&fragment).await.unwrap()
    }

    async fn user(&self, grant: &Grant) -> serde_json::Value {
        self.site.data(Id::Me, Sent::by(grant), json!(null)).await
    }
}

async fn come_back(site: &Site, flow: &Flow) -> Result<String> {
    let query: Vec<(&str, &str)> =
        flow.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = Sent {
        path: &[flow.provider],
        query: &query,
        flow_cookie: Some(&flow.cookie),
        ..Sent::default()
    };
    match site.call(Id::OauthCallback, sent, json!(null)).await? {
        Answer::Redirect { location, flow_cookie } => {
            assert_eq!(flow_cookie.unwrap().expose(), "");
            let (page, fragment) = location.split_once('#').unwrap();
            assert_eq!(page, PAGE);
            Ok(fragment.to_owned())
        }
        other => Err(Error::internal(format!("{other:?}"))),
    }
}

fn error(fault: OauthFault) -> String {
    format!("error={}", fault.name())
}

#[tokio::test]
async fn somebody_new_gets_an_account_and_the_same_one_ever_after() {
    let stage = Stage::new().await;
    let list = stage.site.data(Id::ListProviders, Sent::default(), json!(null)).await;
    assert_eq!(list, json!([{ "name": "a" }, { "name": "b" }]));
    let first = stage.user(&stage.log_in("b", VERIFIED).await).await;
    assert_eq!((&first["user"]["email"], &first["verified"]), (&json!(ADA), &json!(true)));
    // Issuer and subject name a person, whatever the address is by now.
    let moved = Person { email: Some("else@example.com"), ..VERIFIED };
    let again = stage.user(&stage.log_in("b", moved).await).await;
    assert_eq!(first["user"]["id"], again["user"]["id"]);
}

#[tokio::test]
async fn an_address_that_only_the_provider_claims_links_nothing() {
    let stage = Stage::new().await;
    let grant = stage.site.register(ADA).await;
    assert_eq!(stage.fragment("a", CLAIMED).await, error(OauthFault::EmailTaken));
    stage.user(&grant).await;

    let strict = Stage::with(SCHEMA, |options| {
        options.settings.verification = Verification::Required;
    })
    .await;
    assert_eq!(strict.fragment("a", CLAIMED).await, error(OauthFault::EmailUnverified));
    let nobody = Person { email: None, ..CLAIMED };
    assert_eq!(strict.fragment("a", nobody).await, error(OauthFault::NoEmail));
    let odd = Person { email: Some("ädä@example.com"), verified: true, ..CLAIMED };
    assert_eq!(strict.fragment("a", odd).await, error(OauthFault::NoEmail));
}

#[tokio::test]
async fn an_account_made_in_wait_by_another_provider_is_its_owners_alone_once_they_come() {
    let stage = Stage::new().await;
    let eve = stage.log_in("a", CLAIMED).await;
    let made = stage.user(&eve).await;
    assert_eq!((&made["user"]["email"], &made["verified"]), (&json!(ADA), &json!(false)));
    let ada = stage.log_in("b", VERIFIED).await;
    let owned = stage.user(&ada).await;
    assert_eq!((&owned["user"]["id"], &owned["verified"]), (&made["user"]["id"], &json!(true)));
    let code = stage.site.refusal(Id::Me, Sent::by(&eve), json!(null)).await;
    assert_eq!(code, Code::Unauthenticated);
    assert_eq!(stage.fragment("a", CLAIMED).await, error(OauthFault::EmailTaken));
}

#[tokio::test]
async fn an_account_made_in_wait_with_a_password_and_factors_is_purged_of_them() {
    let stage = Stage::new().await;
    let eve = stage.site.register(ADA).await;
    stage.site.add_app(&eve).await;
    stage.site.add_passkey(&eve, 7).await;
    let challenge = stage.site.challenge(ADA).await;
    let ada = stage.log_in("b", VERIFIED).await;
    assert_eq!(stage.user(&ada).await["verified"], true);
    assert_eq!(stage.site.login(ADA).await.unwrap_err().code(), Code::InvalidCredentials);
    let code = stage.site.refusal(Id::Me, Sent::by(&eve), json!(null)).await;
    assert_eq!(code, Code::Unauthenticated);
    let answer = json!({ "challenge": challenge, "code": "123456" });
    assert_eq!(stage.site.answer(answer).await.unwrap_err().code(), Code::InvalidToken);
    let passkeys = stage.site.data(Id::ListPasskeys, Sent::by(&ada), json!(null)).await;
    assert_eq!(passkeys, json!([]));
}

#[tokio::test]
async fn a_proved_address_links_and_what_was_there_stays() {
    let stage = Stage::new().await;
    let first = stage.log_in("b", VERIFIED).await;
    let at_a = Person { subject: "ada-at-a", ..VERIFIED };
    let second = stage.log_in("a", at_a).await;
    let ids = [stage.user(&first).await, stage.user(&second).await];
    assert_eq!(ids[0]["user"]["id"], ids[1]["user"]["id"]);
    assert_eq!(stage.site.mails("identity-linked").await, 1);
    let linked = ("identity.linked".to_owned(), "success".to_owned());
    assert_eq!(stage.site.audit().await.iter().filter(|row| **row == linked).count(), 2);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_after_a_provider_too() {
    let stage = Stage::new().await;
    let grant = stage.log_in("b", VERIFIED).await;
    // There is no password: who has just logged in may.
    let (secret, _) = stage.site.add_app(&grant).await;
    let fragment = stage.fragment("b", VERIFIED).await;
    let wanted = stage.exchange(&fragment).await.unwrap_err();
    let challenge = crate::site::challenge_of(&wanted);
    let code = secret.code_at(stage.site.clock.now()).expose().clone();
    stage.site.answer(json!({ "challenge": challenge, "code": code })).await.unwrap();
    assert_eq!(stage.exchange(&fragment).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test]
async fn a_callback_belongs_to_the_browser_the_provider_and_the_state_it_began_with() {
    let stage = Stage::new().await;
    let flow = stage.begin("b", VERIFIED).await;
    let other = stage.begin("b", VERIFIED).await;
    let changed = |change: &dyn Fn(&mut Flow)| {
        let mut changed = flow.clone();
        change(&mut changed);
        changed
    };
    for wrong in [
        changed(&|flow| flow.cookie = String::new()),
        changed(&|flow| flow.cookie.clone_from(&other.cookie)),
        changed(&|flow| flow.provider = "a"),
        changed(&|flow| flow.query.retain(|(name, _)| name != "state")),
        changed(&|flow| flow.query[1].1 = "x".to_owned()),
        changed(&|flow| flow.query.push(("state".to_owned(), "x".to_owned()))),
    ] {
        let error = stage.come_back(&wrong).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidToken, "{error:?}");
    }
    // None of them used the flow up; it is good once.
    let fragment = stage.come_back(&flow).await.unwrap();
    stage.exchange(&fragment).await.unwrap();
    assert_eq!(stage.come_back(&flow).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test]
async fn a_code_of_another_flow_is_refused() {
    let stage = Stage::new().await;
    let (mut flow, other) = (stage.begin("b", VERIFIED).await, stage.begin("b", VERIFIED).await);
    flow.query[0] = other.query[0].clone();
    // Its nonce is that of the other flow.
    assert_eq!(stage.come_back(&flow).await.unwrap(), error(OauthFault::Refused));
    let mut declined = stage.begin("b", VERIFIED).await;
    declined.query[0] = ("error".to_owned(), "access_denied".to_owned());
    assert_eq!(stage.come_back(&declined).await.unwrap(), error(OauthFault::Declined));
}

#[tokio::test]
async fn of_fifty_callbacks_and_of_fifty_exchanges_at_once_one_succeeds() {
    let stage = Stage::new().await;
    let flow = stage.begin("b", VERIFIED).await;
    let back = |_| {
        let (site, flow) = (stage.site.clone(), flow.clone());
        async move { come_back(&site, &flow).await }
    };
    let answers = at_once((0..50).map(back)).await;
    let mut fragments: Vec<String> = answers.into_iter().filter_map(Result::ok).collect();
    assert_eq!(fragments.len(), 1, "{fragments:?}");
    let fragment = fragments.remove(0);
    let body = json!({ "token": fragment.strip_prefix("token=").unwrap() });
    let exchange = |_| {
        let (site, body) = (stage.site.clone(), body.clone());
        async move { site.call(Id::OauthExchange, Sent::default(), body).await.is_ok() }
    };
    let answers = at_once((0..50).map(exchange)).await;
    assert_eq!(answers.into_iter().filter(|is_ok| *is_ok).count(), 1);
}

#[tokio::test]
async fn several_first_logins_at_once_come_to_one_account() {
    let stage = Stage::new().await;
    let mut flows = Vec::new();
    for _ in 0..5 {
        flows.push(stage.begin("b", VERIFIED).await);
    }
    let back = |flow: Flow| {
        let site = stage.site.clone();
        async move { come_back(&site, &flow).await.unwrap() }
    };
    let mut ids = Vec::new();
    for fragment in at_once(flows.into_iter().map(back)).await {
        let grant = stage.exchange(&fragment).await.unwrap();
        ids.push(stage.user(&grant).await["user"]["id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn a_token_of_a_redirect_is_good_for_a_minute() {
    let stage = Stage::new().await;
    let fragment = stage.fragment("b", VERIFIED).await;
    stage.site.advance(60);
    assert_eq!(stage.exchange(&fragment).await.unwrap_err().code(), Code::InvalidToken);
    let flow = stage.begin("b", VERIFIED).await;
    stage.site.advance(600);
    assert_eq!(stage.come_back(&flow).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test]
async fn nobody_is_sent_to_a_provider_with_another_address_to_come_back_to() {
    let stage = Stage::new().await;
    for query in [
        &[][..],
        &[("redirect", "https://evil.example/")],
        &[("redirect", "https://app.example.com@evil.example/")],
        &[("redirect", PAGE), ("redirect", PAGE)],
    ] {
        let sent = Sent { path: &["b"], query, ..Sent::default() };
        let code = stage.site.refusal(Id::OauthStart, sent, json!(null)).await;
        assert_eq!(code, Code::InvalidParameter, "{query:?}");
    }
    let query = &[("redirect", PAGE), ("prompt", "none")];
    let sent = Sent { path: &["b"], query, ..Sent::default() };
    let code = stage.site.refusal(Id::OauthStart, sent, json!(null)).await;
    assert_eq!(code, Code::UnknownParameter);
    let sent = Sent { path: &["c"], query: &[("redirect", PAGE)], ..Sent::default() };
    assert_eq!(stage.site.refusal(Id::OauthStart, sent, json!(null)).await, Code::NotFound);
}

#[tokio::test]
async fn an_account_that_needs_more_or_that_nobody_may_make_is_not_made() {
    let closed = Stage::with(SCHEMA, |options| {
        options.settings.registration = Registration::Closed;
    })
    .await;
    let fragment = closed.fragment("b", VERIFIED).await;
    assert_eq!(fragment, error(OauthFault::RegistrationClosed));

    let text = r#"
        type User @model @account(identity: ["email"]) { email: Email! @unique  shoeSize: Int! }
    "#;
    let wanting = Stage::with(text, |_| ()).await;
    let fragment = wanting.fragment("b", VERIFIED).await;
    assert_eq!(fragment, error(OauthFault::FieldsRequired));
}

#[tokio::test]
async fn the_name_is_taken_over_where_the_model_has_one_and_it_is_free() {
    let text = r#"
        type User @model @account(identity: ["email"])
          @access(read: "row.id == auth.id", update: "row.id == auth.id") {
            email: Email! @unique
            name: String @unique
        }
    "#;
    let stage = Stage::with(text, |_| ()).await;
    let person = Person { name: Some("Ada"), ..VERIFIED };
    let ada = stage.user(&stage.log_in("b", person).await).await;
    assert_eq!(ada["user"]["name"], "Ada");
    let other = Person { subject: "other", email: Some("other@example.com"), ..person };
    let other = stage.user(&stage.log_in("b", other).await).await;
    assert_eq!(other["user"]["name"], json!(null));
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_to_be() {
    let a = FakeProvider::start("a").await;
    let site = Site::with(SCHEMA, |options| {
        let mut config = a.config();
        config.issuer = Some("http://127.0.0.1:1".to_owned());
        options.providers = vec![config];
        options.settings.allowed_redirects = vec!["https://app.example.com".to_owned()];
    })
    .await;
    let sent = Sent { path: &["a"], query: &[("redirect", PAGE)], ..Sent::default() };
    let answer = site.call(Id::OauthStart, sent, json!(null)).await.unwrap();
    let Answer::Redirect { location, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(location, format!("{PAGE}#{}", error(OauthFault::ProviderUnavailable)));
}

#[tokio::test]
async fn where_addresses_must_be_proved_no_way_leads_around_it() {
    let mut stage = Stage::new().await;
    let grant = stage.log_in("a", CLAIMED).await;
    let mut authenticator = stage.site.add_passkey(&grant, 7).await;
    let required = |options: &mut Options| {
        options.settings.verification = Verification::Required;
    };
    stage.site = stage.site.changed(required).await;
    assert_eq!(stage.fragment("a", CLAIMED).await, error(OauthFault::EmailUnverified));
    let begun = stage.site.data(Id::PasskeyLoginOptions, Sent::default(), json!({})).await;
    let credential = authenticator.get(&begun["options"].to_string());
    let body = json!({ "challenge": begun["challenge"], "credential": credential });
    let code = stage.site.refusal(Id::PasskeyLogin, Sent::default(), body).await;
    assert_eq!(code, Code::EmailUnverified);
}
