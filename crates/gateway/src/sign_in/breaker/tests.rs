use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000);
const MINUTE: Duration = Duration::from_mins(1);

fn breaker() -> Breaker {
    Breaker::new(Company::Alone)
}

fn known(number: u8) -> Witness {
    Witness::Known([number; 32])
}

fn stranger(number: u8) -> Witness {
    Witness::Stranger(Site::of([192, 0, number, 1].into()))
}

fn blocked() -> Verdict {
    Verdict::Blocked(Block { kind: BlockKind::Forbidden, retry_after: None })
}

fn asked(wait: Duration) -> Verdict {
    Verdict::Blocked(Block { kind: BlockKind::Limited, retry_after: Some(wait) })
}

fn captcha() -> Verdict {
    Verdict::Blocked(Block { kind: BlockKind::Captcha, retry_after: None })
}

/// A breaker that two members have just tripped.
fn tripped() -> Breaker {
    let mut breaker = breaker();
    breaker.report(Pass::Ordinary, blocked(), known(1), NOW);
    assert!(breaker.report(Pass::Ordinary, blocked(), known(2), NOW));
    breaker
}

#[test]
fn two_members_blocked_within_ten_minutes_close_the_egress_for_half_an_hour() {
    let mut breaker = breaker();
    assert!(!breaker.report(Pass::Ordinary, blocked(), known(1), NOW));
    assert!(!breaker.report(Pass::Ordinary, blocked(), known(1), NOW), "the same one again");
    assert!(breaker.report(Pass::Ordinary, blocked(), known(2), NOW.plus(MINUTE * 9)));
    let until = NOW.plus(MINUTE * 39);
    assert_eq!(breaker.pass(NOW.plus(MINUTE * 10)), Err(until));
    assert_eq!(breaker.pass(until), Ok(Pass::Probe));
}

#[test]
fn blocks_far_apart_or_with_a_success_between_do_not() {
    let mut breaker = breaker();
    breaker.report(Pass::Ordinary, blocked(), known(1), NOW);
    assert!(!breaker.report(Pass::Ordinary, blocked(), known(2), NOW.plus(MINUTE * 10)));
    breaker.report(Pass::Ordinary, Verdict::Works, stranger(1), NOW.plus(MINUTE * 11));
    assert!(!breaker.report(Pass::Ordinary, blocked(), known(3), NOW.plus(MINUTE * 12)));
}

#[test]
fn ten_blocks_an_hour_do_whatever_is_between_them() {
    let mut breaker = breaker();
    let mut tripped = 0;
    for number in 0..10 {
        let now = NOW.plus(MINUTE * u32::from(number) * 5);
        tripped += u8::from(breaker.report(Pass::Ordinary, blocked(), known(number / 2), now));
        breaker.report(Pass::Ordinary, Verdict::Works, stranger(1), now);
    }
    assert_eq!(tripped, 1);
}

#[test]
fn sec074_strangers_need_several_networks() {
    let mut breaker = breaker();
    for _ in 0..1000 {
        assert!(!breaker.report(Pass::Ordinary, blocked(), stranger(1), NOW));
    }
    assert!(!breaker.report(Pass::Ordinary, blocked(), stranger(2), NOW));
    assert!(!breaker.report(Pass::Ordinary, blocked(), stranger(3), NOW));
    assert!(breaker.report(Pass::Ordinary, blocked(), stranger(4), NOW));
}

#[test]
fn a_captcha_for_a_stranger_is_about_the_account() {
    let mut breaker = breaker();
    for number in 0..100 {
        assert!(!breaker.report(Pass::Ordinary, captcha(), stranger(number), NOW));
    }
    assert!(!breaker.report(Pass::Ordinary, captcha(), known(1), NOW));
    assert!(breaker.report(Pass::Ordinary, captcha(), known(2), NOW));
}

#[test]
fn one_real_sign_in_at_a_time_probes_and_its_success_opens_the_way() {
    let mut breaker = tripped();
    let now = NOW.plus(MINUTE * 30);
    assert_eq!(breaker.pass(now), Ok(Pass::Probe));
    assert_eq!(breaker.pass(now), Err(now.plus(PROBE)), "one at a time");
    assert!(!breaker.report(Pass::Ordinary, Verdict::Works, known(3), now), "an old one");
    assert!(breaker.pass(now).is_err());
    breaker.report(Pass::Probe, Verdict::Works, known(3), now);
    assert_eq!(breaker.pass(now), Ok(Pass::Ordinary));
    breaker.report(Pass::Ordinary, blocked(), known(1), now);
    breaker.report(Pass::Ordinary, blocked(), known(2), now);
    assert_eq!(breaker.pass(now), Err(now.plus(MINUTE * 30)), "the first rest again");
}

#[test]
fn each_probe_in_vain_doubles_the_rest_up_to_two_hours() {
    let mut breaker = tripped();
    let mut now = NOW.plus(MINUTE * 30);
    for minutes in [60, 120, 120, 120] {
        assert_eq!(breaker.pass(now), Ok(Pass::Probe));
        assert!(breaker.report(Pass::Probe, blocked(), known(1), now));
        assert_eq!(breaker.resting(now), Some(now.plus(MINUTE * minutes)));
        now = now.plus(MINUTE * minutes);
    }
}

#[test]
fn what_garmin_asks_for_is_granted_within_a_day() {
    let mut breaker = breaker();
    breaker.report(Pass::Ordinary, blocked(), known(1), NOW);
    breaker.report(Pass::Ordinary, asked(Duration::from_hours(3)), known(2), NOW);
    assert_eq!(breaker.resting(NOW), Some(NOW.plus(Duration::from_hours(3))));
    let mut breaker = Breaker::new(Company::Alone);
    breaker.report(Pass::Ordinary, blocked(), known(1), NOW);
    breaker.report(Pass::Ordinary, asked(Duration::from_hours(999)), known(2), NOW);
    assert_eq!(breaker.resting(NOW), Some(NOW.plus(LONGEST_REST)));
}

