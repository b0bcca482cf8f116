//! The athlete in one answer, with where each value comes from and how old it is.

use garmin::days::Day;
use garmin::model::{CyclingFtp, MaxMetric, MaxMetrics, ThresholdRow, UserData, WeighIn};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::zones::{SportPower, SportZones, sport_power, sport_zones};
use crate::account::Account;
use crate::answer::Status;
use crate::args::Many;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{hundredth, tenth, whole, word};

/// `get_athlete_profile`
pub(super) struct AthleteProfile;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AthleteArgs {
    /// Default all
    include: Option<Many<Part>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Part {
    Identity,
    Body,
    Thresholds,
    Zones,
    Vo2max,
}

const ALL: [Part; 5] = [Part::Identity, Part::Body, Part::Thresholds, Part::Zones, Part::Vo2max];

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AthleteAnswer {
    status: Status,
    /// Today in the athlete's zone.
    as_of: String,
    identity: Option<Identity>,
    body: Option<Physique>,
    thresholds: Option<Thresholds>,
    zones: Option<Zones>,
    vo2max: Option<Vo2Max>,
    warnings: Vec<String>,
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Told<T> {
    value: T,
    source: &'static str,
    date: Option<String>,
    age_days: Option<u32>,
}

impl<T> Told<T> {
    fn new(value: T, source: &'static str) -> Self {
        Self { value, source, date: None, age_days: None }
    }

    fn on(value: T, source: &'static str, date: Option<Date>, today: Day) -> Self {
        let age = date.and_then(|date| date.until(today.date()).ok());
        Self {
            value,
            source,
            date: date.map(|date| date.to_string()),
            age_days: age.and_then(|age| u32::try_from(age.get_days()).ok()),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Identity {
    full_name: Option<String>,
    location: Option<String>,
    gender: Option<String>,
    birth_date: Option<String>,
    age_years: Option<i16>,
    time_zone: String,
    unit_system: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Physique {
    weight_kg: Option<Told<f64>>,
    height_cm: Option<Told<f64>>,
    body_fat_pct: Option<Told<f64>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Thresholds {
    lactate_threshold_hr_bpm: Option<Told<i64>>,
    lactate_threshold_speed_mps: Option<Told<f64>>,
    cycling_ftp_w: Option<Told<i64>>,
    cycling_ftp_w_per_kg: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Zones {
    heart_rate: Vec<SportZones>,
    power: Vec<SportPower>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Vo2Max {
    running: Option<Told<f64>>,
    cycling: Option<Told<f64>>,
}

const SETTINGS: &str = "profile_settings";
const MEASURED: &str = "garmin_estimate";

fn body(data: &UserData, weighed: Option<&WeighIn>, today: Day) -> Physique {
    let kilograms = |grams: f64| tenth(grams / 1_000.0);
    let weighing = weighed.and_then(|it| Some((it, it.weight_g.filter(|grams| *grams > 0.0)?)));
    let weight = weighing
        .map(|(it, grams)| Told::on(kilograms(grams), "weigh_in", it.date, today))
        .or_else(|| data.weight_g.map(|grams| Told::new(kilograms(grams), SETTINGS)));
    let fat = weighed.and_then(|it| Some((it.fat_pct?, it.date)));
    Physique {
        weight_kg: weight,
        height_cm: data.height_cm.map(|height| Told::new(tenth(height), SETTINGS)),
        body_fat_pct: fat.map(|(pct, date)| Told::on(tenth(pct), "weigh_in", date, today)),
    }
}

/// Garmin answers in rows of which each has a part.
fn thresholds(
    data: &UserData,
    rows: &[ThresholdRow],
    ftp: Option<&CyclingFtp>,
    weight_kg: Option<f64>,
    today: Day,
) -> Thresholds {
    let heart = rows.iter().find_map(|row| Some((row.heart_rate?, row.at)));
    let speed = rows.iter().find_map(|row| Some((row.speed_tenth_mps?, row.at)));
    let mps = |tenths: f64| hundredth(tenths * 10.0);
    let power = ftp.and_then(|ftp| Some((ftp.power_w.filter(|watts| *watts > 0.0)?, ftp.at)));
    let per_kg = power.zip(weight_kg).filter(|(_, kg)| *kg > 0.0);
    Thresholds {
        lactate_threshold_hr_bpm: heart
            .map(|(bpm, at)| Told::on(bpm, MEASURED, at.map(jiff::civil::DateTime::date), today))
            .or_else(|| data.lactate_threshold_heart_rate.map(|bpm| Told::new(bpm, SETTINGS))),
        lactate_threshold_speed_mps: speed
            .map(|(tenths, at)| {
                Told::on(mps(tenths), MEASURED, at.map(jiff::civil::DateTime::date), today)
            })
            .or_else(|| data.lactate_threshold_speed_tenths.map(|it| Told::new(mps(it), SETTINGS))),
        cycling_ftp_w: power.map(|(watts, at)| {
            Told::on(whole(watts), MEASURED, at.map(jiff::civil::DateTime::date), today)
        }),
        cycling_ftp_w_per_kg: per_kg.map(|((watts, _), kg)| hundredth(watts / kg)),
    }
}

fn vo2max(data: &UserData, latest: Option<&MaxMetrics>, today: Day) -> Vo2Max {
    let told = |metric: Option<&MaxMetric>, settings: Option<f64>| {
        let measured =
            metric.and_then(|metric| Some((metric.precise.or(metric.value)?, metric.date)));
        measured
            .map(|(value, date)| Told::on(tenth(value), MEASURED, date, today))
            .or_else(|| settings.map(|value| Told::new(tenth(value), SETTINGS)))
    };
    Vo2Max {
        running: told(latest.and_then(|it| it.running.as_ref()), data.vo2_max_running),
        cycling: told(latest.and_then(|it| it.cycling.as_ref()), data.vo2_max_cycling),
    }
}

/// Reads a part if it is wanted.
async fn wanted<T>(
    extras: Extras,
    wanted: bool,
    part: &str,
    read: impl Future<Output = Result<Option<T>, garmin::GarminError>>,
    warnings: &std::sync::Mutex<Vec<String>>,
) -> Result<Option<T>, ToolError> {
    if !wanted {
        return Ok(None);
    }
    let read = extras.read(part, read).await;
    let mut said = warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Missing::warned(read, &mut said)?.flatten())
}

impl Tool for AthleteProfile {
    const NAME: &'static str = "get_athlete_profile";
    const TITLE: &'static str = "The athlete in one answer";
    const DESCRIPTION: &'static str = "The athlete's identity, body, thresholds, zones and VO2 \
        max in one answer, each value with its source and age.";
    type Args = AthleteArgs;
    type Answer = AthleteAnswer;

    async fn call(account: &Account, args: AthleteArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let include = args.include.map_or_else(|| ALL.to_vec(), |include| include.0);
        let wants = |part| include.contains(&part);
        let garmin = account.garmin()?;
        let (today, zone) = (account.today().await?, garmin.zone().await?);
        let warnings = std::sync::Mutex::new(Vec::new());
        let (in_body, in_thresholds) = (wants(Part::Body), wants(Part::Thresholds));
        let weighs = in_body || in_thresholds;
        let (settings, person, weighed, rows, ftp, latest, hearts, powers) = tokio::join!(
            wanted(extras, true, "settings", garmin.user_settings(), &warnings),
            wanted(
                extras,
                wants(Part::Identity),
                "identity",
                async { garmin.social_profile().await.map(Some) },
                &warnings
            ),
            wanted(extras, weighs, "weight", garmin.latest_weigh_in(today), &warnings),
            wanted(extras, in_thresholds, "thresholds", garmin.lactate_threshold(), &warnings),
            wanted(extras, in_thresholds, "cycling_ftp", garmin.cycling_ftp(), &warnings),
            wanted(
                extras,
                wants(Part::Vo2max),
                "vo2max",
                garmin.latest_max_metrics(today),
                &warnings
            ),
            wanted(extras, wants(Part::Zones), "hr_zones", garmin.heart_rate_zones(), &warnings),
            wanted(extras, wants(Part::Zones), "power_zones", garmin.power_zones(), &warnings),
        );
        let data = settings?.and_then(|settings| settings.data).unwrap_or_default();
        let (person, weighed, rows, ftp) = (person?, weighed?, rows?.unwrap_or_default(), ftp?);
        let (latest, hearts, powers) = (latest?, hearts?, powers?);
        let bodily = body(&data, weighed.as_ref(), today);
        let kilograms = bodily.weight_kg.as_ref().map(|told| told.value);
        let limits = thresholds(&data, &rows, ftp.as_ref(), kilograms, today);
        Ok(AthleteAnswer {
            status: Status::Ok,
            as_of: today.to_string(),
            identity: wants(Part::Identity).then(|| Identity {
                full_name: person.as_ref().and_then(|person| person.full_name.clone()),
                location: person.as_ref().and_then(|person| person.location.clone()),
                gender: data.gender.as_deref().map(word),
                birth_date: data.birth_date.map(|birth| birth.to_string()),
                age_years: data.birth_date.and_then(|birth| super::identity::age(birth, today)),
                time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
                unit_system: data.measurement_system.as_deref().map(word),
            }),
            body: in_body.then_some(bodily),
            thresholds: in_thresholds.then_some(limits),
            zones: wants(Part::Zones).then(|| Zones {
                heart_rate: hearts.iter().flatten().filter_map(sport_zones).collect(),
                power: powers.iter().flatten().filter_map(sport_power).collect(),
            }),
            vo2max: wants(Part::Vo2max).then(|| vo2max(&data, latest.as_ref(), today)),
            warnings: warnings.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_value_goes_before_a_setting_and_has_an_age() {
        let today: Day = "2026-05-11".parse().unwrap();
        let data = UserData {
            weight_g: Some(70_000.0),
            lactate_threshold_heart_rate: Some(160),
            vo2_max_running: Some(50.0),
            ..UserData::default()
        };
        let weighed = WeighIn {
            weight_g: Some(68_040.0),
            date: Some("2026-05-01".parse().unwrap()),
            ..WeighIn::default()
        };
        let weight = body(&data, Some(&weighed), today).weight_kg.unwrap();
        assert_eq!((weight.value, weight.source, weight.age_days), (68.0, "weigh_in", Some(10)));
        let weight = body(&data, None, today).weight_kg.unwrap();
        assert_eq!((weight.value, weight.source, weight.age_days), (70.0, SETTINGS, None));
        let rows = [
            ThresholdRow { speed_tenth_mps: Some(0.34), ..ThresholdRow::default() },
            ThresholdRow { heart_rate: Some(168), ..ThresholdRow::default() },
        ];
        let ftp = CyclingFtp { power_w: Some(272.0), ..CyclingFtp::default() };
        let limits = thresholds(&data, &rows, Some(&ftp), Some(68.0), today);
        assert_eq!(limits.lactate_threshold_hr_bpm.unwrap().value, 168);
        let speed = limits.lactate_threshold_speed_mps.map(|speed| speed.value);
        assert_eq!(speed, Some(3.4));
        assert_eq!(limits.cycling_ftp_w_per_kg, Some(4.0));
        let vo2 = vo2max(&data, None, today);
        assert_eq!((vo2.running.unwrap().source, vo2.cycling), (SETTINGS, None));
    }
}
