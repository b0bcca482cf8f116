//! The pages of requests that do not get as far as a sign-in.

use std::time::Duration;

use axum::response::Response;
use http::StatusCode;
use http::header::RETRY_AFTER;
use store::StoreError;

use super::super::cimd::DocumentError;
use super::super::store_failed;
use crate::error::whole_seconds;
use crate::headers::FormAction;
use crate::pages::{self, Message, Site};
use crate::state::AppState;

/// Requests that must not be answered with a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadRequest {
    Incomplete,
    /// Not an id we could have given out: typed into a field that wanted to stay empty.
    NotAnId,
    UnknownClient,
    ForeignRedirect,
    /// The client is a document that is not accepted.
    Document(DocumentError),
    /// Whatever is wrong cannot be told to the app: nobody knows yet whether the address it
    /// named is its own.
    Flawed,
}

impl BadRequest {
    /// What was sent is never shown: it may be an e-mail address, or worse.
    pub(super) fn page(self, app: &AppState) -> Response {
        tracing::info!(event = "authorize-refused", reason = ?self, "an error page was shown");
        self.answer(app, None)
    }

    /// The page, with something to say before its advice.
    pub(super) fn answer(self, app: &AppState, first: Option<&str>) -> Response {
        let (title, sentence, advice) = self.words();
        let advice: Vec<&str> = first.into_iter().chain(advice.iter().copied()).collect();
        let page = Message { site: Site::of(app), title, sentence, advice: &advice, alert: true };
        let mut response = pages::render(self.status(), &page, FormAction::Nowhere);
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            let wait = whole_seconds(Duration::from_mins(1));
            response.headers_mut().insert(RETRY_AFTER, wait);
        }
        response
    }

    /// Whether it is the request that is wrong, or only the moment.
    fn status(self) -> StatusCode {
        match self {
            Self::Document(DocumentError::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Document(
                DocumentError::NotAccepted | DocumentError::KeyRequired | DocumentError::Invalid,
            )
            | Self::Incomplete
            | Self::NotAnId
            | Self::UnknownClient
            | Self::ForeignRedirect
            | Self::Flawed => StatusCode::BAD_REQUEST,
        }
    }

    /// Title, sentence and advice.
    fn words(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Self::Incomplete => (
                "This link is incomplete",
                "The app did not say who it is or where to send you afterwards.",
                &["Go back to your app and start connecting from there."],
            ),
            Self::NotAnId => (
                "Leave the OAuth fields empty",
                "The client ID that was sent is not one of ours.",
                &[
                    "If your app has fields for an OAuth client ID and a client secret, leave \
                     both empty: it gets them by itself. Your e-mail address does not belong \
                     there.",
                    "Remove the connector in your app, add it again with its address only, and \
                     connect.",
                ],
            ),
            Self::UnknownClient => (
                "This app is not known here any more",
                "The app uses a registration that this server does not have.",
                &["Remove the connector in your app, add it again and connect: the app then \
                     registers anew."],
            ),
            Self::ForeignRedirect => (
                "This request was refused",
                "The app wants you to be sent to an address it has not registered.",
                &["If you started this in an app you trust, remove the connector there, add \
                     it again and connect. If you only followed a link, close this page."],
            ),
            Self::Document(DocumentError::Unavailable) => (
                "This app cannot be verified at the moment",
                "The app describes itself at an address of its own, and nobody answers there.",
                &["Wait a minute, then start connecting again from your app."],
            ),
            Self::Document(DocumentError::NotAccepted) => (
                "This app is not accepted here",
                "The app describes itself at an address that this gateway does not accept.",
                &["If you started this in an app you trust, ask the operator of this gateway."],
            ),
            Self::Document(DocumentError::KeyRequired) => (
                "This app cannot be connected here",
                "The app insists on proving itself with a key of its own (private_key_jwt), which \
                 this gateway does not offer.",
                &["Tell the maker of the app that it can connect if its description also lists \
                     the authentication method \u{201c}none\u{201d}, or if it registers itself."],
            ),
            Self::Document(DocumentError::Invalid) => (
                "This app could not be verified",
                "The app describes itself at an address of its own, and that description could \
                 not be verified.",
                &["If you started this in an app you trust, tell its maker. If you only followed \
                     a link, close this page."],
            ),
            Self::Flawed => (
                "This request was refused",
                "The app asked in a way that this server does not answer.",
                &[
                    "Go back to your app and start connecting from there. If it happens again, tell \
                     its maker: the request is not one of OAuth 2.1 with PKCE.",
                ],
            ),
        }
    }
}

/// Our own limit, on the way in.
pub(super) fn too_often(app: &AppState, wait: Duration) -> Response {
    let page = Message {
        site: Site::of(app),
        title: "Too many requests",
        sentence: "Too many sign-ins were started from your network. Wait a minute, then start \
                   again from your app.",
        advice: &[],
        alert: true,
    };
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = pages::render(status, &page, FormAction::Nowhere);
    response.headers_mut().insert(RETRY_AFTER, whole_seconds(wait));
    response
}

/// Every place belongs to somebody who has answered a page, and goes within half an hour.
pub(super) fn full(app: &AppState) -> Response {
    let page = Message {
        site: Site::of(app),
        title: "Too many people are signing in",
        sentence: "Nothing was sent to Garmin. Try again in a few minutes.",
        advice: &["Reloading this page is safe."],
        alert: true,
    };
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = pages::render(status, &page, FormAction::Nowhere);
    let wait = whole_seconds(Duration::from_mins(2));
    response.headers_mut().insert(RETRY_AFTER, wait);
    response
}

/// Our own trouble, as a page.
pub(super) fn ours(app: &AppState, error: &StoreError) -> Response {
    let refused = store_failed(error);
    let page = Message {
        site: Site::of(app),
        title: "Something went wrong on our side",
        sentence: "Nothing was kept and nothing was sent to Garmin. Try again in a minute.",
        advice: &["Reloading this page is safe."],
        alert: true,
    };
    let mut response = pages::render(refused.status, &page, FormAction::Nowhere);
    if let Some(wait) = refused.retry_after {
        response.headers_mut().insert(RETRY_AFTER, whole_seconds(wait));
    }
    response
}
