//! Garmin Connect over real HTTP, with a believable athlete behind it.
//!
//! One listener plays the four hosts a client talks to (sign-in, token, API and web), each under
//! its own path prefix, for `demo` and for the tests of other crates. The protocol and every
//! answer follow the reference page, never what our own client happens to expect. What goes wrong
//! is on request: see [`Control`].

mod accounts;
mod api;
mod athlete;
mod belongings;
mod chance;
mod control;
mod control_http;
mod diary;
mod diauth;
mod faults;
mod fit;
mod jwt;
mod library;
mod observe;
mod options;
mod record;
mod routes;
mod server;
mod sso;
mod state;
mod times;

pub use accounts::{
    AccountSpec, AccountState, CodeDelivery, Counters, Mfa, MfaCode, MfaMethod, Units,
};
pub use athlete::SeasonFacts;
pub use control::{Control, IssuedTokens};
pub use faults::{Effect, Fault, FaultId, Firing, Matcher};
pub use options::{ControlSurface, SimulatorOptions, TokenLife, WidgetMfaPage};
pub use record::RecordedRequest;
pub use routes::Host;
pub use server::Simulator;
pub use sso::{Gate, Strategy};
