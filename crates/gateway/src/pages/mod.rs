//! One struct per page. Pages are plain HTML without a line of script; everything a page
//! prints is escaped by the template engine. Only our own [texts](crate::language::Text) are
//! not, and what is put into one of them is.

mod account;
mod assets;
mod help;
mod sign_in;
mod site;
mod tools;

use askama::Template;
use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CONTENT_LANGUAGE, HeaderValue, VARY};

pub use account::{AccountMessage, AccountPage, DevicesPage, EntryPage, ErasePage, LinkPage};
pub use help::{Help, Landing, Tools};
pub use sign_in::{
    Asker, Choices, CodePage, Consent, ConsentPage, Handle, ProgressPage, SignInPage,
    UnverifiedPage,
};
pub use site::Site;

use crate::headers::{self, FormAction};
use crate::language::Text;
use crate::state::AppState;

/// A page, in somebody's language.
pub trait Page: Template {
    fn site(&self) -> &Site<'_>;
}

macro_rules! impl_page {
    ($($page:ty),+ $(,)?) => {
        $(impl Page for $page {
            fn site(&self) -> &Site<'_> {
                &self.site
            }
        })+
    };
}

impl_page!(
    AccountMessage<'_>,
    AccountPage<'_>,
    CodePage<'_>,
    ConsentPage<'_>,
    DevicesPage<'_>,
    EntryPage<'_>,
    ErasePage<'_>,
    Help<'_>,
    Landing<'_>,
    LinkPage<'_>,
    Message<'_>,
    NotFound<'_>,
    ProgressPage<'_>,
    SignInPage<'_>,
    Tools<'_>,
    UnverifiedPage<'_>,
);

/// A page that says one thing: mostly that something failed.
#[derive(Template)]
#[template(path = "pages/message.html")]
pub struct Message<'a> {
    pub site: Site<'a>,
    pub title: Text,
    pub sentence: Text,
    pub advice: &'a [Text],
    /// Whether something went wrong.
    pub alert: bool,
}

/// An address that does not exist, and those that do.
#[derive(Template)]
#[template(path = "pages/not_found.html")]
pub struct NotFound<'a> {
    pub site: Site<'a>,
}

/// The pages anybody may read, and the files pages refer to.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(help::landing))
        .route("/help", get(help::help))
        .route("/help/tools", get(help::tools))
        .route("/static/style.css", get(assets::style))
        .route(assets::PREVIEW_PATH, get(assets::preview))
        .route("/favicon.svg", get(assets::favicon))
        .route("/favicon.ico", get(assets::favicon))
}

#[must_use]
pub fn not_found(site: Site<'_>) -> Response {
    render(StatusCode::NOT_FOUND, &NotFound { site }, FormAction::Nowhere)
}

/// A page as a response, with everything a browser should refuse on our behalf.
pub fn render(status: StatusCode, page: &impl Page, form_action: FormAction<'_>) -> Response {
    match page.render() {
        Ok(html) => {
            let language = page.site().language;
            let mut response = (status, Html(html)).into_response();
            // For what is added to a page that says no.
            response.extensions_mut().insert(language);
            let headers = response.headers_mut();
            headers::protect_page(headers, form_action);
            headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
            headers.append(VARY, HeaderValue::from_static("accept-language"));
            response
        }
        Err(error) => {
            tracing::error!(event = "page-failed", error = %error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests;
