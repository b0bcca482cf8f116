//! A sign-in: from the authorization request to the code, with Garmin in between.
//!
//! All of its state is one sealed row, so a restart, a double click or another replica changes
//! nothing. Requests only move the row; talking to Garmin is the [`Scheduler`]'s.
//!
//! A form passes, in this order: the limit of its address, the hold of its browser, the tries
//! of its e-mail address and its site (`tries`), the list of those invited, the lanes, and
//! the breaker of an egress. Holds, tries and breakers are pure functions of what happened and
//! when, and are kept in memory: of each node, and lost with it, which only ever lets more
//! through.

mod asking;
mod attempt;
mod breaker;
mod egress;
mod expiring;
mod lanes;
mod made;
mod problem;
mod record;
mod scheduler;
mod site;
mod tries;
mod visitor;

pub(crate) use attempt::{after_death, is_alive};
pub(crate) use made::{Made, Person};
pub use problem::Problem;
pub use record::{CodeWait, Held, Record, Stage, Unproven};
pub use scheduler::{Answer, Scheduler, Submitted, Ticket};
