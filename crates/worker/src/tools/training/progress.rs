//! Sums over the activities of a range.

use std::borrow::Cow;
use std::collections::BTreeMap;

use garmin::api::Metric;
use garmin::model::{ActivityStats, ByKey, MetricStats};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::account::Account;
use crate::answer::Stretch;
use crate::args::{NamedDay, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::hundredth;

/// `get_progress_summary_between_dates`
pub(super) struct Progress;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgressArgs {
    /// A day, or a period: `this_year`, `last_month`, `90d`.
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    /// Default `distance`
    metric: Option<NamedMetric>,
}

/// A metric whose unit is known.
#[derive(Debug, Clone)]
struct NamedMetric(Metric, &'static Kind);

/// Garmin stores centimetres, milliseconds and kilojoules here.
#[derive(Debug)]
struct Kind {
    key: &'static str,
    unit: &'static str,
    /// Stored units in one of `unit`.
    stored: f64,
}

const KINDS: [Kind; 7] = [
    Kind { key: "distance", unit: "m", stored: 100.0 },
    Kind { key: "duration", unit: "s", stored: 1_000.0 },
    Kind { key: "movingDuration", unit: "s", stored: 1_000.0 },
    Kind { key: "elapsedDuration", unit: "s", stored: 1_000.0 },
    Kind { key: "elevationGain", unit: "m", stored: 100.0 },
    Kind { key: "elevationLoss", unit: "m", stored: 100.0 },
    Kind { key: "calories", unit: "kcal", stored: 4.184 },
];

impl NamedMetric {
    fn named(text: &str) -> Option<Self> {
        let plain = |text: &str| text.replace(['_', ' '], "").to_ascii_lowercase();
        let kind = KINDS.iter().find(|kind| plain(kind.key) == plain(text.trim()))?;
        Some(Self(Metric::named(kind.key)?, kind))
    }
}

impl<'de> Deserialize<'de> for NamedMetric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::named(&text).ok_or_else(|| {
            let keys: Vec<&str> = KINDS.iter().map(|kind| kind.key).collect();
            D::Error::custom(format!("unknown; allowed are {}", keys.join(", ")))
        })
    }
}

impl JsonSchema for NamedMetric {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Metric".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": KINDS.map(|kind| kind.key) })
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ProgressAnswer {
    metric: &'static str,
    /// Of every number below but `count`.
    unit: &'static str,
    date: Option<String>,
    count_of_activities: Option<i64>,
    stats_by_activity_type: BTreeMap<String, Sums>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Sums {
    count: Option<i64>,
    sum: Option<f64>,
    avg: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

fn sums(stats: &MetricStats, kind: &Kind) -> Option<Sums> {
    let convert = |value: Option<f64>| value.map(|value| hundredth(value / kind.stored));
    (stats.count != Some(0) && (stats.sum.is_some() || stats.count.is_some())).then(|| Sums {
        count: stats.count,
        sum: convert(stats.sum),
        avg: convert(stats.average),
        min: convert(stats.min),
        max: convert(stats.max),
    })
}

fn summary(periods: &[ActivityStats], kind: &'static Kind) -> Option<ProgressAnswer> {
    // One period: the whole range.
    let period = periods.first()?;
    let groups = period.by_group.iter().flat_map(ByKey::iter);
    let by_type: BTreeMap<String, Sums> = groups
        .filter_map(|(group, metrics)| {
            Some((group.to_owned(), sums(metrics.get(kind.key)?, kind)?))
        })
        .collect();
    (period.activities.is_some() || !by_type.is_empty()).then(|| ProgressAnswer {
        metric: kind.key,
        unit: kind.unit,
        date: period.date.map(|date| date.to_string()),
        count_of_activities: period.activities,
        stats_by_activity_type: by_type,
    })
}

impl Tool for Progress {
    const NAME: &'static str = "get_progress_summary_between_dates";
    const TITLE: &'static str = "Sums over activities";
    const DESCRIPTION: &'static str = "Distance, duration, climb or calories of all activities \
        of a range together, by type of activity: count, sum, average, least and most.";
    type Args = ProgressArgs;
    type Answer = Stretch<ProgressAnswer>;

    async fn call(account: &Account, args: ProgressArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = range(args.start_date, args.end_date, today, Window::past(28, 20_000))?;
        let distance = || NamedMetric::named("distance");
        let Some(NamedMetric(metric, kind)) = args.metric.or_else(distance) else {
            return Err(ToolError::argument("metric", "required"));
        };
        let found = account.garmin()?.activity_stats(range, &metric).await?;
        let answer = summary(&found.unwrap_or_default(), kind);
        Ok(Stretch::new(range, None, answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_garmin_stores_becomes_metres_seconds_and_kilocalories() {
        let body = |metric: &str| -> Vec<ActivityStats> {
            serde_json::from_str(&format!(
                r#"[{{"date":"2026-04-27","countOfActivities":2,"stats":{{"running":{{"{metric}":
                {{"count":2,"min":500000.0,"max":801230.0,"avg":650615.0,"sum":1301230.0}}}},
                "cycling":{{"{metric}":{{"count":0,"sum":null}}}},"other":{{"{metric}":null}}}}}}]"#
            ))
            .unwrap()
        };
        for (metric, unit, sum) in [
            ("distance", "m", 13_012.3),
            ("movingDuration", "s", 1_301.23),
            ("calories", "kcal", 311_001.43),
        ] {
            let NamedMetric(_, kind) = NamedMetric::named(metric).unwrap();
            let answer = summary(&body(metric), kind).unwrap();
            assert_eq!((answer.unit, answer.count_of_activities), (unit, Some(2)));
            assert_eq!(answer.stats_by_activity_type.len(), 1, "{metric}");
            assert_eq!(answer.stats_by_activity_type["running"].sum, Some(sum), "{metric}");
        }
        assert!(summary(&[], &KINDS[0]).is_none());
    }

    #[test]
    fn a_metric_is_known_in_every_spelling_and_an_unknown_one_is_refused() {
        for text in ["elevationGain", "elevation_gain", " Elevation gain "] {
            assert_eq!(NamedMetric::named(text).unwrap().1.key, "elevationGain");
        }
        let refused = serde_json::from_str::<NamedMetric>(r#""happiness""#).unwrap_err();
        assert!(refused.to_string().contains("movingDuration"), "{refused}");
    }
}
