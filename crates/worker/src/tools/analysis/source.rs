//! Where the numbers come from: the recorded file, or the curve Garmin draws of it.

use garmin::api::{ActivityId, ActivityKind, ActivityQuery, FileKind};
use garmin::days::DayRange;
use garmin::files::{self, BadFile, Recording};
use garmin::model::{ActivityDetails, ActivitySummary};
use garmin::{Garmin, GarminError};
use jiff::Timestamp;
use serde_json::Value;
use training::series::Grid;

use crate::account::Account;
use crate::error::ToolError;
use crate::tools::numbers::{hundredth, tenth, whole};

/// A number for JSON; nothing where there is none.
pub(super) fn shown(value: Option<f64>, digits: u32) -> Value {
    let Some(value) = value.filter(|value| value.is_finite()) else { return Value::Null };
    match digits {
        0 => whole(value).into(),
        1 => tenth(value).into(),
        2 => hundredth(value).into(),
        digits => training::rounded(value, i32::try_from(digits).unwrap_or(0)).into(),
    }
}

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "seconds and counts")]
pub(super) fn number(count: usize) -> f64 {
    count as f64
}

pub(super) fn unknown_activity(field: &'static str) -> ToolError {
    ToolError::NotFound {
        field,
        what: "activity",
        hint: "Allowed is the `id` of an activity in `get_activities`.",
    }
}

pub(super) use crate::tools::activities::find::id as activity_id;

/// A recording, or why there is none.
pub(super) enum Filed {
    Found {
        recording: Box<Recording>,
        bytes: Vec<u8>,
    },
    /// In words for the answer.
    Nothing(&'static str),
}

/// Fetches and reads the file of an activity.
pub(super) async fn recording(garmin: &Garmin, id: ActivityId) -> Result<Filed, ToolError> {
    let zip = match garmin.activity_file(id, FileKind::Original).await {
        Ok(Some(zip)) => zip,
        Ok(None) => {
            // Without a file, or without an activity?
            return match garmin.activity(id).await {
                Ok(_) => Ok(Filed::Nothing(
                    "Garmin keeps no file of this activity; it was \
                                            probably entered by hand",
                )),
                Err(GarminError::NotFound | GarminError::Forbidden) => {
                    Err(unknown_activity("activity_id"))
                }
                Err(error) => Err(error.into()),
            };
        }
        Err(GarminError::Forbidden) => return Err(unknown_activity("activity_id")),
        Err(error) => return Err(error.into()),
    };
    Ok(read(&zip))
}

fn read(zip: &[u8]) -> Filed {
    let bytes = match files::unpack(zip) {
        Ok(bytes) => bytes,
        Err(bad) => return Filed::Nothing(why(bad)),
    };
    match files::record(&bytes) {
        Ok(recording) => Filed::Found { recording: Box::new(recording), bytes },
        Err(bad) => Filed::Nothing(why(bad)),
    }
}

fn why(bad: BadFile) -> &'static str {
    match bad {
        BadFile::BadArchive => "the file Garmin keeps of this activity cannot be opened",
        BadFile::NoFit => "this activity was uploaded in another format than FIT",
        BadFile::NotFit => "the file Garmin keeps of this activity is no FIT file",
        BadFile::TooLarge => "the file of this activity is larger than can be read here",
    }
}

/// Channels on one grid of seconds.
pub(super) struct Seconds {
    pub(super) start: Option<Timestamp>,
    pub(super) length: usize,
    samples: Samples,
    grid: Grid,
}

enum Samples {
    File(Box<Recording>),
    Chart { times: Vec<f64>, details: Box<ActivityDetails> },
}

impl Seconds {
    /// From a recording. Nothing where it has no records, or a clock that makes no sense.
    pub(super) fn of_recording(recording: Box<Recording>) -> Option<Self> {
        let first = *recording.records.times.first()?;
        #[expect(clippy::cast_precision_loss, reason = "seconds of an activity")]
        let since = recording.records.times.iter().map(|time| (time - first) as f64);
        let grid = Grid::over(since)?;
        let start = Timestamp::from_second(first).ok();
        Some(Self { start, length: grid.seconds(), samples: Samples::File(recording), grid })
    }

