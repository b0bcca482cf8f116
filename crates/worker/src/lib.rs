//! The MCP server of one Garmin account, as a process or over stdio.
//!
//! [`run`] is the worker a gateway starts; [`host`] is the reusable half of the contract
//! between the two; the desktop's front doors come beside them. A worker never sees a
//! refresh token, a database or another account.

pub mod host;
pub mod sandbox;

mod mcp;
mod run;

pub use run::run;
