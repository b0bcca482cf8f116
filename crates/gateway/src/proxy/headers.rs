//! Which headers of a client reach its worker. An allow-list: what is not named stays. In the
//! other direction none does: answers get headers of the gateway's own.

use domain::contract::header as contract;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    ORIGIN,
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
/// Of headers that name parameters. No tool declares as many; with the gateway's own, a worker's
/// server must not get more than it reads.
pub(super) const MOST_PARAMS: usize = 32;

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
    pub(super) time_zone: Option<&'a str>,
    pub(super) units: Option<&'static str>,
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
    let params = client.iter().filter(|(name, _)| name.as_str().starts_with(PARAM_PREFIX));
    for (name, value) in params.take(MOST_PARAMS) {
        headers.append(name, value.clone());
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
    let chosen = [
        (contract::TOOLS, stamp.tools),
        (contract::TIME_ZONE, stamp.time_zone),
        (contract::UNITS, stamp.units),
    ];
    for (name, value) in chosen {
        if let Some(value) = value {
            set(name, value);
        }
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
    headers.get(CONTENT_TYPE).is_some_and(says_json)
}

/// Whether a content type is JSON's.
#[must_use]
pub(super) fn says_json(kind: &HeaderValue) -> bool {
    let essence = kind.to_str().ok().and_then(|kind| kind.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

/// What a client reads. One of the two kinds is enough, and so is saying nothing: the strict
/// reading of the protocol would turn honest clients away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// It names event streams and reads JSON as well.
    Both,
    /// It does not say, or says that everything is welcome.
    Either,
    Json,
    Events,
}

impl Reads {
    /// `None`: nothing an MCP server answers with.
    #[must_use]
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(ACCEPT) {
            return Some(Self::Either);
        }
        let json = accepts(headers, ["application/json", "application/*", "*/*"]);
        let events = accepts(headers, ["text/event-stream", "text/*", "*/*"]);
        match (json, events) {
            (Accepts::No, Accepts::No) => None,
            (Accepts::No, Accepts::Named | Accepts::Implied) => Some(Self::Events),
            (Accepts::Named | Accepts::Implied, Accepts::No) => Some(Self::Json),
            (Accepts::Named | Accepts::Implied, Accepts::Named) => Some(Self::Both),
            (Accepts::Named | Accepts::Implied, Accepts::Implied) => Some(Self::Either),
        }
    }
}

enum Accepts {
    Named,
    Implied,
    No,
}

/// What the most specific range says; `ranges` are from the most specific one on.
fn accepts(headers: &HeaderMap, ranges: [&str; 3]) -> Accepts {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let said = values.flat_map(|text| text.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let place = ranges.iter().position(|range| range.eq_ignore_ascii_case(kind))?;
        let refused = parts.any(|part| {
            let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.parse() == Ok(0.0))
        });
        Some((place, refused))
    });
    match said.min() {
        None | Some((_, true)) => Accepts::No,
        Some((0, false)) => Accepts::Named,
        Some((_, false)) => Accepts::Implied,
    }
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
            time_zone: None,
            units: None,
            request_id: "r1",
        }
    }

    #[test]
    fn t103_sec113_nothing_of_a_client_reaches_a_worker_unless_it_is_named() {
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
    fn parameters_in_headers_never_crowd_out_the_worker() {
        let mut client = HeaderMap::new();
        for number in 0..95 {
            let name = HeaderName::try_from(format!("{PARAM_PREFIX}{number}")).unwrap();
            client.insert(name, HeaderValue::from_static("x"));
        }
        let stamp = Stamp {
            host: HeaderValue::from_static("127.0.0.1:1"),
            secret: HeaderValue::from_static("ours"),
            device: "d",
            scopes: "garmin:read",
            tools: None,
            time_zone: None,
            units: None,
            request_id: "r1",
        };
        assert!(to_worker(&client, &stamp).len() < 50);
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
    fn what_a_client_reads_is_what_it_says_and_silence_is_consent() {
        let reads = |value| Reads::of(&map(&[("accept", value)]));
        for (accept, expected) in [
            ("application/json, text/event-stream", Some(Reads::Both)),
            ("Text/Event-Stream, */*;q=0.1", Some(Reads::Both)),
            ("*/*", Some(Reads::Either)),
            ("text/html, */*;q=0.1", Some(Reads::Either)),
            ("application/json", Some(Reads::Json)),
            ("application/*;q=0.5", Some(Reads::Json)),
            ("*/*, text/event-stream;q=0", Some(Reads::Json)),
            ("text/event-stream", Some(Reads::Events)),
            ("application/json;q=0, text/event-stream", Some(Reads::Events)),
            ("text/html", None),
            ("", None),
            ("application/json;q=0", None),
            ("application/json; q=0.000, image/*", None),
        ] {
            assert_eq!(reads(accept), expected, "{accept}");
        }
        assert_eq!(Reads::of(&HeaderMap::new()), Some(Reads::Either));
        let two = map(&[("accept", "text/html"), ("accept", "*/*")]);
        assert_eq!(Reads::of(&two), Some(Reads::Either));
    }
}
