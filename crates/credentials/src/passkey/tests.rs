//! Ceremonies with an authenticator that answers right, and wrongly in one way at a time; and the
//! test vectors of the specification.

use serde_json::Value;

use super::*;
use underpin_testkit::{Authenticator, Pair};

const ACCOUNT: Uuid = Uuid::from_u128(0x0192_aaaa_bbbb_7ccc_8ddd_0000_0000_0001);
const PERSON: Person<'_> =
    Person { account: ACCOUNT, name: "ada@example.com", display_name: "Ada" };

fn party() -> RelyingParty {
    let origins = vec!["https://app.example.com".to_owned(), "https://example.com".to_owned()];
    RelyingParty::new("example.com", "Shop", origins).unwrap()
}

/// A registration that `wrong` may spoil: in the authenticator, then in the answer.
fn register(
    authenticator: &mut Authenticator,
    verification: UserVerification,
    spoil: impl FnOnce(&mut Value),
) -> Result<Passkey, Refused> {
    let ceremony = party().registration_options(PERSON, &[], verification);
    let mut answer = authenticator.create(&ceremony.options);
    spoil(&mut answer);
    party().finish_registration(&ceremony.state, answer.to_string().as_bytes())
}

/// An assertion by `passkey` that `spoil` may spoil.
fn assert_by(
    authenticator: &mut Authenticator,
    passkey: &Passkey,
    spoil: impl FnOnce(&mut Value),
) -> Result<Proof, Refused> {
    let allowed = std::slice::from_ref(passkey);
    let ceremony = party().assertion_options(allowed, UserVerification::Preferred);
    let mut answer = authenticator.get(&ceremony.options);
    spoil(&mut answer);
    party().finish_assertion(&ceremony.state, answer.to_string().as_bytes(), passkey)
}

fn registered() -> (Authenticator, Passkey) {
    let mut authenticator = Authenticator::new(Pair::es256());
    let passkey = register(&mut authenticator, UserVerification::Required, |_| ()).unwrap();
    authenticator.sign_count += 1;
    (authenticator, passkey)
}

fn right(_: &mut Value) {}

#[test]
fn passkeys_of_all_three_algorithms_register_and_assert() {
    for pair in [Pair::es256(), Pair::eddsa(), Pair::rs256()] {
        let mut authenticator = Authenticator::new(pair);
        let passkey = register(&mut authenticator, UserVerification::Required, right).unwrap();
        assert_eq!(passkey.credential_id, authenticator.credential_id);
        assert_eq!(passkey.account, ACCOUNT.to_string());
        assert_eq!(passkey.public_key, authenticator.pair.cose());
        assert_eq!(passkey.transports, ["hybrid", "internal"], "known ones, in order");
        assert!(passkey.backup_eligible && passkey.backed_up);
        let stored = Passkey::from_text(&passkey.to_text()).unwrap();
        assert_eq!(stored, passkey);
        authenticator.sign_count = 2;
        let proof = assert_by(&mut authenticator, &stored, right);
        let expected = Proof { sign_count: 2, user_verified: true, backed_up: true };
        assert_eq!(proof, Ok(expected));
    }
}

#[test]
fn the_options_say_what_browsers_need() {
    let (_, passkey) = registered();
    let known = std::slice::from_ref(&passkey);
    let options = |ceremony: Ceremony| serde_json::from_str::<Value>(&ceremony.options).unwrap();
    let creation = options(party().registration_options(PERSON, known, UserVerification::Required));
    assert_eq!(creation["rp"], json!({ "id": "example.com", "name": "Shop" }));
    assert_eq!(creation["user"]["id"], encoding::encode(ACCOUNT.as_bytes()));
    assert_eq!(creation["user"]["displayName"], "Ada");
    assert_eq!(creation["attestation"], "none");
    assert_eq!(creation["authenticatorSelection"]["userVerification"], "required");
    let algorithms = creation["pubKeyCredParams"].as_array().unwrap();
    assert_eq!(algorithms.iter().map(|p| &p["alg"]).collect::<Vec<_>>(), [-7, -8, -257]);
    let id = encoding::encode(&passkey.credential_id);
    assert_eq!(creation["excludeCredentials"][0]["id"], id);
    let request = options(party().assertion_options(known, UserVerification::Preferred));
    assert_eq!(request["rpId"], "example.com");
    assert_eq!(request["allowCredentials"][0]["id"], id);
    assert_eq!(request["userVerification"], "preferred");
    assert_eq!(request["challenge"].as_str().unwrap().len(), 43, "32 bytes");
    assert_ne!(request["challenge"], creation["challenge"]);
}

