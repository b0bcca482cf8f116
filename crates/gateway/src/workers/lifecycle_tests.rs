use super::*;

const POLICY: Policy = Policy {
    idle: Duration::from_mins(15),
    startup: Duration::from_secs(20),
    grace: Duration::from_secs(5),
    call_grace: Duration::from_secs(250),
    tenure: Duration::from_secs(20),
};
const NOW: Moment = Moment::ZERO;

const EVENTS: [Event; 16] = [
    Event::SpawnFailed,
    Event::Exhausted,
    Event::CredentialsRefused,
    Event::StoreFailed,
    Event::Ready,
    Event::CallBegan,
    Event::CallEnded,
    Event::Evicted,
    Event::Yielded,
    Event::Dismissed,
    Event::Condemned,
    Event::Leaving,
    Event::Misbehaved,
    Event::Exited,
    Event::Broke,
    Event::Tick,
];

const OUTCOMES: [Outcome; 7] = [
    Outcome::Stopped,
    Outcome::CredentialsRefused,
    Outcome::Crashed,
    Outcome::StartTimeout,
    Outcome::SpawnFailed,
    Outcome::AtCapacity,
    Outcome::StoreFailed,
];

fn starting(in_flight: u32) -> Phase {
    Phase::Starting { in_flight, give_up_at: NOW.plus(POLICY.startup) }
}

fn ready(in_flight: u32) -> Phase {
    Phase::Ready { in_flight, since: NOW }
}

fn draining(in_flight: u32, verdict: Outcome) -> Phase {
    Phase::Draining { in_flight, kill_at: NOW.plus(POLICY.grace), verdict }
}

fn on(phase: Phase, event: Event, at: Moment) -> (Phase, Effect) {
    phase.on(event, at, &POLICY)
}

#[test]
fn a_start_ends_in_exactly_one_of_its_outcomes() {
    assert_eq!(on(starting(1), Event::Ready, NOW), (ready(1), Effect::Nothing));
    let spawn_failed = on(starting(1), Event::SpawnFailed, NOW);
    assert_eq!(spawn_failed, (Phase::Gone(Outcome::SpawnFailed), Effect::Nothing));
    let crashed = on(starting(1), Event::Exited, NOW);
    assert_eq!(crashed, (Phase::Gone(Outcome::Crashed), Effect::Nothing));

    for (event, at, verdict) in [
        (Event::CredentialsRefused, NOW, Outcome::CredentialsRefused),
        (Event::Tick, NOW.plus(POLICY.startup), Outcome::StartTimeout),
        (Event::StoreFailed, NOW, Outcome::StoreFailed),
        (Event::Misbehaved, NOW, Outcome::Crashed),
    ] {
        let (phase, effect) = on(starting(1), event, at);
        assert_eq!(effect, Effect::Kill, "{event:?}");
        assert_eq!(on(phase, Event::Exited, at).0, Phase::Gone(verdict));
    }
    let early = NOW.plus(POLICY.startup.saturating_sub(Duration::from_millis(1)));
    assert_eq!(on(starting(1), Event::Tick, early), (starting(1), Effect::Nothing));
}

#[test]
fn rel05_a_crash_is_never_taken_for_refused_credentials() {
    for phase in [starting(0), starting(3), ready(0), ready(2)] {
        assert_eq!(on(phase, Event::Exited, NOW).0, Phase::Gone(Outcome::Crashed));
    }
}

#[test]
fn rel07_a_worker_in_use_is_never_idle_and_never_evicted() {
    let late = NOW.plus(Duration::from_hours(24));
    for event in [Event::Tick, Event::Evicted] {
        assert_eq!(on(ready(1), event, late), (ready(1), Effect::Nothing));
        assert_eq!(on(starting(0), Event::Evicted, NOW), (starting(0), Effect::Nothing));
    }
}

