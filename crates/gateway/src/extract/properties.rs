//! What is read from a request, compared with simple models of it.

use std::fmt::Write;
use std::net::IpAddr;

use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::entropy::CountingEntropy;
use domain::origin::Origin;
use domain::token::{Browser, Token};
use http::header::{AUTHORIZATION, COOKIE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ipnet::IpNet;
use proptest::prelude::*;

use super::client_auth::Presented;
use super::client_ip::ClientIp;
use super::cookie;
use super::form::{Params, Repeated};

/// Percent-encodes what `encode` picks, and everything a form must.
fn form_encode(text: &str, encode: &[bool]) -> String {
    let choices = encode.iter().copied().chain(std::iter::repeat(false));
    let mut encoded = String::new();
    for (byte, always) in text.bytes().zip(choices) {
        match byte {
            b' ' if !always => encoded.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' if !always => {
                encoded.push(char::from(byte));
            }
            _ => write!(encoded, "%{byte:02X}").unwrap(),
        }
    }
    encoded
}

fn basic(credentials: impl AsRef<[u8]>) -> HeaderMap {
    let text = format!("Basic {}", STANDARD.encode(credentials));
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::try_from(text).unwrap())])
}

fn lines(name: &HeaderName, lines: &[String]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, HeaderValue::try_from(line).unwrap());
    }
    headers
}

/// An entry of `X-Forwarded-For`, and what it means.
fn forwarded() -> impl Strategy<Value = (String, Option<IpAddr>)> {
    let address = prop_oneof![
        (0_u8..4).prop_map(|last| IpAddr::from([10, 0, 0, last])),
        (0_u8..4).prop_map(|last| IpAddr::from([192, 0, 2, last])),
        (0_u16..4).prop_map(|last| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last])),
    ];
    let good = (address, 0_u8..3).prop_map(|(address, form)| {
        let text = match (form, address) {
            (0, IpAddr::V6(_)) => format!("[{address}]:4711"),
            (0, IpAddr::V4(_)) => format!("{address}:4711"),
            (1, IpAddr::V4(_)) => format!("::ffff:{address}"),
            (_, _) => address.to_string(),
        };
        (text, Some(address))
    });
    let junk =
        prop::sample::select(vec!["", "unknown", "_x", "fe80::1%eth0", "1.2.3", "10.0.0.1:x"]);
    prop_oneof![4 => good, 1 => junk.prop_map(|text| (text.to_owned(), None))]
}