#[test]
fn an_answer_holds_for_its_own_challenge_alone() {
    let (mut authenticator, passkey) = registered();
    let allowed = std::slice::from_ref(&passkey);
    let one = party().assertion_options(allowed, UserVerification::Required);
    let two = party().assertion_options(allowed, UserVerification::Required);
    let answer = authenticator.get(&one.options).to_string();
    let finish = |state: &[u8]| party().finish_assertion(state, answer.as_bytes(), &passkey);
    assert_eq!(finish(&two.state), Err(Refused::Challenge));
    assert!(finish(&one.state).is_ok());

    let one = party().registration_options(PERSON, &[], UserVerification::Required);
    let two = party().registration_options(PERSON, &[], UserVerification::Required);
    let answer = authenticator.create(&one.options).to_string();
    let finish = |state: &[u8]| party().finish_registration(state, answer.as_bytes());
    assert_eq!(finish(&two.state), Err(Refused::Challenge));
    assert!(finish(&one.state).is_ok());
}

#[test]
fn a_state_belongs_to_one_kind_of_ceremony_and_must_be_ours() {
    let (mut authenticator, passkey) = registered();
    let registration = party().registration_options(PERSON, &[], UserVerification::Required);
    let assertion = party().assertion_options(&[], UserVerification::Required);
    let created = authenticator.create(&registration.options).to_string();
    let got = authenticator.get(&assertion.options).to_string();
    let finish = |state: &[u8]| party().finish_assertion(state, got.as_bytes(), &passkey);
    for state in [registration.state.as_slice(), b"", b"{}", b"null", &assertion.state[1..]] {
        assert_eq!(finish(state), Err(Refused::State));
    }
    let finished = party().finish_registration(&assertion.state, created.as_bytes());
    assert_eq!(finished, Err(Refused::State));
}