#[test]
fn sec074_who_helped_to_close_it_cannot_keep_it_closed() {
    let mut breaker = breaker();
    for number in 1..=4 {
        breaker.report(Pass::Ordinary, blocked(), stranger(number), NOW);
    }
    let now = NOW.plus(MINUTE * 30);
    for number in 1..=4 {
        assert_eq!(breaker.pass(now), Ok(Pass::Probe), "{number}");
        assert!(!breaker.report(Pass::Probe, blocked(), stranger(number), now));
    }
    assert_eq!(breaker.pass(now), Ok(Pass::Probe));
    assert!(breaker.report(Pass::Probe, blocked(), stranger(9), now), "a new one proves it");
    assert_eq!(breaker.resting(now), Some(now.plus(MINUTE * 60)));
}

#[test]
fn a_probe_that_never_ended_or_was_given_up_makes_room_for_the_next() {
    let mut breaker = tripped();
    let now = NOW.plus(MINUTE * 30);
    assert_eq!(breaker.pass(now), Ok(Pass::Probe));
    breaker.abandon(Pass::Ordinary, now);
    assert!(breaker.pass(now).is_err(), "another one's end says nothing");
    breaker.abandon(Pass::Probe, now);
    assert_eq!(breaker.pass(now), Ok(Pass::Probe));
    assert_eq!(breaker.pass(now.plus(PROBE)), Ok(Pass::Probe));
    breaker.report(Pass::Probe, Verdict::Down, known(1), now);
    assert_eq!(breaker.resting(now), Some(now.plus(PAUSE)));
}

#[test]
fn a_dead_egress_pauses_only_where_there_is_another() {
    for (company, pauses) in [(Company::Alone, false), (Company::OneOfMany, true)] {
        let mut breaker = Breaker::new(company);
        for _ in 0..DEAD {
            breaker.report(Pass::Ordinary, Verdict::Down, stranger(1), NOW);
        }
        assert_eq!(breaker.resting(NOW).is_some(), pauses);
        let mut breaker = Breaker::new(company);
        for _ in 0..DEAD {
            breaker.report(Pass::Ordinary, Verdict::Down, stranger(1), NOW);
            breaker.report(Pass::Ordinary, Verdict::Works, stranger(1), NOW);
        }
        assert_eq!(breaker.resting(NOW), None, "not in a row");
    }
}

#[derive(Debug, Clone)]
enum Event {
    Ask(u8),
    Answer(usize, u8),
    Wait(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (0u8..40).prop_map(Event::Ask),
        (any::<usize>(), 0u8..5).prop_map(|(which, what)| Event::Answer(which, what)),
        (0u64..4000).prop_map(Event::Wait),
    ];
    prop::collection::vec(event, 0..300)
}

proptest! {
    /// Whatever happens: a rest ends within a day, one probe is under way at most, and memory
    /// is bounded.
    #[test]
    fn every_rest_ends_and_probes_are_single(events in events()) {
        let mut breaker = Breaker::new(Company::OneOfMany);
        let mut now = NOW;
        let mut under_way: Vec<(Pass, Witness, Timestamp)> = Vec::new();
        for event in events {
            match event {
                Event::Wait(secs) => now = now.plus(Duration::from_secs(secs)),
                Event::Ask(number) => {
                    let witness = if number < 20 { known(number) } else { stranger(number) };
                    if let Ok(pass) = breaker.pass(now) {
                        let probes = under_way.iter().filter(|(pass, _, begun)| {
                            *pass == Pass::Probe && begun.plus(PROBE) > now
                        });
                        prop_assert!(pass == Pass::Ordinary || probes.count() == 0);
                        under_way.push((pass, witness, now));
                    }
                }
                Event::Answer(which, what) => {
                    if under_way.is_empty() {
                        continue;
                    }
                    let (pass, witness, begun) = under_way.swap_remove(which % under_way.len());
                    // An attempt has a deadline; a probe that missed it is not heard.
                    if begun.plus(PROBE) <= now {
                        continue;
                    }
                    let verdict = match what {
                        0 => Verdict::Works,
                        1 => Verdict::Down,
                        2 => captcha(),
                        3 => asked(Duration::from_hours(100)),
                        _ => blocked(),
                    };
                    breaker.report(pass, verdict, witness, now);
                }
            }
            if let Some(until) = breaker.resting(now) {
                prop_assert!(until <= now.plus(LONGEST_REST));
            }
            prop_assert!(breaker.spell.len() <= REMEMBERED && breaker.hour.len() <= REMEMBERED);
            prop_assert!(breaker.accusers.len() <= REMEMBERED);
        }
        prop_assert!(breaker.pass(now.plus(LONGEST_REST)).is_ok());
    }

    /// Nobody at one place can stop anybody else, whatever they type.
    #[test]
    fn sec074_one_network_never_closes_an_egress(
        steps in prop::collection::vec((0u8..4, 0u64..2000), 0..300)
    ) {
        let mut breaker = breaker();
        let mut now = NOW;
        for (what, secs) in steps {
            now = now.plus(Duration::from_secs(secs));
            let verdict = match what {
                0 => captcha(),
                1 => asked(Duration::from_hours(1)),
                2 => Verdict::Down,
                _ => blocked(),
            };
            breaker.report(Pass::Ordinary, verdict, stranger(1), now);
            prop_assert_eq!(breaker.pass(now), Ok(Pass::Ordinary));
        }
    }
}
