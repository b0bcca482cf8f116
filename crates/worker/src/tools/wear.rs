//! Gear and how far it has come.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use garmin::Garmin;
use garmin::api::GearId;
use garmin::model::{Gear, GearStats};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::numbers::{clean, hundredth, word};
use crate::account::Account;
use crate::answer::Status;
use crate::error::ToolError;
use crate::tool::Tool;

/// `get_gear`
pub(super) struct GearList;

/// Garmin tells the mileage piece by piece; more than this is asked for by nobody at once.
const MOST_STATS: usize = 40;
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
    make_and_model: Option<String>,
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
    /// Garmin's numbers of the activity types it is used for by default.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    is_default_for: Vec<i64>,
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

fn kilometres(metres: f64) -> f64 {
    hundredth(metres / 1000.0)
}

fn piece(gear: Gear, stats: Option<GearStats>, is_default_for: Vec<i64>) -> Piece {
    let made = match (gear.make, gear.model) {
        (Some(make), Some(model)) => Some(format!("{make} {model}")),
        (make, model) => make.or(model),
    };
    let made = gear.make_and_model.or(made).map(|text| clean(&text));
    Piece {
        uuid: gear.uuid,
        name: gear.name.as_deref().map(clean).or_else(|| made.clone()),
        make_and_model: made,
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

/// Mileage by name. A piece whose mileage cannot be read is left without.
async fn mileage(garmin: &Garmin, gear: &[Gear]) -> (BTreeMap<String, GearStats>, usize) {
    let mut ids: Vec<(String, GearId)> = Vec::new();
    for name in gear.iter().filter_map(|gear| gear.uuid.as_deref()).take(MOST_STATS) {
        if let Ok(id) = GearId::parse(name) {
            ids.push((name.to_owned(), id));
        }
    }
    let found: Vec<(String, Option<GearStats>)> = futures_util::stream::iter(ids)
        .map(|(name, id)| async move { (name, garmin.gear_stats(&id).await.ok().flatten()) })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let missing = gear.len() - found.iter().filter(|(_, stats)| stats.is_some()).count();
    let found = found.into_iter().filter_map(|(name, stats)| Some((name, stats?))).collect();
    (found, missing)
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
        let gear = garmin.gear().await?.unwrap_or_default();
        let mut warnings = Vec::new();
        let mut stats = BTreeMap::new();
        if args.include_stats.unwrap_or(true) {
            let (found, missing) = mileage(&garmin, &gear).await;
            stats = found;
            if missing > 0 {
                warnings.push(format!("the mileage of {missing} pieces is not known"));
            }
        }
        let defaults = if let Ok(defaults) = garmin.gear_defaults().await {
            defaults.unwrap_or_default()
        } else {
            warnings.push("what gear is used for by default is not known".into());
            Vec::new()
        };
        let mut pieces: Vec<Piece> = gear
            .into_iter()
            .map(|gear| {
                let stats = gear.uuid.as_ref().and_then(|uuid| stats.remove(uuid));
                let mut is_default_for: Vec<i64> = defaults
                    .iter()
                    .filter(|it| it.uuid.is_some() && it.uuid == gear.uuid)
                    .filter(|it| it.is_default != Some(false))
                    .filter_map(|it| it.activity_type_id)
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
            gear: pieces,
            warnings,
        })
    }
}
