//! The operator's commands: what is there, and who no longer has access.
//!
//! They read and write the store themselves, with or without a gateway running, and tell a
//! running one through its socket what has changed. Whoever reads the output learns nothing
//! about a person: accounts and devices appear under their random ids.

mod confirm;
mod doctor;
mod error;
mod monitor;
mod place;
mod revoke;
mod socket;
mod status;
mod text;

pub use doctor::{DoctorArgs, Finding, Findings, Health};
pub use error::AdminError;
pub use monitor::{MonitorArgs, Screen, monitor};
pub use place::Place;
pub use revoke::{RevokeArgs, revoke};
pub use status::{StatusArgs, status};
