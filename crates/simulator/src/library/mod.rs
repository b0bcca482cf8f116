//! What an athlete plans: workouts, the days they stand on, and notes. It remembers writes.

mod accept;
mod seed;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::athlete::{Athlete, Season};

pub(crate) use accept::Refused;

/// A workout on a day.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) workout: i64,
    pub(crate) date: Date,
    pub(crate) created: Date,
}

#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) name: String,
    pub(crate) content: String,
    pub(crate) date: Date,
}

#[derive(Debug)]
pub(crate) struct Library {
    workouts: BTreeMap<i64, Value>,
    schedule: BTreeMap<i64, Entry>,
    notes: BTreeMap<i64, Note>,
    /// What was sent to a device.
    pub(crate) messages: Vec<Value>,
    owner: i64,
    next_id: i64,
}

impl Library {
    pub(crate) fn seeded(athlete: &Athlete, today: Date) -> Self {
        let mut library = Self {
            workouts: BTreeMap::new(),
            schedule: BTreeMap::new(),
            notes: BTreeMap::new(),
            messages: Vec::new(),
            owner: athlete.person.profile_id,
            next_id: 1_400_000_000 + athlete.person.profile_id % 1_000_000,
        };
        seed::fill(&mut library, athlete, today);
        library
    }

    fn id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// Newest first, as Garmin lists them.
    pub(crate) fn workouts(&self) -> impl Iterator<Item = &Value> {
        self.workouts.values().rev()
    }

    pub(crate) fn workout(&self, id: i64) -> Option<&Value> {
        self.workouts.get(&id)
    }

    /// Stores a new workout, or says what Garmin would say to it.
    pub(crate) fn add(&mut self, sent: &Value, today: Date) -> Result<&Value, Refused> {
        let mut stored = accept::stored(sent)?;
        let id = self.id();
        stored["workoutId"] = json!(id);
        stored["ownerId"] = json!(self.owner);
        stored["createdDate"] = json!(format!("{today}T10:00:00.0"));
        stored["updatedDate"] = json!(format!("{today}T10:00:00.0"));
        let mut step = 12_000_000_000 + id % 1_000_000 * 1_000;
        accept::number_steps(&mut stored, &mut step);
        Ok(self.workouts.entry(id).or_insert(stored))
    }

    /// Replaces a workout as a whole; its days stay.
    pub(crate) fn replace(&mut self, id: i64, sent: &Value, today: Date) -> Result<bool, Refused> {
        let Some(before) = self.workouts.get(&id) else { return Ok(false) };
        if sent.get("workoutId").and_then(Value::as_i64) != Some(id) {
            return Err(Refused::bad("workoutId does not match the path"));
        }
        let created = before["createdDate"].clone();
        let mut stored = accept::stored(sent)?;
        stored["workoutId"] = json!(id);
        stored["ownerId"] = json!(self.owner);
        stored["createdDate"] = created;
        stored["updatedDate"] = json!(format!("{today}T11:00:00.0"));
        let mut step = 12_000_000_000 + id % 1_000_000 * 1_000;
        accept::number_steps(&mut stored, &mut step);
        self.workouts.insert(id, stored);
        Ok(true)
    }

    pub(crate) fn remove(&mut self, id: i64) -> bool {
        self.schedule.retain(|_, entry| entry.workout != id);
        self.workouts.remove(&id).is_some()
    }

    /// Puts a workout on a day; asked twice, it stands there twice.
    pub(crate) fn schedule(&mut self, workout: i64, date: Date, today: Date) -> Option<i64> {
        self.workouts.get(&workout)?;
        let id = self.id();
        self.schedule.insert(id, Entry { workout, date, created: today });
        Some(id)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (i64, &Entry)> {
        self.schedule.iter().map(|(id, entry)| (*id, entry))
    }

    pub(crate) fn entry(&self, id: i64) -> Option<&Entry> {
        self.schedule.get(&id)
    }

    pub(crate) fn move_entry(&mut self, id: i64, date: Date) -> bool {
        self.schedule.get_mut(&id).map(|entry| entry.date = date).is_some()
    }

    pub(crate) fn unschedule(&mut self, id: i64) -> bool {
        self.schedule.remove(&id).is_some()
    }

    pub(crate) fn notes(&self) -> impl Iterator<Item = (i64, &Note)> {
        self.notes.iter().map(|(id, note)| (*id, note))
    }

    pub(crate) fn add_note(&mut self, note: Note) -> i64 {
        let id = self.id();
        self.notes.insert(id, note);
        id
    }

    pub(crate) fn replace_note(&mut self, id: i64, note: Note) -> bool {
        match self.notes.get_mut(&id) {
            Some(known) => {
                *known = note;
                true
            }
            None => false,
        }
    }

    pub(crate) fn remove_note(&mut self, id: i64) -> bool {
        self.notes.remove(&id).is_some()
    }
}

/// The activity with which a planned workout was done, if it was.
pub(crate) fn done_as(season: &Season, entry: &Entry, sport: &str, now_ms: i64) -> Option<i64> {
    let family = match sport {
        "strength_training" => "fitness_equipment",
        other => other,
    };
    season
        .activities(now_ms)
        .find(|activity| activity.date == entry.date && activity.discipline.is_kind_of(family))
        .map(|activity| activity.id)
}
