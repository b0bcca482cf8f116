//! Whether sign-ins may leave through an egress: a pure function of what came of earlier ones.
//!
//! Garmin blocks addresses, and every further attempt makes it worse for everybody behind that
//! address. So after blocks of several people the egress rests, longer each time, and then one
//! real sign-in probes it: a page that loads says nothing about passwords.
//!
//! Anybody can type any address, a member's too, and some accounts are blocked wherever they are
//! tried. So people count by where they come from, whatever they type there, and little unless
//! Garmin has accepted them from there before; nobody can close the door for all from one place,
//! and nobody who helped to close it can keep it closed.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use domain::clock::Timestamp;
use garmin::{Block, BlockKind};

use super::site::Site;
use super::tries::Key;

/// Blocks in a row within this time, and how much they must weigh together.
const SPELL: Duration = Duration::from_mins(10);
const AT_HOME: usize = 2;
const ANY_SITE: usize = 1;
const ENOUGH: usize = 2 * AT_HOME;
/// Blocks within an hour, successes between them or not; no site counts for more than some.
const HOUR: Duration = Duration::from_hours(1);
const MOST_PER_SITE: usize = 2;
const TOO_MANY: usize = 10;
/// Beyond these, more of the same says nothing new.
const REMEMBERED: usize = 64;

const RESTS: [Duration; 3] =
    [Duration::from_mins(30), Duration::from_hours(1), Duration::from_hours(2)];
/// Garmin may ask for more, within reason.
const LONGEST_REST: Duration = Duration::from_hours(24);
/// A probe that has not come back by then never will.
const PROBE: Duration = Duration::from_secs(90);
/// Failures to get through in a row, where there is another way, and the pause they earn.
const DEAD: u32 = 3;
const PAUSE: Duration = Duration::from_mins(1);

/// Whose sign-in it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Witness {
    /// Garmin has accepted this e-mail address from this site before.
    AtHome { email: Key, site: Site },
    /// Anybody else: what they typed proves nothing.
    Stranger(Site),
}

impl Witness {
    fn site(self) -> Site {
        match self {
            Self::AtHome { site, .. } | Self::Stranger(site) => site,
        }
    }

    fn email_at_home(self) -> Option<Key> {
        match self {
            Self::AtHome { email, .. } => Some(email),
            Self::Stranger(_) => None,
        }
    }

    /// Whether both may be blocked for one reason that is not the egress: the person, or the
    /// account.
    fn is_related(self, other: Self) -> bool {
        let same_account =
            self.email_at_home().is_some_and(|email| other.email_at_home() == Some(email));
        self.site() == other.site() || same_account
    }
}

/// What came of a sign-in, as far as the egress is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Garmin answered about the person.
    Works,
    Blocked(Block),
    /// There was no answer.
    Down,
}

/// The leave to go ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Ordinary,
    /// The one on which it depends whether others follow.
    Probe,
}

/// Whether there is another egress to go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    Alone,
    OneOfMany,
}

#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    company: Company,
    /// Blocks since the last success.
    spell: VecDeque<(Timestamp, Witness)>,
    /// Blocks of the last hour.
    hour: VecDeque<(Timestamp, Witness)>,
    /// Those whose blocks led to the rest.
    accusers: HashSet<Witness>,
    rests: usize,
    dead: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Resting { until: Timestamp },
    Probing { until: Timestamp },
}

impl Breaker {
    pub(super) fn new(company: Company) -> Self {
        Self {
            state: State::Closed,
            company,
            spell: VecDeque::new(),
            hour: VecDeque::new(),
            accusers: HashSet::new(),
            rests: 0,
            dead: 0,
        }
    }

