//! Gear and how far it has come.

use std::collections::{BTreeMap, BTreeSet};

use garmin::model::{Gear, GearDefault, GearUse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mileage::{is_retired, mileage};
use crate::account::Account;
use crate::answer::Status;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::activities::kinds;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{hundredth, tenth, whole, word};

/// `get_gear`
pub(super) struct GearList;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GearArgs {
    /// Whether to add mileage, wear and notes; default true
    include_stats: Option<bool>,
    status: Option<InUse>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum InUse {
    Active,
    Retired,
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
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Piece {
    uuid: Option<String>,
    name: Option<String>,
    full_name: Option<String>,
    /// `shoes`, `bike`, …
    r#type: Option<String>,
    /// `active` or `retired`.
    status: Option<String>,
    date_begin: Option<String>,
    date_end: Option<String>,
    /// After which the athlete wants to replace it.
    max_distance_km: Option<f64>,
    /// How much of that is gone.
    wear_pct: Option<f64>,
    /// The activity types it is used for unless said otherwise.
    is_default_for: Option<Vec<String>>,
    notes: Option<String>,
    stats: Option<Mileage>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "names of keys in the result")]
struct Mileage {
    total_activities: Option<i64>,
    total_distance_km: Option<f64>,
    total_duration_s: Option<i64>,
}

/// The key of an activity type; its number where Garmin has added one since.
fn kind(number: i64) -> String {
    kinds::key(number).map_or_else(|| format!("activity_{number}"), str::to_owned)
}

fn kilometres(metres: f64) -> f64 {
    hundredth(metres / 1000.0)
}

fn piece(gear: Gear, used: Option<GearUse>, is_default_for: Vec<String>) -> Piece {
    let made = match (gear.make, gear.model) {
        (Some(make), Some(model)) => Some(format!("{make} {model}")),
        (make, model) => make.or(model),
    };
    let made = gear.make_and_model.or(made);
    let used = used.unwrap_or_default();
    // Zero is how Garmin writes "no limit".
    let limit = gear.maximum_m.or(used.maximum_m).filter(|metres| *metres > 0.0);
    let wear = limit.zip(used.distance_m).map(|(limit, gone)| tenth(100.0 * gone / limit));
    let is_told = used.distance_m.is_some() || used.activities.is_some();
    Piece {
        uuid: gear.uuid,
        name: gear.name.or_else(|| made.clone()),
        full_name: made,
        r#type: gear.kind.as_deref().map(word),
        status: gear.status.as_deref().map(word),
        date_begin: gear.used_from.or(used.used_from).map(|date| date.to_string()),
        date_end: gear.used_until.map(|date| date.to_string()),
        max_distance_km: limit.map(kilometres),
        wear_pct: wear,
        is_default_for: Some(is_default_for).filter(|kinds| !kinds.is_empty()),
        notes: gear.notes.or(used.notes),
        stats: is_told.then(|| Mileage {
            total_activities: used.activities,
            total_distance_km: used.distance_m.map(kilometres),
            total_duration_s: used.duration_s.map(whole),
        }),
    }
}

/// A piece that only the newer service knows, in the words of the older one.
fn newer(used: &GearUse) -> Gear {
    Gear {
        uuid: used.uuid.clone(),
        kind: used.kind.clone(),
        status: used.status.clone(),
        name: used.name.clone(),
        make: used.make.clone(),
        model: used.model.clone(),
        ..Gear::default()
    }
}

/// What a piece is used for unless said otherwise. Newer gear says so itself.
fn default_for(gear: &Gear, used: Option<&GearUse>, defaults: &[GearDefault]) -> Vec<String> {
    let by_list = defaults
        .iter()
        .filter(|it| it.uuid.is_some() && it.uuid == gear.uuid)
        .filter(|it| it.is_default != Some(false))
        .filter_map(|it| it.activity_type_id)
        .map(kind);
    let purposes = used.and_then(|used| used.used_for.as_deref()).unwrap_or_default();
    let by_itself = purposes
        .iter()
        .filter(|purpose| purpose.is_default == Some(true))
        .filter_map(|purpose| purpose.kind.as_deref())
        .map(word);
    let mut kinds: Vec<String> = by_list.chain(by_itself).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn defaults_by_kind(pieces: &[Piece]) -> BTreeMap<String, String> {
    let named = pieces.iter().filter_map(|piece| Some((piece, piece.name.as_ref()?)));
    named
        .flat_map(|(piece, name)| {
            piece.is_default_for.iter().flatten().map(|kind| (kind.clone(), name.clone()))
        })
        .collect()
}

impl Tool for GearList {
    const NAME: &'static str = "get_gear";
    const TITLE: &'static str = "Shoes, bikes and other gear";
    const DESCRIPTION: &'static str = "The athlete's gear with mileage, wear limit, notes, and \
        what each piece is used for by default.";
    type Args = GearArgs;
    type Answer = GearAnswer;

    async fn call(account: &Account, args: GearArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let extras = Extras::begin();
        let defaults = extras.read("defaults", garmin.gear_defaults());
        let (gear, defaults) = tokio::join!(garmin.gear(), defaults);
        let mut gear = gear?.unwrap_or_default();
        let mut warnings = Vec::new();
        let mut used = BTreeMap::new();
        if args.include_stats.unwrap_or(true) {
            used = mileage(&garmin, extras, &gear, &mut warnings).await?;
            let listed: BTreeSet<String> = gear.iter().filter_map(|it| it.uuid.clone()).collect();
            let missing = used.iter().filter(|(uuid, _)| !listed.contains(*uuid));
            gear.extend(missing.map(|(_, used)| newer(used)));
        }
        let retired_count = gear.iter().filter(|gear| is_retired(gear)).count();
        let (gear_count, active_count) = (gear.len(), gear.len() - retired_count);
        if let Some(wanted) = args.status {
            gear.retain(|gear| is_retired(gear) == (wanted == InUse::Retired));
        }
        let defaults = Missing::warned(defaults, &mut warnings)?.flatten().unwrap_or_default();
        let mut pieces: Vec<Piece> = gear
            .into_iter()
            .map(|gear| {
                let used = gear.uuid.as_ref().and_then(|uuid| used.remove(uuid));
                let is_default_for = default_for(&gear, used.as_ref(), &defaults);
                piece(gear, used, is_default_for)
            })
            .collect();
        let retired = |piece: &Piece| piece.status.as_deref() == Some("retired");
        pieces.sort_by_cached_key(|piece| (retired(piece), piece.name.clone(), piece.uuid.clone()));
        Ok(GearAnswer {
            status: if pieces.is_empty() { Status::NoData } else { Status::Ok },
            gear_count,
            active_count,
            retired_count,
            defaults: defaults_by_kind(&pieces),
            gear: pieces,
            warnings,
        })
    }
}

#[cfg(test)]
mod tests {
    use garmin::model::GearPurpose;

    use super::*;

    #[test]
    fn wear_is_a_share_of_the_limit_and_no_limit_is_none() {
        let shoes = |maximum_m| Gear { maximum_m, ..Gear::default() };
        let used = |distance_m| GearUse { distance_m, ..GearUse::default() };
        let shown = piece(shoes(Some(800_000.0)), Some(used(Some(265_000.0))), Vec::new());
        assert_eq!((shown.wear_pct, shown.max_distance_km), (Some(33.1), Some(800.0)));
        let new = piece(shoes(Some(800_000.0)), Some(used(Some(0.0))), Vec::new());
        assert_eq!(new.wear_pct, Some(0.0));
        assert_eq!(new.stats.unwrap().total_distance_km, Some(0.0));
        let endless = piece(shoes(Some(0.0)), Some(used(Some(5.0))), Vec::new());
        assert_eq!((endless.wear_pct, endless.max_distance_km), (None, None));
        assert!(piece(shoes(None), None, Vec::new()).stats.is_none());
    }

    #[test]
    fn a_default_is_known_from_the_list_or_from_the_piece_itself() {
        let gear = Gear { uuid: Some("beef".into()), ..Gear::default() };
        let row = |uuid: &str, number, is_default| GearDefault {
            uuid: Some(uuid.into()),
            activity_type_id: Some(number),
            is_default,
        };
        let rows = [row("beef", 1, Some(true)), row("beef", 6, Some(false)), row("dead", 2, None)];
        let used = GearUse {
            used_for: Some(vec![
                GearPurpose { kind: Some("running".into()), is_default: Some(true) },
                GearPurpose { kind: Some("TRAIL_RUNNING".into()), is_default: Some(true) },
                GearPurpose { kind: Some("hiking".into()), is_default: Some(false) },
            ]),
            ..GearUse::default()
        };
        assert_eq!(default_for(&gear, Some(&used), &rows), ["running", "trail_running"]);
        assert_eq!(default_for(&gear, None, &rows), ["running"]);
        assert_eq!(kind(99_999), "activity_99999");
    }
}
