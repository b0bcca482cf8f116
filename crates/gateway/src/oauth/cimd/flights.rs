//! How much is fetched: one flight per document and lane at a time, one per host, four in all,
//! so many a minute; and what has just failed is not tried again at once.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use governor::Quota;
use store::Client;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::timeout;

use super::{DocumentUrl, Failure};
use crate::limits::Keyed;

const AT_ONCE: usize = 4;
const AT_ONCE_FOR_ANYBODY: usize = 2;
const PER_HOST_A_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();
const A_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// How long a failure answers for the next try.
const FAILED_FOR: Duration = Duration::from_secs(30);
/// How long a flight waits for its turn. Browsers and hosts wait for it as well.
const QUEUE: Duration = Duration::from_secs(3);
/// Documents and hosts that are remembered at once.
const MOST: usize = 1000;

/// For whom something is fetched. They share no queue, for anybody can fill one, and the
/// sign-in of whoever waits in the other hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Anybody,
    SignedIn,
}

pub(super) struct Flights {
    clock: Arc<dyn Clock>,
    table: Mutex<Table>,
    places: Semaphore,
    places_for_anybody: Semaphore,
    per_host: Keyed<String>,
    total: Keyed<()>,
}

#[derive(Default)]
struct Table {
    flights: HashMap<(DocumentUrl, Lane), Arc<Flight>>,
    hosts: HashMap<String, Arc<Semaphore>>,
}

/// Under way while it is empty; afterwards what came of it, and when.
type Flight = OnceCell<(Result<Client, Failure>, Timestamp)>;

impl Flights {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            table: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
            places_for_anybody: Semaphore::new(AT_ONCE_FOR_ANYBODY),
            per_host: Keyed::new(Quota::per_minute(PER_HOST_A_MINUTE), MOST as u64),
            total: Keyed::new(Quota::per_minute(A_MINUTE), 1),
        }
    }

    /// What comes of the flight to `url`: the one under way, the one that has just failed, or
    /// a new one. Should its first passenger leave, the next one takes over.
    pub(super) async fn join<F>(
        &self,
        url: &DocumentUrl,
        lane: Lane,
        fetch: impl FnOnce() -> F,
    ) -> Result<Client, Failure>
    where
        F: Future<Output = Result<Client, Failure>>,
    {
        let flight = self.board(url, lane).ok_or(Failure::Busy)?;
        let (outcome, _) = flight
            .get_or_init(|| async {
                let outcome = self.in_turn(url, lane, fetch).await;
                (outcome, self.clock.now())
            })
            .await;
        match outcome {
            // Nothing was asked of the publisher, so nothing is known to be wrong there.
            Ok(_) | Err(Failure::Busy | Failure::Store) => self.forget(url, lane, &flight),
            Err(Failure::Fetch(_) | Failure::Document(_)) => {}
        }
        outcome.clone()
    }

    async fn in_turn<F>(
        &self,
        url: &DocumentUrl,
        lane: Lane,
        fetch: impl FnOnce() -> F,
    ) -> Result<Client, Failure>
    where
        F: Future<Output = Result<Client, Failure>>,
    {
        let host = self.host(url.host());
        let turn = async {
            let host = host.acquire().await;
            let lane = match lane {
                Lane::Anybody => Some(self.places_for_anybody.acquire().await),
                Lane::SignedIn => None,
            };
            (host, lane, self.places.acquire().await)
        };
        let _places = timeout(QUEUE, turn).await.map_err(|_| Failure::Busy)?;
        let within =
            self.per_host.take(&url.host().to_owned()).is_ok() && self.total.take(&()).is_ok();
        if !within {
            return Err(Failure::Busy);
        }
        fetch().await
    }

    fn board(&self, url: &DocumentUrl, lane: Lane) -> Option<Arc<Flight>> {
        let key = (url.clone(), lane);
        let now = self.clock.now();
        let mut table = self.table();
        table.flights.retain(|_, flight| {
            flight.get().is_none_or(|(_, landed)| now.since(*landed) < FAILED_FOR)
        });
        if let Some(flight) = table.flights.get(&key) {
            return Some(flight.clone());
        }
        if table.flights.len() >= MOST {
            return None;
        }
        let flight = Arc::new(Flight::new());
        table.flights.insert(key, flight.clone());
        Some(flight)
    }

    fn forget(&self, url: &DocumentUrl, lane: Lane, flight: &Arc<Flight>) {
        let key = (url.clone(), lane);
        let mut table = self.table();
        if table.flights.get(&key).is_some_and(|known| Arc::ptr_eq(known, flight)) {
            table.flights.remove(&key);
        }
    }

    /// The queue of one host. There are no more of them than flights.
    fn host(&self, host: &str) -> Arc<Semaphore> {
        let mut table = self.table();
        table.hosts.retain(|_, queue| Arc::strong_count(queue) > 1);
        table.hosts.entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
