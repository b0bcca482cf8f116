//! How many passwords and codes may be tried: for an e-mail address, from a site, and by
//! strangers in all.
//!
//! Garmin locks accounts and blocks addresses, so guesses must be few. But a limit that counts
//! by e-mail address alone lets anybody who knows one lock its owner out. Hence two steps: ten
//! tries an hour from anywhere, then some for each site that has made next to none. And who has
//! connected an account from a site before is counted by themselves there.

use std::collections::VecDeque;
use std::time::Duration;

use domain::clock::Timestamp;

use super::expiring::Expiring;
use super::site::Site;

/// Whom or what a table is about, keyed with the process: a memory dump names nobody.
pub(super) type Key = [u8; 32];

const HOUR: Duration = Duration::from_hours(1);
/// Tries of one kind for an e-mail address: from one site, or from all of them before it
/// begins to matter which.
const TRIES: usize = 10;
/// When those are used up: for a site that has made none or one,
const FRESH: usize = 2;
/// and for all of them together.
const MOST: usize = 40;
/// From one site, for any e-mail address: a school signs in behind one address.
const SITE: usize = 60;
/// By people who have no account here yet. They share the egress with everybody.
const STRANGERS: usize = 600;
/// Sites an account was connected from, and for how long they count.
const HOMES: usize = 4;
const HOME: Duration = Duration::from_hours(30 * 24);

const MOST_EMAILS: usize = 50_000;
const MOST_SITES: usize = 50_000;

/// Who tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asker {
    pub(super) email: Key,
    pub(super) site: Site,
    pub(super) standing: Standing,
}

/// Whether an account of this gateway goes by the e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Known,
    Stranger,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Password,
    Code,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Try {
    at: Timestamp,
    site: Site,
    kind: Kind,
}

/// What is known about one e-mail address.
#[derive(Debug, Clone, Default)]
struct Ledger {
    tries: Vec<Try>,
    homes: Vec<(Site, Timestamp)>,
}

pub(super) struct Tries {
    emails: Expiring<Key, Ledger>,
    sites: Expiring<Site, VecDeque<Timestamp>>,
    strangers: VecDeque<Timestamp>,
}

impl Default for Tries {
    fn default() -> Self {
        Self {
            emails: Expiring::new(MOST_EMAILS),
            sites: Expiring::new(MOST_SITES),
            strangers: VecDeque::new(),
        }
    }
}

impl Tries {
    /// Counts a try, or says when the next one is due.
    pub(super) fn take(
        &mut self,
        who: &Asker,
        kind: Kind,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let mut ledger = self.emails.take(&who.email, now).unwrap_or_default();
        ledger.forget(now);
        let mut site = self.sites.take(&who.site, now).unwrap_or_default();
        forget(&mut site, now);
        forget(&mut self.strangers, now);
        let due = [
            ledger.due(who.site, kind, now),
            room(&site, SITE, now),
            match who.standing {
                Standing::Known => now,
                Standing::Stranger => room(&self.strangers, STRANGERS, now),
            },
        ]
        .into_iter()
        .max()
        .unwrap_or(now);
        if due <= now {
            ledger.tries.push(Try { at: now, site: who.site, kind });
            site.push_back(now);
            if who.standing == Standing::Stranger {
                self.strangers.push_back(now);
            }
        }
        self.keep(who, ledger, site, now);
        if due <= now { Ok(()) } else { Err(due) }
    }

    /// The try counted at `at` was none: Garmin never got to answer it.
    pub(super) fn give_back(&mut self, who: &Asker, kind: Kind, at: Timestamp, now: Timestamp) {
        let Some(mut ledger) = self.emails.take(&who.email, now) else { return };
        let mut site = self.sites.take(&who.site, now).unwrap_or_default();
        let wanted = Try { at, site: who.site, kind };
        if let Some(position) = ledger.tries.iter().position(|made| *made == wanted) {
            ledger.tries.swap_remove(position);
            self.forgive(&mut site, at);
        }
        self.keep(who, ledger, site, now);
    }

    /// Garmin has accepted the person: what they mistyped from here is forgiven, and from here
    /// they may always try again.
    pub(super) fn proved(&mut self, who: &Asker, now: Timestamp) {
        let mut ledger = self.emails.take(&who.email, now).unwrap_or_default();
        let mut site = self.sites.take(&who.site, now).unwrap_or_default();
        let (theirs, others) = ledger.tries.into_iter().partition(|made| made.site == who.site);
        let theirs: Vec<Try> = theirs;
        for made in theirs {
            self.forgive(&mut site, made.at);
        }
        ledger.tries = others;
        ledger.homes.retain(|(home, until)| *home != who.site && *until > now);
        if ledger.homes.len() >= HOMES {
            ledger.homes.remove(0);
        }
        ledger.homes.push((who.site, now.plus(HOME)));
        self.keep(who, ledger, site, now);
    }

