//! Garmin's part of an attempt: its turn, the conversation under a deadline, and what an answer
//! means for the person.

use std::time::Duration;

use domain::email::LoginEmail;
use garmin::{MfaError, PendingMfa, Session, SignInError, Step};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::Problem;
use super::lanes::{EmailKey, Turn};
use super::record::{CodeWait, Held};
use super::scheduler::{Answer, Inner};

/// From the first byte to Garmin to the last one back.
const DEADLINE: Duration = Duration::from_secs(75);
/// How long a turn is worth waiting for.
pub(super) const QUEUE: Duration = Duration::from_secs(90);
/// How Garmin's part ended.
pub(super) enum Outcome {
    SignedIn(Box<Session>),
    Code(CodeWait, Option<Problem>),
    Form(Problem),
    /// The person has agreed to what Garmin had accepted before.
    Approved(Held),
}

/// The right to talk to Garmin about an address, from queueing to the answer.
pub(super) struct Place {
    key: EmailKey,
    _turn: Turn,
    _permit: OwnedSemaphorePermit,
}

/// Waits for the turn of this address and for a place. Nobody waits where many do already:
/// they would only wait to be told that it took too long.
pub(super) async fn wait_in_line(
    scheduler: &Inner,
    answer: &Answer,
    email: &LoginEmail,
) -> Result<Place, Outcome> {
    let key = scheduler.email_key(email);
    let Ok(_waiting) = scheduler.waiting.try_acquire() else {
        return Err(back(answer, Problem::Busy));
    };
    let waiting = async {
        // The lane first: whoever waits in one takes no place from others.
        let turn = scheduler.lanes.turn(key).await?;
        let permit = scheduler.places.clone().acquire_owned().await.ok()?;
        Some(Place { key, _turn: turn, _permit: permit })
    };
    match timeout(QUEUE, waiting).await {
        Ok(Some(place)) => Ok(place),
        Ok(None) | Err(_) => Err(back(answer, Problem::Busy)),
    }
}

/// Talks to Garmin.
pub(super) async fn ask_in_turn(scheduler: &Inner, answer: &Answer, place: Place) -> Outcome {
    let now = scheduler.clock.now();
    if let Some(retry_at) = scheduler.cooling_until(&place.key, now) {
        return back(answer, Problem::Blocked { retry_at });
    }
    match timeout(DEADLINE, ask(scheduler, answer, place.key)).await {
        Ok(outcome) => outcome,
        Err(_) => back(answer, Problem::TimedOut),
    }
}

async fn ask(scheduler: &Inner, answer: &Answer, key: EmailKey) -> Outcome {
    match answer {
        Answer::Credentials { email, password, region } => {
            let egress = scheduler.egresses.pick();
            match egress.sign_in(*region).start(email, password).await {
                Ok(Step::SignedIn(session)) => Outcome::SignedIn(Box::new(session)),
                Ok(Step::NeedsMfa(pending)) => Outcome::Code(
                    CodeWait::of(&pending, &egress.name, *region, scheduler.clock.now()),
                    None,
                ),
                Err(error) => Outcome::Form(problem_of(scheduler, &error, key)),
            }
        }
        Answer::Code { wait, code, .. } => verify(scheduler, wait, code, key).await,
        Answer::Approval { held, .. } => Outcome::Approved(held.clone()),
    }
}

async fn verify(scheduler: &Inner, wait: &CodeWait, code: &str, key: EmailKey) -> Outcome {
    let egress = scheduler.egresses.named(&wait.egress);
    let region = wait.region;
    let sign_in = egress.sign_in(region);
    let Ok(pending) = PendingMfa::from_bytes(&wait.pending, sign_in.upstream()) else {
        // Sealed by a version or for addresses that are no more.
        return Outcome::Form(Problem::CodeExpired);
    };
    match sign_in.verify(&pending, code).await {
        Ok(session) => Outcome::SignedIn(Box::new(session)),
        Err(MfaError::WrongCode { .. }) if wait.is_stale(scheduler.clock.now()) => {
            Outcome::Form(Problem::CodeExpired)
        }
        Err(MfaError::WrongCode { pending }) => {
            let left = wait.tries_left.saturating_sub(1);
            if left == 0 {
                return Outcome::Form(Problem::CodeTriesUsedUp);
            }
            let next = CodeWait { pending: pending.to_bytes(), tries_left: left, ..wait.clone() };
            Outcome::Code(next, Some(Problem::WrongCode { left }))
        }
        Err(MfaError::Expired) => Outcome::Form(Problem::CodeExpired),
        // The login has ended with its code; only a new one helps.
        Err(MfaError::AfterCode(error)) => Outcome::Form(problem_of(scheduler, &error, key)),
        Err(MfaError::SignIn(error)) => {
            let problem = problem_of(scheduler, &error, key);
            match error {
                // The login has ended: only a new one helps.
                SignInError::BadCredentials
                | SignInError::AccountLocked
                | SignInError::WebLoginNotAllowed
                | SignInError::TicketRefused
                | SignInError::TokenRefused => Outcome::Form(problem),
                SignInError::CaptchaRequired
                | SignInError::RateLimited { .. }
                | SignInError::Blocked
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

fn problem_of(scheduler: &Inner, error: &SignInError, key: EmailKey) -> Problem {
    let now = scheduler.clock.now();
    match error {
        SignInError::BadCredentials => Problem::WrongPassword,
        SignInError::AccountLocked => Problem::Locked,
        SignInError::CaptchaRequired => {
            Problem::Captcha { retry_at: scheduler.cool_down(key, None, now) }
        }
        SignInError::RateLimited { retry_after } => {
            Problem::RateLimited { retry_at: scheduler.cool_down(key, *retry_after, now) }
        }
        SignInError::Blocked => Problem::Blocked { retry_at: scheduler.cool_down(key, None, now) },
        SignInError::WebLoginNotAllowed => Problem::WebLoginNotAllowed,
        SignInError::Unreachable => Problem::GarminDown,
        SignInError::TicketRefused | SignInError::TokenRefused => Problem::GarminRefused,
        SignInError::Unexpected { .. } => Problem::GarminUnexpected,
    }
}
