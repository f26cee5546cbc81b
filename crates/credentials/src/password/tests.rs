//! Hashing, imported hashes, and the bound on how much is done at once.

use super::*;

const PASSWORD: &str = "two walnuts under a bridge";

/// Made by another implementation: Argon2id over "password" with the salt "somesalt" (the vectors of
/// the reference implementation, `test.c`), and bcrypt over texts of its own test vectors.
const REFERENCE: &str =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
const REFERENCE_WEAK: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
const REFERENCE_I: &str =
    "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";

fn hasher() -> Hasher {
    Hasher::new(2)
}

#[tokio::test]
async fn a_hash_matches_its_password_alone() {
    let hasher = hasher();
    let stored = hasher.hash(PASSWORD).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    let found = hasher.verify(PASSWORD, &stored).await.unwrap();
    assert_eq!(found, Verdict { matches: true, needs_upgrade: false });
    for other in ["", "two walnuts under a bridg", "Two walnuts under a bridge", &stored] {
        assert!(!hasher.verify(other, &stored).await.unwrap().matches, "{other}");
    }
    assert_ne!(hasher.hash(PASSWORD).await.unwrap(), stored, "the salts differ");
}

#[tokio::test]
async fn passwords_that_differ_after_72_bytes_are_different() {
    let hasher = hasher();
    let (one, two) = (format!("{}1", "x".repeat(72)), format!("{}2", "x".repeat(72)));
    let stored = hasher.hash(&one).await.unwrap();
    assert!(hasher.verify(&one, &stored).await.unwrap().matches);
    assert!(!hasher.verify(&two, &stored).await.unwrap().matches);
    let longest = "y".repeat(BYTES_MAX);
    let stored = hasher.hash(&longest).await.unwrap();
    assert!(hasher.verify(&longest, &stored).await.unwrap().matches);
    assert!(!hasher.verify(&longest[1..], &stored).await.unwrap().matches);
}

#[tokio::test]
async fn the_same_letters_are_the_same_password_however_they_are_composed() {
    let hasher = hasher();
    let (composed, decomposed) =
        ("Gru\u{308}\u{df}e aus K\u{f6}ln", "Gr\u{fc}\u{df}e aus Ko\u{308}ln");
    let stored = hasher.hash(composed).await.unwrap();
    assert!(hasher.verify(decomposed, &stored).await.unwrap().matches);
    assert!(!hasher.verify("Gruesse aus Koeln", &stored).await.unwrap().matches);
    // A compatibility form is another text: the ligature is not "fi".
    let stored = hasher.hash("\u{fb01}nal answer").await.unwrap();
    assert!(!hasher.verify("final answer", &stored).await.unwrap().matches);
}

#[tokio::test]
async fn what_cannot_be_hashed_is_refused_and_matches_nothing() {
    let hasher = hasher();
    let stored = hasher.hash("walnuts").await.unwrap();
    for password in ["walnuts\0", "walnuts\0 and more", &"x".repeat(BYTES_MAX + 1)] {
        let error = hasher.hash(password).await.unwrap_err();
        assert_eq!(error.code(), Code::ValidationError);
        assert!(!hasher.verify(password, &stored).await.unwrap().matches);
    }
}

#[tokio::test]
async fn hashes_of_other_implementations_are_verified() {
    let hasher = hasher();
    let rows = [(REFERENCE, true), (REFERENCE_WEAK, true), (REFERENCE_I, true)];
    for (stored, needs_upgrade) in rows {
        let found = hasher.verify("password", stored).await.unwrap();
        assert_eq!(found, Verdict { matches: true, needs_upgrade }, "{stored}");
        assert!(!hasher.verify("passwore", stored).await.unwrap().matches, "{stored}");
    }
}

