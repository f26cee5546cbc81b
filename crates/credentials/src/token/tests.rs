//! The matrix of tokens that must not pass, each beside one that does.

use aws_lc_rs::hmac;

use super::*;

const NOW: i64 = 1_700_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000)
}

fn tokens() -> AccessTokens {
    AccessTokens::new("https://api.example.com", "shop", vec![SigningKey::generate()])
}

fn issued(tokens: &AccessTokens) -> String {
    let claims = tokens.claims("account-1", Uuid::from_u128(5), at(NOW), 900);
    tokens.issue(&claims).unwrap().expose().clone()
}

/// A token of the given header with a signature of our key: only the header is wrong.
fn with_header(tokens: &AccessTokens, header: &str) -> String {
    let token = issued(tokens);
    let payload = token.split('.').nth(1).unwrap();
    let message = format!("{}.{payload}", encoding::encode(header.as_bytes()));
    let pair = &tokens.keys[0].pair;
    let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", encoding::encode(signature.as_ref()))
}

/// A token of our key with these claims: only the claims are wrong.
fn with_claims(tokens: &AccessTokens, payload: &str) -> String {
    tokens.keys[0].sign(payload.as_bytes())
}

fn claims_text() -> String {
    format!(
        r#"{{"iss":"https://api.example.com","aud":"shop","sub":"account-1","sid":"{}","iat":{NOW},"exp":{}}}"#,
        Uuid::from_u128(5),
        NOW + 900
    )
}

#[test]
fn a_token_reads_back_as_what_it_says() {
    let tokens = tokens();
    let claims = tokens.claims("account-1", Uuid::from_u128(5), at(NOW), 900);
    assert_eq!(claims.expires_at, NOW + 900);
    let token = tokens.issue(&claims).unwrap();
    assert_eq!(tokens.verify(token.expose(), at(NOW)), Ok(claims));
}

#[test]
fn a_token_holds_until_it_expires() {
    let tokens = tokens();
    let token = issued(&tokens);
    for (seconds, holds) in [(NOW, true), (NOW + 899, true), (NOW + 900, false), (NOW + 901, false)]
    {
        assert_eq!(tokens.verify(&token, at(seconds)).is_ok(), holds, "{seconds}");
    }
}

#[test]
fn a_token_from_the_future_holds_for_a_minute_of_skew_at_most() {
    let tokens = tokens();
    let token = issued(&tokens);
    assert!(tokens.verify(&token, at(NOW - 60)).is_ok());
    assert_eq!(tokens.verify(&token, at(NOW - 61)), Err(Refused));
}

#[test]
fn a_retired_key_verifies_until_it_is_gone() {
    let old = SigningKey::generate();
    let bytes = old.to_pkcs8();
    let before = AccessTokens::new("https://api.example.com", "shop", vec![old]);
    let token = issued(&before);
    let old = || SigningKey::from_pkcs8(bytes.expose()).unwrap();
    let keys = vec![SigningKey::generate(), old()];
    let during = AccessTokens::new("https://api.example.com", "shop", keys);
    assert!(during.verify(&token, at(NOW)).is_ok());
    assert!(before.verify(&issued(&during), at(NOW)).is_err(), "the new key signs");
    assert_eq!(tokens().verify(&token, at(NOW)), Err(Refused));
}

#[test]
fn without_keys_nothing_is_issued_and_nothing_valid() {
    let none = AccessTokens::new("https://api.example.com", "shop", Vec::new());
    let claims = none.claims("account-1", Uuid::from_u128(5), at(NOW), 900);
    assert!(none.issue(&claims).is_none());
    assert_eq!(none.verify(&issued(&tokens()), at(NOW)), Err(Refused));
    assert_eq!(none.jwks(), json!({ "keys": [] }));
}

