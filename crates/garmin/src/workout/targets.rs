//! Reading what ends a step and what the athlete steers by.

use serde_json::{Map, Value};

use super::form::{
    Crossing, End, Limit, MILE_M, Range, Smoothing, Target, Thresholds, YARD_M, is_on_foot, speed,
};
use super::ids::{Effort, Sport, plain, words};
use super::reader::{Reader, Resolved, at, clock_in, given, kind, shown};

/// A day, which no step outlasts.
const LONGEST_S: f64 = 86_400.0;
const LARGEST_M: f64 = 1_000_000.0;
const BEATS: (f64, f64) = (30.0, 250.0);
const WATTS: (f64, f64) = (0.0, 3_000.0);

pub(super) const ENDS: [&str; 12] = [
    "time_s",
    "distance_m",
    "distance_yd",
    "calories",
    "hr_above",
    "hr_below",
    "power_above",
    "power_below",
    "reps",
    "tss",
    "fixed_rest_s",
    "send_off_s",
];

const TARGETS: [&str; 19] = [
    "hr_zone",
    "hr_bpm",
    "hr_pct_max",
    "hr_pct_lthr",
    "power_zone",
    "power_w",
    "power_pct_ftp",
    "pace_per_km",
    "pace_per_mile",
    "pace_per_100m",
    "speed_kmh",
    "cadence_rpm",
    "cadence_spm",
    "grade_pct",
    "resistance",
    "css_offset_s",
    "effort",
    "rpe",
    "open",
];

/// What a target came to.
pub(super) enum Steer {
    Open,
    By(Target),
    /// Perceived exertion has no place but the note.
    Rpe(u32),
}

