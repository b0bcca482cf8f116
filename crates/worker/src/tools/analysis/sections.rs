//! The parts of a file's analysis, each from series of one value per second.

use garmin::files::Recording;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use training::climbs::{self, Ground, Rules};
use training::curve::mean_max;
use training::downsample::{Keep, downsample, extent};
use training::drift::drift;
use training::shifting::{self, Quality, Shift};

use super::fit_data::{gears, shift_events};
use super::source::{Channel, Seconds, number, shown};
use crate::tools::numbers::moment;
use crate::tools::table::Table;

// What can be asked for alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Section {
    Session,
    Laps,
    Shifting,
    Climbs,
    Grade,
    Drift,
    Temperature,
    PowerCurve,
    Hrv,
    // Part of `session` and `laps`.
    Dynamics,
}

/// The durations power curves are told at.
pub(super) const LABELS: [(u32, &str); 7] = [
    (5, "5s"),
    (30, "30s"),
    (60, "1min"),
    (300, "5min"),
    (600, "10min"),
    (1_200, "20min"),
    (3_600, "60min"),
];

/// The channels of a recording that are looked at together.
pub(super) struct Analysis {
    power: Option<Vec<Option<f64>>>,
    heart: Option<Vec<Option<f64>>>,
    cadence: Option<Vec<Option<f64>>>,
    altitude: Option<Vec<Option<f64>>>,
    distance: Option<Vec<Option<f64>>>,
    speed: Option<Vec<Option<f64>>>,
    temperature: Option<Vec<Option<f64>>>,
    grades: Vec<Option<f64>>,
    runs: bool,
}

/// The mean of a channel over chosen seconds.
fn mean_over(channel: Option<&Vec<Option<f64>>>, chosen: &[usize]) -> Option<f64> {
    let values: Vec<Option<f64>> =
        chosen.iter().map(|at| channel?.get(*at).copied().flatten()).collect();
    training::series::mean(&values)
}

impl Analysis {
    pub(super) fn of(seconds: &Seconds, runs: bool) -> Self {
        let altitude = seconds.channel(Channel::Altitude);
        let distance = seconds.channel(Channel::Distance);
        let grades = match (&altitude, &distance) {
            (Some(altitude), Some(distance)) => climbs::grades(altitude, distance),
            _ => seconds.channel(Channel::Grade).unwrap_or_default(),
        };
        let cadence = if runs { Channel::RunCadence } else { Channel::Cadence };
        Self {
            power: seconds.channel(Channel::Power),
            heart: seconds.channel(Channel::HeartRate),
            cadence: seconds.channel(cadence),
            speed: seconds.channel(Channel::Speed),
            temperature: seconds.channel(Channel::Temperature),
            altitude,
            distance,
            grades,
            runs,
        }
    }

