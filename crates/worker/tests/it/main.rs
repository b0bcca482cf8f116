//! Behaviour of the worker, through its doors: the descriptors of a real process, the MCP
//! endpoint over HTTP, and stdio.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account_page;
mod activities;
mod analysis;
mod belongings;
mod body;
mod budgets;
mod child;
mod choices;
mod desktop;
mod eras;
mod exports;
mod garmin;
mod health;
mod host;
mod hostile;
mod ledger;
mod lifestyle;
mod long_ride;
mod mcp;
mod nutrition;
mod odd_answers;
mod old_keys;
mod planning;
mod profile;
mod resources;
mod schema;
mod tools;
mod training;
mod troubles;
mod uploads;
mod writes;
