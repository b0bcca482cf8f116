//! What a workout wanted, beside what was done: the laps a watch makes for its steps, each
//! against the target of its step.

use garmin::GarminError;
use garmin::api::workout_at;
use garmin::model::Lap;
use garmin::workout::form::{Form, Range, Step, Target};
use garmin::workout::ids::{Sport, StepKind};
use garmin::workout::{decompile, describe_step};
use serde_json::{Value, json};

use super::source::shown;
use crate::account::Account;
use crate::args::{ActivityNumber, Number};
use crate::error::ToolError;
use crate::tools::activities::find::{find, part};

/// The laps of the workout's hard steps, where there was a workout: the one that is named, else
/// the one that Garmin knows this activity followed.
pub(super) async fn planned(
    account: &Account,
    number: ActivityNumber,
    named: Option<Number>,
    warnings: &mut Vec<String>,
) -> Result<Option<Value>, ToolError> {
    let (id, activity) = find(account, number).await?;
    let followed = activity.metadata.and_then(|metadata| metadata.workout_id);
    let Some(workout) = named.map(|named| named.0).or(followed) else { return Ok(None) };
    if followed.is_some_and(|followed| followed != workout) {
        warnings.push("Garmin says that this activity followed another workout".to_owned());
    }
    let garmin = account.garmin()?;
    let splits = part(account, number, garmin.activity_splits(id).await).await?;
    let laps = splits.and_then(|splits| splits.laps).unwrap_or_default();
    let hard: Vec<&Lap> = laps.iter().filter(|lap| is_hard(lap)).collect();
    if hard.is_empty() {
        warnings.push("the watch made no laps for the steps of a workout".to_owned());
        return Ok(None);
    }
    let stored = match garmin.look(&workout_at(workout).finish()).await {
        Ok(stored) => stored,
        // Workouts are deleted, and those of plans are shown to nobody.
        Err(GarminError::Forbidden | GarminError::NotFound | GarminError::BadRequest) => None,
        Err(error) => return Err(error.into()),
    };
    let form = stored.as_ref().and_then(decompile).map(|read| read.form);
    if form.is_none() {
        warnings.push("the workout is no longer in the library: its targets are unknown".into());
    }
    let name = form.as_ref().map(|form| form.title.clone());
    let rows = rows(&hard, form.as_ref());
    Ok(Some(json!({ "workout_id": workout, "name": name, "interval_laps": rows })))
}

fn is_hard(lap: &Lap) -> bool {
    lap.intensity.as_deref().is_some_and(|it| it.eq_ignore_ascii_case("interval"))
}

/// A row for each lap, with what its step wanted where that is known.
fn rows(laps: &[&Lap], form: Option<&Form>) -> Vec<Value> {
    let numbered = form.map(Form::numbered).unwrap_or_default();
    let row = |lap: &&Lap| {
        let mut row = json!({
            "lap": lap.number,
            "duration_s": shown(lap.duration_s, 0),
            "distance_m": shown(lap.distance_m, 0),
            "avg_power_w": shown(lap.average_power_w, 0),
            "avg_hr_bpm": shown(lap.average_heart_rate, 0),
            "avg_speed_mps": shown(lap.average_speed_mps, 2),
        });
        let index = lap.workout_step.and_then(|index| usize::try_from(index).ok());
        let step = index.and_then(|index| numbered.get(index).copied().flatten());
        if let Some((sport, step)) = step.filter(|(_, step)| is_work(step)) {
            row["step"] = describe_step(step, sport).into();
            if let Some(wanted) = step.target.and_then(|target| wanted(target, lap, sport)) {
                row["target"] = wanted;
            }
        }
        row
    };
    laps.iter().map(row).collect()
}

/// A lap that says it belongs to a rest was not made for this workout.
fn is_work(step: &Step) -> bool {
    match step.kind {
        StepKind::Interval | StepKind::Main | StepKind::Other => true,
        StepKind::Warmup
        | StepKind::Cooldown
        | StepKind::Recovery
        | StepKind::Rest
        | StepKind::Repeat => false,
    }
}

