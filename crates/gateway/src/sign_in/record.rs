//! The state of one sign-in, as it is sealed into its row.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::clock::Timestamp;
use domain::entropy::Entropy;
use domain::id::{GrantId, NodeId};
use domain::region::Region;
use domain::scope::Scopes;
use domain::token::AuthorizationCode;
use domain::tools::Profile;
use garmin::{MfaMethod, PendingMfa, Session};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use store::Epoch;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Problem;
use super::made::Made;
use crate::language::{Language, Text};
use crate::oauth::AuthorizationRequest;

/// How long Garmin accepts a code it has sent, as far as is known.
const SENT_CODE_LIFE: Duration = Duration::from_mins(10);
/// Wrong codes a person may enter before the login is given up.
const CODE_TRIES: u8 = 5;

#[derive(Clone, Serialize, Deserialize)]
pub struct Record {
    pub request: AuthorizationRequest,
    /// Proves that a form came from our page. Valid as long as the sign-in: people look for
    /// passwords, wait for codes and click twice.
    csrf: String,
    pub scopes: Scopes,
    pub region: Region,
    /// What the app is to be shown; `None`: whatever is recommended here.
    #[serde(default)]
    pub tools: Option<Profile>,
    /// As typed; for the form after a failure and for the account after a code.
    pub email: String,
    pub stage: Stage,
}

/// Where a sign-in is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The person has the form in front of them.
    Form { problem: Option<Problem> },
    /// Somebody is talking to Garmin, or has just done so.
    Working {
        worker: Worker,
        code: Option<CodeWait>,
        #[serde(default)]
        finishing: Option<Box<Finishing>>,
    },
    /// Garmin wants a code.
    Code { wait: CodeWait, problem: Option<Problem> },
    /// Garmin has accepted the sign-in of a client whose document was read only then. The
    /// person now sees who asks, and decides.
    Consent { held: Held, problem: Option<Problem> },
    /// Garmin has accepted the sign-in, and the client's document cannot be had: what is
    /// scarce is kept until it can.
    Unverified { held: Held, problem: Option<Problem> },
    /// The client's document did not bear out its request. Nothing was kept.
    Refused { reason: Unproven },
    /// The code has been issued; kept for a moment, for those who click twice or cancel late.
    Done { location: String, made: Made },
}

/// What Garmin handed out, as it will be stored once the person has agreed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Held {
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub credentials: Zeroizing<Vec<u8>>,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub profile: Zeroizing<Vec<u8>>,
}

/// What is about to be stored for a person whom Garmin has accepted, written down before it is:
/// whoever finds it after a crash has the session, and can tell whether it was stored.
#[derive(Clone, Serialize, Deserialize)]
pub struct Finishing {
    pub held: Held,
    pub(super) grant: GrantId,
    #[serde(serialize_with = "to_text", deserialize_with = "from_text")]
    pub(super) code: Zeroizing<String>,
}

/// Why a client is not who it says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unproven {
    /// Its document is not acceptable.
    Invalid,
    /// It insists on proving itself with a key.
    KeyRequired,
    /// Its document does not name the redirect URI of the request.
    ForeignRedirect,
}

/// Which process talks to Garmin, and when it last said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    pub node: NodeId,
    /// Absent from the records of a version that knew none.
    #[serde(default)]
    pub epoch: Epoch,
    pub seen_at: Timestamp,
    /// Tells a second click from other details on another node. Too short to tell anything
    /// about the details themselves.
    pub details: u16,
}

/// A Garmin login that waits for its code.
#[derive(Clone, Serialize, Deserialize)]
pub struct CodeWait {
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub pending: Zeroizing<Vec<u8>>,
    /// The login belongs to the egress it was begun on.
    pub egress: String,
    pub region: Region,
    pub method: Method,
    /// Masked by Garmin.
    pub sent_to: Option<String>,
    pub asked_at: Timestamp,
    pub tries_left: u8,
}

/// How the code reaches the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    Email,
    Sms,
    Totp,
    Other,
}

/// A sealed record that is not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored sign-in cannot be read")]
pub struct UnreadableRecord;

impl Record {
    #[must_use]
    pub fn new(request: AuthorizationRequest, csrf: &str, region: Region) -> Self {
        Self {
            scopes: request.scopes,
            request,
            csrf: csrf.to_owned(),
            region,
            tools: None,
            email: String::new(),
            stage: Stage::Form { problem: None },
        }
    }

    #[must_use]
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    #[must_use]
    pub fn csrf_is(&self, presented: &str) -> bool {
        self.csrf.as_bytes().ct_eq(presented.as_bytes()).into()
    }

