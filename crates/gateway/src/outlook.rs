//! How Garmin seems from here, for the start page: what came of the latest sign-ins and
//! renewals. Kept in memory, by each gateway for itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::clock::Timestamp;

use crate::metrics::{Renewal, SignInOutcome};

/// What is older says nothing about now.
const RECENT: Duration = Duration::from_hours(1);
/// More would let an hour of good answers hide the last bad minutes.
const KEPT: usize = 20;
/// So many bad answers in a row are no coincidence.
const IN_A_ROW: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// Nobody has asked lately.
    Quiet,
    Fine,
    Unsteady,
    Trouble,
}

/// Both ways in which Garmin is asked for access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlooks {
    pub sign_ins: Outlook,
    pub renewals: Outlook,
}

/// A cheap handle on what was seen.
#[derive(Debug, Clone, Default)]
pub struct GarminSeen(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    sign_ins: VecDeque<(Timestamp, bool)>,
    renewals: VecDeque<(Timestamp, bool)>,
}

impl GarminSeen {
    pub(crate) fn sign_in(&self, outcome: SignInOutcome, now: Timestamp) {
        let went_well = match outcome {
            SignInOutcome::Completed | SignInOutcome::CodeWanted => true,
            SignInOutcome::Unavailable => false,
            // The person's own, or ours: neither says anything about Garmin.
            SignInOutcome::Refused | SignInOutcome::Abandoned | SignInOutcome::Failed => return,
        };
        self.keep(|seen| &mut seen.sign_ins, went_well, now);
    }

    pub(crate) fn renewal(&self, outcome: Renewal, now: Timestamp) {
        let went_well = match outcome {
            // A refusal is an answer about one account.
            Renewal::Committed | Renewal::Refused => true,
            Renewal::Unavailable => false,
            Renewal::Overtaken | Renewal::NotStored => return,
        };
        self.keep(|seen| &mut seen.renewals, went_well, now);
    }

    fn keep(
        &self,
        lane: impl Fn(&mut Seen) -> &mut VecDeque<(Timestamp, bool)>,
        went_well: bool,
        now: Timestamp,
    ) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lane(&mut seen);
        lane.push_front((now, went_well));
        lane.truncate(KEPT);
    }

    #[must_use]
    pub fn now(&self, now: Timestamp) -> Outlooks {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |lane: &VecDeque<(Timestamp, bool)>| {
            let recent = lane.iter().filter(|(at, _)| now.since(*at) < RECENT);
            outlook(&recent.map(|&(_, went_well)| went_well).collect::<Vec<_>>())
        };
        Outlooks { sign_ins: of(&seen.sign_ins), renewals: of(&seen.renewals) }
    }
}

/// From the newest answer to the oldest.
fn outlook(answers: &[bool]) -> Outlook {
    let bad = answers.iter().filter(|&&went_well| !went_well).count();
    let bad_in_a_row = answers.iter().take_while(|&&went_well| !went_well).count();
    if answers.is_empty() {
        Outlook::Quiet
    } else if bad == 0 {
        Outlook::Fine
    } else if bad == answers.len() || bad_in_a_row >= IN_A_ROW {
        Outlook::Trouble
    } else {
        Outlook::Unsteady
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000);

    #[test]
    fn what_came_last_weighs_most() {
        for (answers, wanted) in [
            (&[][..], Outlook::Quiet),
            (&[true], Outlook::Fine),
            (&[false], Outlook::Trouble),
            (&[false, true], Outlook::Unsteady),
            (&[true, false, false, false], Outlook::Unsteady),
            (&[false, false, false, true, true], Outlook::Trouble),
        ] {
            assert_eq!(outlook(answers), wanted, "{answers:?}");
        }
    }

    #[test]
    fn an_hour_later_nothing_is_known_and_a_wrong_password_says_nothing() {
        let garmin = GarminSeen::default();
        garmin.sign_in(SignInOutcome::Refused, NOW);
        assert_eq!(garmin.now(NOW).sign_ins, Outlook::Quiet);
        garmin.sign_in(SignInOutcome::Unavailable, NOW);
        garmin.renewal(Renewal::Refused, NOW);
        let outlooks = Outlooks { sign_ins: Outlook::Trouble, renewals: Outlook::Fine };
        assert_eq!(garmin.now(NOW), outlooks);
        for _ in 0..2 * KEPT {
            garmin.sign_in(SignInOutcome::Completed, NOW);
        }
        assert_eq!(garmin.now(NOW).sign_ins, Outlook::Fine);
        let later = NOW.plus(RECENT);
        let outlooks = Outlooks { sign_ins: Outlook::Quiet, renewals: Outlook::Quiet };
        assert_eq!(garmin.now(later), outlooks);
    }
}
