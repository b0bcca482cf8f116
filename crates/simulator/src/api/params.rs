//! Dates and numbers as callers write them, refused as Garmin refuses them.

use std::collections::HashMap;

use jiff::civil::Date;

use super::ApiError;
use crate::times::days_between;

pub(super) fn date(text: &str) -> Result<Date, ApiError> {
    let shaped = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    shaped
        .then(|| text.parse().ok())
        .flatten()
        .ok_or_else(|| ApiError::BadRequest(format!("Invalid date: {text}")))
}

/// A range from path segments, refused when it is backwards or longer than `most` days.
pub(super) fn range(start: &str, end: &str, most: i64) -> Result<(Date, Date), ApiError> {
    let (start, end) = (date(start)?, date(end)?);
    let days = days_between(start, end) + 1;
    if days < 1 {
        return Err(ApiError::BadRequest("startDate must not be after endDate".to_owned()));
    }
    if days > most {
        return Err(ApiError::BadRequest(format!("Date range is too large, max {most} days")));
    }
    Ok((start, end))
}

pub(super) type Query = axum::extract::Query<HashMap<String, String>>;

pub(super) fn required<'a>(query: &'a Query, name: &str) -> Result<&'a str, ApiError> {
    query
        .get(name)
        .map(String::as_str)
        .ok_or_else(|| ApiError::BadRequest(format!("Missing parameter: {name}")))
}

pub(super) fn query_date(query: &Query, name: &str) -> Result<Date, ApiError> {
    date(required(query, name)?)
}

pub(super) fn whole(query: &Query, name: &str, otherwise: i64) -> Result<i64, ApiError> {
    match query.get(name) {
        None => Ok(otherwise),
        Some(text) => text
            .parse()
            .map_err(|_| ApiError::BadRequest(format!("Invalid value for {name}: {text}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_calendar_day_and_nothing_else() {
        assert!(date("2026-05-01").is_ok());
        for bad in ["2026-02-30", "2026-5-1", "today", "20260501", "2026-05-01T00", ""] {
            assert!(matches!(date(bad), Err(ApiError::BadRequest(_))), "{bad}");
        }
    }

    #[test]
    fn a_range_counts_both_ends() {
        assert!(range("2026-05-01", "2026-05-28", 28).is_ok());
        assert!(range("2026-05-01", "2026-05-29", 28).is_err());
        assert!(range("2026-05-02", "2026-05-01", 28).is_err());
    }
}
