//! `GATEWAY_SECRET`: the one value without which the database is noise.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// The operator's secret, checked. Every stored key is wrapped under a key derived from it.
#[derive(Clone)]
pub struct GatewaySecret(SecretString);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    #[error("is not set; make one with `openssl rand -base64 48` and keep a copy elsewhere")]
    Missing,
    #[error("is too short: at least 32 characters; make one with `openssl rand -base64 48`")]
    TooShort,
    #[error("is still a placeholder; make a secret with `openssl rand -base64 48`")]
    Placeholder,
}

impl GatewaySecret {
    pub const MIN_CHARS: usize = 32;

    /// Surrounding white space is not part of the secret: files end with a line break.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BadSecret::Missing);
        }
        if is_placeholder(text) {
            return Err(BadSecret::Placeholder);
        }
        if text.chars().count() < Self::MIN_CHARS {
            return Err(BadSecret::TooShort);
        }
        Ok(Self(text.into()))
    }

    pub(crate) fn reveal(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// What example files put there, in the spellings of `change-me…`.
fn is_placeholder(text: &str) -> bool {
    let mut letters = text.chars().filter(char::is_ascii_alphanumeric);
    "changeme".chars().all(|letter| letters.next().is_some_and(|l| l.eq_ignore_ascii_case(&letter)))
}

impl fmt::Debug for GatewaySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GatewaySecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "vZq3n8Xw1LrT6yB0cPfK9sJdHaG4mUeR";

    #[test]
    fn a_random_secret_is_accepted_with_the_line_break_of_its_file() {
        let secret = GatewaySecret::parse(&format!("{GOOD}\n")).unwrap();
        assert_eq!(secret.reveal(), GOOD.as_bytes());
        assert!(!format!("{secret:?}").contains(GOOD));
    }

    #[test]
    fn a_secret_that_merely_reads_like_words_is_the_operators_choice() {
        for text in ["my-gateway-secret-for-tests-0123456789", &"x".repeat(64)] {
            assert!(GatewaySecret::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn rel60_each_bad_secret_has_its_own_reason() {
        let refused = |text: &str| GatewaySecret::parse(text).unwrap_err();
        assert_eq!(refused("  "), BadSecret::Missing);
        assert_eq!(refused(&GOOD[..31]), BadSecret::TooShort);
        assert_eq!(refused("change-me"), BadSecret::Placeholder);
        assert_eq!(refused("CHANGE_ME_to_a_long_random_string_0123"), BadSecret::Placeholder);
    }
}
