//! An activity cut into stretches of one length, from its curve.

use garmin::model::ActivityDetails;
use jiff::Timestamp;

/// More stretches than any day's way has.
const MOST: usize = 1_000;

/// A stretch between two marks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stretch {
    pub(super) start: Option<Timestamp>,
    pub(super) distance_m: f64,
    /// While the clock of the activity ran.
    pub(super) duration_s: f64,
    pub(super) heart_rate: Level,
    pub(super) power: Level,
    pub(super) run_cadence: Level,
    pub(super) bike_cadence: Level,
    /// The end against the start.
    pub(super) climbed_m: Option<f64>,
    /// The last one, where it is shorter than the others.
    pub(super) is_partial: bool,
}

/// A measurement over a stretch; the mean is weighted by time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Level {
    pub(super) mean: Option<f64>,
    pub(super) highest: Option<f64>,
}

/// A moment of the curve.
#[derive(Debug, Clone, Copy)]
struct Point {
    row: usize,
    metres: f64,
    seconds: f64,
}

/// The stretches of `length_m`, in order. Nothing without a distance or a clock.
pub(super) fn stretches(details: &ActivityDetails, length_m: f64) -> Vec<Stretch> {
    let Some(curve) = Curve::of(details) else { return Vec::new() };
    let total = curve.points.last().map_or(0.0, |last| last.metres);
    let mut found = Vec::new();
    let mut from = 0.0;
    while from < total - 1.0 && found.len() < MOST {
        let to = (from + length_m).min(total);
        found.push(curve.stretch(from, to, to - from < length_m - 1.0));
        from += length_m;
    }
    found
}

struct Curve {
    points: Vec<Point>,
    times: Option<Vec<Option<f64>>>,
    heart_rate: Option<Vec<Option<f64>>>,
    power: Option<Vec<Option<f64>>>,
    run_cadence: Option<Vec<Option<f64>>>,
    bike_cadence: Option<Vec<Option<f64>>>,
    elevation: Option<Vec<Option<f64>>>,
}

impl Curve {
    fn of(details: &ActivityDetails) -> Option<Self> {
        let metres = details.channel("sumDistance")?;
        let times = details.channel("directTimestamp");
        // The timer stands still in a pause; without it the wall clock has to do.
        let running = details.channel("sumDuration").or_else(|| {
            let times = times.as_ref()?;
            let first = times.iter().flatten().next()?;
            Some(times.iter().map(|at| at.map(|at| (at - first) / 1000.0)).collect())
        })?;
        let mut points: Vec<Point> = Vec::with_capacity(metres.len());
        for (row, (metres, seconds)) in metres.iter().zip(&running).enumerate() {
            let (Some(metres), Some(seconds)) = (*metres, *seconds) else { continue };
            // A device that lost its place must not turn the way back.
            let forward =
                points.last().is_none_or(|last| metres >= last.metres && seconds >= last.seconds);
            if forward && metres >= 0.0 {
                points.push(Point { row, metres, seconds });
            }
        }
        (points.len() > 1).then(|| Self {
            points,
            times,
            heart_rate: details.channel("directHeartRate"),
            power: details.channel("directPower"),
            run_cadence: details.channel("directDoubleCadence"),
            bike_cadence: details.channel("directBikeCadence"),
            elevation: details.channel("directElevation"),
        })
    }

    fn stretch(&self, from: f64, to: f64, is_partial: bool) -> Stretch {
        let (begin, end) = (self.seconds_at(from), self.seconds_at(to));
        Stretch {
            start: self.time_at(from),
            distance_m: to - from,
            duration_s: end - begin,
            heart_rate: self.level(self.heart_rate.as_deref(), begin, end),
            power: self.level(self.power.as_deref(), begin, end),
            run_cadence: self.level(self.run_cadence.as_deref(), begin, end),
            bike_cadence: self.level(self.bike_cadence.as_deref(), begin, end),
            climbed_m: self.height_at(to).zip(self.height_at(from)).map(|(to, from)| to - from),
            is_partial,
        }
    }

    /// The last point at or before these metres, and how far it is from there to the next.
    fn before(&self, metres: f64) -> (Point, Point, f64) {
        let next = self.points.partition_point(|point| point.metres < metres);
        let next = next.clamp(1, self.points.len() - 1);
        let (here, there) = (self.points[next - 1], self.points[next]);
        let gap = there.metres - here.metres;
        let share = if gap > 0.0 { ((metres - here.metres) / gap).clamp(0.0, 1.0) } else { 0.0 };
        (here, there, share)
    }

