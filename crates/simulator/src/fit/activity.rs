//! One activity as its watch recorded it: sessions, laps, a record every second, the pause,
//! gears, beats, and what a sensor's own app adds.

use super::writer::{Value, Writer};
use crate::athlete::{Activity, Discipline, Lap, Person, Sample, SessionKind, laps, whole};
use crate::times::Millis;

/// FIT counts seconds from 1989-12-31.
const EPOCH_S: i64 = 631_065_600;

mod mesg {
    pub(super) const FILE_ID: u16 = 0;
    pub(super) const SESSION: u16 = 18;
    pub(super) const LAP: u16 = 19;
    pub(super) const RECORD: u16 = 20;
    pub(super) const EVENT: u16 = 21;
    pub(super) const DEVICE_INFO: u16 = 23;
    pub(super) const ACTIVITY: u16 = 34;
    pub(super) const FILE_CREATOR: u16 = 49;
    pub(super) const HRV: u16 = 78;
    pub(super) const FIELD_DESCRIPTION: u16 = 206;
    pub(super) const DEVELOPER_DATA_ID: u16 = 207;
    /// Garmin's own, in no published profile.
    pub(super) const UNPUBLISHED: u16 = 325;
}

/// The top bit says that the rest is the right leg's share: percent, or in the session hundredths.
const RIGHT: u8 = 0x80;
const RIGHT_PCT: u8 = 49;
const RIGHT_OF_SESSION: u16 = 0x8000;
const RIGHT_HUNDREDTHS: u16 = 4_910;

const EVENT_TIMER: u8 = 0;
const EVENT_SESSION: u8 = 8;
const EVENT_LAP: u8 = 9;
const EVENT_ACTIVITY: u8 = 26;
const EVENT_FRONT_GEAR: u8 = 42;
const EVENT_REAR_GEAR: u8 = 43;
const START: u8 = 0;
const STOP: u8 = 1;
const MARKER: u8 = 3;
const STOP_ALL: u8 = 4;

/// The file Garmin keeps of an activity.
pub(crate) fn activity_file(person: &Person, activity: &Activity) -> Vec<u8> {
    let seconds = activity.seconds();
    let laps = laps(&activity.effort, &activity.effort.trace());
    let mut file = Writer::default();
    head(&mut file, person, activity);
    records(&mut file, activity, &seconds);
    for (lap, index) in laps.iter().zip(0_u16..) {
        lap_message(&mut file, activity, lap, index);
    }
    session(&mut file, activity, laps.len());
    let end = stamp(activity.start, activity.elapsed);
    file.message(
        10,
        mesg::ACTIVITY,
        &[
            (253, end.clone()),
            (0, scaled_u32(activity.duration, 1_000.0)),
            (1, Value::U16(Some(1))),
            (2, Value::Enum(0)),
            (3, Value::Enum(EVENT_ACTIVITY)),
            (4, Value::Enum(STOP)),
        ],
    );
    file.finish()
}

fn stamp(start: Millis, secs: f64) -> Value {
    let at = start.div_euclid(1_000) - EPOCH_S + whole(secs.round());
    Value::U32(u32::try_from(at).ok())
}

fn scaled_u32(value: f64, scale: f64) -> Value {
    Value::U32(u32::try_from(whole((value * scale).round())).ok())
}

fn scaled_u16(value: f64, scale: f64) -> Value {
    Value::U16(u16::try_from(whole((value * scale).round())).ok())
}

fn byte(value: f64) -> Value {
    Value::U8(u8::try_from(whole(value.round())).ok())
}

/// Half turns: 2^31 of them are 180 degrees.
fn semicircles(degrees: f64) -> Value {
    Value::S32(i32::try_from(whole((degrees / 180.0 * 2_147_483_648.0).round())).ok())
}

fn sport(discipline: Discipline) -> [u8; 2] {
    match discipline {
        Discipline::Run => [1, 0],
        Discipline::Ride => [2, 7],
        Discipline::Strength => [10, 20],
    }
}

