//! `download-service`: the file of an activity, as recorded and in the formats of others.

use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::activity_detail::at;
use super::{ApiError, Caller, Reply};
use crate::athlete::{Activity, Discipline, Lap, Sample, laps, rounded, thinned};
use crate::fit::activity_file;
use crate::state::Inner;
use crate::times::dotted;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/download-service/files/activity/{id}", get(original))
        .route("/download-service/export/{format}/activity/{id}", get(export))
}

#[expect(clippy::unnecessary_wraps, reason = "the last line of every handler")]
fn file(kind: &'static str, name: &str, bytes: Vec<u8>) -> Reply {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers =
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, bytes).into_response())
}

/// A ZIP with the one file the watch has sent.
async fn original(
    Path(id): Path<String>,
    State(inner): State<Arc<Inner>>,
    caller: Caller,
) -> Reply {
    let number: i64 = id.parse().map_err(|_| ApiError::NotFound)?;
    let (gone, uploaded) =
        inner.edits(caller.index, |edits| (edits.is_deleted(number), edits.file(number)));
    let fit = match uploaded {
        Some(file) => file,
        None if gone => return Err(ApiError::NotFound),
        None => activity_file(&caller.athlete.person, caller.activity(&id)?),
    };
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let packed = zip
        .start_file(format!("{id}_ACTIVITY.fit"), zip::write::SimpleFileOptions::default())
        .and_then(|()| Ok(zip.write_all(&fit)?))
        .and_then(|()| zip.finish());
    let packed = packed.map_err(|_| ApiError::NotFound)?.into_inner();
    file("application/x-zip-compressed", &format!("{id}.zip"), packed)
}

async fn export(Path((format, id)): Path<(String, String)>, caller: Caller) -> Reply {
    let activity = caller.activity(&id)?;
    let name = format!("activity_{id}.{format}");
    // What was not recorded outdoors has no track to write.
    let has_track = activity.discipline != Discipline::Strength;
    match format.as_str() {
        "gpx" if has_track => file("application/gpx+xml", &name, gpx(activity).into_bytes()),
        "kml" if has_track => {
            file("application/vnd.google-earth.kml+xml", &name, kml(activity).into_bytes())
        }
        "tcx" => file("application/vnd.garmin.tcx+xml", &name, tcx(activity).into_bytes()),
        "csv" => file("text/csv", &name, csv(activity).into_bytes()),
        _ => Err(ApiError::NotFound),
    }
}

/// How many points the text formats have; the original has all.
const POINTS: usize = 2_000;

fn gpx(activity: &Activity) -> String {
    let head = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx creator=\"Garmin Connect\" version=\"1.1\" \
         xmlns=\"http://www.topografix.com/GPX/1/1\" \
         xmlns:ns3=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v1\">\n<trk>\n\
         <name>{}</name>\n<trkseg>\n",
        activity.name
    );
    let points = thinned(&activity.seconds(), POINTS);
    let point = |point: &Sample| {
        format!(
            "<trkpt lat=\"{:.7}\" lon=\"{:.7}\"><ele>{:.1}</ele><time>{}Z</time><extensions>\
             <ns3:TrackPointExtension><ns3:hr>{}</ns3:hr></ns3:TrackPointExtension></extensions>\
             </trkpt>\n",
            point.latitude,
            point.longitude,
            point.elevation,
            dotted(at(activity, point.secs)),
            point.hr
        )
    };
    let lines: Vec<String> = points.iter().map(point).collect();
    head + &lines.concat() + "</trkseg>\n</trk>\n</gpx>\n"
}

fn kml(activity: &Activity) -> String {
    let points: Vec<String> = thinned(&activity.seconds(), POINTS)
        .iter()
        .map(|it| format!("{:.7},{:.7},{:.1}", it.longitude, it.latitude, it.elevation))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\">\
         <Document><name>{}</name><Placemark><LineString><coordinates>{}</coordinates>\
         </LineString></Placemark></Document></kml>\n",
        activity.name,
        points.join(" ")
    )
}

fn tcx(activity: &Activity) -> String {
    let sport = match activity.discipline {
        Discipline::Run => "Running",
        Discipline::Ride => "Biking",
        Discipline::Strength => "Other",
    };
    let start = dotted(activity.start);
    let head = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<TrainingCenterDatabase \
         xmlns=\"http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2\">\n<Activities>\n\
         <Activity Sport=\"{sport}\">\n<Id>{start}Z</Id>\n<Lap StartTime=\"{start}Z\">\n\
         <TotalTimeSeconds>{}</TotalTimeSeconds>\n<DistanceMeters>{}</DistanceMeters>\n\
         <Calories>{}</Calories>\n<Track>\n",
        activity.duration, activity.distance, activity.calories
    );
    let points = thinned(&activity.seconds(), POINTS);
    let point = |point: &Sample| {
        format!(
            "<Trackpoint><Time>{}Z</Time><DistanceMeters>{:.2}</DistanceMeters>\
             <HeartRateBpm><Value>{}</Value></HeartRateBpm></Trackpoint>\n",
            dotted(at(activity, point.secs)),
            point.distance,
            point.hr
        )
    };
    let lines: Vec<String> = points.iter().map(point).collect();
    head + &lines.concat()
        + "</Track>\n</Lap>\n</Activity>\n</Activities>\n</TrainingCenterDatabase>\n"
}

/// Laps, as the website exports them.
fn csv(activity: &Activity) -> String {
    let head = "\"Laps\",\"Time\",\"Distance\",\"Avg HR\",\"Max HR\"\n".to_owned();
    let line = |(number, lap): (usize, &Lap)| {
        format!(
            "\"{number}\",\"{}\",\"{}\",\"{}\",\"{}\"\n",
            rounded(lap.end_secs - lap.start_secs, 1),
            rounded(lap.distance / 1_000.0, 2),
            lap.means.avg_hr.round(),
            lap.means.max_hr
        )
    };
    let laps = laps(&activity.effort, &activity.effort.trace());
    let lines: Vec<String> = (1..).zip(&laps).map(line).collect();
    head + &lines.concat()
}