    /// Until when there is no way through, if there is none.
    pub(super) fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            State::Closed => None,
            State::Resting { until } | State::Probing { until } => Some(until),
        }
        .filter(|until| *until > now)
    }

    /// Leave to sign in, or when to ask again.
    pub(super) fn pass(&mut self, now: Timestamp) -> Result<Pass, Timestamp> {
        match (self.resting(now), self.state) {
            (Some(until), _) => Err(until),
            (None, State::Closed) => Ok(Pass::Ordinary),
            (None, State::Resting { .. } | State::Probing { .. }) => {
                self.state = State::Probing { until: now.plus(PROBE) };
                Ok(Pass::Probe)
            }
        }
    }

    /// What came of a sign-in. True when it is why the egress now rests.
    pub(super) fn report(
        &mut self,
        pass: Pass,
        verdict: Verdict,
        witness: Witness,
        now: Timestamp,
    ) -> bool {
        let probed = pass == Pass::Probe && matches!(self.state, State::Probing { .. });
        match verdict {
            Verdict::Works => {
                self.dead = 0;
                // One that began before the rest says nothing about its end.
                if probed || self.state == State::Closed {
                    self.state = State::Closed;
                    self.spell.clear();
                    self.rests = 0;
                }
                false
            }
            Verdict::Blocked(block) => {
                self.dead = 0;
                let telling = is_telling(block, witness);
                if probed {
                    return self.probed_in_vain(telling, block, witness, now);
                }
                if telling {
                    self.remember(witness, now);
                }
                let trips = self.state == State::Closed && telling && self.has_enough(now);
                if trips {
                    self.accusers = self.hour.iter().map(|(_, witness)| *witness).collect();
                    self.rest(block, now);
                }
                trips
            }
            Verdict::Down => {
                self.dead = self.dead.saturating_add(1);
                let gives_up = self.state == State::Closed
                    && self.company == Company::OneOfMany
                    && self.dead >= DEAD;
                if probed || gives_up {
                    self.state = State::Resting { until: now.plus(PAUSE) };
                }
                gives_up
            }
        }
    }

    /// A sign-in that was given up before it said anything.
    pub(super) fn abandon(&mut self, pass: Pass, now: Timestamp) {
        if pass == Pass::Probe && matches!(self.state, State::Probing { .. }) {
            self.state = State::Resting { until: now };
        }
    }

    /// Somebody who has accused the egress before, and may bring the block along, is no proof:
    /// the next one may try. Of so many that not all are remembered, anybody may be one.
    fn probed_in_vain(
        &mut self,
        telling: bool,
        block: Block,
        witness: Witness,
        now: Timestamp,
    ) -> bool {
        let biased = self.accusers.len() >= REMEMBERED
            || self.accusers.iter().any(|accuser| accuser.is_related(witness));
        if !telling || biased {
            self.state = State::Resting { until: now };
            return false;
        }
        self.remember(witness, now);
        self.accusers.insert(witness);
        self.rest(block, now);
        true
    }

    fn rest(&mut self, block: Block, now: Timestamp) {
        let rest = RESTS[self.rests.min(RESTS.len() - 1)];
        let asked = block.retry_after.unwrap_or_default().min(LONGEST_REST);
        self.rests = self.rests.saturating_add(1);
        self.spell.clear();
        self.state = State::Resting { until: now.plus(rest.max(asked)) };
    }

    fn remember(&mut self, witness: Witness, now: Timestamp) {
        for (list, reach) in [(&mut self.spell, SPELL), (&mut self.hour, HOUR)] {
            list.retain(|(at, _)| at.plus(reach) > now);
            if list.len() >= REMEMBERED {
                list.pop_front();
            }
            list.push_back((now, witness));
        }
    }

    fn has_enough(&self, now: Timestamp) -> bool {
        let recent = self.spell.iter().filter(|(at, _)| at.plus(SPELL) > now);
        let mut sites = HashSet::new();
        let mut homes = HashSet::new();
        let mut members = HashSet::new();
        for (_, witness) in recent {
            sites.insert(witness.site());
            if let Some(email) = witness.email_at_home() {
                homes.insert(witness.site());
                members.insert(email);
            }
        }
        // Neither one account with two homes nor one home of two accounts makes two.
        let at_home = homes.len().min(members.len());
        let elsewhere = sites.len() - homes.len();
        let mut counts: HashMap<Site, usize> = HashMap::new();
        for (_, witness) in self.hour.iter().filter(|(at, _)| at.plus(HOUR) > now) {
            *counts.entry(witness.site()).or_default() += 1;
        }
        let blocks: usize = counts.values().map(|count| (*count).min(MOST_PER_SITE)).sum();
        at_home * AT_HOME + elsewhere * ANY_SITE >= ENOUGH || blocks >= TOO_MANY
    }
}

/// A CAPTCHA for an address that is not at home is about that account more often than not.
fn is_telling(block: Block, witness: Witness) -> bool {
    match (block.kind, witness) {
        (BlockKind::Captcha, Witness::Stranger(_)) => false,
        (BlockKind::Captcha, Witness::AtHome { .. })
        | (
            BlockKind::Limited | BlockKind::Forbidden,
            Witness::AtHome { .. } | Witness::Stranger(_),
        ) => true,
    }
}

#[cfg(test)]
#[path = "breaker/tests.rs"]
mod tests;
