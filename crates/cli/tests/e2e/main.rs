//! The real executable from outside: `serve` as a child process with real workers, killed with
//! real signals, against a Garmin Connect simulated in this process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alerts;
mod browser;
mod canaries;
mod client;
mod crash_points;
mod descriptors;
mod disk;
mod faults;
mod first;
mod flow;
mod http;
mod isolation;
mod kills;
mod mcp;
mod moving;
mod observe;
#[path = "../../../store/tests/old_gateways/mod.rs"]
mod old_gateways;
mod operator;
#[path = "../../../store/tests/postgres/mod.rs"]
mod postgres;
mod power;
mod process;
mod recovery;
mod restarts;
mod revocation;
mod rotation;
mod secrets;
mod sign_in;
mod starved;
mod world;
mod writes;
