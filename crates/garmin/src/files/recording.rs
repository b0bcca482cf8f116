//! A whole activity out of its file: sessions, laps, one column per channel, pauses, gears and
//! beats. Columns and not records, because a ride of six hours has twenty thousand of them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::Timestamp;
use rustyfit::profile::typedef::MesgNum;
use rustyfit::proto::{Message, Value};

use super::BadFile;
use super::fit::{Damage, DeveloperFields, FitMessage, Layout, as_declared, walk};
use super::values::{self, FitValue};

/// Bounds of what is kept beside the records.
const MOST_LAPS: usize = 5_000;
const MOST_EVENTS: usize = 20_000;
const MOST_BEATS: usize = 500_000;
const MOST_CHANNELS: usize = 64;

/// What a device recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recording {
    pub sessions: Vec<FitMessage>,
    pub laps: Vec<FitMessage>,
    pub events: Vec<FitMessage>,
    pub records: Records,
    pub pauses: Vec<Pause>,
    /// Milliseconds from beat to beat.
    pub beats_ms: Vec<f64>,
    pub damage: Option<Damage>,
}

/// The timer was stopped and started again; without an end where it never was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    pub start: Timestamp,
    pub end: Option<Timestamp>,
}

/// Records, a column per channel. `NaN` stands for nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Records {
    /// Seconds since 1970, one per record.
    pub times: Vec<i64>,
    channels: BTreeMap<&'static str, Vec<f64>>,
    pub developer: Vec<DeveloperChannel>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DeveloperChannel {
    pub name: String,
    pub units: Option<String>,
    key: (u8, u8),
    values: Vec<f64>,
}

impl DeveloperChannel {
    pub fn values(&self) -> impl Iterator<Item = Option<f64>> + '_ {
        self.values.iter().map(|value| known(*value))
    }
}

fn known(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// A field of a record: number, channel, scale, offset. Of two fields for one channel the later
/// in this list wins: the enhanced ones have more digits.
const FIELDS: [(u8, &str, f64, f64); 26] = [
    (0, "lat_deg", 11_930_464.711_111_11, 0.0),
    (1, "lon_deg", 11_930_464.711_111_11, 0.0),
    (2, "altitude_m", 5.0, 500.0),
    (3, "heart_rate_bpm", 1.0, 0.0),
    (4, "cadence_rpm", 1.0, 0.0),
    (5, "distance_m", 100.0, 0.0),
    (6, "speed_mps", 1_000.0, 0.0),
    (7, "power_w", 1.0, 0.0),
    (9, "grade_pct", 100.0, 0.0),
    (13, "temperature_c", 1.0, 0.0),
    (30, "left_right_balance", 1.0, 0.0),
    (39, "vertical_oscillation_mm", 10.0, 0.0),
    (41, "ground_contact_time_ms", 10.0, 0.0),
    (43, "left_torque_effectiveness_pct", 2.0, 0.0),
    (44, "right_torque_effectiveness_pct", 2.0, 0.0),
    (45, "left_pedal_smoothness_pct", 2.0, 0.0),
    (46, "right_pedal_smoothness_pct", 2.0, 0.0),
    (53, "fractional_cadence_rpm", 128.0, 0.0),
    (67, "left_pco_mm", 1.0, 0.0),
    (68, "right_pco_mm", 1.0, 0.0),
    (73, "speed_mps", 1_000.0, 0.0),
    (78, "altitude_m", 5.0, 500.0),
    (83, "vertical_ratio_pct", 100.0, 0.0),
    (85, "step_length_mm", 10.0, 0.0),
    (99, "respiration_brpm", 1.0, 0.0),
    (108, "respiration_brpm", 100.0, 0.0),
];

impl Records {
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The channels in which anything was recorded.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.channels.keys().copied()
    }

    /// One value per record; `None` where the channel was never recorded.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<impl Iterator<Item = Option<f64>> + '_> {
        Some(self.channels.get(name)?.iter().map(|value| known(*value)))
    }

    /// The same with the second each was recorded at, since the first record.
    pub fn timed(&self, name: &str) -> impl Iterator<Item = (f64, Option<f64>)> + '_ {
        let first = self.times.first().copied().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
        let since = move |time: i64| (time - first) as f64;
        let values = self.channels.get(name).map_or(&[][..], |it| it);
        self.times.iter().zip(values).map(move |(time, value)| (since(*time), known(*value)))
    }

    fn add(&mut self, message: &Message, layout: &Layout, developer: &DeveloperFields) {
        const TIMESTAMP: u8 = 253;
        let value = |number: u8| {
            let field = message.fields.iter().find(|field| field.num == number)?;
            let declared = as_declared(number, &field.value, layout)?;
            values::raw(&declared, field.base_type)
        };
        // A record without a time cannot be put anywhere.
        let Some(time) = value(TIMESTAMP).and_then(values::instant) else { return };
        let row = self.times.len();
        self.times.push(time.as_second());
        for (number, name, scale, offset) in FIELDS {
            if let Some(raw) = value(number) {
                let column = self.channels.entry(name).or_default();
                put(column, row, raw / scale - offset);
            }
        }
        for (number, index, described, value) in developer.of(message) {
            let Some(number_value) = value.number() else { continue };
            let key = (index, number);
            let known = self.developer.iter().position(|channel| channel.key == key);
            let at = match known {
                Some(at) => at,
                None if self.developer.len() < MOST_CHANNELS => {
                    self.developer.push(DeveloperChannel {
                        name: described.name.clone(),
                        units: described.units.clone(),
                        key,
                        values: Vec::new(),
                    });
                    self.developer.len() - 1
                }
                None => continue,
            };
            if let Some(channel) = self.developer.get_mut(at) {
                put(&mut channel.values, row, number_value);
            }
        }
    }

    /// Makes all columns as long as the times.
    fn level(&mut self) {
        let length = self.times.len();
        self.channels.values_mut().for_each(|column| column.resize(length, f64::NAN));
        self.developer.iter_mut().for_each(|channel| channel.values.resize(length, f64::NAN));
    }
}

