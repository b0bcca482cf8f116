//! Garmin's dictionaries for workouts: every small object names a thing by number and by word.
//!
//! Garmin acts on the number and ignores the word, so a wrong number means another thing
//! without any complaint: watts shown as km/h, a set taken for a swim. Both are kept in one place
//! and always sent together.

use serde_json::{Value, json};

/// What all dictionaries have.
pub(super) trait Dictionary: Copy + PartialEq + 'static {
    /// The keys under which Garmin writes number and word.
    const KEYS: (&'static str, &'static str);
    const EVERY: &'static [Self];

    fn number(self) -> i64;
    fn word(self) -> &'static str;

    /// The small object Garmin wants.
    fn json(self) -> Value {
        let (id, word) = Self::KEYS;
        json!({ id: self.number(), word: self.word(), "displayOrder": self.number() })
    }
}

macro_rules! dictionary {
    ($(
        $(#[$doc:meta])*
        $name:ident as $id_key:literal $word_key:literal {
            $($(#[$variant_doc:meta])* $variant:ident = $id:literal $word:literal,)*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            #[must_use]
            pub fn id(self) -> i64 {
                match self { $(Self::$variant => $id,)* }
            }

            /// Garmin's word.
            #[must_use]
            pub fn key(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            #[must_use]
            pub fn by_id(id: i64) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.id() == id)
            }

            #[must_use]
            pub fn by_key(key: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.key() == key)
            }
        }

        impl Dictionary for $name {
            const KEYS: (&'static str, &'static str) = ($id_key, $word_key);
            const EVERY: &'static [Self] = Self::ALL;

            fn number(self) -> i64 {
                self.id()
            }

            fn word(self) -> &'static str {
                self.key()
            }
        }
    )*};
}

dictionary! {
    Sport as "sportTypeId" "sportTypeKey" {
        Running = 1 "running",
        Cycling = 2 "cycling",
        Other = 3 "other",
        Swimming = 4 "swimming",
        Strength = 5 "strength_training",
        Cardio = 6 "cardio_training",
        Yoga = 7 "yoga",
        Pilates = 8 "pilates",
        Hiit = 9 "hiit",
        Multisport = 10 "multi_sport",
        Mobility = 11 "mobility",
        /// Not every account has walking and rucking: read back what was stored.
        Walking = 12 "walking",
        Rucking = 13 "rucking",
    }

    StepKind as "stepTypeId" "stepTypeKey" {
        Warmup = 1 "warmup",
        Cooldown = 2 "cooldown",
        Interval = 3 "interval",
        Recovery = 4 "recovery",
        Rest = 5 "rest",
        Repeat = 6 "repeat",
        Other = 7 "other",
        Main = 8 "main",
    }

    /// What ends a step.
    Condition as "conditionTypeId" "conditionTypeKey" {
        LapButton = 1 "lap.button",
        Time = 2 "time",
        Distance = 3 "distance",
        Calories = 4 "calories",
        Power = 5 "power",
        HeartRate = 6 "heart.rate",
        Iterations = 7 "iterations",
        FixedRest = 8 "fixed.rest",
        FixedRepetition = 9 "fixed.repetition",
        Reps = 10 "reps",
        TrainingStress = 11 "training.peaks.tss",
        RepetitionTime = 12 "repetition.time",
        TimeAtValidCda = 13 "time.at.valid.cda",
        PowerLastLap = 14 "power.last.lap",
        MaxPowerLastLap = 15 "max.power.last.lap",
        RepetitionSwimCssOffset = 16 "repetition.swim.css.offset",
        VelocityLoss = 17 "velocity.loss",
        CustomVelocity = 18 "custom.velocity",
        VbtVelocityZone = 19 "vbt.velocity.zone",
        VelocityMin = 20 "velocity.min",
        PeakVelocityMin = 21 "peak.velocity.min",
        PeakVelocityLoss = 22 "peak.velocity.loss",
        CustomPeakVelocity = 23 "custom.peak.velocity",
        PowerLoss = 24 "power.loss",
    }

    /// What the athlete steers by.
    TargetType as "workoutTargetTypeId" "workoutTargetTypeKey" {
        None = 1 "no.target",
        Power = 2 "power.zone",
        Cadence = 3 "cadence",
        HeartRate = 4 "heart.rate.zone",
        Speed = 5 "speed.zone",
        Pace = 6 "pace.zone",
        Grade = 7 "grade",
        HeartRateLap = 8 "heart.rate.lap",
        PowerLap = 9 "power.lap",
        Power3s = 10 "power.3s",
        Power10s = 11 "power.10s",
        Power30s = 12 "power.30s",
        SpeedLap = 13 "speed.lap",
        SwimStroke = 14 "swim.stroke",
        Resistance = 15 "resistance",
        PowerCurve = 16 "power.curve",
        SwimCssOffset = 17 "swim.css.offset",
        SwimInstruction = 18 "swim.instruction",
        Instruction = 19 "instruction",
        VelocityLoss = 20 "velocity.loss",
        CustomVelocity = 21 "custom.velocity",
        VbtVelocityZone = 22 "vbt.velocity.zone",
        PowerLoss = 23 "power.loss",
        VelocityMin = 24 "velocity.min",
        PeakVelocityMin = 25 "peak.velocity.min",
        PeakVelocityLoss = 26 "peak.velocity.loss",
        CustomPeakVelocity = 27 "custom.peak.velocity",
    }

    Stroke as "strokeTypeId" "strokeTypeKey" {
        Any = 1 "any_stroke",
        Back = 2 "backstroke",
        Breast = 3 "breaststroke",
        Drill = 4 "drill",
        Fly = 5 "fly",
        Free = 6 "free",
        Medley = 7 "individual_medley",
        Mixed = 8 "mixed",
        MedleyByRound = 9 "individual_medley_by_round",
    }

    Equipment as "equipmentTypeId" "equipmentTypeKey" {
        Fins = 1 "fins",
        Kickboard = 2 "kickboard",
        Paddles = 3 "paddles",
        PullBuoy = 4 "pull_buoy",
        Snorkel = 5 "snorkel",
    }

    Drill as "drillTypeId" "drillTypeKey" {
        Kick = 1 "kick",
        Pull = 2 "pull",
        Drill = 3 "drill",
    }

    /// How hard to swim; sent as a number in the place of a target's value.
    Effort as "workoutSwimInstructionTypeId" "workoutSwimInstructionTypeKey" {
        Recovery = 1 "recovery",
        VeryEasy = 2 "very_easy",
        Easy = 3 "easy",
        Moderate = 4 "moderate",
        Hard = 5 "hard",
        VeryHard = 6 "very_hard",
        AllOut = 7 "all_out",
        Fast = 8 "fast",
        Ascend = 9 "ascend",
        Descend = 10 "descend",
    }
}