/// What a test sets wrong in the authenticator, and what must come of it.
type Wrong = (&'static str, fn(&mut Authenticator), Refused);

/// Wrong in a registration and in an assertion alike.
const WRONG: &[Wrong] = &[
    ("another origin", |a| a.origin = "https://evil.example".to_owned(), Refused::Origin),
    ("a suffix", |a| a.origin = "https://app.example.com.evil.example".to_owned(), Refused::Origin),
    ("a prefix", |a| a.origin = "https://evilapp.example.com".to_owned(), Refused::Origin),
    ("one below", |a| a.origin = "https://x.app.example.com".to_owned(), Refused::Origin),
    ("a sibling", |a| a.origin = "https://blog.example.com".to_owned(), Refused::Origin),
    ("another scheme", |a| a.origin = "http://app.example.com".to_owned(), Refused::Origin),
    ("another port", |a| a.origin = "https://app.example.com:444".to_owned(), Refused::Origin),
    ("a path", |a| a.origin = "https://app.example.com/".to_owned(), Refused::Origin),
    ("upper case", |a| a.origin = "https://APP.example.com".to_owned(), Refused::Origin),
    ("no origin", |a| a.origin = "null".to_owned(), Refused::Origin),
    ("a frame", |a| a.client_data = json!({ "crossOrigin": true }), Refused::Origin),
    (
        "a frame of ours",
        |a| a.client_data = json!({ "topOrigin": "https://example.com" }),
        Refused::Origin,
    ),
    ("another party", |a| a.relying_party = "evil.example".to_owned(), Refused::RelyingParty),
    ("a party below", |a| a.relying_party = "app.example.com".to_owned(), Refused::RelyingParty),
    ("nobody there", |a| a.flags &= !1, Refused::UserPresence),
    ("backed up, not eligible", |a| a.flags &= !(1 << 3), Refused::Malformed),
    ("no challenge", |a| a.client_data = json!({ "challenge": "" }), Refused::Challenge),
    (
        "challenge of zeros",
        |a| a.client_data = json!({ "challenge": "A".repeat(43) }),
        Refused::Challenge,
    ),
    ("type confusion", |a| a.client_data = json!({ "challenge": {} }), Refused::Malformed),
    ("type confusion", |a| a.client_data = json!({ "challenge": null }), Refused::Malformed),
    (
        "type confusion",
        |a| a.client_data = json!({ "origin": ["https://app.example.com"] }),
        Refused::Malformed,
    ),
    ("type confusion", |a| a.client_data = json!({ "crossOrigin": "false" }), Refused::Malformed),
    ("type confusion", |a| a.client_data = json!({ "type": 1 }), Refused::Malformed),
    (
        "the U2F type",
        |a| a.client_data = json!({ "type": "navigator.id.getAssertion" }),
        Refused::Type,
    ),
    ("extensions that are no map", |a| a.extensions = vec![0x80], Refused::Malformed),
    ("bytes after the extensions", |a| a.extensions = vec![0xa0, 0xa0], Refused::Malformed),
    ("extensions cut off", |a| a.extensions = vec![0xa1, 0x01], Refused::Malformed),
];

#[test]
fn whatever_is_wrong_with_a_registration_refuses_it() {
    for (name, spoil, expected) in WRONG {
        let mut authenticator = Authenticator::new(Pair::es256());
        spoil(&mut authenticator);
        let found = register(&mut authenticator, UserVerification::Preferred, right);
        assert_eq!(found, Err(*expected), "{name}");
    }
    let mut authenticator = Authenticator::new(Pair::es256());
    authenticator.client_data = json!({ "type": "webauthn.get" });
    let found = register(&mut authenticator, UserVerification::Preferred, right);
    assert_eq!(found, Err(Refused::Type));
}

#[test]
fn whatever_is_wrong_with_an_assertion_refuses_it() {
    for (name, spoil, expected) in WRONG {
        let (mut authenticator, passkey) = registered();
        spoil(&mut authenticator);
        let found = assert_by(&mut authenticator, &passkey, right);
        assert_eq!(found, Err(*expected), "{name}");
    }
    let (mut authenticator, passkey) = registered();
    authenticator.client_data = json!({ "type": "webauthn.create" });
    assert_eq!(assert_by(&mut authenticator, &passkey, right), Err(Refused::Type));
}

#[test]
fn the_user_is_verified_when_that_was_asked_for() {
    let unverified = 1 << 2;
    let mut authenticator = Authenticator::new(Pair::es256());
    authenticator.flags &= !unverified;
    let found = register(&mut authenticator, UserVerification::Required, right);
    assert_eq!(found, Err(Refused::UserVerification));
    let passkey = register(&mut authenticator, UserVerification::Preferred, right).unwrap();
    authenticator.sign_count = 2;
    let proof = assert_by(&mut authenticator, &passkey, right).unwrap();
    assert!(!proof.user_verified, "and the proof says that it did not happen");
    let ceremony = party().assertion_options(&[], UserVerification::Required);
    let answer = authenticator.get(&ceremony.options).to_string();
    let found = party().finish_assertion(&ceremony.state, answer.as_bytes(), &passkey);
    assert_eq!(found, Err(Refused::UserVerification));
}

#[test]
fn every_flipped_bit_of_a_signature_is_found() {
    let mut authenticator = Authenticator::new(Pair::eddsa());
    let passkey = register(&mut authenticator, UserVerification::Required, right).unwrap();
    authenticator.sign_count = 2;
    for bit in 0..64 * 8 {
        let found = assert_by(&mut authenticator, &passkey, |answer| {
            let signature = answer["response"]["signature"].as_str().unwrap();
            let mut bytes = encoding::decode(signature).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            answer["response"]["signature"] = json!(encoding::encode(&bytes));
        });
        assert_eq!(found, Err(Refused::Signature), "bit {bit}");
    }
}

#[test]
fn every_flipped_bit_of_what_was_signed_is_found() {
    let (mut authenticator, passkey) = registered();
    let allowed = std::slice::from_ref(&passkey);
    let ceremony = party().assertion_options(allowed, UserVerification::Preferred);
    let good = authenticator.get(&ceremony.options);
    for member in ["authenticatorData", "clientDataJSON"] {
        let bytes = encoding::decode(good["response"][member].as_str().unwrap()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let (mut answer, mut bytes) = (good.clone(), bytes.clone());
            bytes[bit / 8] ^= 1 << (bit % 8);
            answer["response"][member] = json!(encoding::encode(&bytes));
            let answer = answer.to_string();
            let found = party().finish_assertion(&ceremony.state, answer.as_bytes(), &passkey);
            assert!(found.is_err(), "bit {bit} of {member}");
        }
    }
}

#[test]
fn no_attestation_object_brings_it_down() {
    let ceremony = party().registration_options(PERSON, &[], PREFERRED);
    let good = Authenticator::new(Pair::es256()).create(&ceremony.options);
    let bytes = encoding::decode(good["response"]["attestationObject"].as_str().unwrap()).unwrap();
    let finish = |bytes: &[u8]| {
        let mut answer = good.clone();
        answer["response"]["attestationObject"] = json!(encoding::encode(bytes));
        party().finish_registration(&ceremony.state, answer.to_string().as_bytes())
    };
    for n_bytes in 0..bytes.len() {
        assert!(finish(&bytes[..n_bytes]).is_err(), "{n_bytes} bytes");
    }
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        // The counter, the model and some flags may differ; the key and its id are those presented.
        if let Ok(passkey) = finish(&changed) {
            assert_eq!(passkey.credential_id, vec![7; 20], "bit {bit}");
        }
    }
}

