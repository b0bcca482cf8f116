//! The pages that anybody may read: what this is, how to connect, what there is to ask.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;

use super::tools::{self, Toolset};
use super::{Site, render};
use crate::extract::form::Params;
use crate::headers::FormAction;
use crate::language::Reader;
use crate::outlook::Outlooks;
use crate::state::AppState;

/// `/`: what this is, and what to do with it.
#[derive(Template)]
#[template(path = "pages/landing.html")]
pub struct Landing<'a> {
    pub site: Site<'a>,
    pub connector: &'a str,
    pub origin: &'a str,
    /// Whether only programs on the same computer can reach it.
    pub local: bool,
    pub garmin: Outlooks,
}

/// `/help`: the same step by step for each client, and what happens with the data.
#[derive(Template)]
#[template(path = "pages/help.html")]
pub struct Help<'a> {
    pub site: Site<'a>,
    pub connector: &'a str,
    pub local: bool,
}

/// `/help/tools`: the whole catalogue, and a search that is an ordinary form.
#[derive(Template)]
#[template(path = "pages/tools.html")]
pub struct Tools<'a> {
    pub site: Site<'a>,
    /// How many there are in all.
    pub count: u32,
    /// Whether the operator has switched some of them off.
    pub restricted: bool,
    pub query: &'a str,
    pub found: u32,
    pub sets: Vec<Toolset<'static>>,
}

pub(super) async fn landing(State(app): State<AppState>, reader: Reader) -> Response {
    let address = &app.config.public_url;
    let connector = address.resource();
    let page = Landing {
        site: Site::read_by(&app, reader),
        connector: &connector,
        origin: address.as_str(),
        local: !address.is_secure(),
        garmin: app.garmin.now(app.clock.now()),
    };
    render(StatusCode::OK, &page, FormAction::Nowhere)
}

pub(super) async fn help(State(app): State<AppState>, reader: Reader) -> Response {
    let connector = app.config.public_url.resource();
    let local = !app.config.public_url.is_secure();
    let page = Help { site: Site::read_by(&app, reader), connector: &connector, local };
    render(StatusCode::OK, &page, FormAction::Nowhere)
}

/// Longer than any question that names a tool.
const LONGEST_QUERY: usize = 60;

pub(super) async fn tools(
    State(app): State<AppState>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let asked = params.one("q").ok().flatten().unwrap_or_default();
    let asked: String = asked.trim().chars().take(LONGEST_QUERY).collect();
    let sets = tools::find(&asked);
    let site = Site::read_by(&app, reader);
    let restricted = app.config.tools.is_restricted();
    let (count, found) = (tools::count(tools::all()), tools::count(&sets));
    let page = Tools { site, count, restricted, query: &asked, found, sets };
    render(StatusCode::OK, &page, FormAction::SelfOnly)
}
