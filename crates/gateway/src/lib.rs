//! The gateway: OAuth server, sign-in pages, token custody, worker supervisor, reverse proxy.
//!
//! [`run()`] is the whole program: it opens the store, serves until told to stop, and stops
//! without losing an answer or a rotated token.

pub mod account;
pub mod config;
pub mod custody;
pub mod error;
pub mod extract;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod headers;
pub mod language;
pub mod limits;
pub mod metrics;
pub mod oauth;
pub mod outlook;
pub mod pages;
pub mod probe;
pub mod proxy;
pub mod sign_in;
pub mod state;
pub mod telemetry;
pub mod workers;

mod clock;
mod console;
mod failures;
mod heap;
pub mod janitor;
mod old_session;
pub mod ready;
mod request_id;
mod routes;
mod run;
mod serve;
mod strict_json;
mod unread;

#[cfg(doc)]
#[doc = include_str!("../docs/security-cases.md")]
pub mod security_cases {}

#[cfg(doc)]
#[doc = include_str!("../docs/reliability-cases.md")]
pub mod reliability_cases {}

pub use config::Config;
pub use old_session::read_old_session;
pub use routes::router;
pub use run::{Gateway, harden, run, terminated};
pub use serve::listen;
pub use store::OpenError;
pub use workers::WorkerProgram;