    /// JSON for sealing.
    ///
    /// # Panics
    /// Never: strings and numbers always serialise.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(96 * 1024));
        #[expect(clippy::expect_used, reason = "strings and numbers always serialise")]
        serde_json::to_writer(&mut *bytes, self).expect("a sign-in serialises");
        bytes
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UnreadableRecord> {
        serde_json::from_slice(bytes).map_err(|_| UnreadableRecord)
    }
}

impl Held {
    #[must_use]
    pub fn of(session: &Session) -> Self {
        Self {
            credentials: session.tokens.to_bytes(),
            profile: serde_json::to_vec(&session.profile).map(Zeroizing::new).unwrap_or_default(),
        }
    }
}

impl Finishing {
    pub(super) fn new(held: Held, entropy: &dyn Entropy) -> Self {
        let code = AuthorizationCode::generate(entropy);
        Self {
            held,
            grant: GrantId::generate(entropy),
            code: Zeroizing::new(code.reveal().to_owned()),
        }
    }
}

impl CodeWait {
    #[must_use]
    pub fn of(pending: &PendingMfa, egress: &str, region: Region, now: Timestamp) -> Self {
        Self {
            pending: pending.to_bytes(),
            egress: egress.to_owned(),
            region,
            method: match pending.method() {
                MfaMethod::Email => Method::Email,
                MfaMethod::Sms => Method::Sms,
                MfaMethod::Totp => Method::Totp,
                MfaMethod::Other => Method::Other,
            },
            sent_to: pending.sent_to().map(str::to_owned),
            asked_at: now,
            tries_left: CODE_TRIES,
        }
    }

    /// Whether a code that was sent can no longer be right. Garmin says "wrong" to a late code;
    /// a person should hear what to do about it. An app shows a new code all the time.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.method != Method::Totp && now.since(self.asked_at) >= SENT_CODE_LIFE
    }

    /// Where the person finds the code.
    #[must_use]
    pub fn origin(&self, language: Language) -> Text {
        let t = |key| language.t(key);
        match (self.method, &self.sent_to) {
            (Method::Totp, _) => t("sign-in-code-app"),
            (Method::Email, Some(to)) => t("sign-in-code-mail-to").with("to", to),
            (Method::Email, None) => t("sign-in-code-mail"),
            (Method::Sms, Some(to)) => t("sign-in-code-message-to").with("to", to),
            (Method::Sms, None) => t("sign-in-code-message"),
            (Method::Other, Some(to)) => t("sign-in-code-to").with("to", to),
            (Method::Other, None) => t("sign-in-code-given"),
        }
    }
}

fn to_base64<S: Serializer>(bytes: &Zeroizing<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
    let text = Zeroizing::new(STANDARD.encode(&**bytes));
    to.serialize_str(&text)
}

fn to_text<S: Serializer>(text: &Zeroizing<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text)
}

fn from_text<'de, D: Deserializer<'de>>(from: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(from).map(Zeroizing::new)
}

fn from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Zeroizing<Vec<u8>>, D::Error> {
    let text = Zeroizing::new(String::deserialize(from)?);
    STANDARD.decode(text.as_bytes()).map(Zeroizing::new).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::tests::request;

    #[test]
    fn a_record_survives_sealing_with_its_pending_login() {
        let mut record = Record::new(request(), "ggw_cf_x", Region::China);
        record.email = "runner@example.org".to_owned();
        let wait = CodeWait {
            pending: Zeroizing::new(vec![0, 159, 146, 150]),
            egress: "direct".to_owned(),
            region: Region::China,
            method: Method::Sms,
            sent_to: Some("***1234".to_owned()),
            asked_at: Timestamp(0),
            tries_left: 3,
        };
        record.stage = Stage::Code { wait, problem: Some(Problem::WrongCode { left: 3 }) };
        let opened = Record::from_bytes(&record.to_bytes()).unwrap();
        assert_eq!(opened.region, Region::China);
        assert!(opened.csrf_is("ggw_cf_x") && !opened.csrf_is("ggw_cf_y"));
        let Stage::Code { wait, problem } = opened.stage else { panic!("another stage") };
        assert_eq!(*wait.pending, [0, 159, 146, 150]);
        assert_eq!(problem, Some(Problem::WrongCode { left: 3 }));
        assert!(wait.origin(Language::English).to_string().contains("***1234"));
    }

    #[test]
    fn bytes_of_another_kind_are_refused() {
        for bytes in ["", "null", "{}", "[1]"] {
            assert!(Record::from_bytes(bytes.as_bytes()).is_err(), "{bytes}");
        }
    }
}
