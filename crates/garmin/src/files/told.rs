//! What a file says of itself before anybody uploads it: which format it is, and what was done
//! when and for how long. The name of a file says nothing.

use std::ops::ControlFlow;

use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use rustyfit::profile::typedef::MesgNum;

use super::fit::{Damage, DeveloperFields, walk};
use super::{BadFile, LARGEST_FILE};

/// Nothing in either format lies deeper.
const DEEPEST: usize = 64;

/// A format Garmin takes activities in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadFormat {
    Fit,
    Gpx,
    Tcx,
}

impl UploadFormat {
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Gpx => "gpx",
            Self::Tcx => "tcx",
        }
    }
}

/// What a file tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub format: UploadFormat,
    /// In the format's own word: `running`, `Biking`.
    pub sport: Option<String>,
    pub start: Timestamp,
    /// From the first moment to the last, pauses included.
    pub elapsed_s: Option<f64>,
    pub distance_m: Option<f64>,
    /// Moments that were recorded.
    pub points: usize,
    pub damage: Option<Damage>,
}

/// Why a file is not one that Garmin makes an activity of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnActivity {
    #[error("larger than any recording")]
    TooLarge,
    #[error("neither FIT nor GPX nor TCX")]
    UnknownFormat,
    #[error("FIT, but no activity: settings, a weighing, a workout or a course")]
    OtherFit,
    #[error("not well-formed XML")]
    BrokenXml,
    /// A route to follow, for example.
    #[error("nothing in it says when it was recorded")]
    NoTimes,
}

/// Looks into a file. Costs one pass over it.
pub fn told(bytes: &[u8]) -> Result<Told, NotAnActivity> {
    if bytes.len() > LARGEST_FILE {
        return Err(NotAnActivity::TooLarge);
    }
    if bytes.get(8..12) == Some(b".FIT") {
        return fit(bytes);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NotAnActivity::UnknownFormat)?;
    xml(text.trim_start_matches('\u{feff}'))
}

fn fit(bytes: &[u8]) -> Result<Told, NotAnActivity> {
    const ACTIVITY: &str = "activity";
    let mut fields = DeveloperFields::default();
    let (mut kind, mut first, mut points) = (None, None, 0);
    let mut told = Told {
        format: UploadFormat::Fit,
        sport: None,
        start: Timestamp::UNIX_EPOCH,
        elapsed_s: None,
        distance_m: None,
        points: 0,
        damage: None,
    };
    let damage = walk(bytes, |message, layout| {
        fields.note(message);
        match message.num {
            MesgNum::FILE_ID if kind.is_none() => {
                let file = fields.read(message, layout);
                kind = Some(file.meaning("type") == Some(ACTIVITY));
            }
            MesgNum::RECORD => {
                points += 1;
                if first.is_none() {
                    first = fields.read(message, layout).time("timestamp");
                }
            }
            MesgNum::SESSION => {
                let session = fields.read(message, layout);
                first = session.time("start_time").or(first);
                told.sport = told.sport.take().or(session.meaning("sport").map(str::to_owned));
                let add = |sum: &mut Option<f64>, more: Option<f64>| {
                    *sum = match (*sum, more) {
                        (Some(sum), Some(more)) => Some(sum + more),
                        (sum, more) => sum.or(more),
                    };
                };
                add(&mut told.elapsed_s, session.number("total_elapsed_time"));
                add(&mut told.distance_m, session.number("total_distance"));
            }
            // Laps, settings, devices: none of them says more about the whole.
            _ => {}
        }
        ControlFlow::Continue(())
    });
    told.damage = damage.map_err(|bad| match bad {
        BadFile::TooLarge => NotAnActivity::TooLarge,
        BadFile::BadArchive | BadFile::NoFit | BadFile::NotFit => NotAnActivity::UnknownFormat,
    })?;
    if kind != Some(true) {
        return Err(NotAnActivity::OtherFit);
    }
    told.start = first.ok_or(NotAnActivity::NoTimes)?;
    told.points = points;
    Ok(told)
}

