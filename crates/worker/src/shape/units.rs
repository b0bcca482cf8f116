//! `units: imperial`: numbers in miles, feet, pounds and degrees Fahrenheit.
//!
//! The unit of every number is in its key, so the key says what to do, and changes with the
//! number: nothing can be read in the wrong unit. Columns of a table are keys like any other.

use serde_json::{Map, Value};

const M_PER_MI: f64 = 1609.344;
const M_PER_FT: f64 = 0.3048;
const KG_PER_LB: f64 = 0.453_592_37;
const CM_PER_IN: f64 = 2.54;
const ML_PER_FL_OZ: f64 = 29.573_529_562_5;

/// How one unit becomes another.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    /// Divided by this, and rounded to so many digits.
    By(f64, i32),
    Fahrenheit,
    /// A temperature difference.
    FahrenheitDegrees,
    /// Minutes and seconds, or seconds, for a kilometre.
    PacePerKm,
    PacePer100M,
}

/// Endings of keys, the longer before the shorter they end with.
const ENDINGS: [(&str, &str, Rule); 32] = [
    // Golfers think in yards.
    ("shot_m", "shot_yd", Rule::By(0.9144, 0)),
    ("drive_m", "drive_yd", Rule::By(0.9144, 0)),
    ("_s_per_km", "_s_per_mi", Rule::PacePerKm),
    ("_min_per_km", "_min_per_mi", Rule::PacePerKm),
    ("_seconds_per_km", "_seconds_per_mi", Rule::PacePerKm),
    ("pace_per_km", "pace_per_mi", Rule::PacePerKm),
    ("_s_per_100m", "_s_per_100yd", Rule::PacePer100M),
    ("pace_per_100m", "pace_per_100yd", Rule::PacePer100M),
    ("distance_meters", "distance_miles", Rule::By(M_PER_MI, 2)),
    ("distance_m", "distance_mi", Rule::By(M_PER_MI, 2)),
    ("_meters_per_second", "_miles_per_hour", Rule::By(1.609_344 / 3.6, 2)),
    ("_m_per_min", "_ft_per_min", Rule::By(M_PER_FT, 1)),
    ("_m_per_h", "_ft_per_h", Rule::By(M_PER_FT, 0)),
    ("_m_s", "_mph", Rule::By(1.609_344 / 3.6, 2)),
    ("_mps", "_mph", Rule::By(1.609_344 / 3.6, 2)),
    ("_kmh", "_mph", Rule::By(1.609_344, 2)),
    ("_kph", "_mph", Rule::By(1.609_344, 2)),
    ("_meters", "_feet", Rule::By(M_PER_FT, 1)),
    ("_kilometers", "_miles", Rule::By(1.609_344, 2)),
    ("_km", "_mi", Rule::By(1.609_344, 2)),
    ("_m", "_ft", Rule::By(M_PER_FT, 1)),
    ("_cm", "_in", Rule::By(CM_PER_IN, 1)),
    ("_mm", "_in", Rule::By(CM_PER_IN * 10.0, 2)),
    ("_kilograms", "_pounds", Rule::By(KG_PER_LB, 1)),
    ("_kg", "_lb", Rule::By(KG_PER_LB, 1)),
    ("_change_celsius", "_change_fahrenheit", Rule::FahrenheitDegrees),
    ("_change_c", "_change_f", Rule::FahrenheitDegrees),
    ("_celsius", "_fahrenheit", Rule::Fahrenheit),
    ("_deviation_c", "_deviation_f", Rule::FahrenheitDegrees),
    ("_c", "_f", Rule::Fahrenheit),
    ("_milliliters", "_fluid_ounces", Rule::By(ML_PER_FL_OZ, 1)),
    ("_ml", "_fl_oz", Rule::By(ML_PER_FL_OZ, 1)),
];

/// Endings that look like one of those and are not: per kilogram stays per kilogram.
const OTHERS: [&str; 3] = ["_per_kg", "_per_m", "_per_km_h"];

/// The new key, and what becomes of the number.
fn rule(key: &str) -> Option<(String, Rule)> {
    if OTHERS.iter().any(|ending| key.ends_with(ending)) {
        return None;
    }
    ENDINGS.iter().find_map(|(metric, imperial, rule)| {
        let whole = key == metric.trim_start_matches('_') && metric.len() > 3;
        let stem = if whole { Some("") } else { key.strip_suffix(metric) };
        let imperial = if whole { imperial.trim_start_matches('_') } else { imperial };
        stem.map(|stem| (format!("{stem}{imperial}"), *rule))
    })
}