    /// From Garmin's curve. Nothing where it has none.
    pub(super) fn of_chart(details: ActivityDetails) -> Option<Self> {
        let stamps = details.channel("directTimestamp");
        let first = stamps.as_ref().and_then(|it| it.iter().flatten().copied().next());
        let times: Vec<f64> = match (stamps, first) {
            (Some(stamps), Some(first)) => {
                let since = |at: Option<f64>| at.map_or(f64::NAN, |at| (at - first) / 1_000.0);
                stamps.into_iter().map(since).collect()
            }
            _ => {
                let elapsed = details.channel("sumElapsedDuration");
                let elapsed = elapsed.or_else(|| details.channel("sumDuration"))?;
                elapsed.into_iter().map(|at| at.unwrap_or(f64::NAN)).collect()
            }
        };
        let grid = Grid::over(times.iter().copied())?;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
        let start = first.and_then(|at| Timestamp::from_millisecond(at as i64).ok());
        let samples = Samples::Chart { times, details: Box::new(details) };
        Some(Self { start, length: grid.seconds(), samples, grid })
    }

    /// One value per second, by the name of the channel in our results; nothing where it was
    /// not recorded.
    pub(super) fn channel(&self, channel: Channel) -> Option<Vec<Option<f64>>> {
        let values = match &self.samples {
            Samples::File(recording) => {
                let records = &recording.records;
                let _recorded = records.channel(channel.in_file())?;
                let twice = channel == Channel::RunCadence;
                if twice || channel == Channel::Cadence {
                    let whole = self.grid.place(records.timed("cadence_rpm"));
                    let part = self.grid.place(records.timed("fractional_cadence_rpm"));
                    let strides =
                        whole.iter().zip(part.iter().copied().chain(std::iter::repeat(None)));
                    let factor = if twice { 2.0 } else { 1.0 };
                    strides
                        .map(|(whole, part)| Some((whole.as_ref()? + part.unwrap_or(0.0)) * factor))
                        .collect()
                } else {
                    self.grid.place(records.timed(channel.in_file()))
                }
            }
            Samples::Chart { times, details } => {
                let mut keys = channel.in_chart().iter();
                let (values, factor) =
                    keys.find_map(|(key, by)| Some((details.channel(key)?, *by)))?;
                let values = values.into_iter().map(|value| value.map(|value| value * factor));
                self.grid.place(times.iter().copied().zip(values))
            }
        };
        let cleaned: Vec<Option<f64>> = values
            .into_iter()
            .map(|value| value.filter(|value| channel.is_possible(*value)))
            .collect();
        cleaned.iter().any(Option::is_some).then_some(cleaned)
    }

    /// Whether anything at all was recorded in each second.
    pub(super) fn present(&self) -> Vec<bool> {
        let ones: Vec<Option<f64>> = match &self.samples {
            Samples::File(recording) => {
                let first = recording.records.times.first().copied().unwrap_or(0);
                #[expect(clippy::cast_precision_loss, reason = "seconds of an activity")]
                let times = recording.records.times.iter().map(|it| (it - first) as f64);
                self.grid.place(times.map(|time| (time, Some(1.0))))
            }
            Samples::Chart { times, .. } => {
                self.grid.place(times.iter().map(|time| (*time, Some(1.0))))
            }
        };
        ones.into_iter().map(|one| one.is_some()).collect()
    }
}

/// What can be read of an activity second by second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    HeartRate,
    Power,
    Speed,
    GradeSpeed,
    Distance,
    Altitude,
    Cadence,
    RunCadence,
    Temperature,
    Grade,
    Respiration,
    Latitude,
    Longitude,
    VerticalOscillation,
    GroundContact,
    StrideLength,
    Stamina,
    BodyBattery,
}

impl Channel {
    pub(super) const ALL: [Self; 18] = [
        Self::HeartRate,
        Self::Power,
        Self::Speed,
        Self::GradeSpeed,
        Self::Distance,
        Self::Altitude,
        Self::Cadence,
        Self::RunCadence,
        Self::Temperature,
        Self::Grade,
        Self::Respiration,
        Self::Latitude,
        Self::Longitude,
        Self::VerticalOscillation,
        Self::GroundContact,
        Self::StrideLength,
        Self::Stamina,
        Self::BodyBattery,
    ];

