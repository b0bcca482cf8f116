//! Shoes, bikes and what else wears out.

use jiff::civil::Date;

use super::model;

model! {
    /// A piece of gear, as the list shows it.
    Gear as "gear" {
        /// 32 hexadecimal digits without dashes.
        "uuid" => uuid: String,
        "gearTypeName" => kind: String,
        "gearStatusName" => status: String,
        "displayName" => name: String,
        "customMakeModel" => make_and_model: String,
        "gearMakeName" => make: String,
        "gearModelName" => model: String,
        "dateBegin" => used_from: Date,
        "dateEnd" => used_until: Date,
        "maximumMeters" => maximum_m: f64,
        "notes" => notes: String,
    }

    /// How much a piece of gear was used.
    GearStats as "gear statistics" {
        "uuid" => uuid: String,
        "totalDistance" => distance_m: f64,
        "totalActivities" => activities: i64,
    }

    /// A piece of gear as the newer service lists it, under a name with dashes.
    GearUse as "gear use" {
        "uuid" => uuid: String,
        /// `SHOES`, `BIKE`, …
        "gearType" => kind: String,
        /// `ACTIVE` or `RETIRED`.
        "status" => status: String,
        "name" => name: String,
        "brand" => make: String,
        "model" => model: String,
        "firstUseDate" => used_from: Date,
        "maxUsageDistanceMeters" => maximum_m: f64,
        "maxUsageDurationSeconds" => maximum_s: f64,
        "distanceUsedMeters" => distance_m: f64,
        "durationUsedSeconds" => duration_s: f64,
        "numActivitiesLinked" => activities: i64,
        "notes" => notes: String,
        "associatedActivityTypes" => used_for: Vec<GearPurpose>,
    }

    /// What the newer service says a piece of gear is used for.
    GearPurpose as "gear use" {
        "activityTypeKey" => kind: String,
        "defaultGear" => is_default: bool,
    }

    /// Which gear is used for which kind of activity unless said otherwise.
    GearDefault as "gear defaults" {
        "uuid" => uuid: String,
        "activityTypePk" => activity_type_id: i64,
        "defaultGear" => is_default: bool,
    }
}
