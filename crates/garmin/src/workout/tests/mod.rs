//! Golden files, the way back, and what people reported of other programs.

mod issues;
mod property;

use serde_json::{Value, json};

use super::form::{Athlete, Thresholds};
use super::*;

fn athlete() -> Athlete {
    let known = |ftp_w| Thresholds { max_hr_bpm: Some(190.0), lthr_bpm: Some(170.0), ftp_w };
    Athlete { running: known(Some(320.0)), cycling: known(Some(250.0)), other: known(None) }
}

fn read(form: &Value) -> Parsed {
    parse(form, &athlete()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn problems(form: &Value) -> Vec<Problem> {
    parse(form, &athlete()).expect_err("a form with problems")
}

/// One step of a sport, compiled.
fn compiled_step(sport: &str, step: &Value) -> Value {
    let form = json!({ "title": "t", "sport": sport, "steps": [step] });
    compile(&read(&form).form)["workoutSegments"][0]["workoutSteps"][0].clone()
}

const GOLDEN: [&str; 13] = [
    "run_intervals",
    "power_range",
    "power_zone",
    "hr_range",
    "hr_zone",
    "hr_end_condition",
    "nested_repeats",
    "strength_sets",
    "swim",
    "multisport",
    "percent",
    "walk",
    "grade_and_resistance",
];

fn golden(name: &str, kind: &str) -> String {
    format!("{}/src/workout/golden/{name}.{kind}.json", env!("CARGO_MANIFEST_DIR"))
}

fn load(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// `UPDATE=1 cargo test -p garmin golden` writes the compiled files anew.
#[test]
fn golden_forms_compile_to_golden_workouts() {
    for name in GOLDEN {
        let compiled = compile(&read(&load(&golden(name, "form"))).form);
        let path = golden(name, "garmin");
        if std::env::var_os("UPDATE").is_some() {
            let text = serde_json::to_string_pretty(&compiled).unwrap();
            std::fs::write(&path, format!("{text}\n")).unwrap();
        }
        assert_eq!(compiled, load(&path), "{name}");
    }
}

#[test]
fn golden_workouts_come_back_as_their_forms_and_need_no_repair() {
    for name in GOLDEN {
        let form = read(&load(&golden(name, "form"))).form;
        let workout = load(&golden(name, "garmin"));
        let back = decompile(&workout).unwrap();
        assert_eq!(back.form, form, "{name}");
        assert_eq!(back.lost, Vec::<String>::new(), "{name}");
        assert_eq!(read(&write(&form)).form, form, "{name}");
        let repaired = repair(&workout).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        assert_eq!(repaired.repairs, Vec::<String>::new(), "{name}");
        assert_eq!(differences(&workout, &repaired.workout), [], "{name}");
    }
}

#[test]
fn a_form_is_told_in_words() {
    let text = |name: &str| describe(&read(&load(&golden(name, "form"))).form);
    assert_eq!(
        text("run_intervals"),
        "- Warm-up 10:00 @ HR Z2\n\
         4x (without the last recovery)\n  \
           - Work 6:00 @ 4:05-4:15 /km, 176-184 spm (relaxed shoulders)\n  \
           - Recovery 1:30\n\
         - Cool-down until lap press"
    );
    assert_eq!(
        text("strength_sets").lines().nth(2),
        Some("  - barbell bench press 10 reps, 60 kg")
    );
    assert!(text("swim").contains("- Work 50 m, drill, kick, kickboard"), "{}", text("swim"));
    assert!(text("hr_end_condition").contains("until heart rate is above 170 bpm"));
    assert!(text("multisport").starts_with("swimming:\npool 50 m\n"));
}

#[test]
fn all_problems_are_told_at_once_with_the_way_to_each() {
    let form = json!({
        "title": "", "sport": "chess", "pool": {"length": 25}, "colour": "red",
        "steps": [
            {"kind": "sprint", "end": {"time_s": -5}},
            {"end": {"time_s": 60, "distance_m": 100}},
            {"kind": "interval"},
            {"repeat": 0, "steps": [{"end": "lap_button", "target": {"hr_zone": 6}}]},
            {"end": {"time_s": 60}, "target": {"hr_bpm": [160, 150]}},
            {"end": {"time_s": 60}, "target": {"hr_zone": 2, "power_zone": 3}},
            {"end": {"time_s": 60}, "secondary": {"hr_zone": 2}},
            {"end": {"time_s": 60}, "target": {"power_w": [200, 220]},
             "secondary": {"power_zone": 3}},
            "rest",
            {"repeat": 2, "steps": [{"repeat": 2, "steps": [{"repeat": 2, "steps": [
                {"end": "lap_button"}]}]}]},
        ],
    });
    let found = problems(&form);
    for (path, part) in [
        ("title", "empty"),
        ("sport", "`running`"),
        ("colour", "unknown"),
        ("pool", "only for"),
        ("steps[0].kind", "warmup"),
        ("steps[0].end.time_s", "1 to 86400"),
        ("steps[1].end", "time_s and distance_m"),
        ("steps[2].end", "required"),
        ("steps[3].repeat", "1 to 99"),
        ("steps[3].steps[0].target.hr_zone", "zones 1 to 5"),
        ("steps[4].target.hr_bpm", "160 is above 150"),
        ("steps[5].target", "hr_zone and power_zone"),
        ("steps[6].secondary", "not without a `target`"),
        ("steps[7].secondary", "about power"),
        ("steps[8]", "must be an object"),
        ("steps[9].steps[0].steps[0]", "nested"),
    ] {
        assert!(
            found.iter().any(|problem| problem.path == path && problem.problem.contains(part)),
            "{path}: {part} in {found:#?}"
        );
    }
    assert_eq!(found.len(), 16, "{found:#?}");
}

#[test]
fn shares_of_thresholds_are_resolved_and_told() {
    let parsed = read(&load(&golden("percent", "form")));
    let told: Vec<&str> = parsed.resolved.iter().map(|one| one.resolved.as_str()).collect();
    assert_eq!(told, ["238-263 W", "153-162 bpm", "152-162 bpm"]);
    assert!(parsed.resolved[0].given.contains("functional threshold power 250 W"));
    let form = load(&golden("percent", "form"));
    assert!(needs_thresholds(&form));
    assert!(!needs_thresholds(&load(&golden("power_range", "form"))));
    let unknown = parse(&form, &Athlete::default()).unwrap_err();
    assert_eq!(unknown.len(), 3);
    assert!(unknown[0].problem.contains("functional threshold power"), "{unknown:?}");
}

#[test]
fn hostile_forms_are_refused_without_a_panic() {
    let deep = (0..60)
        .fold(json!({"end": "lap_button"}), |inner, _| json!({"repeat": 2, "steps": [inner]}));
    let many: Vec<Value> = (0..5_000).map(|_| json!({"end": "lap_button"})).collect();
    for form in [
        json!(null),
        json!([]),
        json!("x"),
        json!({}),
        json!({"title": 5, "sport": [], "steps": {}}),
        json!({"title": "x".repeat(10_000), "sport": "running", "steps": [{"end": "lap_button"}]}),
        json!({"title": "t", "sport": "running", "steps": [deep]}),
        json!({"title": "t", "sport": "running", "steps": many}),
        json!({"title": "t", "sport": "running", "steps": [{"end": {"time_s": 1e308}}]}),
        json!({"title": "t", "sport": "running", "steps": [{"end": {"time_s": "NaN"}}]}),
        json!({"title": "t", "sport": "multisport", "segments": [{"sport": "multisport"}]}),
    ] {
        assert!(parse(&form, &athlete()).is_err(), "{form}");
        assert!(repair(&form).is_err());
    }
    for value in ["0:99", "1:2:3:4", ":", "-1:00", "1:-5", "1:60:00"] {
        let form = json!({"title": "t", "sport": "running", "steps": [{"time_s": value}]});
        assert!(parse(&form, &athlete()).is_err(), "{value}");
    }
}

#[test]
fn estimates_count_repeats_and_leave_out_the_last_recovery() {
    let form = read(&load(&golden("run_intervals", "form"))).form;
    let estimate = estimate(&form);
    // 600 + 4 * 360 + 3 * 90 + a minute for the lap button.
    assert!((estimate.seconds - 2_370.0).abs() < 0.5, "{estimate:?}");
    assert_eq!(estimate.metres, None);
    let swum = super::estimate(&read(&load(&golden("multisport", "form"))).form);
    assert_eq!(swum.metres, None);
}
