//! `get_health_trend`: any figures over any days, in one call.

mod ask;
mod gather;
mod metric;
mod show;

pub(super) use gather::Days;
pub(in crate::tools) use gather::{Gathered, gather};
pub(in crate::tools) use metric::Metric;

use std::collections::BTreeMap;

use garmin::days::DayRange;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::Account;
use crate::answer::Stretch;
use crate::args::{Many, NamedDay, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;

pub(super) struct HealthTrend;

/// The most days, and so rows, of one answer.
const LONGEST: u32 = 1_100;
const USUAL: u32 = 28;
/// Longer stretches are shown in weeks, and then in months, unless days are asked for.
const MOST_ROWS: u32 = 92;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TrendArgs {
    #[schemars(schema_with = "metric::named")]
    metrics: Many<Metric>,
    /// Day or period: `90d`, `this_year`
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    /// `day` up to 92 days, then `week`, then `month`.
    interval: Option<Interval>,
    stats: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Interval {
    Day,
    Week,
    Month,
}

impl Interval {
    fn for_days(days: u32) -> Self {
        if days <= MOST_ROWS {
            Self::Day
        } else if days <= MOST_ROWS * 7 {
            Self::Week
        } else {
            Self::Month
        }
    }

    /// The first day of the row a date belongs to. Weeks begin on Mondays.
    fn start(self, date: Date, range: DayRange) -> Date {
        let start = match self {
            Self::Day => date,
            Self::Week => {
                let monday = i64::from(date.weekday().to_monday_zero_offset());
                date.saturating_sub(jiff::Span::new().days(monday))
            }
            Self::Month => date.first_of_month(),
        };
        start.max(range.first().date())
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TrendAnswer {
    interval: Interval,
    columns: Vec<&'static str>,
    /// Weeks and months are averages of their days; rows without any figure are left out.
    rows: Vec<Vec<Value>>,
    stats: Option<show::Statistics>,
    coverage: Coverage,
    /// How many questions this took.
    upstream_requests: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Coverage {
    days_requested: u32,
    days_with_data: BTreeMap<&'static str, usize>,
}

/// Each once, in the order asked for.
fn distinct(metrics: Vec<Metric>) -> Vec<Metric> {
    let mut distinct = Vec::new();
    for metric in metrics {
        if !distinct.contains(&metric) {
            distinct.push(metric);
        }
    }
    distinct
}

impl Tool for HealthTrend {
    const NAME: &'static str = "get_health_trend";
    const TITLE: &'static str = "Any figures over any days";
    const DESCRIPTION: &'static str = "Any of these metrics over up to 1,100 days, by day, week \
        or month, with average, extremes, slope and baseline: for every question about change.";
    type Args = TrendArgs;
    type Answer = Stretch<TrendAnswer>;

    async fn call(account: &Account, args: TrendArgs) -> Result<Self::Answer, ToolError> {
        let metrics = distinct(args.metrics.0);
        if metrics.is_empty() {
            let allowed = "required; allowed is a list such as [\"resting_hr\", \"hrv\"]";
            return Err(ToolError::argument("metrics", allowed));
        }
        let today = account.today().await?;
        let range = range(args.start_date, args.end_date, today, Window::past(USUAL, LONGEST))?;
        let gathered = gather(account, &metrics, range).await?;
        let interval = args.interval.unwrap_or_else(|| Interval::for_days(range.length()));
        let rows = show::rows(&gathered, &metrics, interval, range);
        let stats = args.stats.unwrap_or(true);
        let warned = !gathered.warnings.is_empty();
        let days_with_data =
            metrics.iter().map(|it| (it.name(), gathered.days(*it).len())).collect();
        // A part that failed is not the same as nothing there.
        let data = (!rows.is_empty() || warned).then(|| TrendAnswer {
            interval,
            columns: std::iter::once("date").chain(metrics.iter().map(|it| it.column())).collect(),
            stats: (stats && !rows.is_empty())
                .then(|| show::statistics(&gathered, &metrics, range, today)),
            rows,
            coverage: Coverage { days_requested: range.length(), days_with_data },
            upstream_requests: gathered.questions,
            warnings: gathered.warnings,
        });
        Ok(account.stretch(range, today, data).await)
    }
}
