//! Workers, proxy and token custody with real processes and a Garmin that speaks real HTTP.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account_page;
mod backups;
mod clock_steps;
mod custody_kills;
mod custody_rotation;
mod database;
mod long_lives;
mod nodes;
mod pauses;
#[path = "../../../store/tests/postgres/mod.rs"]
mod postgres;
mod proxy_auth;
mod proxy_budget;
mod proxy_calls;
mod proxy_cancelling;
mod proxy_eras;
mod proxy_refusals;
mod proxy_streams;
mod rig;
mod serving;
mod wire_faults;
mod workers_capacity;
mod workers_kills;
mod workers_life;
mod workers_trouble;