#[test]
fn data_that_was_changed_after_signing_is_found() {
    let (mut authenticator, passkey) = registered();
    // The counter, the last four bytes: what a thief of an old answer would raise.
    let found = assert_by(&mut authenticator, &passkey, |answer| {
        let data = answer["response"]["authenticatorData"].as_str().unwrap();
        let mut bytes = encoding::decode(data).unwrap();
        bytes[36] = 200;
        answer["response"]["authenticatorData"] = json!(encoding::encode(&bytes));
    });
    assert_eq!(found, Err(Refused::Signature));
    // The client data, by a space that means nothing.
    let found = assert_by(&mut authenticator, &passkey, |answer| {
        let data = answer["response"]["clientDataJSON"].as_str().unwrap();
        let bytes = [encoding::decode(data).unwrap().as_slice(), b" "].concat();
        answer["response"]["clientDataJSON"] = json!(encoding::encode(&bytes));
    });
    assert_eq!(found, Err(Refused::Signature));
}

#[test]
fn an_empty_or_foreign_signature_does_not_hold() {
    let (mut authenticator, passkey) = registered();
    for signature in ["", "AAAA", &"A".repeat(86)] {
        let found = assert_by(&mut authenticator, &passkey, |answer| {
            answer["response"]["signature"] = json!(signature);
        });
        assert_eq!(found, Err(Refused::Signature), "{signature}");
    }
    authenticator.pair = Pair::es256();
    assert_eq!(assert_by(&mut authenticator, &passkey, right), Err(Refused::Signature));
}

#[test]
fn the_counter_must_rise_unless_there_is_none() {
    let (mut authenticator, mut passkey) = registered();
    let rows = [
        // stored, presented, taken
        (5, 6, true),
        (5, 5, false),
        (5, 4, false),
        (5, 0, false),
        (0, 1, true),
        (0, 0, true),
        (u32::MAX, u32::MAX, false),
        (u32::MAX, 0, false),
    ];
    for (stored, presented, taken) in rows {
        (passkey.sign_count, authenticator.sign_count) = (stored, presented);
        let found = assert_by(&mut authenticator, &passkey, right).map(|proof| proof.sign_count);
        let expected = if taken { Ok(presented) } else { Err(Refused::SignCount) };
        assert_eq!(found, expected, "{stored} then {presented}");
    }
}

