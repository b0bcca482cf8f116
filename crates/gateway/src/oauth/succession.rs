//! The addresses of the gateway before this one, for clients that were brought over from it.
//!
//! It had every provider under a path of its own, and hosts keep the address that was typed once
//! for as long as the connector is there. So where something was imported from it, everything
//! answers under `/garmin` as well, with that issuer and that resource; elsewhere those addresses
//! do not exist.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::realm::Realm;
use http::request::Parts;
use store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::store_failed;
use crate::error;
use crate::language::Language;
use crate::state::AppState;

/// How soon after an import they exist. Anybody can ask for them, so the store is not asked
/// each time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Whether something was brought over, as far as this process knows. It never ends.
#[derive(Debug, Default)]
pub struct Succession {
    begun: AtomicBool,
    looked: Mutex<Option<Instant>>,
}

impl Succession {
    async fn has_begun(&self, store: &Store) -> Result<bool, StoreError> {
        if self.begun.load(Ordering::Relaxed) {
            return Ok(true);
        }
        // Whoever comes while somebody looks waits for what they see.
        let mut looked = self.looked.lock().await;
        if looked.is_some_and(|at| at.elapsed() < LOOK_AGAIN) {
            return Ok(self.begun.load(Ordering::Relaxed));
        }
        let begun = store.succeeds_another().await?;
        *looked = Some(Instant::now());
        self.begun.store(begun, Ordering::Relaxed);
        Ok(begun)
    }
}

/// Under which name a request looks for us.
pub(crate) struct Under(pub(crate) Realm);

impl<S: Sync> FromRequestParts<S> for Under {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get().copied().unwrap_or_default()))
    }
}

/// Lets a request for one of the other gateway's addresses through where they exist.
pub(crate) async fn answer(
    State(app): State<AppState>,
    language: Language,
    mut request: Request,
    next: Next,
) -> Response {
    match app.succession.has_begun(&app.store).await {
        Ok(true) => {
            request.extensions_mut().insert(Realm::Successor);
            next.run(request).await
        }
        Ok(false) => error::not_found(State(app), language, request.headers().clone()).await,
        // Not "there is nothing here": a client would believe it and go.
        Err(error) => store_failed(&error).into_response(),
    }
}

/// What was a page of one provider is the start page now.
pub(super) async fn home() -> Redirect {
    Redirect::to("/")
}
