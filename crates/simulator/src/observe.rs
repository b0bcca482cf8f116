//! What every request to a simulated host passes through: recognised, recorded, perhaps spoiled.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::accounts::AccountIndex;
use crate::diauth::{GrantKind, form, grant_owner};
use crate::faults::{Cut, Effect, Sighting, instead, spoil, strike};
use crate::record::RecordedRequest;
use crate::routes::{Host, split};
use crate::sso;
use crate::state::Inner;

const BODY_LIMIT: usize = 1 << 20;

pub(crate) async fn observe(
    State(inner): State<Arc<Inner>>,
    request: Request,
    next: Next,
) -> Response {
    let full = request.uri().path().to_owned();
    let Some((realm, host, path)) = split(&full) else { return next.run(request).await };
    let (mut parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let known = recognise(&inner, host, &parts, &body);
    let mut record = RecordedRequest::of(inner.now(), host, path, &parts);
    let in_flight = known.and_then(|(account, grant)| match (host, grant) {
        (_, Some(GrantKind::Refresh)) => Some(InFlight::begin(&inner, account, Kind::Refresh)),
        (Host::Api, None) => Some(InFlight::begin(&inner, account, Kind::Read)),
        (_, Some(GrantKind::Ticket) | None) => None,
    });
    let effects = {
        let account = known.map(|(account, _)| account);
        let method = parts.method.as_str();
        let mut garmin = inner.lock();
        record.account = account.map(|index| garmin.account(index).spec.email.clone());
        strike(&mut garmin.faults, Sighting { host, method, path, account })
    };
    let mut other = None;
    for effect in effects {
        match effect {
            Effect::Delay { millis } => tokio::time::sleep(Duration::from_millis(millis)).await,
            effect => other = Some(effect),
        }
    }
    parts.extensions.insert(realm);
    let response = if let Some(response) = other.as_ref().and_then(instead) {
        response
    } else {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        match &other {
            Some(effect) => spoil(effect, response).await,
            None => response,
        }
    };
    drop(in_flight);
    if response.extensions().get::<Cut>().is_none() {
        record.status = response.status().as_u16();
    }
    inner.lock().remember(record);
    response
}

/// Counts a request while it lasts, delays included.
struct InFlight {
    inner: Arc<Inner>,
    account: AccountIndex,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Refresh,
    Read,
}

impl InFlight {
    fn begin(inner: &Arc<Inner>, index: AccountIndex, kind: Kind) -> Self {
        let mut garmin = inner.lock();
        let account = garmin.account_mut(index);
        match kind {
            Kind::Refresh => {
                account.counters.refreshes += 1;
                account.counters.overlapping += u64::from(account.refreshes_in_flight > 0);
                account.refreshes_in_flight += 1;
            }
            Kind::Read => {
                account.reads_in_flight += 1;
                let most = account.counters.api_at_once.max(account.reads_in_flight);
                account.counters.api_at_once = most;
            }
        }
        drop(garmin);
        Self { inner: inner.clone(), account: index, kind }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut garmin = self.inner.lock();
        let account = garmin.account_mut(self.account);
        match self.kind {
            Kind::Refresh => account.refreshes_in_flight -= 1,
            Kind::Read => account.reads_in_flight -= 1,
        }
    }
}

#[derive(Deserialize)]
struct Named {
    username: String,
}

/// Whose request this is, as far as it can be told before it is answered.
fn recognise(
    inner: &Inner,
    host: Host,
    parts: &Parts,
    body: &[u8],
) -> Option<(AccountIndex, Option<GrantKind>)> {
    let garmin = inner.lock();
    match host {
        Host::Api | Host::Connect => {
            let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
            let owner = garmin.owner_of_access(value.strip_prefix("Bearer ")?)?;
            Some((owner, None))
        }
        Host::Diauth => {
            let (owner, kind) = grant_owner(&garmin, &form(body)?)?;
            Some((owner, Some(kind)))
        }
        Host::Sso => {
            let named = serde_json::from_slice::<Named>(body)
                .ok()
                .or_else(|| serde_urlencoded::from_bytes(body).ok());
            let owner = match named {
                Some(named) => garmin.find_anywhere(&named.username),
                None => sso::pending_account(&garmin, &parts.headers),
            };
            owner.map(|owner| (owner, None))
        }
    }
}