#[test]
fn only_the_passkeys_that_were_asked_for_answer() {
    let (mut ours, our_passkey) = registered();
    let mut other = Authenticator::new(Pair::es256());
    other.credential_id = vec![8; 32];
    let other_passkey = register(&mut other, UserVerification::Required, right).unwrap();
    other.sign_count = 2;
    let ceremony =
        party().assertion_options(std::slice::from_ref(&our_passkey), UserVerification::Required);
    let finish = |answer: &Value, passkey: &Passkey| {
        party().finish_assertion(&ceremony.state, answer.to_string().as_bytes(), passkey)
    };
    let answer = other.get(&ceremony.options);
    assert_eq!(finish(&answer, &other_passkey), Err(Refused::Credential), "not asked for");
    assert_eq!(finish(&answer, &our_passkey), Err(Refused::Credential), "not the one that signs");
    let answer = ours.get(&ceremony.options);
    assert_eq!(presented_credential(answer.to_string().as_bytes()), Some(vec![7; 20]));
    assert!(finish(&answer, &our_passkey).is_ok());
}

#[test]
fn without_a_list_the_account_must_be_named_and_be_the_passkeys() {
    let (mut authenticator, passkey) = registered();
    let ceremony = party().assertion_options(&[], UserVerification::Required);
    let mut finish = |handle: Option<Vec<u8>>| {
        authenticator.user_handle = handle;
        let answer = authenticator.get(&ceremony.options).to_string();
        party().finish_assertion(&ceremony.state, answer.as_bytes(), &passkey)
    };
    assert!(finish(Some(ACCOUNT.as_bytes().to_vec())).is_ok());
    let somebody = Uuid::from_u128(2).as_bytes().to_vec();
    for handle in [None, Some(Vec::new()), Some(somebody), Some(vec![0; 16])] {
        assert_eq!(finish(handle.clone()), Err(Refused::Credential), "{handle:?}");
    }
}

#[test]
fn with_a_list_an_account_that_is_named_must_be_the_passkeys() {
    let (mut authenticator, passkey) = registered();
    authenticator.user_handle = None;
    assert!(assert_by(&mut authenticator, &passkey, right).is_ok());
    authenticator.user_handle = Some(Uuid::from_u128(2).as_bytes().to_vec());
    assert_eq!(assert_by(&mut authenticator, &passkey, right), Err(Refused::Credential));
}

#[test]
fn an_assertion_that_brings_a_key_is_refused() {
    let (mut authenticator, passkey) = registered();
    authenticator.attests_always = true;
    assert_eq!(assert_by(&mut authenticator, &passkey, right), Err(Refused::Malformed));
}

#[test]
fn an_attestation_object_has_its_three_members() {
    let renamed = |from: &[u8], to: &[u8]| {
        register(&mut Authenticator::new(Pair::es256()), PREFERRED, |answer| {
            let object = answer["response"]["attestationObject"].as_str().unwrap();
            let mut object = encoding::decode(object).unwrap();
            let at = object.windows(from.len()).position(|window| window == from).unwrap();
            object.splice(at..at + from.len(), to.iter().copied());
            answer["response"]["attestationObject"] = json!(encoding::encode(&object));
        })
    };
    assert!(renamed(b"fmt", b"fmt").is_ok());
    let wrong: [(&[u8], &[u8]); 5] = [
        (b"fmt", b"fmx"),
        (b"attStmt", b"attStmx"),
        (b"authData", b"authDatx"),
        (b"\x64none", b"\x01"),
        (b"attStmt\xa0", b"attStmt\x80"),
    ];
    for (from, to) in wrong {
        assert_eq!(renamed(from, to), Err(Refused::Malformed), "{to:?}");
    }
}

#[test]
fn eligibility_for_backup_does_not_change() {
    let (mut authenticator, passkey) = registered();
    authenticator.flags &= !(0b11 << 3);
    assert_eq!(assert_by(&mut authenticator, &passkey, right), Err(Refused::Malformed));
}

#[test]
fn extensions_that_nobody_asked_for_do_no_harm() {
    let mut authenticator = Authenticator::new(Pair::es256());
    authenticator.extensions = b"\xa1\x6bcredProtect\x02".to_vec();
    let passkey = register(&mut authenticator, UserVerification::Required, right).unwrap();
    authenticator.sign_count = 2;
    assert!(assert_by(&mut authenticator, &passkey, right).is_ok());
}