/// Puts a value into a column that may be shorter than the rows before.
fn put(column: &mut Vec<f64>, row: usize, value: f64) {
    column.resize(row + 1, f64::NAN);
    column[row] = value;
}

/// Reads a whole file.
pub fn record(bytes: &[u8]) -> Result<Recording, BadFile> {
    let mut found = Recording::default();
    let mut developer = DeveloperFields::default();
    let damage = walk(bytes, |message, layout| {
        developer.note(message);
        match message.num {
            MesgNum::RECORD => found.records.add(message, layout, &developer),
            MesgNum::HRV => found.add_beats(message),
            MesgNum::SESSION if found.sessions.len() < MOST_LAPS => {
                found.sessions.push(developer.read(message, layout));
            }
            MesgNum::LAP if found.laps.len() < MOST_LAPS => {
                found.laps.push(developer.read(message, layout));
            }
            MesgNum::EVENT if found.events.len() < MOST_EVENTS => {
                let event = developer.read(message, layout);
                found.note_timer(&event);
                found.events.push(event);
            }
            // Settings, devices, workout steps: `messages` shows them.
            _ => {}
        }
        ControlFlow::Continue(())
    })?;
    found.damage = damage;
    found.records.level();
    found.end_pauses();
    Ok(found)
}

impl Recording {
    fn add_beats(&mut self, message: &Message) {
        let times = message.fields.iter().filter(|field| field.num == 0);
        for field in times {
            if let Some(FitValue::List(beats)) =
                values::read(&field.value, field.base_type, 1.0, 0.0)
                && self.beats_ms.len() < MOST_BEATS
            {
                self.beats_ms.extend(beats.into_iter().flatten());
            } else if let Value::Uint16(beat) = field.value
                && beat != u16::MAX
            {
                self.beats_ms.push(f64::from(beat));
            }
        }
    }

    fn note_timer(&mut self, event: &FitMessage) {
        if event.meaning("event") != Some("timer") {
            return;
        }
        let Some(at) = event.time("timestamp") else { return };
        match event.meaning("event_type") {
            Some("start") => {
                if let Some(open) = self.pauses.last_mut().filter(|pause| pause.end.is_none()) {
                    open.end = Some(at);
                }
            }
            Some("stop" | "stop_all" | "stop_disable" | "stop_disable_all")
                if self.pauses.last().is_none_or(|pause| pause.end.is_some()) =>
            {
                self.pauses.push(Pause { start: at, end: None });
            }
            Some(_) | None => {}
        }
    }

    /// The last stop is the end of the activity and no pause, unless something was recorded
    /// after it.
    fn end_pauses(&mut self) {
        let last = self.records.times.last().copied();
        self.pauses.retain(|pause| match pause.end {
            Some(end) => end > pause.start,
            None => last.is_some_and(|last| last > pause.start.as_second() + 1),
        });
    }

    /// When the first session began, else when the first record was written.
    #[must_use]
    pub fn start(&self) -> Option<Timestamp> {
        let session = self.sessions.first().and_then(|session| session.time("start_time"));
        let first = || self.records.times.first().and_then(|it| Timestamp::from_second(*it).ok());
        session.or_else(first)
    }

    #[must_use]
    pub fn sport(&self) -> Option<&str> {
        self.sessions.first()?.meaning("sport")
    }
}
