use std::net::SocketAddr;

use super::*;

const NOW: i64 = 1_790_000_000_000_000;

fn tiers() -> Tiers {
    let quota = |text: &str| text.parse().unwrap();
    Tiers {
        anonymous: quota("2/min"),
        user: quota("3/min"),
        key: quota("5/min"),
        authentication: quota("10/min"),
        authentication_account: quota("4/15min"),
        roles: [("lead", "7/min"), ("guest", "1/min"), ("root", "unlimited")]
            .map(|(role, text)| (role.to_owned(), quota(text)))
            .into(),
        ..Tiers::unlimited()
    }
}

fn limiter() -> Limiter {
    Limiter::new(tiers(), vec!["10.0.0.0/8".parse().unwrap()])
}

fn conn() -> Conn {
    Conn::new(SocketAddr::from(([10, 0, 0, 1], 1)))
}

fn roles(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// How many of 20 requests of this actor over one connection are admitted.
fn n_admitted(limiter: &Limiter, actor: &Actor, token: &str) -> usize {
    let (conn, actor) = (conn(), Arc::new(actor.clone()));
    let count = |_: &i32| limiter.count_actor(&conn, (&actor, token), 1, NOW);
    (0..20).filter(|n| limiter.admit(count(n)).is_ok()).count()
}

#[test]
fn the_most_generous_of_the_kind_and_the_roles_counts() {
    let user = |id: i64, names: &[&str]| Actor::user(Value::Int(id), roles(names));
    let limiter = limiter();
    assert_eq!(n_admitted(&limiter, &user(1, &[]), ""), 3);
    assert_eq!(n_admitted(&limiter, &user(2, &["lead", "guest"]), ""), 7);
    assert_eq!(n_admitted(&limiter, &user(3, &["guest", "nothing"]), ""), 3);
    assert_eq!(n_admitted(&limiter, &user(4, &["guest", "root"]), ""), 20);
    assert_eq!(n_admitted(&limiter, &Actor::key(roles(&["guest"])), "a"), 5);
    assert_eq!(n_admitted(&limiter, &Actor::service(), "b"), 20);
}

#[test]
fn sessions_of_an_account_share_its_quota_and_keys_of_nobody_have_their_own() {
    let limiter = limiter();
    let ada = Actor::user(Value::Text("ada".to_owned()), []);
    assert_eq!(n_admitted(&limiter, &ada, "one session"), 3);
    assert_eq!(n_admitted(&limiter, &ada, "another"), 0);
    assert_eq!(n_admitted(&limiter, &Actor::key([]), "one key"), 5);
    assert_eq!(n_admitted(&limiter, &Actor::key([]), "another"), 5);
}

#[test]
fn a_connection_counts_for_each_client_that_it_speaks_for() {
    let (limiter, conn) = (limiter(), conn());
    let mut count = |client: &str| {
        let counted = limiter.count_address(&conn, client.parse().unwrap(), 1, NOW);
        limiter.admit(counted).is_ok()
    };
    let clients = ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"];
    assert_eq!(clients.map(&mut count), [true, true, true, true, false, false]);
    assert_eq!(["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(count), [true, true, false]);
}

#[test]
fn a_connection_counts_for_each_actor_that_asks_over_it() {
    let (limiter, conn) = (limiter(), conn());
    let ada = Arc::new(Actor::user(Value::Int(1), []));
    let bob = Arc::new(Actor::user(Value::Int(2), []));
    let count = |actor: &Arc<Actor>| {
        let counted = limiter.count_actor(&conn, (actor, ""), 1, NOW);
        limiter.admit(counted).is_ok()
    };
    let nobody = || limiter.admit(limiter.count_address(&conn, conn.peer.ip(), 1, NOW)).is_ok();
    assert_eq!([count(&ada), count(&bob), nobody(), count(&ada)], [true; 4]);
    assert_eq!([nobody(), nobody(), count(&ada), count(&ada)], [true, false, true, false]);
    assert_eq!([count(&bob), count(&bob), count(&bob)], [true, true, false]);
    // Authenticated anew, it is still the same account.
    assert!(!count(&Arc::new(Actor::clone(&ada))));
}

#[test]
fn tries_count_for_the_address_and_for_the_account() {
    let limiter = limiter();
    let attempt = |client: &str, operation, account: &str| {
        let counted = limiter.count_try(client.parse().unwrap(), NOW);
        let counted =
            limiter.admit(counted).map(|()| limiter.count_try_on(operation, account, NOW));
        counted.and_then(|it| limiter.admit(it)).map_err(|error| error.message().to_owned())
    };
    let ada = ["ada@example.com", "Ada@Example.com", " ada@example.com", "ADA@EXAMPLE.COM"];
    for (host, name) in (1..).zip(ada) {
        assert_eq!(attempt(&format!("192.0.2.{host}"), "login", name), Ok(()));
    }
    let refused = attempt("192.0.2.9", "login", "ada@example.com").unwrap_err();
    assert!(refused.contains("`authentication_account`"), "{refused}");
    // Neither other accounts nor other operations on this one are shut.
    assert_eq!(attempt("192.0.2.9", "login", "bob@example.com"), Ok(()));
    assert_eq!(attempt("192.0.2.9", "reset", "ada@example.com"), Ok(()));
    for n in 3..10 {
        let name = format!("user-{n}@example.com");
        assert_eq!(attempt("192.0.2.9", "login", &name), Ok(()), "{n}");
    }
    let refused = attempt("192.0.2.9", "login", "carol@example.com").unwrap_err();
    assert!(refused.contains("`authentication`"), "{refused}");
    for n in 0..4 {
        let other = format!("198.51.100.{n}");
        assert_eq!(attempt(&other, "login", "carol@example.com"), Ok(()), "{n}");
    }
}

#[test]
fn a_try_that_may_go_on_tells_nothing_of_what_others_tried() {
    let limiter = limiter();
    let mut counted = (0..5).map(|_| limiter.count_try_on("login", "ada@example.com", NOW));
    assert!(counted.by_ref().take(4).all(|counted| counted.is_none()));
    assert_eq!(counted.next().unwrap().unwrap().tier, TierId::AUTHENTICATION_ACCOUNT);
}

#[test]
fn a_cost_that_no_bucket_holds_is_refused_without_a_time_to_wait() {
    let limiter = limiter();
    let (conn, key) = (conn(), Arc::new(Actor::key([])));
    let counted = limiter.count_actor(&conn, (&key, "a"), 6, NOW);
    let refused = limiter.admit(counted).unwrap_err();
    assert_eq!(refused.code(), Code::RateLimited);
    assert_eq!(counted.unwrap().retry_after_s(), None);
    let counted = limiter.count_actor(&conn, (&key, "a"), 5, NOW);
    assert!(limiter.admit(counted).is_ok());
}

#[test]
fn what_is_left_stands_in_the_headers() {
    let limiter = limiter();
    let key = Arc::new(Actor::key(roles(&["lead"])));
    let counted = limiter.count_actor(&conn(), (&key, "a"), 2, NOW).unwrap();
    let mut headers = HeaderMap::new();
    insert(&mut headers, &limiter.policies(), &counted);
    assert_eq!(headers["ratelimit-policy"], "\"lead\";q=7;w=60");
    assert_eq!(headers["ratelimit"], "\"lead\";r=5;t=18");
}
