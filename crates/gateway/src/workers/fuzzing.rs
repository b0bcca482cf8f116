//! What a worker says, as functions of bytes: it may be anything, the account's data made it.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a finding is a panic")]

use domain::contract::{FromWorker, ToWorker};
use domain::entropy::CountingEntropy;
use domain::id::AccountId;
use futures_util::FutureExt;

use super::logs;

/// A frame of the control channel, from either side.
pub fn control_frame(data: &[u8]) {
    if let Ok(message) = serde_json::from_slice::<FromWorker>(data) {
        let written = serde_json::to_vec(&message).expect("what was read can be written");
        assert_eq!(serde_json::from_slice::<FromWorker>(&written).ok(), Some(message));
    }
    if let Ok(message) = serde_json::from_slice::<ToWorker>(data) {
        let written = serde_json::to_vec(&message).expect("what was read can be written");
        assert_eq!(serde_json::from_slice::<ToWorker>(&written).ok(), Some(message));
    }
}

/// What a worker writes to its log pipe.
pub fn worker_log(data: &[u8]) {
    let account = AccountId::generate(&CountingEntropy::default());
    let relayed = logs::relay(&account, data).now_or_never();
    assert!(relayed.is_some(), "a pipe that has ended holds nobody up");
}
