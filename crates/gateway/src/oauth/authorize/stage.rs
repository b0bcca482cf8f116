//! The page of each stage of a sign-in.

use axum::response::Response;
use domain::clock::Timestamp;
use domain::id::SignInId;
use domain::redirect::RedirectKind;
use http::StatusCode;
use http::header::RETRY_AFTER;

use super::super::cimd::{DocumentError, DocumentUrl};
use super::super::clients;
use super::super::redirect::see_other;
use super::super::request::{AuthorizationRequest, Standing};
use super::refusals::BadRequest;
use crate::error::whole_seconds;
use crate::headers::FormAction;
use crate::language::Language;
use crate::pages::{
    self, Asker, Choices, CodePage, Consent, ConsentPage, Handle, Page, ProgressPage, SignInPage,
    Site, UnverifiedPage,
};
use crate::sign_in::{Problem, Record, Stage, Unproven};
use crate::state::AppState;

/// The longest address that carries its request. Proxies read a head of 4 KiB by default, and we
/// an address of 8; encoded once more, a request may be three times what the client sent.
const LONGEST_ADDRESS: usize = 2 * 1024;

/// Where a sign-in is found again, whatever its stage; and, unless that gets too long, the
/// request that led to it, for when it is over.
pub(super) fn address(id: &SignInId, record: &Record) -> String {
    let (short, request) = match record.request.standing {
        Standing::Proven | Standing::Deferred => {
            let prefix = record.request.realm.prefix();
            (format!("{prefix}/oauth/authorize?sign_in={id}"), record.request.to_query())
        }
        Standing::OwnPage => {
            (format!("/account/sign-in?sign_in={id}"), record.request.goal_query())
        }
    };
    let whole = format!("{short}&{request}");
    if whole.len() <= LONGEST_ADDRESS { whole } else { short }
}

/// The page of a stage; for a finished one, the way on.
pub(super) fn stage(
    app: &AppState,
    language: Language,
    id: &SignInId,
    record: &Record,
    now: Timestamp,
) -> Response {
    let here = address(id, record);
    let handle = Handle { sign_in: id.as_str(), csrf: record.csrf(), action: &here };
    let choices = Choices { scopes: record.scopes, region: record.region, tools: record.tools };
    let site = Site::of(app, language);
    let sentence =
        |problem: Option<Problem>| problem.map(|problem| problem.sentence(language, now));
    let request = &record.request;
    match &record.stage {
        Stage::Form { problem } => {
            let asker = match request.standing {
                Standing::Proven => Asker::Proven(consent(app, request)),
                Standing::Deferred => {
                    Asker::Unseen { host: document_host(request).unwrap_or_default() }
                }
                Standing::OwnPage => Asker::Nobody { again: request.state.is_some() },
            };
            let (email, problem_text) = (record.email.as_str(), sentence(*problem));
            let page = SignInPage { site, handle, asker, choices, email, problem: problem_text };
            with_problem(record, &page, *problem, now)
        }
        Stage::Code { wait, problem } => {
            let page = CodePage {
                site,
                handle,
                origin: wait.origin(language),
                problem: sentence(*problem),
            };
            with_problem(record, &page, *problem, now)
        }
        Stage::Working { .. } => {
            let page = ProgressPage { site, here };
            pages::render(StatusCode::OK, &page, FormAction::Nowhere)
        }
        Stage::Consent { held: _, problem } => {
            let page = ConsentPage {
                site,
                handle,
                consent: consent(app, request),
                choices,
                account: &record.email,
                problem: sentence(*problem),
            };
            with_problem(record, &page, *problem, now)
        }
        Stage::Unverified { held: _, problem } => {
            let page = UnverifiedPage {
                site,
                handle,
                host: document_host(request).unwrap_or_default(),
                account: &record.email,
                problem: sentence(*problem),
            };
            with_problem(record, &page, *problem, now)
        }
        Stage::Refused { reason } => unproven(app, language, *reason),
        Stage::Done { location, .. } => see_other(location),
    }
}

fn with_problem(
    record: &Record,
    page: &impl Page,
    problem: Option<Problem>,
    now: Timestamp,
) -> Response {
    let status = problem.map_or(StatusCode::OK, |problem| problem.status(now));
    let sources = record.request.redirect_uri.csp_sources();
    let leads =
        if may_redirect(record) { FormAction::SelfAnd(&sources) } else { FormAction::SelfOnly };
    let mut response = pages::render(status, page, leads);
    if let Some(wait) = problem.and_then(|problem| problem.retry_after(now)) {
        response.headers_mut().insert(RETRY_AFTER, whole_seconds(wait));
    }
    response
}

/// Whether the redirect URI is known to be the client's own.
pub(super) fn may_redirect(record: &Record) -> bool {
    match (record.request.standing, &record.stage) {
        (Standing::Proven, _)
        | (Standing::Deferred, Stage::Consent { .. } | Stage::Done { .. }) => true,
        (
            Standing::Deferred,
            Stage::Form { .. }
            | Stage::Code { .. }
            | Stage::Working { .. }
            | Stage::Unverified { .. }
            | Stage::Refused { .. },
        )
        | (Standing::OwnPage, _) => false,
    }
}

fn consent<'a>(app: &AppState, request: &'a AuthorizationRequest) -> Consent<'a> {
    let redirect_kind = request.redirect_uri.kind();
    let redirect_host = request.redirect_uri.display_host();
    let document_host = document_host(request);
    let stranger = match (document_host, redirect_kind) {
        (Some(host), _) => (!clients::is_well_known(app, &request.client)).then(|| host.to_owned()),
        (None, RedirectKind::Https) => {
            (!clients::is_well_known_host(app, &redirect_host)).then(|| redirect_host.clone())
        }
        // These have a warning of their own.
        (None, RedirectKind::Loopback | RedirectKind::PrivateUse) => None,
    };
    Consent {
        client_name: request.client_name.as_deref(),
        document_host,
        redirect_host,
        redirect_kind,
        stranger,
        asked: request.scopes,
    }
}

/// The host of a client whose id is the address of its document.
fn document_host(request: &AuthorizationRequest) -> Option<&str> {
    let id = request.client.as_str();
    let host = DocumentUrl::parse(id).ok()?.host().len();
    id.strip_prefix("https://").and_then(|rest| rest.get(..host))
}

/// The end of a sign-in whose client could not be proven.
fn unproven(app: &AppState, language: Language, reason: Unproven) -> Response {
    let refused = match reason {
        Unproven::Invalid => BadRequest::Document(DocumentError::Invalid),
        Unproven::KeyRequired => BadRequest::Document(DocumentError::KeyRequired),
        Unproven::ForeignRedirect => BadRequest::ForeignRedirect,
    };
    refused.answer(app, language, Some(language.t("refusals-kept")))
}