    /// The name callers ask with.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::HeartRate => "heart_rate",
            Self::Power => "power",
            Self::Speed => "speed",
            Self::GradeSpeed => "grade_adjusted_speed",
            Self::Distance => "distance",
            Self::Altitude => "altitude",
            Self::Cadence => "cadence",
            Self::RunCadence => "run_cadence",
            Self::Temperature => "temperature",
            Self::Grade => "grade",
            Self::Respiration => "respiration",
            Self::Latitude => "latitude",
            Self::Longitude => "longitude",
            Self::VerticalOscillation => "vertical_oscillation",
            Self::GroundContact => "ground_contact_time",
            Self::StrideLength => "stride_length",
            Self::Stamina => "stamina",
            Self::BodyBattery => "body_battery",
        }
    }

    /// The column, with its unit.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::HeartRate => "heart_rate_bpm",
            Self::Power => "power_w",
            Self::Speed => "speed_mps",
            Self::GradeSpeed => "grade_adjusted_speed_mps",
            Self::Distance => "distance_m",
            Self::Altitude => "altitude_m",
            Self::Cadence => "cadence_rpm",
            Self::RunCadence => "cadence_spm",
            Self::Temperature => "temperature_c",
            Self::Grade => "grade_pct",
            Self::Respiration => "respiration_brpm",
            Self::Latitude => "lat_deg",
            Self::Longitude => "lon_deg",
            Self::VerticalOscillation => "vertical_oscillation_cm",
            Self::GroundContact => "ground_contact_time_ms",
            Self::StrideLength => "stride_length_cm",
            Self::Stamina => "stamina_pct",
            Self::BodyBattery => "body_battery",
        }
    }

    pub(super) fn digits(self) -> u32 {
        match self {
            Self::HeartRate
            | Self::Power
            | Self::Distance
            | Self::Cadence
            | Self::RunCadence
            | Self::GroundContact
            | Self::Stamina
            | Self::BodyBattery => 0,
            Self::Altitude
            | Self::Temperature
            | Self::Grade
            | Self::Respiration
            | Self::VerticalOscillation
            | Self::StrideLength => 1,
            Self::Speed | Self::GradeSpeed => 2,
            Self::Latitude | Self::Longitude => 5,
        }
    }

    fn in_file(self) -> &'static str {
        match self {
            Self::Cadence | Self::RunCadence => "cadence_rpm",
            Self::VerticalOscillation => "vertical_oscillation_mm",
            Self::StrideLength => "step_length_mm",
            other => other.column(),
        }
    }

    /// Garmin's keys, the better first, and what turns their values into ours.
    fn in_chart(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::HeartRate => &[("directHeartRate", 1.0)],
            Self::Power => &[("directPower", 1.0)],
            Self::Speed => &[("directSpeed", 1.0)],
            Self::GradeSpeed => &[("directGradeAdjustedSpeed", 1.0)],
            Self::Distance => &[("sumDistance", 1.0)],
            Self::Altitude => &[("directElevation", 1.0), ("directCorrectedElevation", 1.0)],
            Self::Cadence => &[("directBikeCadence", 1.0)],
            // Both feet, or the strides of one.
            Self::RunCadence => &[("directDoubleCadence", 1.0), ("directRunCadence", 2.0)],
            Self::Temperature => &[("directAirTemperature", 1.0)],
            Self::Grade => &[("directGrade", 1.0)],
            Self::Respiration => &[("directRespirationRate", 1.0)],
            Self::Latitude => &[("directLatitude", 1.0)],
            Self::Longitude => &[("directLongitude", 1.0)],
            Self::VerticalOscillation => &[("directVerticalOscillation", 1.0)],
            Self::GroundContact => &[("directGroundContactTime", 1.0)],
            Self::StrideLength => &[("directStrideLength", 1.0)],
            Self::Stamina => &[("directAvailableStamina", 1.0)],
            Self::BodyBattery => &[("directBodyBattery", 1.0)],
        }
    }

    /// A heart does not beat at 0, and nothing here is that large.
    fn is_possible(self, value: f64) -> bool {
        match self {
            Self::HeartRate | Self::Respiration => value > 0.0 && value < 1_000.0,
            Self::Speed | Self::GradeSpeed | Self::Distance => (0.0..1e8).contains(&value),
            Self::Power | Self::Cadence | Self::RunCadence => (0.0..20_000.0).contains(&value),
            Self::Latitude => value.abs() <= 90.0 && value != 0.0,
            Self::Longitude => value.abs() <= 180.0 && value != 0.0,
            Self::Altitude
            | Self::Temperature
            | Self::Grade
            | Self::VerticalOscillation
            | Self::GroundContact
            | Self::StrideLength
            | Self::Stamina
            | Self::BodyBattery => value.abs() < 20_000.0,
        }
    }

    pub(super) fn named(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let text = match text.as_str() {
            "hr" | "heartrate" => "heart_rate",
            "watts" => "power",
            "elevation" => "altitude",
            "velocity" | "velocity_smooth" | "pace" => "speed",
            "temp" => "temperature",
            "gap" => "grade_adjusted_speed",
            "lat" => "latitude",
            "lon" | "lng" => "longitude",
            other => other,
        };
        Self::ALL.into_iter().find(|it| it.name() == text || it.column() == text)
    }
}

