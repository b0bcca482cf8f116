//! Time in zones, and the gear of an activity.

use garmin::model::{Gear, TimeInZone};
use schemars::JsonSchema;
use serde::Serialize;

use super::find::{ActivityArgs, id, part};
use crate::account::Account;
use crate::answer::Status;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{share, whole, word};

/// Time spent in one zone.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "names of keys in the result")]
pub(super) struct Zone {
    pub(super) zone: i64,
    pub(super) seconds: i64,
    pub(super) pct: Option<f64>,
    /// Where the zone begins.
    pub(super) low_bpm: Option<i64>,
    pub(super) low_w: Option<i64>,
}

/// What the lower bound of a zone is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Beats,
    Watts,
}

/// The zones in order, each with its share of the time in all of them.
pub(super) fn zones(found: &[TimeInZone], bound: Bound) -> Vec<Zone> {
    let all: i64 = found.iter().filter_map(|zone| zone.seconds).map(whole).sum();
    let mut zones: Vec<Zone> = found
        .iter()
        .filter_map(|zone| {
            let seconds = whole(zone.seconds?);
            let low = zone.low.map(whole);
            Some(Zone {
                zone: zone.zone?,
                seconds,
                pct: share(seconds, all),
                low_bpm: low.filter(|_| bound == Bound::Beats),
                low_w: low.filter(|_| bound == Bound::Watts),
            })
        })
        .collect();
    zones.sort_by_key(|zone| zone.zone);
    zones
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ZonesAnswer {
    /// `no_data` when nothing of the kind was measured.
    status: Status,
    activity_id: i64,
    zones: Vec<Zone>,
}

impl ZonesAnswer {
    fn new(id: i64, found: Option<Vec<TimeInZone>>, bound: Bound) -> Self {
        let zones = zones(&found.unwrap_or_default(), bound);
        let status = if zones.is_empty() { Status::NoData } else { Status::Ok };
        Self { status, activity_id: id, zones }
    }
}

/// `get_activity_hr_in_timezones`
pub(super) struct HeartRateZones;

impl Tool for HeartRateZones {
    const NAME: &'static str = "get_activity_hr_in_timezones";
    const TITLE: &'static str = "Time in heart rate zones";
    const DESCRIPTION: &'static str =
        "Seconds and share of one activity in each heart rate zone, and where zones begin.";
    type Args = ActivityArgs;
    type Answer = ZonesAnswer;

    async fn call(account: &Account, args: ActivityArgs) -> Result<Self::Answer, ToolError> {
        let number = id(args.activity_id)?;
        let found = account.garmin()?.activity_heart_rate_zones(number).await;
        let found = part(account, args.activity_id, found).await?;
        Ok(ZonesAnswer::new(number.number(), found, Bound::Beats))
    }
}

/// `get_activity_power_in_timezones`
pub(super) struct PowerZones;

impl Tool for PowerZones {
    const NAME: &'static str = "get_activity_power_in_timezones";
    const TITLE: &'static str = "Time in power zones";
    const DESCRIPTION: &'static str =
        "Seconds and share of one activity in each power zone, and where zones begin.";
    type Args = ActivityArgs;
    type Answer = ZonesAnswer;

    async fn call(account: &Account, args: ActivityArgs) -> Result<Self::Answer, ToolError> {
        let number = id(args.activity_id)?;
        let found = account.garmin()?.activity_power_zones(number).await;
        let found = part(account, args.activity_id, found).await?;
        Ok(ZonesAnswer::new(number.number(), found, Bound::Watts))
    }
}

/// A piece of gear as activities show it.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Piece {
    uuid: Option<String>,
    name: Option<String>,
    /// `shoes`, `bike`, …
    r#type: Option<String>,
    status: Option<String>,
}

pub(super) fn piece(gear: Gear) -> Piece {
    Piece {
        name: gear.name.or(gear.make_and_model),
        uuid: gear.uuid,
        r#type: gear.kind.as_deref().map(word),
        status: gear.status.as_deref().map(word),
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GearAnswer {
    /// `no_data` when none is linked.
    status: Status,
    activity_id: i64,
    gear: Vec<Piece>,
}

/// `get_activity_gear`
pub(super) struct UsedGear;

impl Tool for UsedGear {
    const NAME: &'static str = "get_activity_gear";
    const TITLE: &'static str = "Gear of an activity";
    const DESCRIPTION: &'static str = "The shoes, bike or other gear linked to one activity.";
    type Args = ActivityArgs;
    type Answer = GearAnswer;

    async fn call(account: &Account, args: ActivityArgs) -> Result<Self::Answer, ToolError> {
        let number = id(args.activity_id)?;
        let found = account.garmin()?.activity_gear(number).await;
        let found = part(account, args.activity_id, found).await?.unwrap_or_default();
        let gear: Vec<Piece> = found.into_iter().map(piece).collect();
        let status = if gear.is_empty() { Status::NoData } else { Status::Ok };
        Ok(GearAnswer { status, activity_id: number.number(), gear })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_put_in_order_and_share_the_time_between_them() {
        let zone = |zone: i64, seconds: Option<f64>| TimeInZone {
            zone: Some(zone),
            seconds,
            low: Some(100.0),
        };
        let found = [zone(2, Some(30.4)), zone(1, Some(0.0)), zone(3, None), zone(4, Some(10.0))];
        let shown = zones(&found, Bound::Watts);
        assert_eq!(shown.iter().map(|zone| zone.zone).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!((shown[0].seconds, shown[0].pct), (0, Some(0.0)));
        assert_eq!((shown[1].seconds, shown[1].pct), (30, Some(75.0)));
        assert_eq!((shown[1].low_w, shown[1].low_bpm), (Some(100), None));
    }
}
