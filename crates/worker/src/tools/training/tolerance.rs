//! How much running the legs are used to.

use garmin::api::Interval;
use garmin::model::RunningTolerance as Tolerance;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account::Account;
use crate::answer::Stretch;
use crate::args::{NamedDay, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, whole, word};
use crate::tools::table::Table;

/// `get_running_tolerance`
pub(super) struct RunningTolerance;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ToleranceArgs {
    /// A day, or a period: `this_month`, `90d`.
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    /// Default `weekly`
    #[serde(default)]
    #[schemars(with = "Option<Aggregation>")]
    aggregation: Aggregation,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Aggregation {
    Daily,
    #[default]
    Weekly,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ToleranceAnswer {
    aggregation: Aggregation,
    count: usize,
    /// Kilometres of a week, weekly, or of the seven days up to each day, daily.
    entries: Table,
}

const WINDOW: Window = Window::past(84, 366);

fn kilometres(metres: Option<f64>) -> Option<f64> {
    metres.map(|metres| hundredth(metres / 1_000.0))
}

fn entries(mut rows: Vec<Tolerance>, aggregation: Aggregation) -> Option<ToleranceAnswer> {
    let date = |row: &Tolerance| row.week_start.or(row.date);
    rows.retain(|row| {
        date(row).is_some() && (row.tolerance_m.is_some() || row.distance_m.is_some())
    });
    rows.sort_by_key(date);
    let cells: Vec<Vec<Value>> = rows
        .iter()
        .map(|row| {
            let allowed = row.tolerance_m.filter(|metres| *metres > 0.0);
            let share = row.impact_m.zip(allowed).map(|(did, may)| whole(100.0 * did / may));
            vec![
                json!(date(row).map(|date| date.to_string())),
                json!(kilometres(row.tolerance_m)),
                json!(kilometres(row.impact_m)),
                json!(kilometres(row.distance_m)),
                json!(share),
                json!(row.phrase.as_deref().map(word)),
            ]
        })
        .collect();
    let first = match aggregation {
        Aggregation::Daily => "date",
        Aggregation::Weekly => "week_of",
    };
    (!cells.is_empty()).then(|| ToleranceAnswer {
        aggregation,
        count: cells.len(),
        entries: Table::of(
            &[
                first,
                "tolerance_km",
                "impact_km",
                "distance_km",
                "pct_of_tolerance",
                "running_tolerance_feedback",
            ],
            cells,
        ),
    })
}

impl Tool for RunningTolerance {
    const NAME: &'static str = "get_running_tolerance";
    const TITLE: &'static str = "Running tolerance";
    const DESCRIPTION: &'static str = "How many kilometres a week the legs are used to, against \
        what was run and its impact. Twelve weeks unless asked for more.";
    type Args = ToleranceArgs;
    type Answer = Stretch<ToleranceAnswer>;

    async fn call(account: &Account, args: ToleranceArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = range(args.start_date, args.end_date, today, WINDOW)?;
        let interval = match args.aggregation {
            Aggregation::Daily => Interval::Daily,
            Aggregation::Weekly => Interval::Weekly,
        };
        let rows = account.garmin()?.running_tolerance(range, interval).await?;
        let answer = entries(rows.unwrap_or_default(), args.aggregation);
        Ok(account.stretch(range, today, answer).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_in_order_in_kilometres_and_nothing_is_divided_by_zero() {
        let rows: Vec<Tolerance> = serde_json::from_str(
            r#"[{"startOfWeek":"2026-08-16","totalDistance":21829.0,"totalImpactLoad":23660,
                 "tolerance":34571},
                {"startOfWeek":"2026-08-09","totalDistance":0.0,"totalImpactLoad":0,"tolerance":0},
                {"startOfWeek":"2026-08-02","totalDistance":9800.0},{"startOfWeek":"2026-07-26"}]"#,
        )
        .unwrap();
        let answer = entries(rows, Aggregation::Weekly).unwrap();
        assert_eq!(answer.count, 3);
        assert_eq!(answer.entries.columns[..2], ["week_of", "tolerance_km"]);
        assert_eq!(answer.entries.rows[0][3], json!(9.8));
        assert_eq!(answer.entries.rows[1][1..5], [json!(0.0), json!(0.0), json!(0.0), json!(null)]);
        assert_eq!(
            answer.entries.rows[2][1..5],
            [json!(34.57), json!(23.66), json!(21.83), json!(68)]
        );
        assert!(entries(Vec::new(), Aggregation::Daily).is_none());
    }
}
