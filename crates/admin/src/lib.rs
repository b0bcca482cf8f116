//! The operator's commands: what is there, and who no longer has access.
//!
//! They read and write the store themselves, with or without a gateway running, and tell a
//! running one through its socket what has changed. Whoever reads the output learns nothing
//! about a person: accounts and devices appear under their random ids.

mod backup;
mod confirm;
mod doctor;
mod error;
mod monitor;
mod place;
mod progress;
mod rekey;
mod restore;
mod revoke;
mod socket;
mod status;
mod text;

pub use backup::{BackupArgs, backup};
pub use doctor::{DoctorArgs, Finding, Findings, Health};
pub use error::{AdminError, Trouble};
pub use monitor::{MonitorArgs, Screen, monitor};
pub use place::Place;
pub use rekey::{RekeyArgs, rekey};
pub use restore::{RestoreArgs, restore};
pub use revoke::{RevokeArgs, revoke};
pub use status::{StatusArgs, status};
