//! Garmin's token endpoint: a ticket becomes a token pair, a refresh token becomes the next.
//!
//! Each refresh may return a new refresh token, and then the old one is dead. So the caller
//! stores the pair this module returns before it uses it, and never refreshes twice at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::clock::{Clock, Timestamp};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::body;
use crate::jwt::{self, Claims};
use crate::protocol;
use crate::session::{GarminGuid, TokenPair};
use crate::transport::{Answer, SendError, Transport, retry_after, send};

const LARGEST_ANSWER: usize = 256 * 1024;

/// For a token that says nothing about its end; Garmin's usual ones live about a day.
const LIFE_WHEN_UNKNOWN: Duration = Duration::from_hours(1);

/// Renews token pairs.
#[derive(Debug, Clone)]
pub struct Tokens {
    transport: Transport,
    clock: Arc<dyn Clock>,
}

/// A new pair, and when the last byte of Garmin's answer was read: until it is stored, a crash
/// costs the session.
#[derive(Debug)]
pub struct RenewedPair {
    pub pair: TokenPair,
    pub answered: Instant,
}

/// Why there is no new pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// Garmin will not take this refresh token any more: only a new sign-in helps.
    #[error("the refresh token was refused")]
    Refused,
    /// The pair may be as good as before: keep it and try later.
    #[error("the token endpoint gave no tokens: {}", reason.label())]
    Unavailable { reason: Unavailable, retry_after: Option<Duration> },
}

/// What kept the token endpoint from answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    RateLimited,
    /// 403, or a challenge page: the network is not welcome at the moment.
    Blocked,
    Unreachable,
    /// Garmin's own failure, or a status this protocol does not know.
    Upstream(u16),
    /// Success without usable tokens: the protocol has changed.
    Malformed,
    /// The new token belongs to somebody else. It must never be stored.
    OtherAccount,
}

impl Unavailable {
    /// A closed word for logs and metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::Blocked => "blocked",
            Self::Unreachable => "unreachable",
            Self::Upstream(_) => "upstream",
            Self::Malformed => "malformed",
            Self::OtherAccount => "other_account",
        }
    }
}

impl RefreshError {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unavailable { reason, .. } => reason.label(),
        }
    }
}

impl Tokens {
    #[must_use]
    pub fn new(transport: Transport, clock: Arc<dyn Clock>) -> Self {
        Self { transport, clock }
    }

    /// Trades the pair's refresh token for a new pair. One request, no retry: whether Garmin
    /// committed an unanswered rotation cannot be known, and the caller decides what to risk.
    pub async fn refresh(&self, pair: &TokenPair) -> Result<TokenPair, RefreshError> {
        self.renew(pair).await.map(|renewed| renewed.pair)
    }

    /// The same, with the moment from which only the new pair counts.
    pub async fn renew(&self, pair: &TokenPair) -> Result<RenewedPair, RefreshError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", pair.client_id.as_str()),
            ("refresh_token", pair.refresh.expose_secret()),
        ];
        let answer = post(&self.transport, &pair.client_id, &form, "application/json").await;
        let (answered, now) = (Instant::now(), self.clock.now());
        let unavailable = |reason, retry_after| RefreshError::Unavailable { reason, retry_after };
        let answer = answer.map_err(|error| unavailable(Unavailable::of(error), None))?;
        let wait = retry_after(&answer.headers, now);
        let status = answer.status;
        if status.is_success() {
            let fresh = Fresh::read(&answer.body, now)
                .ok_or_else(|| unavailable(Unavailable::Malformed, wait))?;
            let pair =
                fresh.renewing(pair).ok_or_else(|| unavailable(Unavailable::OtherAccount, wait))?;
            return Ok(RenewedPair { pair, answered });
        }
        // A page where JSON belongs comes from something in front of Garmin.
        let refused = matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED);
        if refused && !body::is_page(&answer.body) {
            return Err(RefreshError::Refused);
        }
        let reason = match status.as_u16() {
            427 | 429 => Unavailable::RateLimited,
            400 | 401 | 403 => Unavailable::Blocked,
            other => Unavailable::Upstream(other),
        };
        Err(unavailable(reason, wait))
    }
}

impl Unavailable {
    fn of(error: SendError) -> Self {
        match error {
            SendError::Unreachable | SendError::TimedOut | SendError::Torn => Self::Unreachable,
            SendError::TooLarge => Self::Malformed,
        }
    }
}

/// A form to the token endpoint, under the client id's name.
pub(crate) async fn post(
    transport: &Transport,
    client_id: &str,
    form: &[(&str, &str)],
    accept: &'static str,
) -> Result<Answer, SendError> {
    let mut headers: HeaderMap = protocol::app_headers();
    let basic = STANDARD.encode(format!("{client_id}:"));
    headers.insert(header::AUTHORIZATION, protocol::header_value(&format!("Basic {basic}")));
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Wiped when the request is done with it; what hyper and TLS copied is beyond our reach.
    let form = Bytes::from_owner(Zeroizing::new(protocol::encode_pairs(form).into_bytes()));
    let request = transport
        .client()
        .post(transport.upstream().diauth.join(protocol::TOKEN_PATH))
        .headers(headers)
        .timeout(transport.sign_in_timeout())
        .body(form);
    send(request, LARGEST_ANSWER).await
}

/// A successful answer of the token endpoint.
pub(crate) struct Fresh {
    access: SecretString,
    refresh: Option<SecretString>,
    access_expires_at: Timestamp,
    refresh_expires_at: Option<Timestamp>,
    claims: Claims,
}