/// What has been read of an XML file so far.
#[derive(Debug, Default)]
struct Found {
    sport: Option<String>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    elapsed_s: Option<f64>,
    distance_m: Option<f64>,
    points: usize,
}

impl Found {
    fn at(&mut self, text: &str) {
        let Ok(at) = text.parse::<Timestamp>() else { return };
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
    }

    /// The text of an element, by its name and its parent's.
    fn gpx(&mut self, parent: &str, name: &str, text: &str) {
        match (parent, name) {
            ("trkpt", "time") => self.at(text),
            ("trk", "type") => self.sport = Some(text.to_owned()),
            (_, _) => {}
        }
    }

    fn tcx(&mut self, parent: &str, name: &str, text: &str) {
        let add = |sum: &mut Option<f64>| {
            if let Ok(more) = text.parse::<f64>() {
                *sum = Some(sum.unwrap_or(0.0) + more).filter(|sum| sum.is_finite());
            }
        };
        match (parent, name) {
            ("Activity", "Id") | ("Trackpoint", "Time") => self.at(text),
            ("Lap", "TotalTimeSeconds") => add(&mut self.elapsed_s),
            ("Lap", "DistanceMeters") => add(&mut self.distance_m),
            (_, _) => {}
        }
    }
}

/// Walks through the elements. Entities are not expanded and nothing is fetched.
fn xml(text: &str) -> Result<Told, NotAnActivity> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut found = Found::default();
    let mut format = None;
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                let name = start.local_name().into_inner();
                if path.is_empty() {
                    format = Some(root(name)?);
                }
                if path.len() == DEEPEST {
                    return Err(NotAnActivity::BrokenXml);
                }
                found.open(name, &start);
                path.push(name.to_owned());
            }
            Ok(Event::Empty(start)) => {
                let name = start.local_name().into_inner();
                if path.is_empty() {
                    return Err(NotAnActivity::UnknownFormat);
                }
                found.open(name, &start);
            }
            Ok(Event::End(_)) => {
                path.pop();
            }
            Ok(Event::Text(said)) => {
                let said = said.into_inner();
                let (Some(format), [.., parent, name]) = (format, path.as_slice()) else {
                    continue;
                };
                match format {
                    UploadFormat::Gpx => found.gpx(parent, name, said.trim()),
                    UploadFormat::Tcx => found.tcx(parent, name, said.trim()),
                    UploadFormat::Fit => {}
                }
            }
            Ok(Event::Eof) if path.is_empty() => break,
            Ok(Event::Eof) | Err(_) => {
                return Err(match format {
                    Some(_) => NotAnActivity::BrokenXml,
                    None => NotAnActivity::UnknownFormat,
                });
            }
            Ok(
                Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_),
            ) => {}
        }
    }
    let format = format.ok_or(NotAnActivity::UnknownFormat)?;
    let start = found.first.ok_or(NotAnActivity::NoTimes)?;
    let between = found.last.map(|last| last.duration_since(start).as_secs_f64());
    Ok(Told {
        format,
        sport: found.sport,
        start,
        elapsed_s: found.elapsed_s.or(between),
        distance_m: found.distance_m,
        points: found.points,
        damage: None,
    })
}

impl Found {
    fn open(&mut self, name: &str, start: &BytesStart<'_>) {
        match name {
            "trkpt" | "Trackpoint" => self.points += 1,
            "Activity" => {
                let sport = start
                    .attributes()
                    .flatten()
                    .find(|it| it.key.local_name().into_inner() == "Sport");
                self.sport = self.sport.take().or(sport.map(|it| it.value.into_owned()));
            }
            _ => {}
        }
    }
}

