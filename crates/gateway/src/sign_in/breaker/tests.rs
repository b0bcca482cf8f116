use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000);
const MINUTE: Duration = Duration::from_mins(1);

fn breaker() -> Breaker {
    Breaker::new(Company::Alone)
}

fn site(number: u8) -> Site {
    Site::of([192, 0, number, 1].into())
}

/// Each member has a home of their own.
fn member(number: u8) -> Witness {
    at_home(number, 100 + number)
}

fn at_home(email: u8, home: u8) -> Witness {
    Witness::AtHome { email: [email; 32], site: site(home) }
}

fn stranger(number: u8) -> Witness {
    Witness::Stranger(site(number))
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
    breaker.report(Pass::Ordinary, blocked(), member(1), NOW);
    assert!(breaker.report(Pass::Ordinary, blocked(), member(2), NOW));
    breaker
}

#[test]
fn rel32_two_members_blocked_within_ten_minutes_close_the_egress_for_half_an_hour() {
    let mut breaker = breaker();
    assert!(!breaker.report(Pass::Ordinary, blocked(), member(1), NOW));
    assert!(!breaker.report(Pass::Ordinary, blocked(), member(1), NOW), "the same one again");
    assert!(breaker.report(Pass::Ordinary, blocked(), member(2), NOW.plus(MINUTE * 9)));
    let until = NOW.plus(MINUTE * 39);
    assert_eq!(breaker.pass(NOW.plus(MINUTE * 10)), Err(until));
    assert_eq!(breaker.pass(until), Ok(Pass::Probe));
}

#[test]
fn blocks_far_apart_or_with_a_success_between_do_not() {
    let mut breaker = breaker();
    breaker.report(Pass::Ordinary, blocked(), member(1), NOW);
    assert!(!breaker.report(Pass::Ordinary, blocked(), member(2), NOW.plus(MINUTE * 10)));
    breaker.report(Pass::Ordinary, Verdict::Works, stranger(1), NOW.plus(MINUTE * 11));
    assert!(!breaker.report(Pass::Ordinary, blocked(), member(3), NOW.plus(MINUTE * 12)));
}

