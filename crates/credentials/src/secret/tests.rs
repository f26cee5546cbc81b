//! Keys of one installation against those of another, and secrets that must not be taken.

use std::fs;

use super::*;

const TEXT: &str = "8Jq2vX0nQzR5tY7uB4wE1mK6cL3dF9hG";

fn keys(text: &str) -> Keys {
    Keys::derive(&MasterSecret::from_text(text).unwrap())
}

#[test]
fn what_was_sealed_opens_in_its_place_alone() {
    let keys = keys(TEXT);
    let sealed = keys.seal("Factor/secret/1", b"seed");
    assert_eq!(keys.open("Factor/secret/1", &sealed), Some(b"seed".to_vec()));
    for context in ["Factor/secret/2", "Factor/other/1", "Key/secret/1", ""] {
        assert_eq!(keys.open(context, &sealed), None, "{context}");
    }
    let empty = keys.seal("", b"");
    assert_eq!(keys.open("", &empty), Some(Vec::new()));
}

#[test]
fn another_secret_opens_nothing() {
    let sealed = keys(TEXT).seal("a", b"seed");
    assert_eq!(keys("pW3sN8aZ1xC6vB0nM5kJ2hG7fD4qT9yU").open("a", &sealed), None);
}

#[test]
fn every_flipped_bit_and_every_missing_byte_is_found() {
    let keys = keys(TEXT);
    let sealed = keys.seal("a", b"seed");
    assert_eq!(sealed.len(), 1 + 12 + 4 + 16);
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(keys.open("a", &changed), None, "bit {bit}");
    }
    for n_bytes in 0..sealed.len() {
        assert_eq!(keys.open("a", &sealed[..n_bytes]), None, "{n_bytes} bytes");
        assert_eq!(keys.open("a", &sealed[sealed.len() - n_bytes..]), None);
    }
    assert_eq!(keys.open("a", &[sealed.as_slice(), &[0]].concat()), None);
}

#[test]
fn sealing_twice_gives_two_texts_and_shows_nothing_of_the_plain_one() {
    let keys = keys(TEXT);
    let (one, two) = (keys.seal("a", b"canary-canary"), keys.seal("a", b"canary-canary"));
    assert_ne!(one, two);
    assert_ne!(one[1..13], two[1..13], "the nonces differ");
    assert!(!one.windows(6).any(|window| window == b"canary"));
}

#[test]
fn what_a_browser_keeps_is_sealed_by_a_key_of_its_own() {
    let keys = keys(TEXT);
    let text = keys.seal_for_browser("oauth", b"state");
    assert_eq!(keys.open_from_browser("oauth", &text), Some(b"state".to_vec()));
    assert_eq!(keys.open_from_browser("other", &text), None);
    assert_eq!(keys.open_from_browser("oauth", &format!("{text}=")), None);
    assert_eq!(keys.open("oauth", &encoding::decode(&text).unwrap()), None);
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
}

#[test]
fn the_same_secret_gives_the_same_keys_and_another_one_other_keys() {
    assert_eq!(keys(TEXT).check_value(), keys(TEXT).check_value());
    assert_eq!(keys(TEXT).check_value(), keys(&format!(" {TEXT}\n")).check_value());
    assert_ne!(keys(TEXT).check_value(), keys(&TEXT.to_lowercase()).check_value());
    // Stored in databases: must not change between versions. Computed by another program.
    assert_eq!(keys(TEXT).check_value(), "SVV7btAMXWKO2yz9GdPpUw");
}

#[test]
fn the_keys_of_the_purposes_differ() {
    let keys = keys(TEXT);
    let macs = [&keys.refresh, &keys.csrf, &keys.ticket, &keys.check].map(|key| mac(key, &[b"a"]));
    for (at, one) in macs.iter().enumerate() {
        assert!(!macs[at + 1..].contains(one));
    }
}

