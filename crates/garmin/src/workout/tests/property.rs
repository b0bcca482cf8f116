//! Any form comes back as it was: through Garmin's JSON, and through its own.

use proptest::prelude::*;

use super::super::form::*;
use super::super::ids::*;
use super::*;

fn whole(least: i32, most: i32) -> impl Strategy<Value = f64> {
    (least..=most).prop_map(f64::from)
}

fn range(least: i32, most: i32) -> impl Strategy<Value = Range> {
    (whole(least, most), whole(least, most))
        .prop_map(|(one, two)| Range { low: one.min(two), high: one.max(two) })
}

/// Paces as people write them, in seconds, as speeds.
fn pace(metres: f64, least: i32, most: i32) -> impl Strategy<Value = Range> {
    range(least, most).prop_map(move |seconds| Range {
        low: speed(metres / seconds.high),
        high: speed(metres / seconds.low),
    })
}

fn smoothing() -> impl Strategy<Value = Smoothing> {
    prop::sample::select(vec![
        Smoothing::Usual,
        Smoothing::Seconds3,
        Smoothing::Seconds10,
        Smoothing::Seconds30,
        Smoothing::Lap,
    ])
}

fn heart() -> impl Strategy<Value = Target> {
    prop_oneof![(1u8..=5).prop_map(Target::HrZone), range(30, 250).prop_map(Target::HrBpm)]
}

fn other_target() -> impl Strategy<Value = Target> {
    prop_oneof![
        (1u8..=7).prop_map(Target::PowerZone),
        (range(1, 3_000), smoothing()).prop_map(|(range, over)| Target::PowerW(range, over)),
        pace(1_000.0, 100, 1_200).prop_map(Target::Pace),
        pace(MILE_M, 160, 1_800).prop_map(Target::Pace),
        range(10, 1_500).prop_map(|tenths| Target::Speed(Range {
            low: speed(tenths.low / 36.0),
            high: speed(tenths.high / 36.0),
        })),
        range(20, 300).prop_map(Target::Cadence),
        range(-50, 50).prop_map(Target::GradePct),
        range(1, 100).prop_map(Target::Resistance),
    ]
}

fn swim_target() -> impl Strategy<Value = Target> {
    prop_oneof![
        pace(100.0, 40, 600).prop_map(Target::SwimPace),
        (40..600).prop_map(|seconds| {
            let mps = speed(100.0 / f64::from(seconds));
            Target::SwimPace(Range { low: mps, high: mps })
        }),
        whole(-60, 60).prop_map(Target::CssOffsetS),
        prop::sample::select(Effort::ALL).prop_map(Target::Effort),
    ]
}

fn crossing() -> impl Strategy<Value = Crossing> {
    prop::sample::select(vec![Crossing::Above, Crossing::Below])
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        Just(End::LapButton),
        whole(1, 86_400).prop_map(End::TimeS),
        whole(1, 1_000_000).prop_map(End::DistanceM),
        whole(1, 20_000).prop_map(End::Calories),
        (crossing(), whole(30, 250)).prop_map(|(side, at)| End::HeartRate(side, Limit::Value(at))),
        (crossing(), 1u8..=5).prop_map(|(side, zone)| End::HeartRate(side, Limit::Zone(zone))),
        (crossing(), whole(1, 3_000)).prop_map(|(side, at)| End::Power(side, Limit::Value(at))),
        (crossing(), 1u8..=7).prop_map(|(side, zone)| End::Power(side, Limit::Zone(zone))),
        whole(1, 1_000).prop_map(End::TrainingStress),
        whole(1, 600).prop_map(End::FixedRestS),
        whole(1, 600).prop_map(End::SendOffS),
    ]
}

fn kind() -> impl Strategy<Value = StepKind> {
    let kinds: Vec<StepKind> =
        StepKind::ALL.iter().copied().filter(|kind| *kind != StepKind::Repeat).collect();
    prop::sample::select(kinds)
}

fn note() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[a-zA-Z0-9äé]{1,8}( [a-z·!]{1,8}){0,2}")
}

fn plain_step() -> impl Strategy<Value = Step> {
    (kind(), end(), prop::option::of(other_target()), prop::option::of(heart()), note()).prop_map(
        |(kind, end, target, second, note)| {
            let (target, secondary) = match (target, second) {
                (None, second) => (second, None),
                both => both,
            };
            Step { target, secondary, note, ..Step::new(kind, end) }
        },
    )
}

fn swim_step() -> impl Strategy<Value = Step> {
    (
        (kind(), end(), prop::option::of(swim_target()), note()),
        prop::option::of(prop::sample::select(Stroke::ALL)),
        prop::option::of(prop::sample::select(Drill::ALL)),
        prop::option::of(prop::sample::select(Equipment::ALL)),
    )
        .prop_map(|((kind, end, target, note), stroke, drill, equipment)| Step {
            target,
            note,
            stroke,
            drill,
            equipment,
            ..Step::new(kind, end)
        })
}

