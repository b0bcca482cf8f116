//! Which names this server answers to, and which web sites' scripts may call `/mcp`.

use axum::extract::Request;
use axum::response::Response;
use domain::origin::Origin;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, HOST, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};
use http::{StatusCode, Uri};

use super::headers::MOST_PARAMS;
use crate::error::json_error;

/// Web clients that call `/mcp` from the browser.
const HOSTED: [&str; 4] =
    ["https://claude.ai", "https://claude.com", "https://chatgpt.com", "https://chat.openai.com"];

const ALLOWED_HEADERS: &str = "Authorization, Content-Type, Accept, MCP-Protocol-Version, \
                               Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID, traceparent, \
                               tracestate";
const EXPOSED_HEADERS: &str = "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After";

/// Refuses requests for other names: a web page that rebinds its own name to our address must
/// not be served. Loopback names cannot be rebound, and health checks use them.
pub(crate) fn refusal(public_url: &Origin, request: &Request) -> Option<Response> {
    let named = named_host(request.headers(), request.uri());
    match named {
        Some(host) if is_ours(public_url, host) => None,
        Some(_) => Some(json_error(
            StatusCode::MISDIRECTED_REQUEST,
            "host_misdirected",
            "This server does not answer to that name; see PUBLIC_URL.",
        )),
        None => Some(json_error(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "A request names exactly one host.",
        )),
    }
}

/// The host a request is for; `None` when it names none, or two.
fn named_host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let mut values = headers.get_all(HOST).iter();
    let host = values.next()?.to_str().ok()?;
    let alone = values.next().is_none();
    let agrees = uri.authority().is_none_or(|target| target.as_str().eq_ignore_ascii_case(host));
    (alone && agrees).then_some(host)
}

fn is_ours(origin: &Origin, host: &str) -> bool {
    let default_port = if origin.is_secure() { ":443" } else { ":80" };
    let bare = host.strip_suffix(default_port).unwrap_or(host);
    bare.eq_ignore_ascii_case(origin.authority()) || is_loopback(host)
}

fn is_loopback(authority: &str) -> bool {
    // An Origin parses exactly where the authority is one and nothing more.
    Origin::parse(&format!("http://{authority}")).is_ok_and(|origin| origin.is_loopback())
}

/// What a request's `Origin` header means for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Caller {
    /// Not from a script.
    Nobody,
    /// From a script that may read the answer.
    Allowed(HeaderValue),
    Foreign,
}

impl Caller {
    #[must_use]
    pub(super) fn of(headers: &HeaderMap, ours: &Origin, others: &[Origin]) -> Self {
        let mut values = headers.get_all(ORIGIN).iter();
        let Some(value) = values.next() else { return Self::Nobody };
        if values.next().is_some() {
            return Self::Foreign;
        }
        let Ok(text) = value.to_str() else { return Self::Foreign };
        let listed = text == ours.as_str()
            || HOSTED.contains(&text)
            || others.iter().any(|other| other.as_str() == text);
        // A gateway that is itself only on this machine is called by tools on this machine.
        let local = ours.is_loopback() && text.strip_prefix("http://").is_some_and(is_loopback);
        if listed || local { Self::Allowed(value.clone()) } else { Self::Foreign }
    }

    /// Lets the script read the answer.
    pub(super) fn open(&self, headers: &mut HeaderMap) {
        match self {
            Self::Nobody | Self::Foreign => {}
            Self::Allowed(origin) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                headers.insert(
                    ACCESS_CONTROL_EXPOSE_HEADERS,
                    HeaderValue::from_static(EXPOSED_HEADERS),
                );
                headers.append(VARY, HeaderValue::from_static("Origin"));
            }
        }
    }
}

/// A browser's question before the request proper; it needs no token.
#[must_use]
pub(super) fn preflight(asked: &HeaderMap) -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, DELETE, OPTIONS"),
    );
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(asked));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The fixed list, and every `Mcp-Param-*` that was asked for.
fn allowed_headers(asked: &HeaderMap) -> HeaderValue {
    let names = asked.get("access-control-request-headers").and_then(|value| value.to_str().ok());
    let mut list = ALLOWED_HEADERS.to_owned();
    let params = names
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| name.to_ascii_lowercase().starts_with("mcp-param-"));
    for name in params.take(MOST_PARAMS) {
        list.push_str(", ");
        list.push_str(name);
    }
    HeaderValue::from_str(&list).unwrap_or(HeaderValue::from_static(ALLOWED_HEADERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    #[test]
    fn t108_sec065_only_our_name_and_loopback_are_answered() {
        let ours = origin("https://garmin.example.org");
        for good in [
            "garmin.example.org",
            "GARMIN.example.org:443",
            "127.0.0.1:8080",
            "localhost",
            "[::1]:1",
        ] {
            assert!(is_ours(&ours, good), "{good}");
        }
        for bad in [
            "evil.example",
            "garmin.example.org.evil.example",
            "garmin.example.org:8443",
            "",
            "127.0.0.1@evil.example",
            "10.0.0.1",
        ] {
            assert!(!is_ours(&ours, bad), "{bad}");
        }
    }

    #[test]
    fn t108_sec009_a_request_names_one_host_and_its_target_agrees() {
        let headers = |hosts: &[&'static str]| {
            let mut map = HeaderMap::new();
            for host in hosts {
                map.append(HOST, HeaderValue::from_static(host));
            }
            map
        };
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        assert_eq!(named_host(&headers(&["a"]), &uri("/mcp")), Some("a"));
        assert_eq!(named_host(&headers(&["a"]), &uri("http://A/mcp")), Some("a"));
        assert_eq!(named_host(&headers(&["a"]), &uri("http://b/mcp")), None);
        assert_eq!(named_host(&headers(&["a", "a"]), &uri("/mcp")), None);
        assert_eq!(named_host(&headers(&[]), &uri("/mcp")), None);
    }

    #[test]
    fn t106_t107_sec064_foreign_sites_may_not_call_and_known_ones_may() {
        let others = [origin("http://localhost:7000")];
        let of = |ours: &str, value: &str| {
            let mut map = HeaderMap::new();
            map.insert(ORIGIN, HeaderValue::from_str(value).unwrap());
            Caller::of(&map, &origin(ours), &others)
        };
        let public = "https://garmin.example.org";
        for good in [public, "https://claude.ai", "http://localhost:7000"] {
            assert!(matches!(of(public, good), Caller::Allowed(_)), "{good}");
        }
        for bad in [
            "https://evil.tld",
            "null",
            "http://localhost:6274",
            "https://claude.ai.evil.tld",
            "https://claude.ai:444",
        ] {
            assert_eq!(of(public, bad), Caller::Foreign, "{bad}");
        }
        let local = "http://127.0.0.1:8080";
        assert!(matches!(of(local, "http://localhost:6274"), Caller::Allowed(_)));
        assert_eq!(of(local, "http://evil.tld"), Caller::Foreign);
        assert_eq!(Caller::of(&HeaderMap::new(), &origin(local), &[]), Caller::Nobody);
        let mut twice = HeaderMap::new();
        twice.append(ORIGIN, HeaderValue::from_static("https://claude.ai"));
        twice.append(ORIGIN, HeaderValue::from_static("https://claude.ai"));
        assert_eq!(Caller::of(&twice, &origin(local), &[]), Caller::Foreign);
    }
}
