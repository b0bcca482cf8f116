//! What somebody uploads: the little of a file that Garmin shows at once. A FIT file is read
//! message by message, the text formats by their tags.

use std::collections::HashMap;

use crate::athlete::{number, whole};
use crate::times::Millis;

/// FIT counts seconds from 1989-12-31.
const EPOCH_S: i64 = 631_065_600;
const TIMESTAMP: u8 = 253;

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Written {
    Activity(Recorded),
    Scale(Weighed),
    /// Nothing that Garmin makes anything of.
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recorded {
    pub(crate) start: Millis,
    pub(crate) sport: Sport,
    pub(crate) seconds: f64,
    pub(crate) metres: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sport {
    Running,
    Cycling,
    Other,
}

/// In the units of the file's profile; nothing where the scale did not say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weighed {
    pub(crate) at: Millis,
    pub(crate) weight_kg: f64,
    pub(crate) fat_pct: Option<f64>,
    pub(crate) water_pct: Option<f64>,
    pub(crate) bone_kg: Option<f64>,
    pub(crate) muscle_kg: Option<f64>,
    pub(crate) physique_rating: Option<i64>,
    pub(crate) metabolic_age: Option<i64>,
    pub(crate) visceral_fat_rating: Option<i64>,
    pub(crate) bmi: Option<f64>,
}

impl Recorded {
    pub(crate) const fn type_key(&self) -> &'static str {
        match self.sport {
            Sport::Running => "running",
            Sport::Cycling => "cycling",
            Sport::Other => "other",
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self.sport {
            Sport::Running => "Running",
            Sport::Cycling => "Cycling",
            Sport::Other => "Other",
        }
    }
}

/// Reads a file of any format Garmin takes.
pub(crate) fn read(bytes: &[u8]) -> Written {
    if bytes.get(8..12) == Some(b".FIT") {
        return fit(bytes).unwrap_or(Written::Nothing);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => track(text).map_or(Written::Nothing, Written::Activity),
        Err(_) => Written::Nothing,
    }
}

/// Fields of one message by their numbers; what means "nothing" is left out.
type Fields = HashMap<u8, i64>;

struct Definition {
    message: u16,
    big_endian: bool,
    /// Number, size and base type.
    fields: Vec<(u8, usize, u8)>,
    developer_bytes: usize,
}

fn unsigned(bytes: &[u8], big_endian: bool) -> u64 {
    let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
    if big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
}

/// A whole number without a sign, unless all its bits are set.
fn field(bytes: &[u8], base: u8, big_endian: bool) -> Option<i64> {
    // Enumerations and whole numbers without a sign, zero-is-nothing ones included.
    const WHOLE: [u8; 7] = [0x00, 0x02, 0x84, 0x86, 0x0A, 0x8B, 0x8C];
    if !WHOLE.contains(&base) || !matches!(bytes.len(), 1 | 2 | 4) {
        return None;
    }
    let value = unsigned(bytes, big_endian);
    let nothing = (1_u64 << (8 * bytes.len())) - 1;
    if value == nothing { None } else { i64::try_from(value).ok() }
}

fn messages(bytes: &[u8], mut each: impl FnMut(u16, &Fields)) -> Option<()> {
    let head = usize::from(*bytes.first()?);
    let size = usize::try_from(unsigned(bytes.get(4..8)?, false)).ok()?;
    let mut rest = bytes.get(head..head.checked_add(size)?)?;
    let mut known: HashMap<u8, Definition> = HashMap::new();
    let mut last = 0;
    let take = |rest: &mut &[u8], count: usize| -> Option<Vec<u8>> {
        let taken = rest.get(..count)?.to_vec();
        *rest = rest.get(count..)?;
        Some(taken)
    };
    while !rest.is_empty() {
        let header = take(&mut rest, 1)?[0];
        if header & 0xC0 == 0x40 {
            let start = take(&mut rest, 5)?;
            let big_endian = start[1] == 1;
            let message = u16::try_from(unsigned(&start[2..4], big_endian)).ok()?;
            let list = take(&mut rest, 3 * usize::from(start[4]))?;
            let fields = list.chunks(3).map(|it| (it[0], usize::from(it[1]), it[2])).collect();
            let mut developer_bytes = 0;
            if header & 0x20 != 0 {
                let count = usize::from(take(&mut rest, 1)?[0]);
                let list = take(&mut rest, 3 * count)?;
                developer_bytes = list.chunks(3).map(|it| usize::from(it[1])).sum();
            }
            let definition = Definition { message, big_endian, fields, developer_bytes };
            known.insert(header & 0x0F, definition);
            continue;
        }
        let compressed = header & 0x80 != 0;
        let local = if compressed { (header >> 5) & 0x03 } else { header & 0x0F };
        let definition = known.get(&local)?;
        let mut fields = Fields::new();
        for (number, size, base) in &definition.fields {
            let value = take(&mut rest, *size)?;
            if let Some(value) = field(&value, *base, definition.big_endian) {
                fields.insert(*number, value);
            }
        }
        take(&mut rest, definition.developer_bytes)?;
        if compressed {
            let offset = i64::from(header & 0x1F);
            last += (offset - last).rem_euclid(32);
            fields.insert(TIMESTAMP, last);
        } else if let Some(stamp) = fields.get(&TIMESTAMP) {
            last = *stamp;
        }
        each(definition.message, &fields);
    }
    Some(())
}

fn fit(bytes: &[u8]) -> Option<Written> {
    const ACTIVITY: i64 = 4;
    const SCALE: i64 = 9;
    let (mut kind, mut session, mut scale, mut first) = (None, None, None, None);
    messages(bytes, |message, fields| match message {
        0 => kind = fields.get(&0).copied(),
        18 if session.is_none() => session = Some(fields.clone()),
        20 if first.is_none() => first = fields.get(&TIMESTAMP).copied(),
        30 => scale = Some(fields.clone()),
        _ => {}
    })?;
    let millis = |stamp: i64| (stamp + EPOCH_S) * 1_000;
    match kind? {
        ACTIVITY => {
            let session = session?;
            let scaled = |field: u8, by: f64| session.get(&field).map(|it| number(*it) / by);
            Some(Written::Activity(Recorded {
                start: millis(session.get(&2).copied().or(first)?),
                sport: match session.get(&5) {
                    Some(1) => Sport::Running,
                    Some(2) => Sport::Cycling,
                    Some(_) | None => Sport::Other,
                },
                seconds: scaled(7, 1_000.0).unwrap_or_default(),
                metres: scaled(9, 100.0).unwrap_or_default(),
            }))
        }
        SCALE => {
            let scale = scale?;
            let scaled = |field: u8, by: f64| scale.get(&field).map(|it| number(*it) / by);
            Some(Written::Scale(Weighed {
                at: millis(*scale.get(&TIMESTAMP)?),
                weight_kg: scaled(0, 100.0)?,
                fat_pct: scaled(1, 100.0),
                water_pct: scaled(2, 100.0),
                bone_kg: scaled(4, 100.0),
                muscle_kg: scaled(5, 100.0),
                physique_rating: scale.get(&8).copied(),
                metabolic_age: scale.get(&10).copied(),
                visceral_fat_rating: scale.get(&11).copied(),
                bmi: scaled(13, 10.0),
            }))
        }
        _ => None,
    }
}

/// The text of every element of this name.
fn texts<'a>(text: &'a str, tag: &'static str) -> impl Iterator<Item = &'a str> {
    let tags = text
        .match_indices(tag)
        .filter(|(at, _)| text[..*at].ends_with('<') && text[*at + tag.len()..].starts_with('>'));
    tags.map(|(at, _)| text[at + tag.len() + 1..].split('<').next().unwrap_or_default().trim())
}

fn track(text: &str) -> Option<Recorded> {
    let tcx = text.contains("<TrainingCenterDatabase");
    if !tcx && !text.contains("<gpx") {
        return None;
    }
    let times: Vec<Millis> = texts(text, if tcx { "Time" } else { "time" })
        .filter_map(|time| time.parse::<jiff::Timestamp>().ok())
        .map(jiff::Timestamp::as_millisecond)
        .collect();
    let (start, end) = (*times.iter().min()?, *times.iter().max()?);
    let told = if tcx {
        text.split("Sport=\"").nth(1).and_then(|rest| rest.split('"').next())
    } else {
        texts(text, "type").next()
    };
    let metres = text
        .split("<Track>")
        .next()
        .filter(|_| tcx)
        .and_then(|head| texts(head, "DistanceMeters").next()?.parse().ok());
    Some(Recorded {
        start: whole(number(start) / 1_000.0) * 1_000,
        sport: match told.map(str::to_ascii_lowercase).as_deref() {
            Some("running") => Sport::Running,
            Some("biking" | "cycling") => Sport::Cycling,
            Some(_) | None => Sport::Other,
        },
        seconds: number(end - start) / 1_000.0,
        metres: metres.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_of_a_known_kind_is_nothing() {
        for bytes in [b"".as_slice(), b"12345678.FIT", b"<html>", b"<gpx></gpx>", b"\xff"] {
            assert_eq!(read(bytes), Written::Nothing, "{bytes:?}");
        }
    }

    #[test]
    fn a_track_is_dated_by_its_points() {
        let track = "<gpx><trk><type>running</type><trkpt><time>2026-05-01T16:00:00.500Z</time>\
                     </trkpt><trkpt><time>2026-05-01T16:10:00.500Z</time></trkpt></trk></gpx>";
        let Written::Activity(found) = read(track.as_bytes()) else { panic!("an activity") };
        assert_eq!((found.start, found.seconds), (1_777_651_200_000, 600.0));
        assert_eq!(found.sport, Sport::Running);
    }
}
