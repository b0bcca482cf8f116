//! Who keeps the account's sign-in and hands out access tokens: the gateway, over the control
//! channel, or a directory on the person's own machine. Both are [`garmin::AccessSource`]s.

mod book;
mod channel;
mod directory;
mod files;

pub(crate) use channel::{Channel, GatewayJournal, GatewayNames};
pub(crate) use directory::Directory;
pub use files::DirectoryError;

/// Why a choice of tools was not written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChoiceError {
    NotSaved,
    /// The call came from no device, or from one that is not there any more.
    NoDevice,
}
