//! What a scale measured.

use garmin::days::DayRange;
use garmin::model::{WeighIn, WeightAverage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::{Absence, Status};
use crate::args::{NamedDay, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, tenth};

/// Kilograms and percent.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Composition {
    weight_kg: Option<f64>,
    bmi: Option<f64>,
    fat_pct: Option<f64>,
    water_pct: Option<f64>,
    bone_kg: Option<f64>,
    muscle_kg: Option<f64>,
}

/// Garmin weighs in grams.
fn kilograms(grams: f64) -> f64 {
    hundredth(grams / 1000.0)
}

impl Composition {
    fn known(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }

    fn of(weigh_in: &WeighIn) -> Self {
        Self {
            weight_kg: weigh_in.weight_g.map(kilograms),
            bmi: weigh_in.bmi.map(tenth),
            fat_pct: weigh_in.fat_pct.map(tenth),
            water_pct: weigh_in.water_pct.map(tenth),
            bone_kg: weigh_in.bone_g.map(kilograms),
            muscle_kg: weigh_in.muscle_g.map(kilograms),
        }
    }
}

/// Garmin's averages; where it sends none and there is a single weighing, that.
pub(super) fn averages(
    average: Option<&WeightAverage>,
    all: Option<&[WeighIn]>,
) -> Option<Composition> {
    let told = average.and_then(|average| {
        Composition {
            weight_kg: average.weight_g.map(kilograms),
            bmi: average.bmi.map(tenth),
            fat_pct: average.fat_pct.map(tenth),
            water_pct: average.water_pct.map(tenth),
            bone_kg: average.bone_g.map(kilograms),
            muscle_kg: average.muscle_g.map(kilograms),
        }
        .known()
    });
    told.or_else(|| match all {
        Some([only]) => Composition::of(only).known(),
        Some(_) | None => None,
    })
}

/// `get_body_composition`
pub(super) struct BodyComposition;

/// Garmin knows no cap; beyond this the answer is of no use.
const LONGEST_RANGE: u32 = 3660;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CompositionArgs {
    /// A day, or a period such as `90d`.
    start_date: Option<RangeStart>,
    /// Default `start_date`
    end_date: Option<NamedDay>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CompositionAnswer {
    status: Status,
    reason: Option<Absence>,
    start_date: String,
    end_date: String,
    /// Oldest first.
    measurements: Vec<Measurement>,
    averages: Option<Composition>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Measurement {
    date: Option<String>,
    #[serde(flatten)]
    body: Composition,
    source: Option<String>,
}

impl Tool for BodyComposition {
    const NAME: &'static str = "get_body_composition";
    const TITLE: &'static str = "Body composition";
    const DESCRIPTION: &'static str = "Weight, body mass index, fat, water, bone and muscle by \
        day, with averages. get_weigh_ins has every single weighing.";
    type Args = CompositionArgs;
    type Answer = CompositionAnswer;

    async fn call(account: &Account, args: CompositionArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let days = match (args.start_date, args.end_date) {
            (Some(RangeStart::Day(day)), None) => DayRange::one(day.resolve("start_date", today)?),
            (start, end) => range(start, end, today, Window::past(1, LONGEST_RANGE))?,
        };
        let list = account.garmin()?.body_composition(days).await?.unwrap_or_default();
        let averages = averages(list.average.as_ref(), list.list.as_deref());
        let mut all = list.list.unwrap_or_default();
        all.sort_by_key(|weigh_in| (weigh_in.day(), weigh_in.at));
        let measurements: Vec<Measurement> = all
            .iter()
            .filter_map(|weigh_in| {
                Some(Measurement {
                    date: weigh_in.day().map(|day| day.to_string()),
                    body: Composition::of(weigh_in).known()?,
                    source: weigh_in.source.as_deref().map(str::to_ascii_lowercase),
                })
            })
            .collect();
        let empty = measurements.is_empty() && averages.is_none();
        // Nobody is weighed by a watch: a day without is a day on which nobody stood on a scale.
        let reason = empty.then_some(Absence::NotRecorded);
        Ok(CompositionAnswer {
            status: if empty { Status::NoData } else { Status::Ok },
            reason,
            start_date: days.first().to_string(),
            end_date: days.last().to_string(),
            measurements,
            averages,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grams_become_kilograms_and_nothing_is_made_up() {
        let average = WeightAverage {
            weight_g: Some(61_350.0),
            bone_g: Some(2_890.0),
            ..WeightAverage::default()
        };
        let shown = averages(Some(&average), None).unwrap();
        assert_eq!((shown.weight_kg, shown.bone_kg), (Some(61.35), Some(2.89)));
        assert_eq!((shown.bmi, shown.fat_pct), (None, None));
        assert_eq!(averages(Some(&WeightAverage::default()), Some(&[])), None);
        let one = WeighIn { weight_g: Some(70_000.0), ..WeighIn::default() };
        assert_eq!(averages(None, Some(&[one])).unwrap().weight_kg, Some(70.0));
    }
}
