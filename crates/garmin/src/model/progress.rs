//! Sums over many activities.

use jiff::civil::Date;

use super::{ByKey, model};

model! {
    /// One period's figures, by group of activity types and by metric.
    ActivityStats as "activity statistics" {
        "date" => date: Date,
        "countOfActivities" => activities: i64,
        "stats" => by_group: ByKey<ByKey<MetricStats>>,
    }

    /// In the unit of the metric.
    MetricStats as "statistics of a metric" {
        "count" => count: i64,
        "min" => min: f64,
        "max" => max: f64,
        "avg" => average: f64,
        "sum" => sum: f64,
    }
}
