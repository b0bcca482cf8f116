//! Where the access token comes from. Refresh tokens are not our business here: whoever runs
//! the worker holds them and hands out access tokens one generation at a time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::id::Generation;
use secrecy::SecretString;
use tokio::sync::Mutex as Turn;
use tokio::time::timeout;

use crate::error::GarminError;

/// A token is replaced this long before it expires.
const RENEW_AHEAD: Duration = Duration::from_mins(15);

/// How long a call whose token still works waits for the next one. Asking goes on at the source,
/// which answers a later call.
const RENEW_WITHIN: Duration = Duration::from_secs(3);

/// Between two questions for a token ahead of time that came to nothing.
const RENEW_PAUSE: Duration = Duration::from_mins(1);

/// How long no further token is asked for after a new one was refused.
const HOPELESS_FOR: Duration = Duration::from_mins(1);

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An access token and what is known about it.
#[derive(Clone)]
pub struct Access {
    pub token: SecretString,
    pub generation: Generation,
    pub expires_at: Timestamp,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("generation", &self.generation)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why there is no access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Garmin has refused the account's credentials: a person must sign in again.
    #[error("a new sign-in at Garmin is needed")]
    SignInNeeded,
    /// For now; the credentials may be fine.
    #[error("no access token at the moment")]
    Unavailable { retry_after: Option<Duration> },
}

/// Hands out access tokens.
pub trait AccessSource: Send + Sync {
    /// The current token. `refused` names the generation Garmin has refused or that is about
    /// to expire: a source that holds nothing newer gets something newer first. The future may
    /// be dropped at any moment: what must be finished the source finishes by itself.
    fn access(&self, refused: Option<Generation>) -> BoxFuture<'_, Result<Access, AccessError>>;
}

/// The token in use, and when to ask for another.
pub(crate) struct CurrentToken {
    source: Arc<dyn AccessSource>,
    clock: Arc<dyn Clock>,
    /// Never held across an await.
    held: Mutex<Option<Held>>,
    /// Held while asking, so that callers without a token share one answer.
    asking: Turn<()>,
}

struct Held {
    access: Access,
    renew_at: Timestamp,
    /// Set when Garmin refused the token although it was new: until then another one would
    /// fare no better, and each costs a rotation.
    hopeless_until: Option<Timestamp>,
}

/// What the token at hand is good for.
enum Standing {
    Fresh(Access),
    /// Works, but not for long.
    Ending(Access),
    /// Refused or past its end.
    Spent(Generation),
    Missing,
    Hopeless,
}

