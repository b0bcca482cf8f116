//! A login that waits for its code: everything needed to go on in another process.

use std::fmt;

use domain::region::Region;
use domain::upstream::Upstream;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::jar::Jar;
use crate::protocol::{Disguise, Flow};
use crate::session::MalformedSession;

/// How Garmin delivers the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MfaMethod {
    Email,
    Sms,
    /// An authenticator app; nothing is sent.
    Totp,
    /// A method this crate does not know. The code is verified all the same.
    Other,
}

/// A login whose password was accepted, or at least not yet refused: Garmin also asks for a
/// code after a wrong password, and then sends none. As sensitive as a password.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingMfa {
    pub(super) region: Region,
    pub(super) flow: Flow,
    /// Exactly as Garmin wrote it, because it wants it back that way.
    pub(super) method: String,
    /// Where the code went, masked by Garmin.
    pub(super) sent_to: Option<String>,
    pub(super) disguise: Disguise,
    pub(super) jar: Jar,
    pub(super) widget: Option<WidgetPage>,
}

/// What the widget's code form needs besides the cookies.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WidgetPage {
    pub(super) csrf: String,
    /// Path and query of the page that shows the form.
    pub(super) target: String,
}

/// The stored form. The names follow the state other clients write, as far as it is theirs.
#[derive(Serialize, Deserialize)]
struct Stored {
    domain: String,
    flow: Flow,
    method: String,
    #[serde(default)]
    sent_to: Option<String>,
    service_url: String,
    disguise: Disguise,
    #[serde(default)]
    widget: Option<WidgetPage>,
    cookies: Jar,
}

impl PendingMfa {
    #[must_use]
    pub fn method(&self) -> MfaMethod {
        match self.method.to_ascii_lowercase().as_str() {
            "email" => MfaMethod::Email,
            "sms" => MfaMethod::Sms,
            "totp" => MfaMethod::Totp,
            _ => MfaMethod::Other,
        }
    }

    /// Where Garmin sent the code, as far as it says so; masked by Garmin.
    #[must_use]
    pub fn sent_to(&self) -> Option<&str> {
        self.sent_to.as_deref()
    }

    /// JSON for sealing.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let stored = Stored {
            domain: self.region.domain().to_owned(),
            flow: self.flow,
            method: self.method.clone(),
            sent_to: self.sent_to.clone(),
            service_url: self.flow.service_url(self.region),
            disguise: self.disguise,
            widget: self.widget.clone(),
            cookies: self.jar.clone(),
        };
        // Room for any sign-in seen yet, so that the buffer does not move with secrets in it.
        let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
        let written = serde_json::to_writer(&mut *bytes, &stored);
        debug_assert!(written.is_ok(), "strings and numbers always serialise");
        bytes
    }

    /// Opens what [`Self::to_bytes`] wrote, for the same region only.
    pub fn from_bytes(bytes: &[u8], upstream: &Upstream) -> Result<Self, MalformedSession> {
        let stored: Stored =
            serde_json::from_slice(bytes).map_err(|_| MalformedSession::NotOurs)?;
        let region = upstream.region;
        if stored.domain != region.domain() {
            return Err(MalformedSession::OtherRegion);
        }
        let page_is_right = match (stored.flow, &stored.widget) {
            (Flow::Widget, Some(page)) => !page.csrf.is_empty() && page.target.starts_with('/'),
            (Flow::Mobile | Flow::Portal, None) => true,
            (Flow::Widget, None) | (Flow::Mobile | Flow::Portal, Some(_)) => false,
        };
        let sound = page_is_right
            && !stored.method.is_empty()
            && stored.service_url == stored.flow.service_url(region)
            && stored.cookies.belongs_to(region.domain(), upstream.sso.host());
        if !sound {
            return Err(MalformedSession::NotOurs);
        }
        Ok(Self {
            region,
            flow: stored.flow,
            method: stored.method,
            sent_to: stored.sent_to,
            disguise: stored.disguise,
            jar: stored.cookies,
            widget: stored.widget,
        })
    }
}

impl fmt::Debug for PendingMfa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingMfa")
            .field("region", &self.region)
            .field("flow", &self.flow)
            .field("method", &self.method())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(flow: Flow) -> PendingMfa {
        PendingMfa {
            region: Region::Global,
            flow,
            method: "email".into(),
            sent_to: Some("j***@example.org".into()),
            disguise: Disguise::pick(1),
            jar: Jar::default(),
            widget: (flow == Flow::Widget)
                .then(|| WidgetPage { csrf: "c".into(), target: "/sso/verifyMFA".into() }),
        }
    }

    fn global() -> Upstream {
        Upstream::garmin(Region::Global)
    }

    #[test]
    fn a_pending_login_is_the_same_in_another_process() {
        for flow in Flow::ORDER {
            let pending = pending(flow);
            let opened = PendingMfa::from_bytes(&pending.to_bytes(), &global()).unwrap();
            assert_eq!(opened, pending);
            assert_eq!(opened.method(), MfaMethod::Email);
            assert_eq!(opened.sent_to(), Some("j***@example.org"));
        }
    }

    #[test]
    fn another_region_another_service_or_a_missing_form_token_is_refused() {
        let open = |text: &str| PendingMfa::from_bytes(text.as_bytes(), &global()).unwrap_err();
        let bytes = pending(Flow::Widget).to_bytes();
        let china = Upstream::garmin(Region::China);
        assert_eq!(
            PendingMfa::from_bytes(&bytes, &china).unwrap_err(),
            MalformedSession::OtherRegion
        );
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        for (from, to) in [
            ("sso/embed", "sso/evil"),
            (r#""csrf":"c""#, r#""csrf":"""#),
            (r#""method":"email""#, r#""method":"""#),
            (r#""flow":"widget""#, r#""flow":"ios""#),
            (r#""target":"/"#, r#""target":"@evil/"#),
        ] {
            assert!(text.contains(from), "{text}");
            assert_eq!(open(&text.replace(from, to)), MalformedSession::NotOurs, "{from}");
        }
        for text in ["", "null", "[]", "{}"] {
            assert_eq!(open(text), MalformedSession::NotOurs);
        }
    }

    #[test]
    fn cookies_of_another_domain_are_refused() {
        let text = String::from_utf8(pending(Flow::Mobile).to_bytes().to_vec()).unwrap();
        let foreign = r#""cookies":[{"name":"a","value":"b","domain":"evil.com","path":"/","secure":true,"expires":null,"domain_specified":true}]"#;
        let text = text.replace(r#""cookies":[]"#, foreign);
        assert!(text.contains("evil.com"));
        assert_eq!(
            PendingMfa::from_bytes(text.as_bytes(), &global()).unwrap_err(),
            MalformedSession::NotOurs
        );
    }
}