    fn cadence_key(&self) -> &'static str {
        if self.runs { "avg_cadence_spm" } else { "avg_cadence_rpm" }
    }

    fn means(&self, chosen: &[usize]) -> Map<String, Value> {
        let mut means = Map::new();
        means.insert("avg_power_w".into(), shown(mean_over(self.power.as_ref(), chosen), 0));
        let cadence = mean_over(self.cadence.as_ref(), chosen);
        means.insert(self.cadence_key().into(), shown(cadence, 0));
        means.insert("avg_hr_bpm".into(), shown(mean_over(self.heart.as_ref(), chosen), 0));
        means
    }

    pub(super) fn climbs(
        &self,
        seconds: &Seconds,
        weight: Option<f64>,
        zone: &TimeZone,
    ) -> Vec<Value> {
        let (Some(altitude), Some(distance)) = (&self.altitude, &self.distance) else {
            return Vec::new();
        };
        let found = climbs::climbs(altitude, distance, &self.grades, Rules::default());
        found
            .iter()
            .map(|climb| {
                let chosen: Vec<usize> = (climb.start..climb.start + climb.seconds).collect();
                let mut shown_climb = self.means(&chosen);
                let at = |second: usize| {
                    let second = i64::try_from(second).ok()?;
                    let at = seconds.start?.as_second().checked_add(second)?;
                    Timestamp::from_second(at).ok().map(|at| moment(at, zone))
                };
                let watts = mean_over(self.power.as_ref(), &chosen);
                let per_kg = watts.zip(weight).map(|(watts, weight)| watts / weight);
                for (key, value) in [
                    ("start_time", at(climb.start).into()),
                    ("end_time", at(climb.start + climb.seconds).into()),
                    ("start_offset_s", climb.start.into()),
                    ("duration_s", climb.seconds.into()),
                    ("elevation_gain_m", shown(Some(climb.gain_m), 1)),
                    ("vam_m_per_hr", shown(Some(climb.vam), 0)),
                    ("distance_m", shown(Some(climb.distance_m), 0)),
                    ("avg_grade_pct", shown(Some(climb.grade_pct), 1)),
                    ("max_grade_pct", shown(Some(climb.steepest_pct), 1)),
                    ("avg_w_per_kg", shown(per_kg, 2)),
                ] {
                    shown_climb.insert(key.into(), value);
                }
                Value::Object(shown_climb)
            })
            .collect()
    }

    pub(super) fn by_ground(&self) -> Option<Value> {
        let mut found = Map::new();
        for ground in Ground::ALL {
            let chosen: Vec<usize> = self
                .grades
                .iter()
                .enumerate()
                .filter(|(_, grade)| grade.is_some_and(|grade| Ground::of(grade) == ground))
                .map(|(at, _)| at)
                .collect();
            if !chosen.is_empty() {
                let mut entry = self.means(&chosen);
                entry.insert("time_s".into(), chosen.len().into());
                found.insert(ground.word().into(), Value::Object(entry));
            }
        }
        (!found.is_empty()).then_some(Value::Object(found))
    }

    /// Of rides and runs of an hour or more: shorter ones do not drift, they warm up.
    pub(super) fn drift(&self) -> Option<Value> {
        const LEAST_PAIRS: usize = 3_600;
        let (output, key) = match (&self.power, &self.speed) {
            (Some(power), _) => (power, "power"),
            (None, Some(speed)) => (speed, "speed"),
            (None, None) => return None,
        };
        let found = drift(output, self.heart.as_ref()?, 0);
        let halves = found.halves.filter(|_| found.pairs >= LEAST_PAIRS)?;
        let interpretation = halves.band().replace(' ', "_");
        Some(json!({
            "hr_drift_pct": shown(Some(halves.decoupling_pct), 1),
            (format!("first_half_{key}_hr_ratio")): shown(Some(halves.first), 3),
            (format!("second_half_{key}_hr_ratio")): shown(Some(halves.second), 3),
            "interpretation": interpretation,
            "note": "Positive: the heart beat faster for the same output in the second half. \
                     Above 10 % is high.",
        }))
    }

    pub(super) fn temperature(&self) -> Option<Value> {
        let temperature = self.temperature.as_ref()?;
        let all = extent(temperature)?;
        let mut warm: Vec<(usize, f64)> = temperature
            .iter()
            .enumerate()
            .filter_map(|(at, celsius)| Some((at, (*celsius)?)))
            .collect();
        warm.sort_by(|one, other| one.1.total_cmp(&other.1));
        let third = (warm.len() / 3).max(1);
        let seconds =
            |part: &[(usize, f64)]| -> Vec<usize> { part.iter().map(|it| it.0).collect() };
        let coolest = seconds(warm.get(..third).unwrap_or_default());
        let hottest = seconds(warm.get(warm.len() - third..).unwrap_or_default());
        let mean = |channel: &Option<Vec<Option<f64>>>, chosen: &[usize]| {
            shown(mean_over(channel.as_ref(), chosen), 1)
        };
        Some(json!({
            "avg_temp_c": shown(Some(all.mean), 1),
            "min_temp_c": shown(Some(all.min), 1),
            "max_temp_c": shown(Some(all.max), 1),
            "temp_range_change_c": shown(Some(all.max - all.min), 1),
            "avg_hr_coolest_third_bpm": mean(&self.heart, &coolest),
            "avg_hr_hottest_third_bpm": mean(&self.heart, &hottest),
            "avg_power_coolest_third_w": mean(&self.power, &coolest),
            "avg_power_hottest_third_w": mean(&self.power, &hottest),
        }))
    }

    pub(super) fn power_curve(&self) -> Option<Value> {
        let durations = LABELS.map(|(duration, _)| duration);
        let curve = mean_max(self.power.as_ref()?, &durations);
        let label = |duration: u32| LABELS.iter().find(|it| it.0 == duration).map(|it| it.1);
        let named: Map<String, Value> = curve
            .iter()
            .filter_map(|best| {
                Some((label(best.duration_s)?.to_owned(), shown(Some(best.value), 0)))
            })
            .collect();
        (!named.is_empty()).then_some(Value::Object(named))
    }
}

