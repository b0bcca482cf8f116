//! Values as people read them.

use crate::tools::numbers::{tenth, whole};

/// `M:SS` or `H:MM:SS`.
pub(super) fn clock(seconds: f64) -> String {
    let seconds = whole(seconds.trunc().max(0.0));
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

pub(super) fn distance(metres: f64) -> String {
    if metres >= 1_000.0 { format!("{:.2} km", metres / 1_000.0) } else { format!("{metres:.0} m") }
}

/// A value in the unit that a badge or a challenge counts in.
pub(super) fn value(value: f64, unit: Option<i64>) -> String {
    match unit {
        Some(1) => distance(value),
        Some(2) => format!("{value:.0} m"),
        Some(3 | 5) => whole(value).to_string(),
        Some(7) => clock(value),
        Some(_) | None => {
            if value.fract() == 0.0 {
                whole(value).to_string()
            } else {
                value.to_string()
            }
        }
    }
}

/// How much of `target` is done, in percent, 100 at most.
pub(super) fn percent(progress: Option<f64>, target: Option<f64>) -> Option<f64> {
    let target = target.filter(|target| *target > 0.0)?;
    Some(tenth((progress? / target * 100.0).min(100.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_in_their_unit() {
        assert_eq!((clock(1_480.0).as_str(), clock(15_200.9).as_str()), ("24:40", "4:13:20"));
        assert_eq!(value(8_012.3, Some(1)), "8.01 km");
        assert_eq!(value(412.0, Some(2)), "412 m");
        assert_eq!(value(3.0, None), "3");
        assert_eq!(percent(Some(0.0), Some(50.0)), Some(0.0));
        assert_eq!(
            (percent(Some(70.0), Some(50.0)), percent(Some(1.0), Some(0.0))),
            (Some(100.0), None)
        );
    }
}
