//! The gateway through its own routes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account_forms;
mod account_leaving;
mod account_link;
mod account_page;
mod account_sessions;
mod harness;
mod mcp_challenges;
mod oauth_authorize;
mod oauth_consent;
mod oauth_discovery;
mod oauth_document_life;
mod oauth_documents;
mod oauth_failures;
mod oauth_limits;
mod oauth_pages;
mod oauth_refresh;
mod oauth_register;
mod oauth_resume;
mod oauth_sign_in;
mod oauth_stranger;
mod oauth_token;
#[path = "../../../store/tests/postgres/mod.rs"]
mod postgres;
mod sign_in_crashes;
mod sign_in_limits;
mod sign_in_nodes;
