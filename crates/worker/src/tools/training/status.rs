//! Training status and load balance of a day.

use garmin::days::Day;
use garmin::model::{DeviceStatus, LoadBalance as Balance, TrainingStatus};
use schemars::JsonSchema;
use serde::Serialize;

use super::DayArgs;
use super::load::{label, trend_label};
use crate::account::Account;
use crate::answer::Reading;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, tenth, whole, word};

/// `get_training_status`
pub(super) struct Status;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StatusAnswer {
    /// Where Garmin's newest status is older than the day asked for.
    asked_for: Option<String>,
    /// Garmin's number; the label says what it means.
    training_status: Option<i64>,
    training_status_label: Option<String>,
    training_status_feedback: Option<String>,
    since_date: Option<String>,
    training_paused: Option<bool>,
    sport: Option<String>,
    /// 1 declining, 2 stable, 3 improving.
    fitness_trend: Option<i64>,
    fitness_trend_label: Option<&'static str>,
    acute_load: Option<f64>,
    chronic_load: Option<f64>,
    load_ratio: Option<f64>,
    acwr_status: Option<String>,
    acwr_percent: Option<i64>,
    optimal_chronic_load_min: Option<f64>,
    optimal_chronic_load_max: Option<f64>,
    vo2_max: Option<f64>,
    vo2_max_precise: Option<f64>,
    cycling_vo2_max: Option<f64>,
    cycling_vo2_max_precise: Option<f64>,
    monthly_load_aerobic_low: Option<f64>,
    monthly_load_aerobic_high: Option<f64>,
    monthly_load_anaerobic: Option<f64>,
    training_balance_feedback: Option<String>,
}

/// The day the status is of, and what it says; nothing where every section is missing.
fn status(found: &TrainingStatus, asked: Day) -> Option<(Day, StatusAnswer)> {
    let main = found.status.as_ref().and_then(|it| it.main());
    let device = main.and_then(|it| it.device_id);
    let balance = found.balance.as_ref().and_then(|it| it.of(device));
    let vo2 = found.vo2_max.as_ref().filter(|it| !it.is_empty());
    if main.is_none() && balance.is_none() && vo2.is_none() {
        return None;
    }
    let empty = DeviceStatus::default();
    let state = main.unwrap_or(&empty);
    let load = state.load.clone().unwrap_or_default();
    let running = vo2.and_then(|it| it.running.as_ref());
    let cycling = vo2.and_then(|it| it.cycling.as_ref());
    let day = state.date.map_or(asked, Day::of);
    let answer = StatusAnswer {
        asked_for: (day != asked).then(|| asked.to_string()),
        training_status: state.code,
        training_status_label: state.phrase.as_deref().map(label),
        training_status_feedback: state.phrase.clone(),
        since_date: state.since.map(|it| it.to_string()),
        training_paused: state.paused,
        sport: state.sport.as_deref().map(word),
        fitness_trend: state.trend,
        fitness_trend_label: state.trend.and_then(trend_label),
        acute_load: load.acute.map(tenth),
        chronic_load: load.chronic.map(tenth),
        load_ratio: load.ratio.map(hundredth),
        acwr_status: load.ratio_status.as_deref().map(word),
        acwr_percent: load.ratio_pct,
        optimal_chronic_load_min: load.optimal_from.map(tenth),
        optimal_chronic_load_max: load.optimal_to.map(tenth),
        vo2_max: running.and_then(|it| it.value),
        vo2_max_precise: running.and_then(|it| it.precise),
        cycling_vo2_max: cycling.and_then(|it| it.value),
        cycling_vo2_max_precise: cycling.and_then(|it| it.precise),
        monthly_load_aerobic_low: balance.and_then(|it| it.aerobic_low).map(tenth),
        monthly_load_aerobic_high: balance.and_then(|it| it.aerobic_high).map(tenth),
        monthly_load_anaerobic: balance.and_then(|it| it.anaerobic).map(tenth),
        training_balance_feedback: balance.and_then(|it| it.phrase.as_deref()).map(word),
    };
    Some((day, answer))
}

impl Tool for Status {
    const NAME: &'static str = "get_training_status";
    const TITLE: &'static str = "Training status";
    const DESCRIPTION: &'static str = "Whether training is productive: status, fitness trend, \
        acute and chronic load, VO2 max, load by intensity.";
    type Args = DayArgs;
    type Answer = Reading<StatusAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let asked = args.date.resolve("date", today)?;
        let found = account.garmin()?.training_status(asked).await?;
        match found.and_then(|found| status(&found, asked)) {
            Some((day, answer)) => Ok(Reading::found(day, answer)),
            None => Ok(account.reading(asked, today, None).await),
        }
    }
}

