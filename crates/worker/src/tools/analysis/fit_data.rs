//! `get_activity_fit_data`: what only the recorded file knows.

use garmin::files::{FitMessage, FitValue, Recording};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::sections::{self, Section};
use super::source::{Filed, Seconds, activity_id, recording, shown};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Many, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::moment;
use crate::tools::table::Table;

/// `get_activity_fit_data`
pub(super) struct FitData;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FitDataArgs {
    activity_id: ActivityNumber,
    /// Adds the recording itself, thinned out to `max_points` rows.
    include_records: Option<bool>,
    /// Only these
    sections: Option<Many<Section>>,
    max_points: Option<Whole<10, 10_000>>,
    /// Of the recording, in seconds from its start.
    start_offset_s: Option<Whole<0, 500_000>>,
    end_offset_s: Option<Whole<1, 500_000>>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct FitDataAnswer {
    status: Option<Status>,
    activity_id: i64,
    reason: Option<&'static str>,
    /// Totals as the device showed them, and what follows from the recording.
    session: Option<Value>,
    laps: Option<Vec<Value>>,
    shift_summary: Option<Value>,
    shifts: Option<Vec<Value>>,
    climbs: Option<Vec<Value>>,
    grade_analysis: Option<Value>,
    hr_drift: Option<Value>,
    temperature_stats: Option<Value>,
    power_duration_curve: Option<Value>,
    hrv: Option<Value>,
    rider_weight_kg: Option<f64>,
    pauses: Option<Vec<Value>>,
    developer_fields: Option<Vec<Value>>,
    records: Option<Table>,
    records_step_s: Option<usize>,
    warnings: Vec<String>,
}

impl Tool for FitData {
    const NAME: &'static str = "get_activity_fit_data";
    const TITLE: &'static str = "Analysis of an activity's file";
    const DESCRIPTION: &'static str = "What only the FIT file knows: pedalling, gear shifts, \
        climbs, drift, power curve, HRV. Plain curves: get_activity_streams.";
    type Args = FitDataArgs;
    type Answer = FitDataAnswer;

