//! What the scale said.

use domain::region::Region;
use garmin::days::Day;
use garmin::model::{WeighIn, WeightAverage};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::{Reading, Stretch};
use crate::args::{NamedDay, RangeArgs, Window};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{clock_there, hundredth, moment, tenth, word};

/// `get_weigh_ins`
pub(super) struct WeighIns;

const WINDOW: Window = Window::past(28, 1_100);

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RangeAnswer {
    date_range: DateRange,
    measurement_count: usize,
    days_with_data: usize,
    average_weight_kg: Option<f64>,
    average_weight_grams: Option<f64>,
    trend: Option<Trend>,
    /// Newest first.
    measurements: Vec<Measurement>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct DateRange {
    start: String,
    end: String,
}

/// From the first day to the last, each by its newest weighing.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Trend {
    first_weight_kg: f64,
    latest_weight_kg: f64,
    change_kg: f64,
    per_week_kg: Option<f64>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Measurement {
    date: Option<String>,
    /// With the offset of the place.
    time: Option<String>,
    timestamp_gmt: Option<String>,
    weight_kg: Option<f64>,
    weight_grams: Option<f64>,
    change_kg: Option<f64>,
    bmi: Option<f64>,
    body_fat_percent: Option<f64>,
    body_water_percent: Option<f64>,
    bone_mass_grams: Option<f64>,
    muscle_mass_grams: Option<f64>,
    physique_rating: Option<f64>,
    visceral_fat_rating: Option<f64>,
    metabolic_age_years: Option<f64>,
    source_type: Option<String>,
    /// For `delete_weigh_in`.
    version: Option<i64>,
}

/// Garmin keeps grams whatever the account's units are.
fn kilograms(grams: f64) -> f64 {
    hundredth(grams / 1_000.0)
}

pub(super) fn measurement(found: &WeighIn, region: Region, own: &TimeZone) -> Measurement {
    let time = match (found.at, found.at_local) {
        (Some(at), local) => Some(moment(at, &clock_there(at, local, region, own))),
        (None, Some(local)) => Some(local.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
        (None, None) => None,
    };
    Measurement {
        date: found.day().map(|date| date.to_string()),
        time,
        timestamp_gmt: found.at.map(|at| moment(at, &TimeZone::UTC)),
        weight_kg: found.weight_g.map(kilograms),
        weight_grams: found.weight_g.map(hundredth),
        change_kg: found.change_g.map(kilograms),
        bmi: found.bmi.map(tenth),
        body_fat_percent: found.fat_pct.map(tenth),
        body_water_percent: found.water_pct.map(tenth),
        bone_mass_grams: found.bone_g.map(hundredth),
        muscle_mass_grams: found.muscle_g.map(hundredth),
        physique_rating: found.physique_rating,
        visceral_fat_rating: found.visceral_fat_rating,
        metabolic_age_years: found.metabolic_age_years.map(tenth),
        source_type: found.source.as_deref().map(word),
        version: found.version,
    }
}

/// Newest first.
fn trend(weigh_ins: &[WeighIn]) -> Option<Trend> {
    let dated = || weigh_ins.iter().filter_map(|it| it.day().zip(it.weight_g));
    let (last, latest) = dated().next()?;
    let (first, _) = dated().next_back().filter(|(first, _)| *first != last)?;
    let (_, earliest) = dated().find(|(date, _)| *date == first)?;
    let days = first.until(last).map_or(0, |span| span.get_days());
    Some(Trend {
        first_weight_kg: kilograms(earliest),
        latest_weight_kg: kilograms(latest),
        change_kg: kilograms(latest - earliest),
        per_week_kg: (days >= 7).then(|| kilograms((latest - earliest) / f64::from(days) * 7.0)),
    })
}

fn mean(weigh_ins: &[WeighIn], told: Option<&WeightAverage>) -> Option<f64> {
    let weights: Vec<f64> = weigh_ins.iter().filter_map(|it| it.weight_g).collect();
    told.and_then(|it| it.weight_g).or_else(|| crate::tools::series::mean(&weights))
}

impl Tool for WeighIns {
    const NAME: &'static str = "get_weigh_ins";
    const TITLE: &'static str = "Weighings";
    const DESCRIPTION: &'static str = "Every weighing of a range with what the scale measured \
        besides, the average and the trend. Four weeks unless asked for more.";
    type Args = RangeArgs;
    type Answer = Stretch<RangeAnswer>;

    async fn call(account: &Account, args: RangeArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = args.range(today, WINDOW)?;
        let garmin = account.garmin()?;
        let own = garmin.zone().await?;
        let found = garmin.weigh_ins(range).await?.unwrap_or_default();
        let weigh_ins = found.weigh_ins();
        let region = account.upstream.region;
        let average = mean(&weigh_ins, found.average.as_ref());
        let mut days: Vec<_> = weigh_ins.iter().map(WeighIn::day).collect();
        days.dedup();
        let answer = (!weigh_ins.is_empty()).then(|| RangeAnswer {
            date_range: DateRange {
                start: range.first().to_string(),
                end: range.last().to_string(),
            },
            measurement_count: weigh_ins.len(),
            days_with_data: days.len(),
            average_weight_kg: average.map(kilograms),
            average_weight_grams: average.map(hundredth),
            trend: trend(&weigh_ins),
            measurements: weigh_ins.iter().map(|it| measurement(it, region, &own)).collect(),
        });
        Ok(Stretch::new(range, None, answer))
    }
}

/// `get_daily_weigh_ins`
pub(super) struct OfOneDay;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DayArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
    /// The newest weighing up to that day, however old.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    latest: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DayAnswer {
    measurement_count: usize,
    average_weight_kg: Option<f64>,
    average_weight_grams: Option<f64>,
    measurements: Vec<Measurement>,
}

impl Tool for OfOneDay {
    const NAME: &'static str = "get_daily_weigh_ins";
    const TITLE: &'static str = "Weighings of one day";
    const DESCRIPTION: &'static str = "The weighings of one day, or with `latest` the newest one \
        up to it.";
    type Args = DayArgs;
    type Answer = Reading<DayAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let asked = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let own = garmin.zone().await?;
        let (mut weigh_ins, told) = if args.latest {
            (garmin.latest_weigh_in(asked).await?.into_iter().collect(), None)
        } else {
            let found = garmin.weigh_ins_of(asked).await?.unwrap_or_default();
            (found.list.unwrap_or_default(), found.average)
        };
        weigh_ins.retain(|it: &WeighIn| it.weight_g.is_some());
        let region = account.upstream.region;
        let day = weigh_ins.first().and_then(WeighIn::day).map_or(asked, Day::of);
        let average = mean(&weigh_ins, told.as_ref());
        let answer = DayAnswer {
            measurement_count: weigh_ins.len(),
            average_weight_kg: average.map(kilograms),
            average_weight_grams: average.map(hundredth),
            measurements: weigh_ins.iter().map(|it| measurement(it, region, &own)).collect(),
        };
        Ok(if weigh_ins.is_empty() {
            Reading::absent(asked, None)
        } else {
            Reading::found(day, answer)
        })
    }
}

