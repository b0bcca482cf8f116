//! The golden vectors: numbers two programs agree on that share nothing with this one.

#![expect(clippy::unwrap_used, reason = "the files are known")]

use jiff::civil::Date;
use serde_json::{Map, Value, json};
use training::{critical, curve, distribution, downsample, drift, heart, load, power, thresholds};
use training::{series, zones};

/// Runs every case of a file and compares what was found with what is expected.
fn golden(text: &str, run: impl Fn(&Value) -> Value) {
    let file: Value = serde_json::from_str(text).unwrap();
    let tolerance = |key: &str| file["tolerance"][key].as_f64().unwrap();
    let allowed = (tolerance("abs"), tolerance("rel"));
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        compare(&run(&case["input"]), &case["expected"], allowed, case["id"].as_str().unwrap());
    }
}

/// What is expected must be found; what else was found does not matter.
fn compare(found: &Value, expected: &Value, allowed: (f64, f64), at: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (key, expected) in expected {
                let found = found.get(key).unwrap_or(&Value::Null);
                compare(found, expected, allowed, &format!("{at}.{key}"));
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{at}: {found:?} is not {expected:?}");
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                compare(found, expected, allowed, &format!("{at}[{index}]"));
            }
        }
        (found, expected) => match (found.as_f64(), expected.as_f64()) {
            (Some(found), Some(expected)) => {
                let apart = (found - expected).abs();
                assert!(
                    apart <= allowed.0 + allowed.1 * expected.abs(),
                    "{at}: {found} is not {expected}"
                );
            }
            _ => assert_eq!(found, expected, "{at}"),
        },
    }
}

