//! What this server is.

use domain::scope::Scopes;
use domain::tools::{Profile, ToolChoice};
use schemars::JsonSchema;
use serde::Serialize;

use crate::account::Door;
use crate::args::NoArgs;
use crate::error::ToolError;
use crate::shape::{CEILING, RESULT};
use crate::tool::{CALL_WITHIN, Class, ServerTool};
use crate::visit::Visit;

/// `server_info`
pub(super) struct ServerInfo;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ServerInfoAnswer {
    name: &'static str,
    version: &'static str,
    /// Revisions of MCP that are spoken.
    protocol: [&'static str; 5],
    transport: &'static str,
    providers: [&'static str; 1],
    region: String,
    /// What is shown now.
    profile: &'static str,
    tools: Tools,
    scopes: Vec<&'static str>,
    /// Whether the operator has switched every change off.
    read_only: bool,
    limits: Limits,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Tools {
    listed: usize,
    callable: usize,
    total: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Limits {
    result_bytes: usize,
    largest_result_bytes: usize,
    call_s: u64,
}

impl ServerTool for ServerInfo {
    const NAME: &'static str = "server_info";
    const TITLE: &'static str = "About this server";
    const DESCRIPTION: &'static str = "Version, profile, permissions and limits of this server; \
        the sign-in is garmin_auth_status.";
    const CLASS: Class = Class::ReadLocal;
    type Args = NoArgs;
    type Answer = ServerInfoAnswer;

    async fn call(visit: Visit<'_>, _: NoArgs) -> Result<ServerInfoAnswer, ToolError> {
        let choice = visit.own_choice();
        Ok(ServerInfoAnswer {
            name: "garmin-gateway",
            version: env!("CARGO_PKG_VERSION"),
            protocol: ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"],
            transport: match visit.account.door {
                Door::Gateway => "streamable_http",
                Door::Desktop(_) => "stdio",
            },
            providers: ["garmin"],
            region: visit.account.upstream.region.to_string(),
            profile: visit.catalogue.profile(&choice).as_str(),
            tools: Tools {
                listed: visit.weight_of(&choice).tools,
                callable: visit.weight_of(&ToolChoice::of(Profile::Full)).tools,
                total: crate::tools::all().count(),
            },
            scopes: match visit.caller.scopes {
                Scopes::ReadOnly => vec!["garmin:read"],
                Scopes::ReadWrite => vec!["garmin:read", "garmin:write"],
            },
            read_only: visit.catalogue.is_read_only(),
            limits: Limits {
                result_bytes: RESULT,
                largest_result_bytes: CEILING,
                call_s: CALL_WITHIN.as_secs(),
            },
        })
    }
}
