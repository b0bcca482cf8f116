//! Repairing what ends a step and what it is steered by.

use serde_json::{Map, Value, json};

use super::decompile::{number, whole};
use super::ids::{Condition, Dictionary as _, Sport, StepKind, TargetType};
use super::reader::at;
use super::repair::Repairing;

pub(super) const PRIMARY: [&str; 4] =
    ["targetType", "targetValueOne", "targetValueTwo", "zoneNumber"];
pub(super) const SECONDARY: [&str; 4] = [
    "secondaryTargetType",
    "secondaryTargetValueOne",
    "secondaryTargetValueTwo",
    "secondaryZoneNumber",
];
/// Faster than anything on legs or wheels, in metres per second.
const FASTEST: f64 = 30.0;

impl Repairing<'_> {
    /// Values written into the target object, where Garmin does not look.
    pub(super) fn lift(&mut self, fields: &mut Map<String, Value>, path: &str) {
        let nested: Vec<(&str, Value)> = PRIMARY[1..]
            .iter()
            .chain(&SECONDARY[1..])
            .filter_map(|key| {
                let place = if key.starts_with("secondary") { SECONDARY[0] } else { PRIMARY[0] };
                let object = fields.get_mut(place)?.as_object_mut()?;
                Some((*key, object.remove(*key)?))
            })
            .collect();
        for (key, value) in nested.into_iter().filter(|(_, value)| !value.is_null()) {
            if fields.get(key).is_none_or(Value::is_null) {
                self.said(&at(path, key), "moved out of the target object, where it is ignored");
                fields.insert(key.into(), value);
            }
        }
    }

    pub(super) fn end(
        &mut self,
        fields: &mut Map<String, Value>,
        path: &str,
        step: Option<StepKind>,
    ) {
        let condition: Option<Condition> =
            self.name(fields, "endCondition", path, |word| {
                match word.to_ascii_lowercase().as_str() {
                    "lap" | "lap_button" | "open" => Some(Condition::LapButton),
                    "heart_rate" => Some(Condition::HeartRate),
                    "repetitions" => Some(Condition::Reps),
                    _ => None,
                }
            });
        let Some(condition) = condition else { return };
        let path = at(path, "endConditionValue");
        let value = number(fields.get("endConditionValue"));
        let zone = whole(fields.get("endConditionZone")).filter(|zone| (1..=7).contains(zone));
        match condition {
            Condition::LapButton => {
                if value.is_some_and(|value| value != 0.0) {
                    self.said(&path, "left out: a lap button has no value");
                }
                fields.remove("endConditionValue");
            }
            Condition::Iterations => {
                self.problem(&path, "`iterations` end a group, not a step");
            }
            Condition::HeartRate | Condition::Power => {
                let most = if condition == Condition::HeartRate { 250.0 } else { 3_000.0 };
                match value.filter(|value| (30.0..=most).contains(value)) {
                    Some(value) => {
                        fields.insert("endConditionValue".into(), json!(value));
                    }
                    None if zone.is_some() => {}
                    None => self
                        .problem(&path, format!("allowed are 30 to {most}, or `endConditionZone`")),
                }
                // Without it Garmin fails.
                if !matches!(
                    fields.get("endConditionCompare").and_then(Value::as_str),
                    Some("gt" | "lt")
                ) {
                    let falls = matches!(
                        step,
                        Some(StepKind::Recovery | StepKind::Rest | StepKind::Cooldown)
                    );
                    let (compare, words) = if falls { ("lt", "below") } else { ("gt", "above") };
                    self.said(&path, format!("ends once {words}, as nothing was said of it"));
                    fields.insert("endConditionCompare".into(), json!(compare));
                }
            }
            _ => match value.filter(|value| *value > 0.0) {
                Some(value) => {
                    fields.insert("endConditionValue".into(), json!(value));
                }
                None => {
                    self.problem(&path, format!("`{}` needs a number above 0", condition.key()));
                }
            },
        }
    }

    pub(super) fn target(
        &mut self,
        fields: &mut Map<String, Value>,
        path: &str,
        [type_key, one_key, two_key, zone_key]: [&str; 4],
        sport: Sport,
    ) {
        let (mut one, mut two) = (number(fields.get(one_key)), number(fields.get(two_key)));
        // Two zeros, or a zero alone, say nothing; beside a value a zero is the end of a range.
        if one.unwrap_or(0.0) == 0.0 && two.unwrap_or(0.0) == 0.0 {
            (one, two) = (None, None);
        }
        let mut zone = whole(fields.get(zone_key)).filter(|zone| *zone != 0);
        let has_type = fields.get(type_key).is_some_and(|value| {
            // An object of nulls is how Garmin itself writes that there is none.
            value.as_object().is_none_or(|object| object.values().any(|value| !value.is_null()))
                && !value.is_null()
        });
        let path = at(path, type_key);
        if !has_type {
            if one.is_some() || two.is_some() || zone.is_some() {
                self.problem(&path, "required where there are values or a zone");
            } else {
                fields.insert(type_key.into(), TargetType::None.json());
            }
            return;
        }
        let parent = path.strip_suffix(type_key).unwrap_or(&path).trim_end_matches('.').to_owned();
        let Some(mut target) = self.name(fields, type_key, &parent, other_target) else { return };
        if target == TargetType::Pace
            && sport == Sport::Cycling
            && one.is_some_and(|it| it > FASTEST)
        {
            self.said(
                &path,
                "values too fast for a pace are watts; set to 2, which is `power.zone`",
            );
            fields.insert(type_key.into(), TargetType::Power.json());
            target = TargetType::Power;
        }
        match target {
            TargetType::None => {
                if one.is_some() || two.is_some() || zone.is_some() {
                    self.said(&path, "values left out: there is no target");
                }
                (one, two, zone) = (None, None, None);
            }
            TargetType::HeartRate | TargetType::Power => {
                let most = if target == TargetType::HeartRate { 5 } else { 7 };
                self.zone_or_range(&path, most, &mut one, &mut two, &mut zone);
            }
            TargetType::Pace | TargetType::Speed => {
                (one, two) = (one.filter(|it| *it > 0.0), two.filter(|it| *it > 0.0));
                let fast = [one, two].into_iter().flatten().any(|value| value > FASTEST);
                if fast {
                    self.problem(
                        &path,
                        "values are metres per second, and these are faster than anybody; \
                         4:05 per km is 1000/245 = 4.0816",
                    );
                } else if zone.is_none() && sport != Sport::Swimming {
                    self.pair(&path, one, two);
                }
            }
            TargetType::Cadence
            | TargetType::PowerLap
            | TargetType::Power3s
            | TargetType::Power10s
            | TargetType::Power30s
            | TargetType::HeartRateLap => {
                self.zoned_pair(&path, zone, one, two);
            }
            _ => {}
        }
        if zone.is_some() && (one.is_some() || two.is_some()) {
            self.problem(&path, "has a zone and a range; allowed is one of them");
        }
        if one.zip(two).is_some_and(|(one, two)| one > two) && is_range(target) {
            (one, two) = (two, one);
        }
        let open = target == TargetType::None;
        put(fields, [one_key, two_key, zone_key], open, (one, two, zone));
    }

    fn zoned_pair(&mut self, path: &str, zone: Option<i64>, one: Option<f64>, two: Option<f64>) {
        if zone.is_none() {
            self.pair(path, one, two);
        }
    }

    fn pair(&mut self, path: &str, one: Option<f64>, two: Option<f64>) {
        if one.is_none() && two.is_none() {
            self.problem(path, "needs `targetValueOne` and `targetValueTwo` beside it");
        } else if one.is_none() || two.is_none() {
            self.problem(path, "needs both ends of its range");
        }
    }

    /// The number of a zone is sometimes written where a range belongs.
    fn zone_or_range(
        &mut self,
        path: &str,
        most: i64,
        one: &mut Option<f64>,
        two: &mut Option<f64>,
        zone: &mut Option<i64>,
    ) {
        #[expect(clippy::cast_possible_truncation, reason = "a zone is small and whole")]
        let as_zone = one
            .filter(|value| value.fract() == 0.0)
            .map(|value| value as i64)
            .filter(|value| (1..=most).contains(value));
        let same = two.is_none() || *two == *one || two.is_some_and(|two| two <= 1.0);
        match (*zone, as_zone) {
            (None, Some(number)) if same => {
                self.said(path, format!("{number} is a zone; written as `zoneNumber`"));
                (*one, *two, *zone) = (None, None, Some(number));
            }
            (None, Some(_)) => {
                self.problem(path, "a range of zones is none of Garmin's; allowed is one zone");
            }
            (None, None) => self.pair(path, *one, *two),
            (Some(number), _) if !(1..=most).contains(&number) => {
                self.problem(path, format!("allowed are zones 1 to {most}"));
            }
            (Some(_), _) => {}
        }
    }
}

