//! One account's reader: access tokens, patience, limits and the cache around every GET.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use domain::clock::Clock;
use domain::entropy::{self, Entropy, OsEntropy};
use jiff::tz::TimeZone;
use secrecy::ExposeSecret;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

use crate::access::{Access, AccessSource, CurrentToken};
use crate::api::Target;
use crate::body::{self, Shape};
use crate::cache::{Cache, CacheLimits};
use crate::days::Day;
use crate::error::GarminError;
use crate::heard;
use crate::limit::Limit;
use crate::model::SocialProfile;
use crate::sign_in::api_headers;
use crate::transport::{Transport, retry_after, send};

/// A night in full detail is some hundred kilobytes; nothing we ask for comes near this.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// How a [`Garmin`] behaves, and what is already known about the account.
#[derive(Debug, Clone)]
pub struct GarminOptions {
    /// Garmin's name for the account in paths; asked for when absent.
    pub display_name: Option<String>,
    /// The athlete's IANA zone; asked for when absent.
    pub time_zone: Option<String>,
    /// Requests in flight at once.
    pub concurrency: usize,
    pub cache: CacheLimits,
    pub retries: Retries,
    /// Makes the waits between tries uneven.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for GarminOptions {
    fn default() -> Self {
        Self {
            display_name: None,
            time_zone: None,
            concurrency: 8,
            cache: CacheLimits::default(),
            retries: Retries::default(),
            entropy: Arc::new(OsEntropy),
        }
    }
}

/// How often a read is tried again, and after what wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Tries after the first.
    pub times: u32,
    /// Before the second try; doubles with each further one.
    pub first_wait: Duration,
    /// No wait is longer, and a `Retry-After` beyond it ends the call instead.
    pub longest_wait: Duration,
    /// Between two looks at a profile that has no name yet.
    pub profile_wait: Duration,
    /// For all tries of one read together: hosts give up on a silent call after a minute, and
    /// an answer that says why is worth more than one more try.
    pub within: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            times: 3,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(10),
            profile_wait: Duration::from_secs(1),
            within: Duration::from_secs(40),
        }
    }
}

/// Reads one account's data. Cloning shares everything.
#[derive(Clone)]
pub struct Garmin(Arc<Inner>);

struct Inner {
    transport: Transport,
    tokens: CurrentToken,
    clock: Arc<dyn Clock>,
    options: GarminOptions,
    permits: Semaphore,
    /// Writes go one after the other.
    writing: Semaphore,
    cache: Cache,
    limit: Limit,
    profile: OnceCell<SocialProfile>,
    /// Whether the profile has been waited for in vain: it is not waited for again.
    nameless: AtomicBool,
    zone: OnceCell<TimeZone>,
}

/// How many access tokens are asked for after the first was refused. The first replacement may
/// be one that was issued long ago and is dead as well; the second is fresh.
pub(crate) const REPLACEMENTS: u32 = 2;

/// What one try came to.
enum Tried {
    Answered(Bytes),
    Unauthorized,
    Failed(GarminError),
}

/// How something is asked for.
#[derive(Clone, Copy)]
enum Manner<'a> {
    Plain,
    /// For a file, which may be larger than any other answer.
    File,
    /// As Garmin's own site does: some services leave out what is new to anybody else.
    AsSite,
    /// A question in GraphQL, which is a POST and changes nothing.
    Question(&'a str),
}

impl Manner<'_> {
    fn largest(self) -> usize {
        match self {
            Self::File => crate::files::LARGEST_FILE,
            Self::Plain | Self::AsSite | Self::Question(_) => LARGEST_ANSWER,
        }
    }
}

/// Whether an answer may be reused for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Ask every time.
    Now,
    /// About this day: reusable once the day is settled.
    Of(Day),
    /// A table that only Garmin's own releases change.
    Lasting,
}

impl Garmin {
    #[must_use]
    pub fn new(
        transport: Transport,
        source: Arc<dyn AccessSource>,
        clock: Arc<dyn Clock>,
        options: GarminOptions,
    ) -> Self {
        Self(Arc::new(Inner {
            transport,
            tokens: CurrentToken::new(source, Arc::clone(&clock)),
            clock,
            permits: Semaphore::new(options.concurrency.max(1)),
            writing: Semaphore::new(1),
            cache: Cache::new(options.cache),
            limit: Limit::default(),
            profile: OnceCell::new(),
            nameless: AtomicBool::new(false),
            zone: OnceCell::new(),
            options,
        }))
    }