fn strength_step() -> impl Strategy<Value = Step> {
    let known: Vec<exercises::Known> = exercises::all().collect();
    let reps = prop_oneof![whole(1, 200).prop_map(End::Reps), end()];
    (kind(), reps, prop::sample::select(known), prop::option::of(whole(0, 400)), note()).prop_map(
        |(kind, end, known, halves, note)| Step {
            note,
            exercise: Some(Exercise {
                category: known.category.to_owned(),
                name: Some(known.exercise.to_owned()),
            }),
            weight_kg: halves.map(|halves| halves / 2.0),
            ..Step::new(kind, end)
        },
    )
}

fn nodes<S>(step: impl Fn() -> S) -> impl Strategy<Value = Vec<Node>>
where
    S: Strategy<Value = Step> + 'static,
{
    let leaf = || step().prop_map(|step| Node::Step(Box::new(step))).boxed();
    let inner = (1u32..=99, any::<bool>(), prop::collection::vec(leaf(), 1..4)).prop_map(
        |(times, skip_last_recovery, steps)| {
            Node::Repeat(Repeat { times, skip_last_recovery, steps })
        },
    );
    let outer =
        (1u32..=99, any::<bool>(), prop::collection::vec(prop_oneof![leaf(), inner.boxed()], 1..3))
            .prop_map(|(times, skip_last_recovery, steps)| {
                Node::Repeat(Repeat { times, skip_last_recovery, steps })
            });
    prop::collection::vec(prop_oneof![3 => leaf(), 1 => outer.boxed()], 1..5)
}

fn leg(sport: Sport) -> BoxedStrategy<Leg> {
    let steps = match sport {
        Sport::Swimming => nodes(swim_step).boxed(),
        Sport::Strength => nodes(strength_step).boxed(),
        _ => nodes(plain_step).boxed(),
    };
    let in_pool = sport == Sport::Swimming;
    let pool = (prop::option::of(whole(5, 400)), any::<bool>()).prop_map(move |(length, yards)| {
        let unit = if yards { PoolUnit::Yard } else { PoolUnit::Metre };
        length.filter(|_| in_pool).map(|length| Pool { length, unit })
    });
    (steps, pool).prop_map(move |(steps, pool)| Leg { sport, pool, steps }).boxed()
}

fn form() -> impl Strategy<Value = Form> {
    let single = prop::sample::select(vec![
        Sport::Running,
        Sport::Cycling,
        Sport::Swimming,
        Sport::Strength,
        Sport::Walking,
    ])
    .prop_flat_map(|sport| leg(sport).prop_map(move |leg| (sport, vec![leg])));
    let several = (leg(Sport::Swimming), leg(Sport::Cycling), leg(Sport::Running))
        .prop_map(|(one, two, three)| (Sport::Multisport, vec![one, two, three]));
    (prop_oneof![4 => single, 1 => several], "[a-zA-Z0-9]{1,12}( [a-zé]{1,8}){0,3}", note())
        .prop_map(|((sport, legs), title, description)| Form { title, description, sport, legs })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn a_form_survives_garmins_json_and_its_own(form in form()) {
        let workout = compile(&form);
        let back = decompile(&workout).unwrap();
        prop_assert_eq!(&back.lost, &Vec::<String>::new());
        prop_assert_eq!(&back.form, &form);
        prop_assert_eq!(differences(&workout, &workout), []);
        // What a person edits may hold what the rules for new forms refuse, such as an exercise
        // that only rests; what is accepted is the same form.
        match parse(&write(&form), &Athlete::default()) {
            Ok(parsed) => prop_assert_eq!(parsed.form, form),
            Err(problems) => prop_assert!(false, "{:?}", problems),
        }
    }

    #[test]
    fn steps_are_counted_once_and_targets_are_a_zone_or_a_range(form in form()) {
        let workout = compile(&form);
        let mut orders = Vec::new();
        let mut waiting: Vec<&Value> = workout["workoutSegments"].as_array().unwrap().iter().collect();
        while let Some(one) = waiting.pop() {
            if let Some(steps) = one["workoutSteps"].as_array() {
                waiting.extend(steps);
            }
            if let Some(order) = one["stepOrder"].as_i64() {
                orders.push(order);
                let zone = !one["zoneNumber"].is_null();
                prop_assert!(!zone || one["targetValueOne"].is_null());
            }
        }
        orders.sort_unstable();
        let count = i64::try_from(orders.len()).unwrap();
        prop_assert_eq!(orders, (1..=count).collect::<Vec<_>>());
    }
}
