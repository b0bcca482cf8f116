//! Files of activities: against the simulator's own encoder, and against damage.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use domain::entropy::{CountingEntropy, Entropy as _};
use garmin::api::{ActivityId, ActivityQuery, FileKind};
use garmin::files::{self, Damage, FitValue, Recording};
use garmin::model::ActivitySummary;
use garmin::{Garmin, GarminError};
use simulator::AccountSpec;

use crate::harness::{Rig, account};

struct Filed {
    _rig: Rig,
    garmin: Garmin,
    activities: Vec<ActivitySummary>,
}

impl Filed {
    async fn of(account: AccountSpec) -> Self {
        let rig = Rig::with(account).await;
        let (garmin, _) = rig.reader().await;
        let query = ActivityQuery { start: 0, limit: 100, range: None, kind: None };
        let activities = garmin.activities(&query).await.unwrap();
        Self { _rig: rig, garmin, activities }
    }

    fn newest(&self, kind: &str) -> &ActivitySummary {
        let is = |it: &&ActivitySummary| {
            it.kind.as_ref().and_then(|kind| kind.key.as_deref()) == Some(kind)
        };
        self.activities.iter().find(is).unwrap()
    }

    async fn fit(&self, id: i64) -> Vec<u8> {
        let id = ActivityId::new(id).unwrap();
        let zip = self.garmin.activity_file(id, FileKind::Original).await.unwrap().unwrap();
        assert!(zip.starts_with(b"PK"));
        files::unpack(&zip).unwrap()
    }

    async fn recording(&self, id: i64) -> Recording {
        files::record(&self.fit(id).await).unwrap()
    }
}

fn near(found: Option<f64>, expected: Option<f64>, within: f64) {
    let (found, expected) = (found.unwrap(), expected.unwrap());
    assert!((found - expected).abs() <= within, "{found} is not {expected}");
}

#[tokio::test]
async fn a_recording_says_what_its_summary_says() {
    let filed = Filed::of(account()).await;
    for kind in ["running", "road_biking"] {
        let summary = filed.newest(kind);
        let found = filed.recording(summary.id.unwrap()).await;
        assert_eq!(found.damage, None);
        let session = &found.sessions[0];
        near(session.number("total_distance"), summary.distance_m, 0.01);
        near(session.number("total_timer_time"), summary.duration_s, 0.001);
        near(session.number("avg_heart_rate"), summary.average_heart_rate, 0.5);
        near(session.number("avg_power"), summary.average_power_w, 0.5);
        assert_eq!(session.time("start_time"), summary.start);
        let sport = if kind == "running" { "running" } else { "cycling" };
        assert_eq!(found.sport(), Some(sport));
        assert_eq!(found.laps.len(), usize::try_from(summary.laps.unwrap()).unwrap());
        let powers: Vec<f64> = found.records.channel("power_w").unwrap().flatten().collect();
        let mean = powers.iter().sum::<f64>() / f64::from(u32::try_from(powers.len()).unwrap());
        near(Some(mean), summary.average_power_w, 2.0);
        let last = found.records.channel("distance_m").unwrap().flatten().last();
        near(last, summary.distance_m, 0.02);
        let peak = found.records.channel("heart_rate_bpm").unwrap().flatten().reduce(f64::max);
        assert_eq!(peak, summary.max_heart_rate);
        // One record a second, but for the pause.
        let elapsed = summary.elapsed_s.unwrap();
        let timer = summary.duration_s.unwrap();
        assert!((f64::from(u32::try_from(found.records.len()).unwrap()) - timer).abs() < 3.0);
        let paused: f64 = found
            .pauses
            .iter()
            .map(|it| {
                f64::from(
                    i32::try_from(it.end.unwrap().duration_since(it.start).as_secs()).unwrap(),
                )
            })
            .sum();
        assert!((paused - (elapsed - timer)).abs() <= 2.0, "{paused} {elapsed} {timer}");
    }
}

#[tokio::test]
async fn what_no_profile_knows_and_what_developers_add_is_passed_on() {
    let filed = Filed::of(account()).await;
    let id = filed.newest("road_biking").id.unwrap();
    let fit = filed.fit(id).await;
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut record = None;
    let mut shift = None;
    let damage = files::messages(&fit, |message| {
        *kinds.entry(message.name.clone()).or_default() += 1;
        if message.name == "record" {
            record.get_or_insert_with(|| message.clone());
        }
        if message.meaning("event").is_some_and(|it| it.ends_with("gear_change")) {
            shift.get_or_insert_with(|| message.clone());
        }
        ControlFlow::Continue(())
    });
    assert_eq!(damage.unwrap(), None);
    assert_eq!(kinds["unknown_325"], 1);
    for kind in ["file_id", "device_info", "developer_data_id", "session", "lap", "activity"] {
        assert!(kinds.contains_key(kind), "{kind}: {kinds:?}");
    }
    let record = record.unwrap();
    assert!(record.field("unknown_136").is_some());
    let core = record.fields.iter().find(|it| it.name == "core_temperature").unwrap();
    assert_eq!((core.developer, core.units.as_deref()), (Some(0), Some("C")));
    let FitValue::Number(celsius) = core.value else { panic!("{core:?}") };
    assert!((celsius - 37.0).abs() < 0.5);
    // Scaled, and as it stands in the file.
    let altitude = record.field("enhanced_altitude").unwrap();
    near(altitude.value.number(), altitude.raw.map(|raw| raw / 5.0 - 500.0), 1e-9);
    assert!(shift.unwrap().number("gear_change_data").is_some());
    let found = files::record(&fit).unwrap();
    assert_eq!(found.records.developer[0].name, "core_temperature");
    assert_eq!(found.records.developer[0].values().count(), found.records.len());
}