impl Fresh {
    /// `None` for success without an access token that could be one.
    pub(crate) fn read(body: &[u8], now: Timestamp) -> Option<Self> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let text =
            |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let access = text("access_token")?;
        let claims = jwt::read(access).ok()?;
        let life = |name: &str| {
            let value = answer.get(name)?;
            let seconds = match value.as_str() {
                Some(text) => text.parse().ok()?,
                None => value.as_f64()?,
            };
            // A negative or endless life says as little as none at all.
            Duration::try_from_secs_f64(seconds).ok()
        };
        let lives_for = life("expires_in").unwrap_or(LIFE_WHEN_UNKNOWN);
        Some(Self {
            access: access.into(),
            refresh: text("refresh_token").map(SecretString::from),
            access_expires_at: claims.expires_at.unwrap_or_else(|| now.plus(lives_for)),
            refresh_expires_at: life("refresh_token_expires_in").map(|life| now.plus(life)),
            claims,
        })
    }

    pub(crate) fn access(&self) -> &SecretString {
        &self.access
    }

    pub(crate) fn guid(&self) -> Option<GarminGuid> {
        self.claims.garmin_guid.as_deref().and_then(GarminGuid::parse)
    }

    /// The first pair of a sign-in. Without a refresh token there would be no second.
    pub(crate) fn into_pair(self, used_client_id: &str, guid: GarminGuid) -> Option<TokenPair> {
        Some(TokenPair {
            access: self.access,
            refresh: self.refresh?,
            client_id: self.claims.client_id.unwrap_or_else(|| used_client_id.to_owned()),
            access_expires_at: self.access_expires_at,
            refresh_expires_at: self.refresh_expires_at,
            guid,
        })
    }

    pub(crate) fn has_refresh(&self) -> bool {
        self.refresh.is_some()
    }

    /// The successor of `pair`; `None` when the new token names another account. A pair known
    /// by its profile id only keeps that name, so that the account stays the same row.
    fn renewing(self, pair: &TokenPair) -> Option<TokenPair> {
        let by_profile = pair.guid.as_str().starts_with("profile:");
        let same = self.guid().is_none_or(|guid| by_profile || guid == pair.guid);
        let rotated = self.refresh.is_some();
        same.then(|| TokenPair {
            access: self.access,
            refresh: self.refresh.unwrap_or_else(|| pair.refresh.clone()),
            client_id: self.claims.client_id.unwrap_or_else(|| pair.client_id.clone()),
            access_expires_at: self.access_expires_at,
            refresh_expires_at: match (self.refresh_expires_at, rotated) {
                (Some(at), _) => Some(at),
                (None, true) => None,
                (None, false) => pair.refresh_expires_at,
            },
            guid: pair.guid.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::jwt;

    const NOW: Timestamp = Timestamp(1_780_000_000);

    fn fresh(payload: &str, rest: &str) -> Option<Fresh> {
        let token = jwt(payload);
        Fresh::read(format!(r#"{{"access_token":"{token}"{rest}}}"#).as_bytes(), NOW)
    }

    fn first() -> TokenPair {
        fresh(
            r#"{"garmin_guid":"g","client_id":"CLAIMED"}"#,
            r#","refresh_token":"r1","expires_in":100,"refresh_token_expires_in":"2591999""#,
        )
        .unwrap()
        .into_pair("USED", GarminGuid::parse("g").unwrap())
        .unwrap()
    }

    #[test]
    fn a_pair_takes_its_expiry_from_the_token_and_else_from_the_answer() {
        let pair = first();
        assert_eq!(pair.access_expires_at(), NOW.plus(Duration::from_secs(100)));
        assert_eq!(pair.refresh_expires_at(), Some(NOW.plus(Duration::from_secs(2_591_999))));
        assert_eq!(pair.client_id(), "CLAIMED");
        let from_claim = fresh(r#"{"exp":1790000000}"#, r#","expires_in":5"#).unwrap();
        assert_eq!(from_claim.access_expires_at, Timestamp(1_790_000_000));
        let unknown = fresh("{}", r#","expires_in":-5"#).unwrap();
        assert_eq!(unknown.access_expires_at, NOW.plus(LIFE_WHEN_UNKNOWN));
        let endless = fresh("{}", r#","expires_in":1e300"#).unwrap();
        assert_eq!(endless.access_expires_at, NOW.plus(LIFE_WHEN_UNKNOWN));
    }

    #[test]
    fn an_answer_without_a_usable_token_is_no_answer() {
        for body in ["", "null", "{}", r#"{"access_token":""}"#, r#"{"access_token":"x"}"#] {
            assert!(Fresh::read(body.as_bytes(), NOW).is_none(), "{body}");
        }
    }

    #[test]
    fn rotation_replaces_the_refresh_token_and_its_absence_keeps_it() {
        let old = first();
        let rotated =
            fresh("{}", r#","refresh_token":"r2","expires_in":9"#).unwrap().renewing(&old).unwrap();
        assert_eq!(rotated.refresh().expose_secret(), "r2");
        assert_eq!(rotated.refresh_expires_at(), None);
        assert_eq!(rotated.client_id(), "CLAIMED");
        let kept = fresh("{}", "").unwrap().renewing(&old).unwrap();
        assert_eq!(kept.refresh().expose_secret(), "r1");
        assert_eq!(kept.refresh_expires_at(), old.refresh_expires_at());
    }

    #[test]
    fn rel43_inv1_a_token_of_another_account_is_never_a_renewal() {
        let old = first();
        assert!(fresh(r#"{"garmin_guid":"other"}"#, "").unwrap().renewing(&old).is_none());
        let mut by_profile = first();
        by_profile.guid = GarminGuid::of_profile(7);
        let renewed = fresh(r#"{"garmin_guid":"g"}"#, "").unwrap().renewing(&by_profile).unwrap();
        assert_eq!(renewed.guid(), &GarminGuid::of_profile(7));
    }
}
