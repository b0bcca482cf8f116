//! Tokens by which a person's "yes" is tied to what they were shown.
//!
//! A token is a message authentication code over the account (by the key), the tool, its exact
//! arguments and the end of ten minutes. So it needs no memory: it outlives the worker that
//! gave it out, and another node's worker accepts it. `confirm: true` is accepted as well, for
//! hosts that put every call before their person anyway; `garmin_mcp`'s own argument is a bool.
//! Using a token twice does what a second call would do: the journal answers for both.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::token::Pepper;
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::text::hex;

const VALID_FOR: Duration = Duration::from_mins(10);
/// Bytes of the code that are kept.
const KEPT: usize = 16;

/// What a call asks for, in a few letters: the same for the same tool and arguments, whatever
/// their order. Says nothing about them without the account's key.
pub(super) fn digest(key: &Pepper, tool: &str, args: &Value) -> String {
    // Keys of an object are sorted: serde_json keeps them in a tree.
    hex(&key.mac(format!("request\0{tool}\0{args}").as_bytes())[..KEPT])
}

pub(super) fn token(key: &Pepper, digest: &str, now: Timestamp) -> String {
    sealed(key, digest, now.plus(VALID_FOR).0)
}

/// Whether the token was given out for this request, and not long ago.
pub(super) fn accepts(key: &Pepper, digest: &str, now: Timestamp, token: &str) -> bool {
    let end = token.split_once('-').and_then(|(end, _)| i64::from_str_radix(end, 16).ok());
    end.is_some_and(|end| {
        let right = sealed(key, digest, end);
        end > now.0
            && end <= now.plus(VALID_FOR).0
            && bool::from(right.as_bytes().ct_eq(token.as_bytes()))
    })
}

fn sealed(key: &Pepper, digest: &str, end: i64) -> String {
    let code = key.mac(format!("confirm\0{digest}\0{end}").as_bytes());
    format!("{end:x}-{}", hex(&code[..KEPT]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn a_token_is_good_for_its_account_tool_and_arguments_and_ten_minutes() {
        let [key, other] = [[1; 32], [2; 32]].map(|raw| Pepper::new(Zeroizing::new(raw)));
        let now = Timestamp(1_790_000_000);
        let request = |key: &Pepper, tool: &str, id: i32| digest(key, tool, &json!({ "id": id }));
        let asked = request(&key, "delete", 7);
        let token = token(&key, &asked, now);
        let late = |secs| now.plus(Duration::from_secs(secs));
        assert!(accepts(&key, &asked, now, &token) && accepts(&key, &asked, late(599), &token));
        assert!(!accepts(&key, &asked, late(600), &token));
        assert!(!accepts(&key, &request(&key, "delete", 8), now, &token));
        assert!(!accepts(&key, &request(&key, "clear", 7), now, &token));
        assert!(!accepts(&other, &request(&other, "delete", 7), now, &token));
        for forged in ["", "-", "true", "ffffffffff-00", &token[1..], &format!("{token}0")] {
            assert!(!accepts(&key, &asked, now, forged), "{forged}");
        }
    }

    #[test]
    fn the_order_of_arguments_means_nothing() {
        let key = Pepper::new(Zeroizing::new([1; 32]));
        let of = |text: &str| digest(&key, "t", &serde_json::from_str(text).unwrap());
        assert_eq!(of(r#"{"a":1,"b":{"c":2,"d":3}}"#), of(r#"{"b":{"d":3,"c":2},"a":1}"#));
        assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":2}"#));
    }
}