impl Reader<'_> {
    /// `"lap_button"`, or an object with one of [`ENDS`].
    pub(super) fn end(&mut self, value: &Value, path: &str) -> Option<End> {
        if let Value::String(word) = value {
            if matches!(plain(word).as_str(), "lap_button" | "lap" | "open") {
                return Some(End::LapButton);
            }
            self.problem(path, ends_allowed());
            return None;
        }
        let object = self.object(value, path)?;
        let known: Vec<&str> = ENDS.iter().copied().chain(["lap_button"]).collect();
        self.only(object, &known, path);
        let found: Vec<&str> =
            known.iter().copied().filter(|key| given(object, key).is_some()).collect();
        let [key] = found.as_slice() else {
            if found.len() > 1 {
                self.problem(path, format!("has {}; allowed is one of them", found.join(" and ")));
            } else if object.keys().all(|key| known.contains(&key.as_str())) {
                self.problem(path, ends_allowed());
            }
            return None;
        };
        self.one_end(key, &object[*key], &at(path, key))
    }

    /// The end that `key` says.
    pub(super) fn one_end(&mut self, key: &str, value: &Value, path: &str) -> Option<End> {
        let crossing = if key.ends_with("above") { Crossing::Above } else { Crossing::Below };
        match key {
            "lap_button" => {
                let by_button = self.flag(value, path)?;
                if !by_button {
                    self.problem(path, "allowed is true");
                }
                by_button.then_some(End::LapButton)
            }
            "time_s" => self.duration(value, path).map(End::TimeS),
            "fixed_rest_s" => self.duration(value, path).map(End::FixedRestS),
            "send_off_s" => self.duration(value, path).map(End::SendOffS),
            "distance_m" => self.number(value, path, 1.0, LARGEST_M, "metres").map(End::DistanceM),
            "distance_yd" => self
                .number(value, path, 1.0, LARGEST_M, "yards")
                .map(|yards| End::DistanceM(yards * YARD_M)),
            "calories" => self.whole(value, path, 1, 20_000).map(f64::from).map(End::Calories),
            "reps" => self.whole(value, path, 1, 1_000).map(f64::from).map(End::Reps),
            "tss" => self.number(value, path, 1.0, 1_000.0, "").map(End::TrainingStress),
            "hr_above" | "hr_below" => self
                .limit(value, path, BEATS, 5, "bpm")
                .map(|limit| End::HeartRate(crossing, limit)),
            "power_above" | "power_below" => {
                self.limit(value, path, WATTS, 7, "W").map(|limit| End::Power(crossing, limit))
            }
            _ => {
                self.problem(path, ends_allowed());
                None
            }
        }
    }

    fn duration(&mut self, value: &Value, path: &str) -> Option<f64> {
        let seconds = clock_in(value).filter(|seconds| (1.0..=LONGEST_S).contains(seconds));
        if seconds.is_none() {
            self.problem(
                path,
                format!("allowed are 1 to {LONGEST_S} seconds, or a time such as \"6:00\""),
            );
        }
        seconds
    }

    /// A value, or a zone such as `"Z3"`.
    fn limit(
        &mut self,
        value: &Value,
        path: &str,
        (least, most): (f64, f64),
        zones: u8,
        unit: &str,
    ) -> Option<Limit> {
        let zone = value.as_str().and_then(|text| text.trim().strip_prefix(['Z', 'z']));
        if let Some(zone) = zone {
            let zone = zone.parse().ok().filter(|zone| (1..=zones).contains(zone));
            if zone.is_none() {
                self.problem(path, format!("allowed are the zones Z1 to Z{zones}"));
            }
            return zone.map(Limit::Zone);
        }
        let number = super::reader::number_in(value);
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.problem(
                path,
                format!(
                    "allowed is a number from {least} to {most} {unit}, or a zone such as \"Z3\""
                ),
            );
        }
        number.map(Limit::Value)
    }

    /// `"open"`, or an object with one target.
    pub(super) fn steer(&mut self, value: &Value, path: &str, sport: Sport) -> Option<Steer> {
        if let Value::String(word) = value {
            if matches!(plain(word).as_str(), "open" | "none" | "no_target") {
                return Some(Steer::Open);
            }
            self.problem(path, targets_allowed());
            return None;
        }
        let object = self.object(value, path)?;
        let known: Vec<&str> = TARGETS.iter().copied().chain(["power_smoothing"]).collect();
        self.only(object, &known, path);
        let found: Vec<&str> =
            TARGETS.iter().copied().filter(|key| given(object, key).is_some()).collect();
        let [key] = found.as_slice() else {
            if found.len() > 1 {
                self.problem(
                    path,
                    format!(
                        "has {}; allowed is one, another goes into `secondary`",
                        found.join(" and ")
                    ),
                );
            } else if object.keys().all(|key| known.contains(&key.as_str())) {
                self.problem(path, targets_allowed());
            }
            return None;
        };
        let smoothing = self.smoothing(object, key, path);
        let steer = self.one_target(key, &object[*key], &at(path, key), sport)?;
        Some(match (steer, smoothing?) {
            (Steer::By(Target::PowerW(range, _)), smoothing) => {
                Steer::By(Target::PowerW(range, smoothing))
            }
            (steer, _) => steer,
        })
    }

    fn smoothing(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        path: &str,
    ) -> Option<Smoothing> {
        let Some(value) = given(object, "power_smoothing") else { return Some(Smoothing::Usual) };
        let path = at(path, "power_smoothing");
        if !matches!(key, "power_w" | "power_pct_ftp") {
            self.problem(&path, "only with `power_w` or `power_pct_ftp`");
            return None;
        }
        let smoothing = match value.as_str().map(str::trim) {
            Some("3s") => Some(Smoothing::Seconds3),
            Some("10s") => Some(Smoothing::Seconds10),
            Some("30s") => Some(Smoothing::Seconds30),
            Some("lap") => Some(Smoothing::Lap),
            Some(_) | None => None,
        };
        if smoothing.is_none() {
            self.problem(&path, "allowed are `3s`, `10s`, `30s` and `lap`");
        }
        smoothing
    }

    fn one_target(&mut self, key: &str, value: &Value, path: &str, sport: Sport) -> Option<Steer> {
        let in_pool = sport == Sport::Swimming;
        let of_swims = matches!(key, "pace_per_100m" | "css_offset_s" | "effort");
        if in_pool && !of_swims && !matches!(key, "rpe" | "open") {
            self.problem(
                path,
                "not for swimming; allowed are `pace_per_100m`, `css_offset_s`, `effort` and `rpe`",
            );
            return None;
        }
        if !in_pool && matches!(key, "css_offset_s" | "effort") {
            self.problem(path, "only for swimming; elsewhere use `rpe` or a measured target");
            return None;
        }
        let target = match key {
            "open" => return self.flag(value, path).map(|_| Steer::Open),
            "rpe" => return self.whole(value, path, 1, 10).map(Steer::Rpe),
            "hr_zone" => self.zone(value, path, 5).map(Target::HrZone),
            "power_zone" => self.zone(value, path, 7).map(Target::PowerZone),
            "hr_bpm" => self.range(value, path, BEATS.0, BEATS.1, "bpm").map(Target::HrBpm),
            "power_w" => self
                .range(value, path, WATTS.0, WATTS.1, "W")
                .map(|range| Target::PowerW(range, Smoothing::Usual)),
            "hr_pct_max" => self
                .share(value, path, sport, |known| known.max_hr_bpm, ("maximum heart rate", "bpm"))
                .and_then(|range| self.in_bounds(range, path, BEATS, "bpm"))
                .map(Target::HrBpm),
            "hr_pct_lthr" => self
                .share(
                    value,
                    path,
                    sport,
                    |known| known.lthr_bpm,
                    ("heart rate at the lactate threshold", "bpm"),
                )
                .and_then(|range| self.in_bounds(range, path, BEATS, "bpm"))
                .map(Target::HrBpm),
            "power_pct_ftp" => self
                .share(value, path, sport, |known| known.ftp_w, ("functional threshold power", "W"))
                .map(|range| Target::PowerW(range, Smoothing::Usual)),
            "pace_per_100m" if in_pool => self.swim_pace(value, path).map(Target::SwimPace),
            "pace_per_km" => self.pace(value, path, 1_000.0).map(Target::Pace),
            "pace_per_mile" => self.pace(value, path, MILE_M).map(Target::Pace),
            "pace_per_100m" => self.pace(value, path, 100.0).map(Target::Pace),
            "speed_kmh" => self.range(value, path, 0.5, 150.0, "km/h").map(|range| {
                Target::Speed(Range { low: speed(range.low / 3.6), high: speed(range.high / 3.6) })
            }),
            "cadence_rpm" | "cadence_spm" => self.cadence(key, value, path, sport),
            "grade_pct" => self.range(value, path, -50.0, 50.0, "%").map(Target::GradePct),
            "resistance" => self.range(value, path, 0.0, 100.0, "levels").map(Target::Resistance),
            "css_offset_s" => {
                self.number(value, path, -60.0, 60.0, "seconds per 100 m").map(Target::CssOffsetS)
            }
            "effort" => {
                let effort = value.as_str().and_then(|word| Effort::by_key(&plain(word)));
                if effort.is_none() {
                    self.problem(path, format!("allowed are {}", words(Effort::ALL, Effort::key)));
                }
                effort.map(Target::Effort)
            }
            _ => {
                self.problem(path, targets_allowed());
                None
            }
        };
        target.map(Steer::By)
    }

    /// A zone as a number, or as `"Z3"`.
    fn zone(&mut self, value: &Value, path: &str, most: u8) -> Option<u8> {
        let number = match value.as_str().and_then(|text| text.trim().strip_prefix(['Z', 'z'])) {
            Some(text) => text.parse().ok(),
            None => super::reader::number_in(value),
        };
        let zone = (1..=most).find(|zone| number == Some(f64::from(*zone)));
        if zone.is_none() {
            let or_range = if most == 5 { "`hr_bpm`" } else { "`power_w`" };
            self.problem(
                path,
                format!("allowed are zones 1 to {most}; for a range use {or_range}"),
            );
        }
        zone
    }

    fn cadence(&mut self, key: &str, value: &Value, path: &str, sport: Sport) -> Option<Target> {
        if is_on_foot(sport) != (key == "cadence_spm") {
            let right = if is_on_foot(sport) {
                "`cadence_spm`, steps per minute of both feet"
            } else {
                "`cadence_rpm`"
            };
            self.problem(path, format!("not for {}; use {right}", sport.word()));
            return None;
        }
        self.range(value, path, 20.0, 300.0, "per minute").map(Target::Cadence)
    }

    /// `[fast, slow]` in either order; the slow end becomes the low one.
    fn pace(&mut self, value: &Value, path: &str, metres: f64) -> Option<Range> {
        let pair = value.as_array().and_then(|pair| match pair.as_slice() {
            [one, other] => Some((clock_in(one)?, clock_in(other)?)),
            _ => None,
        });
        // From walking very slowly to faster than anybody runs or rides.
        let fits = |seconds: f64| (0.3..=45.0).contains(&(metres / seconds));
        let pair = pair.filter(|(one, other)| fits(*one) && fits(*other));
        let Some((one, other)) = pair else {
            self.problem(path, "allowed is a range of two paces such as [\"4:05\", \"4:15\"]");
            return None;
        };
        let (fast, slow) = (one.min(other), one.max(other));
        Some(Range { low: speed(metres / slow), high: speed(metres / fast) })
    }

    /// One pace for 100 m, or a range of two.
    fn swim_pace(&mut self, value: &Value, path: &str) -> Option<Range> {
        let pair = match value.as_array().map(Vec::as_slice) {
            Some([one, other]) => clock_in(one).zip(clock_in(other)),
            Some(_) => None,
            None => clock_in(value).map(|seconds| (seconds, seconds)),
        };
        let fits = |seconds: f64| (40.0..=600.0).contains(&seconds);
        let Some((one, other)) = pair.filter(|(one, other)| fits(*one) && fits(*other)) else {
            self.problem(path, "allowed is a pace for 100 m from 0:40 to 10:00, such as \"1:45\"");
            return None;
        };
        Some(Range { low: speed(100.0 / one.max(other)), high: speed(100.0 / one.min(other)) })
    }

    /// A range of percents, turned into what it is a share of.
    fn share(
        &mut self,
        value: &Value,
        path: &str,
        sport: Sport,
        whole: impl Fn(&Thresholds) -> Option<f64>,
        (name, unit): (&str, &str),
    ) -> Option<Range> {
        let percent = self.range(value, path, 1.0, 300.0, "percent")?;
        let Some(whole) = whole(&self.athlete.in_sport(sport)) else {
            self.problem(
                path,
                format!(
                    "cannot be resolved: Garmin knows no {name} of the athlete for {}; use \
                    absolute numbers in {unit}",
                    sport.word()
                ),
            );
            return None;
        };
        let of = |percent: f64| (whole * percent / 100.0).round();
        let range = Range { low: of(percent.low), high: of(percent.high) };
        self.resolved.push(Resolved {
            path: path.to_owned(),
            given: format!("{}-{} % of {name} {whole} {unit}", percent.low, percent.high),
            resolved: format!("{}-{} {unit}", range.low, range.high),
        });
        Some(range)
    }

    fn in_bounds(
        &mut self,
        range: Range,
        path: &str,
        (least, most): (f64, f64),
        unit: &str,
    ) -> Option<Range> {
        if range.low >= least && range.high <= most {
            return Some(range);
        }
        self.problem(
            path,
            format!("comes to {}-{} {unit}; allowed are {least} to {most}", range.low, range.high),
        );
        None
    }
}

fn ends_allowed() -> String {
    format!("allowed is \"lap_button\" or an object with one of {}", ENDS.join(", "))
}

fn targets_allowed() -> String {
    format!("allowed is \"open\" or an object with one of {}", TARGETS[..18].join(", "))
}

/// A word of the caller's for a refusal.
pub(super) fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| kind(value).to_owned(), |text| format!("`{}`", shown(text)))
}
