//! Times of day as people write them.

use jiff::civil::Time;

use crate::error::ToolError;

/// `08:10`, `8:10:00`, `8 am`.
pub(crate) fn clock(field: &'static str, text: &str) -> Result<Time, ToolError> {
    read(text).ok_or_else(|| {
        ToolError::argument(field, "not a time of day; allowed are 08:10 and 08:10:00")
    })
}

fn read(text: &str) -> Option<Time> {
    let plain = text.trim().to_ascii_lowercase();
    let (digits, half) = match (plain.strip_suffix("am"), plain.strip_suffix("pm")) {
        (Some(digits), _) => (digits.trim(), Some(0)),
        (_, Some(digits)) => (digits.trim(), Some(12)),
        (None, None) => (plain.as_str(), None),
    };
    let mut parts = digits.split(':').map(|part| part.parse::<i8>().ok());
    let hour = parts.next()??;
    let minute = match parts.next() {
        Some(minute) => minute?,
        // A bare number is an hour only where it says which half of the day.
        None => half.map(|_| 0)?,
    };
    let second = parts.next().unwrap_or(Some(0))?;
    let hour = match half {
        Some(add) if (1..=12).contains(&hour) => hour % 12 + add,
        Some(_) => return None,
        None => hour,
    };
    if parts.next().is_some() {
        return None;
    }
    Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_time_of_day_is_refused() {
        for bad in ["", "noon", "8", "25:00", "08:61", "13 pm", "8:10:99", "1:2:3:4"] {
            assert!(clock("meal_time", bad).is_err(), "{bad}");
        }
        let at = |text: &str| clock("meal_time", text).unwrap();
        assert_eq!(at("12 am"), at("00:00"));
        assert_eq!(at("12:15pm"), at(" 12:15:00 "));
    }
}