    #[expect(clippy::too_many_lines, reason = "one part of the answer after the other")]
    async fn call(account: &Account, args: FitDataArgs) -> Result<Self::Answer, ToolError> {
        let id = activity_id(args.activity_id)?;
        let garmin = account.garmin()?;
        let mut answer = FitDataAnswer { activity_id: id.number(), ..FitDataAnswer::default() };
        let recording = match recording(&garmin, id).await? {
            Filed::Found { recording, .. } => recording,
            Filed::Nothing(reason) => {
                answer.status = Some(Status::NoData);
                answer.reason = Some(reason);
                return Ok(answer);
            }
        };
        answer.status = Some(Status::Ok);
        answer.warnings.extend(recording.damage.map(|damage| damage.word().to_owned()));
        let zone = garmin.zone().await?;
        let start = recording.start();
        // Per kilogram only where somebody weighed themselves; never a guess.
        let weight = match start {
            Some(start) => weight_kg(account, start).await,
            None => None,
        };
        answer.rider_weight_kg = weight;
        let wanted = |section: Section| {
            args.sections.as_ref().is_none_or(|only| only.0.is_empty() || only.0.contains(&section))
        };
        if wanted(Section::Session) {
            answer.session = recording.sessions.first().map(|session| {
                let mut shown = totals(session, &zone);
                per_kilogram(&mut shown, weight);
                if let Value::Object(shown) = &mut shown
                    && recording.sessions.len() > 1
                {
                    shown.insert("sessions".into(), recording.sessions.len().into());
                }
                shown
            });
        }
        if wanted(Section::Laps) {
            let laps = recording.laps.iter().zip(1..);
            answer.laps = Some(
                laps.map(|(lap, number)| {
                    let mut shown = totals(lap, &zone);
                    if let Value::Object(shown) = &mut shown {
                        shown.insert("lap_number".into(), i64::from(number).into());
                    }
                    shown
                })
                .collect(),
            );
        }
        let developer = recording.records.developer.iter().map(|channel| {
            let values: Vec<Option<f64>> = channel.values().collect();
            let extent = training::downsample::extent(&values);
            json!({"name": channel.name, "units": channel.units,
                   "min": shown(extent.map(|it| it.min), 2), "avg": shown(extent.map(|it| it.mean), 2),
                   "max": shown(extent.map(|it| it.max), 2)})
        });
        answer.developer_fields =
            Some(developer.collect()).filter(|list: &Vec<_>| !list.is_empty());
        let pauses = recording.pauses.iter().filter_map(|pause| {
            let end = pause.end?;
            let length = end.duration_since(pause.start).as_secs();
            Some(json!({"start": moment(pause.start, &zone), "duration_s": length}))
        });
        answer.pauses = Some(pauses.collect()).filter(|list: &Vec<_>| !list.is_empty());
        let runs = recording.sport() == Some("running");
        if wanted(Section::Hrv) {
            answer.hrv = sections::variability(&recording.beats_ms);
        }
        let shifts = sections::shifts(&recording);
        if wanted(Section::Shifting) {
            answer.shift_summary = Some(sections::shift_summary(&shifts));
            answer.shifts =
                Some(shifts.iter().map(|(at, shift)| sections::shift(*at, shift, &zone)).collect());
        }
        let Some(seconds) = Seconds::of_recording(recording) else { return Ok(answer) };
        let analysis = sections::Analysis::of(&seconds, runs);
        if wanted(Section::Climbs) {
            answer.climbs = Some(analysis.climbs(&seconds, weight, &zone))
                .filter(|climbs: &Vec<_>| !climbs.is_empty());
        }
        if wanted(Section::Grade) {
            answer.grade_analysis = analysis.by_ground();
        }
        if wanted(Section::Drift) {
            answer.hr_drift = analysis.drift();
        }
        if wanted(Section::Temperature) {
            answer.temperature_stats = analysis.temperature();
        }
        if wanted(Section::PowerCurve) {
            answer.power_duration_curve = analysis.power_curve();
        }
        if args.include_records == Some(true) {
            let from = args.start_offset_s.map_or(0, |it| it.0);
            let until = args.end_offset_s.map(|it| it.0);
            let points = args.max_points.map_or(300, |it| it.0);
            let (table, step) = sections::records(&seconds, runs, (from, until), points);
            answer.records = Some(table);
            answer.records_step_s = Some(step);
        }
        Ok(answer)
    }
}

/// The newest weighing up to the day of the activity.
async fn weight_kg(account: &Account, start: jiff::Timestamp) -> Option<f64> {
    let garmin = account.garmin().ok()?;
    let zone = garmin.zone().await.ok()?;
    let day = garmin::days::Day::of(start.to_zoned(zone).date());
    let grams = garmin.latest_weigh_in(day).await.ok()??.weight_g?;
    (20_000.0..500_000.0).contains(&grams).then(|| training::rounded(grams / 1_000.0, 2))
}

/// Fields of a session or lap: the file's names, ours, and digits. Of two for one key the first
/// that is there counts.
const TOTALS: [(&str, &str, u32); 37] = [
    ("total_elapsed_time", "total_elapsed_time_s", 1),
    ("total_timer_time", "total_timer_time_s", 1),
    ("total_distance", "total_distance_m", 1),
    ("total_calories", "total_calories", 0),
    ("enhanced_avg_speed", "avg_speed_mps", 3),
    ("avg_speed", "avg_speed_mps", 3),
    ("enhanced_max_speed", "max_speed_mps", 3),
    ("max_speed", "max_speed_mps", 3),
    ("avg_power", "avg_power_w", 0),
    ("max_power", "max_power_w", 0),
    ("normalized_power", "normalized_power_w", 0),
    ("training_stress_score", "training_stress_score", 1),
    ("intensity_factor", "intensity_factor", 3),
    ("threshold_power", "threshold_power_w", 0),
    ("total_work", "total_work_j", 0),
    ("avg_heart_rate", "avg_heart_rate_bpm", 0),
    ("max_heart_rate", "max_heart_rate_bpm", 0),
    ("total_ascent", "total_ascent_m", 0),
    ("total_descent", "total_descent_m", 0),
    ("total_training_effect", "total_training_effect", 1),
    ("total_anaerobic_training_effect", "total_anaerobic_training_effect", 1),
    ("avg_temperature", "avg_temperature_c", 0),
    ("max_temperature", "max_temperature_c", 0),
    ("avg_vertical_oscillation", "avg_vertical_oscillation_mm", 1),
    ("avg_stance_time", "avg_ground_contact_time_ms", 1),
    ("avg_vertical_ratio", "avg_vertical_ratio_pct", 1),
    ("avg_step_length", "avg_step_length_mm", 0),
    ("enhanced_avg_respiration_rate", "avg_respiration_brpm", 1),
    ("avg_left_pco", "avg_left_pco_mm", 0),
    ("avg_right_pco", "avg_right_pco_mm", 0),
    ("avg_left_torque_effectiveness", "avg_left_torque_effectiveness_pct", 1),
    ("avg_right_torque_effectiveness", "avg_right_torque_effectiveness_pct", 1),
    ("avg_left_pedal_smoothness", "avg_left_pedal_smoothness_pct", 1),
    ("avg_right_pedal_smoothness", "avg_right_pedal_smoothness_pct", 1),
    ("avg_combined_pedal_smoothness", "avg_combined_pedal_smoothness_pct", 1),
    ("time_standing", "time_standing_s", 0),
    ("stand_count", "stand_count", 0),
];

fn totals(message: &FitMessage, zone: &jiff::tz::TimeZone) -> Value {
    let mut found = Map::new();
    for key in ["sport", "sub_sport", "intensity", "lap_trigger"] {
        if let Some(word) = message.meaning(key) {
            found.insert(key.to_owned(), word.into());
        }
    }
    if let Some(start) = message.time("start_time") {
        found.insert("start_time".into(), moment(start, zone).into());
    }
    for (name, key, digits) in TOTALS {
        let value = shown(message.number(name), digits);
        if !value.is_null() {
            found.entry(key).or_insert(value);
        }
    }
    cadences(message, &mut found);
    // Speeds stand in for each other only where one is missing.
    let left = message.number("left_right_balance").and_then(left_share);
    if let Some(left) = left {
        found.insert("avg_left_power_pct".into(), shown(Some(left), 1));
        found.insert("avg_right_power_pct".into(), shown(Some(100.0 - left), 1));
    }
    for (name, side) in [("avg_left_power_phase", "left"), ("avg_right_power_phase", "right")] {
        if let Some(FitValue::List(angles)) = message.field(name).map(|field| &field.value) {
            for (angle, end) in angles.iter().zip(["start", "end"]) {
                found.insert(format!("avg_{side}_power_phase_{end}_deg"), shown(*angle, 0));
            }
        }
    }
    let ratio = message.number("normalized_power").zip(message.number("avg_power"));
    let ratio =
        ratio.filter(|(_, average)| *average > 0.0).map(|(normal, average)| normal / average);
    found.insert("variability_index".into(), shown(ratio, 3));
    Value::Object(found)
}

/// Watches count the strides of one foot; runners count both.
fn cadences(message: &FitMessage, found: &mut Map<String, Value>) {
    let sport = message.meaning("sport");
    let on_foot = matches!(sport, Some("running" | "walking" | "hiking"));
    for kind in ["avg", "max"] {
        let Some(whole) = message.number(&format!("{kind}_cadence")) else { continue };
        let turns = whole + message.number(&format!("{kind}_fractional_cadence")).unwrap_or(0.0);
        if on_foot {
            found.insert(format!("{kind}_cadence_spm"), shown(Some(turns * 2.0), 0));
        } else {
            found.insert(format!("{kind}_cadence_rpm"), shown(Some(turns), 0));
        }
    }
}

/// Left foot's share of a session or lap: hundredths of a percent, of the right foot where the
/// top bit is set.
fn left_share(raw: f64) -> Option<f64> {
    const RIGHT: u16 = 0x8000;
    const HUNDREDTHS: u16 = 0x3FFF;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "16 bits")]
    let raw = raw as u16;
    let share = f64::from(raw & HUNDREDTHS) / 100.0;
    let left = if raw & RIGHT == 0 { share } else { 100.0 - share };
    (0.0..=100.0).contains(&left).then_some(left)
}

