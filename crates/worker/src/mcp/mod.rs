//! The Model Context Protocol, as far as rmcp leaves it to a server.

mod asker;
mod endpoint;
mod listing;
mod outcome;
mod server;

pub(crate) use endpoint::Endpoint;
pub(crate) use server::Server;

#[cfg(test)]
mod tests;