pub(super) fn variability(beats_ms: &[f64]) -> Option<Value> {
    let found = training::hrv::variability(beats_ms)?;
    Some(json!({
        "rmssd_ms": shown(Some(found.rmssd_ms), 1),
        "sdnn_ms": shown(Some(found.sdnn_ms), 1),
        "pnn50_pct": shown(Some(found.pnn50_pct), 1),
        "mean_rr_ms": shown(Some(found.mean_rr_ms), 0),
        "beats": found.beats,
        "artefacts_pct": shown(Some(found.artefacts_pct), 1),
    }))
}

/// Shifts, with the cadence and the gradient the rider shifted at.
pub(super) fn shifts(recording: &Recording) -> Vec<(Option<Timestamp>, Shift)> {
    let records = &recording.records;
    let first = records.times.first().copied().unwrap_or(0);
    let cadence: Vec<Option<f64>> =
        records.channel("cadence_rpm").map(Iterator::collect).unwrap_or_default();
    let column = |name: &str| -> Vec<Option<f64>> {
        records.channel(name).map(Iterator::collect).unwrap_or_default()
    };
    let grades = climbs::grades(&column("altitude_m"), &column("distance_m"));
    shift_events(recording)
        .map(|(event, front)| {
            let at = event.time("timestamp");
            // The last record before the shift.
            let record = at.map(|at| records.times.partition_point(|time| *time <= at.as_second()));
            let record = record.and_then(|after| after.checked_sub(1));
            let there = |values: &[Option<f64>]| record.and_then(|at| values.get(at).copied()?);
            let data = event.number("gear_change_data").or_else(|| event.number("data"));
            let (front_teeth, rear_teeth) = data.map_or((None, None), gears);
            #[expect(clippy::cast_precision_loss, reason = "seconds of an activity")]
            let at_s = at.map_or(0.0, |at| (at.as_second() - first) as f64);
            let shift = Shift {
                at_s,
                front,
                front_teeth,
                rear_teeth,
                cadence: there(&cadence),
                grade_pct: there(&grades),
            };
            (at, shift)
        })
        .collect()
}

pub(super) fn shift(at: Option<Timestamp>, shift: &Shift, zone: &TimeZone) -> Value {
    json!({
        "timestamp": at.map(|at| moment(at, zone)),
        "event": if shift.front { "front_gear_change" } else { "rear_gear_change" },
        "cadence_at_shift_rpm": shown(shift.cadence, 0),
        "grade_at_shift_pct": shown(shift.grade_pct, 1),
        "front_teeth": shift.front_teeth,
        "rear_teeth": shift.rear_teeth,
        "gear_combo": shift.gears().map(combo),
        "quality": shift.quality().word(),
    })
}

fn combo((front, rear): (u32, u32)) -> String {
    format!("{front}/{rear}t")
}

fn terrain(shift: &Shift) -> Option<&'static str> {
    shift.grade_pct.map(|grade| {
        if grade >= 3.0 {
            "climbing"
        } else if grade <= -3.0 {
            "descending"
        } else {
            "flat"
        }
    })
}