/// `get_training_load_balance`
pub(super) struct LoadBalance;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BalanceAnswer {
    feedback: Option<String>,
    aerobic_low: Option<Band>,
    aerobic_high: Option<Band>,
    anaerobic: Option<Band>,
}

/// Four weeks of load at one intensity.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Band {
    load: Option<f64>,
    target_min: Option<i64>,
    target_max: Option<i64>,
    status: Option<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Place {
    Below,
    Within,
    Above,
}

fn band(load: Option<f64>, from: Option<f64>, to: Option<f64>) -> Option<Band> {
    if load.is_none() && from.is_none() && to.is_none() {
        return None;
    }
    let status = match (load, from, to) {
        (Some(load), Some(from), _) if load < from => Some(Place::Below),
        (Some(load), _, Some(to)) if load > to => Some(Place::Above),
        (Some(_), Some(_), Some(_)) => Some(Place::Within),
        (_, _, _) => None,
    };
    Some(Band {
        load: load.map(tenth),
        target_min: from.map(whole),
        target_max: to.map(whole),
        status,
    })
}

fn bands(balance: &Balance) -> Option<BalanceAnswer> {
    let answer = BalanceAnswer {
        feedback: balance.phrase.as_deref().map(word),
        aerobic_low: band(balance.aerobic_low, balance.aerobic_low_from, balance.aerobic_low_to),
        aerobic_high: band(
            balance.aerobic_high,
            balance.aerobic_high_from,
            balance.aerobic_high_to,
        ),
        anaerobic: band(balance.anaerobic, balance.anaerobic_from, balance.anaerobic_to),
    };
    let says =
        answer.aerobic_low.is_some() || answer.aerobic_high.is_some() || answer.anaerobic.is_some();
    says.then_some(answer)
}

impl Tool for LoadBalance {
    const NAME: &'static str = "get_training_load_balance";
    const TITLE: &'static str = "Load by intensity";
    const DESCRIPTION: &'static str = "Four weeks of training load at low aerobic, high aerobic \
        and anaerobic intensity, each against the range Garmin would like to see.";
    type Args = DayArgs;
    type Answer = Reading<BalanceAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let asked = args.date.resolve("date", today)?;
        let found = account.garmin()?.training_status(asked).await?.unwrap_or_default();
        let main = found.status.as_ref().and_then(|it| it.main());
        let device = main.and_then(|it| it.device_id);
        let balance = found.balance.as_ref().and_then(|it| it.of(device));
        let day = balance.and_then(|it| it.date).map_or(asked, Day::of);
        match balance.and_then(bands) {
            Some(answer) => Ok(Reading::found(day, answer)),
            None => Ok(account.reading(asked, today, None).await),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> TrainingStatus {
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn d03_a_status_with_null_sections_says_what_there_is() {
        let day: Day = "2026-05-02".parse().unwrap();
        for body in [
            "{}",
            r#"{"mostRecentVO2Max":null,"mostRecentTrainingStatus":null,
                "mostRecentTrainingLoadBalance":null}"#,
            r#"{"mostRecentVO2Max":{"generic":null,"cycling":null},
                "mostRecentTrainingStatus":{"latestTrainingStatusData":null},
                "mostRecentTrainingLoadBalance":{"metricsTrainingLoadBalanceDTOMap":{}}}"#,
        ] {
            assert!(status(&read(body), day).is_none(), "{body}");
        }
        let (of, answer) = status(
            &read(
                r#"{"mostRecentVO2Max":{"generic":null,"cycling":{"vo2MaxValue":51.0}},
                "mostRecentTrainingStatus":{"latestTrainingStatusData":{"7":{
                    "calendarDate":"2026-05-01","trainingStatus":0,"acuteTrainingLoadDTO":null,
                    "trainingStatusFeedbackPhrase":"NO_STATUS_1","fitnessTrend":null}}}}"#,
            ),
            day,
        )
        .unwrap();
        assert_eq!(of.to_string(), "2026-05-01");
        assert_eq!(answer.asked_for.as_deref(), Some("2026-05-02"));
        assert_eq!((answer.training_status, answer.acute_load), (Some(0), None));
        assert_eq!(answer.training_status_label.as_deref(), Some("no_status"));
        assert_eq!((answer.vo2_max, answer.cycling_vo2_max), (None, Some(51.0)));
    }

    #[test]
    fn a_load_lies_below_within_or_above_its_range_and_zero_is_a_load() {
        let place = |load| band(Some(load), Some(0.0), Some(330.0)).unwrap().status;
        assert_eq!(place(0.0), Some(Place::Within));
        assert_eq!(place(331.0), Some(Place::Above));
        assert_eq!(band(Some(10.0), Some(80.0), None).unwrap().status, Some(Place::Below));
        assert_eq!(band(Some(10.0), None, None).unwrap().status, None);
        assert_eq!(band(None, None, None), None);
    }
}
