//! What every schedule is held against, after every step of it.

use super::*;
use crate::workers::roster::props::broken_rule;

impl World {
    pub(super) fn order(&mut self, worker: &Hand, order: Order) {
        self.say(format_args!("{:?} is ordered to {order:?}", worker.id));
        let (now, closing) = (self.now, self.closing.is_some());
        let Some(process) = self.processes.get(&worker.id) else {
            return self.insist(false, "only what exists is ordered about");
        };
        let busy = !process.calls.is_empty();
        let wanted = !self.waiting.is_empty();
        match order {
            Order::Stop if busy => {
                let long = now >= process.since.plus(POLICY.tenure);
                let reason = process.dismissed || closing || (wanted && long);
                self.insist(reason, "a worker with a call in flight is not evicted");
            }
            Order::Stop => {
                let idle = now >= process.since.plus(POLICY.idle);
                let reason = process.dismissed || closing || wanted || idle;
                self.insist(reason, "a worker is stopped for a reason");
            }
            Order::Kill => {
                let grace = if busy { POLICY.call_grace } else { POLICY.grace };
                let patient = process.leaves.is_some_and(|since| now >= since.plus(grace));
                let reason = !process.ready || process.misbehaved || self.cut || patient;
                self.insist(reason, "a worker is killed for a reason, and after its grace");
            }
        }
        if let Some(process) = self.processes.get_mut(&worker.id) {
            match order {
                Order::Stop => process.stop = true,
                Order::Kill => {
                    process.kill = true;
                    self.witnessed.killed += 1;
                }
            }
            process.leaves.get_or_insert(now);
        }
    }

    /// The rules that hold after every event.
    pub(super) fn check(&self) {
        if let Some(rule) = broken_rule(&self.roster, self.now) {
            self.insist(false, rule);
        }
        let members = &self.roster.members;
        self.insist(members.len() == self.processes.len(), "every process is on the roster");
        for (account, seat) in &self.roster.seats {
            let waits = self.waiting.values().any(|wait| wait.account == *account);
            self.insist(waits == matches!(seat, Seat::Waiting(_)), "an account waits for somebody");
        }
        for (id, member) in members {
            let counted = usize::try_from(member.phase.in_flight()).unwrap();
            let right = counted == self.processes[id].calls.len();
            self.insist(right || matches!(member.phase, Phase::Gone(_)), "calls are counted right");
        }
        let tickets: BTreeSet<TicketId> =
            self.roster.queue.tickets().map(|(ticket, _)| ticket).collect();
        let ours: BTreeSet<TicketId> = self.waiting.keys().copied().collect();
        self.insist(tickets == ours, "every ticket is somebody's");
        let longest = Duration::from_secs(11);
        let late = self.waiting.values().any(|wait| self.now > wait.since.plus(longest));
        self.insist(!late, "nobody waits beyond the deadline");
    }
}
