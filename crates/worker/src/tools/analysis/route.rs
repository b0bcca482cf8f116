//! `get_activity_route`: where an activity went.

use garmin::GarminError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use training::track::{self, Point};

use super::source::{activity_id, shown, unknown_activity};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Whole};
use crate::error::ToolError;
use crate::tool::Tool;

/// `get_activity_route`
pub(super) struct ActivityRoute;

/// Points that are asked for before simplifying.
const ASKED: u32 = 4_000;
/// Coordinates in a result, as `GeoJSON`.
const MOST_COORDINATES: usize = 700;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Format {
    #[default]
    Polyline,
    Geojson,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteArgs {
    activity_id: ActivityNumber,
    /// How far the line may stray from the track, in metres; default 20
    simplify_m: Option<Whole<0, 1_000>>,
    format: Option<Format>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct RouteAnswer {
    status: Option<Status>,
    activity_id: i64,
    reason: Option<&'static str>,
    /// Google's encoded polyline, precision 5.
    polyline: Option<String>,
    geojson: Option<Value>,
    points: Option<usize>,
    /// South, west, north, east.
    bounding_box_deg: Option<Vec<f64>>,
    start_deg: Option<Vec<f64>>,
    end_deg: Option<Vec<f64>>,
    /// Along the track, before simplifying.
    distance_m: Option<Value>,
    simplify_tolerance_meters: Option<Value>,
}

fn degrees(value: f64) -> f64 {
    training::rounded(value, 5)
}

/// The points of a route that lie on Earth.
pub(super) fn points(route: Option<garmin::model::Route>) -> Vec<Point> {
    let points = route.and_then(|route| route.points).unwrap_or_default();
    points.iter().filter_map(|it| Point::new(it.latitude?, it.longitude?)).collect()
}

impl Tool for ActivityRoute {
    const NAME: &'static str = "get_activity_route";
    const TITLE: &'static str = "Route of an activity";
    const DESCRIPTION: &'static str = "Where an activity went, as a simplified line with its \
        bounding box and length.";
    type Args = RouteArgs;
    type Answer = RouteAnswer;

    async fn call(account: &Account, args: RouteArgs) -> Result<Self::Answer, ToolError> {
        let id = activity_id(args.activity_id)?;
        let garmin = account.garmin()?;
        let mut answer = RouteAnswer { activity_id: id.number(), ..RouteAnswer::default() };
        let details = match garmin.activity_chart(id, 1, ASKED).await {
            Ok(details) => details,
            Err(GarminError::NotFound | GarminError::Forbidden) => {
                return Err(unknown_activity("activity_id"));
            }
            Err(error) => return Err(error.into()),
        };
        let line = points(details.and_then(|details| details.route));
        let (Some((low, high)), [first, .., last]) = (track::bounds(&line), line.as_slice()) else {
            answer.status = Some(Status::NoData);
            answer.reason = Some("not_recorded");
            return Ok(answer);
        };
        let mut tolerance = f64::from(args.simplify_m.map_or(20, |it| it.0));
        let mut simple = track::simplify(&line, tolerance);
        let most = match args.format.unwrap_or_default() {
            Format::Polyline => 2 * MOST_COORDINATES,
            Format::Geojson => MOST_COORDINATES,
        };
        // Coarser until it fits, and said so.
        while simple.len() > most {
            tolerance = (tolerance * 2.0).max(5.0);
            simple = track::simplify(&line, tolerance);
        }
        answer.status = Some(Status::Ok);
        answer.points = Some(simple.len());
        answer.bounding_box_deg =
            Some([low.lat, low.lon, high.lat, high.lon].map(degrees).to_vec());
        answer.start_deg = Some(vec![degrees(first.lat), degrees(first.lon)]);
        answer.end_deg = Some(vec![degrees(last.lat), degrees(last.lon)]);
        answer.distance_m = Some(shown(Some(track::length_m(&line)), 0));
        answer.simplify_tolerance_meters = Some(shown(Some(tolerance), 0));
        match args.format.unwrap_or_default() {
            Format::Polyline => answer.polyline = Some(track::encode(&simple)),
            Format::Geojson => {
                let pair = |point: &Point| [degrees(point.lon), degrees(point.lat)];
                let coordinates: Vec<[f64; 2]> = simple.iter().map(pair).collect();
                answer.geojson = Some(json!({"type": "LineString", "coordinates": coordinates}));
            }
        }
        Ok(answer)
    }
}