#[test]
fn members_of_a_wrong_type_are_refused() {
    let values = [json!({}), json!([]), json!(null), json!(true), json!(0), json!(""), json!("=")];
    let paths = [
        "/id",
        "/rawId",
        "/type",
        "/response",
        "/response/clientDataJSON",
        "/response/attestationObject",
        "/response/authenticatorData",
        "/response/signature",
        "/response/userHandle",
        "/response/transports",
    ];
    let (mut authenticator, passkey) = registered();
    let mut n_refused = 0;
    for path in paths {
        for value in &values {
            let mut spoil = |answer: &mut Value| {
                if let Some(member) = answer.pointer_mut(path) {
                    *member = value.clone();
                    n_refused += 1;
                }
            };
            let found = register(&mut Authenticator::new(Pair::es256()), PREFERRED, &mut spoil);
            let is_there = !matches!(
                path,
                "/response/authenticatorData" | "/response/signature" | "/response/userHandle"
            );
            // Transports are optional, and unknown ones are dropped.
            let is_harmless =
                path == "/response/transports" && (value.is_array() || value.is_null());
            assert_eq!(found.is_err(), is_there && !is_harmless, "{path} {value}");

            let found = assert_by(&mut authenticator, &passkey, &mut spoil);
            let is_there = !matches!(path, "/response/attestationObject" | "/response/transports");
            let is_harmless = path == "/response/userHandle" && value.is_null();
            assert_eq!(found.is_err(), is_there && !is_harmless, "{path} {value}");
        }
    }
    assert!(n_refused > 80, "{n_refused}");
}

const PREFERRED: UserVerification = UserVerification::Preferred;

