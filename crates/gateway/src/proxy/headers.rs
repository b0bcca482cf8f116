//! Which headers cross the gateway, in both directions. Allow-lists: what is not named stays.

use domain::contract::header as contract;
use http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap,
    HeaderName, HeaderValue, ORIGIN,
};

use super::agreement::{METHOD, NAME, PROTOCOL_VERSION};

/// What a worker sees of the client's headers. `Mcp-Param-*` goes along as well.
const TO_WORKER: [HeaderName; 5] = [
    PROTOCOL_VERSION,
    METHOD,
    NAME,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

const PARAM_PREFIX: &str = "mcp-param-";

/// What a client sees of a worker's headers.
const TO_CLIENT: [HeaderName; 3] = [CONTENT_TYPE, CONTENT_LENGTH, PROTOCOL_VERSION];

/// Headers of which a second one would be read differently by different readers.
static SINGLE: [HeaderName; 10] = [
    HOST,
    AUTHORIZATION,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    ORIGIN,
    PROTOCOL_VERSION,
    METHOD,
    NAME,
    HeaderName::from_static("mcp-session-id"),
    HeaderName::from_static("last-event-id"),
];

/// What the gateway says about a call to the worker.
pub(super) struct Stamp<'a> {
    pub(super) host: HeaderValue,
    pub(super) secret: HeaderValue,
    pub(super) device: &'a str,
    pub(super) scopes: &'static str,
    pub(super) tools: Option<&'a str>,
    pub(super) request_id: &'a str,
}

/// The first single-valued header that appears more than once.
#[must_use]
pub(super) fn doubled(headers: &HeaderMap) -> Option<&'static str> {
    let twice = |name: &&HeaderName| headers.get_all(*name).iter().nth(1).is_some();
    // Names of the protocol's own have an error code of their own in the modern era.
    let ours = |name: &&HeaderName| ![PROTOCOL_VERSION, METHOD, NAME].contains(name);
    let found = SINGLE.iter().filter(ours).find(twice)?;
    Some(match *found {
        HOST => "Host",
        AUTHORIZATION => "Authorization",
        CONTENT_TYPE => "Content-Type",
        CONTENT_LENGTH => "Content-Length",
        ORIGIN => "Origin",
        _ => "a header",
    })
}

/// The client's headers as the worker gets them: a few of theirs, then ours.
#[must_use]
pub(super) fn to_worker(client: &HeaderMap, stamp: &Stamp<'_>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    for name in &TO_WORKER {
        if let Some(value) = client.get(name) {
            headers.insert(name, value.clone());
        }
    }
    for (name, value) in client {
        if name.as_str().starts_with(PARAM_PREFIX) {
            headers.append(name, value.clone());
        }
    }
    headers.insert(HOST, stamp.host.clone());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Clients say less than the protocol asks for; what they can read they have shown by
    // asking at all.
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    headers.insert(contract::SECRET, stamp.secret.clone());
    let mut set = |name, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set(contract::DEVICE, stamp.device);
    set(contract::SCOPES, stamp.scopes);
    set(contract::REQUEST_ID, stamp.request_id);
    if let Some(tools) = stamp.tools {
        set(contract::TOOLS, tools);
    }
    headers
}

/// The worker's headers as the client gets them, with the caching rules of `/mcp`.
#[must_use]
pub(super) fn to_client(worker: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    for name in &TO_CLIENT {
        if let Some(value) = worker.get(name) {
            headers.insert(name, value.clone());
        }
    }
    if is_stream(worker) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, no-transform"));
        headers
            .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    } else {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers
}

/// Whether the answer is an event stream.
#[must_use]
pub(super) fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().starts_with("text/event-stream"))
}

/// Whether the body claims to be JSON.
#[must_use]
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

