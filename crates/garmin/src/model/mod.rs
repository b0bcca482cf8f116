//! What Garmin's answers say, reduced to the fields we show.
//!
//! Every field is optional and unknown fields are dropped: Garmin leaves keys out, sends null,
//! floats for integers and strings for numbers, and adds fields at any time. A value of a type
//! that makes no sense is treated as absent; it never costs the rest of the answer.

mod activities;
mod activity_parts;
mod challenges;
mod courses;
mod fitness;
mod gear;
mod golf;
mod lenient;
mod lifestyle;
mod load;
mod plans;
mod profile;
mod progress;
mod ranges;
mod series;
mod sleep;
mod times;
mod training;
mod watches;
mod weight;
mod wellness;
mod womens_health;
mod workouts;

pub(crate) use lenient::Lenient;

pub use activities::{
    Activity, ActivityDetails, ActivityDetailsRow, ActivityDevice, ActivityMetadata,
    ActivitySplits, ActivitySummary, ActivityTotals, ActivityType, EventType, Lap,
    MetricDescriptor, PoolLength, Route, RoutePoint, TimeInZone, TimeZoneUnit,
};
pub use activity_parts::{
    ActivityCount, ActivityTypeRow, ActivityWeather, DayActivities, DayPayload, ExerciseCandidate,
    ExerciseSet, ExerciseSets, SplitSummaries, SplitSummary, TypedSplit, TypedSplits, WeatherKind,
    WeatherStation,
};
pub use challenges::{AdhocChallenge, Badge, BadgeChallenge, Goal, GoalProgress, PersonalRecord};
pub use courses::{Course, CourseHeader, CourseLine, CoursePage, CoursePoint, GeoPoint};
pub use fitness::{
    Acclimation, BiometricPoint, CyclingFtp, EnduranceContributor, EnduranceGroup, EnduranceScore,
    EnduranceStats, FitnessAge, FitnessAgePart, Flight, HillScore, HillStats, JetLagTrip,
    MaxMetric, MaxMetrics, PowerToWeight, RacePrediction, RespirationDay, RunningTolerance,
    ThresholdRow,
};
pub use gear::{Gear, GearDefault, GearPurpose, GearStats, GearUse};
pub use golf::{
    ClubStats, ClubType, GolfClub, GolfCourse, GolfHole, GolfShot, GolfShots, GolfSpot, GolfStats,
    HoleShots, RoundStats, Scorecard, ScorecardDetail, ScorecardDetails, ScorecardPage,
    ScorecardStats, ScorecardSummary, pars,
};
pub use lenient::ByKey;
pub use lifestyle::{
    Behaviour, BehaviourAmount, BehaviourKind, LifestyleDay, LogCompletion, LoggedBehaviour,
};
pub use load::{
    ActivityLoad, AcuteLoad, DeviceStatus, DeviceStatuses, LoadBalance, LoadBalances, LoadReport,
    LoadReportPart, LoadReportPayload, TrainingStatus,
};
pub use plans::{
    PlanKind, PlanLevel, PlanPhase, PlanSport, PlanStatus, PlanTask, PlanVersion, PlanWorkout,
    TrainingPlan, TrainingPlans,
};
pub use profile::{
    BiometricProfile, Format, HeartRateZones, PersonalInformation, PowerZones, ProfileSettings,
    SocialProfile, UserData, UserInfo, UserSettings, UserSleep, WeekDay,
};
pub use progress::{ActivityStats, MetricStats};
pub use ranges::{
    AllMetrics, CalorieDay, DailyTotals, DayFloors, DayLevels, DayRates, DayStress, FloorValues,
    HydrationDay, HydrationValues, IntakeContent, IntakeDay, IntakeFood, IntakeMeal,
    IntakeSummaries, IntensityDay, LevelValues, MetricDay, MetricsMap, RateValues, SleepStats,
    SleepStatsNight, SleepStatsValues, StepsDay, StressValues, TotalValues, WeekOfSteps,
    WeekOfStepsValues, WeekOfStress, WellnessMetrics,
};
pub use series::{Cell, Descriptor, Sample};
pub use sleep::{
    Hrv, HrvBaseline, HrvRange, HrvReading, HrvSummary, Nap, Night, NightDto, NightMovement,
    NightSpo2, NightValue, SleepLevel, SleepNeed, SleepScore, SleepScores,
};
pub use training::TrainingReadiness;
pub use watches::{
    LastUsedWatch, SolarDay, SolarDays, SolarInput, SolarReading, TrainingWatch, TrainingWatches,
    Watch, WatchAlarm, WatchSettings, WatchTracking, WatchWeights,
};
pub use weight::{
    BloodPressure, BloodPressureDay, BloodPressureRange, Hydration, WeighIn, WeightAverage,
    WeightDay, WeightList, WeightRange,
};
pub use wellness::{
    BodyBatteryDay, BodyBatteryEvent, BodyBatteryFeedback, BodyBatteryHappening, BodyBatteryPoint,
    DailySummary, DayEvent, FloorBucket, Floors, HealthSnapshot, HeartRates, Intensity,
    Respiration, SnapshotSummary, Spo2, StepBucket, Stress,
};
pub use womens_health::{
    CycleDay, CycleLog, CycleSummary, CycleSummaryDay, LoggedDay, MenstrualCalendar, Pregnancy,
};
pub use workouts::{
    CalendarItem, CalendarMonth, Document, EventGoal, EventTarget, EventTime, GraphProblem,
    PlanData, PlanSummaries, PlanWeek, PlanWeeks, ScheduleData, ScheduleEntry, ScheduleSummaries,
    ScheduledWorkout, SportType, WorkoutHeader,
};

/// Declares a model: Garmin's key and its other spellings, then our name and type, every field an
/// `Option`. `refused by` names the flag with which Garmin says that the rest is withheld.
macro_rules! model {
    ($(
        $(#[$doc:meta])*
        $name:ident as $what:literal $(refused by $flag:ident)? {
            $($(#[$field_doc:meta])* $key:literal $(| $alias:literal)* => $field:ident: $type:ty,)*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {$(
            $(#[$field_doc])*
            pub $field: Option<$type>,
        )*}

        impl $crate::model::lenient::Fields for $name {
            fn fill<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                key: &str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match key {
                    $($key $(| $alias)* => $crate::model::lenient::fill(&mut self.$field, map),)*
                    _ => map.next_value::<serde::de::IgnoredAny>().map(|_| ()),
                }
            }
        }

        impl $crate::model::Lenient for $name {
            fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
                $crate::model::lenient::model(from)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::model::lenient::model(from).map(Option::unwrap_or_default)
            }
        }

        impl $crate::body::Named for $name {
            const WHAT: &'static str = $what;
        }

        impl $crate::body::Shape for $name {
            const WHAT: &'static str = $what;
            const OPENS_WITH: u8 = b'{';
            $(
                fn is_refused(&self) -> bool {
                    self.$flag == Some(true)
                }
            )?
        }
    )*};
}
pub(crate) use model;
