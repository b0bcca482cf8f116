//! Workouts: one typed form for every sport, compiled to what Garmin stores, and back.
//!
//! Garmin takes almost anything and says nothing: watts under the wrong number become km/h, a
//! range in the wrong place becomes a pace of 0:00, a set without an exercise becomes a question
//! on the watch. So nothing is sent that was not understood here, all problems are told at once,
//! and what was stored is compared with what was sent.
//!
//! Pure: no request is made here, and nothing is read but the arguments.

mod compare;
mod compile;
mod decompile;
mod details;
mod estimate;
pub mod exercises;
pub mod form;
pub mod ids;
mod parse;
mod reader;
mod repair;
mod repair_targets;
mod targets;
mod text;
mod write;

pub use compare::{Difference, differences};
pub use compile::compile;
pub use decompile::{Decompiled, decompile};
pub use estimate::{Estimate, estimate};
pub use parse::{Parsed, needs_thresholds, parse};
pub use reader::{Matched, Problem, Resolved};
pub use repair::{Repaired, repair};
pub use text::{describe, describe_step};
pub use write::write;

#[cfg(test)]
mod tests;