/// The most a chart is asked for: what a result may hold, and every second of a long run.
pub(super) const CHART: u32 = 10_000;

/// Garmin's curve of an activity on a grid of seconds; nothing for what has none.
pub(super) async fn chart(garmin: &Garmin, id: ActivityId) -> Result<Option<Seconds>, ToolError> {
    let details = match garmin.activity_chart(id, CHART, 1).await {
        Ok(details) => details,
        Err(GarminError::NotFound | GarminError::Forbidden) => {
            return Err(unknown_activity("activity_id"));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(details.and_then(Seconds::of_chart))
}

/// Activities of a range, newest first, and whether these are all.
pub(super) async fn activities(
    account: &Account,
    range: DayRange,
    kind: Option<ActivityKind>,
) -> Result<(Vec<ActivitySummary>, bool), ToolError> {
    const PAGE: u32 = 200;
    const PAGES: u32 = 8;
    let garmin = account.garmin()?;
    let asked_for_kind = kind.is_some();
    let mut found = Vec::new();
    for page in 0..PAGES {
        let query = ActivityQuery {
            start: page * PAGE,
            limit: PAGE,
            range: Some(range),
            kind: kind.clone(),
        };
        let more = garmin.activities(&query).await.map_err(|error| match error {
            GarminError::BadRequest if asked_for_kind => unknown_kind("activity_type"),
            error => error.into(),
        })?;
        let is_last = more.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        found.extend(more);
        if is_last {
            return Ok((found, true));
        }
    }
    Ok((found, false))
}

pub(super) fn unknown_kind(field: &'static str) -> ToolError {
    ToolError::argument(
        field,
        "not an activity type of Garmin's; allowed is the `type` of an activity in \
         `get_activities`, such as `running` or `cycling`",
    )
}

/// A type as an argument names it; an empty one means every type.
pub(super) fn kind(
    field: &'static str,
    text: Option<&str>,
) -> Result<Option<ActivityKind>, ToolError> {
    match text.map(str::trim) {
        None | Some("" | "all") => Ok(None),
        Some(text) => ActivityKind::parse(text).map(Some).map_err(|_| unknown_kind(field)),
    }
}

/// The families that are trained and measured alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Cycling,
    Running,
    Swimming,
    Other,
}

impl Family {
    pub(super) fn of(type_key: &str) -> Self {
        let key = type_key.to_ascii_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| key.contains(part));
        if has(&["cycling", "biking", "cyclocross", "bmx", "virtual_ride", "e_bike", "e_enduro"])
            || key == "enduro_mtb"
        {
            Self::Cycling
        } else if has(&["running", "run"]) && !has(&["rugby", "brunch"]) {
            Self::Running
        } else if has(&["swimming"]) {
            Self::Swimming
        } else {
            Self::Other
        }
    }

    pub(super) fn of_summary(activity: &ActivitySummary) -> Self {
        let key = activity.kind.as_ref().and_then(|kind| kind.key.as_deref());
        key.map_or(Self::Other, Self::of)
    }
}

/// The day an activity counts for: the one it began on where the athlete was.
pub(super) fn day(activity: &ActivitySummary) -> Option<jiff::civil::Date> {
    let local = activity.start_local.map(jiff::civil::DateTime::date);
    local.or_else(|| activity.start.map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date()))
}

pub(super) fn type_key(activity: &ActivitySummary) -> Option<&str> {
    activity.kind.as_ref().and_then(|kind| kind.key.as_deref())
}
