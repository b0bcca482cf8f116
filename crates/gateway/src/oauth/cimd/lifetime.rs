//! How long a document may be used before it is looked at again (RFC 9111 §4.2).

use std::time::Duration;

use http::header::{AGE, CACHE_CONTROL, DATE, EXPIRES};
use http::{HeaderMap, HeaderName};

const SHORTEST: Duration = Duration::from_mins(5);
const LONGEST: Duration = Duration::from_hours(24);
/// For a server that says nothing.
const USUAL: Duration = Duration::from_hours(1);

/// What the answer's headers say, within bounds: a document that must not be cached at all
/// would otherwise be fetched at every step of one sign-in.
pub(super) fn lifetime(headers: &HeaderMap) -> Duration {
    stated(headers).unwrap_or(USUAL).clamp(SHORTEST, LONGEST)
}

fn stated(headers: &HeaderMap) -> Option<Duration> {
    let mut longest = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().unwrap_or_default().split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" => return Some(Duration::ZERO),
                "max-age" if longest.is_none() => {
                    // A number nobody can read is the least of all numbers.
                    longest = Some(value.trim().trim_matches('"').parse().unwrap_or(0_u64));
                }
                _ => {}
            }
        }
    }
    if let Some(seconds) = longest {
        let age = one(headers, &AGE).and_then(|age| age.trim().parse().ok()).unwrap_or(0);
        return Some(Duration::from_secs(seconds.saturating_sub(age)));
    }
    let expires = one(headers, &EXPIRES)?;
    let left = date(expires)
        .zip(one(headers, &DATE).and_then(date))
        .map(|(expires, date)| expires.duration_since(date));
    // `Expires: 0` is what servers send that mean "already".
    Some(left.and_then(|left| Duration::try_from(left).ok()).unwrap_or(Duration::ZERO))
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn date(text: &str) -> Option<jiff::Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|moment| moment.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[(&'static str, &str)]) -> u64 {
        let pairs = lines.iter().map(|(name, value)| {
            (HeaderName::from_static(name), http::HeaderValue::from_str(value).unwrap())
        });
        lifetime(&pairs.collect()).as_secs()
    }

    #[test]
    fn the_publisher_decides_within_bounds() {
        for (value, seconds) in [
            ("max-age=3600", 3600),
            ("public, Max-Age=7200, must-revalidate", 7200),
            ("max-age=\"600\"", 600),
            ("max-age=1", 300),
            ("max-age=31536000", 86_400),
            ("max-age=99999999999999999999999", 300),
            ("max-age=-1", 300),
            ("no-store", 300),
            ("no-cache, max-age=3600", 300),
            ("private", 3600),
        ] {
            assert_eq!(of(&[("cache-control", value)]), seconds, "{value}");
        }
        assert_eq!(of(&[]), 3600);
        assert_eq!(of(&[("cache-control", "max-age=3600"), ("age", "1000")]), 2600);
        assert_eq!(of(&[("cache-control", "max-age=3600"), ("age", "99999")]), 300);
    }

    #[test]
    fn an_expiry_date_counts_from_the_servers_own_date() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(of(&[date, ("expires", "Sun, 06 Nov 1994 10:49:37 GMT")]), 7200);
        assert_eq!(of(&[date, ("expires", "Sun, 06 Nov 1994 07:49:37 GMT")]), 300);
        assert_eq!(of(&[date, ("expires", "0")]), 300);
        assert_eq!(of(&[("expires", "Sun, 06 Nov 1994 10:49:37 GMT")]), 300);
        assert_eq!(
            of(&[
                date,
                ("expires", "Sun, 06 Nov 1994 10:49:37 GMT"),
                ("cache-control", "max-age=900")
            ]),
            900
        );
    }
}