fn per_kilogram(session: &mut Value, weight: Option<f64>) {
    let (Value::Object(session), Some(weight)) = (session, weight) else { return };
    for (from, to) in
        [("avg_power_w", "avg_w_per_kg"), ("normalized_power_w", "normalized_w_per_kg")]
    {
        let watts = session.get(from).and_then(Value::as_f64);
        session.insert(to.into(), shown(watts.map(|watts| watts / weight), 2));
    }
}

/// The gears of a shift, as the profile lays them out in one number.
pub(super) fn gears(data: f64) -> (Option<u32>, Option<u32>) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "32 bits")]
    let [_, rear, _, front] = (data as u32).to_le_bytes();
    let teeth = |teeth: u8| (1..u8::MAX).contains(&teeth).then(|| u32::from(teeth));
    (teeth(front), teeth(rear))
}

/// What the events of a recording say about shifts.
pub(super) fn shift_events(recording: &Recording) -> impl Iterator<Item = (&FitMessage, bool)> {
    recording.events.iter().filter_map(|event| match event.meaning("event") {
        Some("front_gear_change") => Some((event, true)),
        Some("rear_gear_change") => Some((event, false)),
        Some(_) | None => None,
    })
}

#[cfg(test)]
mod tests {
    use garmin::files::Field;