/// Whether the client reads anything an MCP server answers with. One of the two kinds is
/// enough, and so is saying nothing: the strict reading of the protocol would turn honest
/// clients away.
#[must_use]
pub(super) fn accepts_answer(headers: &HeaderMap) -> bool {
    const READABLE: [&str; 5] =
        ["*/*", "application/*", "application/json", "text/*", "text/event-stream"];
    let allowed = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let refused = parts.any(|part| {
            let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.parse() == Ok(0.0))
        });
        !refused && READABLE.iter().any(|readable| readable.eq_ignore_ascii_case(kind))
    };
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    values.peek().is_none()
        || values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(','))
            .any(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let mut map = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            map.append(name, value);
        }
        map
    }

    fn stamp() -> Stamp<'static> {
        Stamp {
            host: HeaderValue::from_static("127.0.0.1:1"),
            secret: HeaderValue::from_static("ours"),
            device: "dev_1",
            scopes: "garmin:read",
            tools: None,
            request_id: "r1",
        }
    }

    #[test]
    fn nothing_of_a_client_reaches_a_worker_unless_it_is_named() {
        let client = map(&[
            ("host", "garmin.example.org"),
            ("authorization", "Bearer secret"),
            ("cookie", "a=b"),
            ("accept", "*/*"),
            ("x-forwarded-for", "192.0.2.1"),
            ("forwarded", "for=x"),
            ("mcp-session-id", "s"),
            ("x-worker-secret", "theirs"),
            ("x-worker-scopes", "garmin:read garmin:write"),
            ("x-worker-tools", "all"),
            ("x-worker-anything", "x"),
            ("x-request-id", "theirs"),
            ("connection", "keep-alive"),
            ("transfer-encoding", "chunked"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-param-region", "eu"),
            ("traceparent", "00-1-1-00"),
        ]);
        let sent = to_worker(&client, &stamp());
        let mut names: Vec<_> = sent.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "accept",
                "content-type",
                "host",
                "mcp-method",
                "mcp-param-region",
                "mcp-protocol-version",
                "traceparent",
                "x-request-id",
                "x-worker-device",
                "x-worker-scopes",
                "x-worker-secret",
            ]
        );
        assert_eq!(sent[HOST], "127.0.0.1:1");
        assert_eq!(sent["x-worker-secret"], "ours");
        assert_eq!(sent["x-worker-scopes"], "garmin:read");
        assert_eq!(sent["x-request-id"], "r1");
        assert_eq!(sent[ACCEPT], "application/json, text/event-stream");
    }

    #[test]
    fn nothing_of_a_worker_reaches_a_client_unless_it_is_named() {
        let worker = map(&[
            ("content-type", "application/json"),
            ("set-cookie", "a=b"),
            ("www-authenticate", "Bearer"),
            ("location", "https://evil.example"),
            ("access-control-allow-origin", "*"),
            ("server", "x"),
            ("x-worker-needed-scopes", "garmin:write"),
            ("mcp-session-id", "s"),
            ("connection", "close"),
            ("transfer-encoding", "chunked"),
        ]);
        let sent = to_client(&worker);
        let mut names: Vec<_> = sent.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["cache-control", "content-type"]);
        assert_eq!(sent[CACHE_CONTROL], "no-store");
        let stream = to_client(&map(&[("content-type", "text/event-stream; charset=utf-8")]));
        assert_eq!(stream["x-accel-buffering"], "no");
    }

    #[test]
    fn a_second_header_where_one_belongs_is_noticed() {
        assert_eq!(
            doubled(&map(&[("authorization", "a"), ("authorization", "b")])),
            Some("Authorization")
        );
        assert_eq!(
            doubled(&map(&[("mcp-session-id", "a"), ("mcp-session-id", "b")])),
            Some("a header")
        );
        assert_eq!(doubled(&map(&[("accept", "a"), ("accept", "b")])), None);
    }

    #[test]
    fn json_may_carry_parameters() {
        assert!(is_json(&map(&[("content-type", "Application/JSON; charset=utf-8")])));
        assert!(!is_json(&map(&[("content-type", "text/plain")])));
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn a_client_that_reads_neither_kind_of_answer_is_noticed() {
        let accepts = |value| accepts_answer(&map(&[("accept", value)]));
        for fine in [
            "*/*",
            "application/json",
            "Text/Event-Stream",
            "application/*;q=0.5",
            "text/html, */*;q=0.1",
            "application/json, text/event-stream",
            "application/json;q=0, text/event-stream",
        ] {
            assert!(accepts(fine), "{fine}");
        }
        for none in ["text/html", "", "application/json;q=0", "application/json; q=0.000, image/*"]
        {
            assert!(!accepts(none), "{none}");
        }
        assert!(accepts_answer(&HeaderMap::new()));
        assert!(accepts_answer(&map(&[("accept", "text/html"), ("accept", "*/*")])));
    }
}