/// The target, what the lap came to in its unit, and by how much it was missed. A zone is the
/// athlete's own and may have moved since, so it is only named.
fn wanted(target: Target, lap: &Lap, sport: Sport) -> Option<Value> {
    let (range, unit, digits, actual) = match target {
        Target::HrBpm(range) => (range, "bpm", 0, lap.average_heart_rate),
        Target::PowerW(range, _) => (range, "w", 0, lap.average_power_w),
        Target::Pace(range) | Target::Speed(range) | Target::SwimPace(range) => {
            (range, "mps", 2, lap.average_speed_mps)
        }
        Target::Cadence(range) => {
            let steps = matches!(sport, Sport::Running | Sport::Walking | Sport::Rucking);
            let turns = if steps { lap.run_cadence_spm } else { lap.bike_cadence_rpm };
            (range, if steps { "spm" } else { "rpm" }, 0, turns)
        }
        Target::HrZone(_)
        | Target::PowerZone(_)
        | Target::GradePct(_)
        | Target::Resistance(_)
        | Target::CssOffsetS(_)
        | Target::Effort(_) => return None,
    };
    let missed = actual.map(|actual| missed_pct(range, actual));
    Some(json!({
        "unit": unit,
        "low": shown(Some(range.low), digits),
        "high": shown(Some(range.high), digits),
        "actual": shown(actual, digits),
        "delta_pct": shown(missed, 1),
        "kept": missed.map(|missed| missed == 0.0),
    }))
}

/// How far outside a range, in percent of its nearer end; 0 within.
fn missed_pct(range: Range, actual: f64) -> f64 {
    let near = if actual < range.low {
        range.low
    } else if actual > range.high {
        range.high
    } else {
        return 0.0;
    };
    if near > 0.0 { (actual / near - 1.0) * 100.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use garmin::workout::{compile, form, parse};

    use super::*;

    fn lap(text: &str) -> Lap {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_lap_stands_beside_the_step_it_was_made_for() {
        let form = json!({
            "title": "4 x 6 min", "sport": "cycling",
            "steps": [
                { "kind": "warmup", "end": { "time_s": 600 } },
                { "repeat": 4, "steps": [
                    { "kind": "interval", "end": { "time_s": 360 }, "target": { "power_w": [240, 260] } },
                    { "kind": "recovery", "end": { "time_s": 120 } },
                ] },
                { "kind": "interval", "end": { "time_s": 60 }, "target": { "hr_zone": 5 } },
            ],
        });
        let parsed = parse(&form, &form::Athlete::default()).unwrap();
        let read = decompile(&compile(&parsed.form)).unwrap().form;
        let laps = [
            lap(r#"{"lapIndex":2,"wktStepIndex":1,"averagePower":250,"intensityType":"INTERVAL"}"#),
            lap(r#"{"lapIndex":4,"wktStepIndex":1,"averagePower":228,"intensityType":"INTERVAL"}"#),
            lap(r#"{"lapIndex":9,"wktStepIndex":4,"averagePower":300,"intensityType":"INTERVAL"}"#),
            lap(r#"{"lapIndex":10,"wktStepIndex":2,"intensityType":"INTERVAL"}"#),
            lap(r#"{"lapIndex":11,"wktStepIndex":99,"intensityType":"INTERVAL"}"#),
        ];
        assert!(laps.iter().all(is_hard));
        let rows = rows(&laps.iter().collect::<Vec<_>>(), Some(&read));
        assert_eq!(rows[0]["target"]["kept"], true);
        assert_eq!(
            (&rows[1]["target"]["delta_pct"], &rows[1]["target"]["kept"]),
            (&json!(-5.0), &json!(false))
        );
        // A zone is named, and no number is made of it.
        assert!(rows[2]["step"].as_str().unwrap().contains("HR Z5"), "{}", rows[2]);
        assert_eq!(rows[2].get("target"), None);
        // The recovery and a step there is not: the lap alone.
        assert!(rows[3].get("step").is_none() && rows[4].get("step").is_none());
    }

    #[test]
    fn a_range_is_missed_by_the_distance_to_its_nearer_end() {
        let range = Range { low: 4.0, high: 5.0 };
        for (actual, missed) in [(4.0, 0.0), (5.0, 0.0), (3.0, -25.0), (6.0, 20.0)] {
            assert!((missed_pct(range, actual) - missed).abs() < 1e-9, "{actual}");
        }
        assert!((missed_pct(Range { low: 0.0, high: 0.0 }, 1.0)).abs() < 1e-9);
    }
}