proptest! {
    #[test]
    fn t51_basic_credentials_survive_their_encoding(
        id in "[!-~]{1,40}",
        secret in "\\PC{0,40}",
        encode in prop::collection::vec(any::<bool>(), 0..120),
    ) {
        let pair = format!("{}:{}", form_encode(&id, &encode), form_encode(&secret, &encode));
        let presented = Presented::read(&basic(pair), &Params::parse(b"")).unwrap();
        prop_assert_eq!(presented.id.as_str(), id);
        let read = presented.secret.as_ref().map(|secret| secret.as_str());
        prop_assert_eq!(read, Some(secret.as_str()).filter(|secret| !secret.is_empty()));
    }

    #[test]
    fn sec037_whatever_is_no_pair_of_credentials_is_refused_as_such(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        header in "[Bb]asic ?[!-~]{0,30}",
    ) {
        let pair = std::str::from_utf8(&bytes).ok().and_then(|text| text.split_once(':'));
        let torn = |text: &str| {
            text.match_indices('%').any(|(at, _)| {
                let digits = text.as_bytes().get(at + 1..at + 3).unwrap_or_default();
                digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit)
            })
        };
        match Presented::read(&basic(&bytes), &Params::parse(b"")) {
            Ok(_) => prop_assert!(pair.is_some_and(|(id, secret)| !torn(id) && !torn(secret))),
            Err(error) => {
                prop_assert_eq!(error.status, StatusCode::UNAUTHORIZED);
                let answer = error.into_response();
                prop_assert!(answer.headers().contains_key(WWW_AUTHENTICATE), "names no way");
            }
        }
        let headers = lines(&AUTHORIZATION, &[header]);
        if let Err(error) = Presented::read(&headers, &Params::parse(b"")) {
            prop_assert_eq!(error.status, StatusCode::UNAUTHORIZED);
        }
    }

    #[test]
    fn t9_t10_sec027_a_form_is_read_as_it_was_written_and_repetition_is_noticed(
        pairs in prop::collection::vec(("[ab%+ é]{1,2}", "[ -~é]{0,3}"), 0..6),
        encode in prop::collection::vec(any::<bool>(), 0..8),
    ) {
        let body: Vec<String> = pairs
            .iter()
            .map(|(name, value)| {
                format!("{}={}", form_encode(name, &encode), form_encode(value, &encode))
            })
            .collect();
        let params = Params::parse(body.join("&").as_bytes());
        for (name, _) in &pairs {
            let values: Vec<&str> =
                pairs.iter().filter(|(ours, _)| ours == name).map(|(_, value)| &**value).collect();
            let expected = match values[..] {
                [value] => Ok(Some(value).filter(|value| !value.is_empty())),
                _ => Err(Repeated),
            };
            prop_assert_eq!(params.one(name), expected);
            prop_assert!(params.has(name));
            let filled: Vec<&str> = values.into_iter().filter(|value| !value.is_empty()).collect();
            prop_assert_eq!(params.all(name).collect::<Vec<_>>(), filled);
        }
        prop_assert_eq!(params.one("absent"), Ok(None));
        let repeats = |except: &str| {
            let names: Vec<&String> =
                pairs.iter().map(|(name, _)| name).filter(|name| *name != except).collect();
            names.iter().enumerate().any(|(at, name)| names[..at].contains(name))
        };
        prop_assert_eq!(params.repeats("a"), repeats("a"));
        prop_assert_eq!(params.repeats("absent"), repeats("absent"));
    }

    #[test]
    fn sec072_the_rightmost_entry_nobody_vouches_for_is_the_client(
        entries in prop::collection::vec(forwarded(), 0..6),
        breaks in prop::collection::vec(any::<bool>(), 6),
        from_proxy in any::<bool>(),
    ) {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let peer: IpAddr = if from_proxy { [10, 9, 9, 9] } else { [203, 0, 113, 9] }.into();
        // The same list in one header line or in several.
        let mut written = vec![String::new()];
        for ((text, _), new_line) in entries.iter().zip(breaks) {
            match written.last_mut() {
                Some(line) if !new_line => {
                    if !line.is_empty() {
                        line.push_str(", ");
                    }
                    line.push_str(text);
                }
                Some(_) | None => written.push(text.clone()),
            }
        }
        // An empty entry at the front of a line disappears in writing; leave such lists out.
        let reread = written.iter().flat_map(|line| line.split(',')).map(str::trim);
        prop_assume!(reread.filter(|entry| !entry.is_empty()).count() == entries.len());
        let mut expected = peer;
        if from_proxy {
            for (_, address) in entries.iter().rev() {
                let Some(address) = address else { break };
                expected = *address;
                if !trusted[0].contains(address) {
                    break;
                }
            }
        }
        written.retain(|line| !line.is_empty());
        let headers = lines(&HeaderName::from_static("x-forwarded-for"), &written);
        prop_assert_eq!(ClientIp::of(peer, &headers, &trusted).0, expected, "{:?}", written);
    }

    #[test]
    fn sec058_a_cookie_counts_only_whole_and_alone(
        others in prop::collection::vec("[a-z_]{1,8}=[!-+.-:<-~]{0,8}", 0..4),
        copies in 0_usize..3,
        at in any::<prop::sample::Index>(),
        damage in prop::option::of((0_usize..60, "[!-+.-:<-~]")),
        split in any::<bool>(),
    ) {
        let origin = Origin::parse("https://garmin.example.org").unwrap();
        let browser = Token::<Browser>::generate(&CountingEntropy::default());
        let mut value = browser.reveal().to_owned();
        if let Some((place, with)) = &damage {
            let place = place % value.len();
            value.replace_range(place..=place, with);
        }
        let mut pairs = others;
        for _ in 0..copies {
            pairs.insert(at.index(pairs.len() + 1), format!("__Host-garmin-gateway={value}"));
        }
        let written = if split { pairs } else { vec![pairs.join("; ")] };
        let read = cookie::read(&origin, &lines(&COOKIE, &written));
        let good = Token::<Browser>::parse(&value).is_ok();
        prop_assert_eq!(read.is_some(), copies == 1 && good, "{:?}", written);
        if let Some(read) = read {
            prop_assert_eq!(read.reveal(), value);
        }
    }
}
