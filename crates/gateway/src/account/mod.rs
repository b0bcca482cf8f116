//! What an athlete sees of their account, and how they get there.

mod issuer;

pub(crate) use issuer::Issuer;
