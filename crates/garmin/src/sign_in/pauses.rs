//! How long a person would take between the page and the password.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::upstream::Upstream;

use crate::protocol::Flow;

/// Waits between loading a sign-in page and sending the password, per strategy. Garmin
/// answers those who do not wait with limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pauses {
    pub mobile: RangeInclusive<Duration>,
    pub widget: RangeInclusive<Duration>,
    pub portal: RangeInclusive<Duration>,
    /// Between two looks at a profile that has no name yet.
    pub profile: Duration,
}

impl Pauses {
    /// What Garmin Connect tolerates.
    #[must_use]
    pub fn garmin() -> Self {
        let seconds = |from, to| Duration::from_secs(from)..=Duration::from_secs(to);
        Self {
            mobile: seconds(2, 5),
            widget: seconds(3, 8),
            portal: seconds(10, 20),
            profile: Duration::from_secs(1),
        }
    }

    /// For simulators and tests.
    #[must_use]
    pub fn none() -> Self {
        let none = || Duration::ZERO..=Duration::ZERO;
        Self { mobile: none(), widget: none(), portal: none(), profile: Duration::ZERO }
    }

    /// Garmin's own waits, unless sign-ins go to this machine: a simulator limits nobody.
    #[must_use]
    pub fn suited_to(upstream: &Upstream) -> Self {
        if upstream.sso.is_loopback() { Self::none() } else { Self::garmin() }
    }

    pub(super) fn before(&self, flow: Flow) -> &RangeInclusive<Duration> {
        match flow {
            Flow::Mobile => &self.mobile,
            Flow::Widget => &self.widget,
            Flow::Portal => &self.portal,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::region::Region;
    use domain::upstream::BaseUrl;

    use super::*;

    #[test]
    fn only_a_sign_in_on_this_machine_does_without_pauses() {
        let mut upstream = Upstream::garmin(Region::Global);
        assert_eq!(Pauses::suited_to(&upstream), Pauses::garmin());
        upstream.sso = BaseUrl::parse("http://127.0.0.1:9/sso").unwrap();
        assert_eq!(Pauses::suited_to(&upstream), Pauses::none());
    }
}
