//! Logging in with a certified implementation of OpenID Connect, run as a process of its own, from
//! the first redirect to the session.

use serde_json::json;
use underpin_accounts::{Answer, OauthFault, OperationId as Id, Verification};
use underpin_base::{Clock, Code, Secret};
use underpin_oidc::{ClientSecret, ProviderConfig};
use underpin_testkit::{Browser, CertifiedProvider};
use url::Url;

use crate::site::{SCHEMA, Sent, Site, granted};

const CALLBACK: &str = "https://api.example.com/api/v1/auth/oauth/certified/callback";
const PAGE: &str = "https://app.example.com/done";

async fn site(server: &CertifiedProvider) -> Site {
    Site::at(Clock::System, SCHEMA, |options| {
        options.settings.verification = Verification::Required;
        options.settings.public_url = "https://api.example.com".to_owned();
        options.settings.allowed_redirects = vec![PAGE.to_owned()];
        options.providers = vec![ProviderConfig {
            name: "certified".to_owned(),
            preset: None,
            issuer: Some(server.issuer().to_owned()),
            client_id: "web".to_owned(),
            client_secret: ClientSecret::Text(Secret::new("web-secret".to_owned())),
            tenant: None,
            scopes: Vec::new(),
        }];
    })
    .await
}

/// Where a browser is sent that begins, and the cookie it is given.
async fn begin(site: &Site) -> (String, String) {
    let sent = Sent { path: &["certified"], query: &[("redirect", PAGE)], ..Sent::default() };
    let answer = site.call(Id::OauthStart, sent, json!(null)).await.unwrap();
    let Answer::Redirect { location, flow_cookie } = answer else { panic!("{answer:?}") };
    (location, flow_cookie.unwrap().expose().clone())
}

/// Where a browser is led that the provider sent to `location`: the fragment.
async fn come_back(site: &Site, location: &str, cookie: &str) -> String {
    let url = Url::parse(location).unwrap();
    assert!(location.starts_with(&format!("{CALLBACK}?")), "{location}");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let query: Vec<(&str, &str)> =
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let path = &["certified"];
    let sent = Sent { path, query: &query, flow_cookie: Some(cookie), ..Sent::default() };
    let answer = site.call(Id::OauthCallback, sent, json!(null)).await.unwrap();
    let Answer::Redirect { location, .. } = answer else { panic!("{answer:?}") };
    location.strip_prefix(PAGE).unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs Node and oidc-provider; cargo xtask test installs and runs it"]
async fn certified_provider_logs_somebody_in_to_the_same_account_each_time() {
    let server = CertifiedProvider::start(&[CALLBACK]);
    let site = site(&server).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (location, cookie) = begin(&site).await;
        let back = Browser::new().log_in(&location, "ada");
        let fragment = come_back(&site, &back, &cookie).await;
        let body = json!({ "token": fragment.strip_prefix("#token=").unwrap() });
        let answer = site.call(Id::OauthExchange, Sent::default(), body.clone()).await.unwrap();
        let me = site.data(Id::Me, Sent::by(&granted(answer)), json!(null)).await;
        assert_eq!(
            (&me["user"]["email"], &me["verified"]),
            (&json!("ada@example.com"), &json!(true))
        );
        ids.push(me["user"]["id"].clone());
        let again = site.refusal(Id::OauthExchange, Sent::default(), body).await;
        assert_eq!(again, Code::InvalidToken);
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
#[ignore = "needs Node and oidc-provider; cargo xtask test installs and runs it"]
async fn certified_provider_logs_nobody_in_who_declines_or_only_claims_an_address() {
    let server = CertifiedProvider::start(&[CALLBACK]);
    let site = site(&server).await;
    let error = |fault: OauthFault| format!("#error={}", fault.name());
    let (location, cookie) = begin(&site).await;
    let back = Browser::new().decline(&location);
    assert_eq!(come_back(&site, &back, &cookie).await, error(OauthFault::Declined));
    for (user, fault) in [("eve", OauthFault::EmailUnverified), ("nobody", OauthFault::NoEmail)] {
        let (location, cookie) = begin(&site).await;
        let back = Browser::new().log_in(&location, user);
        assert_eq!(come_back(&site, &back, &cookie).await, error(fault), "{user}");
    }
}