impl CurrentToken {
    pub(crate) fn new(source: Arc<dyn AccessSource>, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, held: Mutex::new(None), asking: Turn::new(()) }
    }

    /// A token worth sending. `refused` is the generation a 401 has just named.
    pub(crate) async fn access(&self, refused: Option<Generation>) -> Result<Access, GarminError> {
        match self.standing(refused) {
            Standing::Fresh(access) => return Ok(access),
            Standing::Hopeless => return Err(GarminError::TokenRefused),
            Standing::Ending(access) => return self.renewed_ahead(access).await,
            Standing::Spent(_) | Standing::Missing => {}
        }
        let _turn = self.asking.lock().await;
        // Someone may have replaced it while this call waited.
        let stale = match self.standing(refused) {
            Standing::Fresh(access) | Standing::Ending(access) => return Ok(access),
            Standing::Hopeless => return Err(GarminError::TokenRefused),
            Standing::Spent(generation) => Some(generation),
            Standing::Missing => refused,
        };
        self.ask(stale).await.map_err(|error| match error {
            AccessError::SignInNeeded => GarminError::SignInNeeded,
            AccessError::Unavailable { retry_after } => GarminError::Unavailable { retry_after },
        })
    }

    /// The next token if it is to be had soon, else the one at hand. One call at a time tries.
    async fn renewed_ahead(&self, current: Access) -> Result<Access, GarminError> {
        let Ok(_turn) = self.asking.try_lock() else { return Ok(current) };
        if let Standing::Fresh(access) = self.standing(None) {
            return Ok(access);
        }
        let pause = match timeout(RENEW_WITHIN, self.ask(Some(current.generation))).await {
            Ok(Ok(access)) => return Ok(access),
            Ok(Err(AccessError::SignInNeeded)) => return Err(GarminError::SignInNeeded),
            Ok(Err(AccessError::Unavailable { retry_after })) => {
                retry_after.unwrap_or_default().max(RENEW_PAUSE)
            }
            Err(_) => RENEW_PAUSE,
        };
        let again = self.clock.now().plus(pause);
        if let Some(held) = self.held().as_mut() {
            // At its end the token is asked for in any case.
            held.renew_at = again.min(held.access.expires_at);
        }
        Ok(current)
    }

    /// Asks the source, and keeps what it says.
    async fn ask(&self, stale: Option<Generation>) -> Result<Access, AccessError> {
        let answer = self.source.access(stale).await;
        match &answer {
            Ok(access) => {
                let renew_at = renew_at(access, self.clock.now());
                let access = access.clone();
                *self.held() = Some(Held { access, renew_at, hopeless_until: None });
            }
            Err(AccessError::SignInNeeded) => *self.held() = None,
            Err(AccessError::Unavailable { .. }) => {}
        }
        answer
    }

    fn standing(&self, refused: Option<Generation>) -> Standing {
        let now = self.clock.now();
        let held = self.held();
        let Some(held) = &*held else { return Standing::Missing };
        if refused == Some(held.access.generation) {
            if held.hopeless_until.is_some_and(|until| now < until) {
                return Standing::Hopeless;
            }
            return Standing::Spent(held.access.generation);
        }
        if now < held.renew_at {
            Standing::Fresh(held.access.clone())
        } else if now < held.access.expires_at {
            Standing::Ending(held.access.clone())
        } else {
            Standing::Spent(held.access.generation)
        }
    }

    /// Remembers that Garmin refused this generation as soon as it was handed out.
    pub(crate) fn refused_at_once(&self, generation: Generation) {
        let mut held = self.held();
        if let Some(held) = held.as_mut().filter(|held| held.access.generation == generation) {
            held.hopeless_until = Some(self.clock.now().plus(HOPELESS_FOR));
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Held>> {
        // What is in there is replaced whole, so it is never half-written.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When to ask for the next token: fifteen minutes ahead, or, for a token that had less than
/// an hour left when it came, in the last quarter of that. Otherwise a short-lived token
/// would be renewed at every call.
fn renew_at(access: &Access, now: Timestamp) -> Timestamp {
    let life = access.expires_at.since(now);
    access.expires_at.minus(RENEW_AHEAD.min(life / 4))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use domain::clock::ManualClock;

    use super::*;

    fn token(generation: i64, expires: i64) -> Access {
        Access {
            token: "t".into(),
            generation: Generation(generation),
            expires_at: Timestamp(expires),
        }
    }

    /// Hands out tokens that live an hour, unless it is told not to or to hang.
    struct Source {
        clock: Arc<ManualClock>,
        asked: AtomicUsize,
        hangs: AtomicBool,
        silent: AtomicBool,
    }

    impl AccessSource for Source {
        fn access(
            &self,
            refused: Option<Generation>,
        ) -> BoxFuture<'_, Result<Access, AccessError>> {
            Box::pin(async move {
                self.asked.fetch_add(1, Ordering::SeqCst);
                if self.hangs.load(Ordering::SeqCst) {
                    std::future::pending::<()>().await;
                }
                if self.silent.load(Ordering::SeqCst) {
                    return Err(AccessError::Unavailable { retry_after: None });
                }
                let generation = refused.map_or(1, |refused| refused.0 + 1);
                Ok(token(generation, self.clock.now().0 + 3_600))
            })
        }
    }

    /// A token with ten minutes left of its hour.
    async fn ending() -> (CurrentToken, Arc<Source>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        let source = Arc::new(Source {
            clock: clock.clone(),
            asked: AtomicUsize::new(0),
            hangs: AtomicBool::new(false),
            silent: AtomicBool::new(false),
        });
        let tokens = CurrentToken::new(source.clone(), clock.clone());
        assert_eq!(generation(tokens.access(None).await), Ok(1));
        clock.advance(Duration::from_mins(50));
        (tokens, source, clock)
    }

    fn generation(access: Result<Access, GarminError>) -> Result<i64, GarminError> {
        access.map(|access| access.generation.0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_hangs_holds_up_no_call_whose_token_still_works() {
        let (tokens, source, clock) = ending().await;
        source.hangs.store(true, Ordering::SeqCst);
        let begun = tokio::time::Instant::now();
        let both = async {
            let asking = tokens.access(None);
            let other = async {
                let access = tokens.access(None).await;
                (generation(access), begun.elapsed())
            };
            tokio::join!(asking, other)
        };
        let (asking, (other, waited)) = both.await;
        assert_eq!((generation(asking), other), (Ok(1), Ok(1)));
        assert_eq!(waited, Duration::ZERO);
        assert_eq!(begun.elapsed(), RENEW_WITHIN);
        assert_eq!(generation(tokens.access(None).await), Ok(1));
        assert_eq!(begun.elapsed(), RENEW_WITHIN);
        assert_eq!(source.asked.load(Ordering::SeqCst), 2);
        source.hangs.store(false, Ordering::SeqCst);
        clock.advance(RENEW_PAUSE);
        assert_eq!(generation(tokens.access(None).await), Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_ahead_that_failed_is_not_tried_at_every_call() {
        let (tokens, source, clock) = ending().await;
        source.silent.store(true, Ordering::SeqCst);
        for _ in 0..3 {
            assert_eq!(generation(tokens.access(None).await), Ok(1));
        }
        assert_eq!(source.asked.load(Ordering::SeqCst), 2);
        clock.advance(RENEW_PAUSE);
        assert_eq!(generation(tokens.access(None).await), Ok(1));
        assert_eq!(source.asked.load(Ordering::SeqCst), 3);
        clock.advance(Duration::from_mins(10));
        let gone = Err(GarminError::Unavailable { retry_after: None });
        assert_eq!(generation(tokens.access(None).await), gone);
        source.silent.store(false, Ordering::SeqCst);
        assert_eq!(generation(tokens.access(None).await), Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_replaced_even_while_a_renewal_pauses() {
        let (tokens, source, _clock) = ending().await;
        source.silent.store(true, Ordering::SeqCst);
        assert_eq!(generation(tokens.access(None).await), Ok(1));
        source.silent.store(false, Ordering::SeqCst);
        assert_eq!(generation(tokens.access(Some(Generation(1))).await), Ok(2));
    }

    #[test]
    fn a_token_is_renewed_ahead_but_a_short_lived_one_not_at_every_call() {
        let at = |expires: i64| renew_at(&token(1, expires), Timestamp(0)).0;
        assert_eq!(at(86_400), 85_500);
        assert_eq!(at(400), 300);
        assert_eq!(at(-5), -5);
    }
}
