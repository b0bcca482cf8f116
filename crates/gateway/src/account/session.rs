//! Who sits before an account page: a cookie, and a row that says whose page it opens and what
//! may be done there.
//!
//! The cookie never changes its meaning. Whoever signs in, comes by a link or loses something
//! gets another one, and the old one is good for nothing.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{AccountId, SessionId};
use domain::token::{Csrf, PageSession, Token};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use store::{NewSession, Session, StoreError};
use subtle::ConstantTimeEq;

use crate::extract::cookie;
use crate::state::AppState;

/// How long a page may lie unused.
const IDLE: Duration = Duration::from_mins(30);
/// How long a session lasts, however much it is used.
const LONGEST: Duration = Duration::from_hours(12);
const LONGEST_BY_LINK: Duration = Duration::from_hours(1);
/// How exact the end of an unused session is: it is not written down at every look.
const TOLERANCE: Duration = Duration::from_mins(1);
/// How long a sign-in at Garmin counts as one of this moment.
pub(super) const FRESH: Duration = Duration::from_mins(10);

/// What a session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rights {
    /// Everything; some of it only soon after the sign-in.
    Whole { proved_at: Timestamp },
    /// The devices, and to end them: somebody came by a link.
    Devices,
}

#[derive(Serialize, Deserialize)]
struct State {
    csrf: String,
    rights: Rights,
    ends_at: Timestamp,
}

/// A session that is good now.
pub(super) struct Current {
    pub(super) id: SessionId,
    pub(super) account: AccountId,
    pub(super) csrf: String,
    pub(super) rights: Rights,
}

impl Current {
    pub(super) fn csrf_is(&self, presented: &str) -> bool {
        self.csrf.as_bytes().ct_eq(presented.as_bytes()).into()
    }

    pub(super) fn is_whole(&self) -> bool {
        match self.rights {
            Rights::Whole { .. } => true,
            Rights::Devices => false,
        }
    }

    /// Whether somebody has just signed in at Garmin.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        match self.rights {
            Rights::Whole { proved_at } => proved_at.plus(FRESH) > now,
            Rights::Devices => false,
        }
    }
}

/// The session of the cookie that came, if it is good for anything.
pub(super) async fn current(
    app: &AppState,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<Current>, StoreError> {
    let Some((session, state)) = find(app, headers, now).await? else { return Ok(None) };
    let until = now.plus(IDLE).min(state.ends_at);
    if until > session.expires_at.plus(TOLERANCE) {
        app.store.prolong_session(&session.id, until).await?;
    }
    Ok(Some(Current {
        id: session.id,
        account: session.account,
        csrf: state.csrf,
        rights: state.rights,
    }))
}

async fn find(
    app: &AppState,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<(Session, State)>, StoreError> {
    let Some(cookie) = cookie::read_page(&app.config.public_url, headers) else {
        return Ok(None);
    };
    let digest = app.store.digest(&cookie);
    let Some(session) = app.store.find_session(&digest, now).await? else { return Ok(None) };
    // What another version has written is no session of this one.
    let state = serde_json::from_slice::<State>(&session.state).ok();
    Ok(state.filter(|state| state.ends_at > now).map(|state| (session, state)))
}

/// Begins a session; what the browser came with ends. The cookie to set.
pub(crate) async fn begin(
    app: &AppState,
    headers: &HeaderMap,
    account: &AccountId,
    rights: Rights,
    now: Timestamp,
) -> Result<Option<HeaderValue>, StoreError> {
    if let Some((old, _)) = find(app, headers, now).await? {
        app.store.end_session(&old.id).await?;
    }
    let longest = match rights {
        Rights::Whole { .. } => LONGEST,
        Rights::Devices => LONGEST_BY_LINK,
    };
    let ends_at = now.plus(longest);
    let csrf = Token::<Csrf>::generate(&*app.entropy).reveal().to_owned();
    // Two texts and two numbers always serialise.
    let state = serde_json::to_vec(&State { csrf, rights, ends_at }).unwrap_or_default();
    let cookie = Token::<PageSession>::generate(&*app.entropy);
    let new = NewSession {
        id: &SessionId::generate(&*app.entropy),
        account,
        cookie: &app.store.digest(&cookie),
        state: &state,
        expires_at: now.plus(IDLE),
    };
    app.store.begin_session(&new, now).await?;
    Ok(cookie::set_page(&app.config.public_url, &cookie))
}