#[tokio::test]
async fn hashes_weaker_than_ours_in_any_way_need_an_upgrade() {
    let ours = hasher().hash(PASSWORD).await.unwrap();
    let needs_upgrade = |stored: &str| Stored::parse(stored).unwrap().needs_upgrade();
    let changed = |from: &str, to: &str| needs_upgrade(&ours.replace(from, to));
    assert!(!needs_upgrade(&ours));
    assert!(changed("argon2id", "argon2i"));
    assert!(changed("argon2id", "argon2d"));
    assert!(changed("v=19", "v=16"));
    assert!(changed("m=19456,t=2", "m=19455,t=2"));
    assert!(changed("m=19456,t=2", "m=65536,t=1"));
    let (start, output) = ours.rsplit_once('$').unwrap();
    assert!(needs_upgrade(&format!("{start}${}", &output[..32])), "24 bytes of output");
    let (start, salt) = start.rsplit_once('$').unwrap();
    assert!(needs_upgrade(&format!("{start}${}${output}", &salt[..12])), "9 bytes of salt");
    assert!(!changed("m=19456,t=2,p=1", "m=65536,t=3,p=4"), "stronger ones stay");
}

#[tokio::test]
async fn hashes_of_bcrypt_are_verified_and_need_an_upgrade() {
    let hasher = hasher();
    // From the test vectors of jBCrypt and of crypt_blowfish.
    let rows = [
        ("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
        ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        ("U*U*U", "$2b$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        ("U*U*U", "$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    ];
    for (password, stored) in rows {
        let found = hasher.verify(password, stored).await.unwrap();
        assert_eq!(found, Verdict { matches: true, needs_upgrade: true }, "{stored}");
        let other = hasher.verify("U*U*V", stored).await.unwrap();
        assert!(!other.matches, "{stored}");
    }
}

#[tokio::test]
async fn bcrypt_reads_72_bytes_and_what_was_typed() {
    let hasher = hasher();
    let made = |password: &str| {
        let parts = bcrypt::hash_with_salt(password, 4, [7; 16]).unwrap();
        parts.format_for_version(bcrypt::Version::TwoB)
    };
    let long = "x".repeat(72);
    let stored = made(&long);
    assert!(hasher.verify(&format!("{long}1"), &stored).await.unwrap().matches);
    assert!(!hasher.verify(&long[1..], &stored).await.unwrap().matches);
    let stored = made("Ko\u{308}ln am Rhein");
    assert!(hasher.verify("Ko\u{308}ln am Rhein", &stored).await.unwrap().matches);
}

#[tokio::test]
async fn hashes_that_ask_for_too_much_or_are_malformed_match_nothing() {
    let hasher = hasher();
    let ours = hasher.hash("password").await.unwrap();
    assert!(is_supported(&ours) && is_supported(REFERENCE));
    let costs = |params: &str| ours.replace("m=19456,t=2,p=1", params);
    assert!(is_supported(&costs("m=65536,t=4,p=4")));
    let refused = [
        costs("m=4194304,t=1,p=1"),
        costs("m=65537,t=1,p=1"),
        costs("m=65536,t=5,p=1"),
        costs("m=8,t=4294967295,p=1"),
        costs("m=1024,t=1,p=17"),
        costs("m=0,t=0,p=0"),
        ours.replace("argon2id", "scrypt"),
        ours.replace("v=19", "v=18"),
        ours.replace("$v=19", ""),
        ours[..ours.rfind('$').unwrap()].to_owned(),
        format!("{}$AAAA", &ours[..ours.rfind('$').unwrap()]),
        format!("{}$AAAAAAAAAAAAAAAA", &ours[..ours.rfind('$').unwrap()]),
        format!("{ours}$"),
        "$2b$15$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a".to_owned(),
        "$2b$31$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a".to_owned(),
        "$2b$05$short".to_owned(),
        "$2x$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a".to_owned(),
        "password".to_owned(),
        "{}".to_owned(),
        "$".to_owned(),
        String::new(),
    ];
    for stored in refused {
        assert!(!is_supported(&stored), "{stored}");
        let found = hasher.verify("password", &stored).await.unwrap();
        assert_eq!(found, Verdict { matches: false, needs_upgrade: false }, "{stored}");
    }
}

#[tokio::test]
async fn nobody_costs_what_a_hash_of_ours_costs() {
    let nobody = Stored::parse(NOBODY).unwrap();
    assert!(!nobody.needs_upgrade());
    let ours = hasher().hash(PASSWORD).await.unwrap();
    let params = |text: &str| text.rsplitn(3, '$').nth(2).unwrap().to_owned();
    let lengths = |text: &str| text.split('$').map(str::len).collect::<Vec<_>>();
    assert_eq!(params(NOBODY), params(&ours));
    assert_eq!(lengths(NOBODY), lengths(&ours));
    hasher().verify_nobody(PASSWORD).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_waits_longer_than_a_second_is_told_to_come_again() {
    let hasher = hasher();
    let all = Arc::clone(&hasher.permits).acquire_many_owned(hasher.n_permits).await.unwrap();
    for error in [
        hasher.hash(PASSWORD).await.unwrap_err(),
        hasher.verify(PASSWORD, NOBODY).await.unwrap_err(),
        hasher.verify(PASSWORD, "malformed").await.unwrap_err(),
        hasher.verify_nobody(PASSWORD).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::Overloaded);
    }
    assert_eq!(hasher.waiting.load(Ordering::Relaxed), 0);
    drop(all);
    assert!(hasher.hash(PASSWORD).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded_and_refuses_at_once() {
    let hasher = Arc::new(hasher());
    let n_waiting_max = WAITING_MAX * hasher.n_permits as usize;
    let all = Arc::clone(&hasher.permits).acquire_many_owned(hasher.n_permits).await.unwrap();
    let mut queue = tokio::task::JoinSet::new();
    for _ in 0..n_waiting_max {
        let hasher = Arc::clone(&hasher);
        queue.spawn(async move { hasher.permit(1).await.map(drop) });
    }
    while hasher.waiting.load(Ordering::Relaxed) < n_waiting_max {
        tokio::task::yield_now().await;
    }
    let before = tokio::time::Instant::now();
    let error = hasher.hash(PASSWORD).await.unwrap_err();
    assert_eq!(error.code(), Code::Overloaded);
    assert_eq!(before.elapsed(), Duration::ZERO, "the clock stands while nobody waits");
    drop(all);
    let served = queue.join_all().await;
    assert!(served.iter().all(Result::is_ok));
    assert_eq!(hasher.waiting.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_goes_away_leaves_the_queue() {
    let hasher = hasher();
    let all = Arc::clone(&hasher.permits).acquire_many_owned(hasher.n_permits).await.unwrap();
    let soon = Duration::from_millis(10);
    assert!(tokio::time::timeout(soon, hasher.hash(PASSWORD)).await.is_err());
    assert_eq!(hasher.waiting.load(Ordering::Relaxed), 0);
    drop(all);
}

#[tokio::test]
async fn work_keeps_its_permit_when_the_request_goes_away() {
    let hasher = Arc::new(Hasher::new(1));
    let (started, starts) = tokio::sync::oneshot::channel();
    let (finish, finishes) = std::sync::mpsc::channel::<()>();
    let request = tokio::spawn({
        let hasher = Arc::clone(&hasher);
        async move {
            let work = move || (started.send(()), finishes.recv());
            hasher.run(1, work).await.map(drop)
        }
    });
    starts.await.unwrap();
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    assert_eq!(hasher.permits.available_permits(), 0, "the thread still works");
    finish.send(()).unwrap();
    drop(hasher.permits.acquire().await.unwrap());
}

#[tokio::test]
async fn no_more_run_at_once_than_there_are_permits() {
    let hasher = Arc::new(hasher());
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (hasher, running, most) =
            (Arc::clone(&hasher), Arc::clone(&running), Arc::clone(&most));
        all.spawn(async move {
            let work = move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
            };
            hasher.run(1, work).await
        });
    }
    assert!(all.join_all().await.iter().all(Result::is_ok));
    assert!(most.load(Ordering::SeqCst) <= hasher.n_permits as usize);
}

#[test]
fn permits_follow_the_machine() {
    let n_cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(Hasher::new(0).n_permits, 1);
    assert_eq!(Hasher::new(1).n_permits, 1);
    assert_eq!(Hasher::new(usize::MAX).n_permits as usize, n_cores);
}

#[test]
fn a_larger_stored_hash_takes_more_permits() {
    assert_eq!(Stored::parse(NOBODY).unwrap().weight(), 1);
    assert_eq!(Stored::parse(REFERENCE_WEAK).unwrap().weight(), 1);
    assert_eq!(Stored::parse(REFERENCE).unwrap().weight(), 4);
}
