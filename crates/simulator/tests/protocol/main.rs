//! The simulator from outside, by raw HTTP as the reference describes Garmin.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod athlete;
mod diary;
mod faults;
mod sign_in;
mod support;
mod tokens;
