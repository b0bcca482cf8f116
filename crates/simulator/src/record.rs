//! What tests may know of the requests that arrived: everything but the secrets.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use domain::clock::Timestamp;
use serde::Serialize;

use crate::routes::Host;

/// Headers worth asserting on, none of them secret.
const KEPT: [&str; 12] = [
    "accept",
    "accept-language",
    "cache-control",
    "content-type",
    "nk",
    "origin",
    "referer",
    "user-agent",
    "x-app-ver",
    "x-garmin-client-platform",
    "x-garmin-user-agent",
    "x-lang",
];

/// The number of the connection a request came on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection(pub(crate) u64);

/// One request, without body, password, token or cookie value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedRequest {
    pub at: Timestamp,
    pub host: Host,
    pub method: String,
    /// The path as that host sees it.
    pub path: String,
    pub query: String,
    /// A selection, by lower-case name. Of `Authorization` only the scheme is kept.
    pub headers: Vec<(String, String)>,
    /// Names of the cookies sent.
    pub cookies: Vec<String>,
    /// E-mail of the account it was about, where that can be told.
    pub account: Option<String>,
    /// Which connection it came on, by its place among all.
    pub connection: u64,
    /// What was answered; 0 when the connection was cut instead.
    pub status: u16,
}

impl RecordedRequest {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn of(at: Timestamp, host: Host, path: &str, parts: &Parts) -> Self {
        Self {
            at,
            host,
            method: parts.method.to_string(),
            path: path.to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: kept_headers(&parts.headers),
            cookies: cookie_names(&parts.headers),
            account: None,
            connection: parts.extensions.get::<Connection>().map_or(0, |connection| connection.0),
            status: 0,
        }
    }
}

fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = KEPT
        .iter()
        .filter_map(|name| {
            let value = headers.get(*name)?.to_str().ok()?;
            Some(((*name).to_owned(), value.to_owned()))
        })
        .collect();
    let scheme = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(' ').next());
    if let Some(scheme) = scheme {
        kept.push(("authorization".to_owned(), scheme.to_owned()));
    }
    kept
}

fn cookie_names(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, _)| name.to_owned())
        .collect()
}