fn root(name: &str) -> Result<UploadFormat, NotAnActivity> {
    match name {
        "gpx" => Ok(UploadFormat::Gpx),
        "TrainingCenterDatabase" => Ok(UploadFormat::Tcx),
        _ => Err(NotAnActivity::UnknownFormat),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::files::{BodyComposition, weight_file};

    const GPX: &str = r#"<?xml version="1.0"?><gpx version="1.1"><metadata>
        <time>2020-01-01T00:00:00Z</time></metadata><trk><name>A &amp; B</name>
        <type>running</type><trkseg>
        <trkpt lat="45.0" lon="4.0"><ele>1</ele><time>2026-05-01T16:00:00Z</time></trkpt>
        <trkpt lat="45.1" lon="4.0"><time>2026-05-01T16:30:00.500Z</time></trkpt>
        </trkseg></trk></gpx>"#;
    const TCX: &str = r#"<TrainingCenterDatabase><Activities><Activity Sport="Biking">
        <Id>2026-05-01T16:00:00Z</Id>
        <Lap><TotalTimeSeconds>600.5</TotalTimeSeconds><DistanceMeters>5000</DistanceMeters>
        <Track><Trackpoint><Time>2026-05-01T16:00:01Z</Time><DistanceMeters>3</DistanceMeters>
        </Trackpoint></Track></Lap>
        <Lap><TotalTimeSeconds>60</TotalTimeSeconds><DistanceMeters>500</DistanceMeters></Lap>
        </Activity></Activities></TrainingCenterDatabase>"#;

    #[test]
    fn text_formats_are_known_by_their_root_and_tell_when_it_was() {
        let gpx = told(GPX.as_bytes()).unwrap();
        assert_eq!((gpx.format, gpx.sport.as_deref()), (UploadFormat::Gpx, Some("running")));
        assert_eq!(gpx.start, "2026-05-01T16:00:00Z".parse().unwrap());
        assert_eq!((gpx.elapsed_s, gpx.points), (Some(1_800.5), 2));
        let with_mark = told(format!("\u{feff}{TCX}").as_bytes()).unwrap();
        assert_eq!(with_mark.format, UploadFormat::Tcx);
        assert_eq!(with_mark.sport.as_deref(), Some("Biking"));
        assert_eq!((with_mark.elapsed_s, with_mark.distance_m), (Some(660.5), Some(5_500.0)));
        assert_eq!(with_mark.points, 1);
    }

    #[test]
    fn what_is_no_activity_is_told_apart() {
        let scale = weight_file(&BodyComposition { weight_kg: 60.0, ..Default::default() }, 1_777);
        let deep = format!("<gpx>{}", "<a>".repeat(DEEPEST));
        let route = "<gpx><trk><trkseg><trkpt lat='1' lon='1'/></trkseg></trk></gpx>";
        for (bytes, expected) in [
            (b"".as_slice(), NotAnActivity::UnknownFormat),
            (b"PK\x03\x04", NotAnActivity::UnknownFormat),
            (b"<html><body/></html>", NotAnActivity::UnknownFormat),
            (b"<kml></kml>", NotAnActivity::UnknownFormat),
            (b"\xff\xfe<gpx/>", NotAnActivity::UnknownFormat),
            (b"<gpx><trk>", NotAnActivity::BrokenXml),
            (b"<gpx><trk></gpx>", NotAnActivity::BrokenXml),
            (deep.as_bytes(), NotAnActivity::BrokenXml),
            (route.as_bytes(), NotAnActivity::NoTimes),
            (scale.as_slice(), NotAnActivity::OtherFit),
        ] {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(told(bytes), Err(expected), "{text}");
        }
        assert_eq!(told(&vec![b' '; LARGEST_FILE + 1]), Err(NotAnActivity::TooLarge));
    }

    proptest! {
        #[test]
        fn no_damage_panics(at in any::<prop::sample::Index>(), with in any::<u8>(), tcx in any::<bool>()) {
            let mut bytes = if tcx { TCX } else { GPX }.as_bytes().to_vec();
            let index = at.index(bytes.len());
            bytes[index] = with;
            let _ = told(&bytes);
            let mut scale = weight_file(&BodyComposition::default(), 1_777);
            let index = at.index(scale.len());
            scale[index] = with;
            let _ = told(&scale);
        }
    }
}
