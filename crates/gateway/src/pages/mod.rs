//! One struct per page. Pages are plain HTML without a line of script; everything a page
//! prints is escaped by the template engine, and nothing is ever marked as safe.

mod assets;
mod sign_in;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;

pub use sign_in::{
    Asker, Choices, CodePage, Consent, ConsentPage, Handle, ProgressPage, SignInPage,
    UnverifiedPage,
};

use crate::headers::{self, FormAction};
use crate::state::AppState;

/// What every page shows of the gateway itself.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    pub operator_name: Option<&'a str>,
    pub operator_email: Option<&'a str>,
}

impl<'a> Site<'a> {
    #[must_use]
    pub fn of(app: &'a AppState) -> Self {
        let operator = &app.config.operator;
        Self { operator_name: operator.name.as_deref(), operator_email: operator.email.as_deref() }
    }

    /// Where the style sheet is; the address changes with its contents, so it may be cached
    /// for good.
    #[must_use]
    pub fn style(&self) -> &'static str {
        assets::style_address()
    }
}

/// `/`: what this is and how to connect.
#[derive(Template)]
#[template(path = "pages/landing.html")]
pub struct Landing<'a> {
    pub site: Site<'a>,
    pub connector: &'a str,
}

/// A page that says one thing: a failure, an unknown address.
#[derive(Template)]
#[template(path = "pages/message.html")]
pub struct Message<'a> {
    pub site: Site<'a>,
    pub title: &'a str,
    pub sentence: &'a str,
    pub advice: &'a [&'a str],
    /// Whether something went wrong, rather than just not being here.
    pub alert: bool,
}

/// The start page and the files pages refer to.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(landing))
        .route("/static/style.css", get(assets::style))
        .route("/favicon.svg", get(assets::favicon))
        .route("/favicon.ico", get(assets::favicon))
}

async fn landing(State(app): State<AppState>) -> Response {
    let connector = app.config.public_url.resource();
    let page = Landing { site: Site::of(&app), connector: &connector };
    render(StatusCode::OK, &page, FormAction::Nowhere)
}

#[must_use]
pub fn not_found(site: &Site<'_>) -> Response {
    let page = Message {
        site: *site,
        title: "There is nothing here",
        sentence: "This address does not exist.",
        advice: &["Perhaps a link was cut short. The start page says how to connect."],
        alert: false,
    };
    render(StatusCode::NOT_FOUND, &page, FormAction::Nowhere)
}

/// A page as a response, with everything a browser should refuse on our behalf.
pub fn render(status: StatusCode, page: &impl Template, form_action: FormAction<'_>) -> Response {
    match page.render() {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            headers::protect_page(response.headers_mut(), form_action);
            response
        }
        Err(error) => {
            tracing::error!(event = "page-failed", error = %error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&{{ 7*7 }}</title><script>";

    fn hostile_site() -> Site<'static> {
        Site { operator_name: Some(HOSTILE), operator_email: Some(HOSTILE) }
    }

    /// Rendered text with every mention of what a page may contain on its own removed.
    fn check(page: &impl Template) {
        let html = page.render().unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("onerror=alert(1)>"), "{html}");
        assert!(!html.contains("{{ 7*7 }}</title>"), "{html}");
        assert_eq!(html.matches("</title>").count(), 1, "{html}");
        for needed in ["lang=\"en\"", "<main>", "name=\"viewport\"", "<h1>"] {
            assert!(html.contains(needed), "{needed} is missing in {html}");
        }
    }

    #[test]
    fn t22_every_page_survives_hostile_strings() {
        let site = hostile_site();
        check(&Landing { site, connector: HOSTILE });
        check(&Message {
            site,
            title: HOSTILE,
            sentence: HOSTILE,
            advice: &[HOSTILE],
            alert: true,
        });
        let handle = Handle { sign_in: HOSTILE, csrf: HOSTILE, action: HOSTILE };
        let consent = Consent {
            client_name: HOSTILE,
            document_host: Some(HOSTILE),
            redirect_host: HOSTILE.to_owned(),
            stranger: Some(HOSTILE.to_owned()),
            redirect_kind: domain::redirect::RedirectKind::Loopback,
            asked: domain::scope::Scopes::ReadWrite,
        };
        let (choices, problem) = (Choices::default(), Some(HOSTILE.to_owned()));
        check(&ConsentPage {
            site,
            handle,
            consent: consent.clone(),
            choices,
            account: HOSTILE,
            problem: problem.clone(),
        });
        check(&UnverifiedPage {
            site,
            handle,
            host: HOSTILE,
            account: HOSTILE,
            problem: problem.clone(),
        });
        for asker in [Asker::Proven(consent), Asker::Unseen { host: HOSTILE }] {
            let problem = problem.clone();
            check(&SignInPage { site, handle, asker, choices, email: HOSTILE, problem });
        }
        check(&CodePage {
            site,
            handle,
            origin: HOSTILE.to_owned(),
            problem: Some(HOSTILE.to_owned()),
        });
        check(&ProgressPage { site, here: HOSTILE.to_owned() });
    }

    #[test]
    fn sec069_no_page_refers_to_another_site_or_runs_a_script() {
        let site = Site { operator_name: None, operator_email: None };
        let landing = Landing { site, connector: "https://garmin.example.org/mcp" };
        let html = landing.render().unwrap();
        for forbidden in ["src=\"http", "href=\"http", "<script", "style=\"", "onclick"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }
}
