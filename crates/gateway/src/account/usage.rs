//! Thirty days of calls as a picture drawn here, and as a table for whoever does not see it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp as Moment};
use store::DailyUsage;

/// Days that are shown, today among them.
pub(super) const DAYS: i64 = 30;
const MOST_TOOLS: usize = 10;

/// In units of the picture.
const WIDTH: i64 = 600;
const BASE: i64 = 120;
const STEP: i64 = WIDTH / DAYS;
const BAR: i64 = STEP - 4;
/// Below it a bar is not seen.
const LEAST: i64 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub days: Vec<UsageDay>,
    /// The busiest first.
    pub tools: Vec<(String, u64)>,
    pub calls: u64,
    /// The height of the picture stands for so many.
    pub most: u64,
}

/// One day, and its bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageDay {
    pub date: String,
    pub calls: u64,
    pub errors: u64,
    pub x: i64,
    pub y: i64,
    pub height: i64,
}

impl Usage {
    pub(super) fn of(rows: &[DailyUsage], today: i64) -> Self {
        let mut by_day: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        let mut by_tool: BTreeMap<&str, u64> = BTreeMap::new();
        let first = today - (DAYS - 1);
        for row in rows.iter().filter(|row| (first..=today).contains(&row.day)) {
            let (calls, errors) = by_day.entry(row.day).or_default();
            *calls += row.calls;
            *errors += row.errors;
            *by_tool.entry(&row.tool).or_default() += row.calls;
        }
        let most = by_day.values().map(|(calls, _)| *calls).max().unwrap_or_default();
        let days = (first..=today)
            .zip(0..)
            .map(|(day, place)| {
                let (calls, errors) = by_day.get(&day).copied().unwrap_or_default();
                let height = height(calls, most);
                UsageDay {
                    date: date(day),
                    calls,
                    errors,
                    x: place * STEP + 2,
                    y: BASE - height,
                    height,
                }
            })
            .collect();
        let mut tools: Vec<_> =
            by_tool.into_iter().map(|(tool, calls)| (tool.to_owned(), calls)).collect();
        tools.sort_by_key(|&(_, calls)| std::cmp::Reverse(calls));
        tools.truncate(MOST_TOOLS);
        let calls = by_day.values().map(|(calls, _)| calls).sum();
        Self { days, tools, calls, most }
    }

    #[must_use]
    pub fn first(&self) -> &str {
        self.days.first().map(|day| day.date.as_str()).unwrap_or_default()
    }

    #[must_use]
    pub fn last(&self) -> &str {
        self.days.last().map(|day| day.date.as_str()).unwrap_or_default()
    }

    /// The days on which something was called, the newest first.
    pub fn busy(&self) -> impl Iterator<Item = &UsageDay> {
        self.days.iter().rev().filter(|day| day.calls > 0)
    }

    #[must_use]
    pub fn bar_width(&self) -> i64 {
        BAR
    }
}

fn height(calls: u64, most: u64) -> i64 {
    if calls == 0 || most == 0 {
        return 0;
    }
    // No day has so many calls that this could overflow in 128 bits.
    let share = u128::from(calls) * u128::from(BASE.unsigned_abs()) / u128::from(most);
    i64::try_from(share).unwrap_or(BASE).clamp(LEAST, BASE)
}

/// As `2026-11-20`.
fn date(day: i64) -> String {
    let midnight = Moment::UNIX_EPOCH.checked_add(SignedDuration::from_hours(24 * day));
    midnight
        .map_or(Date::ZERO, |midnight| midnight.to_zoned(jiff::tz::TimeZone::UTC).date())
        .to_string()
}

#[cfg(test)]
mod tests {
    use domain::entropy::CountingEntropy;
    use domain::id::{AccountId, ClientId};

    use super::*;

    fn row(day: i64, tool: &str, calls: u64, errors: u64) -> DailyUsage {
        DailyUsage {
            account: AccountId::generate(&CountingEntropy::default()),
            day,
            tool: tool.to_owned(),
            client: ClientId::parse("cli_a").unwrap(),
            calls,
            errors,
        }
    }

    #[test]
    fn every_day_has_a_bar_as_high_as_its_share() {
        let today = 20_777;
        let rows = [
            row(today, "get_sleep", 50, 2),
            row(today, "get_steps", 50, 0),
            row(today - 1, "get_steps", 25, 0),
            row(today - 2, "get_steps", 1, 1),
            row(today - 30, "get_steps", 1_000, 0),
        ];
        let usage = Usage::of(&rows, today);
        assert_eq!((usage.days.len(), usage.calls, usage.most), (30, 126, 100));
        assert_eq!((usage.first(), usage.last()), ("2026-10-22", "2026-11-20"));
        let bars: Vec<_> = usage.busy().map(|day| (day.calls, day.errors, day.height)).collect();
        assert_eq!(bars, [(100, 2, 120), (25, 0, 30), (1, 1, LEAST)]);
        assert!(usage.days.iter().all(|day| day.y + day.height == BASE && day.x + BAR <= WIDTH));
        let tools: Vec<_> =
            usage.tools.iter().map(|(name, calls)| (name.as_str(), *calls)).collect();
        assert_eq!(tools, [("get_steps", 76), ("get_sleep", 50)]);
    }

    #[test]
    fn a_month_without_a_call_is_thirty_empty_days() {
        let usage = Usage::of(&[], 0);
        assert_eq!((usage.days.len(), usage.most, usage.busy().count()), (30, 0, 0));
        assert_eq!(usage.last(), "1970-01-01");
        assert_eq!(height(u64::MAX, u64::MAX), BASE);
    }
}
