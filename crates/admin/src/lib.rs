//! The operator's commands: what is there, and who no longer has access.
//!
//! They read and write the store themselves, with or without a gateway running, and tell a
//! running one through its socket what has changed. Whoever reads the output learns nothing
//! about a person: accounts and devices appear under their random ids, unless `--reveal` asks for
//! e-mail addresses.

mod accounts;
mod backup;
mod clients;
mod confirm;
mod devices;
mod doctor;
mod error;
mod forget;
mod import;
mod monitor;
mod place;
mod progress;
mod rekey;
mod restore;
mod revoke;
mod schema;
mod socket;
mod status;
mod text;
mod usage;
mod who;

pub use accounts::{AccountsArgs, accounts, next_step};
pub use backup::{BackupArgs, backup};
pub use clients::{ClientsArgs, clients};
pub use devices::{DevicesArgs, devices};
pub use doctor::{DoctorArgs, Finding, Findings, Health};
pub use error::{AdminError, Trouble};
pub use forget::{ForgetArgs, forget};
pub use import::{ImportArgs, import};
pub use monitor::{MonitorArgs, Screen, monitor};
pub use place::Place;
pub use rekey::{RekeyArgs, rekey};
pub use restore::{RestoreArgs, restore};
pub use revoke::{RevokeArgs, revoke};
pub use schema::schema;
pub use status::{StatusArgs, status};
pub use usage::{UsageArgs, usage};
