//! A clock on the wall can be set: by a person, by a time server, by a machine that comes back
//! from a snapshot. What lasts must not notice, and the operator must.

use std::time::Duration;

use domain::clock::Clock;

/// Below, clocks are corrected every day and nobody is harmed.
const STEP: Duration = Duration::from_mins(1);

/// That the clock was set, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Forward(Duration),
    Back(Duration),
}

/// Notices it. To be asked often: small corrections in between do not add up to a step.
#[derive(Debug)]
pub(crate) struct Watch {
    ahead: i64,
}

impl Watch {
    pub(crate) fn new(clock: &dyn Clock) -> Self {
        Self { ahead: lead_of(clock) }
    }

    pub(crate) fn look(&mut self, clock: &dyn Clock) -> Option<Step> {
        let ahead = lead_of(clock);
        let by = ahead.saturating_sub(self.ahead);
        self.ahead = ahead;
        let size = Duration::from_secs(by.unsigned_abs());
        match by.signum() {
            _ if size <= STEP => None,
            1.. => Some(Step::Forward(size)),
            _ => Some(Step::Back(size)),
        }
    }
}

impl Step {
    pub(crate) fn report(self) {
        let (seconds, direction) = match self {
            Self::Forward(by) => (by.as_secs(), "forward"),
            Self::Back(by) => (by.as_secs(), "back"),
        };
        tracing::error!(
            event = "clock-stepped",
            seconds,
            direction,
            "the machine's clock was set: until it is right, tokens may seem expired or not yet \
             due; nothing is deleted for it"
        );
    }
}

fn lead_of(clock: &dyn Clock) -> i64 {
    clock.now().0.saturating_sub(clock.steady().0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::clock::{ManualClock, Timestamp};

    #[test]
    fn rel63_a_step_is_told_once_and_a_slew_never() {
        const YEARS: i64 = 5 * 365 * 86_400;
        let clock = ManualClock::at(Timestamp(1_790_000_000));
        let mut watch = Watch::new(&clock);
        // A leap second smeared over a day, and hours without a look.
        for _ in 0..100 {
            clock.advance(Duration::from_hours(1));
            clock.set(Timestamp(clock.now().0 + 1));
            assert_eq!(watch.look(&clock), None);
        }
        let step = |watch: &mut Watch, by: i64| {
            clock.set(Timestamp(clock.now().0 + by));
            let told = watch.look(&clock);
            assert_eq!(watch.look(&clock), None, "told twice");
            told
        };
        assert_eq!(step(&mut watch, 60), None);
        assert_eq!(step(&mut watch, 61), Some(Step::Forward(Duration::from_secs(61))));
        assert_eq!(step(&mut watch, -3600), Some(Step::Back(Duration::from_hours(1))));
        let years = Duration::from_secs(YEARS.unsigned_abs());
        assert_eq!(step(&mut watch, YEARS), Some(Step::Forward(years)));
        assert_eq!(step(&mut watch, -2 * YEARS), Some(Step::Back(years * 2)));
    }
}
