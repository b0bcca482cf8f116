//! The readers of Garmin's answers, as functions of bytes: `crates/fuzz` drives them with a
//! fuzzer, and the test below replays its seeds wherever the tests run.

#![expect(clippy::missing_panics_doc, reason = "a finding is a panic")]

use std::ops::ControlFlow;

use domain::clock::Timestamp;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::body::{Shape, decode};
use crate::jar::{Jar, Place};
use crate::tokens::Fresh;
use crate::transport::{Answer, retry_after};
use crate::{files, model, workout};

pub use crate::sign_in::fuzzing::{sign_in_json, sign_in_page};

const NOW: Timestamp = Timestamp(1_790_000_000);

pub(crate) fn answer(status: u16, body: &[u8]) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
        headers: HeaderMap::new(),
        body: body.to_vec().into(),
    }
}

/// The answer of the token endpoint, and the token in it.
pub fn token_json(data: &[u8]) {
    let Some(fresh) = Fresh::read(data, NOW) else { return };
    let text = String::from_utf8_lossy(data);
    assert!(!text.is_empty(), "a token out of nothing");
    let _ = (fresh.has_refresh(), fresh.access());
    if let Some(guid) = fresh.guid() {
        assert!((1..=64).contains(&guid.as_str().len()), "an account without a name");
    }
}

/// Cookies set by one answer and sent with the next request: lines of `Set-Cookie`.
pub fn set_cookie(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|&byte| byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    let ours = Place {
        host: "sso.garmin.com",
        path: "/sso/signin",
        sent_to: "sso.garmin.com",
        sent_path: "/sso/signin",
    };
    let mut jar = Jar::default();
    jar.keep(&headers, ours, NOW);
    assert!(jar.belongs_to("garmin.com", "sso.garmin.com"), "a cookie of another site was kept");
    let foreign = Place { host: "evil.example", sent_to: "evil.example", ..ours };
    assert_eq!(jar.header(foreign, NOW), None, "a cookie went to another site");
    let _ = jar.header(ours, NOW);
}

/// A `Retry-After` header.
pub fn retry_after_header(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value)]);
    if let Some(wait) = retry_after(&headers, NOW) {
        assert!(wait.as_secs() <= 24 * 3600, "a wait of more than a day");
    }
}

fn reads<T: Shape>(data: &[u8]) {
    if let Ok(Some(model)) = decode::<T>(data) {
        assert!(model != T::default(), "a model of nothing");
    }
}

/// Any answer of the data API, read as every model there is.
pub fn data_json(data: &[u8]) {
    reads::<Vec<model::ActivitySummary>>(data);
    reads::<model::Activity>(data);
    reads::<model::ActivityDetails>(data);
    reads::<model::ActivitySplits>(data);
    reads::<Vec<model::TimeInZone>>(data);
    reads::<Vec<model::Gear>>(data);
    reads::<model::GearStats>(data);
    reads::<model::SocialProfile>(data);
    reads::<model::ProfileSettings>(data);
    reads::<model::UserSettings>(data);
    reads::<Vec<model::HeartRateZones>>(data);
    reads::<model::Night>(data);
    reads::<model::Hrv>(data);
    reads::<Vec<model::TrainingReadiness>>(data);
    reads::<Vec<model::Watch>>(data);
    reads::<model::LastUsedWatch>(data);
    reads::<model::DailySummary>(data);
    reads::<model::HeartRates>(data);
    reads::<model::Stress>(data);
    reads::<model::Spo2>(data);
    reads::<Vec<model::BodyBatteryDay>>(data);
    reads::<Vec<model::StepBucket>>(data);
}

/// A file that a device or anybody else wrote: as an upload, as a recording, as its messages.
pub fn recorded_file(data: &[u8]) {
    if let Ok(told) = files::told(data) {
        assert!(told.elapsed_s.is_none_or(f64::is_finite), "an endless activity");
    }
    let Ok(unpacked) = files::unpack(data) else { return };
    if let Ok(recording) = files::record(&unpacked) {
        let length = recording.records.len();
        for name in recording.records.names() {
            let column = recording.records.channel(name).map(Iterator::count);
            assert_eq!(column, Some(length), "a column of another length");
        }
    }
    let mut seen = 0_usize;
    let _ = files::messages(&unpacked, |message| {
        seen += message.fields.len();
        ControlFlow::Continue(())
    });
}

/// A workout as a model writes one: in our form, or in Garmin's own.
pub fn workout_form(data: &[u8]) {
    let Ok(given) = serde_json::from_slice(data) else { return };
    if let Ok(parsed) = workout::parse(&given, &workout::form::Athlete::default()) {
        let sent = workout::compile(&parsed.form);
        assert!(workout::differences(&sent, &sent).is_empty(), "not equal to itself");
        let _ = (workout::describe(&parsed.form), workout::estimate(&parsed.form));
        assert!(workout::repair(&sent).is_ok(), "what is sent would have to be repaired");
    }
    if let Ok(repaired) = workout::repair(&given) {
        let _ = workout::decompile(&repaired.workout);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    type Target = (&'static str, fn(&[u8]));

    const TARGETS: [Target; 8] = [
        ("data_json", data_json),
        ("recorded_file", recorded_file),
        ("retry_after_header", retry_after_header),
        ("set_cookie", set_cookie),
        ("sign_in_json", sign_in_json),
        ("sign_in_page", sign_in_page),
        ("token_json", token_json),
        ("workout_form", workout_form),
    ];

    fn seeds(name: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(name);
        let files = fs::read_dir(folder).unwrap();
        files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
    }

    #[test]
    fn every_seed_is_survived() {
        for (name, target) in TARGETS {
            let seeds = seeds(name);
            assert!(!seeds.is_empty(), "{name} has no seeds");
            for seed in seeds {
                target(&seed);
            }
        }
    }

    proptest! {
        #[test]
        fn a_seed_with_a_foreign_middle_is_survived(
            which in any::<prop::sample::Index>(),
            from in any::<prop::sample::Index>(),
            cut in 0_usize..16,
            middle in prop::collection::vec(any::<u8>(), 0..16),
        ) {
            for (name, target) in TARGETS {
                let mut seed = which.get(&seeds(name)).clone();
                let at = from.index(seed.len() + 1);
                seed.splice(at..(at + cut).min(seed.len()), middle.clone());
                target(&seed);
            }
        }
    }
}
