//! The account a process serves, and what is needed to ask Garmin about it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::clock::Clock;
use domain::contract::{Athlete, LinkAnswer, ToolsAnswer};
use domain::tools::ToolChoice;
use domain::upstream::Upstream;
use garmin::days::{Day, DayRange};
use garmin::{AccessSource, Garmin, GarminGuid, GarminOptions, Transport, TransportOptions};
use reqwest::dns::Resolve;
use tokio_util::task::TaskTracker;

use crate::answer::{Absence, Reading, Stretch};
use crate::desktop::Desktop;
use crate::error::ToolError;
use crate::host::{Caller, Line, LineError};
use crate::keeper::ChoiceError;
use crate::writes::{Journal, NoJournal};

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
    /// Where writes are recorded before they are sent.
    pub(crate) journal: Arc<dyn Journal>,
    /// Writes on their way, whoever still waits for them.
    pub(crate) writes: TaskTracker,
    athlete: Athlete,
    resolver: Option<Arc<dyn Resolve>>,
    /// The way to the gateway; none on a desktop.
    line: Option<Line>,
    garmin: Mutex<Option<Garmin>>,
    /// The zone the athlete has chosen, as the last call said.
    chosen_zone: Mutex<Option<String>>,
    /// Whose data `garmin` remembers; on a desktop only.
    person: Mutex<Option<GarminGuid>>,
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
            journal: Arc::new(NoJournal),
            writes: TaskTracker::new(),
            athlete: Athlete::default(),
            resolver: None,
            line: None,
            garmin: Mutex::default(),
            chosen_zone: Mutex::default(),
            person: Mutex::default(),
        }
    }

    /// What is known about the person already.
    #[must_use]
    pub(crate) fn with_athlete(mut self, athlete: Athlete) -> Self {
        self.athlete = athlete;
        self
    }

    /// Where writes are recorded; nothing can be written without.
    #[must_use]
    pub(crate) fn with_journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = journal;
        self
    }

    /// Who turns names into addresses; the system where nobody is named.
    #[must_use]
    pub(crate) fn with_resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// Who writes down what a device chooses.
    #[must_use]
    pub(crate) fn with_line(mut self, line: Line) -> Self {
        self.line = Some(line);
        self
    }

    /// The tools a device has chosen to be shown. What cannot be read, a later version wrote.
    pub(crate) fn choice(&self, caller: &Caller) -> ToolChoice {
        match &self.door {
            Door::Gateway => {
                let text = caller.tools.as_deref().unwrap_or_default();
                text.parse().unwrap_or_default()
            }
            Door::Desktop(desktop) => desktop.tools(),
        }
    }

    /// Writes the choice of a device down.
    pub(crate) async fn choose(
        &self,
        caller: &Caller,
        choice: &ToolChoice,
    ) -> Result<(), ChoiceError> {
        if let Door::Desktop(desktop) = &self.door {
            return desktop.choose_tools(choice).await.map_err(|_| ChoiceError::NotSaved);
        }
        let (Some(line), Some(device)) = (&self.line, &caller.device) else {
            return Err(ChoiceError::NoDevice);
        };
        match line.choose_tools(device, choice).await {
            Ok(ToolsAnswer::Saved) => Ok(()),
            Ok(ToolsAnswer::NotThere) => Err(ChoiceError::NoDevice),
            Ok(ToolsAnswer::Refused) | Err(_) => Err(ChoiceError::NotSaved),
        }
    }

    /// The client of Garmin's API, built at the first call: a worker that only lists its
    /// tools never pays for TLS.
    pub(crate) fn garmin(&self) -> Result<Garmin, ToolError> {
        let chosen = lock(&self.chosen_zone).clone();
        let mut garmin = lock(&self.garmin);
        if let Some(garmin) = &*garmin {
            return Ok(garmin.clone());
        }
        let options =
            TransportOptions { resolver: self.resolver.clone(), ..TransportOptions::default() };
        let transport = Transport::new(self.upstream.clone(), options)
            .map_err(|_| ToolError::Unavailable { retry_after: None })?;
        let options = GarminOptions {
            display_name: self.athlete.display_name.clone(),
            time_zone: chosen.or_else(|| self.athlete.time_zone.clone()),
            ..GarminOptions::default()
        };
        let source = Arc::clone(&self.keeper);
        let built = Garmin::new(transport, source, Arc::clone(&self.clock), options);
        Ok(garmin.insert(built).clone())
    }

    /// Forgets what is known about the person: somebody else may have signed in.
    pub(crate) fn forget_person(&self) {
        *lock(&self.garmin) = None;
    }

    /// Counts days from now on in the zone the athlete has chosen. What was read in another one
    /// is forgotten.
    pub(crate) fn keep_time_of(&self, caller: &Caller) {
        if self.changes_zone(caller) {
            self.forget_person();
        }
    }

    fn changes_zone(&self, caller: &Caller) -> bool {
        let mut chosen = lock(&self.chosen_zone);
        let changes = *chosen != caller.time_zone;
        if changes {
            chosen.clone_from(&caller.time_zone);
        }
        changes
    }

    /// A link to the account's page, for whoever talks through this device.
    pub(crate) async fn page_link(&self, caller: &Caller) -> Result<LinkAnswer, LineError> {
        let (Some(line), Some(device)) = (&self.line, &caller.device) else {
            return Ok(LinkAnswer::NotThere);
        };
        line.page_link(device).await
    }

    /// Looks whether somebody else has signed in on this machine since the last call.
    pub(crate) fn look_who_it_is(&self) {
        let Door::Desktop(desktop) = &self.door else { return };
        let Some(now) = desktop.person() else { return };
        let mut known = lock(&self.person);
        if known.as_ref().is_some_and(|known| *known != now) {
            self.forget_person();
        }
        *known = Some(now);
    }

    /// The day it is where the athlete lives.
    pub(crate) async fn today(&self) -> Result<Day, ToolError> {
        Ok(self.garmin()?.today().await?)
    }

    /// What was found for a day, or why there is nothing.
    pub(crate) async fn reading<T>(&self, day: Day, today: Day, data: Option<T>) -> Reading<T> {
        match data {
            Some(data) => Reading::found(day, data),
            None => Reading::absent(day, self.absence(day, today).await),
        }
    }

    /// What was found over a stretch of days, or why there is nothing.
    pub(crate) async fn stretch<T>(
        &self,
        range: DayRange,
        today: Day,
        data: Option<T>,
    ) -> Stretch<T> {
        let reason = match data {
            Some(_) => None,
            None => self.absence(range.last(), today).await,
        };
        Stretch::new(range, reason, data)
    }

    /// Why a day has nothing; `None` where nobody can tell. Costs a question at most, whose
    /// answer other tools want as well.
    pub(crate) async fn absence(&self, day: Day, today: Day) -> Option<Absence> {
        if let Some(absence) = Absence::by_date(day, today) {
            return Some(absence);
        }
        let garmin = self.garmin().ok()?;
        let zone = garmin.zone().await.ok()?;
        let synced = match garmin.daily_summary(today).await {
            Ok(summary) => summary.and_then(|summary| summary.last_sync),
            Err(_) => None,
        };
        let synced = match synced {
            Some(synced) => synced,
            None => garmin.last_used_device().await.ok()??.uploaded_at?,
        };
        Absence::by_sync(day, synced, &zone)
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