#[test]
fn answers_of_another_shape_are_refused() {
    let (mut authenticator, passkey) = registered();
    let ceremony = party().assertion_options(&[], PREFERRED);
    let good = authenticator.get(&ceremony.options).to_string();
    let finish =
        |answer: &str| party().finish_assertion(&ceremony.state, answer.as_bytes(), &passkey);
    assert!(finish(&good).is_ok());
    let twice = good.replacen("{", r#"{"id":"AAAA","#, 1);
    let padded = format!("{good}{}", " ".repeat(70_000));
    let garbage = format!("{good}x");
    let deep = "[".repeat(100_000);
    for answer in ["", "{}", "[]", "null", "\"\"", &good[1..], &twice, &padded, &garbage, &deep] {
        assert_eq!(finish(answer), Err(Refused::Malformed), "{}", &answer[..answer.len().min(40)]);
        assert_eq!(presented_credential(answer.as_bytes()), None);
    }
}

#[test]
fn ids_that_differ_or_have_no_bytes_are_refused() {
    let (mut authenticator, passkey) = registered();
    let other = json!(encoding::encode(&[8; 20]));
    for member in ["id", "rawId"] {
        let found =
            assert_by(&mut authenticator, &passkey, |answer| answer[member] = other.clone());
        assert_eq!(found, Err(Refused::Malformed));
    }
    let found = register(&mut Authenticator::new(Pair::es256()), PREFERRED, |answer| {
        answer["id"] = other.clone();
        answer["rawId"] = other.clone();
    });
    assert_eq!(found, Err(Refused::Credential), "not the id that the authenticator gave");
    for n_bytes in [0, 1_024] {
        let mut authenticator = Authenticator::new(Pair::es256());
        authenticator.credential_id = vec![7; n_bytes];
        assert_eq!(register(&mut authenticator, PREFERRED, right), Err(Refused::Malformed));
    }
    let mut authenticator = Authenticator::new(Pair::es256());
    authenticator.credential_id = vec![7; 1_023];
    assert!(register(&mut authenticator, PREFERRED, right).is_ok());
}

/// What the answer to a registration has for an attestation object with this key in it.
fn with_key(key: &[u8]) -> Result<Passkey, Refused> {
    let mut authenticator = Authenticator::new(Pair::es256());
    let ours = authenticator.pair.cose();
    register(&mut authenticator, PREFERRED, |answer| {
        let object = answer["response"]["attestationObject"].as_str().unwrap();
        let mut object = encoding::decode(object).unwrap();
        let at = object.windows(ours.len()).position(|window| window == ours).unwrap();
        object.splice(at.., key.iter().copied());
        // The length of the authenticator data stands before it, in two bytes.
        let data_at = object.windows(8).position(|window| window == b"authData").unwrap() + 9;
        let n_bytes = u16::try_from(object.len() - data_at - 2).unwrap().to_be_bytes();
        object[data_at..data_at + 2].copy_from_slice(&n_bytes);
        answer["response"]["attestationObject"] = json!(encoding::encode(&object));
    })
}

#[test]
fn keys_that_are_none_are_refused() {
    let good = Pair::es256().cose();
    assert!(with_key(&good).is_ok());
    let changed = |at: usize, byte: u8| {
        let mut key = good.clone();
        key[at] = byte;
        key
    };
    let eddsa = Pair::eddsa().cose();
    let refused = [
        ("off the curve", changed(20, good[20] ^ 1)),
        ("another type", changed(2, 0x03)),
        ("another algorithm: EdDSA", changed(4, 0x27)),
        ("another algorithm: ES384", [&good[..4], &[0x38, 34], &good[5..]].concat()),
        ("no algorithm", [&[0xa4], &good[1..3], &good[5..]].concat()),
        ("another curve", changed(6, 0x02)),
        ("a short coordinate", [&good[..9], &[31], &good[11..]].concat()),
        ("y by its sign", [&good[..42], &[0x22, 0xf5]].concat()),
        ("Ed25519 on another curve", [&eddsa[..6], &[0x07], &eddsa[7..]].concat()),
        ("empty", vec![0xa0]),
        ("no map", vec![0x80]),
    ];
    for (name, key) in refused {
        let found = with_key(&key);
        assert!(matches!(found, Err(Refused::Key | Refused::Malformed)), "{name}: {found:?}");
    }
    for (name, key) in [("nothing", Vec::new()), ("cut off", good[..70].to_vec())] {
        assert_eq!(with_key(&key), Err(Refused::Malformed), "{name}");
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert_eq!(with_key(&longer), Err(Refused::Malformed), "bytes after the key");
}

#[test]
fn rsa_keys_below_2048_bits_or_with_a_silly_exponent_are_refused() {
    let good = Pair::rs256().cose();
    assert!(with_key(&good).is_ok());
    let n = &good[11..267];
    let key = |n: &[u8], e: &[u8]| {
        let n_bytes = u16::try_from(n.len()).unwrap().to_be_bytes();
        let e_head = 0x40 | u8::try_from(e.len()).unwrap();
        [&good[..9], &n_bytes, n, &[0x21, e_head], e].concat()
    };
    assert_eq!(key(n, &[1, 0, 1]), good);
    for (name, n, e) in [
        ("1024 bits", &n[..128], [1, 0, 1].as_slice()),
        ("8192 bits", &[n, n, n, n].concat(), &[1, 0, 1]),
        ("exponent 1", n, &[1]),
        ("exponent 2", n, &[2]),
        ("exponent 3", n, &[3]),
        ("leading zeros", n, &[0, 1, 0, 1]),
        ("no exponent", n, &[]),
    ] {
        assert_eq!(with_key(&key(n, e)), Err(Refused::Key), "{name}");
    }
}

#[test]
fn a_party_whose_origins_do_not_fit_is_refused_with_what_to_do() {
    let new = |id: &str, origins: &[&str]| {
        let origins = origins.iter().map(|&origin| origin.to_owned()).collect();
        RelyingParty::new(id, "Shop", origins).map(drop)
    };
    assert_eq!(new("localhost", &["http://localhost:3000"]), Ok(()));
    assert!(matches!(
        new("Example.com", &["https://example.com"]),
        Err(BadRelyingParty::Id { .. })
    ));
    assert_eq!(new("example.com", &[]), Err(BadRelyingParty::NoOrigin));
    let error = new("example.com", &["https://example.com", "http://example.com"]).unwrap_err();
    assert!(error.to_string().contains("`http://example.com`"), "{error}");
}

/// Bytes of the vectors of the specification.
fn hex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

/// A state with the challenge of a vector: the one in its client data.
fn vector_state(ceremony: Kind, client_data: &[u8]) -> Vec<u8> {
    let client_data: Value = serde_json::from_slice(client_data).unwrap();
    State {
        ceremony,
        challenge: client_data["challenge"].as_str().unwrap().to_owned(),
        verification: PREFERRED,
        account: Some(ACCOUNT.to_string()),
        allowed: vec![],
    }
    .bytes()
}

fn vector_registration(id: &str, object: &str, client_data: &str) -> Result<Passkey, Refused> {
    let origins = vec!["https://example.org".to_owned()];
    let party = RelyingParty::new("example.org", "Example", origins).unwrap();
    let id = encoding::encode(&hex(id));
    let answer = json!({
        "id": id, "rawId": id, "type": "public-key",
        "response": {
            "clientDataJSON": encoding::encode(&hex(client_data)),
            "attestationObject": encoding::encode(&hex(object)),
        },
    });
    let state = vector_state(Kind::Registration, &hex(client_data));
    party.finish_registration(&state, answer.to_string().as_bytes())
}

#[test]
fn the_vectors_of_the_specification_pass() {
    // Section 16.2, "ES256 Credential with No Attestation".
    let id = "f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4";
    let object = "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61225820930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220";
    let created = "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a22414d4d507434557878475453746e63647134313759447742466938767049612d7077386f4f755657345441222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320746869733a20426b5165446a646354427258426941774a544c4535513d3d227d";
    let passkey = vector_registration(id, object, created).unwrap();
    assert_eq!(passkey.sign_count, 0);
    assert_eq!(passkey.aaguid, hex("8446ccb9ab1db374750b2367ff6f3a1f"));

    let data = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000";
    let got = "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c5455506f334a5558543049393770767a7a59425039745a63685879617630314167222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73657d";
    let signature = "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f575bf11a1dd5d78c6e486013f937295ea13653e331e87";
    let origins = vec!["https://example.org".to_owned()];
    let party = RelyingParty::new("example.org", "Example", origins).unwrap();
    let id = encoding::encode(&hex(id));
    let answer = json!({
        "id": id, "rawId": id, "type": "public-key",
        "response": {
            "clientDataJSON": encoding::encode(&hex(got)),
            "authenticatorData": encoding::encode(&hex(data)),
            "signature": encoding::encode(&hex(signature)),
            "userHandle": encoding::encode(ACCOUNT.as_bytes()),
        },
    });
    let state = vector_state(Kind::Assertion, &hex(got));
    let proof = party.finish_assertion(&state, answer.to_string().as_bytes(), &passkey);
    assert_eq!(proof, Ok(Proof { sign_count: 0, user_verified: false, backed_up: true }));
}

#[test]
fn a_statement_that_comes_unasked_is_not_read() {
    // Section 16.3, "ES256 Credential with Self Attestation".
    let id = "455ef34e2043a87db3d4afeb39bbcb6cc32df9347c789a865ecdca129cbef58c";
    let object = "a363666d74667061636b65646761747453746d74a263616c67266373696758483046022100ae045923ded832b844cae4d5fc864277c0dc114ad713e271af0f0d371bd3ac540221009077a088ed51a673951ad3ba2673d5029bab65b64f4ea67b234321f86fcfac5d68617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b55d00000000df850e09db6afbdfab51697791506cfc0020455ef34e2043a87db3d4afeb39bbcb6cc32df9347c789a865ecdca129cbef58ca5010203262001215820eb151c8176b225cc651559fecf07af450fd85802046656b34c18f6cf193843c5225820927b8aa427a2be1b8834d233a2d34f61f13bfd44119c325d5896e183fee484f2";
    let created = "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a2265476e4374334c55745936366b336a506a796e6962506b31716e666644616966715a774c33417032392d55222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320746869733a205539685458764b453255526b4d6e625f3078594856673d3d227d";
    let passkey = vector_registration(id, object, created).unwrap();
    assert_eq!(passkey.credential_id, hex(id));
}
