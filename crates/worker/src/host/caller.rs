//! What the gateway says about a request.

use domain::contract::{SecretText, header};
use domain::id::DeviceId;
use domain::scope::Scopes;
use domain::settings::UnitSystem;
use http::{HeaderMap, HeaderName};

/// On whose behalf a request comes; among the extensions of every request a service sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub device: Option<DeviceId>,
    pub scopes: Scopes,
    /// The device's tool profile; absent for the default.
    pub tools: Option<String>,
    /// The zone the athlete has chosen; absent where Garmin's counts.
    pub time_zone: Option<String>,
    /// The units the athlete has chosen.
    pub units: Option<UnitSystem>,
    pub request_id: Option<String>,
}

impl Caller {
    /// Somebody nobody knows anything about but what they may do.
    #[must_use]
    pub fn unknown(scopes: Scopes) -> Self {
        Self { device: None, scopes, tools: None, time_zone: None, units: None, request_id: None }
    }

    /// Reads the gateway's headers. Without scopes a caller may do the least there is.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let text = |name| sole(headers, name);
        Self {
            device: text(header::DEVICE).and_then(|id| DeviceId::parse(id).ok()),
            scopes: text(header::SCOPES)
                .and_then(|scopes| Scopes::parse(scopes).ok())
                .unwrap_or(Scopes::ReadOnly),
            tools: text(header::TOOLS).map(str::to_owned),
            time_zone: text(header::TIME_ZONE).map(str::to_owned),
            units: text(header::UNITS).and_then(UnitSystem::parse),
            request_id: text(header::REQUEST_ID).map(str::to_owned),
        }
    }
}

/// Whether the request proves that it comes from the gateway.
pub(super) fn knows_secret(headers: &HeaderMap, secret: &SecretText) -> bool {
    // The comparison of secrets takes the same time for every wrong one.
    sole(headers, header::SECRET).is_some_and(|presented| SecretText::from(presented) == *secret)
}

/// Removes what only the two processes may know.
pub(super) fn strip(headers: &mut HeaderMap) {
    let ours: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with(header::PREFIX)).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
}

/// The value of a header that is there exactly once.
fn sole<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        (Some(_) | None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn scopes_that_are_missing_doubled_or_unknown_are_the_narrowest() {
        let scopes = |pairs| Caller::read(&headers(pairs)).scopes;
        assert_eq!(scopes(&[(header::SCOPES, "garmin:read garmin:write")]), Scopes::ReadWrite);
        assert_eq!(scopes(&[]), Scopes::ReadOnly);
        assert_eq!(scopes(&[(header::SCOPES, "everything")]), Scopes::ReadOnly);
        let twice = [(header::SCOPES, "garmin:write"), (header::SCOPES, "garmin:write")];
        assert_eq!(scopes(&twice), Scopes::ReadOnly);
    }

    #[test]
    fn what_an_athlete_has_chosen_comes_with_every_request() {
        let chosen = [(header::TIME_ZONE, "Europe/Vienna"), (header::UNITS, "imperial")];
        let caller = Caller::read(&headers(&chosen));
        assert_eq!(caller.time_zone.as_deref(), Some("Europe/Vienna"));
        assert_eq!(caller.units, Some(UnitSystem::Imperial));
        let nothing = Caller::read(&headers(&[(header::UNITS, "furlongs")]));
        assert_eq!((nothing.time_zone, nothing.units), (None, None));
    }

    #[test]
    fn the_secret_must_be_there_once_and_equal() {
        let secret = SecretText::from("open sesame");
        let knows = |pairs| knows_secret(&headers(pairs), &secret);
        assert!(knows(&[(header::SECRET, "open sesame")]));
        assert!(!knows(&[(header::SECRET, "open")]));
        assert!(!knows(&[(header::SECRET, "")]));
        assert!(!knows(&[]));
        assert!(!knows(&[(header::SECRET, "open sesame"), (header::SECRET, "open sesame")]));
    }

    #[test]
    fn a_program_never_sees_the_secret() {
        let mut headers = headers(&[(header::SECRET, "s"), ("accept", "*/*")]);
        strip(&mut headers);
        assert_eq!(headers.len(), 1);
        assert!(headers.contains_key("accept"));
    }
}
