//! How far each piece of gear has come: one question for all of them where Garmin answers it, and
//! a few for what it leaves out.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use garmin::api::GearId;
use garmin::model::{Gear, GearUse};
use garmin::{Garmin, GarminError};

use crate::error::ToolError;
use crate::tools::extras::{Extras, Missing};

/// What the list of all use leaves out is asked for piece by piece, what is in use first;
/// Garmin limits how often it may be asked.
const MOST_STATS: usize = 6;
const AT_ONCE: usize = 4;

pub(super) fn is_retired(gear: &Gear) -> bool {
    gear.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("retired"))
}

/// Use by name. What is missing is among the warnings: Garmin's word once, if it does not want to
/// be asked any more, and the number of pieces.
pub(super) async fn mileage(
    garmin: &Garmin,
    extras: Extras,
    gear: &[Gear],
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, GearUse>, ToolError> {
    let mut found = BTreeMap::new();
    match extras.read("stats", garmin.gear_use()).await {
        Ok(all) => found
            .extend(all.into_iter().flatten().filter_map(|used| Some((used.uuid.clone()?, used)))),
        Err(missing) if stops(missing.cause) => {
            Missing::warned::<()>(Err(missing), warnings)?;
            return Ok(found);
        }
        // Piece by piece, then.
        Err(_) => {}
    }
    let known = |found: &BTreeMap<String, GearUse>, name: &str| {
        found.get(name).is_some_and(|used| used.distance_m.is_some())
    };
    let mut ids: Vec<(bool, String, GearId)> = gear
        .iter()
        .filter_map(|gear| {
            let name = gear.uuid.as_deref().filter(|name| !known(&found, name))?;
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
            Ok(Some(stats)) => {
                let used = found.entry(name).or_default();
                used.distance_m = stats.distance_m;
                used.activities = stats.activities;
            }
            // Each further question would prolong the trouble, or wait for nothing.
            Err(missing) if stops(missing.cause) => {
                Missing::warned::<()>(Err(missing), warnings)?;
                break;
            }
            Ok(None) | Err(_) => {}
        }
    }
    let told = |gear: &&Gear| gear.uuid.as_deref().is_some_and(|name| known(&found, name));
    match gear.len() - gear.iter().filter(told).count() {
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