#[tokio::test]
async fn every_format_can_be_had_and_what_has_no_file_has_none() {
    let filed = Filed::of(account()).await;
    let get =
        async |id: i64, kind| filed.garmin.activity_file(ActivityId::new(id).unwrap(), kind).await;
    let run = filed.newest("running").id.unwrap();
    for (kind, part) in [
        (FileKind::Gpx, "<trkpt"),
        (FileKind::Tcx, "<Trackpoint>"),
        (FileKind::Kml, "<coordinates>"),
        (FileKind::Csv, "\"Laps\""),
    ] {
        let file = get(run, kind).await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&file).contains(part), "{kind:?}");
    }
    let strength = filed.newest("strength_training").id.unwrap();
    assert_eq!(get(strength, FileKind::Gpx).await, Ok(None));
    assert_eq!(get(1, FileKind::Original).await, Ok(None));
}

#[tokio::test]
async fn a_ride_of_six_hours_is_read_in_columns() {
    let filed = Filed::of(account().heavy()).await;
    let longest = filed
        .activities
        .iter()
        // The file of a multisport activity is in its legs.
        .filter(|it| it.kind.as_ref().and_then(|kind| kind.key.as_deref()) == Some("road_biking"))
        .max_by(|one, other| one.duration_s.partial_cmp(&other.duration_s).unwrap())
        .unwrap();
    assert!(longest.duration_s.unwrap() > 5.5 * 3_600.0, "{:?}", longest.duration_s);
    let found = filed.recording(longest.id.unwrap()).await;
    assert!(found.records.len() > 19_000);
}

/// Whatever is wrong with a file: no panic, and what was read before the damage is kept.
#[tokio::test]
async fn no_damage_panics() {
    let filed = Filed::of(account()).await;
    let shortest = filed
        .activities
        .iter()
        .min_by(|one, other| one.duration_s.partial_cmp(&other.duration_s).unwrap())
        .unwrap();
    let fit = filed.fit(shortest.id.unwrap()).await;
    let whole = files::record(&fit).unwrap();
    let torn = files::record(&fit[..fit.len() / 2]).unwrap();
    assert_eq!(torn.damage, Some(Damage::Torn));
    assert!(torn.records.len() > 10 && torn.records.len() < whole.records.len());
    let mut wrong = fit.clone();
    let last = wrong.len() - 1;
    wrong[last] ^= 1;
    let wrong = files::record(&wrong).unwrap();
    assert_eq!(wrong.damage, Some(Damage::Checksum));
    assert_eq!(wrong.records.len(), whole.records.len());
    assert_eq!(files::record(b"<html>"), Err(files::BadFile::NotFit));
    // Only the head, where every definition is, and the beginning of the records.
    let head = &fit[..fit.len().min(2_000)];
    let entropy = CountingEntropy::default();
    for round in 0..3_000 {
        let mut broken = head.to_vec();
        let mut noise = [0_u8; 12];
        entropy.fill(&mut noise);
        for pair in noise[..4 + round % 8].chunks(4) {
            if let [high, low, bit, value] = pair {
                let at = usize::from(u16::from_be_bytes([*high, *low])) % broken.len();
                // The first bytes say what the file is: mostly left alone.
                let at = if at < 12 && bit % 8 != 0 { at + 14 } else { at };
                broken[at] = *value;
            }
        }
        let _ = files::record(&broken);
        let _ = files::messages(&broken, |_| ControlFlow::Continue(()));
    }
}

#[tokio::test]
async fn a_file_is_read_again_after_a_hiccup_and_a_page_is_no_file() {
    use simulator::{Effect, Fault, Matcher};
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    let query = ActivityQuery { start: 0, limit: 1, range: None, kind: None };
    let id = garmin.activities(&query).await.unwrap()[0].id.unwrap();
    let path = format!("/download-service/files/activity/{id}");
    let busy = Effect::Status { status: 503, retry_after_secs: None };
    rig.control().add_fault(Fault::once(Matcher::default().path(&path), busy));
    let id = ActivityId::new(id).unwrap();
    assert!(garmin.activity_file(id, FileKind::Original).await.unwrap().is_some());
    let forbidden = Effect::Status { status: 403, retry_after_secs: None };
    rig.control().add_fault(Fault::once(Matcher::default().path(&path), forbidden));
    let refused = garmin.activity_file(id, FileKind::Original).await;
    assert_eq!(refused, Err(GarminError::Forbidden));
}
