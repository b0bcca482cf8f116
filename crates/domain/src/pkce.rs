//! Proof Key for Code Exchange (RFC 7636): S256, and only S256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The SHA-256 a client commits to when it asks for authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge([u8; 32]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an S256 code challenge: 43 characters of base64url without padding")]
pub struct MalformedChallenge;

impl Challenge {
    pub fn parse(text: &str) -> Result<Self, MalformedChallenge> {
        let raw = URL_SAFE_NO_PAD.decode(text).map_err(|_| MalformedChallenge)?;
        raw.try_into().map(Self).map_err(|_| MalformedChallenge)
    }

    /// The form it was received in.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Whether `verifier` is well formed (RFC 7636 §4.1) and what was committed to.
    #[must_use]
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let unreserved =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
        well_formed && bool::from(Sha256::digest(verifier).as_slice().ct_eq(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_vector_of_the_rfc_holds() {
        let challenge = Challenge::parse(CHALLENGE).unwrap();
        assert!(challenge.is_met_by(VERIFIER));
        assert_eq!(challenge.encode(), CHALLENGE);
    }

    #[test]
    fn another_or_a_malformed_verifier_does_not_meet_it() {
        let challenge = Challenge::parse(CHALLENGE).unwrap();
        for bad in ["", "short", &VERIFIER[..42], &format!("{VERIFIER}="), CHALLENGE] {
            assert!(!challenge.is_met_by(bad), "{bad}");
        }
        assert!(!challenge.is_met_by(&"a".repeat(129)));
    }

    #[test]
    fn what_is_not_43_characters_of_base64url_is_no_challenge() {
        for bad in ["", "abc", &format!("{CHALLENGE}="), &CHALLENGE[..42], &format!("{CHALLENGE}A")]
        {
            assert_eq!(Challenge::parse(bad), Err(MalformedChallenge), "{bad}");
        }
    }

    /// RFC 7636 §4.1, spelled out a second time.
    fn may_be_a_verifier(text: &str) -> bool {
        let length = text.chars().count();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        (43..=128).contains(&length) && text.chars().all(allowed)
    }

    proptest! {
        #[test]
        fn t43_t44_sec022_a_challenge_is_met_by_its_own_verifier_and_no_other(
            verifier in "[A-Za-z0-9._~-]{40,131}",
            other in "[A-Za-z0-9._~-]{43,128}",
        ) {
            let text = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
            let challenge = Challenge::parse(&text).unwrap();
            prop_assert_eq!(challenge.is_met_by(&verifier), may_be_a_verifier(&verifier));
            prop_assert!(other == verifier || !challenge.is_met_by(&other));
            // `plain` would compare the challenge with itself.
            prop_assert!(!challenge.is_met_by(&text));
        }

        #[test]
        fn sec021_sec022_whatever_is_sent_as_a_verifier_is_answered(
            verifier in "\\PC{0,140}|.{43}",
        ) {
            let challenge = Challenge(Sha256::digest(&verifier).into());
            prop_assert_eq!(challenge.is_met_by(&verifier), may_be_a_verifier(&verifier));
        }

        #[test]
        fn t14_sec021_only_43_characters_in_their_one_spelling_are_a_challenge(
            text in "[A-Za-z0-9_-]{41,45}|[A-Za-z0-9_-]{42}[=+/. é]|\\PC{0,60}|[A-Za-z0-9_-]{129}",
        ) {
            let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            // 43 characters carry two bits more than a digest: they are zero.
            let spare = text.chars().last().and_then(|last| alphabet.find(last)).map(|at| at % 4);
            let known = text.chars().all(|c| alphabet.contains(c));
            let parsed = Challenge::parse(&text);
            prop_assert_eq!(parsed.is_ok(), text.len() == 43 && known && spare == Some(0));
            if let Ok(challenge) = parsed {
                prop_assert_eq!(challenge.encode(), text);
            }
        }
    }
}
