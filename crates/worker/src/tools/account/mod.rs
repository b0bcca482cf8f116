//! The sign-in, and the server itself.

mod sign_in;
mod status;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<status::AuthStatus>(),
    Entry::of::<sign_in::Authenticate>(),
    Entry::of::<sign_in::CompleteMfa>(),
];
