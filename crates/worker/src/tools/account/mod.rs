//! The sign-in, and the server itself.

mod link;
mod machine;
mod server;
mod sign_in;
mod status;
mod toolsets;

use crate::tool::Entry;

pub(super) static ALL: &[Entry] = &[
    Entry::of::<status::AuthStatus>(),
    Entry::of_server::<server::ServerInfo>(),
    Entry::of_server::<toolsets::ListToolsets>(),
    Entry::of_server::<toolsets::SetActiveToolsets>(),
    Entry::of_server::<link::GetAccountLink>(),
    Entry::of::<sign_in::Authenticate>(),
    Entry::of::<sign_in::CompleteMfa>(),
    Entry::of::<machine::ListAccounts>(),
    Entry::of::<machine::SignOut>(),
];
