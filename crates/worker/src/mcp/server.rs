//! What the server says about itself, and the way from a call to a tool.

use rmcp::ServerHandler;
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};

/// One account's MCP server. Cheap to clone: rmcp wants one per request.
#[derive(Debug, Clone)]
pub(crate) struct Server;

const INSTRUCTIONS: &str = "Garmin Connect data of the person who connected this server. \
    Dates are YYYY-MM-DD, `today` or `yesterday` in the athlete's own time zone. A result with \
    `status: no_data` is an answer: nothing was recorded, and `reason` says why. Units are in \
    the key names.";

impl Server {
    pub(crate) fn new() -> Self {
        Self
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(
                Implementation::new("garmin-gateway", env!("CARGO_PKG_VERSION"))
                    .with_title("Garmin Connect"),
            )
            .with_instructions(INSTRUCTIONS)
    }
}
