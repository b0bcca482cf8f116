//! Gear and how far it has come.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use garmin::api::GearId;
use garmin::model::{Gear, GearStats};
use garmin::{Garmin, GarminError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Status;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::activities::kinds;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{hundredth, word};

/// `get_gear`
pub(super) struct GearList;

/// What the list of all mileage leaves out is asked for piece by piece, what is in use first;
/// Garmin limits how often it may be asked.
const MOST_STATS: usize = 8;
const AT_ONCE: usize = 4;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GearArgs {
    /// Whether to add the mileage of each piece; true when left out.
    include_stats: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GearAnswer {
    status: Status,
    gear_count: usize,
    active_count: usize,
    retired_count: usize,
    /// What is used unless said otherwise: the name of the gear by activity type.
    defaults: BTreeMap<String, String>,
    /// In use first, then by name.
    gear: Vec<Piece>,
    /// What is missing in this answer, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Piece {
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_name: Option<String>,
    /// `shoes`, `bike`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<String>,
    /// `active` or `retired`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_begin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_end: Option<String>,
    /// After which the athlete wants to replace it.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_distance_km: Option<f64>,
    /// The activity types it is used for unless said otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    is_default_for: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<Mileage>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Mileage {
    #[serde(skip_serializing_if = "Option::is_none")]
    total_activities: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_distance_km: Option<f64>,
}

/// The key of an activity type; its number where Garmin has added one since.
fn kind(number: i64) -> String {
    kinds::key(number).map_or_else(|| format!("activity_{number}"), str::to_owned)
}

fn kilometres(metres: f64) -> f64 {
    hundredth(metres / 1000.0)
}

fn piece(gear: Gear, stats: Option<GearStats>, is_default_for: Vec<String>) -> Piece {
    let made = match (gear.make, gear.model) {
        (Some(make), Some(model)) => Some(format!("{make} {model}")),
        (make, model) => make.or(model),
    };
    let made = gear.make_and_model.or(made);
    Piece {
        uuid: gear.uuid,
        name: gear.name.or_else(|| made.clone()),
        full_name: made,
        r#type: gear.kind.as_deref().map(word),
        status: gear.status.as_deref().map(word),
        date_begin: gear.used_from.map(|date| date.to_string()),
        date_end: gear.used_until.map(|date| date.to_string()),
        max_distance_km: gear.maximum_m.filter(|metres| *metres > 0.0).map(kilometres),
        is_default_for,
        stats: stats.map(|stats| Mileage {
            total_activities: stats.activities,
            total_distance_km: stats.distance_m.map(kilometres),
        }),
    }
}

fn is_retired(gear: &Gear) -> bool {
    gear.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("retired"))
}

/// Mileage by name. What is missing is among the warnings: Garmin's word once, if it does not
/// want to be asked any more, and the number of pieces.
async fn mileage(
    garmin: &Garmin,
    extras: Extras,
    gear: &[Gear],
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, GearStats>, ToolError> {
    let mut found = BTreeMap::new();
    match extras.read("stats", garmin.gear_mileage()).await {
        Ok(all) => found.extend(
            all.into_iter()
                .flatten()
                .filter(|stats| stats.distance_m.is_some())
                .filter_map(|stats| Some((stats.uuid.clone()?, stats))),
        ),
        Err(missing) if stops(missing.cause) => {
            Missing::warned::<()>(Err(missing), warnings)?;
            return Ok(found);
        }
        // Piece by piece, then.
        Err(_) => {}
    }
    let mut ids: Vec<(bool, String, GearId)> = gear
        .iter()
        .filter_map(|gear| {
            let name = gear.uuid.as_deref().filter(|name| !found.contains_key(*name))?;
            Some((is_retired(gear), name.to_owned(), GearId::parse(name).ok()?))
        })
        .collect();
    ids.sort_by_key(|(retired, _, _)| *retired);
    let mut reads =
        futures_util::stream::iter(ids.into_iter().take(MOST_STATS))
            .map(|(_, name, id)| async move {
                (name, extras.read("stats", garmin.gear_stats(&id)).await)
            })
            .buffered(AT_ONCE);
    while let Some((name, stats)) = reads.next().await {
        match stats {
            Ok(stats) => found.extend(stats.map(|stats| (name, stats))),
            // Each further question would prolong the trouble, or wait for nothing.
            Err(missing) if stops(missing.cause) => {
                Missing::warned::<()>(Err(missing), warnings)?;
                break;
            }
            Err(_) => {}
        }
    }
    let known = |gear: &&Gear| gear.uuid.as_ref().is_some_and(|name| found.contains_key(name));
    match gear.len() - gear.iter().filter(known).count() {
        0 => {}
        1 => warnings.push("the mileage of 1 piece is not known".into()),
        missing => warnings.push(format!("the mileage of {missing} pieces is not known")),
    }
    Ok(found)
}

/// Whether the next piece would meet the same trouble.
fn stops(cause: GarminError) -> bool {
    match cause {
        GarminError::SignInNeeded
        | GarminError::Unavailable { .. }
        | GarminError::TokenRefused
        | GarminError::RateLimited { .. }
        | GarminError::PrivacyProtected
        | GarminError::Forbidden
        | GarminError::Unreachable
        | GarminError::TimedOut
        | GarminError::NotJson => true,
        GarminError::NotFound
        | GarminError::BadRequest
        | GarminError::Upstream5xx { .. }
        | GarminError::UnexpectedStatus { .. }
        | GarminError::Torn
        | GarminError::Malformed { .. }
        | GarminError::TooLarge => false,
    }
}

fn defaults_by_kind(pieces: &[Piece]) -> BTreeMap<String, String> {
    let named = pieces.iter().filter_map(|piece| Some((piece, piece.name.as_ref()?)));
    named
        .flat_map(|(piece, name)| {
            piece.is_default_for.iter().map(|kind| (kind.clone(), name.clone()))
        })
        .collect()
}

impl Tool for GearList {
    const NAME: &'static str = "get_gear";
    const TITLE: &'static str = "Shoes, bikes and other gear";
    const DESCRIPTION: &'static str = "The athlete's gear with mileage, wear limit, and what \
        each piece is used for by default.";
    type Args = GearArgs;
    type Answer = GearAnswer;

    async fn call(account: &Account, args: GearArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let extras = Extras::begin();
        let defaults = extras.read("defaults", garmin.gear_defaults());
        let (gear, defaults) = tokio::join!(garmin.gear(), defaults);
        let gear = gear?.unwrap_or_default();
        let mut warnings = Vec::new();
        let mut stats = BTreeMap::new();
        if args.include_stats.unwrap_or(true) {
            stats = mileage(&garmin, extras, &gear, &mut warnings).await?;
        }
        let defaults = Missing::warned(defaults, &mut warnings)?.flatten().unwrap_or_default();
        let mut pieces: Vec<Piece> = gear
            .into_iter()
            .map(|gear| {
                let stats = gear.uuid.as_ref().and_then(|uuid| stats.remove(uuid));
                let mut is_default_for: Vec<String> = defaults
                    .iter()
                    .filter(|it| it.uuid.is_some() && it.uuid == gear.uuid)
                    .filter(|it| it.is_default != Some(false))
                    .filter_map(|it| it.activity_type_id)
                    .map(kind)
                    .collect();
                is_default_for.sort_unstable();
                piece(gear, stats, is_default_for)
            })
            .collect();
        let retired = |piece: &Piece| piece.status.as_deref() == Some("retired");
        pieces.sort_by_cached_key(|piece| (retired(piece), piece.name.clone(), piece.uuid.clone()));
        let retired_count = pieces.iter().filter(|piece| retired(piece)).count();
        Ok(GearAnswer {
            status: if pieces.is_empty() { Status::NoData } else { Status::Ok },
            gear_count: pieces.len(),
            active_count: pieces.len() - retired_count,
            retired_count,
            defaults: defaults_by_kind(&pieces),
            gear: pieces,
            warnings,
        })
    }
}