/// Converts every value whose key names a metric unit.
pub(super) fn to_imperial(value: &mut Value) {
    match value {
        Value::Object(found) => {
            convert_table(found);
            let all = std::mem::take(found);
            for (key, mut value) in all {
                match rule(&key) {
                    Some((key, rule)) => {
                        convert(&mut value, rule);
                        found.insert(key, value);
                    }
                    None => {
                        to_imperial(&mut value);
                        found.insert(key, value);
                    }
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(to_imperial),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A table names its columns once; a series its `unit`. Columns without rows are those of a file
/// elsewhere, which stays as it is.
fn convert_table(found: &mut Map<String, Value>) {
    let mut rules = Vec::new();
    if found.contains_key("rows")
        && let Some(Value::Array(columns)) = found.get_mut("columns")
    {
        for (at, column) in columns.iter_mut().enumerate() {
            if let Some((name, rule)) = column.as_str().and_then(rule) {
                *column = name.into();
                rules.push((at, rule));
            }
        }
    }
    if let Some(Value::Array(rows)) = found.get_mut("rows") {
        for row in rows {
            for (at, rule) in &rules {
                if let Some(cell) = row.get_mut(at) {
                    convert(cell, *rule);
                }
            }
        }
    }
    let unit = found.get("unit").and_then(Value::as_str).and_then(|unit| rule(&format!("_{unit}")));
    if let (Some((unit, rule)), Some(values)) = (unit, found.get("values").cloned()) {
        let mut values = values;
        convert(&mut values, rule);
        found.insert("values".into(), values);
        found.insert("unit".into(), unit.trim_start_matches('_').into());
    }
}

/// Lists of numbers and groups of them are converted whole.
fn convert(value: &mut Value, rule: Rule) {
    match value {
        Value::Number(number) => {
            if let Some(metric) = number.as_f64() {
                *value = converted(metric, rule).into();
            }
        }
        Value::String(text) => {
            if let (Some(seconds), Rule::PacePerKm | Rule::PacePer100M) = (clock(text), rule) {
                *text = written(converted(seconds, rule));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| convert(item, rule)),
        Value::Object(parts) => parts.values_mut().for_each(|part| convert(part, rule)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn converted(metric: f64, rule: Rule) -> f64 {
    match rule {
        Rule::By(unit, digits) => {
            let scale = 10_f64.powi(digits);
            (metric / unit * scale).round() / scale
        }
        Rule::Fahrenheit => ((metric * 1.8 + 32.0) * 10.0).round() / 10.0,
        Rule::FahrenheitDegrees => (metric * 1.8 * 10.0).round() / 10.0,
        Rule::PacePerKm => (metric * 1.609_344 * 10.0).round() / 10.0,
        Rule::PacePer100M => (metric * 0.9144 * 10.0).round() / 10.0,
    }
}

/// Seconds of `4:05`.
fn clock(text: &str) -> Option<f64> {
    let (minutes, seconds) = text.split_once(':')?;
    let (minutes, seconds): (u32, u32) = (minutes.parse().ok()?, seconds.parse().ok()?);
    (seconds < 60).then(|| f64::from(minutes * 60 + seconds))
}

fn written(seconds: f64) -> String {
    let seconds = crate::tools::whole(seconds);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_key_changes_with_the_number() {
        let mut answer = json!({
            "distance_meters": 10_000, "elevation_gain_meters": 100.0, "weight_kg": 70.5,
            "max_distance_km": 800, "longest_drive_m": 220, "temperature_celsius": 20, "avg_speed_mps": 3.0,
            "w_per_kg": 4.1, "ftp_w_per_kg": 3.9, "intake_ml": 500, "avg_hr_bpm": 150,
            "pace_per_km": "5:00", "avg_stride_length_cm": 110, "laps": [{"distance_m": 1000}],
            "steps": 5, "weather": {"temperature_c": -40},
        });
        to_imperial(&mut answer);
        let expected = json!({
            "distance_miles": 6.21, "elevation_gain_feet": 328.1, "weight_lb": 155.4,
            "max_distance_mi": 497.1, "longest_drive_yd": 241.0, "temperature_fahrenheit": 68.0, "avg_speed_mph": 6.71,
            "w_per_kg": 4.1, "ftp_w_per_kg": 3.9, "intake_fl_oz": 16.9, "avg_hr_bpm": 150,
            "pace_per_mi": "8:03", "avg_stride_length_in": 43.3, "laps": [{"distance_mi": 0.62}],
            "steps": 5, "weather": {"temperature_f": -40.0},
        });
        assert_eq!(answer, expected);
    }

    #[test]
    fn columns_and_series_are_converted_as_well() {
        let mut answer = json!({
            "columns": ["date", "weight_kg", "steps"],
            "rows": [["2026-05-01", 70, 1], ["2026-05-02", null, 2]],
            "channels": {"altitude": {"unit": "m", "values": [0, 100, null]}},
        });
        to_imperial(&mut answer);
        let expected = json!({
            "columns": ["date", "weight_lb", "steps"],
            "rows": [["2026-05-01", 154.3, 1], ["2026-05-02", null, 2]],
            "channels": {"altitude": {"unit": "ft", "values": [0.0, 328.1, null]}},
        });
        assert_eq!(answer, expected);
    }

    #[test]
    fn the_columns_of_a_file_keep_the_names_they_have_in_it() {
        let file =
            json!({ "files": [{ "uri": "export://a.csv", "columns": ["date", "weight_kg"] }] });
        let mut answer = file.clone();
        to_imperial(&mut answer);
        assert_eq!(answer, file);
    }
}
