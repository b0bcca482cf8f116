//! What Garmin thought the athlete could race, over time.

use garmin::api::Interval;
use garmin::model::RacePrediction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account::Account;
use crate::answer::{Coverage, Stretch};
use crate::args::{NamedDay, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::whole;
use crate::tools::table::Table;

/// `get_race_prediction_history`
pub(super) struct History;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryArgs {
    /// A day, or a period: `this_year`, `90d`.
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    /// Default `daily`
    #[serde(default)]
    #[schemars(with = "Option<Spacing>")]
    interval: Spacing,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Spacing {
    #[default]
    Daily,
    Monthly,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HistoryAnswer {
    coverage: Coverage,
    /// Seconds.
    predictions: Table,
}

const WINDOW: Window = Window::past(92, 1_100);

fn table(mut rows: Vec<RacePrediction>) -> Option<(usize, Table)> {
    rows.retain(|row| row.date.is_some());
    rows.sort_by_key(|row| row.date);
    let seconds = |time: Option<f64>| json!(time.filter(|time| *time > 0.0).map(whole));
    let mut cells: Vec<Vec<Value>> = rows
        .iter()
        .map(|row| {
            vec![
                json!(row.date.map(|date| date.to_string())),
                seconds(row.five_km_s),
                seconds(row.ten_km_s),
                seconds(row.half_marathon_s),
                seconds(row.marathon_s),
            ]
        })
        .filter(|row| row[1..].iter().any(|cell| !cell.is_null()))
        .collect();
    let days = cells.len();
    cells.dedup_by(|later, earlier| later[1..] == earlier[1..]);
    let columns = ["date", "time_5k_s", "time_10k_s", "time_half_marathon_s", "time_marathon_s"];
    (days > 0).then(|| (days, Table::of(&columns, cells)))
}

impl Tool for History {
    const NAME: &'static str = "get_race_prediction_history";
    const TITLE: &'static str = "Race predictions over time";
    const DESCRIPTION: &'static str = "Predicted race times in seconds on the days they changed, \
        three months unless asked for more. get_race_predictions has today's.";
    type Args = HistoryArgs;
    type Answer = Stretch<HistoryAnswer>;

    async fn call(account: &Account, args: HistoryArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = range(args.start_date, args.end_date, today, WINDOW)?;
        let interval = match args.interval {
            Spacing::Daily => Interval::Daily,
            Spacing::Monthly => Interval::Monthly,
        };
        let rows = account.garmin()?.race_predictions(range, interval).await?;
        let answer = table(rows.unwrap_or_default()).map(|(days_with_data, predictions)| {
            let coverage = Coverage { days_requested: range.length(), days_with_data };
            HistoryAnswer { coverage, predictions }
        });
        Ok(account.stretch(range, today, answer).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_repeat_the_one_before_are_left_out() {
        let rows: Vec<RacePrediction> = serde_json::from_str(
            r#"[{"calendarDate":"2026-05-03","time5K":1470,"timeMarathon":null},
                {"calendarDate":"2026-05-01","time5K":1480.0,"timeMarathon":0},
                {"calendarDate":"2026-05-02","time5K":"1480"},{"calendarDate":"2026-05-04"}]"#,
        )
        .unwrap();
        let (days, table) = table(rows).unwrap();
        assert_eq!(days, 3);
        assert_eq!(table.columns, ["date", "time_5k_s"]);
        assert_eq!(
            table.rows,
            [[json!("2026-05-01"), json!(1_480)], [json!("2026-05-03"), json!(1_470)]]
        );
        assert!(super::table(Vec::new()).is_none());
    }
}
