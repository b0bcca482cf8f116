//! Garmin's part of an attempt: its turn, the conversation under a deadline, and what an answer
//! means for the person and for everybody else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::email::LoginEmail;
use garmin::{Block, BlockKind, MfaError, PendingMfa, Session, SignInError, Step};
use secrecy::SecretString;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::Problem;
use super::breaker::Verdict;
use super::egress::Passage;
use super::lanes::Turn;
use super::record::{CodeWait, Held};
use super::scheduler::{Answer, Inner};
use super::site::Site;
use super::tries::{Key, Kind};
use super::visitor::Visitor;
use crate::metrics::SignInOutcome;

/// From the first byte to Garmin to the last one back.
const DEADLINE: Duration = Duration::from_secs(75);
/// How long a turn is worth waiting for.
const QUEUE: Duration = Duration::from_secs(90);
/// When those who found a long line may find a shorter one.
const LATER: Duration = Duration::from_mins(1);
/// After Garmin has turned somebody away, trying again sooner only makes it worse.
const COOLDOWN: Duration = Duration::from_mins(5);
/// Garmin may ask for more, within reason.
const LONGEST_COOLDOWN: Duration = Duration::from_hours(24);

/// How Garmin's part ended.
pub(super) enum Outcome {
    SignedIn(Box<Session>),
    Code(CodeWait, Option<Problem>),
    Form(Problem),
    /// The person goes on with what Garmin had accepted before.
    Approved(Held),
}

impl Outcome {
    /// What is counted.
    pub(super) fn class(&self) -> SignInOutcome {
        match self {
            Self::SignedIn(_) | Self::Approved(_) => SignInOutcome::Completed,
            Self::Code(_, None) => SignInOutcome::CodeWanted,
            Self::Code(_, Some(problem)) | Self::Form(problem) => problem.class(),
        }
    }

    /// What Garmin handed out, where it has accepted the sign-in.
    pub(super) fn held(&self) -> Option<Held> {
        match self {
            Self::SignedIn(session) => Some(Held::of(session)),
            Self::Approved(held) => Some(held.clone()),
            Self::Code(..) | Self::Form(_) => None,
        }
    }
}

/// The right to talk to Garmin, from queueing to the answer.
struct Place {
    _email: Turn<Key>,
    _share: Turn<(Key, Site)>,
    _site: Turn<Site>,
    _permit: OwnedSemaphorePermit,
}

/// Waits for its turn and talks to Garmin. `asked` says, even of a question that was given up,
/// whether Garmin got to hear of it.
pub(super) async fn ask_in_turn(
    scheduler: &Inner,
    answer: &Answer,
    visitor: &Visitor,
    asked: &AtomicBool,
) -> Outcome {
    let Some(_place) = wait_in_line(scheduler, visitor).await else {
        let retry_at = scheduler.clock.now().plus(LATER);
        return back(answer, Problem::Busy { retry_at });
    };
    // What happened to those before may concern whoever waited behind them.
    if let Some(problem) = scheduler.turned_away(answer, visitor) {
        return back(answer, problem);
    }
    match answer {
        Answer::Credentials { email, password, region } => {
            let now = scheduler.clock.now();
            match scheduler.egresses.choose(&visitor.asker.email, *region, now) {
                Ok(passage) => {
                    asked.store(true, Ordering::Relaxed);
                    sign_in(scheduler, answer, visitor, passage, (email, password)).await
                }
                Err(retry_at) => Outcome::Form(Problem::Blocked { retry_at }),
            }
        }
        Answer::Code { wait, code, .. } => {
            asked.store(true, Ordering::Relaxed);
            verify(scheduler, answer, wait, code, visitor).await
        }
        Answer::Approval { held, .. } => Outcome::Approved(held.clone()),
    }
}

/// A turn with this e-mail address, then one from this site, then a place among all: whoever
/// waits takes no place from others. Nobody waits where many do already, and one site never
/// fills the line of an address.
async fn wait_in_line(scheduler: &Inner, visitor: &Visitor) -> Option<Place> {
    let asker = visitor.asker;
    let waiting = scheduler.waiting.try_acquire().ok()?;
    let lined_up = async {
        let share = scheduler.shares.turn((asker.email, asker.site)).await?;
        let email = scheduler.emails.turn(asker.email).await?;
        let site = scheduler.sites.turn(asker.site).await?;
        let permit = scheduler.places.clone().acquire_owned().await.ok()?;
        Some(Place { _email: email, _share: share, _site: site, _permit: permit })
    };
    let place = timeout(QUEUE, lined_up).await.ok().flatten();
    drop(waiting);
    place
}

async fn sign_in(
    scheduler: &Inner,
    answer: &Answer,
    visitor: &Visitor,
    passage: Passage<'_>,
    (email, password): (&LoginEmail, &SecretString),
) -> Outcome {
    let (egress, region) = (passage.egress, passage.region);
    let asked = timeout(DEADLINE, egress.sign_in(region).start(email, password)).await;
    let now = scheduler.clock.now();
    let verdict = match &asked {
        Ok(Ok(_)) => Verdict::Works,
        Ok(Err(error)) => verdict_of(error),
        Err(_) => Verdict::Down,
    };
    scheduler.egresses.report(passage, verdict, scheduler.witness(visitor), now);
    match asked {
        Ok(Ok(Step::SignedIn(session))) => Outcome::SignedIn(Box::new(session)),
        Ok(Ok(Step::NeedsMfa(pending))) => {
            Outcome::Code(CodeWait::of(&pending, &egress.name, region, now), None)
        }
        Ok(Err(error)) => Outcome::Form(problem_of(scheduler, answer, &error, now)),
        Err(_) => Outcome::Form(Problem::TimedOut),
    }
}

