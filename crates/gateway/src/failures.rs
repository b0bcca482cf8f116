//! One record for every answer that says no, unless whoever said it has written one already:
//! what a client or a person was told can be found in the log by the number they quote.

use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};

use crate::language::Language;
use crate::request_id::RequestId;

/// The stable word of an answer, for its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) &'static str);

/// On an answer whose record is written, or is about to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recorded;

/// In `base.html`, where the number goes.
const PLACE: &str = "<!-- request -->";
/// Our pages are far shorter.
const LONGEST_PAGE: usize = 256 * 1024;

pub(crate) async fn record(
    response: Response,
    path: Option<&MatchedPath>,
    id: RequestId,
) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    if response.extensions().get::<Recorded>().is_none() {
        let path = path.map_or("other", MatchedPath::as_str);
        tell(status, cause(&response), path);
    }
    if is_page(&response) { quote(response, id).await } else { response }
}

fn tell(status: StatusCode, code: &str, path: &str) {
    let number = status.as_u16();
    if status.is_server_error() {
        tracing::warn!(event = "request-failed", status = number, code, path, "");
    } else {
        tracing::info!(event = "request-refused", status = number, code, path, "");
    }
}

/// The word the answer itself carries, or one for its status.
fn cause(response: &Response) -> &'static str {
    if let Some(Code(word)) = response.extensions().get::<Code>() {
        return word;
    }
    match response.status() {
        StatusCode::BAD_REQUEST => "invalid_request",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::CONFLICT => "under_way",
        StatusCode::TOO_MANY_REQUESTS => "too_often",
        StatusCode::SERVICE_UNAVAILABLE => "temporarily_unavailable",
        status if status.is_server_error() => "server_error",
        _ => "refused",
    }
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// Shows people the number under which the operator finds what happened.
async fn quote(response: Response, id: RequestId) -> Response {
    let language = response.extensions().get::<Language>().copied().unwrap_or_default();
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = Limited::new(body, LONGEST_PAGE).collect().await else {
        return Response::from_parts(parts, Body::empty());
    };
    let page = String::from_utf8_lossy(&whole.to_bytes()).replacen(
        PLACE,
        &format!("<p>{}</p>", language.t("base-number").with("number", id)),
        1,
    );
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(page))
}