/// Watches count strides of one foot, bicycles revolutions.
fn cadence(discipline: Discipline, per_minute: f64) -> (Value, Value) {
    let turns = match discipline {
        Discipline::Run => per_minute / 2.0,
        Discipline::Ride | Discipline::Strength => per_minute,
    };
    (byte(turns.floor()), byte(turns.fract() * 128.0))
}

fn head(file: &mut Writer, person: &Person, activity: &Activity) {
    let device = match activity.discipline {
        Discipline::Ride => &person.bike_computer,
        Discipline::Run | Discipline::Strength => &person.watch,
    };
    let serial = Value::U32(u32::try_from(device.id).ok());
    let begin = stamp(activity.start, 0.0);
    file.message(
        0,
        mesg::FILE_ID,
        &[
            (0, Value::Enum(4)),
            (1, Value::U16(Some(1))),
            (2, Value::U16(u16::try_from(device.model.type_pk).ok())),
            (3, serial.clone()),
            (4, begin.clone()),
        ],
    );
    file.message(1, mesg::FILE_CREATOR, &[(0, Value::U16(Some(2_709)))]);
    file.message(
        2,
        mesg::DEVICE_INFO,
        &[
            (253, begin.clone()),
            (0, Value::U8(Some(0))),
            (2, Value::U16(Some(1))),
            (3, serial),
            (27, Value::Text(device.model.name.to_owned())),
        ],
    );
    // A sensor's own app: its id, and what it calls its field.
    file.message(
        3,
        mesg::DEVELOPER_DATA_ID,
        &[(1, Value::Bytes((0..16).map(|at| 0xA0 + at).collect())), (3, Value::U8(Some(0)))],
    );
    file.message(
        4,
        mesg::FIELD_DESCRIPTION,
        &[
            (0, Value::U8(Some(0))),
            (1, Value::U8(Some(7))),
            (2, Value::U8(Some(0x88))),
            (3, Value::Text("core_temperature".to_owned())),
            (8, Value::Text("C".to_owned())),
        ],
    );
    file.message(5, mesg::UNPUBLISHED, &[(253, begin), (0, Value::U16(Some(4_711)))]);
}

fn timer(file: &mut Writer, activity: &Activity, elapsed: f64, kind: u8) {
    file.message(
        6,
        mesg::EVENT,
        &[
            (253, stamp(activity.start, elapsed)),
            (0, Value::Enum(EVENT_TIMER)),
            (1, Value::Enum(kind)),
            (3, Value::U32(Some(0))),
        ],
    );
}

fn records(file: &mut Writer, activity: &Activity, seconds: &[Sample]) {
    timer(file, activity, 0.0, START);
    let (paused_at, pause) = activity.pause();
    let mut paused = false;
    let mut gears = Gears { rear: 5, last_s: 0.0 };
    for (index, second) in seconds.iter().enumerate() {
        if !paused && second.secs > paused_at && pause >= 1.0 {
            timer(file, activity, paused_at, STOP_ALL);
            timer(file, activity, paused_at + pause, START);
            paused = true;
        }
        record(file, activity, second);
        if activity.discipline == Discipline::Ride {
            gears.follow(file, activity, seconds, index);
        }
        let logs_beats = matches!(activity.kind, SessionKind::Intervals | SessionKind::Recovery);
        if logs_beats && index > 0 {
            beats(file, activity, second);
        }
    }
    timer(file, activity, activity.elapsed, STOP_ALL);
}