pub(super) fn shift_summary(shifts: &[(Option<Timestamp>, Shift)]) -> Value {
    let shifts: Vec<Shift> = shifts.iter().map(|(_, shift)| *shift).collect();
    if shifts.is_empty() {
        return json!({"total_shifts": 0, "note": "The file holds no electronic shifts"});
    }
    let total = shifts.len();
    let count = |quality| shifting::count(&shifts, quality);
    let pct = |count: usize, all: usize| shown(Some(100.0 * number(count) / number(all)), 1);
    let fronts = shifts.iter().filter(|shift| shift.front).count();
    let usage: Vec<Value> = shifting::usage(&shifts)
        .into_iter()
        .map(|(gears, times)| json!({"gear_combo": combo(gears), "shifts": times}))
        .collect();
    let mut by_terrain = Map::new();
    for ground in ["climbing", "flat", "descending"] {
        let here: Vec<Shift> =
            shifts.iter().filter(|shift| terrain(shift) == Some(ground)).copied().collect();
        if !here.is_empty() {
            let reactive = shifting::count(&here, Quality::Reactive);
            by_terrain.insert(
                ground.into(),
                json!({"total": here.len(),
                       "proactive": shifting::count(&here, Quality::Proactive),
                       "reactive": reactive, "reactive_pct": pct(reactive, here.len())}),
            );
        }
    }
    let cadences: Vec<Option<f64>> = shifts.iter().map(|shift| shift.cadence).collect();
    let cadence = extent(&cadences);
    json!({
        "total_shifts": total,
        "front_shifts": fronts,
        "rear_shifts": total - fronts,
        "proactive_shifts": count(Quality::Proactive),
        "reactive_shifts": count(Quality::Reactive),
        "coasting_shifts": count(Quality::Coasting),
        "spun_out_shifts": count(Quality::SpunOut),
        "proactive_pct": pct(count(Quality::Proactive), total),
        "reactive_pct": pct(count(Quality::Reactive), total),
        "coasting_pct": pct(count(Quality::Coasting), total),
        "spun_out_pct": pct(count(Quality::SpunOut), total),
        "panic_burst_episodes": shifting::bursts(&shifts),
        "gear_usage": usage,
        "by_terrain": by_terrain,
        "avg_cadence_at_shift_rpm": shown(cadence.map(|it| it.mean), 1),
        "min_cadence_at_shift_rpm": shown(cadence.map(|it| it.min), 0),
        "max_cadence_at_shift_rpm": shown(cadence.map(|it| it.max), 0),
    })
}

/// The recording in columns, and how many seconds a row stands for.
pub(super) fn records(
    seconds: &Seconds,
    runs: bool,
    window: (u32, Option<u32>),
    points: u32,
) -> (Table, usize) {
    let own_cadence = |channel: &Channel| match channel {
        Channel::Cadence => !runs,
        Channel::RunCadence => runs,
        _ => true,
    };
    let channels: Vec<Channel> = Channel::ALL.into_iter().filter(own_cadence).collect();
    rows(seconds, &channels, window, usize::try_from(points).unwrap_or(usize::MAX))
}

/// Channels in a table with one row per step.
pub(super) fn rows(
    seconds: &Seconds,
    channels: &[Channel],
    (from, until): (u32, Option<u32>),
    points: usize,
) -> (Table, usize) {
    let from = usize::try_from(from).unwrap_or(usize::MAX).min(seconds.length);
    let until = until.and_then(|it| usize::try_from(it).ok()).unwrap_or(usize::MAX);
    let until = until.clamp(from, seconds.length);
    let step = (until - from).div_ceil(points.max(1)).max(1);
    let mut columns = vec!["t_s"];
    let mut series = Vec::new();
    for channel in channels {
        let Some(values) = seconds.channel(*channel) else { continue };
        let keep = if *channel == Channel::Distance { Keep::Last } else { Keep::Mean };
        columns.push(channel.column());
        series.push((
            channel.digits(),
            downsample(values.get(from..until).unwrap_or_default(), step, keep),
        ));
    }
    let count = (until - from).div_ceil(step);
    let rows = (0..count).map(|row| {
        let mut cells = vec![Value::from(from + row * step)];
        cells.extend(
            series
                .iter()
                .map(|(digits, values)| shown(values.get(row).copied().flatten(), *digits)),
        );
        cells
    });
    // Where nothing was recorded, the gaps say so.
    let rows = rows.filter(|cells| cells.iter().skip(1).any(|cell| !cell.is_null()));
    (Table::of(&columns, rows.collect()), step)
}
