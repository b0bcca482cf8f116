//! Sums over days: `analyze_training_period` and `get_athlete_stats`.

use std::collections::BTreeMap;

use garmin::days::{Day, DayRange};
use garmin::model::ActivitySummary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::load::Anchors;
use super::source::{activities, day, kind, shown, type_key};
use super::zones::{dates, monday};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{NamedDay, Period as Named};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::moment_there;

/// `analyze_training_period`
pub(super) struct Period;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PeriodArgs {
    /// `7d`, `30d`, `this_week`, `last_month`, `this_year`, …; default `30d`
    period: Option<String>,
    activity_type: Option<String>,
    /// Default true
    compare_previous: Option<bool>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct PeriodAnswer {
    status: Option<Status>,
    period: String,
    date_range: Option<Value>,
    totals: Option<Value>,
    by_sport: Vec<Value>,
    by_week: Vec<Value>,
    longest: Option<Value>,
    hardest: Option<Value>,
    previous: Option<Value>,
    /// Against the period before, in percent.
    change_pct: Option<Value>,
    warnings: Vec<String>,
}

/// What activities come to together.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: usize,
    seconds: f64,
    metres: f64,
    gain: f64,
    calories: f64,
    load: f64,
    /// Of those with a heart rate, weighted by time.
    heart: f64,
    heart_seconds: f64,
}

impl Sum {
    fn add(&mut self, activity: &ActivitySummary, load: f64) {
        let positive = |value: Option<f64>| value.unwrap_or(0.0).max(0.0);
        self.count += 1;
        self.seconds += positive(activity.duration_s);
        self.metres += positive(activity.distance_m);
        self.gain += positive(activity.elevation_gain_m);
        self.calories += positive(activity.calories);
        self.load += load;
        if let (Some(bpm), Some(seconds)) = (activity.average_heart_rate, activity.duration_s) {
            self.heart += bpm * seconds.max(0.0);
            self.heart_seconds += seconds.max(0.0);
        }
    }