fn record(file: &mut Writer, activity: &Activity, second: &Sample) {
    let mut fields = vec![
        (253, stamp(activity.start, activity.elapsed_at(second.secs))),
        (3, byte(second.hr)),
        (108, scaled_u16(second.respiration, 100.0)),
    ];
    if activity.discipline != Discipline::Strength {
        let (turns, fraction) = cadence(activity.discipline, second.cadence);
        fields.extend([
            (0, semicircles(second.latitude)),
            (1, semicircles(second.longitude)),
            (5, scaled_u32(second.distance, 100.0)),
            (73, scaled_u32(second.speed, 1_000.0)),
            (78, scaled_u32(second.elevation + 500.0, 5.0)),
            (7, scaled_u16(second.power, 1.0)),
            (4, turns),
            (53, fraction),
            // In no published profile.
            (136, byte(second.hr)),
        ]);
    }
    if activity.discipline == Discipline::Ride {
        let celsius = (activity.temperature_f - 32.0) / 1.8 + second.secs / 3_600.0;
        fields.push((13, Value::S8(i8::try_from(whole(celsius.round())).ok())));
        fields.push((30, Value::U8(Some(RIGHT + RIGHT_PCT))));
    }
    #[expect(clippy::cast_possible_truncation, reason = "degrees")]
    let core = (37.0 + 1.4 * (1.0 - (-second.secs / 2_400.0).exp())) as f32;
    file.with_developer(7, mesg::RECORD, &fields, &[(7, 0, Value::F32(core))]);
}

/// Beats of the last second: intervals that alternate around the heart rate's own.
fn beats(file: &mut Writer, activity: &Activity, second: &Sample) {
    let mean = 60_000.0 / second.hr.max(30.0);
    let swing = activity.effort.seed.child("beats").at(whole(second.secs)).between(4.0, 18.0);
    let beat = |sign: f64| u16::try_from(whole((mean + sign * swing).round())).unwrap_or(u16::MAX);
    let mut times = vec![beat(1.0), beat(-1.0)];
    times.resize(5, u16::MAX);
    file.message(8, mesg::HRV, &[(0, Value::U16s(times))]);
}

/// Twelve cogs behind two chainrings, changed when the road does.
struct Gears {
    rear: usize,
    last_s: f64,
}

const COGS: [u8; 12] = [34, 30, 27, 24, 21, 19, 17, 15, 14, 13, 12, 11];

impl Gears {
    fn follow(&mut self, file: &mut Writer, activity: &Activity, seconds: &[Sample], at: usize) {
        let (Some(here), Some(before)) =
            (seconds.get(at), at.checked_sub(20).and_then(|at| seconds.get(at)))
        else {
            return;
        };
        if here.secs - self.last_s < 30.0 {
            return;
        }
        let grade =
            (here.elevation - before.elevation) / (here.distance - before.distance).max(1.0);
        let wanted = usize::try_from(whole((7.0 - grade * 90.0).clamp(0.0, 11.0))).unwrap_or(5);
        if wanted == self.rear {
            return;
        }
        let small = wanted < 3;
        let changes_front = small != (self.rear < 3);
        self.rear = wanted;
        self.last_s = here.secs;
        let rear_number = u32::try_from(wanted + 1).unwrap_or(1);
        let (front_number, front_teeth) = if small { (1, 36) } else { (2, 52) };
        let data =
            rear_number | u32::from(COGS[wanted]) << 8 | front_number << 16 | front_teeth << 24;
        file.message(
            9,
            mesg::EVENT,
            &[
                (253, stamp(activity.start, activity.elapsed_at(here.secs))),
                (0, Value::Enum(if changes_front { EVENT_FRONT_GEAR } else { EVENT_REAR_GEAR })),
                (1, Value::Enum(MARKER)),
                (3, Value::U32(Some(data))),
            ],
        );
    }
}

