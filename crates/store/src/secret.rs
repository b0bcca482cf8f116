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
    #[error("repeats itself too much; make a secret with `openssl rand -base64 48`")]
    Repetitive,
}

impl GatewaySecret {
    pub const MIN_CHARS: usize = 32;
    /// A shorter alphabet in 32 or more characters is somebody leaning on a key.
    const MIN_DISTINCT: usize = 8;

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
        let mut distinct: Vec<char> = text.chars().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < Self::MIN_DISTINCT {
            return Err(BadSecret::Repetitive);
        }
        Ok(Self(text.into()))
    }

    pub(crate) fn reveal(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// Words that example files use and random text does not contain.
fn is_placeholder(text: &str) -> bool {
    let plain: String =
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    ["changeme", "placeholder", "replacethis", "replaceme", "yoursecret", "gatewaysecret"]
        .iter()
        .any(|word| plain.contains(word))
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
    fn each_bad_secret_has_its_own_reason() {
        let refused = |text: &str| GatewaySecret::parse(text).unwrap_err();
        assert_eq!(refused("  "), BadSecret::Missing);
        assert_eq!(refused(&GOOD[..31]), BadSecret::TooShort);
        assert_eq!(refused("change-me"), BadSecret::Placeholder);
        assert_eq!(refused("CHANGE_ME_to_a_long_random_string_0123"), BadSecret::Placeholder);
        assert_eq!(refused(&"ab1".repeat(20)), BadSecret::Repetitive);
    }
}
