//! How Garmin knows an account. Used for lookup only, never printed.

use std::fmt;

use zeroize::Zeroizing;

/// An e-mail address as a person signs in with it: trimmed and lower-cased.
///
/// There is no `Display`; the two ways out are named for their purpose.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginEmail(Zeroizing<String>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct MalformedEmail;

impl LoginEmail {
    /// RFC 5321 §4.5.3.1.3: a path is at most 256 octets with its angle brackets.
    const MAX_LEN: usize = 254;

    /// Accepts what could be an address; whether it is one only Garmin knows.
    pub fn parse(text: &str) -> Result<Self, MalformedEmail> {
        // In lower case before it is measured: some letters grow.
        let text = Zeroizing::new(text.trim().to_lowercase());
        let (local, host) = text.rsplit_once('@').ok_or(MalformedEmail)?;
        let clean = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        if clean && !local.is_empty() && !host.is_empty() && text.len() <= Self::MAX_LEN {
            Ok(Self(text))
        } else {
            Err(MalformedEmail)
        }
    }

    /// The address, for the request that signs in at Garmin and for the blind index.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LoginEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginEmail(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_differences_are_one_address() {
        let email = LoginEmail::parse("  Runner@Example.COM ").unwrap();
        assert_eq!(email, LoginEmail::parse("runner@example.com").unwrap());
        assert_eq!(email.reveal(), "runner@example.com");
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        for bad in ["", "runner", "@example.com", "runner@", "a b@c.d", "a\u{7}@c.d"] {
            assert_eq!(LoginEmail::parse(bad), Err(MalformedEmail), "{bad:?}");
        }
        assert!(LoginEmail::parse(&format!("{}@example.com", "x".repeat(250))).is_err());
    }

    #[test]
    fn an_address_reads_itself_whatever_its_letters_do_in_lower_case() {
        let growing = format!("{}@example.com", "\u{23a}".repeat(121));
        assert!(growing.len() <= 254 && LoginEmail::parse(&growing).is_err());
        let fitting = LoginEmail::parse("\u{23a}@Example.com").unwrap();
        assert_eq!(LoginEmail::parse(fitting.reveal()).unwrap().reveal(), fitting.reveal());
    }

    #[test]
    fn debug_output_hides_the_address() {
        let email = LoginEmail::parse("runner@example.com").unwrap();
        assert!(!format!("{email:?}").contains("runner"));
    }
}
