//! The MCP server of one Garmin account, as a process or over stdio.
//!
//! [`run()`] is the worker a gateway starts; [`host`] is the reusable half of the contract
//! between the two; the desktop's front doors come beside them. A worker never sees a
//! refresh token, a database or another account.

pub mod host;
pub mod sandbox;

mod account;
mod answer;
mod args;
mod catalogue;
mod completion;
mod desktop;
mod error;
mod keeper;
mod local_file;
mod login;
mod mcp;
mod progress;
mod prompts;
mod resources;
mod run;
mod shape;
mod stdio;
mod terminal;
mod text;
mod tool;
mod tools;
mod toolset;
mod visit;
mod writes;

pub use desktop::Login;
pub use keeper::DirectoryError;
pub use login::{LoginConfig, LoginError, LoginMode, login};
pub use run::run;
pub use stdio::{DesktopError, StdioConfig, client_config, state_directory, stdio};
