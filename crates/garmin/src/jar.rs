//! The cookies of one sign-in.
//!
//! The jar lives in Garmin's address space, not in ours: a cookie for `.garmin.com` marked
//! `Secure` works the same when the sign-in page is served by a simulator over plain loopback
//! HTTP. It is serialised into the pending login, so a code can be verified by another
//! process.

use domain::clock::Timestamp;
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};

/// RFC 6265 §6.1 asks for at least these; more would only be abuse.
const MOST_COOKIES: usize = 64;
const LONGEST_COOKIE: usize = 4096;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Jar(Vec<Cookie>);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Cookie {
    name: String,
    value: String,
    domain: String,
    path: String,
    secure: bool,
    expires: Option<i64>,
    /// Whether the server named the domain; otherwise the cookie is for this host alone.
    domain_specified: bool,
}

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cookie").field(&self.name).finish()
    }
}

/// The place an answer came from, or a request goes to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Garmin's own host, whatever address stands in for it.
    pub(crate) host: &'a str,
    /// The path below that host.
    pub(crate) path: &'a str,
    /// The host that is really asked.
    pub(crate) sent_to: &'a str,
    /// The path really asked for, with the prefix of the configured address.
    pub(crate) sent_path: &'a str,
}

impl Jar {
    /// Keeps what an answer sets, and forgets what it expires.
    pub(crate) fn keep(&mut self, headers: &HeaderMap, place: Place<'_>, now: Timestamp) {
        for line in headers.get_all(header::SET_COOKIE) {
            let Ok(line) = std::str::from_utf8(line.as_bytes()) else { continue };
            let Some(cookie) = Cookie::parse(line, place, now) else { continue };
            self.0.retain(|kept| !kept.replaces(&cookie));
            if cookie.is_live(now) && self.0.len() < MOST_COOKIES {
                self.0.push(cookie);
            }
        }
    }

    /// The `Cookie` header of a request to `place`.
    pub(crate) fn header(&self, place: Place<'_>, now: Timestamp) -> Option<HeaderValue> {
        let mut fitting: Vec<&Cookie> =
            self.0.iter().filter(|cookie| cookie.is_live(now) && cookie.fits(place)).collect();
        // RFC 6265 §5.4: longer paths first; the sort is stable, so age decides the rest.
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> =
            fitting.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        let mut value = HeaderValue::from_str(&pairs.join("; ")).ok()?;
        value.set_sensitive(true);
        if pairs.is_empty() { None } else { Some(value) }
    }

    /// A jar from a stored login may hold only cookies of Garmin's `domain`, or of the host
    /// that stands in for it.
    pub(crate) fn belongs_to(&self, domain: &str, stand_in: &str) -> bool {
        self.0.iter().all(|cookie| {
            within(&cookie.domain, domain) || cookie.domain.eq_ignore_ascii_case(stand_in)
        })
    }
}

impl Cookie {
    fn parse(line: &str, place: Place<'_>, now: Timestamp) -> Option<Self> {
        let mut parts = line.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let clean = |text: &str| !text.chars().any(|c| c.is_control() || c == ',');
        if name.is_empty() || !clean(name) || value.chars().any(char::is_control) {
            return None;
        }
        if name.len() + value.len() > LONGEST_COOKIE {
            return None;
        }
        let mut cookie = Self {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: place.host.to_ascii_lowercase(),
            path: default_path(place.path).to_owned(),
            secure: false,
            expires: None,
            domain_specified: false,
        };
        let mut max_age = None;
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "domain" if !value.is_empty() => cookie.claim(value, place)?,
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "secure" => cookie.secure = true,
                "expires" => cookie.expires = cookie.expires.or_else(|| expiry_date(value)),
                "max-age" => max_age = value.parse::<i64>().ok(),
                // Unknown attributes are ignored (RFC 6265 §5.2), empty ones too.
                _ => {}
            }
        }
        if let Some(seconds) = max_age {
            // Zero and below mean "at once"; the sum must not wrap for absurd ages.
            cookie.expires = Some(now.0.saturating_add(seconds.max(-1)));
        }
        Some(cookie)
    }

    /// RFC 6265 §5.3: a domain the host does not lie in refuses the cookie. A stand-in that
    /// names itself sets a cookie for this host alone.
    fn claim(&mut self, value: &str, place: Place<'_>) -> Option<()> {
        let claimed = value.trim_start_matches('.').to_ascii_lowercase();
        if claimed.eq_ignore_ascii_case(place.sent_to) && !within(place.host, &claimed) {
            return Some(());
        }
        // A bare top-level name would send the cookie to strangers.
        if !claimed.contains('.') || !within(place.host, &claimed) {
            return None;
        }
        self.domain = claimed;
        self.domain_specified = true;
        Some(())
    }

    fn replaces(&self, other: &Self) -> bool {
        self.name == other.name && self.domain == other.domain && self.path == other.path
    }

    fn is_live(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|at| at > now.0)
    }

    fn fits(&self, place: Place<'_>) -> bool {
        let host = if self.domain_specified {
            within(place.host, &self.domain)
        } else {
            place.host.eq_ignore_ascii_case(&self.domain)
        };
        // A stand-in below a path prefix may set the path as it sees it, or as Garmin would.
        host && (path_within(place.path, &self.path) || path_within(place.sent_path, &self.path))
    }
}

/// Whether `host` is `domain` or lies below it.
fn within(host: &str, domain: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let domain = domain.to_ascii_lowercase();
    host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
}