/// How a weighing is called in a preview.
pub(super) fn described(found: &WeighIn) -> String {
    let weight =
        found.weight_g.map_or_else(String::new, |grams| format!("{} kg", kilograms(grams)));
    match found.at_local.map(DateTime::time) {
        Some(time) => format!("{weight} at {}", time.strftime("%H:%M")),
        None => weight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weigh_in(date: &str, grams: f64) -> WeighIn {
        WeighIn { date: Some(date.parse().unwrap()), weight_g: Some(grams), ..WeighIn::default() }
    }

    #[test]
    fn d18_times_of_a_weighing_are_no_milliseconds_and_masses_stay_grams_and_kilograms() {
        let found: WeighIn = serde_json::from_str(
            r#"{"samplePk":1777618000000,"date":1777621600000,"calendarDate":"2026-05-01",
                "weight":61249.0,"boneMass":2900,"muscleMass":0,"bodyFat":23.14,
                "timestampGMT":1777614400000,"weightDelta":-300.0,"sourceType":"INDEX_SCALE"}"#,
        )
        .unwrap();
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let shown = measurement(&found, Region::Global, &berlin);
        assert_eq!(shown.time.as_deref(), Some("2026-05-01T07:46:40+02:00"));
        assert_eq!(shown.timestamp_gmt.as_deref(), Some("2026-05-01T05:46:40+00:00"));
        assert_eq!((shown.weight_kg, shown.weight_grams), (Some(61.25), Some(61_249.0)));
        assert_eq!((shown.change_kg, shown.muscle_mass_grams), (Some(-0.3), Some(0.0)));
        // The place is where the clock on the wall was.
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let abroad = measurement(&found, Region::Global, &tokyo);
        assert_eq!(abroad.time, shown.time);
    }

    #[test]
    fn the_trend_runs_from_the_first_day_to_the_last() {
        let newest_first = [
            weigh_in("2026-05-15", 60_000.0),
            weigh_in("2026-05-15", 60_500.0),
            weigh_in("2026-05-08", 60_900.0),
            weigh_in("2026-05-01", 61_000.0),
            weigh_in("2026-05-01", 61_400.0),
        ];
        let expected = Trend {
            first_weight_kg: 61.0,
            latest_weight_kg: 60.0,
            change_kg: -1.0,
            per_week_kg: Some(-0.5),
        };
        assert_eq!(trend(&newest_first), Some(expected));
        assert_eq!(trend(&newest_first[..2]), None);
        assert_eq!(trend(&[]), None);
    }
}
