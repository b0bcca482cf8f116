//! Zones: where they begin, and the seconds spent in each. Closed below, open above.

/// Zones as published, by the threshold they hang on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Seven of threshold power (Coggan).
    Coggan7,
    /// Five of threshold heart rate (Friel).
    FrielHeart5,
    FrielHeartRide7,
    FrielHeartRun7,
    /// Five of greatest heart rate.
    MaxHeart5,
}

impl Model {
    /// Percent of the threshold where zones 2, 3, … begin.
    const fn edges(self) -> &'static [u32] {
        match self {
            Self::Coggan7 => &[55, 75, 90, 105, 120, 150],
            Self::FrielHeart5 => &[81, 89, 94, 100],
            Self::FrielHeartRide7 => &[81, 90, 94, 100, 103, 107],
            Self::FrielHeartRun7 => &[85, 90, 95, 100, 103, 107],
            Self::MaxHeart5 => &[60, 70, 80, 90],
        }
    }

    /// Lower bounds of all zones; the first is 0. Multiplied before divided, so that 55 % of
    /// 200 W is 110 W and not a hair more.
    #[must_use]
    pub fn floors(self, threshold: f64) -> Vec<f64> {
        let edges = self.edges().iter().map(|percent| f64::from(*percent) * threshold / 100.0);
        std::iter::once(0.0).chain(edges).collect()
    }
}

/// Five of the range between resting and greatest heart rate (Karvonen).
#[must_use]
pub fn reserve_floors(rest: f64, max: f64) -> Vec<f64> {
    let edge = |percent: f64| rest + percent * (max - rest) / 100.0;
    std::iter::once(0.0).chain([60.0, 70.0, 80.0, 90.0].map(edge)).collect()
}

/// Seven of threshold pace (Friel), as the speeds at which they begin. Pace zones are given in
/// percent of the time per kilometre, where larger is slower.
#[must_use]
pub fn pace_floors(threshold_speed: f64) -> Vec<f64> {
    let edge = |percent: f64| threshold_speed * 100.0 / percent;
    std::iter::once(0.0).chain([130.0, 114.0, 106.0, 99.0, 97.0, 90.0].map(edge)).collect()
}

/// Seconds in each zone that begins at one of these rising floors. What lies below the first
/// floor is in none.
#[must_use]
pub fn seconds_in(values: impl IntoIterator<Item = f64>, floors: &[f64]) -> Vec<f64> {
    let mut seconds = vec![0.0; floors.len()];
    for value in values {
        let zone = floors.partition_point(|floor| *floor <= value);
        if let Some(seconds) = zone.checked_sub(1).and_then(|zone| seconds.get_mut(zone)) {
            *seconds += 1.0;
        }
    }
    seconds
}

/// The values of a channel that count towards zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Nothing beats at 0.
    HeartRate,
    /// Negative is 0.
    Power,
    /// Standing is left out.
    Speed,
}

impl Channel {
    #[must_use]
    pub fn counted(self, value: f64) -> Option<f64> {
        match self {
            Self::HeartRate => (value > 0.0).then_some(value),
            Self::Power => Some(value.max(0.0)),
            Self::Speed => (value >= 0.5).then_some(value),
        }
    }
}
