//! `get_briefing`: how somebody is today, in one answer of at most eight questions.

use garmin::api::ActivityQuery;
use garmin::days::{Day, DayRange};
use garmin::model::{ActivitySummary, CalendarItem, CalendarMonth};
use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::statistics::mean;
use super::trend::{Days, Gathered, Metric, gather};
use crate::account::Account;
use crate::args::{Many, NamedDay};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{float, hundredth, moment_there, tenth, whole, word};

pub(super) struct Briefing;

/// One window of every daily statistic.
const WINDOW: u32 = 28;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BriefingArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
    /// Default all
    sections: Option<Many<Section>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Section {
    Sleep,
    Hrv,
    Readiness,
    BodyBattery,
    Stress,
    Load,
    Activities,
    Calendar,
    Weight,
    Nutrition,
}

impl Section {
    const ALL: [Self; 10] = [
        Self::Sleep,
        Self::Hrv,
        Self::Readiness,
        Self::BodyBattery,
        Self::Stress,
        Self::Load,
        Self::Activities,
        Self::Calendar,
        Self::Weight,
        Self::Nutrition,
    ];

    /// What it shows, the main figure first.
    fn metrics(self) -> &'static [Metric] {
        match self {
            Self::Sleep => &[Metric::SleepScore, Metric::SleepHours],
            Self::Hrv => &[Metric::NightHrv],
            Self::Readiness => &[Metric::Readiness],
            Self::BodyBattery => &[Metric::BodyBatteryHigh, Metric::BodyBatteryLow],
            Self::Stress => &[Metric::Stress],
            Self::Load => &[Metric::AcuteLoad],
            Self::Activities | Self::Calendar => &[],
            Self::Weight => &[Metric::Weight],
            Self::Nutrition => &[Metric::CaloriesIn],
        }
    }

    /// How old its figure may be before it no longer speaks of now.
    fn fresh_for(self) -> u32 {
        match self {
            Self::Weight => 7,
            Self::Stress | Self::Nutrition | Self::BodyBattery => 1,
            Self::Sleep
            | Self::Hrv
            | Self::Readiness
            | Self::Load
            | Self::Activities
            | Self::Calendar => 0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum State {
    Ok,
    /// From an earlier day.
    Stale,
    NoData,
    Error,
}

/// One section: its figures, and what is different from the days before.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Brief {
    status: State,
    date: Option<String>,
    error: Option<String>,
    /// `change_7d` and `change_28d` compare the first figure with its average of those days.
    #[serde(flatten)]
    figures: Map<String, Value>,
}

impl Brief {
    fn empty(error: Option<String>) -> Self {
        let status = if error.is_some() { State::Error } else { State::NoData };
        Self { status, date: None, error, figures: Map::new() }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BriefingAnswer {
    date: String,
    sleep: Option<Brief>,
    hrv: Option<Brief>,
    readiness: Option<Brief>,
    body_battery: Option<Brief>,
    stress: Option<Brief>,
    load: Option<Brief>,
    activities: Option<Brief>,
    calendar: Option<Brief>,
    weight: Option<Brief>,
    nutrition: Option<Brief>,
    upstream_requests: usize,
}

/// The ending of a key that names its unit.
fn unit(column: &str) -> &str {
    ["_kg", "_ms", "_kcal", "_hours"].into_iter().find(|unit| column.ends_with(unit)).unwrap_or("")
}

/// The average of the days before `date`, as far back as `days`; nothing where they are few.
fn usual(days: &Days, date: Date, back: u32, fewest: usize) -> Option<f64> {
    let from = Day::of(date).back(back).date();
    let before: Vec<f64> = days.range(from..date).map(|(_, value)| *value).collect();
    (before.len() >= fewest).then(|| mean(&before)).flatten()
}

fn brief(section: Section, gathered: &Gathered, day: Day, today: Day) -> Brief {
    let Some((main, others)) = section.metrics().split_first() else { return Brief::empty(None) };
    let days = gathered.settled(*main, today);
    let Some((date, value)) = days.last_key_value() else {
        let failed = gathered.failure(*main);
        return Brief::empty(failed);
    };
    let mut figures = Map::new();
    figures.insert(main.column().to_owned(), main.rounded(*value));
    for other in others {
        if let Some(value) = gathered.days(*other).get(date) {
            figures.insert(other.column().to_owned(), other.rounded(*value));
        }
    }
    for (back, fewest) in [(7, 3), (28, 7)] {
        if let Some(usual) = usual(&days, *date, back, fewest) {
            let key = format!("change_{back}d{}", unit(main.column()));
            figures.insert(key, main.rounded_average(value - usual));
        }
    }
    let fresh = *date >= day.back(section.fresh_for()).date();
    let status = if fresh { State::Ok } else { State::Stale };
    Brief { status, date: Some(date.to_string()), error: None, figures }
}

/// The week's training, against the four weeks it is part of.
fn training(activities: &[ActivitySummary], day: Day) -> Brief {
    let own = |it: &&ActivitySummary| it.parent.is_none();
    let started = |it: &ActivitySummary| it.start_local.map(DateTime::date);
    let hours = |since: Day| {
        let recent = activities.iter().filter(own).filter(|it| {
            started(it).is_some_and(|date| date >= since.date() && date <= day.date())
        });
        let (mut count, mut hours, mut metres) = (0_i64, 0.0, 0.0);
        for it in recent {
            count += 1;
            hours += it.duration_s.unwrap_or_default() / 3600.0;
            metres += it.distance_m.unwrap_or_default();
        }
        (count, hours, metres)
    };
    let Some(newest) = activities.iter().filter(own).max_by_key(|it| it.start_local) else {
        return Brief::empty(None);
    };
    let (week, month) = (hours(day.back(6)), hours(day.back(27)));
    let mut figures = Map::new();
    figures.insert("count_7d".into(), json!(week.0));
    figures.insert("hours_7d".into(), json!(tenth(week.1)));
    figures.insert("distance_7d_km".into(), json!(hundredth(week.2 / 1000.0)));
    figures.insert("count_28d".into(), json!(month.0));
    figures.insert("change_28d_hours_per_week".into(), json!(tenth(week.1 - month.1 / 4.0)));
    figures.insert(
        "latest".into(),
        json!({
            "id": newest.id,
            "name": newest.name,
            "type": newest.kind.as_ref().and_then(|kind| kind.key.clone()),
            "start_time": moment_there(newest.start, newest.start_local),
            "duration_min": newest.duration_s.map(|seconds| float(seconds_to_minutes(seconds))),
        }),
    );
    Brief {
        status: State::Ok,
        date: started(newest).map(|date| date.to_string()),
        error: None,
        figures,
    }
}

/// How many days ahead the plan is told.
const AHEAD: u32 = 6;
/// More stand in the calendar tools.
const MOST_PLANS: usize = 10;

/// What is planned from the day on, as far as its month goes: the next one is another question.
fn plans(month: &CalendarMonth, day: Day) -> Brief {
    let last = day.forward(AHEAD).date().min(day.date().last_of_month());
    let ahead = day.date()..=last;
    let mut items: Vec<(Date, &CalendarItem)> = month
        .items
        .iter()
        .flatten()
        .filter_map(|item| {
            let date = item.date.filter(|date| ahead.contains(date))?;
            let kind = item.kind.as_deref().unwrap_or_default().to_ascii_lowercase();
            // What has been done stands among the activities.
            (!["activity", "weight", "nap", ""].contains(&kind.as_str())).then_some((date, item))
        })
        .collect();
    items.sort_by_key(|(date, _)| *date);
    let Some((first, _)) = items.first() else { return Brief::empty(None) };
    let date = first.to_string();
    let planned: Vec<Value> = items
        .iter()
        .take(MOST_PLANS)
        .map(|(date, item)| {
            json!({
                "date": date.to_string(),
                "type": item.kind.as_deref().map(word),
                "title": item.title,
                "sport": item.sport,
                "race": item.race.filter(|race| *race),
            })
        })
        .collect();
    let mut figures = Map::new();
    figures.insert("through".into(), json!(last.to_string()));
    figures.insert("count".into(), json!(items.len()));
    figures.insert("planned".into(), json!(planned));
    Brief { status: State::Ok, date: Some(date), error: None, figures }
}

fn seconds_to_minutes(seconds: f64) -> i64 {
    whole(seconds / 60.0)
}

impl Tool for Briefing {
    const NAME: &'static str = "get_briefing";
    const TITLE: &'static str = "How somebody is today";
    const DESCRIPTION: &'static str = "Sleep, HRV, readiness, Body Battery, stress, load, \
        activities, plans, weight and nutrition of a day, with changes against 7 and 28 days. A \
        good first question.";
    type Args = BriefingArgs;
    type Answer = BriefingAnswer;

    async fn call(account: &Account, args: BriefingArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let wanted = args.sections.map(|sections| sections.0).unwrap_or_default();
        let wants = |section: Section| wanted.is_empty() || wanted.contains(&section);
        let metrics: Vec<Metric> = Section::ALL
            .into_iter()
            .filter(|section| wants(*section))
            .flat_map(Section::metrics)
            .copied()
            .collect();
        let range =
            DayRange::new(day.back(WINDOW - 1), day, WINDOW).unwrap_or_else(|_| DayRange::one(day));
        let garmin = account.garmin()?;
        let query = ActivityQuery { start: 0, limit: 100, range: Some(range), kind: None };
        let activities = async {
            if wants(Section::Activities) {
                Some(extras.read("activities", garmin.activities(&query)).await)
            } else {
                None
            }
        };
        let figures = async {
            if metrics.is_empty() {
                Ok(Gathered::default())
            } else {
                gather(account, &metrics, range).await
            }
        };
        let month = async {
            if wants(Section::Calendar) {
                let (year, month) = (day.date().year(), day.date().month());
                Some(extras.read("calendar", garmin.calendar_month(year, month)).await)
            } else {
                None
            }
        };
        let (activities, month, gathered) = tokio::join!(activities, month, figures);
        let gathered = gathered?;
        let mut upstream_requests = gathered.questions;
        let activities = match activities {
            None => None,
            Some(read) => {
                upstream_requests += 1;
                let mut warnings = Vec::new();
                Some(match Missing::warned(read, &mut warnings)? {
                    Some(found) => training(&found, day),
                    None => Brief::empty(warnings.pop()),
                })
            }
        };
        let calendar = match month {
            None => None,
            Some(read) => {
                upstream_requests += 1;
                let mut warnings = Vec::new();
                Some(match Missing::warned(read, &mut warnings)? {
                    Some(month) => plans(&month.unwrap_or_default(), day),
                    None => Brief::empty(warnings.pop()),
                })
            }
        };
        let section =
            |section: Section| wants(section).then(|| brief(section, &gathered, day, today));
        Ok(BriefingAnswer {
            date: day.to_string(),
            sleep: section(Section::Sleep),
            hrv: section(Section::Hrv),
            readiness: section(Section::Readiness),
            body_battery: section(Section::BodyBattery),
            stress: section(Section::Stress),
            load: section(Section::Load),
            activities,
            calendar,
            weight: section(Section::Weight),
            nutrition: section(Section::Nutrition),
            upstream_requests,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn gathered(metric: Metric, values: &[(&str, f64)]) -> Gathered {
        let days: Days =
            values.iter().map(|(date, value)| (date.parse().unwrap(), *value)).collect();
        Gathered { figures: [(metric, days)].into(), ..Gathered::default() }
    }

    #[test]
    fn a_figure_is_compared_with_the_days_before_it_and_knows_its_age() {
        let today = day("2026-05-10");
        let found = gathered(
            Metric::Weight,
            &[
                ("2026-05-05", 62.0),
                ("2026-05-06", 62.0),
                ("2026-05-07", 62.0),
                ("2026-05-08", 61.5),
            ],
        );
        let shown = brief(Section::Weight, &found, today, today);
        assert_eq!((shown.status, shown.date.as_deref()), (State::Ok, Some("2026-05-08")));
        assert_eq!(shown.figures["weight_kg"], json!(61.5));
        assert_eq!(shown.figures["change_7d_kg"], json!(-0.5));
        assert!(!shown.figures.contains_key("change_28d_kg"));
        let later = day("2026-05-20");
        assert_eq!(brief(Section::Weight, &found, later, later).status, State::Stale);
        assert_eq!(brief(Section::Hrv, &found, today, today).status, State::NoData);
    }

    #[test]
    fn a_day_that_is_not_over_has_no_stress_yet() {
        let today = day("2026-05-10");
        let found = gathered(Metric::Stress, &[("2026-05-09", 30.0), ("2026-05-10", 12.0)]);
        let shown = brief(Section::Stress, &found, today, today);
        assert_eq!((shown.date.as_deref(), shown.status), (Some("2026-05-09"), State::Ok));
    }

    #[test]
    fn what_failed_says_so() {
        let found =
            Gathered { warnings: vec!["weight: timeout: late".into()], ..Gathered::default() };
        let today = day("2026-05-10");
        let shown = brief(Section::Weight, &found, today, today);
        assert_eq!((shown.status, shown.error.as_deref()), (State::Error, Some("timeout: late")));
        assert_eq!(brief(Section::Hrv, &found, today, today).status, State::NoData);
        assert_eq!(training(&[], today).status, State::NoData);
    }

    #[test]
    fn plans_are_what_is_still_to_come_in_the_month() {
        let item = |date: &str, kind: &str| CalendarItem {
            date: Some(date.parse().unwrap()),
            kind: Some(kind.into()),
            title: Some("x".into()),
            ..CalendarItem::default()
        };
        let month = CalendarMonth {
            items: Some(vec![
                item("2026-05-30", "workout"),
                item("2026-05-29", "event"),
                item("2026-05-29", "activity"),
                item("2026-05-20", "workout"),
            ]),
            ..CalendarMonth::default()
        };
        let shown = plans(&month, day("2026-05-28"));
        assert_eq!((shown.status, shown.date.as_deref()), (State::Ok, Some("2026-05-29")));
        assert_eq!(
            (&shown.figures["count"], &shown.figures["through"]),
            (&json!(2), &json!("2026-05-31"))
        );
        assert_eq!(plans(&CalendarMonth::default(), day("2026-05-28")).status, State::NoData);
    }
}
