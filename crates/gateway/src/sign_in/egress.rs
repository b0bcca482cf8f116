//! The ways out to Garmin's sign-in: directly, or through proxies of the operator's.
//!
//! Each has a breaker for either region, whose Garmins block by themselves. An e-mail address
//! keeps to one way as long as that is open: Garmin trusts what it has seen before.
//!
//! Proxies are told apart by their whole URL, since ports of one host often leave through
//! different addresses. "Directly" is one way on every node: whether nodes share an address
//! nobody here can see, and a code that was sent is worth a try from any of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::{Clock, Timestamp};
use domain::entropy::Entropy;
use domain::region::Region;
use garmin::{Pauses, SignIn, SignInOptions};
use sha2::{Digest, Sha256};
use url::Url;

use super::breaker::{Breaker, Company, Pass, Verdict, Witness};
use super::tries::Key;
use crate::config::{Config, RateLimits};

/// The name of the way out that needs no proxy.
const DIRECT: &str = "direct";

pub(super) struct Egresses {
    ways: Vec<Egress>,
    breakers: RateLimits,
    company: Company,
}

pub(super) struct Egress {
    /// Kept with a pending login, which belongs to the address it was begun from. A digest:
    /// proxy URLs carry passwords.
    pub(super) name: String,
    global: Way,
    china: Way,
}

struct Way {
    sign_in: SignIn,
    breaker: Mutex<Breaker>,
}

/// The leave to sign in through an egress, to be answered with what came of it.
pub(super) struct Passage<'a> {
    pub(super) egress: &'a Egress,
    pub(super) region: Region,
    pass: Pass,
    began: Timestamp,
    reported: bool,
}

impl Egresses {
    pub(super) fn new(
        config: &Config,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> anyhow::Result<Self> {
        let urls = &config.sso_egresses;
        let company = if urls.len() > 1 { Company::OneOfMany } else { Company::Alone };
        let ways = urls
            .iter()
            .map(|url| {
                let way = |region| {
                    let upstream = config.upstream(region).clone();
                    let options = SignInOptions {
                        pauses: Pauses::suited_to(&upstream),
                        egress: url.clone(),
                        entropy: entropy.clone(),
                        clock: clock.clone(),
                    };
                    anyhow::Ok(Way {
                        sign_in: SignIn::new(upstream, options).context("GARMIN_SSO_PROXY")?,
                        breaker: Mutex::new(Breaker::new(company)),
                    })
                };
                anyhow::Ok(Egress {
                    name: name_of(url.as_ref()),
                    global: way(Region::Global)?,
                    china: way(Region::China)?,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { ways, breakers: config.rate_limits, company })
    }

    /// Every way there is, for the operator.
    pub(super) fn list(&self, now: Timestamp) -> Vec<domain::console::Egress> {
        let of = |egress: &Egress, region| domain::console::Egress {
            name: egress.name.clone(),
            region,
            rests_until: egress.way(region).breaker().resting(now),
        };
        let both = |egress| Region::ALL.map(|region| of(egress, region));
        self.ways.iter().flat_map(both).collect()
    }

    /// Every way is open, as far as anybody knows.
    pub(super) fn forget(&self) {
        for egress in &self.ways {
            for way in [&egress.global, &egress.china] {
                *way.breaker() = Breaker::new(self.company);
            }
        }
    }

    /// The way out for a sign-in with this e-mail address, or when there may be one again.
    pub(super) fn choose(
        &self,
        email: &Key,
        region: Region,
        now: Timestamp,
    ) -> Result<Passage<'_>, Timestamp> {
        let mut earliest = None;
        for egress in self.by_preference(email) {
            match egress.way(region).breaker().pass(now) {
                Ok(pass) => {
                    return Ok(Passage { egress, region, pass, began: now, reported: false });
                }
                Err(until) => {
                    earliest = Some(earliest.map_or(until, |other: Timestamp| other.min(until)));
                }
            }
        }
        Err(earliest.unwrap_or(now))
    }

    /// Until when every way is closed, if it is.
    pub(super) fn resting(&self, region: Region, now: Timestamp) -> Option<Timestamp> {
        let ends = self.ways.iter().map(|egress| egress.way(region).breaker().resting(now));
        ends.collect::<Option<Vec<_>>>()?.into_iter().min()
    }

    /// The way out a pending login belongs to; none when the operator has taken it away.
    pub(super) fn named(&self, name: &str) -> Option<&Egress> {
        self.ways.iter().find(|way| way.name == name)
    }

    /// What came of a code, which goes through its own egress whatever the breaker says. That
    /// codes are accepted says nothing about passwords.
    pub(super) fn note_block(
        &self,
        egress: &Egress,
        region: Region,
        verdict: Verdict,
        witness: Witness,
        now: Timestamp,
    ) {
        if let (Verdict::Blocked(_), RateLimits::On) = (verdict, self.breakers) {
            let tripped =
                egress.way(region).breaker().report(Pass::Ordinary, verdict, witness, now);
            egress.tell(tripped, region, now);
        }
    }

    /// What came of a sign-in.
    pub(super) fn report(
        &self,
        mut passage: Passage<'_>,
        verdict: Verdict,
        witness: Witness,
        now: Timestamp,
    ) {
        passage.reported = true;
        if self.breakers == RateLimits::Off {
            return;
        }
        let (egress, region) = (passage.egress, passage.region);
        let tripped = egress.way(region).breaker().report(passage.pass, verdict, witness, now);
        egress.tell(tripped, region, now);
    }

    /// One egress for each address, then the others in turn.
    fn by_preference(&self, email: &Key) -> impl Iterator<Item = &Egress> {
        let [one, two, three, four, ..] = *email;
        let number = u32::from_le_bytes([one, two, three, four]);
        let first = usize::try_from(number).unwrap_or_default() % self.ways.len().max(1);
        self.ways[first..].iter().chain(&self.ways[..first])
    }
}

impl Egress {
    pub(super) fn sign_in(&self, region: Region) -> &SignIn {
        &self.way(region).sign_in
    }

    fn way(&self, region: Region) -> &Way {
        match region {
            Region::Global => &self.global,
            Region::China => &self.china,
        }
    }

    fn tell(&self, tripped: bool, region: Region, now: Timestamp) {
        if tripped && let Some(until) = self.way(region).breaker().resting(now) {
            tracing::warn!(
                event = "login-breaker-open",
                egress = self.name,
                region = region.as_str(),
                until = %until,
                "Garmin turns sign-ins away, so none leave this way for now"
            );
        }
    }
}

impl Way {
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Passage<'_> {
    /// A sign-in that was given up must not keep others waiting for its outcome.
    fn drop(&mut self) {
        if !self.reported {
            self.egress.way(self.region).breaker().abandon(self.pass, self.began);
        }
    }
}

fn name_of(url: Option<&Url>) -> String {
    url.map_or_else(
        || DIRECT.to_owned(),
        |url| {
            let digest = Sha256::digest(url.as_str());
            URL_SAFE_NO_PAD.encode(&digest[..9])
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_egress_is_named_without_its_password() {
        let url = Url::parse("http://user:secret@proxy.example:3128").unwrap();
        let name = name_of(Some(&url));
        assert_eq!(name.len(), 12);
        assert!(!name.contains("secret"));
        assert_eq!(name_of(None), "direct");
    }
}