/// Words others write for a target.
fn other_target(word: &str) -> Option<TargetType> {
    match word.to_ascii_lowercase().as_str() {
        "power" | "power.between" | "power.range" | "power.custom" => Some(TargetType::Power),
        "cadence.zone" | "cadence.range" => Some(TargetType::Cadence),
        "heart.rate" | "heart.rate.range" | "heart.rate.between" | "heart.rate.custom" => {
            Some(TargetType::HeartRate)
        }
        "pace" | "pace.range" | "pace.between" => Some(TargetType::Pace),
        "speed" | "speed.range" | "speed.between" => Some(TargetType::Speed),
        "open" | "none" | "no_target" => Some(TargetType::None),
        _ => None,
    }
}

/// Whether both values are ends of one range; swims write one value and a zero.
fn is_range(target: TargetType) -> bool {
    matches!(
        target,
        TargetType::Power
            | TargetType::Cadence
            | TargetType::HeartRate
            | TargetType::Speed
            | TargetType::Pace
            | TargetType::Grade
            | TargetType::HeartRateLap
            | TargetType::PowerLap
            | TargetType::Power3s
            | TargetType::Power10s
            | TargetType::Power30s
            | TargetType::Resistance
    )
}

/// Writes a zone or a range, and takes away what is neither.
fn put(
    fields: &mut Map<String, Value>,
    [one_key, two_key, zone_key]: [&str; 3],
    open: bool,
    (one, two, zone): (Option<f64>, Option<f64>, Option<i64>),
) {
    for (key, value) in [(one_key, one), (two_key, two)] {
        match value {
            Some(value) if zone.is_none() => {
                fields.insert(key.into(), json!(value));
            }
            // Zero stands where swims have no second value; elsewhere it says nothing.
            None if zone.is_none() && !open && number(fields.get(key)) == Some(0.0) => {}
            Some(_) | None => {
                fields.remove(key);
            }
        }
    }
    match zone {
        Some(zone) => fields.insert(zone_key.into(), json!(zone)),
        None => fields.remove(zone_key),
    };
}