#[test]
fn headers_other_than_ours_are_refused_even_with_our_signature() {
    let tokens = tokens();
    let kid = tokens.keys[0].kid().to_owned();
    let jwk = tokens.keys[0].jwk();
    let ours = format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{kid}"}}"#);
    assert!(tokens.verify(&with_header(&tokens, &ours), at(NOW)).is_ok());
    let headers = [
        format!(r#"{{"alg":"none","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"None","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"RS256","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"ES384","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"es256","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":["ES256"],"typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":null,"typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#),
        r#"{"alg":"ES256","typ":"JWT"}"#.to_owned(),
        r#"{"alg":"ES256","typ":"JWT","kid":null}"#.to_owned(),
        r#"{"alg":"ES256","typ":"JWT","kid":"unknown"}"#.to_owned(),
        r#"{"alg":"ES256","typ":"JWT","kid":"../../../../dev/null"}"#.to_owned(),
        r#"{"alg":"ES256","typ":"JWT","kid":"x' UNION SELECT 'secret"}"#.to_owned(),
        format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{kid}","jku":"https://evil.example/jwks"}}"#),
        format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{kid}","x5u":"https://evil.example/x5"}}"#),
        format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{kid}","jwk":{jwk}}}"#),
        format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{kid}","crit":["exp"]}}"#),
        format!(r#"{{"alg":"none","alg":"ES256","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{kid}","kid":"{kid}"}}"#),
        format!(r#" {{"alg":"ES256","typ":"JWT","kid":"{kid}"}}"#),
        String::new(),
        "[]".to_owned(),
    ];
    for header in headers {
        let token = with_header(&tokens, &header);
        assert_eq!(tokens.verify(&token, at(NOW)), Err(Refused), "{header}");
    }
}

#[test]
fn the_public_key_does_not_work_as_a_shared_secret() {
    let tokens = tokens();
    let kid = tokens.keys[0].kid().to_owned();
    let point = tokens.keys[0].pair.public_key().as_ref().to_vec();
    let secrets = [point.clone(), tokens.jwks().to_string().into_bytes(), Vec::new()];
    for alg in ["HS256", "ES256"] {
        for secret in &secrets {
            let header = format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"{kid}"}}"#);
            let header = encoding::encode(header.as_bytes());
            let message = format!("{header}.{}", encoding::encode(claims_text().as_bytes()));
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            let tag = hmac::sign(&key, message.as_bytes());
            let token = format!("{message}.{}", encoding::encode(tag.as_ref()));
            assert_eq!(tokens.verify(&token, at(NOW)), Err(Refused), "{alg}");
        }
    }
}

#[test]
fn a_key_of_somebody_else_does_not_pass_as_ours() {
    let (ours, theirs) = (tokens(), tokens());
    let mut token = issued(&theirs);
    assert_eq!(ours.verify(&token, at(NOW)), Err(Refused));
    // The same with the name of our key in front.
    let rest = token.split_off(token.find('.').unwrap());
    let token = format!("{}{rest}", ours.keys[0].header);
    assert_eq!(ours.verify(&token, at(NOW)), Err(Refused));
}

#[test]
fn claims_that_are_absent_null_double_or_of_another_type_are_refused() {
    let tokens = tokens();
    let good = claims_text();
    assert!(tokens.verify(&with_claims(&tokens, &good), at(NOW)).is_ok());
    let (iat, exp) = (format!(r#""iat":{NOW}"#), format!(r#","exp":{}"#, NOW + 900));
    let changes = [
        (exp.as_str(), r#","exp":null"#),
        (&exp, r#","exp":"9999999999""#),
        (&exp, r#","exp":9999999999.5"#),
        (&exp, r#","exp":1e400"#),
        (&exp, r#","exp":99999999999999999999"#),
        (&exp, r#","exp":true"#),
        (&exp, r#","exp":[9999999999]"#),
        (&exp, r#","exp":-1"#),
        (&exp, ""),
        (&exp, r#","exp":9999999999,"exp":9999999999"#),
        (&iat, r#""iat":null"#),
        (&iat, r#""iat":9223372036854775807"#),
        (&iat, r#""iat":1700000061"#),
        (r#""aud":"shop""#, r#""aud":"other""#),
        (r#""aud":"shop""#, r#""aud":["shop"]"#),
        (r#""aud":"shop""#, r#""aud":null"#),
        (r#""aud":"shop","#, ""),
        (r#""aud":"shop""#, r#""aud":"Shop""#),
        (r#""aud":"shop""#, r#""aud":"other","aud":"shop""#),
        ("https://api.example.com", "https://api.example.com/"),
        ("https://api.example.com", "http://api.example.com"),
        ("https://api.example.com", "https://api.example.com.evil.example"),
        (r#""iss":"https://api.example.com","#, ""),
        (r#""sub":"account-1","#, ""),
        (r#""sub":"account-1""#, r#""sub":{}"#),
        (r#""sub":"account-1""#, r#""sub":"account-1","sub":"account-2""#),
        (r#""sid":"0"#, r#""sid":"{0"#),
        ("0000-0000-000000000005", "0000-0000-00000000000G"),
        ("00000000-0000-0000-0000-000000000005", "00000000000000000000000000000005"),
        ("{", "[{"),
        ("}", "} {}"),
    ];
    for (from, to) in changes {
        let payload = good.replacen(from, to, 1);
        assert_ne!(payload, good, "{from} stands in the claims");
        let token = with_claims(&tokens, &payload);
        assert_eq!(tokens.verify(&token, at(NOW)), Err(Refused), "{payload}");
    }
}

#[test]
fn a_claim_of_a_later_version_is_not_read() {
    let tokens = tokens();
    let payload = claims_text().replacen('{', r#"{"later":{"a":[1]},"#, 1);
    assert!(tokens.verify(&with_claims(&tokens, &payload), at(NOW)).is_ok());
}

#[test]
fn every_change_of_one_character_is_refused() {
    let tokens = tokens();
    let token = issued(&tokens);
    for at_byte in 0..token.len() {
        for put in *b"AZaz09-_.= {" {
            let mut changed = token.clone().into_bytes();
            if changed[at_byte] == put {
                continue;
            }
            changed[at_byte] = put;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(tokens.verify(&changed, at(NOW)), Err(Refused), "{changed}");
        }
    }
}

#[test]
fn spare_bits_of_a_part_are_not_ignored() {
    let tokens = tokens();
    let token = issued(&tokens);
    let (start, last) = token.split_at(token.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let accepted: Vec<char> = alphabet
        .chars()
        .filter(|last| tokens.verify(&format!("{start}{last}"), at(NOW)).is_ok())
        .collect();
    assert_eq!(accepted, last.chars().collect::<Vec<_>>());
}

#[test]
fn texts_of_another_shape_are_refused() {
    let tokens = tokens();
    let token = issued(&tokens);
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    let texts = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        header.to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}{payload}{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{payload}.{header}.{signature}"),
        format!("{token}."),
        format!("{token}.{signature}"),
        format!(".{token}"),
        format!("{token}A"),
        format!("{token}="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("Bearer {token}"),
        token[..token.len() - 1].to_owned(),
        token.to_lowercase(),
        token.to_uppercase(),
        format!("{header}.{payload}.{}", signature.to_lowercase()),
        format!("{header}.{}.{signature}", payload.to_lowercase()),
        // DER signatures are not those of RFC 7518, and neither are empty or zero ones.
        format!("{header}.{payload}.{}", encoding::encode(&[0; 64])),
        format!("{header}.{payload}.{}", encoding::encode(&[0; 63])),
        format!("{header}.{payload}.{}", encoding::encode(&[0xff; 64])),
    ];
    for text in texts {
        assert_eq!(tokens.verify(&text, at(NOW)), Err(Refused), "{text}");
    }
}

#[test]
fn a_token_beyond_the_bound_is_refused_unread() {
    let tokens = tokens();
    let padded = |n_bytes: usize| {
        let filler = "x".repeat(n_bytes);
        with_claims(&tokens, &claims_text().replacen('{', &format!(r#"{{"f":"{filler}","#), 1))
    };
    let fits = padded(2_600);
    assert!(fits.len() <= TOKEN_BYTES_MAX);
    assert!(tokens.verify(&fits, at(NOW)).is_ok());
    let exceeds = padded(2_900);
    assert!(exceeds.len() > TOKEN_BYTES_MAX);
    assert_eq!(tokens.verify(&exceeds, at(NOW)), Err(Refused));
}

#[test]
fn the_thumbprint_and_the_set_are_those_of_the_key() {
    let key = SigningKey::generate();
    let again = SigningKey::from_pkcs8(key.to_pkcs8().expose()).unwrap();
    assert_eq!(again.jwk(), key.jwk());
    assert_eq!(key.kid().len(), 43);
    assert_ne!(SigningKey::generate().kid(), key.kid());
    let jwk = key.jwk();
    for (name, value) in [("kty", "EC"), ("crv", "P-256"), ("use", "sig"), ("alg", "ES256")] {
        assert_eq!(jwk[name], value);
    }
    assert!(jwk.get("d").is_none(), "the private part stays here");
    let x = encoding::decode_exactly::<32>(jwk["x"].as_str().unwrap()).unwrap();
    let y = encoding::decode_exactly::<32>(jwk["y"].as_str().unwrap()).unwrap();
    let point = [&[4], x.as_slice(), &y].concat();
    assert_eq!(point, key.pair.public_key().as_ref());
}

#[test]
fn what_is_no_key_is_none() {
    assert!(SigningKey::from_pkcs8(&[]).is_none());
    let mut bytes = SigningKey::generate().to_pkcs8().expose().clone();
    bytes.truncate(40);
    assert!(SigningKey::from_pkcs8(&bytes).is_none());
}

#[test]
fn a_key_does_not_print_itself() {
    let key = SigningKey::generate();
    let printed = format!("{:?} {:?}", key, key.to_pkcs8());
    assert!(printed.contains(key.kid()) && printed.contains("[secret]"), "{printed}");
    assert!(printed.len() < 120, "{printed}");
}
