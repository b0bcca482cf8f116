//! A day's curve, thinned out to what a conversation can use.

use std::borrow::Cow;

use garmin::model::Sample;
use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::numbers::{moment, tenth, whole};

/// A quarter of an hour: 96 values a day.
pub(crate) const QUARTER_S: i64 = 15 * 60;

/// Averages over equal stretches of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Series<V = i64> {
    /// When the first stretch begins, with the athlete's offset.
    pub(crate) start: String,
    /// Length of each stretch in seconds.
    pub(crate) step_s: i64,
    /// One average per stretch, null where nothing was measured.
    pub(crate) values: Vec<Option<V>>,
}

/// How long the stretches of a series are to be: `15min`, `1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resolution<const USUAL_MIN: u32>(u32);

impl<const USUAL_MIN: u32> Resolution<USUAL_MIN> {
    /// The longest stretch, in minutes.
    const LONGEST: u32 = 240;

    pub(crate) fn seconds(self) -> i64 {
        i64::from(self.0) * 60
    }

    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let unit = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let count: u32 = text[..unit].parse().ok()?;
        let minutes = match text[unit..].trim() {
            "" | "m" | "min" | "minutes" => count,
            "h" | "hour" | "hours" => count.checked_mul(60)?,
            "s" | "sec" | "seconds" => count.div_ceil(60),
            _ => return None,
        };
        (1..=Self::LONGEST).contains(&minutes).then_some(Self(minutes))
    }
}

impl<const USUAL_MIN: u32> Default for Resolution<USUAL_MIN> {
    fn default() -> Self {
        Self(USUAL_MIN)
    }
}

impl<'de, const USUAL_MIN: u32> Deserialize<'de> for Resolution<USUAL_MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = match Value::deserialize(deserializer)? {
            Value::String(text) => Self::read(&text),
            Value::Number(minutes) => Self::read(&minutes.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        read.ok_or_else(|| {
            D::Error::custom("allowed are stretches from `1min` to `4h`, such as `15min`")
        })
    }
}

impl<const USUAL_MIN: u32> JsonSchema for Resolution<USUAL_MIN> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Resolution".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "default": format!("{USUAL_MIN}min") })
    }
}

/// The samples, which are in the order of time, as averages over stretches of `step_s` seconds;
/// nothing where none has a value.
pub(crate) fn averages_every(step_s: i64, samples: &[Sample], zone: &TimeZone) -> Option<Series> {
    thin(step_s, samples, zone, |values| mean(values).map(whole))
}

/// The same for what is measured in fractions.
pub(crate) fn fine_averages_every(
    step_s: i64,
    samples: &[Sample],
    zone: &TimeZone,
) -> Option<Series<f64>> {
    thin(step_s, samples, zone, |values| mean(values).map(tenth))
}

/// The same for a level, of which the last value counts and not the average.
pub(crate) fn levels(samples: &[Sample], zone: &TimeZone) -> Option<Series> {
    levels_every(QUARTER_S, samples, zone)
}

pub(crate) fn levels_every(step_s: i64, samples: &[Sample], zone: &TimeZone) -> Option<Series> {
    thin(step_s, samples, zone, |values| values.last().copied().map(whole))
}

/// The same for what is counted.
pub(crate) fn sums_every(step_s: i64, samples: &[Sample], zone: &TimeZone) -> Option<Series> {
    thin(step_s, samples, zone, |values| Some(whole(values.iter().sum())))
}

fn thin<V: Clone>(
    step_s: i64,
    samples: &[Sample],
    zone: &TimeZone,
    one: impl Fn(&[f64]) -> Option<V>,
) -> Option<Series<V>> {
    // Stretches begin where the clock on the wall shows a round time, also in zones that are off
    // by half an hour. One offset for all of them: a day on which clocks change has no fold.
    let offset = i64::from(zone.to_offset(samples.first()?.at).seconds());
    let measured: Vec<(i64, f64)> = samples
        .iter()
        .filter_map(|sample| {
            let wall = sample.at.as_second() + offset;
            Some((wall.div_euclid(step_s), sample.value?))
        })
        .collect();
    let (first, _) = *measured.first()?;
    let mut values: Vec<Option<V>> = Vec::new();
    for here in measured.chunk_by(|a, b| a.0 == b.0) {
        let at = usize::try_from(here[0].0 - first).ok()?;
        // A device with a broken clock must not make a result of a thousand empty stretches.
        if here[0].0 - first > 2 * 86_400 / step_s {
            break;
        }
        let numbers: Vec<f64> = here.iter().map(|(_, value)| *value).collect();
        values.resize(at, None);
        values.push(one(&numbers));
    }
    let start = jiff::Timestamp::from_second(first * step_s - offset).ok()?;
    Some(Series { start: moment(start, zone), step_s, values })
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
        let series = averages_every(QUARTER_S, &samples, &zone).unwrap();
        assert_eq!(series.start, "2026-05-01T00:00:00+02:00");
        assert_eq!(series.values, [Some(52), None, Some(60)]);
        assert_eq!(levels(&samples, &zone).unwrap().values, [Some(53), None, Some(60)]);
        assert_eq!(averages_every(QUARTER_S, &samples[2..3], &zone), None);
    }

    #[test]
    fn stretches_are_as_long_as_asked_for_and_counts_are_added_up() {
        let samples = [
            sample(1_777_586_400, Some(50.0)),
            sample(1_777_587_300, Some(53.25)),
            sample(1_777_590_000, Some(1.0)),
        ];
        let hours = averages_every(3600, &samples, &TimeZone::UTC).unwrap();
        assert_eq!(hours.values, [Some(52), Some(1)]);
        let fine = fine_averages_every(3600, &samples, &TimeZone::UTC).unwrap();
        assert_eq!(fine.values, [Some(51.6), Some(1.0)]);
        assert_eq!(
            sums_every(3600, &samples, &TimeZone::UTC).unwrap().values,
            [Some(103), Some(1)]
        );
    }

    #[test]
    fn hours_begin_on_the_hour_where_clocks_are_half_an_hour_off() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        // Midnight there.
        let samples = [sample(1_777_573_800, Some(1.0)), sample(1_777_577_400, Some(2.0))];
        let hours = averages_every(3600, &samples, &zone).unwrap();
        assert_eq!(hours.start, "2026-05-01T00:00:00+05:30");
        assert_eq!(hours.values, [Some(1), Some(2)]);
    }

    #[test]
    fn a_resolution_is_a_length_of_time() {
        let read =
            |text: &str| serde_json::from_str::<Resolution<15>>(text).map(Resolution::seconds);
        for (text, seconds) in [
            (r#""15min""#, 900),
            (r#""1h""#, 3600),
            ("5", 300),
            (r#"" 60s ""#, 60),
            (r#""2m""#, 120),
        ] {
            assert_eq!(read(text).unwrap(), seconds, "{text}");
        }
        for text in [r#""0min""#, r#""day""#, r#""-5min""#, "null", "1.5", r#""9999999999h""#] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(Resolution::<15>::default().seconds(), QUARTER_S);
    }

    #[test]
    fn a_broken_clock_does_not_make_a_long_answer() {
        let samples = [sample(0, Some(1.0)), sample(1_777_586_400, Some(2.0))];
        assert!(averages_every(QUARTER_S, &samples, &TimeZone::UTC).unwrap().values.len() < 200);
    }
}