    /// The model at `target`, or `None` where Garmin has nothing to say.
    pub(crate) async fn read<T: Shape>(
        &self,
        target: Target,
        freshness: Freshness,
    ) -> Result<Option<T>, GarminError> {
        let target = target.finish();
        match freshness {
            Freshness::Lasting => self.read_settled(&target).await,
            Freshness::Of(day) if self.is_settled(day) => self.read_settled(&target).await,
            Freshness::Of(_) | Freshness::Now => {
                let body = self.fetch(&target).await?;
                heard::note(&target, &body);
                body::decode(&body)
            }
        }
    }

    /// As [`Self::read`], asked the way Garmin's own site asks.
    pub(crate) async fn read_as_site<T: Shape>(
        &self,
        target: Target,
    ) -> Result<Option<T>, GarminError> {
        let target = target.finish();
        let body = self.fetch_as(&target, Manner::AsSite).await?;
        heard::note(&target, &body);
        body::decode(&body)
    }

    /// The answer to a question in GraphQL. A read: it may be asked again.
    pub(crate) async fn question<T: Shape>(
        &self,
        question: &str,
    ) -> Result<Option<T>, GarminError> {
        const TARGET: &str = "/graphql-gateway/graphql";
        let body = serde_json::json!({ "query": question }).to_string();
        let answer = self.fetch_as(TARGET, Manner::Question(&body)).await?;
        heard::note(TARGET, &answer);
        body::decode(&answer)
    }

    pub(crate) fn options(&self) -> &GarminOptions {
        &self.0.options
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.0.transport
    }

    pub(crate) fn tokens(&self) -> &CurrentToken {
        &self.0.tokens
    }

    pub(crate) fn permits(&self) -> &Semaphore {
        &self.0.permits
    }

    pub(crate) fn writing(&self) -> &Semaphore {
        &self.0.writing
    }

    pub(crate) fn limit(&self) -> &Limit {
        &self.0.limit
    }

    /// Something has changed, or may have: what was read before counts no longer.
    pub fn forget_reads(&self) {
        self.0.cache.clear();
    }

    /// A line that no file has in it.
    pub(crate) fn boundary(&self) -> String {
        let raw: [u8; 16] = entropy::bytes(&*self.0.options.entropy);
        format!("form-{:032x}", u128::from_be_bytes(raw))
    }

    pub(crate) fn profile_cell(&self) -> &OnceCell<SocialProfile> {
        &self.0.profile
    }

    pub(crate) fn nameless(&self) -> &AtomicBool {
        &self.0.nameless
    }

    pub(crate) fn zone_cell(&self) -> &OnceCell<TimeZone> {
        &self.0.zone
    }

    /// Whether the day lies before yesterday wherever the athlete lives: no zone is west of
    /// UTC by more than a day.
    fn is_settled(&self, day: Day) -> bool {
        day < Day::today(self.clock(), &TimeZone::UTC).back(2)
    }

    /// As [`Self::read`], through the cache. Only data is kept: an error page or "nothing yet"
    /// must not outlive its cause.
    async fn read_settled<T: Shape>(&self, target: &str) -> Result<Option<T>, GarminError> {
        let flight = self.0.cache.flight(target);
        let _landed = flight.lock().await;
        if let Some(body) = self.0.cache.find(target, self.0.clock.now()) {
            heard::note(target, &body);
            return body::decode(&body);
        }
        let epoch = self.0.cache.epoch();
        let body = self.fetch(target).await?;
        heard::note(target, &body);
        let model = body::decode(&body)?;
        if model.is_some() && self.0.cache.epoch() == epoch {
            self.0.cache.keep(target, &body, self.0.clock.now());
        }
        Ok(model)
    }

    /// One GET with everything that makes it reliable. An empty body means "no data".
    pub(crate) async fn fetch(&self, target: &str) -> Result<Bytes, GarminError> {
        self.fetch_as(target, Manner::Plain).await
    }

    /// The same for a file.
    pub(crate) async fn fetch_file(&self, target: &str) -> Result<Bytes, GarminError> {
        self.fetch_as(target, Manner::File).await
    }

