//! The cookie that ties a browser to its sign-in.

use domain::entropy::Entropy;
use domain::origin::Origin;
use domain::token::{Browser, Token};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// Longer than any sign-in; the row behind it decides.
const MAX_AGE_SECS: u32 = 3600;

/// `__Host-` needs `Secure`, which needs https; on loopback the name goes without.
fn name(origin: &Origin) -> &'static str {
    if origin.is_secure() { "__Host-garmin-gateway" } else { "garmin-gateway" }
}

/// The browser's secret, if it brought exactly one that could be ours.
#[must_use]
pub fn read(origin: &Origin, headers: &HeaderMap) -> Option<Token<Browser>> {
    let wanted = name(origin);
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
