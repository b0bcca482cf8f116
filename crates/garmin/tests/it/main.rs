//! The crate from outside, over real HTTP: against the simulator, and against scripted servers
//! where an answer is wanted that no Garmin would give on request.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod codes;
mod data;
mod failures;
mod files;
mod harness;
mod odd_pages;
mod ranges;
mod samples;
mod script;
mod sign_in;
mod tokens;
