//! The cookie that ties a browser to its sign-in, and the one that opens an account page.

use domain::entropy::Entropy;
use domain::origin::Origin;
use domain::token::{Browser, Kind, PageSession, Token};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// Longer than any sign-in; the row behind it decides.
const MAX_AGE_SECS: u32 = 3600;
const PAGE_MAX_AGE_SECS: u32 = 12 * 3600;

/// `__Host-` needs `Secure`, which needs https; on loopback the name goes without.
fn name(origin: &Origin) -> &'static str {
    if origin.is_secure() { "__Host-garmin-gateway" } else { "garmin-gateway" }
}

fn page_name(origin: &Origin) -> &'static str {
    if origin.is_secure() { "__Host-garmin-account" } else { "garmin-account" }
}

/// The browser's secret, if it brought exactly one that could be ours.
#[must_use]
pub fn read(origin: &Origin, headers: &HeaderMap) -> Option<Token<Browser>> {
    sole(name(origin), headers)
}

/// What opens an account page, if the browser brought exactly one.
#[must_use]
pub fn read_page(origin: &Origin, headers: &HeaderMap) -> Option<Token<PageSession>> {
    sole(page_name(origin), headers)
}

/// The token in the one cookie of this name.
fn sole<K: Kind>(wanted: &str, headers: &HeaderMap) -> Option<Token<K>> {
    let mut found = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == wanted)
        .map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(value), None) => Token::parse(value).ok(),
        (Some(_) | None, _) => None,
    }
}

/// The browser's secret, or a new one: several tabs share it.
#[must_use]
pub fn read_or_generate(
    origin: &Origin,
    headers: &HeaderMap,
    entropy: &dyn Entropy,
) -> Token<Browser> {
    read(origin, headers).unwrap_or_else(|| Token::generate(entropy))
}

/// Of the account page: longer than a session, whose row decides. `Strict`: nobody arrives there
/// from another site but by a link that needs no cookie.
#[must_use]
pub fn set_page(origin: &Origin, session: &Token<PageSession>) -> Option<HeaderValue> {
    page(origin, session.reveal(), PAGE_MAX_AGE_SECS)
}

/// Takes that cookie back.
#[must_use]
pub fn forget_page(origin: &Origin) -> Option<HeaderValue> {
    page(origin, "", 0)
}

fn page(origin: &Origin, value: &str, max_age: u32) -> Option<HeaderValue> {
    let secure = if origin.is_secure() { "; Secure" } else { "" };
    let name = page_name(origin);
    let text =
        format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}");
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `Lax`, because the person arrives from the client's site.
#[must_use]
pub fn set(origin: &Origin, browser: &Token<Browser>) -> Option<HeaderValue> {
    let secure = if origin.is_secure() { "; Secure" } else { "" };
    let text = format!(
        "{}={}; Path=/; Max-Age={MAX_AGE_SECS}; HttpOnly; SameSite=Lax{secure}",
        name(origin),
        browser.reveal()
    );
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use domain::entropy::CountingEntropy;

    use super::*;

    #[test]
    fn sec054_the_cookie_of_an_account_page_is_strict_and_taken_back_by_an_empty_one() {
        let origin = Origin::parse("https://garmin.example.org").unwrap();
        let session = Token::<PageSession>::generate(&CountingEntropy::default());
        let text = set_page(&origin, &session).unwrap();
        let text = text.to_str().unwrap();
        assert!(text.starts_with("__Host-garmin-account=ggw_ps_"), "{text}");
        for part in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("Domain"), "{text}");
        let pair = text.split(';').next().unwrap();
        let line = HeaderValue::from_str(pair).unwrap();
        let headers = HeaderMap::from_iter([(COOKIE, line)]);
        let read_back = read_page(&origin, &headers).unwrap();
        assert_eq!(read_back.reveal(), session.reveal());
        assert!(read(&origin, &headers).is_none(), "one is not the other");
        let gone = forget_page(&origin).unwrap();
        assert!(gone.to_str().unwrap().starts_with("__Host-garmin-account=; Path=/; Max-Age=0"));
    }

    #[test]
    fn sec054_a_cookie_is_read_back_and_two_are_none() {
        let origin = Origin::parse("https://garmin.example.org").unwrap();
        let browser = Token::generate(&CountingEntropy::default());
        let text = set(&origin, &browser).unwrap();
        let text = text.to_str().unwrap();
        assert!(text.starts_with("__Host-garmin-gateway=ggw_bs_"), "{text}");
        for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(text.contains(part), "{text}");
        }
        let pair = text.split(';').next().unwrap();
        let headers =
            |line: String| HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&line).unwrap())]);
        let read_back = read(&origin, &headers(format!("a=b; {pair}"))).unwrap();
        assert_eq!(read_back.reveal(), browser.reveal());
        assert!(read(&origin, &headers(format!("{pair}; {pair}"))).is_none());
        assert!(read(&origin, &headers("__Host-garmin-gateway=x".to_owned())).is_none());
    }

    #[test]
    fn on_loopback_without_tls_the_cookie_asks_for_none() {
        let origin = Origin::parse("http://127.0.0.1:8080").unwrap();
        let browser = Token::generate(&CountingEntropy::default());
        let value = set(&origin, &browser).unwrap();
        let text = value.to_str().unwrap();
        assert!(text.starts_with("garmin-gateway=") && !text.contains("Secure"), "{text}");
    }
}
