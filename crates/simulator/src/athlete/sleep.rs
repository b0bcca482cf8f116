//! One night: when, in which stages, and how good it was.

use crate::chance::Seed;
use crate::times::{MINUTE, Millis};

use super::{number, rounded, whole};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Deep,
    Light,
    Rem,
    Awake,
}

impl Stage {
    /// The code in `sleepLevels`.
    pub(crate) const fn code(self) -> f64 {
        match self {
            Self::Deep => 0.0,
            Self::Light => 1.0,
            Self::Rem => 2.0,
            Self::Awake => 3.0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spell {
    pub(crate) stage: Stage,
    pub(crate) start: Millis,
    pub(crate) end: Millis,
}

#[derive(Debug, Clone)]
pub(crate) struct Night {
    pub(crate) start: Millis,
    pub(crate) end: Millis,
    pub(crate) spells: Vec<Spell>,
    /// 0 to 1: what the body made of the hours.
    pub(crate) quality: f64,
    pub(crate) need_minutes: i64,
    pub(crate) score: i64,
    /// Body Battery on falling asleep and on waking.
    pub(crate) battery_start: f64,
    pub(crate) battery_end: f64,
}

impl Night {
    pub(crate) fn new(
        seed: Seed,
        (start, end): (Millis, Millis),
        quality: f64,
        need_minutes: i64,
    ) -> Self {
        let spells = stages(seed, start, end, quality);
        let mut night = Self {
            start,
            end,
            spells,
            quality,
            need_minutes,
            score: 0,
            battery_start: 0.0,
            battery_end: 0.0,
        };
        night.score = night.judge();
        night
    }

    pub(crate) fn seconds(&self, stage: Stage) -> i64 {
        self.spells
            .iter()
            .filter(|spell| spell.stage == stage)
            .map(|spell| (spell.end - spell.start) / 1_000)
            .sum()
    }

    /// Asleep, without the minutes awake.
    pub(crate) fn asleep_seconds(&self) -> i64 {
        (self.end - self.start) / 1_000 - self.seconds(Stage::Awake)
    }

    pub(crate) fn share(&self, stage: Stage) -> f64 {
        number(self.seconds(stage)) / number(self.asleep_seconds().max(1))
    }

    pub(crate) fn awake_count(&self) -> usize {
        self.spells.iter().filter(|spell| spell.stage == Stage::Awake).count()
    }

    pub(crate) fn contains(&self, at: Millis) -> bool {
        (self.start..self.end).contains(&at)
    }

    pub(crate) fn stage_at(&self, at: Millis) -> Stage {
        let index = self.spells.partition_point(|spell| spell.end <= at);
        self.spells.get(index).map_or(Stage::Awake, |spell| spell.stage)
    }

    /// What the night gave back.
    pub(crate) fn battery_change(&self) -> i64 {
        whole(self.battery_end.round()) - whole(self.battery_start.round())
    }

    fn judge(&self) -> i64 {
        let slept = number(self.asleep_seconds()) / 60.0 / number(self.need_minutes);
        let deep = (self.share(Stage::Deep) / 0.18).min(1.0);
        let rem = (self.share(Stage::Rem) / 0.21).min(1.0);
        let awake = number(i64::try_from(self.awake_count()).unwrap_or(0));
        let score =
            42.0 * slept.min(1.05).powf(1.6) + 13.0 * deep + 13.0 * rem + 32.0 * self.quality
                - 1.5 * awake;
        whole(score.round()).clamp(12, 100)
    }
}

/// Cycles of about 90 minutes: deep sleep early, dreams late, wakefulness where sleep is poor.
fn stages(seed: Seed, start: Millis, end: Millis, quality: f64) -> Vec<Spell> {
    let seed = seed.child("stages");
    let mut spells: Vec<Spell> = Vec::new();
    let mut at = start;
    for cycle in 0..12_i64 {
        let seed = seed.at(cycle);
        let lateness = number(cycle);
        let deep = (38.0 - 9.0 * lateness).max(3.0) * (0.55 + 0.6 * quality);
        let rem = (9.0 + 7.5 * lateness).min(36.0) * (0.6 + 0.5 * quality);
        let awake = if seed.child("wakes").happens(0.62 - 0.55 * quality) {
            seed.child("awake").between(2.0, 16.0 - 10.0 * quality)
        } else {
            0.0
        };
        let lengths = [
            (Stage::Light, seed.child("l1").between(14.0, 26.0)),
            (Stage::Deep, deep * seed.child("d").between(0.8, 1.2)),
            (Stage::Light, seed.child("l2").between(12.0, 26.0)),
            (Stage::Rem, rem * seed.child("r").between(0.8, 1.2)),
            (Stage::Awake, awake),
        ];
        for (stage, minutes) in lengths {
            let length = whole(minutes.round()) * MINUTE;
            if length == 0 {
                continue;
            }
            let until = (at + length).min(end);
            match spells.last_mut() {
                Some(last) if last.stage == stage => last.end = until,
                Some(_) | None => spells.push(Spell { stage, start: at, end: until }),
            }
            at = until;
            if at >= end {
                // Nobody's night ends awake: that would be the morning.
                if let Some(last) = spells.last_mut().filter(|last| last.stage == Stage::Awake) {
                    last.stage = Stage::Light;
                }
                return merged(spells);
            }
        }
    }
    if at < end {
        spells.push(Spell { stage: Stage::Light, start: at, end });
    }
    merged(spells)
}

/// Neighbours of one stage become one spell.
fn merged(spells: Vec<Spell>) -> Vec<Spell> {
    let mut merged: Vec<Spell> = Vec::with_capacity(spells.len());
    for spell in spells {
        match merged.last_mut() {
            Some(last) if last.stage == spell.stage => last.end = spell.end,
            Some(_) | None => merged.push(spell),
        }
    }
    merged
}

/// The word for a sleep score.
pub(crate) const fn qualifier(score: i64) -> &'static str {
    match score {
        90.. => "EXCELLENT",
        80..=89 => "GOOD",
        60..=79 => "FAIR",
        _ => "POOR",
    }
}

impl Night {
    pub(crate) const fn qualifier(&self) -> &'static str {
        qualifier(self.score)
    }

    /// A stage's share of the sleep, in whole per cent.
    pub(crate) fn percent(&self, stage: Stage) -> i64 {
        whole(rounded(self.share(stage) * 100.0, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::times::HOUR;

    fn night(seed: u64, quality: f64) -> Night {
        Night::new(Seed::new(seed), (0, 8 * HOUR), quality, 470)
    }

    #[test]
    fn stages_follow_each_other_without_gaps_and_fill_the_night() {
        for seed in 0..40 {
            let night = night(seed, 0.7);
            assert_eq!(night.spells.first().unwrap().start, night.start);
            assert_eq!(night.spells.last().unwrap().end, night.end);
            for pair in night.spells.windows(2) {
                assert_eq!(pair[0].end, pair[1].start);
                assert_ne!(pair[0].stage, pair[1].stage);
            }
            let stages = [Stage::Deep, Stage::Light, Stage::Rem, Stage::Awake];
            let all: i64 = stages.into_iter().map(|stage| night.seconds(stage)).sum();
            assert_eq!(all, 8 * 3_600);
        }
    }

    #[test]
    fn a_good_night_scores_better_than_a_bad_one() {
        let mean = |quality: f64| (0..40).map(|seed| night(seed, quality).score).sum::<i64>() / 40;
        let (good, bad) = (mean(0.9), mean(0.2));
        assert!(good > 82 && bad < 70 && good - bad > 15, "{good} {bad}");
    }
}
