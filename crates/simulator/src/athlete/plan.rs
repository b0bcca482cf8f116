//! The training plan: cycles that end in a race, and the days when life had other plans.

use jiff::civil::{Date, Weekday};

use crate::chance::Seed;
use crate::times::{days_between, monday, shift};

/// From one race to the next.
const CYCLE_WEEKS: i64 = 20;
/// The week of a cycle with a run right after the ride.
const BRICK_WEEK: i64 = 12;
/// From the bike into the shoes.
const CHANGE_MINUTES: i64 = 4;
pub(crate) const ILLNESS_DAYS: i64 = 7;
/// How bad each day of the illness is.
const ILLNESS: [f64; 7] = [0.5, 0.9, 1.0, 0.85, 0.65, 0.4, 0.25];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Race,
    /// The week after a race: no training at all.
    Rest,
    Return,
    Build,
    /// Every fourth week of building.
    Down,
    Taper,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionKind {
    Recovery,
    Easy,
    Long,
    Intervals,
    Tempo,
    Race,
    Strength,
    Ride,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Session {
    pub(crate) kind: SessionKind,
    pub(crate) minutes: f64,
    /// Minutes after local midnight.
    pub(crate) start: i64,
}

/// Whether the watch was on the wrist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wear {
    Full,
    /// Not in the night before this day.
    DayOnly,
    /// Neither that night nor the day.
    Off,
}

#[derive(Debug, Clone)]
pub(crate) struct DayPlan {
    pub(crate) phase: Phase,
    pub(crate) wear: Wear,
    /// 0 is healthy, 1 is the worst day.
    pub(crate) illness: f64,
    pub(crate) sessions: Vec<Session>,
}

/// The fixed points of an athlete's year.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    seed: Seed,
    born: Date,
    race: Date,
    pub(crate) illness: Date,
    off: Vec<(Date, i64)>,
}

impl Calendar {
    /// Arranges the year before `born`: a race some weeks ago, an illness months before it.
    pub(crate) fn around(seed: Seed, born: Date) -> Self {
        let seed = seed.child("plan");
        let near = shift(born, -40 - 7 * seed.child("race").whole(0, 3));
        let race = shift(monday(near), -1);
        let illness = shift(born, -seed.child("illness").whole(112, 138));
        let off = [(20, 33, 1), (88, 100, 3), (152, 172, 1), (250, 290, 2)]
            .into_iter()
            .enumerate()
            .map(|(index, (near, far, days))| {
                let back = seed.child("off").at(i64::try_from(index).unwrap_or(0)).whole(near, far);
                (shift(born, -back), days)
            })
            .collect();
        Self { seed, born, race, illness, off }
    }

    /// Weeks since a race week, which is week 0.
    fn week(&self, date: Date) -> i64 {
        (days_between(monday(self.race), monday(date)) / 7).rem_euclid(CYCLE_WEEKS)
    }

    pub(crate) fn race_on_or_before(&self, date: Date) -> Date {
        let cycle = CYCLE_WEEKS * 7;
        let cycles = days_between(self.race, date).div_euclid(cycle);
        shift(self.race, cycles * cycle)
    }

    fn is_race(&self, date: Date) -> bool {
        self.week(date) == 0 && date.weekday() == Weekday::Sunday
    }

    pub(crate) fn phase(&self, date: Date) -> Phase {
        match self.week(date) {
            0 => Phase::Race,
            1 => Phase::Rest,
            2 => Phase::Return,
            6 | 10 | 14 => Phase::Down,
            19 => Phase::Taper,
            _ => Phase::Build,
        }
    }

    /// The share of full volume in a week.
    fn volume(&self, date: Date) -> f64 {
        match self.phase(date) {
            Phase::Race => 0.45,
            Phase::Rest => 0.0,
            Phase::Return => 0.5,
            Phase::Down => 0.62,
            Phase::Taper => 0.65,
            Phase::Build => 0.7 + 0.3 * (super::number(self.week(date)) / 18.0),
        }
    }

    fn illness_on(&self, date: Date) -> f64 {
        let day = usize::try_from(days_between(self.illness, date)).ok();
        day.and_then(|day| ILLNESS.get(day)).copied().unwrap_or(0.0)
    }

    fn wear(&self, date: Date) -> Wear {
        if self.is_race(date) {
            return Wear::Full;
        }
        let off = |date: Date| {
            self.off.iter().any(|(first, days)| (0..*days).contains(&days_between(*first, date)))
        };
        let before = shift(date, -1);
        let recent = (-7..=1).contains(&days_between(self.born, date));
        let charged = self.seed.child("night").at(days_between(self.born, date)).happens(0.02);
        if off(date) {
            Wear::Off
        } else if (off(before) && !self.is_race(before)) || (!recent && charged) {
            Wear::DayOnly
        } else {
            Wear::Full
        }
    }

