//! What the store promises, on SQLite always and on PostgreSQL where `TEST_POSTGRES_URL` says
//! where one is. Each test has a database of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod backup;
mod changes;
mod clients;
mod damage;
mod devices;
mod failures;
mod grants;
mod imports;
mod journal;
mod lease;
#[path = "../old_gateways/mod.rs"]
mod old_gateways;
mod opening;
mod pages;
#[path = "../postgres/mod.rs"]
mod postgres;
mod refresh;
mod sign_ins;
mod support;
mod sweeping;
mod usage;