    /// Whether Garmin has accepted the person from here, of late.
    pub(super) fn is_home(&self, who: &Asker, now: Timestamp) -> bool {
        self.emails.get(&who.email, now).is_some_and(|ledger| ledger.is_home(who.site, now))
    }

    fn forgive(&mut self, site: &mut VecDeque<Timestamp>, at: Timestamp) {
        for times in [site, &mut self.strangers] {
            if let Some(position) = times.iter().position(|time| *time == at) {
                times.remove(position);
            }
        }
    }

    fn keep(&mut self, who: &Asker, ledger: Ledger, site: VecDeque<Timestamp>, now: Timestamp) {
        self.emails.put(who.email, ledger.until(), ledger, now);
        let until = site.back().map_or(now, |last| last.plus(HOUR));
        self.sites.put(who.site, until, site, now);
    }
}

impl Ledger {
    fn forget(&mut self, now: Timestamp) {
        self.tries.retain(|made| made.at.plus(HOUR) > now);
        self.homes.retain(|(_, until)| *until > now);
    }

    fn is_home(&self, site: Site, now: Timestamp) -> bool {
        self.homes.iter().any(|(home, until)| *home == site && *until > now)
    }

    fn admits(&self, site: Site, kind: Kind, now: Timestamp) -> bool {
        let counts = |made: &&Try| made.kind == kind && made.at.plus(HOUR) > now;
        let all = self.tries.iter().filter(counts).count();
        let from_here = self.tries.iter().filter(counts).filter(|made| made.site == site).count();
        if from_here >= TRIES {
            false
        } else {
            self.is_home(site, now) || all < TRIES || (from_here < FRESH && all < MOST)
        }
    }

    /// The first moment from `now` on at which this would be admitted.
    fn due(&self, site: Site, kind: Kind, now: Timestamp) -> Timestamp {
        let mut moments: Vec<Timestamp> =
            self.tries.iter().map(|made| made.at.plus(HOUR)).filter(|end| *end > now).collect();
        moments.push(now);
        moments.sort_unstable();
        let fallback = now.plus(HOUR);
        moments.into_iter().find(|moment| self.admits(site, kind, *moment)).unwrap_or(fallback)
    }

    fn until(&self) -> Timestamp {
        let tries = self.tries.iter().map(|made| made.at.plus(HOUR));
        let homes = self.homes.iter().map(|(_, until)| *until);
        tries.chain(homes).max().unwrap_or_default()
    }
}

fn forget(times: &mut VecDeque<Timestamp>, now: Timestamp) {
    while times.front().is_some_and(|time| time.plus(HOUR) <= now) {
        times.pop_front();
    }
}