    fn told(&self) -> Map<String, Value> {
        let heart = (self.heart_seconds > 0.0).then(|| self.heart / self.heart_seconds);
        let parts = [
            ("activities", self.count.into()),
            ("duration_s", shown(Some(self.seconds), 0)),
            ("distance_m", shown(Some(self.metres), 0)),
            ("elevation_gain_m", shown(Some(self.gain), 0)),
            ("calories", shown(Some(self.calories), 0)),
            ("load", shown(Some(self.load), 0)),
            ("avg_hr_bpm", shown(heart, 0)),
        ];
        parts.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// Everything of a range, summed up.
struct Summed {
    all: Sum,
    by_sport: BTreeMap<String, Sum>,
    by_week: BTreeMap<Day, Sum>,
    longest: Option<(f64, Value)>,
    hardest: Option<(f64, Value)>,
}

fn summed(found: &[ActivitySummary], anchors: &Anchors) -> Summed {
    let mut summed = Summed {
        all: Sum::default(),
        by_sport: BTreeMap::new(),
        by_week: BTreeMap::new(),
        longest: None,
        hardest: None,
    };
    for activity in found {
        let (load, _) = anchors.score(activity);
        summed.all.add(activity, load);
        let sport = type_key(activity).unwrap_or("unknown").to_owned();
        summed.by_sport.entry(sport).or_default().add(activity, load);
        if let Some(date) = day(activity) {
            summed.by_week.entry(monday(Day::of(date))).or_default().add(activity, load);
        }
        let told = || {
            json!({
                "id": activity.id, "name": activity.name, "type": type_key(activity),
                "start_time": moment_there(activity.start, activity.start_local),
                "duration_s": shown(activity.duration_s, 0),
                "distance_m": shown(activity.distance_m, 0),
                "load": shown(Some(load), 0),
            })
        };
        let duration = activity.duration_s.unwrap_or(0.0);
        if duration > 0.0 && summed.longest.as_ref().is_none_or(|(most, _)| duration > *most) {
            summed.longest = Some((duration, told()));
        }
        if load > 0.0 && summed.hardest.as_ref().is_none_or(|(most, _)| load > *most) {
            summed.hardest = Some((load, told()));
        }
    }
    summed
}

const INCOMPLETE: &str = "only the newest 1,600 activities were counted";

impl Tool for Period {
    const NAME: &'static str = "analyze_training_period";
    const TITLE: &'static str = "Training of a period";
    const DESCRIPTION: &'static str = "Totals of a period by sport and by week, the longest and \
        the hardest activity, and the change against the period before.";
    type Args = PeriodArgs;
    type Answer = PeriodAnswer;

    async fn call(account: &Account, args: PeriodArgs) -> Result<Self::Answer, ToolError> {
        let text = args.period.as_deref().unwrap_or("30d").trim().to_ascii_lowercase();
        let Some(period) = Named::read(&text) else {
            let problem = "allowed are `7d`, `12w`, `3m`, `1y`, `this_week`, `last_week`, \
                           `this_month`, `last_month`, `this_year` and `last_year`";
            return Err(ToolError::argument("period", problem));
        };
        let kind = kind("activity_type", args.activity_type.as_deref())?;
        let today = account.today().await?;
        let (first, last) = period.around(today);
        let range = DayRange::new(first, last, 1_100).map_err(|_| {
            ToolError::argument("period", "too long; allowed are at most 1,100 days, or `3y`")
        })?;
        let garmin = account.garmin()?;
        let anchors = Anchors::read(&garmin).await?;
        let (found, complete) = activities(account, range, kind.clone()).await?;
        let mut answer = PeriodAnswer {
            period: text,
            date_range: Some(dates(range)),
            ..PeriodAnswer::default()
        };
        if !complete {
            answer.warnings.push(INCOMPLETE.to_owned());
        }
        let sums = summed(&found, &anchors);
        answer.status = Some(if found.is_empty() { Status::NoData } else { Status::Ok });
        let weeks = f64::from(range.length()) / 7.0;
        let mut totals = sums.all.told();
        totals.insert("hours_per_week".into(), shown(Some(sums.all.seconds / 3_600.0 / weeks), 1));
        answer.totals = Some(Value::Object(totals));
        let named = |key: &str, name: String, sum: &Sum| {
            let mut entry = sum.told();
            entry.insert(key.to_owned(), name.into());
            Value::Object(entry)
        };
        let mut sports: Vec<(&String, &Sum)> = sums.by_sport.iter().collect();
        sports.sort_by(|one, other| other.1.seconds.total_cmp(&one.1.seconds));
        answer.by_sport =
            sports.into_iter().map(|(sport, sum)| named("type", sport.clone(), sum)).collect();
        answer.by_week = sums
            .by_week
            .iter()
            .map(|(week, sum)| named("week_start", week.to_string(), sum))
            .collect();
        answer.longest = sums.longest.map(|it| it.1);
        answer.hardest = sums.hardest.map(|it| it.1);
        if args.compare_previous.unwrap_or(true) {
            let length = range.length();
            let before = DayRange::new(first.back(length), first.before(), length)
                .unwrap_or_else(|_| DayRange::one(first.before()));
            let (earlier, complete) = activities(account, before, kind).await?;
            if !complete {
                answer.warnings.push(INCOMPLETE.to_owned());
            }
            let earlier = summed(&earlier, &anchors).all;
            answer.change_pct = Some(change(&earlier, &sums.all));
            let mut previous = earlier.told();
            previous.insert("date_range".into(), dates(before));
            answer.previous = Some(Value::Object(previous));
        }
        Ok(answer)
    }
}

/// Against what was before; nothing where nothing was.
fn change(before: &Sum, now: &Sum) -> Value {
    let pct =
        |before: f64, now: f64| shown((before > 0.0).then(|| 100.0 * (now - before) / before), 1);
    let count = |count: usize| super::source::number(count);
    json!({
        "activities": pct(count(before.count), count(now.count)),
        "duration": pct(before.seconds, now.seconds),
        "distance": pct(before.metres, now.metres),
        "elevation_gain": pct(before.gain, now.gain),
        "load": pct(before.load, now.load),
    })
}

/// `get_athlete_stats`
pub(super) struct AthleteStats;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Span {
    Week,
    #[default]
    Month,
    Year,
    All,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StatsArgs {
    period: Option<Span>,
    /// The period that this day lies in; default today
    end_date: Option<NamedDay>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct StatsAnswer {
    status: Option<Status>,
    date_range: Option<Value>,
    totals: Option<Value>,
    by_sport: Vec<Value>,
    warnings: Vec<String>,
}

impl Tool for AthleteStats {
    const NAME: &'static str = "get_athlete_stats";
    const TITLE: &'static str = "Totals of the athlete";
    const DESCRIPTION: &'static str = "Totals of a calendar week, month or year up to a day, or of \
        all activities, by sport.";
    type Args = StatsArgs;
    type Answer = StatsAnswer;

    async fn call(account: &Account, args: StatsArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let end = args.end_date.unwrap_or_default().resolve("end_date", today)?;
        let period = match args.period.unwrap_or_default() {
            Span::Week => Named::ThisWeek,
            Span::Month => Named::ThisMonth,
            Span::Year => Named::ThisYear,
            Span::All => Named::Years(30),
        };
        let (first, last) = period.around(end);
        let range = DayRange::new(first, last, 20_000).unwrap_or_else(|_| DayRange::one(last));
        let anchors = Anchors::read(&account.garmin()?).await?;
        let (found, complete) = activities(account, range, None).await?;
        let mut answer = StatsAnswer::default();
        if !complete {
            answer.warnings.push(INCOMPLETE.to_owned());
        }
        let begun = match args.period.unwrap_or_default() {
            Span::All => found.iter().filter_map(day).min().map_or(first, Day::of),
            Span::Week | Span::Month | Span::Year => first,
        };
        let shown_range =
            DayRange::new(begun, last, 20_000).unwrap_or_else(|_| DayRange::one(last));
        let sums = summed(&found, &anchors);
        answer.date_range = Some(dates(shown_range));
        answer.status = Some(if found.is_empty() { Status::NoData } else { Status::Ok });
        answer.totals = Some(Value::Object(sums.all.told()));
        let mut sports: Vec<(String, Sum)> = sums.by_sport.into_iter().collect();
        sports.sort_by(|one, other| other.1.seconds.total_cmp(&one.1.seconds));
        answer.by_sport = sports
            .into_iter()
            .map(|(sport, sum)| {
                let mut entry = sum.told();
                entry.insert("type".into(), sport.into());
                Value::Object(entry)
            })
            .collect();
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_before_is_no_percentage_and_zero_is_counted() {
        let now = Sum { count: 2, seconds: 7_200.0, ..Sum::default() };
        let before = Sum { count: 4, seconds: 3_600.0, ..Sum::default() };
        let found = change(&before, &now);
        assert_eq!((&found["activities"], &found["duration"]), (&json!(-50.0), &json!(100.0)));
        assert!(found["distance"].is_null());
        assert_eq!(now.told()["distance_m"], 0);
        assert!(now.told()["avg_hr_bpm"].is_null());
    }
}
