//! Energy taken in against energy spent, as the scale tells it.

use garmin::model::{IntakeDay, WeighIn};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::statistics::{mean, slope};
use crate::account::Account;
use crate::answer::Stretch;
use crate::args::{RangeArgs, Window};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{float, hundredth, tenth, whole};

/// Five windows of food, a year of each kind of energy, and the scale: eight questions.
const LONGEST: u32 = 140;
/// Over a shorter time water hides what fat does.
const SHORTEST_SPAN: i64 = 21;
const FAT_KCAL_PER_KG: f64 = 7700.0;
const LEAN_KCAL_PER_KG: f64 = 1800.0;
/// A day with fewer things written down is hardly complete.
const FEW_ITEMS: usize = 3;

/// `get_energy_balance`
pub(super) struct EnergyBalance;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct EnergyAnswer {
    intake: Intake,
    expenditure_garmin: Expenditure,
    body_composition: Option<Body>,
    derived: Option<Derived>,
    /// Why there is no derived figure.
    gate_note: Option<&'static str>,
    assumptions: Assumptions,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Intake {
    days_included: usize,
    days_excluded_unlogged: usize,
    mean_calories_per_day: Option<i64>,
    /// Days with one or two entries: counted, but hardly complete.
    low_item_count_dates: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Expenditure {
    days_included: usize,
    days_excluded: usize,
    mean_total_calories_per_day: Option<i64>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Body {
    readings_used: usize,
    first_reading_date: String,
    last_reading_date: String,
    days_between_readings: i64,
    observed_first_weight_kg: f64,
    observed_last_weight_kg: f64,
    /// Along the fitted line.
    weight_change_kg: Option<f64>,
    weight_slope_kg_per_week: Option<f64>,
    fat_mass_change_kg: Option<f64>,
    lean_mass_change_kg: Option<f64>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Derived {
    /// `fat_and_lean_mass`, or `weight` where the scale does not tell them apart.
    basis: &'static str,
    implied_deficit_kcal_per_day: i64,
    /// Measured: what was eaten, and what the body lost or gained.
    composition_derived_tdee_kcal_per_day: i64,
    garmin_tdee_kcal_per_day: Option<i64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Assumptions {
    fat_kcal_per_kg: i64,
    lean_kcal_per_kg: i64,
    method: &'static str,
}

const METHOD: &str = "least squares through all weighings of the range; expenditure = mean intake \
    of logged days - stored energy per day";

/// One weighing, in days since the first of the range and kilograms.
#[derive(Debug, Clone, Copy)]
struct Weighed {
    date: Date,
    day: f64,
    weight_kg: f64,
    fat_kg: Option<f64>,
}

fn weighed(all: &[WeighIn], first: Date) -> Vec<Weighed> {
    let mut found: Vec<Weighed> = all
        .iter()
        .filter_map(|it| {
            let date = it.day()?;
            let weight_kg = it.weight_g.filter(|grams| *grams > 0.0)? / 1000.0;
            let share = it.fat_pct.filter(|pct| *pct > 0.0 && *pct < 100.0);
            Some(Weighed {
                date,
                day: float(i64::from(first.until(date).ok()?.get_days())),
                weight_kg,
                fat_kg: share.map(|pct| weight_kg * pct / 100.0),
            })
        })
        .collect();
    found.sort_by_key(|it| it.date);
    found
}

/// Kilograms a day along a straight line; two weighings make a line as well.
fn per_day(points: &[(f64, f64)]) -> Option<f64> {
    match points {
        [(a, from), (b, to)] if b > a => Some((to - from) / (b - a)),
        _ => slope(points),
    }
}

/// What the scale says, and the energy stored each day.
fn body(all: &[Weighed]) -> (Option<Body>, Option<(&'static str, f64)>) {
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return (None, None) };
    let days = last.day - first.day;
    let line = |of: &dyn Fn(&Weighed) -> Option<f64>| {
        let points: Vec<(f64, f64)> = all.iter().filter_map(|it| Some((it.day, of(it)?))).collect();
        let span = points.last().zip(points.first()).map(|(last, first)| last.0 - first.0);
        per_day(&points).filter(|_| span.is_some_and(|span| span >= float(SHORTEST_SPAN)))
    };
    let weight = line(&|it| Some(it.weight_kg));
    let fat = line(&|it| it.fat_kg);
    let lean = line(&|it| Some(it.weight_kg - it.fat_kg?));
    let change = |slope: Option<f64>| slope.map(|slope| hundredth(slope * days));
    let stored = match (fat, lean, weight) {
        (Some(fat), Some(lean), _) => {
            Some(("fat_and_lean_mass", fat * FAT_KCAL_PER_KG + lean * LEAN_KCAL_PER_KG))
        }
        (_, _, Some(weight)) => Some(("weight", weight * FAT_KCAL_PER_KG)),
        (_, _, None) => None,
    };
    let body = Body {
        readings_used: all.len(),
        first_reading_date: first.date.to_string(),
        last_reading_date: last.date.to_string(),
        days_between_readings: whole(days),
        observed_first_weight_kg: hundredth(first.weight_kg),
        observed_last_weight_kg: hundredth(last.weight_kg),
        weight_change_kg: change(weight),
        weight_slope_kg_per_week: weight.map(|slope| hundredth(slope * 7.0)),
        fat_mass_change_kg: change(fat),
        lean_mass_change_kg: change(lean),
    };
    (Some(body), stored)
}

fn intake(days: &[IntakeDay], range: garmin::days::DayRange) -> (Intake, Option<f64>) {
    let asked = range.first().date()..=range.last().date();
    // A day of nothing but an empty diary is a day on which nothing was written down.
    let logged: Vec<(&IntakeDay, Date, f64)> = days
        .iter()
        .filter_map(|day| {
            let date = day.date.filter(|date| asked.contains(date))?;
            Some((day, date, day.kcal().filter(|kcal| *kcal > 0.0)?))
        })
        .collect();
    let mean = mean(&logged.iter().map(|(_, _, kcal)| *kcal).collect::<Vec<f64>>());
    let few = |day: &IntakeDay| day.items().is_some_and(|items| items < FEW_ITEMS);
    let requested = usize::try_from(range.length()).unwrap_or(usize::MAX);
    let intake = Intake {
        days_included: logged.len(),
        days_excluded_unlogged: requested.saturating_sub(logged.len()),
        mean_calories_per_day: mean.map(whole),
        low_item_count_dates: logged
            .iter()
            .filter(|(day, _, _)| few(day))
            .map(|(_, date, _)| date.to_string())
            .collect(),
    };
    (intake, mean)
}

impl Tool for EnergyBalance {
    const NAME: &'static str = "get_energy_balance";
    const TITLE: &'static str = "Energy balance";
    const DESCRIPTION: &'static str = "Calories eaten against calories spent over up to 140 days: \
        what Garmin reckons, and what weight and body fat show. Needs a food log and weighings.";
    type Args = RangeArgs;
    type Answer = Stretch<EnergyAnswer>;

    async fn call(account: &Account, args: RangeArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let today = account.today().await?;
        let range = args.range(today, Window::past(28, LONGEST))?;
        let garmin = account.garmin()?;
        let (eaten, active, resting, scale) = tokio::join!(
            extras.read("intake", garmin.intake_days(range)),
            extras.read("expenditure", garmin.active_kcal_days(range)),
            extras.read("expenditure", garmin.resting_kcal_days(range)),
            extras.read("weight", garmin.weigh_ins(range)),
        );
        let mut warnings = Vec::new();
        let eaten = Missing::warned(eaten, &mut warnings)?.unwrap_or_default();
        let active = Missing::warned(active, &mut warnings)?.unwrap_or_default();
        let resting = Missing::warned(resting, &mut warnings)?.unwrap_or_default();
        let scale = Missing::warned(scale, &mut warnings)?.flatten().unwrap_or_default();

        let (intake, eaten) = intake(&eaten, range);
        let spent: Vec<f64> = resting
            .iter()
            .filter_map(|rest| {
                let date = rest.date.filter(|date| *date < today.date())?;
                let active = active.iter().find(|it| it.date == Some(date))?.value?;
                Some(rest.value.filter(|kcal| *kcal > 0.0)? + active)
            })
            .collect();
        let spent_mean = mean(&spent);
        let (body, stored) = body(&weighed(&scale.weigh_ins(), range.first().date()));
        let derived = eaten.zip(stored).map(|(eaten, (basis, stored))| Derived {
            basis,
            implied_deficit_kcal_per_day: whole(-stored),
            composition_derived_tdee_kcal_per_day: whole(eaten - stored),
            garmin_tdee_kcal_per_day: spent_mean.map(whole),
        });
        let gate_note = match (&derived, eaten, stored) {
            (Some(_), _, _) => None,
            (None, None, _) => Some("nothing was written down in the food log"),
            (None, Some(_), _) => Some("weighings at least 21 days apart are needed"),
        };
        let requested = usize::try_from(range.length()).unwrap_or(usize::MAX);
        let found =
            intake.days_included > 0 || !spent.is_empty() || body.is_some() || !warnings.is_empty();
        let data = found.then(|| EnergyAnswer {
            intake,
            expenditure_garmin: Expenditure {
                days_included: spent.len(),
                days_excluded: requested.saturating_sub(spent.len()),
                mean_total_calories_per_day: spent_mean.map(whole),
            },
            body_composition: body,
            derived,
            gate_note,
            assumptions: Assumptions {
                fat_kcal_per_kg: whole(tenth(FAT_KCAL_PER_KG)),
                lean_kcal_per_kg: whole(tenth(LEAN_KCAL_PER_KG)),
                method: METHOD,
            },
            warnings,
        });
        Ok(account.stretch(range, today, data).await)
    }
}

#[cfg(test)]
mod tests {
    use garmin::days::DayRange;
    use garmin::model::{IntakeContent, IntakeFood, IntakeMeal};

    use super::*;

    fn weigh_in(date: &str, grams: f64, fat: Option<f64>) -> WeighIn {
        WeighIn {
            date: Some(date.parse().unwrap()),
            weight_g: Some(grams),
            fat_pct: fat,
            ..WeighIn::default()
        }
    }

    #[test]
    fn fat_and_lean_mass_store_different_energy() {
        let all = [
            weigh_in("2024-01-01", 80_000.0, Some(20.0)),
            weigh_in("2024-01-25", 79_000.0, Some(18.75)),
            weigh_in("2024-01-05", 79_500.0, None),
        ];
        let (shown, stored) = body(&weighed(&all, "2024-01-01".parse().unwrap()));
        let (basis, stored) = stored.unwrap();
        assert_eq!(basis, "fat_and_lean_mass");
        // (1.1875 kg of fat × 7700 − 0.1875 kg of lean mass × 1800) / 24 days.
        assert!((stored + 366.93).abs() < 0.1, "{stored}");
        let shown = shown.unwrap();
        assert_eq!((shown.fat_mass_change_kg, shown.days_between_readings), (Some(-1.19), 24));
    }

    #[test]
    fn a_week_of_weighings_says_nothing() {
        let all = [weigh_in("2024-01-01", 80_000.0, None), weigh_in("2024-01-08", 79_000.0, None)];
        let (shown, stored) = body(&weighed(&all, "2024-01-01".parse().unwrap()));
        assert_eq!(stored, None);
        assert_eq!(shown.unwrap().weight_change_kg, None);
    }

    #[test]
    fn days_without_entries_are_left_out_and_thin_ones_are_named() {
        let day = |date: &str, calories: Option<f64>, items: usize| IntakeDay {
            date: Some(date.parse().unwrap()),
            content: Some(IntakeContent { calories }),
            meals: Some(vec![IntakeMeal { foods: Some(vec![IntakeFood::default(); items]) }]),
            ..IntakeDay::default()
        };
        let first: garmin::days::Day = "2024-01-01".parse().unwrap();
        let range = DayRange::new(first, first.forward(3), 4).unwrap();
        let days = [
            day("2024-01-01", Some(2000.0), 5),
            day("2024-01-02", Some(800.0), 1),
            day("2024-01-03", None, 0),
        ];
        let (shown, mean) = intake(&days, range);
        assert_eq!((shown.days_included, shown.days_excluded_unlogged), (2, 2));
        assert_eq!(
            (mean, shown.low_item_count_dates.as_slice()),
            (Some(1400.0), &["2024-01-02".to_owned()][..])
        );
    }
}
