//! Garmin Connect as a Rust API: signing in, keeping the tokens alive, reading the data.
//!
//! The crate speaks the protocol of Garmin's own apps and knows nothing of ours: no account
//! ids, no storage, no MCP. Where requests go is configurable ([`domain::upstream`]); the
//! values inside the protocol are always Garmin's. It never logs a body, a token, an e-mail
//! address or a name.

pub mod api;
pub mod days;
pub mod files;
pub mod heard;
pub mod model;
pub mod sign_in;
pub mod tokens;
pub mod transport;
pub mod workout;
pub mod write;

mod access;
mod body;
mod cache;
mod client;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod html;
mod import;
mod jar;
mod jwt;
mod limit;
mod protocol;
mod session;

pub use access::{Access, AccessError, AccessSource, BoxFuture};
pub use cache::CacheLimits;
pub use client::{Garmin, GarminOptions, Retries};
pub use error::GarminError;
pub use import::IMPORTED;
pub use session::{GarminGuid, MalformedSession, Profile, Session, TokenPair};
pub use sign_in::{
    Block, BlockKind, MfaError, MfaMethod, Pauses, PendingMfa, SignIn, SignInError, SignInOptions,
    Step,
};
pub use tokens::{RefreshError, RenewedPair, Tokens, Unavailable};
#[cfg(feature = "blocking")]
pub use transport::blocking_client;
pub use transport::{Transport, TransportError, TransportOptions, Unreached};