    pub(crate) fn day(&self, date: Date, weekly_hours: f64) -> DayPlan {
        let wear = self.wear(date);
        let illness = self.illness_on(date);
        let phase = self.phase(date);
        let sessions = if wear == Wear::Off || illness > 0.0 {
            Vec::new()
        } else {
            self.sessions(date, weekly_hours)
        };
        DayPlan { phase, wear, illness, sessions }
    }

    fn sessions(&self, date: Date, weekly_hours: f64) -> Vec<Session> {
        use SessionKind::{Easy, Intervals, Long, Race, Recovery, Ride, Strength, Tempo};
        let phase = self.phase(date);
        let seed = self.seed.child("session").at(days_between(self.born, date));
        if phase == Phase::Rest {
            return Vec::new();
        }
        if self.is_race(date) {
            return vec![Session { kind: Race, minutes: 0.0, start: 9 * 60 + 30 }];
        }
        let since_illness = days_between(self.illness, date) - ILLNESS_DAYS;
        let gentle = phase == Phase::Return || (0..5).contains(&since_illness);
        let mut week: Vec<(SessionKind, f64)> = match date.weekday() {
            Weekday::Monday => vec![(Strength, 0.09)],
            Weekday::Tuesday => vec![(Intervals, 0.14)],
            Weekday::Wednesday => vec![(Easy, 0.11)],
            Weekday::Thursday => vec![(Tempo, 0.14)],
            Weekday::Friday => vec![(Recovery, 0.07)],
            Weekday::Saturday => vec![(Ride, 0.22)],
            Weekday::Sunday => vec![(Long, 0.23)],
        };
        match phase {
            Phase::Race if date.weekday() == Weekday::Saturday => week = vec![(Recovery, 0.07)],
            Phase::Race if matches!(date.weekday(), Weekday::Monday | Weekday::Friday) => {
                week.clear();
            }
            Phase::Race => week = vec![(Easy, 0.12)],
            Phase::Down if date.weekday() == Weekday::Friday => week.clear(),
            Phase::Rest | Phase::Return | Phase::Build | Phase::Down | Phase::Taper => {}
        }
        if phase == Phase::Build
            && self.week(date) == BRICK_WEEK
            && date.weekday() == Weekday::Saturday
            && !gentle
        {
            week.push((Easy, 0.05));
        }
        if gentle {
            for (kind, _) in &mut week {
                if matches!(kind, Intervals | Tempo | Long) {
                    *kind = Easy;
                }
            }
        }
        if seed.child("skipped").happens(0.06) {
            week.clear();
        }
        let volume = self.volume(date);
        // Beyond ordinary hours the long days grow, up to six hours.
        let longest = (weekly_hours * 13.0).max(190.0);
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let mut start = if weekend {
            9 * 60 + seed.child("start").whole(0, 45)
        } else {
            17 * 60 + 30 + seed.child("start").whole(0, 60)
        };
        week.into_iter()
            .map(|(kind, share)| {
                let minutes =
                    weekly_hours * 60.0 * volume * share * seed.child("length").between(0.92, 1.08);
                let session = Session { kind, minutes: minutes.clamp(25.0, longest), start };
                start += super::whole(session.minutes) + CHANGE_MINUTES;
                session
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn calendar(seed: u64) -> Calendar {
        Calendar::around(Seed::new(seed), date(2026, 11, 20))
    }

    #[test]
    fn a_race_ends_a_taper_and_is_followed_by_a_week_without_training() {
        for seed in 0..30 {
            let calendar = calendar(seed);
            let race = calendar.race_on_or_before(date(2026, 11, 20));
            let back = days_between(race, date(2026, 11, 20));
            assert!((30..80).contains(&back), "{race}");
            assert_eq!(calendar.day(race, 7.0).sessions[0].kind, SessionKind::Race);
            assert_eq!(calendar.phase(shift(race, -7)), Phase::Taper);
            for after in 1..=7 {
                assert!(calendar.day(shift(race, after), 7.0).sessions.is_empty());
            }
        }
    }

    #[test]
    fn nobody_trains_while_ill_and_nobody_is_ill_in_a_race_week() {
        for seed in 0..30 {
            let calendar = calendar(seed);
            for day in 0..ILLNESS_DAYS {
                let day = shift(calendar.illness, day);
                assert!(calendar.day(day, 7.0).sessions.is_empty());
                assert!(!matches!(calendar.phase(day), Phase::Race | Phase::Rest | Phase::Taper));
            }
        }
    }

    #[test]
    fn the_last_week_is_worn_throughout() {
        for seed in 0..30 {
            let calendar = calendar(seed);
            for back in 0..7 {
                let day = shift(date(2026, 11, 20), -back);
                assert_eq!(calendar.day(day, 7.0).wear, Wear::Full);
            }
        }
    }
}