/// A code belongs to the login it was sent for, and that to the egress it was begun on.
async fn verify(
    scheduler: &Inner,
    answer: &Answer,
    wait: &CodeWait,
    code: &str,
    visitor: &Visitor,
) -> Outcome {
    let Some(egress) = scheduler.egresses.named(&wait.egress) else {
        return Outcome::Form(Problem::CodeElsewhere);
    };
    let sign_in = egress.sign_in(wait.region);
    let Ok(pending) = PendingMfa::from_bytes(&wait.pending, sign_in.upstream()) else {
        // Sealed by a version or for addresses that are no more.
        return Outcome::Form(Problem::CodeExpired);
    };
    let verified = timeout(DEADLINE, sign_in.verify(&pending, code)).await;
    let now = scheduler.clock.now();
    let error = match verified {
        Ok(Ok(session)) => return Outcome::SignedIn(Box::new(session)),
        Ok(Err(error)) => error,
        Err(_) => return back(answer, Problem::TimedOut),
    };
    if let MfaError::SignIn(error) | MfaError::AfterCode(error) = &error {
        let (verdict, witness) = (verdict_of(error), scheduler.witness(visitor));
        scheduler.egresses.note_block(egress, wait.region, verdict, witness, now);
    }
    match error {
        MfaError::WrongCode { .. } if wait.is_stale(now) => Outcome::Form(Problem::CodeExpired),
        MfaError::WrongCode { pending } => {
            let left = wait.tries_left.saturating_sub(1);
            if left == 0 {
                return Outcome::Form(Problem::CodeTriesUsedUp);
            }
            let next = CodeWait { pending: pending.to_bytes(), tries_left: left, ..wait.clone() };
            Outcome::Code(next, Some(Problem::WrongCode { left }))
        }
        MfaError::Expired => Outcome::Form(Problem::CodeExpired),
        // The login has ended with its code; only a new one helps.
        MfaError::AfterCode(error) => Outcome::Form(problem_of(scheduler, answer, &error, now)),
        MfaError::SignIn(error) => {
            let problem = problem_of(scheduler, answer, &error, now);
            match error {
                // The login has ended: only a new one helps.
                SignInError::BadCredentials
                | SignInError::AccountLocked
                | SignInError::WebLoginNotAllowed
                | SignInError::TicketRefused
                | SignInError::TokenRefused => Outcome::Form(problem),
                SignInError::CaptchaRequired
                | SignInError::RateLimited { .. }
                | SignInError::Blocked { .. }
                | SignInError::Unreachable
                | SignInError::Unexpected { .. } => Outcome::Code(wait.clone(), Some(problem)),
            }
        }
    }
}

/// Back to where the person was, with a word on why.
pub(super) fn back(answer: &Answer, problem: Problem) -> Outcome {
    match answer {
        Answer::Credentials { .. } | Answer::Approval { .. } => Outcome::Form(problem),
        Answer::Code { wait, .. } => Outcome::Code(wait.clone(), Some(problem)),
    }
}

fn verdict_of(error: &SignInError) -> Verdict {
    if let Some(block) = error.block() {
        return Verdict::Blocked(block);
    }
    match error {
        // An answer that says nothing about the person.
        SignInError::Unreachable | SignInError::Unexpected { .. } => Verdict::Down,
        SignInError::BadCredentials
        | SignInError::AccountLocked
        | SignInError::WebLoginNotAllowed
        | SignInError::TicketRefused
        | SignInError::TokenRefused
        | SignInError::CaptchaRequired
        | SignInError::RateLimited { .. }
        | SignInError::Blocked { .. } => Verdict::Works,
    }
}

fn problem_of(scheduler: &Inner, answer: &Answer, error: &SignInError, now: Timestamp) -> Problem {
    if let Some(Block { kind, retry_after }) = error.block() {
        let rest = retry_after.unwrap_or_default().clamp(COOLDOWN, LONGEST_COOLDOWN);
        let resting = match answer {
            Answer::Credentials { region, .. } => scheduler.egresses.resting(*region, now),
            // A code goes through its own egress in any case.
            Answer::Code { .. } | Answer::Approval { .. } => None,
        };
        let retry_at = now.plus(rest).max(resting.unwrap_or(now));
        return match kind {
            BlockKind::Captcha => Problem::Captcha { retry_at },
            BlockKind::Limited => Problem::RateLimited { retry_at },
            BlockKind::Forbidden => Problem::Blocked { retry_at },
        };
    }
    match error {
        SignInError::BadCredentials if scheduler.is_invite_only => Problem::NotAccepted,
        SignInError::BadCredentials => Problem::WrongPassword,
        SignInError::AccountLocked => Problem::Locked,
        SignInError::WebLoginNotAllowed => Problem::WebLoginNotAllowed,
        SignInError::Unreachable => Problem::GarminDown,
        SignInError::TicketRefused | SignInError::TokenRefused => Problem::GarminRefused,
        SignInError::CaptchaRequired
        | SignInError::RateLimited { .. }
        | SignInError::Blocked { .. }
        | SignInError::Unexpected { .. } => Problem::GarminUnexpected,
    }
}

/// What the person submitted, as a try; agreeing is none.
pub(super) fn kind_of(answer: &Answer) -> Option<Kind> {
    match answer {
        Answer::Credentials { .. } => Some(Kind::Password),
        Answer::Code { .. } => Some(Kind::Code),
        Answer::Approval { .. } => None,
    }
}
