//! Whose fault an end is: the account's, the program's, the machine's or nobody's.

use domain::entropy::CountingEntropy;

use super::*;
use crate::workers::lifecycle::Policy;

const POLICY: Policy = Policy {
    idle: Duration::from_mins(15),
    startup: Duration::from_secs(20),
    grace: Duration::from_secs(5),
    call_grace: Duration::from_secs(250),
    tenure: Duration::from_secs(20),
};

struct Scene {
    roster: Roster<WorkerId>,
    now: Moment,
}

impl Scene {
    fn new() -> Self {
        let rules = Rules {
            policy: POLICY,
            places: 10,
            queue: 10,
            deadline: Duration::from_secs(10),
            patience: Duration::from_secs(3),
        };
        Self { roster: Roster::new(rules, Box::new(|id, _| id)), now: Moment::ZERO }
    }

    fn want(&mut self, account: &AccountId) -> Wanted<WorkerId> {
        self.roster.want(account, self.now, &mut Vec::new())
    }

    /// A worker of the account comes, and ends like this.
    fn live(&mut self, account: &AccountId, answers: bool, end: Event) {
        let Wanted::Call(worker) = self.want(account) else { panic!("no worker") };
        let (now, acts) = (self.now, &mut Vec::new());
        if answers {
            self.roster.hear(worker, Event::Ready, now, acts);
            self.roster.answered(worker);
        }
        self.roster.hear(worker, end, now, acts);
        self.roster.call_ended(worker, now, acts);
        self.roster.buried(worker, now, acts);
    }

    /// The seconds that the account's next worker is away.
    fn wait(&mut self, account: &AccountId) -> u64 {
        match self.want(account) {
            Wanted::No(NoWorker::CrashLoop { retry_after }) => retry_after.as_secs(),
            Wanted::Call(worker) => {
                // It leaves in order, without having been asked anything.
                let acts = &mut Vec::new();
                self.roster.hear(worker, Event::Leaving, self.now, acts);
                self.roster.buried(worker, self.now, acts);
                0
            }
            other @ (Wanted::Wait(_) | Wanted::No(_)) => panic!("{other:?}"),
        }
    }
}

fn account(number: usize) -> AccountId {
    let entropy = CountingEntropy::default();
    (0..=number).map(|_| AccountId::generate(&entropy)).last().unwrap()
}

#[test]
fn rel17_who_keeps_filling_the_memory_waits_longer_each_time_and_nobody_else_does() {
    let (greedy, other) = (account(0), account(1));
    let mut scene = Scene::new();
    let mut waits = Vec::new();
    for _ in 0..11 {
        // It had answered before: it is what it was asked that makes it break.
        scene.live(&greedy, true, Event::Broke);
        let wait = scene.wait(&greedy);
        waits.push(wait);
        assert_eq!(scene.wait(&other), 0);
        scene.now = scene.now.plus(Duration::from_secs(wait));
    }
    // It may be bad luck once or twice.
    assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    scene.now = scene.now.plus(Duration::from_mins(5));
    scene.live(&greedy, true, Event::Broke);
    assert_eq!(scene.wait(&greedy), 0, "that was long ago");
}

#[test]
fn rel17_one_that_serves_and_leaves_in_order_clears_its_account() {
    let greedy = account(0);
    let mut scene = Scene::new();
    for _ in 0..20 {
        scene.live(&greedy, true, Event::Broke);
        scene.live(&greedy, true, Event::Broke);
        scene.live(&greedy, true, Event::Leaving);
        assert_eq!(scene.wait(&greedy), 0);
    }
}

#[test]
fn rel10_who_is_killed_from_outside_after_it_has_served_never_waits() {
    let killed = account(0);
    let mut scene = Scene::new();
    for _ in 0..100 {
        scene.live(&killed, true, Event::Exited);
        assert_eq!(scene.wait(&killed), 0);
    }
}

#[test]
fn rel06_a_store_that_does_not_answer_is_nobodys_fault() {
    let mut scene = Scene::new();
    for round in 0..20 {
        for number in 0..8 {
            let one = account(number);
            scene.live(&one, false, Event::StoreFailed);
            assert_eq!(scene.wait(&one), 0, "round {round}, account {number}");
        }
        assert_eq!(scene.roster.condition(scene.now), Condition::Well);
    }
}