/// RFC 6265 §5.1.4.
fn path_within(path: &str, cookie_path: &str) -> bool {
    match path.strip_prefix(cookie_path) {
        Some(rest) => rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

/// RFC 6265 §5.1.4: the directory of the page that set the cookie.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(end) => &path[..end],
    }
}

/// `Expires` as servers write it. A date that cannot be read makes a session cookie.
fn expiry_date(text: &str) -> Option<i64> {
    let text = text.replace('-', " ");
    jiff::fmt::rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(&text)
        .ok()
        .map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000);

    fn place(path: &str) -> Place<'_> {
        Place { host: "sso.garmin.com", path, sent_to: "127.0.0.1", sent_path: path }
    }

    fn set(lines: &[&str], path: &str) -> Jar {
        let mut jar = Jar::default();
        let headers = lines
            .iter()
            .map(|line| (header::SET_COOKIE, HeaderValue::from_str(line).unwrap()))
            .collect();
        jar.keep(&headers, place(path), NOW);
        jar
    }

    fn sent(jar: &Jar, path: &str) -> String {
        jar.header(place(path), NOW)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    }

    #[test]
    fn secure_cookies_of_garmins_domain_come_back_over_a_plain_stand_in() {
        let jar = set(
            &[
                "SESSION=abc; Path=/; Secure; HttpOnly; SameSite=None",
                "__cf_bm=x=y; Domain=.garmin.com; Path=/; Expires=Fri, 31-Dec-2027 23:59:59 GMT",
                "local=1; Domain=127.0.0.1",
            ],
            "/mobile/sso/en_US/sign-in",
        );
        assert_eq!(sent(&jar, "/mobile/api/login"), "SESSION=abc; __cf_bm=x=y");
        assert_eq!(sent(&jar, "/mobile/sso/en_US/x"), "local=1; SESSION=abc; __cf_bm=x=y");
    }

    #[test]
    fn a_cookie_is_replaced_expired_and_confined_to_its_path() {
        let mut jar = set(&["a=1; Path=/sso", "b=2; Path=/sso; Max-Age=60"], "/sso/signin");
        assert_eq!(sent(&jar, "/sso/embed"), "a=1; b=2");
        assert_eq!(sent(&jar, "/ssoelse"), "");
        let again = HeaderMap::from_iter([
            (header::SET_COOKIE, HeaderValue::from_static("a=3; Path=/sso")),
            (header::SET_COOKIE, HeaderValue::from_static("b=; Path=/sso; Max-Age=0")),
        ]);
        jar.keep(&again, place("/sso/signin"), NOW);
        assert_eq!(sent(&jar, "/sso/embed"), "a=3");
        let long_dead = set(&["c=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "/");
        assert_eq!(long_dead, Jar::default());
    }

    #[test]
    fn a_host_only_cookie_stays_with_its_host_and_foreign_domains_are_refused() {
        let jar = set(&["own=1; Path=/", "all=2; Path=/; Domain=garmin.com"], "/");
        let elsewhere = Place { host: "connect.garmin.com", ..place("/") };
        assert_eq!(jar.header(elsewhere, NOW).unwrap().to_str().unwrap(), "all=2");
        for foreign in ["evil.com", "com", ".", "other.garmin.com", "armin.com"] {
            assert_eq!(set(&[&format!("x=1; Domain={foreign}")], "/"), Jar::default());
        }
    }

    #[test]
    fn a_stand_in_below_a_prefix_may_use_its_own_path() {
        let place = Place {
            host: "sso.garmin.com",
            path: "/sso/signin",
            sent_to: "localhost",
            sent_path: "/fake/sso/signin",
        };
        let mut jar = Jar::default();
        let headers = HeaderMap::from_iter([(
            header::SET_COOKIE,
            HeaderValue::from_static("a=1; Path=/fake"),
        )]);
        jar.keep(&headers, place, NOW);
        assert_eq!(jar.header(place, NOW).unwrap(), "a=1");
    }

    #[test]
    fn a_jar_is_the_same_after_a_round_trip_and_knows_whose_it_is() {
        let jar = set(&["a=1; Path=/; Secure", "b=2; Domain=.garmin.com; Max-Age=9"], "/sso/x");
        let text = serde_json::to_string(&jar).unwrap();
        assert_eq!(serde_json::from_str::<Jar>(&text).unwrap(), jar);
        assert!(jar.belongs_to("garmin.com", "127.0.0.1"));
        assert!(!jar.belongs_to("garmin.cn", "127.0.0.1"));
        assert!(!format!("{jar:?}").contains("=1"));
    }

    proptest! {
        #[test]
        fn no_cookie_line_panics_or_leaks_into_another_header(line in "\\PC{0,200}") {
            let Ok(value) = HeaderValue::from_bytes(line.as_bytes()) else { return Ok(()) };
            let mut jar = Jar::default();
            jar.keep(&HeaderMap::from_iter([(header::SET_COOKIE, value)]), place("/a/b"), NOW);
            let _ = jar.header(place("/a/b"), NOW);
            prop_assert!(jar.belongs_to("garmin.com", "127.0.0.1"));
        }

        #[test]
        fn any_attributes_are_survived(attributes in proptest::collection::vec(
            ("(?i)(domain|path|expires|max-age|secure|x)", "\\PC{0,30}"), 0..6)
        ) {
            let mut line = String::from("a=b");
            for (key, value) in attributes {
                line.extend(["; ", &key, "=", &value]);
            }
            let _ = Cookie::parse(&line, place("/a"), NOW);
        }
    }
}
