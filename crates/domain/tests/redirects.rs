//! Which redirect URI a registered one accepts, compared with a model built from parts.

use domain::redirect::{RedirectKind, RedirectUri};
use proptest::prelude::*;
use url::Url;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    scheme: String,
    user: String,
    host: String,
    port: String,
    path: String,
    query: String,
}

impl Parts {
    fn text(&self) -> String {
        let Self { scheme, user, host, port, path, query } = self;
        format!("{scheme}://{user}{host}{port}{path}{query}")
    }

    fn is_loopback(&self) -> bool {
        self.scheme == "http" && matches!(&*self.host, "localhost" | "127.0.0.1" | "[::1]")
    }

    /// Whether this may be registered at all.
    fn is_good(&self) -> bool {
        let site = self.scheme == "https"
            && [".example", ".tld"].iter().any(|end| self.host.ends_with(end));
        self.user.is_empty() && (site || self.is_loopback())
    }

    /// An empty path before a query or an end is the root.
    fn where_to(&self) -> String {
        let slash = if self.path.is_empty() { "/" } else { "" };
        format!("{slash}{}{}", self.path, self.query)
    }
}

fn good() -> impl Strategy<Value = Parts> {
    let host = prop::sample::select(vec!["localhost", "127.0.0.1", "[::1]", "claude.example"]);
    (parts(), host).prop_map(|(parts, host)| {
        let scheme = if host.ends_with(".example") { "https" } else { "http" };
        Parts { scheme: scheme.to_owned(), user: String::new(), host: host.to_owned(), ..parts }
    })
}

fn parts() -> impl Strategy<Value = Parts> {
    let schemes =
        prop_oneof![4 => Just("http"), 4 => Just("https"), 1 => Just("HTTP"), 1 => Just("ftp")];
    let users = prop_oneof![9 => Just(""), 1 => Just("claude.example@"), 1 => Just("@")];
    let hosts = prop::sample::select(vec![
        "localhost",
        "127.0.0.1",
        "[::1]",
        "127.0.0.2",
        "127.1",
        "0x7f.1",
        "localhost.evil.tld",
        "claude.example",
        "evil.example",
        "CLAUDE.example",
    ]);
    let ports = prop::sample::select(vec!["", ":80", ":443", ":8443", ":51234"]);
    let paths = prop::sample::select(vec!["", "/", "/cb", "/cb/", "/CB", "/cb/../cb", "/%63b"]);
    let queries = prop::sample::select(vec!["", "?", "?x=1", "?x=2", "?x?", "?x=1&"]);
    (schemes, users, hosts, ports, paths, queries).prop_map(
        |(scheme, user, host, port, path, query)| Parts {
            scheme: scheme.to_owned(),
            user: user.to_owned(),
            host: host.to_owned(),
            port: port.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_https_sites_and_spelled_out_loopback_can_be_registered(parts in parts()) {
        let text = parts.text();
        let parsed = RedirectUri::parse(&text);
        prop_assert_eq!(parsed.is_ok(), parts.is_good(), "{}", text);
        if let Ok(uri) = parsed {
            prop_assert_eq!(uri.as_str(), &text);
            prop_assert_eq!(uri.to_string(), text);
            prop_assert_eq!(uri.kind() == RedirectKind::Loopback, parts.is_loopback());
        }
    }

    #[test]
    fn t2_t3_t6_t7_t8_sec010_sec012_a_match_is_the_same_text_but_for_a_loopback_port(
        registered in good(),
        asked in parts(),
        near in any::<prop::sample::Index>(),
    ) {
        // Two random URIs rarely agree; one that differs in a single part often nearly does.
        let mut close = registered.clone();
        match near.index(5) {
            0 => close.host.clone_from(&asked.host),
            1 => close.port.clone_from(&asked.port),
            2 => close.path.clone_from(&asked.path),
            3 => close.query.clone_from(&asked.query),
            _ => close.scheme.clone_from(&asked.scheme),
        }
        for other in [asked, close] {
            let Ok(theirs) = RedirectUri::parse(&other.text()) else { continue };
            let ours = RedirectUri::parse(&registered.text()).unwrap();
            let same = registered == other;
            let port_aside = registered.is_loopback()
                && other.is_loopback()
                && registered.host == other.host
                && registered.where_to() == other.where_to();
            prop_assert_eq!(ours.accepts(&theirs), same || port_aside, "{} and {}", ours, theirs);
        }
    }

    #[test]
    fn t4_whatever_is_accepted_leads_to_the_registered_host(
        registered in good(),
        asked in "https?://[a-z.@:\\\\/\\[\\]0-9]{1,30}",
    ) {
        let ours = RedirectUri::parse(&registered.text()).unwrap();
        if let Ok(theirs) = RedirectUri::parse(&asked)
            && ours.accepts(&theirs)
        {
            let host = |uri: &RedirectUri| Url::parse(uri.as_str()).unwrap().host_str().map(str::to_owned);
            prop_assert_eq!(host(&ours), host(&theirs));
        }
    }

    #[test]
    fn t23_sec047_an_answer_keeps_the_place_and_carries_its_words_once(
        parts in good(),
        state in "\\PC{0,40}",
    ) {
        let uri = RedirectUri::parse(&parts.text()).unwrap();
        let answer = uri.with_query(&[("code", "c"), ("state", &state), ("iss", "https://h.example")]);
        let (before, after) = (Url::parse(uri.as_str()).unwrap(), Url::parse(&answer).unwrap());
        prop_assert_eq!(before.origin(), after.origin());
        prop_assert_eq!(before.path(), after.path());
        prop_assert!(after.fragment().is_none());
        for (name, value) in [("code", "c"), ("state", &*state), ("iss", "https://h.example")] {
            let sent: Vec<_> = after.query_pairs().filter(|(ours, _)| ours == name).collect();
            prop_assert_eq!(sent.len(), 1, "{}", name);
            prop_assert_eq!(&*sent[0].1, value);
        }
    }
}
