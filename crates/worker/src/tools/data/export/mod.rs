//! `export_data`: many days as files for other programs.
//!
//! The address of a file says what is in it, and that is all there is: nothing is kept between
//! the call that names it and whoever reads it. So it costs no memory, outlives the process that
//! gave it out, and never shows one account's data to another.

mod table;

use garmin::days::{Day, DayRange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::{Many, NamedDay, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::{Class, ServerTool};
use crate::tools::activities::export as activities;
use crate::tools::health::{Gathered, Metric, gather};
use crate::visit::Visit;
use table::Table;

/// The longest range of one call.
const LONGEST: u32 = 1_100;
const USUAL: u32 = 28;
/// The days of one file: what a program reads at once, and what is in memory at once.
const FILE_DAYS: u32 = 366;
/// The most bytes of one file.
pub(super) const LARGEST: usize = 4 * 1024 * 1024;

// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Kind {
    Activities,
    DailyStats,
    Sleep,
    Hrv,
    Weight,
    Training,
    Nutrition,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Format {
    #[default]
    Csv,
    Jsonl,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Activities,
        Self::DailyStats,
        Self::Sleep,
        Self::Hrv,
        Self::Weight,
        Self::Training,
        Self::Nutrition,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Activities => "activities",
            Self::DailyStats => "daily_stats",
            Self::Sleep => "sleep",
            Self::Hrv => "hrv",
            Self::Weight => "weight",
            Self::Training => "training",
            Self::Nutrition => "nutrition",
        }
    }

    /// The tool that shows the same: who may not call that one may not export it either.
    fn tool(self) -> &'static str {
        match self {
            Self::Activities => "get_activities",
            Self::DailyStats => "get_stats",
            Self::Sleep => "get_sleep_summary",
            Self::Hrv => "get_hrv_data",
            Self::Weight => "get_weigh_ins",
            Self::Training => "get_training_readiness",
            Self::Nutrition => "get_nutrition_daily_food_log",
        }
    }

    /// Its columns beside the date; activities have columns of their own.
    fn metrics(self) -> &'static [Metric] {
        match self {
            Self::Activities => &[],
            Self::DailyStats => &[
                Metric::Steps,
                Metric::Distance,
                Metric::Floors,
                Metric::IntensityMinutes,
                Metric::CaloriesActive,
                Metric::CaloriesResting,
                Metric::CaloriesTotal,
                Metric::RestingHr,
                Metric::HrMin,
                Metric::HrMax,
                Metric::Stress,
                Metric::BodyBatteryHigh,
                Metric::BodyBatteryLow,
            ],
            Self::Sleep => &[
                Metric::SleepHours,
                Metric::SleepScore,
                Metric::Deep,
                Metric::Rem,
                Metric::Spo2,
                Metric::RespirationSleep,
            ],
            Self::Hrv => &[Metric::Hrv],
            Self::Weight => &[Metric::Weight, Metric::BodyFat],
            Self::Training => &[Metric::Readiness, Metric::AcuteLoad, Metric::Vo2max],
            Self::Nutrition => &[Metric::CaloriesIn, Metric::Hydration],
        }
    }
}

impl Format {
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Jsonl => "application/jsonl",
        }
    }
}

/// One file: what, of which days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parcel {
    kind: Kind,
    range: DayRange,
}

impl Parcel {
    /// `sleep.2026-01-01.2026-05-01`
    fn id(self) -> String {
        format!("{}.{}.{}", self.kind.name(), self.range.first(), self.range.last())
    }

    fn uri(self, format: Format) -> String {
        format!("export://{}.{}", self.id(), format.ending())
    }

    fn read(id: &str) -> Option<Self> {
        let mut parts = id.split('.');
        let kind =
            parts.next().and_then(|name| Kind::ALL.into_iter().find(|it| it.name() == name))?;
        let mut day = || parts.next()?.parse::<Day>().ok();
        let range = DayRange::new(day()?, day()?, FILE_DAYS).ok()?;
        parts.next().is_none().then_some(Self { kind, range })
    }

    /// The file's rows, out of what has been gathered of more.
    fn table(self, gathered: &Gathered) -> Table {
        table::of_days(gathered, self.kind.metrics(), self.range)
    }
}

/// The content of a file, read anew from Garmin.
pub(crate) async fn content(
    visit: Visit<'_>,
    id: &str,
    format: Format,
) -> Result<String, ToolError> {
    let unknown = "not an export; use a `resource_uri` of export_data";
    let parcel = Parcel::read(id).ok_or_else(|| ToolError::argument("id", unknown))?;
    visit.tool(parcel.kind.tool())?;
    let table = if parcel.kind == Kind::Activities {
        table::of_activities(activities::rows(visit.account, parcel.range).await?)
    } else {
        let gathered = gather(visit.account, parcel.kind.metrics(), parcel.range).await?;
        parcel.table(&gathered)
    };
    table.write(format)
}