impl Sport {
    /// The form's word, where it is shorter than Garmin's.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Strength => "strength",
            Self::Cardio => "cardio",
            Self::Multisport => "multisport",
            Self::Running
            | Self::Cycling
            | Self::Other
            | Self::Swimming
            | Self::Yoga
            | Self::Pilates
            | Self::Hiit
            | Self::Mobility
            | Self::Walking
            | Self::Rucking => self.key(),
        }
    }

    /// A sport by the form's word, Garmin's, or a word people use.
    #[must_use]
    pub fn by_word(word: &str) -> Option<Self> {
        let word = plain(word);
        let known = Self::ALL.iter().copied().find(|one| one.word() == word || one.key() == word);
        known.or(match word.as_str() {
            "run" | "trail_running" | "treadmill_running" => Some(Self::Running),
            "bike" | "ride" | "biking" | "indoor_cycling" => Some(Self::Cycling),
            "swim" | "lap_swimming" | "pool_swimming" => Some(Self::Swimming),
            "gym" | "weights" => Some(Self::Strength),
            "walk" => Some(Self::Walking),
            "ruck" => Some(Self::Rucking),
            "triathlon" | "brick" => Some(Self::Multisport),
            _ => None,
        })
    }
}

impl Stroke {
    /// A stroke by Garmin's word or a swimmer's.
    #[must_use]
    pub fn by_word(word: &str) -> Option<Self> {
        let word = plain(word);
        Self::by_key(&word).or(match word.as_str() {
            "any" | "choice" => Some(Self::Any),
            "back" => Some(Self::Back),
            "breast" => Some(Self::Breast),
            "butterfly" => Some(Self::Fly),
            "freestyle" | "crawl" | "front_crawl" => Some(Self::Free),
            "im" | "medley" => Some(Self::Medley),
            _ => None,
        })
    }
}

impl Equipment {
    #[must_use]
    pub fn by_word(word: &str) -> Option<Self> {
        let word = plain(word);
        Self::by_key(&word).or(match word.as_str() {
            "board" => Some(Self::Kickboard),
            "buoy" | "pullbuoy" => Some(Self::PullBuoy),
            "paddle" => Some(Self::Paddles),
            _ => None,
        })
    }
}

/// Lower case, with one underscore for whatever separates words.
pub(super) fn plain(text: &str) -> String {
    let words: Vec<String> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("_")
}

/// The words a dictionary offers, for refusals.
pub(super) fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> String {
    all.iter().map(|one| format!("`{}`", word(*one))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_are_garmins() {
        let sports: Vec<(i64, &str)> =
            Sport::ALL.iter().map(|sport| (sport.id(), sport.key())).collect();
        assert_eq!(sports[3..5], [(4, "swimming"), (5, "strength_training")]);
        assert_eq!(sports[10..12], [(11, "mobility"), (12, "walking")]);
        let (targets, conditions) = (TargetType::ALL, Condition::ALL);
        for (index, target) in targets.iter().enumerate() {
            assert_eq!(target.id(), i64::try_from(index).unwrap() + 1);
        }
        for (index, condition) in conditions.iter().enumerate() {
            assert_eq!(condition.id(), i64::try_from(index).unwrap() + 1);
        }
        assert_eq!(TargetType::by_id(2), Some(TargetType::Power));
        assert_eq!(TargetType::by_key("pace.zone"), Some(TargetType::Pace));
        assert_eq!(
            Sport::Strength.json(),
            json!({"sportTypeId": 5, "sportTypeKey": "strength_training", "displayOrder": 5})
        );
    }

    #[test]
    fn words_people_use_are_understood() {
        assert_eq!(Sport::by_word("Strength Training"), Some(Sport::Strength));
        assert_eq!(Sport::by_word("bike"), Some(Sport::Cycling));
        assert_eq!(Sport::by_word("multi-sport"), Some(Sport::Multisport));
        assert_eq!(Sport::by_word("chess"), None);
        assert_eq!(Stroke::by_word("Butterfly"), Some(Stroke::Fly));
        assert_eq!(Equipment::by_word("pull buoy"), Some(Equipment::PullBuoy));
    }
}
