//! Proofs about a request: having the value means the check has passed.

pub mod client_auth;
pub mod client_ip;
pub mod cookie;
pub mod form;
pub mod proxy_trust;

#[cfg(test)]
mod properties;
