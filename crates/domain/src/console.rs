//! What the operator's console and a running gateway say to each other over
//! `DATA_DIR/gateway.sock`: one JSON object a line, one answer for each request.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{AccountId, DeviceId, NodeId};
use crate::region::Region;
use crate::sandbox;

/// File name of the socket inside `DATA_DIR`; mode 0600.
pub const SOCKET: &str = "gateway.sock";

/// The longest line either side accepts.
pub const MAX_LINE: usize = 4 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// What is running right now.
    Status,
    /// The log as it is written, down to `debug`: instead of one answer, one event a line until
    /// the asker hangs up.
    Watch,
    /// The store has changed under the gateway: forget what was cached, end open streams and
    /// stop workers that have no device left.
    Revoked { revoked: Revoked },
}

/// Whose access ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revoked {
    Everything,
    Account(AccountId),
    /// One device and whose it is: only that account's worker may have lost its last device.
    Device {
        device: DeviceId,
        account: AccountId,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    Status(Status),
    Done,
    /// The request could not be read or carried out.
    Failed {
        message: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub node: NodeId,
    pub version: String,
    pub started_at: Timestamp,
    pub max_workers: usize,
    /// Calls waiting for a free place.
    pub queued_starts: usize,
    pub workers: Vec<Worker>,
    /// What holds workers back on this machine.
    pub sandbox: sandbox::Report,
    /// The ways sign-ins leave by; none from a version that did not tell.
    #[serde(default)]
    pub egresses: Vec<Egress>,
}

/// One way to Garmin's sign-in, and whether Garmin turns those away who come by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Egress {
    /// `direct`, or a digest of the proxy's address.
    pub name: String,
    pub region: Region,
    /// Until when nobody is sent that way, because several were turned away.
    pub rests_until: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    pub account: AccountId,
    pub pid: u32,
    pub port: u16,
    pub phase: Phase,
    pub in_flight: u32,
    pub idle_secs: u64,
    pub started_at: Timestamp,
    /// Calls it has been given.
    #[serde(default)]
    pub calls: u64,
    /// Resident memory, shared pages included; `None` where the system does not tell.
    #[serde(default)]
    pub memory_kib: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Starting,
    Ready,
    Draining,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;

    #[test]
    fn a_request_reads_as_plain_json() {
        let account = AccountId::generate(&CountingEntropy::default());
        let request = Request::Revoked { revoked: Revoked::Account(account.clone()) };
        let wire = serde_json::to_string(&request).unwrap();
        assert_eq!(wire, format!(r#"{{"ask":"revoked","revoked":{{"account":"{account}"}}}}"#));
        assert_eq!(serde_json::from_str::<Request>(&wire).unwrap(), request);
    }
}