    use super::*;

    fn field(name: &str, value: f64, meaning: Option<&str>) -> Field {
        Field {
            number: 0,
            name: name.into(),
            units: None,
            value: FitValue::Number(value),
            raw: None,
            meaning: meaning.map(str::to_owned),
            developer: None,
        }
    }

    fn session(fields: Vec<Field>) -> Value {
        let message = FitMessage { number: 18, name: "session".into(), fields };
        totals(&message, &jiff::tz::TimeZone::UTC)
    }

    #[test]
    fn d15_the_cadence_of_a_run_is_in_steps_and_says_so() {
        let run = session(vec![
            field("sport", 1.0, Some("running")),
            field("avg_cadence", 85.0, None),
            field("avg_fractional_cadence", 0.5, None),
        ]);
        assert_eq!(run["avg_cadence_spm"], 171);
        assert!(run.get("avg_cadence_rpm").is_none());
        let ride =
            session(vec![field("sport", 2.0, Some("cycling")), field("avg_cadence", 88.0, None)]);
        assert_eq!(ride["avg_cadence_rpm"], 88);
    }

    #[test]
    fn the_balance_says_the_left_share_whichever_side_was_measured() {
        assert_eq!(left_share(f64::from(0x8000 + 4_910)), Some(50.9));
        assert_eq!(left_share(5_090.0), Some(50.9));
        assert_eq!(left_share(16_000.0), None);
    }

    #[test]
    fn gears_are_read_as_the_profile_lays_them_out() {
        // Rear number and teeth, front number and teeth, from the lowest byte.
        assert_eq!(gears(f64::from(7_u32 | 17 << 8 | 2 << 16 | 52 << 24)), (Some(52), Some(17)));
        assert_eq!(gears(f64::from(7_u32 | 0xFF << 8 | 2 << 16)), (None, None));
    }

    #[test]
    fn zero_is_a_value_and_what_is_missing_is_absent() {
        let ride = session(vec![field("avg_power", 0.0, None), field("total_ascent", 0.0, None)]);
        assert_eq!((&ride["avg_power_w"], &ride["total_ascent_m"]), (&json!(0), &json!(0)));
        assert!(ride["variability_index"].is_null());
        assert!(ride.get("max_power_w").is_none());
    }
}
