//! `SIGN_IN_ALLOW`: who may connect an account.
//!
//! It is asked at every sign-in, before anything goes to Garmin, and at nothing else: to take
//! somebody off the list ends no connection, and neither do their renewals ask again. A typing
//! error in a setting must not cost everybody their connections; `revoke` and `forget` end them.

use domain::email::LoginEmail;

pub(super) const ACCEPTS: &str =
    "e-mail addresses and domains separated by commas, such as runner@example.org,@club.example";

/// Who may sign in here. Names people, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum SignInAllow {
    Everyone,
    Only(Vec<Allowed>),
}

#[derive(Clone, PartialEq, Eq)]
pub enum Allowed {
    Address(LoginEmail),
    /// Everybody whose address ends in `@` and this.
    Domain(String),
}

impl SignInAllow {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everyone);
        }
        let one = |word: &str| match word.trim_start_matches('*').strip_prefix('@') {
            Some(domain) if !domain.is_empty() && !domain.contains('@') => {
                Some(Allowed::Domain(domain.to_lowercase()))
            }
            Some(_) => None,
            None => LoginEmail::parse(word).ok().map(Allowed::Address),
        };
        let entries = super::vars::words(text).map(one).collect::<Option<Vec<_>>>()?;
        (!entries.is_empty()).then_some(Self::Only(entries))
    }

    #[must_use]
    pub fn allows(&self, email: &LoginEmail) -> bool {
        match self {
            Self::Everyone => true,
            Self::Only(entries) => entries.iter().any(|entry| match entry {
                Allowed::Address(address) => address == email,
                Allowed::Domain(domain) => {
                    email.reveal().rsplit_once('@').is_some_and(|(_, host)| host == domain)
                }
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_whole_domains_can_be_let_in() {
        let allow = SignInAllow::parse("Runner@Example.org, @club.example").unwrap();
        let allows = |text| allow.allows(&LoginEmail::parse(text).unwrap());
        assert!(allows("runner@example.org") && allows("anyone@CLUB.example"));
        assert!(!allows("other@example.org") && !allows("x@evil-club.example"));
        assert!(!allows("x@sub.club.example"));
    }

    #[test]
    fn a_list_that_names_nobody_is_refused() {
        for bad in [",", "runner", "@", "@a@b"] {
            assert!(SignInAllow::parse(bad).is_none(), "{bad}");
        }
        assert!(SignInAllow::parse("*").unwrap() == SignInAllow::Everyone);
    }
}