    async fn fetch_as(&self, target: &str, manner: Manner<'_>) -> Result<Bytes, GarminError> {
        // The semaphore is never closed, so an error cannot happen; if it did, nothing was sent.
        let _permit = self.0.permits.acquire().await.map_err(|_| GarminError::Unreachable)?;
        // Garmin would only be told that somebody who must wait has a fresh token.
        self.check_limit()?;
        let mut access = self.0.tokens.access(None).await?;
        // Counted from here: waiting for a token is no fault of Garmin's, and a read that has a
        // token deserves its time.
        let mut give_up = Instant::now() + self.0.options.retries.within;
        let mut replaced = 0;
        let mut tries = 0;
        loop {
            // Another read may have met the limit while this one waited.
            self.check_limit()?;
            match self.try_once(target, manner, &access, give_up).await {
                Tried::Answered(body) => return Ok(body),
                Tried::Unauthorized if replaced == REPLACEMENTS => {
                    self.0.tokens.refused_at_once(access.generation);
                    return Err(GarminError::TokenRefused);
                }
                Tried::Unauthorized => {
                    let refused = access.generation;
                    let asked = Instant::now();
                    access = self.0.tokens.access(Some(refused)).await?;
                    give_up += asked.elapsed();
                    if access.generation == refused {
                        return Err(GarminError::TokenRefused);
                    }
                    replaced += 1;
                }
                Tried::Failed(error) => {
                    let Some(wait) = self.wait_before_retry(&error, tries) else {
                        return Err(error);
                    };
                    if Instant::now() + wait >= give_up {
                        return Err(error);
                    }
                    tries += 1;
                    tracing::debug!(
                        event = "garmin.call.retried",
                        reason = error.label(),
                        tries,
                        "a read is tried again"
                    );
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    async fn try_once(
        &self,
        target: &str,
        manner: Manner<'_>,
        access: &Access,
        give_up: Instant,
    ) -> Tried {
        let transport = &self.0.transport;
        let url = transport.upstream().api.join(target);
        let request = match manner {
            Manner::Plain | Manner::File => transport.client().get(url),
            Manner::AsSite => transport.client().get(url).header("sec-fetch-site", "same-origin"),
            Manner::Question(body) => transport
                .client()
                .post(url)
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(body.to_owned()),
        };
        let request = request
            .headers(api_headers(access.token.expose_secret()))
            .timeout(transport.call_timeout().min(give_up.duration_since(Instant::now())));
        let answer = match send(request, manner.largest()).await {
            Ok(answer) => answer,
            Err(error) => return Tried::Failed(error.into()),
        };
        let now = self.0.clock.now();
        let retry_after = retry_after(&answer.headers, now);
        Tried::Failed(match answer.status.as_u16() {
            status @ 200..=299 => {
                self.0.limit.answered(now);
                let body = if status == 204 { Bytes::new() } else { answer.body };
                return Tried::Answered(body);
            }
            401 => return Tried::Unauthorized,
            400 => GarminError::BadRequest,
            403 => GarminError::Forbidden,
            404 => GarminError::NotFound,
            427 | 429 => {
                GarminError::RateLimited { retry_after: Some(self.0.limit.hit(retry_after, now)) }
            }
            status @ 500..=599 => GarminError::Upstream5xx { status, retry_after },
            status => GarminError::UnexpectedStatus { status },
        })
    }

    /// While a rest lasts, further calls fail without asking.
    pub(crate) fn check_limit(&self) -> Result<(), GarminError> {
        match self.0.limit.left(self.0.clock.now()) {
            None => Ok(()),
            left => Err(GarminError::RateLimited { retry_after: left }),
        }
    }

    /// The wait before trying again, or `None` to give up: full steps doubling from the first,
    /// each shortened by up to a half so that many workers do not come back together.
    fn wait_before_retry(&self, error: &GarminError, tries: u32) -> Option<Duration> {
        let retries = self.0.options.retries;
        let asked = match error {
            GarminError::Upstream5xx { retry_after, .. } => retry_after.unwrap_or_default(),
            GarminError::Unreachable | GarminError::TimedOut | GarminError::Torn => Duration::ZERO,
            GarminError::SignInNeeded
            | GarminError::Unavailable { .. }
            | GarminError::TokenRefused
            | GarminError::RateLimited { .. }
            | GarminError::Forbidden
            | GarminError::PrivacyProtected
            | GarminError::NotFound
            | GarminError::BadRequest
            | GarminError::UnexpectedStatus { .. }
            | GarminError::NotJson
            | GarminError::Malformed { .. }
            | GarminError::TooLarge => return None,
        };
        if tries >= retries.times || asked > retries.longest_wait {
            return None;
        }
        let step = retries
            .first_wait
            .saturating_mul(2_u32.saturating_pow(tries))
            .min(retries.longest_wait);
        let uneven = entropy::duration_within(&*self.0.options.entropy, &(step / 2..=step));
        Some(uneven.max(asked))
    }
}

impl fmt::Debug for Garmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Garmin")
            .field("upstream", self.0.transport.upstream())
            .finish_non_exhaustive()
    }
}
