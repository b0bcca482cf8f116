//! `periodichealth-service`: the menstrual cycle of those who have set it up. 204 for all others.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::params::{self, Query};
use super::{Caller, Reply, found, nothing};
use crate::athlete::Gender;
use crate::state::Inner;
use crate::times::{days_between, shift};

/// Garmin refuses longer calendars.
const CALENDAR_CAP: i64 = 90;

pub(super) fn router() -> Router<Arc<Inner>> {
    let cycle = "/periodichealth-service/menstrualcycle";
    Router::new()
        .route(&format!("{cycle}/dayview/{{date}}"), get(day))
        .route(&format!("{cycle}/calendar/{{start}}/{{end}}"), get(calendar))
        .route(&format!("{cycle}/pregnancysnapshot"), get(pregnancy))
}

/// One round of the year; they follow each other without a gap.
struct Cycle {
    start: Date,
    length: i64,
    period: i64,
}

impl Caller {
    /// Every cycle since the watch was bought, and the next two; none for those who do not
    /// track it.
    fn cycles(&self) -> Vec<Cycle> {
        let person = &self.athlete.person;
        if person.gender != Gender::Female {
            return Vec::new();
        }
        let seed = person.seed.child("cycle");
        let until = shift(self.season.today(&self.athlete.zone, self.now_ms()), 56);
        let mut cycles = Vec::new();
        let mut start = shift(self.season.first(), seed.child("first").whole(-27, 0));
        for round in 0.. {
            if start > until {
                break;
            }
            let length = seed.at(round).whole(26, 30);
            let period = seed.child("period").at(round).whole(4, 6);
            cycles.push(Cycle { start, length, period });
            start = shift(start, length);
        }
        cycles
    }
}

impl Cycle {
    /// Day of the cycle on which the fertile window begins; it ends with ovulation.
    const fn fertile_from(&self) -> i64 {
        self.length - 19
    }

    /// Phase, its length, and the days until the next.
    const fn phase(&self, day: i64) -> (i64, i64, i64) {
        let fertile = self.fertile_from();
        if day <= self.period {
            (1, self.period, self.period - day + 1)
        } else if day < fertile {
            (2, fertile - self.period - 1, fertile - day)
        } else if day < fertile + 6 {
            (3, 6, fertile + 6 - day)
        } else {
            (4, self.length - fertile - 5, self.length - day + 1)
        }
    }
}

async fn day(Path(date): Path<String>, query: Query, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    params::query_date(&query, "todayDate")?;
    let today = caller.season.today(&caller.athlete.zone, caller.now_ms());
    let cycles = caller.cycles();
    let Some(cycle) = cycles.iter().rfind(|cycle| cycle.start <= date) else { return nothing() };
    let in_cycle = days_between(cycle.start, date) + 1;
    if in_cycle > cycle.length {
        return nothing();
    }
    let (phase, length, left) = cycle.phase(in_cycle);
    let logged = date <= today;
    found(json!({
        "daySummary": {
            "startDate": cycle.start.to_string(),
            "dayInCycle": in_cycle,
            "periodLength": cycle.period,
            "currentPhase": phase,
            "lengthOfCurrentPhase": length,
            "daysUntilNextPhase": left,
            "fertileWindowStart": cycle.fertile_from(),
            "lengthOfFertileWindow": 6,
            "predictedCycleLength": cycle.length,
            "cycleType": "REGULAR",
            "predictedCycle": cycle.start > today,
            "pregnancyCycle": false,
            "numberOfWeek": null,
            "dueDate": null,
        },
        "dayLog": {
            "calendarDate": date.to_string(),
            "symptoms": if logged && in_cycle <= 2 { json!(["CRAMPS"]) } else { json!([]) },
            "moods": if logged { json!(["FINE"]) } else { json!([]) },
            "flow": (logged && in_cycle <= cycle.period).then_some("MEDIUM"),
            "discharge": [],
            "sexDrive": null,
            "sexualActivity": null,
            "notes": null,
            "ovulationDay": false,
        },
    }))
}

async fn calendar(Path((start, end)): Path<(String, String)>, caller: Caller) -> Reply {
    let (start, end) = params::range(&start, &end, CALENDAR_CAP)?;
    let today = caller.season.today(&caller.athlete.zone, caller.now_ms());
    let cycles = caller.cycles();
    let touching: Vec<&Cycle> = cycles
        .iter()
        .filter(|it| it.start <= end && shift(it.start, it.length - 1) >= start)
        .collect();
    let summaries: Vec<Value> = touching
        .iter()
        .map(|cycle| {
            json!({
                "startDate": cycle.start.to_string(),
                "periodLength": cycle.period,
                "predictedCycleLength": cycle.length,
                "fertileWindowStart": cycle.fertile_from(),
                "lengthOfFertileWindow": 6,
                "cycleType": "REGULAR",
                "predictedCycle": cycle.start > today,
                "pregnancyCycle": false,
            })
        })
        .collect();
    let symptoms: Vec<String> = touching
        .iter()
        .flat_map(|cycle| [cycle.start, shift(cycle.start, 1)])
        .filter(|date| (start..=end).contains(date) && *date <= today)
        .map(|date| date.to_string())
        .collect();
    found(json!({
        "cycleSummaries": summaries,
        "loggedSymptomDays": symptoms,
        "loggedOvulationDays": [],
        "loggedNoteDays": [],
    }))
}

async fn pregnancy(_: Caller) -> Reply {
    nothing()
}