#[test]
fn an_unused_worker_stops_after_its_idle_time_and_not_before() {
    let before = NOW.plus(POLICY.idle.saturating_sub(Duration::from_millis(1)));
    assert_eq!(on(ready(0), Event::Tick, before), (ready(0), Effect::Nothing));
    let (phase, effect) = on(ready(0), Event::Tick, NOW.plus(POLICY.idle));
    assert_eq!(effect, Effect::Stop);
    assert_eq!(on(phase, Event::Exited, NOW).0, Phase::Gone(Outcome::Stopped));
    assert_eq!(on(ready(0), Event::Evicted, NOW).1, Effect::Stop);
}

#[test]
fn the_idle_time_runs_from_the_end_of_the_last_call() {
    let later = NOW.plus(Duration::from_secs(500));
    let (phase, _) = on(ready(1), Event::CallEnded, later);
    assert_eq!(phase, Phase::Ready { in_flight: 0, since: later });
}

#[test]
fn calls_are_counted_before_and_after_readiness() {
    let (phase, _) = on(starting(0), Event::CallBegan, NOW);
    let (phase, _) = on(phase, Event::CallBegan, NOW);
    let (phase, _) = on(phase, Event::Ready, NOW);
    assert_eq!(phase, ready(2));
    let (phase, _) = on(phase, Event::CallEnded, NOW);
    assert_eq!(phase.in_flight(), 1);
    assert_eq!(on(starting(0), Event::CallEnded, NOW).0.in_flight(), 0);
}

#[test]
fn a_dismissed_worker_finishes_what_it_does_and_takes_nothing_new() {
    let (phase, effect) = on(ready(2), Event::Dismissed, NOW);
    assert_eq!(effect, Effect::Stop);
    assert!(!phase.takes_calls());
    let soon = NOW.plus(POLICY.grace);
    assert_eq!(on(phase, Event::Tick, soon).1, Effect::Nothing, "calls are in flight");
    let (phase, _) = on(phase, Event::CallEnded, soon);
    assert_eq!(on(phase, Event::Tick, soon.plus(POLICY.grace)).1, Effect::Nothing);
    let (phase, _) = on(phase, Event::CallEnded, soon);
    assert_eq!(on(phase, Event::Tick, soon.plus(POLICY.grace)).1, Effect::Kill);
}

#[test]
fn rel02_rel18_a_worker_that_ignores_the_request_to_stop_is_killed_after_its_grace() {
    let phase = draining(0, Outcome::Stopped);
    let before = NOW.plus(POLICY.grace.saturating_sub(Duration::from_millis(1)));
    assert_eq!(on(phase, Event::Tick, before).1, Effect::Nothing);
    assert_eq!(on(phase, Event::Tick, NOW.plus(POLICY.grace)), (phase, Effect::Kill));
}

#[test]
fn what_leaves_by_itself_left_in_order() {
    let (phase, effect) = on(ready(0), Event::Leaving, NOW);
    assert_eq!(effect, Effect::Nothing);
    assert_eq!(on(phase, Event::Exited, NOW).0, Phase::Gone(Outcome::Stopped));
}

#[test]
fn nothing_wakes_the_dead() {
    for outcome in OUTCOMES {
        for event in EVENTS {
            let gone = Phase::Gone(outcome);
            assert_eq!(on(gone, event, NOW), (gone, Effect::Nothing), "{event:?}");
        }
    }
}

#[test]
fn a_draining_worker_only_ends_and_keeps_its_verdict() {
    for verdict in OUTCOMES {
        for event in EVENTS {
            for in_flight in [0, 1, 2] {
                match on(draining(in_flight, verdict), event, NOW).0 {
                    Phase::Draining { verdict: kept, .. } | Phase::Gone(kept) => {
                        assert_eq!(kept, verdict, "{event:?}");
                    }
                    Phase::Starting { .. } | Phase::Ready { .. } => panic!("woke up: {event:?}"),
                }
            }
        }
    }
}

#[test]
fn only_a_worker_that_takes_calls_counts_a_new_one() {
    for phase in [starting(1), ready(1), draining(1, Outcome::Stopped)] {
        let counted = on(phase, Event::CallBegan, NOW).0.in_flight() == 2;
        assert_eq!(counted, phase.takes_calls());
    }
}
