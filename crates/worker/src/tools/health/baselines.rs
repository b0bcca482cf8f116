//! What is usual for this person, what was not, and what goes together.

use garmin::days::{Day, DayRange};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::statistics::{
    correlation, interval, mean, median, percentile_of, rank_correlation, robust_z, spread,
};
use super::trend::{Days, Metric, gather};
use crate::account::Account;
use crate::answer::Stretch;
use crate::args::{Many, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, tenth};
use crate::tools::table::Table;

/// What says most about how somebody is, each from a statistic of its own.
const USUAL: [Metric; 7] = [
    Metric::RestingHr,
    Metric::Hrv,
    Metric::SleepHours,
    Metric::Stress,
    Metric::BodyBatteryHigh,
    Metric::RespirationSleep,
    Metric::Steps,
];

/// With fewer, nothing is usual yet.
const FEWEST: usize = 7;

fn chosen(metrics: Option<Many<Metric>>) -> Vec<Metric> {
    let mut chosen = metrics.map(|metrics| metrics.0).unwrap_or_default();
    if chosen.is_empty() {
        return USUAL.to_vec();
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

fn up_to(last: Day, days: u32) -> DayRange {
    DayRange::new(last.back(days.saturating_sub(1)), last, days)
        .unwrap_or_else(|_| DayRange::one(last))
}

/// `get_health_baselines`
pub(super) struct HealthBaselines;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BaselineArgs {
    metrics: Option<Many<Metric>>,
    /// Default 28
    window_days: Option<Whole<7, 180>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BaselineAnswer {
    /// `percentile`: how many of the days before lie below the latest value.
    baselines: Table,
    method: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

const BASELINE_COLUMNS: [&str; 9] =
    ["metric", "latest", "latest_date", "mean", "median", "sd", "percentile", "z", "n"];

const BASELINE_METHOD: &str = "mean, median and sample standard deviation of the window's days \
    before the latest; z = (latest - mean) / sd; equal days count half in the percentile; from 7 \
    days on. What grows over the day is taken up to yesterday.";

fn baseline(metric: Metric, days: &Days) -> Option<Vec<Value>> {
    let (date, latest) = days.last_key_value()?;
    let before: Vec<f64> = days.range(..*date).map(|(_, value)| *value).collect();
    let enough = before.len() >= FEWEST;
    let of = |value: Option<f64>| value.filter(|_| enough);
    let (mean, sd) = (of(mean(&before)), of(spread(&before)));
    let z = mean.zip(sd.filter(|sd| *sd > 0.0)).map(|(mean, sd)| hundredth((latest - mean) / sd));
    let average = |value: Option<f64>| value.map(|value| metric.rounded_average(value));
    Some(vec![
        json!(metric.column()),
        metric.rounded(*latest),
        json!(date.to_string()),
        json!(average(mean)),
        json!(average(of(median(&before)))),
        json!(average(sd)),
        json!(of(percentile_of(*latest, &before)).map(tenth)),
        json!(z),
        json!(before.len()),
    ])
}

impl Tool for HealthBaselines {
    const NAME: &'static str = "get_health_baselines";
    const TITLE: &'static str = "What is usual";
    const DESCRIPTION: &'static str = "The latest value of each metric against the person's own \
        recent days: mean, median, spread, percentile. Metrics as in get_health_trend.";
    type Args = BaselineArgs;
    type Answer = Stretch<BaselineAnswer>;

    async fn call(account: &Account, args: BaselineArgs) -> Result<Self::Answer, ToolError> {
        let metrics = chosen(args.metrics);
        let today = account.today().await?;
        let range = up_to(today, args.window_days.map_or(28, |days| days.0));
        let gathered = gather(account, &metrics, range).await?;
        let rows: Vec<Vec<Value>> = metrics
            .iter()
            .filter_map(|metric| baseline(*metric, &gathered.settled(*metric, today)))
            .collect();
        let found = !rows.is_empty() || !gathered.warnings.is_empty();
        let data = found.then(|| BaselineAnswer {
            baselines: Table::of(&BASELINE_COLUMNS, rows),
            method: BASELINE_METHOD,
            warnings: gathered.warnings,
        });
        Ok(account.stretch(range, today, data).await)
    }
}

/// `get_wellness_anomalies`
pub(super) struct WellnessAnomalies;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnomalyArgs {
    /// Default 30
    days: Option<Whole<1, 180>>,
    /// How far from usual counts, in standard deviations; default 2
    sensitivity: Option<Sensitivity>,
    metrics: Option<Many<Metric>>,
}

/// Between one and six standard deviations.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sensitivity(f64);

impl<'de> Deserialize<'de> for Sensitivity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let number = number.filter(|number| (1.0..=6.0).contains(number));
        number.map(Self).ok_or_else(|| D::Error::custom("allowed is a number from 1 to 6"))
    }
}

impl JsonSchema for Sensitivity {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sensitivity".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 1, "maximum": 6 })
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AnomalyAnswer {
    /// Newest first.
    anomalies: Vec<Anomaly>,
    /// How many values were looked at.
    values_checked: usize,
    method: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Anomaly {
    date: String,
    metric: &'static str,
    value: Value,
    /// The median of the days before.
    usual: Value,
    z: f64,
    direction: &'static str,
    /// How many days `usual` rests on.
    n: usize,
    /// What else was unusual that day.
    context: Vec<&'static str>,
}

/// The days a value is compared with.
const LEAD: u32 = 28;
const FEWEST_BEFORE: usize = 14;
const ANOMALY_METHOD: &str = "robust z-score, 0.6745 x (value - median) / median absolute \
    deviation, against the 28 days before, from 14 days on. At 2, about one ordinary value in \
    twenty stands out by chance.";

/// Unusual days from `first` on, and how many days were looked at.
fn anomalies(metric: Metric, days: &Days, first: Day, least: f64) -> (Vec<Anomaly>, usize) {
    let mut checked = 0;
    let mut found = Vec::new();
    for (date, value) in days.range(first.date()..) {
        let from = Day::of(*date).back(LEAD).date();
        let before: Vec<f64> = days.range(from..*date).map(|(_, value)| *value).collect();
        if before.len() < FEWEST_BEFORE {
            continue;
        }
        checked += 1;
        let Some((z, usual)) = robust_z(*value, &before).zip(median(&before)) else { continue };
        if z.abs() >= least {
            found.push(Anomaly {
                date: date.to_string(),
                metric: metric.column(),
                value: metric.rounded(*value),
                usual: metric.rounded_average(usual),
                z: hundredth(z),
                direction: if z > 0.0 { "above" } else { "below" },
                n: before.len(),
                context: Vec::new(),
            });
        }
    }
    (found, checked)
}

/// Tells each what else stood out on its day.
fn put_side_by_side(all: &mut [Anomaly]) {
    all.sort_by(|a, b| (&b.date, a.metric).cmp(&(&a.date, b.metric)));
    for day in all.chunk_by_mut(|a, b| a.date == b.date) {
        let metrics: Vec<&'static str> = day.iter().map(|it| it.metric).collect();
        for one in day {
            one.context = metrics.iter().copied().filter(|it| *it != one.metric).collect();
        }
    }
}

impl Tool for WellnessAnomalies {
    const NAME: &'static str = "get_wellness_anomalies";
    const TITLE: &'static str = "What was unusual";
    const DESCRIPTION: &'static str = "Days on which a metric lay far from the person's own four \
        weeks before. Metrics as in get_health_trend.";
    type Args = AnomalyArgs;
    type Answer = Stretch<AnomalyAnswer>;

    async fn call(account: &Account, args: AnomalyArgs) -> Result<Self::Answer, ToolError> {
        let metrics = chosen(args.metrics);
        let least = args.sensitivity.map_or(2.0, |it| it.0);
        let days = args.days.map_or(30, |days| days.0);
        let today = account.today().await?;
        let range = up_to(today, days);
        let gathered = gather(account, &metrics, up_to(today, days + LEAD)).await?;
        let (mut all, mut checked) = (Vec::new(), 0);
        for metric in &metrics {
            let days = gathered.settled(*metric, today);
            let (found, looked_at) = anomalies(*metric, &days, range.first(), least);
            all.extend(found);
            checked += looked_at;
        }
        put_side_by_side(&mut all);
        let found = checked > 0 || !gathered.warnings.is_empty();
        let data = found.then_some(AnomalyAnswer {
            anomalies: all,
            values_checked: checked,
            method: ANOMALY_METHOD,
            warnings: gathered.warnings,
        });
        Ok(account.stretch(range, today, data).await)
    }
}

/// `correlate_metrics`
pub(super) struct CorrelateMetrics;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CorrelateArgs {
    x: Metric,
    y: Metric,
    /// Default 90
    days: Option<Whole<14, 365>>,
    /// How many days `x` comes before `y`; default 0
    lag_days: Option<Whole<0, 14>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CorrelateAnswer {
    x: &'static str,
    y: &'static str,
    lag_days: u32,
    /// Spearman's; absent with fewer than ten pairs of days, or where one of both never changes.
    coefficient: Option<f64>,
    ci95_low: Option<f64>,
    ci95_high: Option<f64>,
    pearson: Option<f64>,
    /// Pairs of days.
    n: usize,
    /// The same for `x` coming up to a week earlier.
    lags: Table,
    method: &'static str,
    caution: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

const FEWEST_PAIRS: usize = 10;
const CORRELATION_METHOD: &str = "Spearman's rank correlation of days that have both, with a 95 % \
    interval after Fisher; Pearson's beside it.";
const CAUTION: &str = "Going together is not causing. Days follow on each other, so the interval \
    is narrower than it should be, and the best of several lags looks better than it is.";

/// Each day's `x` with the `y` of so many days later.
fn pairs(x: &Days, y: &Days, lag: u32) -> Vec<(f64, f64)> {
    let later = |date: jiff::civil::Date| y.get(&Day::of(date).forward(lag).date());
    x.iter().filter_map(|(date, value)| Some((*value, *later(*date)?))).collect()
}

fn coefficient(pairs: &[(f64, f64)]) -> Option<f64> {
    (pairs.len() >= FEWEST_PAIRS).then(|| rank_correlation(pairs)).flatten()
}

impl Tool for CorrelateMetrics {
    const NAME: &'static str = "correlate_metrics";
    const TITLE: &'static str = "What goes together";
    const DESCRIPTION: &'static str = "How strongly two metrics go together from day to day, at \
        once and with a delay. Metrics as in get_health_trend.";
    type Args = CorrelateArgs;
    type Answer = Stretch<CorrelateAnswer>;

    async fn call(account: &Account, args: CorrelateArgs) -> Result<Self::Answer, ToolError> {
        if args.x == args.y {
            return Err(ToolError::argument("y", "the same as `x`; allowed is any other metric"));
        }
        let lag = args.lag_days.map_or(0, |days| days.0);
        let today = account.today().await?;
        let range = up_to(today, args.days.map_or(90, |days| days.0));
        let gathered = gather(account, &[args.x, args.y], range).await?;
        let (x, y) = (gathered.settled(args.x, today), gathered.settled(args.y, today));
        let both = pairs(&x, &y, lag);
        let found = coefficient(&both);
        let ends = found.and_then(|found| interval(found, both.len()));
        let lags = (0..=lag.max(7))
            .map(|lag| {
                let both = pairs(&x, &y, lag);
                vec![json!(lag), json!(coefficient(&both).map(hundredth)), json!(both.len())]
            })
            .collect();
        let any = !both.is_empty() || !gathered.warnings.is_empty();
        let data = any.then(|| CorrelateAnswer {
            x: args.x.column(),
            y: args.y.column(),
            lag_days: lag,
            coefficient: found.map(hundredth),
            ci95_low: ends.map(|(low, _)| hundredth(low)),
            ci95_high: ends.map(|(_, high)| hundredth(high)),
            pearson: found.and_then(|_| correlation(&both)).map(hundredth),
            n: both.len(),
            lags: Table::of(&["lag_days", "coefficient", "n"], lags),
            method: CORRELATION_METHOD,
            caution: CAUTION,
            warnings: gathered.warnings,
        });
        Ok(account.stretch(range, today, data).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::numbers::float;

    fn last() -> Day {
        "2026-05-31".parse().unwrap()
    }

    fn days(values: impl IntoIterator<Item = f64>) -> Days {
        let values = values.into_iter().zip(0..);
        values.map(|(value, back)| (last().back(back).date(), value)).collect()
    }

    #[test]
    fn the_latest_value_is_compared_with_the_days_before_it() {
        let row =
            baseline(Metric::RestingHr, &days([60.0, 50.0, 52.0, 54.0, 50.0, 52.0, 54.0, 52.0]));
        let row = row.unwrap();
        assert_eq!(
            (&row[1], &row[3], &row[6], &row[8]),
            (&json!(60), &json!(52.0), &json!(100.0), &json!(7))
        );
        let few = baseline(Metric::RestingHr, &days([60.0, 50.0])).unwrap();
        assert_eq!(
            (&few[3], &few[6], &few[7], &few[8]),
            (&json!(null), &json!(null), &json!(null), &json!(1))
        );
        assert!(baseline(Metric::RestingHr, &Days::new()).is_none());
    }

    #[test]
    fn an_odd_day_stands_out_and_ordinary_ones_do_not() {
        let ordinary = (1..40).map(|back| 50.0 + float(back % 5));
        let values = days(std::iter::once(65.0).chain(ordinary));
        let (found, checked) = anomalies(Metric::RestingHr, &values, last().back(9), 2.0);
        assert_eq!((found.len(), checked), (1, 10));
        assert_eq!((found[0].direction, found[0].n), ("above", 28));
        assert_eq!(found[0].value, json!(65));
        let (none, checked) = anomalies(Metric::RestingHr, &days([50.0; 10]), last().back(9), 2.0);
        assert!(none.is_empty() && checked == 0);
    }

    #[test]
    fn what_happened_on_one_day_is_told_together() {
        let one = |date: &str, metric: Metric| Anomaly {
            date: date.into(),
            metric: metric.column(),
            value: json!(1),
            usual: json!(2),
            z: 3.0,
            direction: "above",
            n: 28,
            context: Vec::new(),
        };
        let mut all = [
            one("2026-05-01", Metric::Stress),
            one("2026-05-02", Metric::Hrv),
            one("2026-05-01", Metric::Hrv),
        ];
        put_side_by_side(&mut all);
        assert_eq!((all[0].date.as_str(), all[0].context.len()), ("2026-05-02", 0));
        assert_eq!((all[1].metric, all[1].context.as_slice()), ("hrv_ms", &["stress"][..]));
    }

    #[test]
    fn a_delay_pairs_each_day_with_a_later_one() {
        let x = days((0..30).map(float));
        // Two days later y shows what x was: y of day d is x of day d - 2.
        let y: Days =
            x.iter().map(|(date, value)| (Day::of(*date).forward(2).date(), -value)).collect();
        let both = pairs(&x, &y, 2);
        assert_eq!((both.len(), coefficient(&both)), (30, Some(-1.0)));
        assert_eq!(coefficient(&both[..9]), None);
    }

    #[test]
    fn a_sensitivity_is_a_number_within_reason() {
        for (text, read) in [("2", Some(2.0)), (r#""2.5""#, Some(2.5)), ("0", None), ("true", None)]
        {
            let found = serde_json::from_str::<Sensitivity>(text).ok().map(|it| it.0);
            assert_eq!(found, read, "{text}");
        }
    }
}