#[test]
fn parts_do_not_run_together() {
    let key = keys(TEXT).ticket;
    assert_ne!(mac(&key, &[b"ab", b"c"]), mac(&key, &[b"a", b"bc"]));
    assert_ne!(mac(&key, &[b"a", b""]), mac(&key, &[b"a"]));
}

#[test]
fn short_and_guessable_secrets_are_refused_with_what_to_do() {
    let repeated = "0123456789abcdef".repeat(2);
    let texts = [
        "",
        "short",
        "8Jq2vX0nQzR5tY7uB4wE1mK6cL3dF9h",
        "                                        ",
        "changeme-changeme-changeme-changeme",
        "8Jq2vX0nCHANGEMEQzR5tY7uB4wE1mK6cL3",
        "replace-this-with-32-random-bytes-x",
        "an-example-secret-of-more-than-32-bytes",
        "your-secret-your-very-own-long-secret",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abababababababababababababababababab",
        "00000000000000000000000000000001",
        &repeated,
        "8Jq2vX0nQzR5tY7u8Jq2vX0nQzR5tY7u",
        "mK6cL3dF9hGmK6cL3dF9hGmK6cL3dF9hGmK6",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "9876543210zyxwvutsrqponmlkjihgfedcba",
    ];
    for text in texts {
        let error = MasterSecret::from_text(text).unwrap_err().to_string();
        assert!(error.contains("openssl rand -base64 32"), "{text}: {error}");
        assert!(text.trim().is_empty() || !error.contains(text.trim()), "{error}");
    }
}

#[test]
fn random_secrets_are_taken_in_every_usual_form() {
    for _ in 0..200 {
        let bytes = encoding::random::<32>();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for text in [encoding::encode(&bytes), hex[..32].to_owned(), hex] {
            assert!(MasterSecret::from_text(&text).is_ok(), "{text}");
        }
    }
}

#[test]
fn secrets_and_keys_do_not_print_themselves() {
    let secret = MasterSecret::from_text(TEXT).unwrap();
    let printed = format!("{secret:?} {:?}", Keys::derive(&secret));
    assert_eq!(printed, "MasterSecret([secret]) [keys]");
}

#[test]
fn a_file_is_made_once_and_read_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    assert!(MasterSecret::load(&path).unwrap().is_none());
    let made = MasterSecret::load_or_create(&path).unwrap();
    let read = MasterSecret::load_or_create(&path).unwrap();
    assert_eq!(Keys::derive(&made).check_value(), Keys::derive(&read).check_value());
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.len(), 44, "43 characters and the end of the line");
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "no draft is left");
    let other = MasterSecret::load_or_create(&folder.path().join("other")).unwrap();
    assert_ne!(Keys::derive(&other).check_value(), Keys::derive(&made).check_value());
}

#[test]
fn processes_that_start_together_get_one_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let values: Vec<String> = std::thread::scope(|scope| {
        let load = || Keys::derive(&MasterSecret::load_or_create(&path).unwrap()).check_value();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_holds_no_secret_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let contents: [&[u8]; 5] =
        [b"", b"short\n", b"\xff\xfe\x00", b"8Jq2vX0nQzR5tY7u\nB4wE1mK6cL3dF9hG", &[b'x'; 10_000]];
    for content in contents {
        fs::write(&path, content).unwrap();
        restrict(&path, 0o600);
        let error = MasterSecret::load_or_create(&path).unwrap_err();
        assert!(error.to_string().contains("secret"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(MasterSecret::load_or_create(&path).is_err());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("secret");
    let error = MasterSecret::load_or_create(&path).unwrap_err().to_string();
    assert!(error.contains("missing"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    MasterSecret::load_or_create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o620, 0o644, 0o666, 0o777] {
        restrict(&path, mode);
        let error = MasterSecret::load_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600") && error.contains(&format!("{mode:o}")), "{error}");
    }
    restrict(&path, 0o400);
    assert!(MasterSecret::load_or_create(&path).is_ok());
}

#[cfg(unix)]
fn restrict(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn restrict(_path: &std::path::Path, _mode: u32) {}