fn lap_message(file: &mut Writer, activity: &Activity, lap: &Lap, index: u16) {
    let begin = activity.elapsed_at(lap.start_secs);
    let end = activity.elapsed_at(lap.end_secs);
    let secs = lap.end_secs - lap.start_secs;
    let means = lap.means;
    let mut fields = vec![
        (254, Value::U16(Some(index))),
        (253, stamp(activity.start, end)),
        (0, Value::Enum(EVENT_LAP)),
        (1, Value::Enum(STOP)),
        (2, stamp(activity.start, begin)),
        (7, scaled_u32(end - begin, 1_000.0)),
        (8, scaled_u32(secs, 1_000.0)),
        (9, scaled_u32(lap.distance, 100.0)),
        (11, scaled_u16(activity.calories * secs / activity.duration, 1.0)),
        (15, byte(means.avg_hr)),
        (16, byte(means.max_hr)),
        (25, Value::Enum(sport(activity.discipline)[0])),
    ];
    if activity.discipline != Discipline::Strength {
        fields.extend([
            (17, cadence(activity.discipline, means.avg_cadence).0),
            (19, scaled_u16(means.avg_power, 1.0)),
            (20, scaled_u16(means.max_power, 1.0)),
            (21, scaled_u16(means.gain, 1.0)),
            (22, scaled_u16(means.loss, 1.0)),
            (33, scaled_u16(means.norm_power, 1.0)),
            (110, scaled_u32(lap.distance / secs.max(0.001), 1_000.0)),
        ]);
    }
    file.message(11, mesg::LAP, &fields);
}

fn session(file: &mut Writer, activity: &Activity, lap_count: usize) {
    let means = activity.means;
    let [sport, sub_sport] = sport(activity.discipline);
    let mut fields = vec![
        (253, stamp(activity.start, activity.elapsed)),
        (0, Value::Enum(EVENT_SESSION)),
        (1, Value::Enum(STOP)),
        (2, stamp(activity.start, 0.0)),
        (5, Value::Enum(sport)),
        (6, Value::Enum(sub_sport)),
        (7, scaled_u32(activity.elapsed, 1_000.0)),
        (8, scaled_u32(activity.duration, 1_000.0)),
        (9, scaled_u32(activity.distance, 100.0)),
        (11, scaled_u16(activity.calories, 1.0)),
        (16, byte(means.avg_hr)),
        (17, byte(means.max_hr)),
        (24, byte(activity.aerobic_effect * 10.0)),
        (26, Value::U16(u16::try_from(lap_count).ok())),
        (137, byte(activity.anaerobic_effect * 10.0)),
    ];
    if activity.discipline != Discipline::Strength {
        fields.extend([
            (18, cadence(activity.discipline, means.avg_cadence).0),
            (19, cadence(activity.discipline, means.max_cadence).0),
            (20, scaled_u16(means.avg_power, 1.0)),
            (21, scaled_u16(means.max_power, 1.0)),
            (22, scaled_u16(means.gain, 1.0)),
            (23, scaled_u16(means.loss, 1.0)),
            (34, scaled_u16(means.norm_power, 1.0)),
            (124, scaled_u32(activity.average_speed(), 1_000.0)),
            (125, scaled_u32(means.max_speed, 1_000.0)),
        ]);
    }
    if activity.discipline == Discipline::Ride {
        fields.extend([
            // Hundredths of a percent, and the top bit for the right side.
            (37, Value::U16(Some(RIGHT_OF_SESSION + RIGHT_HUNDREDTHS))),
            (101, byte(84.0 * 2.0)),
            (102, byte(82.5 * 2.0)),
            (103, byte(23.0 * 2.0)),
            (104, byte(22.0 * 2.0)),
            (48, scaled_u32(means.avg_power * activity.duration, 1.0)),
        ]);
    }
    file.message(12, mesg::SESSION, &fields);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_is_a_quarter_of_all_semicircles() {
        assert_eq!(semicircles(90.0), Value::S32(Some(1 << 30)));
        assert_eq!(semicircles(180.0), Value::S32(None));
        assert_eq!(stamp(EPOCH_S * 1_000, 7.4), Value::U32(Some(7)));
        assert_eq!(cadence(Discipline::Run, 171.0), (Value::U8(Some(85)), Value::U8(Some(64))));
    }
}
