//! A day's curve, thinned out to what a conversation can use.

use garmin::model::Sample;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::numbers::{moment, whole};

/// A quarter of an hour: 96 values a day.
const STEP_S: i64 = 15 * 60;

/// Averages over equal stretches of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Series {
    /// When the first stretch begins, with the athlete's offset.
    pub(crate) start: String,
    /// Length of each stretch in seconds.
    pub(crate) step_s: i64,
    /// One average per stretch, null where nothing was measured.
    pub(crate) values: Vec<Option<i64>>,
}

/// The samples, which are in the order of time, as averages; nothing where none has a value.
pub(crate) fn averages(samples: &[Sample], zone: &TimeZone) -> Option<Series> {
    thin(samples, zone, mean)
}

/// The same for a level, of which the last value counts and not the average.
pub(crate) fn levels(samples: &[Sample], zone: &TimeZone) -> Option<Series> {
    thin(samples, zone, |values| values.last().copied())
}

fn thin(
    samples: &[Sample],
    zone: &TimeZone,
    one: impl Fn(&[f64]) -> Option<f64>,
) -> Option<Series> {
    let measured: Vec<(i64, f64)> = samples
        .iter()
        .filter_map(|sample| Some((sample.at.as_second().div_euclid(STEP_S), sample.value?)))
        .collect();
    let (first, _) = *measured.first()?;
    let (last, _) = *measured.last()?;
    // A device with a broken clock must not make a result of a thousand empty stretches.
    let last = last.min(first + 2 * 86_400 / STEP_S);
    let values = (first..=last)
        .map(|stretch| {
            let here: Vec<f64> =
                measured.iter().filter(|(at, _)| *at == stretch).map(|(_, value)| *value).collect();
            one(&here).map(whole)
        })
        .collect();
    let start = jiff::Timestamp::from_second(first * STEP_S).ok()?;
    Some(Series { start: moment(start, zone), step_s: STEP_S, values })
}

/// The average of values.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a day has some thousand values")]
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: i64, value: Option<f64>) -> Sample {
        Sample { at: jiff::Timestamp::from_second(second).unwrap(), value }
    }

    #[test]
    fn stretches_are_averaged_and_gaps_are_null() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let samples = [
            sample(1_777_586_400, Some(50.0)),
            sample(1_777_586_520, Some(53.0)),
            sample(1_777_587_300, None),
            sample(1_777_588_200, Some(60.4)),
        ];
        let series = averages(&samples, &zone).unwrap();
        assert_eq!(series.start, "2026-05-01T00:00:00+02:00");
        assert_eq!(series.values, [Some(52), None, Some(60)]);
        assert_eq!(levels(&samples, &zone).unwrap().values, [Some(53), None, Some(60)]);
        assert_eq!(averages(&samples[2..3], &zone), None);
    }

    #[test]
    fn a_broken_clock_does_not_make_a_long_answer() {
        let samples = [sample(0, Some(1.0)), sample(1_777_586_400, Some(2.0))];
        assert!(averages(&samples, &TimeZone::UTC).unwrap().values.len() < 200);
    }
}
