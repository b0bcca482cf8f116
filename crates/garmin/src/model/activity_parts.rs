//! What hangs on an activity: splits by kind, weather, sets, and the table of types.

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::{ActivitySummary, model};

model! {
    /// Stretches of an activity, told apart by what was done: climbs, walks, intervals.
    TypedSplits as "typed splits" {
        "activityId" => id: i64,
        "splits" => splits: Vec<TypedSplit>,
    }

    /// Units as in [`super::ActivityTotals`].
    TypedSplit as "typed split" {
        /// `CLIMB_ACTIVE`, `RWD_WALK`, `INTERVAL_ACTIVE`, …
        "type" | "splitType" => kind: String,
        "status" => status: String,
        "startTimeGMT" => start: Timestamp,
        "startTimeLocal" => start_local: DateTime,
        "endTimeGMT" => end: Timestamp,
        "distance" => distance_m: f64,
        "duration" => duration_s: f64,
        "movingDuration" => moving_s: f64,
        "elevationGain" | "totalAscent" => elevation_gain_m: f64,
        "elevationLoss" => elevation_loss_m: f64,
        "averageSpeed" => average_speed_mps: f64,
        "maxSpeed" => max_speed_mps: f64,
        "averageHR" => average_heart_rate: f64,
        "maxHR" => max_heart_rate: f64,
        "averageRunCadence" => run_cadence_spm: f64,
        "averagePower" => average_power_w: f64,
        "calories" => calories: f64,
        /// A grade of climbing, such as `6a`, or a number of some scale.
        "gradeValue" => grade: String,
    }

    /// The same, added up by kind.
    SplitSummaries as "split summaries" {
        "activityId" => id: i64,
        "splitSummaries" => summaries: Vec<SplitSummary>,
    }

    SplitSummary as "split summary" {
        "splitType" | "type" => kind: String,
        "noOfSplits" => count: i64,
        "distance" => distance_m: f64,
        "duration" => duration_s: f64,
        "movingDuration" => moving_s: f64,
        "totalAscent" | "elevationGain" => elevation_gain_m: f64,
        "elevationLoss" => elevation_loss_m: f64,
        "averageSpeed" => average_speed_mps: f64,
        "maxSpeed" => max_speed_mps: f64,
        "maxDistance" => longest_m: f64,
        "averageHR" => average_heart_rate: f64,
        "maxHR" => max_heart_rate: f64,
        "numFalls" => falls: i64,
        "numClimbSends" => climb_sends: i64,
    }

    /// The weather at the nearest station. Degrees Fahrenheit and, by the same custom, miles an
    /// hour, whatever units the account prefers. All null indoors.
    ActivityWeather as "weather" {
        "issueDate" => issued: Timestamp,
        "temp" => temperature_f: f64,
        "apparentTemp" => apparent_f: f64,
        "dewPoint" => dew_point_f: f64,
        "relativeHumidity" => humidity_pct: f64,
        /// Where it comes from.
        "windDirection" => wind_from_degrees: f64,
        "windDirectionCompassPoint" => wind_from: String,
        "windSpeed" => wind_mph: f64,
        "windGust" => gust_mph: f64,
        "weatherStationDTO" => station: WeatherStation,
        "weatherTypeDTO" => kind: WeatherKind,
    }

    WeatherStation as "weather station" {
        "id" => id: String,
        "name" => name: String,
    }

    WeatherKind as "weather kind" {
        "weatherTypePk" => id: String,
        "desc" | "weatherTypeDesc" => description: String,
        "weatherTypeName" => name: String,
    }

    /// The sets of a strength training.
    ExerciseSets as "exercise sets" {
        "activityId" => id: i64,
        "exerciseSets" => sets: Vec<ExerciseSet>,
    }

    ExerciseSet as "exercise set" {
        /// `ACTIVE` or `REST`.
        "setType" => kind: String,
        "startTime" => start: Timestamp,
        "duration" => duration_s: f64,
        "repetitionCount" => repetitions: i64,
        /// Grams.
        "weight" => weight_g: f64,
        "messageIndex" => index: i64,
        "wktStepIndex" => workout_step: i64,
        /// What it may have been, likeliest first as a rule.
        "exercises" => candidates: Vec<ExerciseCandidate>,
    }

    ExerciseCandidate as "exercise" {
        "category" => category: String,
        "name" => name: String,
        "probability" => probability_pct: f64,
    }

    /// How many activities there are. The legs of a multisport activity count, and so does the
    /// whole of it.
    ActivityCount as "activity count" {
        "totalCount" => total: i64,
        "multisportParentCount" => multisport: i64,
        "multisportChildCount" => legs: i64,
    }

    /// A row of the table of types.
    ActivityTypeRow as "activity types" {
        "typeId" => id: i64,
        "typeKey" => key: String,
        "displayName" => name: String,
        "parentTypeId" => parent_id: i64,
        "isHidden" => is_hidden: bool,
    }

    /// A day as the phone app asks for it; its heart rate is left out.
    DayActivities as "activities of a day" {
        "ActivitiesForDay" => activities: DayPayload,
    }

    DayPayload as "activities of a day" {
        "payload" => items: Vec<ActivitySummary>,
    }
}

impl ExerciseSet {
    /// The exercise it most likely was.
    #[must_use]
    pub fn likeliest(&self) -> Option<&ExerciseCandidate> {
        let candidates = self.candidates.as_deref()?;
        candidates.iter().reduce(|best, next| {
            let odds = |it: &ExerciseCandidate| it.probability_pct.unwrap_or(0.0);
            if odds(next) > odds(best) { next } else { best }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn the_weather_of_the_reference_is_read_and_that_of_a_room_is_none() {
        let body = br#"{"issueDate":"2026-05-01T16:00:00.000+00:00","temp":68,"apparentTemp":68,
            "relativeHumidity":52,"windDirection":180,"windSpeed":7,"windGust":null,
            "weatherStationDTO":{"id":"LFLY","name":"Lyon"},
            "weatherTypeDTO":{"weatherTypePk":null,"desc":"Mostly Cloudy"}}"#;
        let weather: ActivityWeather = decode(body).unwrap().unwrap();
        assert_eq!((weather.temperature_f, weather.wind_mph), (Some(68.0), Some(7.0)));
        assert_eq!(weather.kind.unwrap().description.as_deref(), Some("Mostly Cloudy"));
        let room = br#"{"issueDate":null,"temp":null,"weatherStationDTO":null}"#;
        assert_eq!(decode::<ActivityWeather>(room).unwrap(), None);
    }

    #[test]
    fn a_set_is_the_exercise_it_most_likely_was() {
        let body = br#"{"activityId":1,"exerciseSets":[{"setType":"ACTIVE","weight":60000.0,
            "repetitionCount":0,"exercises":[{"category":"CURL","probability":12.5},
            {"category":"BENCH_PRESS","name":"BARBELL_BENCH_PRESS","probability":80}]},
            {"exercises":[],"setType":"REST","repetitionCount":null}]}"#;
        let sets = decode::<ExerciseSets>(body).unwrap().unwrap().sets.unwrap();
        let best = sets[0].likeliest().unwrap();
        assert_eq!(best.category.as_deref(), Some("BENCH_PRESS"));
        assert_eq!((sets[0].repetitions, sets[1].repetitions), (Some(0), None));
        assert_eq!(sets[1].likeliest(), None);
        let running = br#"{"activityId":20000000001,"exerciseSets":null}"#;
        assert_eq!(decode::<ExerciseSets>(running).unwrap().unwrap().sets, None);
    }
}