/// When a window of an hour has room again.
fn room(times: &VecDeque<Timestamp>, most: usize, now: Timestamp) -> Timestamp {
    let Some(surplus) = times.len().checked_sub(most) else { return now };
    times.get(surplus).map_or(now, |time| time.plus(HOUR))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000);
    const MINUTE: Duration = Duration::from_mins(1);

    fn asker(email: u8, site: u8) -> Asker {
        let address = std::net::IpAddr::from([192, 0, site, 1]);
        Asker { email: [email; 32], site: Site::of(address), standing: Standing::Known }
    }

    fn number(number: usize) -> Key {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        key
    }

    #[test]
    fn sec059_an_account_has_ten_codes_an_hour() {
        let mut tries = Tries::default();
        for minute in 0..10 {
            let now = NOW.plus(MINUTE * minute);
            assert_eq!(tries.take(&asker(1, 1), Kind::Code, now), Ok(()));
        }
        let later = NOW.plus(MINUTE * 20);
        let due = NOW.plus(HOUR);
        assert_eq!(tries.take(&asker(1, 1), Kind::Code, later), Err(due));
        assert_eq!(tries.take(&asker(1, 1), Kind::Password, later), Ok(()));
        assert_eq!(tries.take(&asker(2, 1), Kind::Code, later), Ok(()), "another account");
        assert_eq!(tries.take(&asker(1, 1), Kind::Code, due), Ok(()));
        assert!(tries.take(&asker(1, 1), Kind::Code, due).is_err(), "one came free");
    }

    #[test]
    fn sec074_who_guesses_at_an_address_does_not_lock_its_owner_out() {
        let mut tries = Tries::default();
        let (attacker, owner) = (asker(1, 1), asker(1, 2));
        for _ in 0..TRIES {
            assert_eq!(tries.take(&attacker, Kind::Password, NOW), Ok(()));
        }
        assert!(tries.take(&attacker, Kind::Password, NOW).is_err());
        for _ in 0..FRESH {
            assert_eq!(tries.take(&owner, Kind::Password, NOW), Ok(()));
        }
        assert!(tries.take(&owner, Kind::Password, NOW).is_err(), "now one of many who guess");
        tries.proved(&owner, NOW);
        for _ in 0..TRIES {
            assert_eq!(tries.take(&owner, Kind::Password, NOW), Ok(()), "at home");
        }
    }

    #[test]
    fn sec074_guesses_at_one_account_from_many_sites_are_bounded() {
        let mut tries = Tries::default();
        let home = asker(1, 255);
        tries.proved(&home, NOW);
        let mut made = 0;
        for site in 0..250 {
            while tries.take(&asker(1, site), Kind::Password, NOW).is_ok() {
                made += 1;
            }
        }
        assert_eq!(made, MOST);
        assert_eq!(tries.take(&home, Kind::Password, NOW), Ok(()), "the owner, at home");
        assert_eq!(tries.take(&asker(2, 3), Kind::Password, NOW), Ok(()), "somebody else");
        let freed = NOW.plus(HOUR);
        assert_eq!(tries.take(&asker(1, 254), Kind::Password, freed), Ok(()));
    }

    #[test]
    fn sec074_one_site_cannot_try_many_accounts_for_long() {
        let mut tries = Tries::default();
        let mut made = 0;
        for email in 0..200 {
            made += usize::from(tries.take(&asker(email, 1), Kind::Password, NOW).is_ok());
        }
        assert_eq!(made, SITE);
        assert_eq!(tries.take(&asker(201, 2), Kind::Password, NOW), Ok(()));
    }

    #[test]
    fn sec083_strangers_share_the_egress_and_members_are_not_kept_waiting() {
        let mut tries = Tries::default();
        let stranger = |email: usize, site: usize| Asker {
            email: number(email),
            standing: Standing::Stranger,
            ..asker(0, u8::try_from(site).unwrap())
        };
        let mut made = 0;
        for email in 0..2000 {
            made +=
                usize::from(tries.take(&stranger(email, email % 200), Kind::Password, NOW).is_ok());
        }
        assert_eq!(made, STRANGERS);
        assert_eq!(tries.take(&asker(1, 201), Kind::Password, NOW), Ok(()));
        let due = tries.take(&stranger(9999, 202), Kind::Password, NOW);
        assert_eq!(due, Err(NOW.plus(HOUR)));
    }

    #[test]
    fn what_garmin_never_answered_is_no_try_and_success_forgives_the_rest() {
        let mut tries = Tries::default();
        let who = asker(1, 1);
        for _ in 0..50 {
            assert_eq!(tries.take(&who, Kind::Password, NOW), Ok(()));
            tries.give_back(&who, Kind::Password, NOW, NOW);
        }
        for _ in 0..9 {
            for _ in 0..9 {
                assert_eq!(tries.take(&who, Kind::Password, NOW), Ok(()));
            }
            tries.proved(&who, NOW);
        }
    }

    proptest! {
        /// The moment that is named is the right one: then it works, and not before.
        #[test]
        fn the_moment_to_come_back_is_the_first_that_works(
            steps in prop::collection::vec((0u8..5, any::<bool>(), 0u64..600), 1..120)
        ) {
            let mut tries = Tries::default();
            let mut now = NOW;
            for (site, code, pause) in steps {
                now = now.plus(Duration::from_secs(pause));
                let kind = if code { Kind::Code } else { Kind::Password };
                let who = asker(1, site);
                if let Err(due) = tries.take(&who, kind, now) {
                    prop_assert!(due > now && due <= now.plus(HOUR));
                    let early = Timestamp(due.0 - 1);
                    if early > now {
                        prop_assert!(tries.take(&who, kind, early).is_err());
                    }
                    prop_assert_eq!(tries.take(&who, kind, due), Ok(()));
                    now = due;
                }
            }
        }
    }
}
