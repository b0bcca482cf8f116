//! The ways out to Garmin's sign-in: directly, or through proxies of the operator's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::Clock;
use domain::entropy::Entropy;
use domain::region::Region;
use garmin::{Pauses, SignIn, SignInOptions};
use sha2::{Digest, Sha256};
use url::Url;

use crate::config::Config;

/// The name of the way out that needs no proxy.
const DIRECT: &str = "direct";

pub(super) struct Egresses {
    ways: Vec<Egress>,
    next: AtomicUsize,
}

pub(super) struct Egress {
    /// Kept with a pending login, which belongs to the address it was begun from. A digest:
    /// proxy URLs carry passwords.
    pub(super) name: String,
    global: SignIn,
    china: SignIn,
}

impl Egresses {
    pub(super) fn new(
        config: &Config,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> anyhow::Result<Self> {
        let urls: Vec<Option<&Url>> = if config.sso_proxies.is_empty() {
            vec![None]
        } else {
            config.sso_proxies.iter().map(Some).collect()
        };
        let ways = urls
            .into_iter()
            .map(|url| {
                let sign_in = |region| {
                    let upstream = config.upstream(region).clone();
                    let options = SignInOptions {
                        pauses: Pauses::suited_to(&upstream),
                        egress: url.cloned(),
                        entropy: entropy.clone(),
                        clock: clock.clone(),
                    };
                    SignIn::new(upstream, options).context("GARMIN_SSO_PROXY")
                };
                anyhow::Ok(Egress {
                    name: name_of(url),
                    global: sign_in(Region::Global)?,
                    china: sign_in(Region::China)?,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { ways, next: AtomicUsize::new(0) })
    }

    /// The way out for the next sign-in; they take turns.
    pub(super) fn pick(&self) -> &Egress {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        &self.ways[turn % self.ways.len()]
    }

    /// The way out a pending login belongs to. When the operator has taken it away, any other
    /// may still work.
    pub(super) fn named(&self, name: &str) -> &Egress {
        self.ways.iter().find(|way| way.name == name).unwrap_or_else(|| self.pick())
    }
}

impl Egress {
    pub(super) fn sign_in(&self, region: Region) -> &SignIn {
        match region {
            Region::Global => &self.global,
            Region::China => &self.china,
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
