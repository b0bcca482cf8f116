//! The words of the product as types, and the rules that need no I/O.
//!
//! Every other crate stands on this one; it stands on none of ours and knows neither a
//! runtime nor a database nor a web framework. What is parsed here is never checked again.

pub mod clock;
pub mod console;
pub mod contract;
pub mod email;
pub mod entropy;
pub mod id;
pub mod oauth;
pub mod origin;
pub mod pkce;
pub mod realm;
pub mod redirect;
pub mod region;
pub mod sandbox;
pub mod scope;
pub mod settings;
pub mod text;
pub mod token;
pub mod tools;
pub mod upstream;
