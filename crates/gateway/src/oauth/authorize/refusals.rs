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
use crate::language::{Language, Text};
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
    pub(super) fn page(self, app: &AppState, language: Language) -> Response {
        tracing::info!(event = "authorize-refused", reason = ?self, "an error page was shown");
        self.answer(app, language, None)
    }

    /// The page, with something to say before its advice.
    pub(super) fn answer(
        self,
        app: &AppState,
        language: Language,
        first: Option<Text>,
    ) -> Response {
        let (title, sentence, advice) = self.words(language);
        let advice: Vec<Text> = first.into_iter().chain(advice).collect();
        let site = Site::of(app, language);
        let page = Message { site, title, sentence, advice: &advice, alert: true };
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
    fn words(self, language: Language) -> (Text, Text, Vec<Text>) {
        let t = |key| language.t(key);
        match self {
            Self::Incomplete => (
                t("refusals-incomplete"),
                t("refusals-incomplete-why"),
                vec![t("refusals-go-back")],
            ),
            Self::NotAnId => (
                t("refusals-not-an-id"),
                t("refusals-not-an-id-why"),
                vec![t("refusals-not-an-id-empty"), t("refusals-not-an-id-again")],
            ),
            Self::UnknownClient => (
                t("refusals-unknown"),
                t("refusals-unknown-why"),
                vec![t("refusals-unknown-advice")],
            ),
            Self::ForeignRedirect => (
                t("refusals-refused"),
                t("refusals-redirect-why"),
                vec![t("refusals-redirect-advice")],
            ),
            Self::Document(DocumentError::Unavailable) => (
                t("refusals-unavailable"),
                t("refusals-unavailable-why"),
                vec![t("refusals-unavailable-advice")],
            ),
            Self::Document(DocumentError::NotAccepted) => (
                t("refusals-not-accepted"),
                t("refusals-not-accepted-why"),
                vec![t("refusals-not-accepted-advice")],
            ),
            Self::Document(DocumentError::KeyRequired) => {
                (t("refusals-key"), t("refusals-key-why"), vec![t("refusals-key-advice")])
            }
            Self::Document(DocumentError::Invalid) => (
                t("refusals-invalid"),
                t("refusals-invalid-why"),
                vec![t("refusals-invalid-advice")],
            ),
            Self::Flawed => {
                (t("refusals-refused"), t("refusals-flawed-why"), vec![t("refusals-flawed-advice")])
            }
        }
    }
}

/// Our own limit, on the way in.
pub(super) fn too_often(app: &AppState, language: Language, wait: Duration) -> Response {
    let page = Message {
        site: Site::of(app, language),
        title: language.t("refusals-too-often"),
        sentence: language.t("refusals-too-often-why"),
        advice: &[],
        alert: true,
    };
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = pages::render(status, &page, FormAction::Nowhere);
    response.headers_mut().insert(RETRY_AFTER, whole_seconds(wait));
    response
}

/// Every place belongs to somebody who has answered a page, and goes within half an hour.
pub(super) fn full(app: &AppState, language: Language) -> Response {
    let page = Message {
        site: Site::of(app, language),
        title: language.t("refusals-full"),
        sentence: language.t("refusals-full-why"),
        advice: &[language.t("refusals-reload")],
        alert: true,
    };
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = pages::render(status, &page, FormAction::Nowhere);
    let wait = whole_seconds(Duration::from_mins(2));
    response.headers_mut().insert(RETRY_AFTER, wait);
    response
}

/// Our own trouble, as a page.
pub(super) fn ours(app: &AppState, language: Language, error: &StoreError) -> Response {
    let refused = store_failed(error);
    let page = Message {
        site: Site::of(app, language),
        title: language.t("refusals-ours"),
        sentence: language.t("refusals-ours-why"),
        advice: &[language.t("refusals-reload")],
        alert: true,
    };
    let mut response = pages::render(refused.status, &page, FormAction::Nowhere);
    if let Some(wait) = refused.retry_after {
        response.headers_mut().insert(RETRY_AFTER, whole_seconds(wait));
    }
    response
}