    fn seconds_at(&self, metres: f64) -> f64 {
        let (here, there, share) = self.before(metres);
        here.seconds + (there.seconds - here.seconds) * share
    }

    fn between(&self, channel: Option<&[Option<f64>]>, metres: f64) -> Option<f64> {
        let channel = channel?;
        let (here, there, share) = self.before(metres);
        let value = |point: Point| channel.get(point.row).copied().flatten();
        let (from, to) = (value(here)?, value(there)?);
        Some(from + (to - from) * share)
    }

    fn height_at(&self, metres: f64) -> Option<f64> {
        self.between(self.elevation.as_deref(), metres)
    }

    fn time_at(&self, metres: f64) -> Option<Timestamp> {
        let millis = self.between(self.times.as_deref(), metres)?;
        #[expect(clippy::cast_possible_truncation, reason = "refused beyond what time has")]
        Timestamp::from_millisecond(millis as i64).ok()
    }

    /// Each value holds from the point before it to its own.
    fn level(&self, channel: Option<&[Option<f64>]>, begin: f64, end: f64) -> Level {
        let Some(channel) = channel else { return Level::default() };
        let (mut sum, mut time) = (0.0, 0.0);
        let mut highest: Option<f64> = None;
        for pair in self.points.windows(2) {
            let lasted = pair[1].seconds.min(end) - pair[0].seconds.max(begin);
            let Some(value) = channel.get(pair[1].row).copied().flatten() else { continue };
            if lasted > 0.0 {
                sum += value * lasted;
                time += lasted;
                highest = Some(highest.map_or(value, |highest| highest.max(value)));
            }
        }
        Level { mean: (time > 0.0).then(|| sum / time), highest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2.5 km at 4 m/s, a point every ten seconds, uphill, in two channels' order.
    fn even_run() -> ActivityDetails {
        let rows: Vec<String> = (0..=63)
            .map(|step| {
                let secs = f64::from(step) * 10.0;
                let hr = if secs <= 250.0 { 140 } else { 160 };
                let metres = (secs * 4.0).min(2_500.0);
                let clock = 1_777_651_200_000_i64 + i64::from(step) * 10_000;
                format!(
                    r#"{{"metrics":[{hr},{metres},{secs},{clock},{}]}}"#,
                    100.0 + metres / 100.0
                )
            })
            .collect();
        let text = format!(
            r#"{{"metricDescriptors":[{{"metricsIndex":3,"key":"directTimestamp"}},
                {{"metricsIndex":0,"key":"directHeartRate"}},{{"metricsIndex":1,"key":"sumDistance"}},
                {{"metricsIndex":2,"key":"sumDuration"}},{{"metricsIndex":4,"key":"directElevation"}}],
                "activityDetailMetrics":[{}]}}"#,
            rows.join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn kilometres_are_cut_where_they_end_and_the_rest_is_partial() {
        let found = stretches(&even_run(), 1_000.0);
        assert_eq!(found.len(), 3);
        for whole in &found[..2] {
            assert!((whole.duration_s - 250.0).abs() < 0.01, "{whole:?}");
            assert!((whole.distance_m - 1_000.0).abs() < 0.01 && !whole.is_partial);
            assert!((whole.climbed_m.unwrap() - 10.0).abs() < 0.01);
        }
        assert_eq!(
            (found[0].heart_rate.mean, found[1].heart_rate.mean),
            (Some(140.0), Some(160.0))
        );
        assert_eq!(found[0].power, Level::default());
        assert!(found[2].is_partial && (found[2].distance_m - 500.0).abs() < 0.01);
        assert_eq!(found[1].start.unwrap().to_string(), "2026-05-01T16:04:10Z");
    }

    #[test]
    fn without_distance_there_is_nothing_to_cut() {
        assert!(stretches(&ActivityDetails::default(), 1_000.0).is_empty());
        let still = r#"{"metricDescriptors":[{"metricsIndex":0,"key":"sumDistance"},
            {"metricsIndex":1,"key":"sumDuration"}],
            "activityDetailMetrics":[{"metrics":[0,0]},{"metrics":[0,60]},{"metrics":[null,90]}]}"#;
        assert!(stretches(&serde_json::from_str(still).unwrap(), 1_000.0).is_empty());
    }
}