#[test]
fn ten_blocks_an_hour_do_whatever_is_between_them() {
    let mut breaker = breaker();
    let mut tripped = 0;
    for number in 0..10 {
        let now = NOW.plus(MINUTE * u32::from(number) * 5);
        tripped += u8::from(breaker.report(Pass::Ordinary, blocked(), member(number / 2), now));
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
fn a_captcha_away_from_home_is_about_the_account() {
    let mut breaker = breaker();
    for number in 0..100 {
        assert!(!breaker.report(Pass::Ordinary, captcha(), stranger(number), NOW));
    }
    assert!(!breaker.report(Pass::Ordinary, captcha(), member(1), NOW));
    assert!(breaker.report(Pass::Ordinary, captcha(), member(2), NOW));
}

#[test]
fn rel32_one_real_sign_in_at_a_time_probes_and_its_success_opens_the_way() {
    let mut breaker = tripped();
    let now = NOW.plus(MINUTE * 30);
    assert_eq!(breaker.pass(now), Ok(Pass::Probe));
    assert_eq!(breaker.pass(now), Err(now.plus(PROBE)), "one at a time");
    assert!(!breaker.report(Pass::Ordinary, Verdict::Works, member(3), now), "an old one");
    assert!(breaker.pass(now).is_err());
    breaker.report(Pass::Probe, Verdict::Works, member(3), now);
    assert_eq!(breaker.pass(now), Ok(Pass::Ordinary));
    breaker.report(Pass::Ordinary, blocked(), member(1), now);
    breaker.report(Pass::Ordinary, blocked(), member(2), now);
    assert_eq!(breaker.pass(now), Err(now.plus(MINUTE * 30)), "the first rest again");
}

#[test]
fn each_probe_of_somebody_else_in_vain_doubles_the_rest_up_to_two_hours() {
    let mut breaker = tripped();
    let mut now = NOW.plus(MINUTE * 30);
    for (number, minutes) in [(3, 60), (4, 120), (5, 120), (6, 120)] {
        assert_eq!(breaker.pass(now), Ok(Pass::Probe));
        assert!(breaker.report(Pass::Probe, blocked(), member(number), now));
        assert_eq!(breaker.resting(now), Some(now.plus(MINUTE * minutes)));
        now = now.plus(MINUTE * minutes);
    }
}

#[test]
fn what_garmin_asks_for_is_granted_within_a_day() {
    let mut breaker = breaker();
    breaker.report(Pass::Ordinary, blocked(), member(1), NOW);
    breaker.report(Pass::Ordinary, asked(Duration::from_hours(3)), member(2), NOW);
    assert_eq!(breaker.resting(NOW), Some(NOW.plus(Duration::from_hours(3))));
    let mut breaker = Breaker::new(Company::Alone);
    breaker.report(Pass::Ordinary, blocked(), member(1), NOW);
    breaker.report(Pass::Ordinary, asked(Duration::from_hours(999)), member(2), NOW);
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
fn sec074_one_member_is_one_witness_at_whichever_home() {
    let mut breaker = breaker();
    for home in 1..=4 {
        assert!(!breaker.report(Pass::Ordinary, blocked(), at_home(1, home), NOW));
    }
    assert!(breaker.report(Pass::Ordinary, blocked(), at_home(2, 5), NOW));
}

#[test]
fn sec074_members_who_helped_to_close_it_cannot_keep_it_closed_either() {
    let mut breaker = tripped();
    let now = NOW.plus(MINUTE * 30);
    let related = [
        member(1),
        // Another home of the same account, and other names at the same home.
        at_home(1, 50),
        at_home(9, 101),
        stranger(101),
        member(2),
    ];
    for witness in related {
        for verdict in [blocked(), captcha(), asked(Duration::from_hours(9))] {
            assert_eq!(breaker.pass(now), Ok(Pass::Probe), "{witness:?}");
            assert!(!breaker.report(Pass::Probe, verdict, witness, now));
        }
    }
    assert_eq!(breaker.pass(now), Ok(Pass::Probe));
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
    breaker.report(Pass::Probe, Verdict::Down, member(1), now);
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
                    let witness = if number < 20 { member(number) } else { stranger(number) };
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

    /// Nobody at one place can stop anybody else, whatever they type and whoever they are.
    #[test]
    fn sec074_one_network_never_closes_an_egress(
        steps in prop::collection::vec((0u8..4, 0u8..20, 0u64..2000), 0..300)
    ) {
        let mut breaker = breaker();
        let mut now = NOW;
        for (what, email, secs) in steps {
            now = now.plus(Duration::from_secs(secs));
            breaker.report(Pass::Ordinary, any_verdict(what), at_one_site(email), now);
            prop_assert_eq!(breaker.pass(now), Ok(Pass::Ordinary));
        }
    }

    /// Nor keep closed what others closed: there is one rest more at most, for the first of
    /// them, and after that the door is open to a probe whenever they have had theirs.
    #[test]
    fn sec074_one_network_prolongs_a_rest_once_at_most(
        helped in any::<bool>(),
        steps in prop::collection::vec((0u8..3, 0u8..20), 1..100)
    ) {
        let mut breaker = breaker();
        let first = if helped { at_one_site(0) } else { member(1) };
        breaker.report(Pass::Ordinary, blocked(), first, NOW);
        prop_assert!(breaker.report(Pass::Ordinary, blocked(), member(2), NOW) != helped);
        breaker.report(Pass::Ordinary, blocked(), member(3), NOW);
        let mut prolonged = 0;
        let mut now = NOW;
        for (what, email) in steps {
            now = breaker.resting(now).unwrap_or(now);
            prop_assert_eq!(breaker.pass(now), Ok(Pass::Probe));
            let verdict = any_verdict(what);
            prolonged +=
                u8::from(breaker.report(Pass::Probe, verdict, at_one_site(email), now));
        }
        prop_assert!(prolonged <= u8::from(!helped));
    }
}

/// Some are at home there, others only say who they are.
fn at_one_site(email: u8) -> Witness {
    if email.is_multiple_of(2) { stranger(7) } else { at_home(email, 7) }
}

fn any_verdict(number: u8) -> Verdict {
    match number {
        0 => captcha(),
        1 => asked(Duration::from_hours(1)),
        2 => blocked(),
        _ => Verdict::Down,
    }
}
