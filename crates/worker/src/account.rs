//! The account a process serves, and what is needed to ask Garmin about it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use domain::clock::Clock;
use domain::contract::Athlete;
use domain::upstream::Upstream;
use garmin::days::Day;
use garmin::{AccessSource, Garmin, GarminOptions, Transport, TransportOptions};
use reqwest::dns::Resolve;

use crate::desktop::Desktop;
use crate::error::ToolError;

/// Which front door the calls come through.
#[derive(Debug, Clone)]
pub(crate) enum Door {
    /// A gateway, which holds the sign-in.
    Gateway,
    /// A desktop client; the sign-in is on this machine.
    Desktop(Arc<Desktop>),
}

pub(crate) struct Account {
    pub(crate) keeper: Arc<dyn AccessSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) upstream: Upstream,
    pub(crate) door: Door,
    athlete: Athlete,
    resolver: Option<Arc<dyn Resolve>>,
    garmin: Mutex<Option<Garmin>>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("region", &self.upstream.region).finish_non_exhaustive()
    }
}

impl Account {
    pub(crate) fn new(
        keeper: Arc<dyn AccessSource>,
        clock: Arc<dyn Clock>,
        upstream: Upstream,
        door: Door,
    ) -> Self {
        Self {
            keeper,
            clock,
            upstream,
            door,
            athlete: Athlete::default(),
            resolver: None,
            garmin: Mutex::default(),
        }
    }

    /// What is known about the person already.
    #[must_use]
    pub(crate) fn with_athlete(mut self, athlete: Athlete) -> Self {
        self.athlete = athlete;
        self
    }

    /// Who turns names into addresses; the system where nobody is named.
    #[must_use]
    pub(crate) fn with_resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// The client of Garmin's API, built at the first call: a worker that only lists its
    /// tools never pays for TLS.
    pub(crate) fn garmin(&self) -> Result<Garmin, ToolError> {
        let mut garmin = self.garmin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(garmin) = &*garmin {
            return Ok(garmin.clone());
        }
        let options =
            TransportOptions { resolver: self.resolver.clone(), ..TransportOptions::default() };
        let transport = Transport::new(self.upstream.clone(), options)
            .map_err(|_| ToolError::Unavailable { retry_after: None })?;
        let options = GarminOptions {
            display_name: self.athlete.display_name.clone(),
            time_zone: self.athlete.time_zone.clone(),
            ..GarminOptions::default()
        };
        let source = Arc::clone(&self.keeper);
        let built = Garmin::new(transport, source, Arc::clone(&self.clock), options);
        Ok(garmin.insert(built).clone())
    }

    /// Forgets what is known about the person: somebody else may have signed in.
    pub(crate) fn forget_person(&self) {
        *self.garmin.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The day it is where the athlete lives.
    pub(crate) async fn today(&self) -> Result<Day, ToolError> {
        Ok(self.garmin()?.today().await?)
    }

    /// The error in the words of the door it goes out through.
    pub(crate) fn worded(&self, error: ToolError) -> ToolError {
        match (&self.door, error) {
            (Door::Desktop(desktop), ToolError::AuthExpired) => {
                if desktop.has_sign_in() {
                    ToolError::SavedAuthExpired
                } else {
                    ToolError::AuthRequired
                }
            }
            (Door::Gateway | Door::Desktop(_), error) => error,
        }
    }
}