/// `export_data`
pub(super) struct Export;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportArgs {
    kinds: Many<Kind>,
    /// Day or period; default the last 28 days
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    format: Option<Format>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ExportAnswer {
    start_date: String,
    end_date: String,
    format: Format,
    /// At most 366 days each.
    files: Vec<File>,
    /// Kinds of which these days have nothing.
    no_data: Vec<Kind>,
    upstream_requests: usize,
    warnings: Vec<String>,
    note: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct File {
    resource_uri: String,
    kind: Kind,
    mime_type: &'static str,
    start_date: String,
    end_date: String,
    rows: usize,
    columns: Vec<&'static str>,
    size_bytes: usize,
}

const NOTE: &str = "Read each resource_uri for the file. It is made anew from Garmin's data when \
    it is read, by this account's connections only, so its size may change with the newest day.";

impl File {
    fn of(parcel: Parcel, table: &Table, format: Format) -> Result<Option<Self>, ToolError> {
        if table.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            resource_uri: parcel.uri(format),
            kind: parcel.kind,
            mime_type: format.media_type(),
            start_date: parcel.range.first().to_string(),
            end_date: parcel.range.last().to_string(),
            rows: table.len(),
            columns: table.columns().to_vec(),
            size_bytes: table.write(format)?.len(),
        }))
    }
}

impl ServerTool for Export {
    const NAME: &'static str = "export_data";
    const TITLE: &'static str = "Export days as files";
    const DESCRIPTION: &'static str = "Up to 1,100 days of whole kinds of data as CSV or JSON \
        lines (no Parquet), as resources to read. For one figure use get_health_trend.";
    const CLASS: Class = Class::Read;
    type Args = ExportArgs;
    type Answer = ExportAnswer;

    async fn call(visit: Visit<'_>, args: ExportArgs) -> Result<ExportAnswer, ToolError> {
        let mut kinds = args.kinds.0;
        if kinds.is_empty() {
            return Err(ToolError::argument("kinds", "required; allowed is a list of kinds"));
        }
        kinds.sort_unstable_by_key(|kind| kind.name());
        kinds.dedup();
        for kind in &kinds {
            visit.tool(kind.tool())?;
        }
        let account = visit.account;
        let today = account.today().await?;
        let range = range(args.start_date, args.end_date, today, Window::past(USUAL, LONGEST))?;
        let format = args.format.unwrap_or_default();
        let (mut files, mut requests, mut warnings) = (Vec::new(), 0, Vec::new());
        if kinds.contains(&Kind::Activities) {
            for range in range.windows(FILE_DAYS) {
                let found = activities::rows(account, range).await?;
                requests += found.questions;
                let parcel = Parcel { kind: Kind::Activities, range };
                files.extend(File::of(parcel, &table::of_activities(found), format)?);
            }
        }
        let metrics: Vec<Metric> = kinds.iter().flat_map(|kind| kind.metrics()).copied().collect();
        if !metrics.is_empty() {
            let gathered = gather(account, &metrics, range).await?;
            for kind in kinds.iter().copied().filter(|kind| !kind.metrics().is_empty()) {
                for range in range.windows(FILE_DAYS) {
                    let parcel = Parcel { kind, range };
                    files.extend(File::of(parcel, &parcel.table(&gathered), format)?);
                }
            }
            requests += gathered.questions;
            warnings = gathered.warnings;
        }
        let has = |kind: &Kind| files.iter().any(|file: &File| file.kind == *kind);
        let no_data = kinds.iter().filter(|kind| !has(kind)).copied().collect();
        if !warnings.is_empty() {
            warnings.push("Columns that could not be read in full are left out.".to_owned());
        }
        Ok(ExportAnswer {
            start_date: range.first().to_string(),
            end_date: range.last().to_string(),
            format,
            files,
            no_data,
            upstream_requests: requests,
            warnings,
            note: NOTE,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_file_says_what_is_in_it_and_nothing_else_is_read() {
        for kind in Kind::ALL {
            let (first, last) = ("2026-01-01".parse().unwrap(), "2026-05-01".parse().unwrap());
            let parcel = Parcel { kind, range: DayRange::new(first, last, FILE_DAYS).unwrap() };
            assert_eq!(Parcel::read(&parcel.id()), Some(parcel));
            assert_eq!(parcel.uri(Format::Csv), format!("export://{}.csv", parcel.id()));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for bad in [
            "",
            "sleep",
            "sleep.2026-01-01",
            "sleep.2026-05-01.2026-01-01",
            "sleep.2020-01-01.2026-01-01",
            "sleep.2026-01-01.2026-05-01.x",
            "mood.2026-01-01.2026-05-01",
            "sleep.2026-02-30.2026-05-01",
        ] {
            assert_eq!(Parcel::read(bad), None, "{bad}");
        }
    }
}
