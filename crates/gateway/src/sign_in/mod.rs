//! A sign-in: from the authorization request to the code, with Garmin in between.
//!
//! All of its state is one sealed row, so a restart, a double click or another replica changes
//! nothing. Requests only move the row; talking to Garmin is the [`Scheduler`]'s.

mod asking;
mod attempt;
mod egress;
mod lanes;
mod problem;
mod record;
mod scheduler;

pub(crate) use attempt::{after_death, is_alive};
pub use problem::Problem;
pub use record::{CodeWait, Held, Record, Stage, Unproven};
pub use scheduler::{Answer, Scheduler, Submitted, Ticket};
