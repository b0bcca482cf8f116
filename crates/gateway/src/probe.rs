//! Whether a server on the way to Garmin can be reached: name, connection, TLS, an answer; and
//! whether we can be, by the certificate at our own address.

mod certificate;

use std::time::Duration;

use domain::clock::Timestamp;
use domain::upstream::{BaseUrl, Upstream};
use garmin::{Transport, TransportOptions};
use url::Url;

pub use certificate::certificate_ends;

/// A server that has answered, whatever it said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    pub status: u16,
    /// Its clock, if it told.
    pub date: Option<Timestamp>,
}

/// Asks for the root of `base`, through `egress` if there is one. The error holds no address:
/// an egress may carry a password.
pub async fn reach(
    upstream: &Upstream,
    base: &BaseUrl,
    egress: Option<&Url>,
    patience: Duration,
) -> Result<Reached, String> {
    let options = TransportOptions {
        egress: egress.cloned(),
        connect_timeout: patience,
        call_timeout: patience,
        ..TransportOptions::default()
    };
    let transport = Transport::new(upstream.clone(), options).map_err(|error| error.to_string())?;
    let (status, date) = transport.reach(base).await.map_err(|error| error.to_string())?;
    Ok(Reached { status: status.as_u16(), date: date.as_deref().and_then(parse) })
}

fn parse(text: &str) -> Option<Timestamp> {
    let moment = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp(moment.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_a_server_is_read() {
        assert_eq!(parse("Fri, 20 Nov 2026 16:00:00 GMT"), Some(Timestamp(1_795_190_400)));
        assert_eq!(parse("yesterday"), None);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_told_without_its_address() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let base = BaseUrl::parse(&format!("http://{address}")).unwrap();
        let upstream = Upstream::garmin(domain::region::Region::Global);
        let error = reach(&upstream, &base, None, Duration::from_secs(5)).await.unwrap_err();
        assert!(error.contains("refused") && !error.contains("127.0.0.1"), "{error}");
    }
}