/// A series in any of its encodings that are dense.
fn dense(series: &Value) -> Vec<Option<f64>> {
    if let Some(runs) = series["rle"].as_array() {
        let run = |run: &Value| vec![run[0].as_f64(); count(&run[1])];
        return runs.iter().flat_map(run).collect();
    }
    if let Some(values) = series["values"].as_array() {
        return values.iter().map(Value::as_f64).collect();
    }
    let list = |key: &str| series[key].as_array().cloned().unwrap_or_default();
    let samples: Vec<(f64, Option<f64>)> =
        list("t").iter().zip(&list("v")).map(|(t, v)| (t.as_f64().unwrap(), v.as_f64())).collect();
    let grid = series::Grid::over(samples.iter().map(|sample| sample.0));
    grid.map(|grid| grid.place(samples)).unwrap_or_default()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn floats(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[test]
fn one_sample_per_second() {
    golden(include_str!("golden/resample.json"), |input| {
        let records = input["records"].as_array().unwrap();
        let samples = || records.iter().map(|it| (it["t"].as_f64().unwrap(), it["v"].as_f64()));
        match series::Grid::over(samples().map(|sample| sample.0)) {
            Some(grid) => json!({"start_t": grid.start(), "values": grid.place(samples())}),
            None => json!({"start_t": null, "values": []}),
        }
    });
}

#[test]
fn power() {
    golden(include_str!("golden/np_if_tss.json"), |input| {
        let found = power::summarize(
            &dense(&input["power"]),
            input["ftp"].as_f64(),
            input["duration_s"].as_f64(),
        );
        let shown = |value: Option<f64>, digits| value.map(|it| training::rounded(it, digits));
        json!({
            "np": found.normalized, "if": found.intensity, "tss": found.stress,
            "vi": found.variability, "avg_power": found.average, "work_kj": found.work_kj,
            "valid_s": found.valid_s, "duration_s": found.duration_s,
            "display": {
                "normalized_power_w": shown(found.normalized, 1),
                "intensity_factor": shown(found.intensity, 3),
                "tss": shown(found.stress, 1),
                "variability_index": shown(found.variability, 2),
                "avg_power_w": shown(found.average, 1),
                "work_kj": shown(found.work_kj, 1),
            },
        })
    });
}

#[test]
fn heart_rate_load() {
    golden(include_str!("golden/hr_load.json"), |input| {
        let coefficients = match input["coefficients"].as_str().unwrap() {
            "female" => heart::Coefficients::Female,
            _ => heart::Coefficients::Male,
        };
        let anchors = heart::Anchors {
            threshold: input["lthr"].as_f64(),
            rest: input["hr_rest"].as_f64(),
            max: input["hr_max"].as_f64(),
        };
        let timer = input["duration_s"].as_f64();
        let found = heart::load(&dense(&input["hr"]), anchors, coefficients, timer);
        json!({
            "avg_hr": found.average, "valid_s": found.valid_s, "duration_s": found.duration_s,
            "hrtss": found.stress, "trimp": found.impulse, "hrtss_trimp": found.impulse_stress,
            "edwards": found.edwards,
        })
    });
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// A number that grows by one each day.
fn day(text: &str) -> i64 {
    let origin = jiff::civil::date(2025, 1, 1);
    date(text).since(origin).unwrap().get_days().into()
}

#[test]
fn fitness_fatigue_and_form() {
    golden(include_str!("golden/pmc.json"), |input| {
        let (from, to) = (day(input["from"].as_str().unwrap()), day(input["to"].as_str().unwrap()));
        let mut loads = vec![0.0; usize::try_from(to - from + 1).unwrap()];
        for entry in input["daily"].as_array().unwrap() {
            let index = usize::try_from(day(entry["date"].as_str().unwrap()) - from).unwrap();
            loads[index] += entry["tss"].as_f64().unwrap();
        }
        let options = &input["options"];
        let defaults = load::Model::default();
        let model = load::Model {
            fitness_days: options["ctl_days"].as_f64().unwrap_or(defaults.fitness_days),
            fatigue_days: options["atl_days"].as_f64().unwrap_or(defaults.fatigue_days),
            decay: match options["alpha"].as_str() {
                Some("exp") => load::Decay::Exponential,
                _ => load::Decay::OneOverTau,
            },
            seed: match (&options["seed"]["ctl"], options["seed"].as_str()) {
                (_, Some("first")) => load::Seed::First,
                (Value::Number(fitness), _) => load::Seed::At {
                    fitness: fitness.as_f64().unwrap(),
                    fatigue: options["seed"]["atl"].as_f64().unwrap(),
                },
                _ => load::Seed::Zero,
            },
            form_of_yesterday: options["form_lag"].as_i64() == Some(1),
        };
        let days = load::follow(&loads, &model);
        let first = date(input["from"].as_str().unwrap());
        let dates = first.series(jiff::ToSpan::days(1)).map(|it| it.to_string());
        let all: Vec<Value> = days
            .iter()
            .zip(dates)
            .map(|(day, date)| {
                json!({"date": date, "tss": day.load, "ctl": day.fitness, "atl": day.fatigue,
                       "tsb": day.form, "ramp7": day.ramp})
            })
            .collect();
        json!({
            "days": all, "last": all.last(), "day_30": all.get(29),
            "min_tsb": days.iter().map(|it| it.form).reduce(f64::min),
            "max_ctl": days.iter().map(|it| it.fitness).reduce(f64::max),
            "interpretation": text(days.last().unwrap()),
        })
    });
}

fn text(day: &load::Day) -> String {
    let whole = |value: f64| training::rounded(value, 0);
    format!(
        "Form: {:+} ({}), Fitness (CTL): {}, Fatigue (ATL): {}",
        whole(day.form) + 0.0,
        load::form_band(day.form),
        whole(day.fitness),
        whole(day.fatigue)
    )
}

#[test]
fn the_bands_of_form() {
    golden(include_str!("golden/form_text.json"), |input| {
        json!({ "band": load::form_band(input["tsb"].as_f64().unwrap()) })
            .as_object()
            .map(|found| {
                let mut found: Map<String, Value> = found.clone();
                let at = |key: &str| input[key].as_f64().unwrap();
                let day = load::Day {
                    load: 0.0,
                    fitness: at("ctl"),
                    fatigue: at("atl"),
                    form: at("tsb"),
                    ramp: None,
                };
                found.insert("text".into(), text(&day).into());
                Value::Object(found)
            })
            .unwrap()
    });
}

#[test]
fn projection() {
    golden(include_str!("golden/projection.json"), |input| {
        let (fitness, fatigue) = (input["ctl"].as_f64().unwrap(), input["atl"].as_f64().unwrap());
        let model =
            load::Model { seed: load::Seed::At { fitness, fatigue }, ..load::Model::default() };
        let future = input.get("future").map(floats).unwrap_or_default();
        let days: Vec<Value> = load::follow(&future, &model)
            .iter()
            .map(|day| json!({"ctl": day.fitness, "atl": day.fatigue, "tsb": day.form}))
            .collect();
        let target = input["target_ctl"].as_f64().and_then(|target| {
            let days = u32::try_from(input["days"].as_u64().unwrap()).unwrap();
            load::load_to_reach(fitness, target, days, &model)
        });
        json!({"days": days, "constant_daily_tss": target})
    });
}

#[test]
fn the_last_days_against_the_weeks_before() {
    golden(include_str!("golden/load_risk.json"), |input| {
        let risk = load::risk(&floats(&input["daily"]));
        json!({
            "week_load": risk.week_load, "monotony": risk.monotony, "strain": risk.strain,
            "acwr_coupled": risk.ratio, "acwr_uncoupled": risk.ratio_uncoupled,
            "acwr_ewma": risk.ratio_weighted,
        })
    });
}

#[test]
fn best_means() {
    golden(include_str!("golden/mean_max.json"), |input| {
        let durations: Vec<u32> = input["durations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| u32::try_from(it.as_u64().unwrap()).unwrap())
            .collect();
        let curve: Vec<Value> = curve::mean_max(&dense(&input["series"]), &durations)
            .iter()
            .map(|best| json!({"d": best.duration_s, "value": best.value, "start": best.start}))
            .collect();
        json!({ "curve": curve })
    });
}

#[test]
fn fastest_distances() {
    golden(include_str!("golden/best_efforts.json"), |input| {
        let distance: Vec<f64> = dense(&input["distance"]).into_iter().flatten().collect();
        let efforts: Vec<Value> = curve::fastest(&distance, &floats(&input["targets_m"]))
            .iter()
            .map(|it| json!({"m": it.distance_m, "time_s": it.time_s, "start_s": it.start_s}))
            .collect();
        json!({ "efforts": efforts })
    });
}

#[test]
fn critical_power() {
    golden(include_str!("golden/critical_power.json"), |input| {
        let points: Vec<(f64, f64)> = input["points"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (it["t"].as_f64().unwrap(), it["p"].as_f64().unwrap()))
            .collect();
        let method = match input["method"].as_str().unwrap() {
            "inverse_time" => critical::Method::InverseTime,
            "two_point" => critical::Method::TwoPoint,
            _ => critical::Method::WorkTime,
        };
        let fit = critical::fit(&points, method);
        json!({"cp": fit.map(|it| it.power), "wprime": fit.map(|it| it.reserve),
               "r2": fit.and_then(|it| it.r2)})
    });
}

/// Drift is positive when the heart beats faster for the same output.
#[test]
fn d14_decoupling_has_the_right_sign() {
    golden(include_str!("golden/decoupling.json"), |input| {
        let skip = usize::try_from(input["skip_s"].as_u64().unwrap_or(0)).unwrap();
        let found = drift::drift(&dense(&input["output"]), &dense(&input["hr"]), skip);
        json!({
            "ef": found.efficiency, "valid_pairs": found.pairs,
            "first_ratio": found.halves.map(|it| it.first),
            "second_ratio": found.halves.map(|it| it.second),
            "decoupling_pct": found.halves.map(|it| it.decoupling_pct),
            "band": found.halves.map(|it| it.band()),
        })
    });
    let steady = vec![Some(200.0); 3_600];
    let tiring: Vec<Option<f64>> =
        (0..3_600).map(|at| Some(if at < 1_800 { 140.0 } else { 150.0 })).collect();
    let halves = drift::drift(&steady, &tiring, 0).halves.unwrap();
    assert!(halves.decoupling_pct > 0.0);
}

#[test]
fn intensity_distribution() {
    golden(include_str!("golden/distribution.json"), |input| {
        let seconds = input["seconds"].as_object().unwrap();
        let zone = |number: usize| seconds.get(&format!("z{number}")).and_then(Value::as_f64);
        let seconds: Vec<f64> = (1..=7).map(|number| zone(number).unwrap_or(0.0)).collect();
        let shares = distribution::Shares::of_zones(&seconds);
        json!({
            "low": shares.map(|it| it.low), "mid": shares.map(|it| it.mid),
            "high": shares.map(|it| it.high),
            "polarization_index": shares.and_then(|it| it.polarization_index()),
            "label": shares.map_or("unknown", |it| it.label()),
        })
    });
}

#[test]
fn downsampling() {
    golden(include_str!("golden/downsample.json"), |input| {
        let window = count(&input["window_s"]);
        let values: Vec<Option<f64>> =
            downsample::downsample(&dense(&input["series"]), window, downsample::Keep::Mean)
                .into_iter()
                .map(|value| value.map(|it| training::rounded(it, 2)))
                .collect();
        json!({ "values": values })
    });
}

#[test]
fn threshold_estimates() {
    golden(include_str!("golden/thresholds.json"), |input| {
        let activities: Vec<thresholds::Activity> = input["activities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| thresholds::Activity {
                day: day(it["day"].as_str().unwrap()),
                power: thresholds::evidence(&dense(&it["power"])),
                heart: thresholds::evidence(&dense(&it["hr"])),
                speed: thresholds::evidence(&dense(&it["speed"])),
            })
            .collect();
        let window = input["window_days"].as_i64().unwrap_or(thresholds::WINDOW_DAYS);
        let reference = input["reference_day"].as_str().map(day);
        let found = thresholds::estimate(&activities, window, reference);
        let whole = |value: Option<f64>| value.map(|it| training::rounded(it, 0));
        let estimate = |it: thresholds::Estimate, evidence: Value| {
            json!({"value": whole(Some(it.value)), "method": it.method,
                   "confidence": it.confidence.word(), "evidence": evidence})
        };
        json!({
            "ftp": found.ftp_w.map(|it| estimate(it, json!({
                "best_5min_w": whole(found.best_5min_w),
                "best_20min_w": whole(found.best_20min_w),
                "best_60min_w": whole(found.best_60min_w),
                "cp_model_w": whole(found.critical_power_w),
                "n_activities": found.with_power,
            }))),
            "lthr": found.lthr_bpm.map(|it| estimate(it, json!({
                "best_20min_hr": whole(found.best_20min_bpm),
                "best_30min_hr": whole(found.best_30min_bpm),
                "max_hr_seen": whole(found.peak_bpm),
                "n_activities": found.with_heart,
            }))),
            "threshold_speed": found.speed_mps.map(|it| json!({
                "value_m_per_s": it.value, "pace_s_per_km": 1_000.0 / it.value,
                "method": it.method, "confidence": it.confidence.word(),
            })),
            "window_days": found.window_days, "widened": found.widened,
            "n_power": found.with_power, "n_hr": found.with_heart, "n_speed": found.with_speed,
        })
    });
}

#[test]
fn zone_bounds_and_seconds() {
    golden(include_str!("golden/zones.json"), |input| {
        let at = || input["threshold"].as_f64().unwrap();
        let (floors, channel) = match input["model"].as_str().unwrap() {
            "coggan7" => (zones::Model::Coggan7.floors(at()), zones::Channel::Power),
            "friel5_hr" => (zones::Model::FrielHeart5.floors(at()), zones::Channel::HeartRate),
            "friel7_hr_bike" => {
                (zones::Model::FrielHeartRide7.floors(at()), zones::Channel::HeartRate)
            }
            "friel7_hr_run" => {
                (zones::Model::FrielHeartRun7.floors(at()), zones::Channel::HeartRate)
            }
            "hrmax5" => (zones::Model::MaxHeart5.floors(at()), zones::Channel::HeartRate),
            "hrr5" => {
                let ends = &input["threshold"];
                let floors = zones::reserve_floors(
                    ends["rest"].as_f64().unwrap(),
                    ends["max"].as_f64().unwrap(),
                );
                (floors, zones::Channel::HeartRate)
            }
            // The threshold is given as a pace.
            _ => (zones::pace_floors(1_000.0 / at()), zones::Channel::Speed),
        };
        let values = dense(&input["series"]);
        let values = values.into_iter().flatten().filter_map(|value| channel.counted(value));
        let seconds = zones::seconds_in(values, &floors);
        let names: Vec<String> = match floors.len() {
            7 if channel != zones::Channel::Power => {
                ["z1", "z2", "z3", "z4", "z5a", "z5b", "z5c"].map(str::to_owned).to_vec()
            }
            count => (1..=count).map(|number| format!("z{number}")).collect(),
        };
        let rounded = |value: f64| training::rounded(value, 1);
        let bounds: Vec<Value> = names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let (low, high) = (floors[index], floors.get(index + 1).copied());
                if channel == zones::Channel::Speed {
                    let pace = |speed: f64| (speed > 0.0).then(|| rounded(1_000.0 / speed));
                    return json!({"id": name, "slow_s_per_km": pace(low),
                                  "fast_s_per_km": high.and_then(pace)});
                }
                json!({"id": name, "lo": rounded(low), "hi": high.map(rounded)})
            })
            .collect();
        let seconds: Map<String, Value> =
            names.iter().cloned().zip(seconds.into_iter().map(Value::from)).collect();
        json!({"bounds": bounds, "seconds": seconds})
    });
}
