//! The contract between the gateway and a worker, compiled into both.
//!
//! A worker is started with three descriptors (listener, control, logs), an empty environment
//! and the arguments of [`argv`]. Everything else travels as [`ToWorker`] and [`FromWorker`]
//! messages on the control channel: length-delimited JSON, at most [`MAX_FRAME`] bytes each.
//! No message names an account: the channel is the identity. End of file on it means "exit".

use std::fmt;
use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::id::{DeviceId, Generation, JournalId};
use crate::tools::ToolChoice;
use crate::upstream::Upstream;

/// Raised when a message changes its meaning. Both sides are one executable, so a difference
/// can only come from a mistake in starting workers, and is refused.
pub const VERSION: u32 = 1;

/// The largest frame either side accepts.
pub const MAX_FRAME: usize = 1024 * 1024;

/// Descriptors a worker finds open.
pub mod descriptor {
    /// The listening socket; the gateway bound it and keeps a copy until the worker is reaped.
    pub const LISTENER: i32 = 0;
    /// The control channel.
    pub const CONTROL: i32 = 1;
    /// Where log lines go.
    pub const LOGS: i32 = 2;
}

/// Arguments of a worker process.
pub mod argv {
    /// The hidden subcommand.
    pub const WORKER: &str = "worker";
    /// Comma-separated TCP ports the worker may connect to. Not secret, and needed before the
    /// first message: the sandbox is closed before anything is read.
    pub const ALLOWED_PORTS: &str = "--allowed-ports";
    /// After the ports: close the sandbox, write its [`crate::sandbox::Report`] as JSON to the
    /// control channel, and exit. Tells what workers on this machine are held back by.
    pub const PROBE: &str = "--probe";
}

/// Headers the gateway sets on every forwarded request, and strips from what clients send.
pub mod header {
    /// Proof that the request comes from the gateway; compared in constant time.
    pub const SECRET: &str = "x-worker-secret";
    /// The device the call belongs to.
    pub const DEVICE: &str = "x-worker-device";
    /// The connection's scopes, space-separated.
    pub const SCOPES: &str = "x-worker-scopes";
    /// The device's own choice of tools (`ToolChoice`); absent for the default.
    pub const TOOLS: &str = "x-worker-tools";
    /// The IANA zone the athlete has chosen; absent where Garmin's counts.
    pub const TIME_ZONE: &str = "x-worker-time-zone";
    /// The units the athlete has chosen (`UnitSystem`); absent for metric.
    pub const UNITS: &str = "x-worker-units";
    /// Identifies the request in both processes' logs.
    pub const REQUEST_ID: &str = "x-request-id";
    /// On an answer with [`super::STATUS_SCOPE_MISSING`]: the scopes the call needs.
    pub const NEEDED_SCOPES: &str = "x-worker-needed-scopes";
    /// Everything under this prefix belongs to the two processes.
    pub const PREFIX: &str = "x-worker-";
}

/// Status by which a worker tells the gateway that Garmin no longer accepts the account's
/// credentials and no answer has begun. Private: the gateway turns it into a 401 challenge.
pub const STATUS_SIGN_IN_NEEDED: u16 = 498;

/// Status by which a worker tells the gateway that the connection lacks a scope. Private: the
/// gateway turns it into a 403 challenge.
pub const STATUS_SCOPE_MISSING: u16 = 403;

/// A secret inside a message: readable by the other process, never by a log.
#[derive(Clone)]
pub struct SecretText(SecretString);

impl SecretText {
    #[must_use]
    pub fn new(secret: SecretString) -> Self {
        Self(secret)
    }

    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    #[must_use]
    pub fn into_secret(self) -> SecretString {
        self.0
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq;
        self.reveal().as_bytes().ct_eq(other.reveal().as_bytes()).into()
    }
}

impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.reveal())
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// Pairs a question with its answer; unique within one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuestionId(pub u64);

/// What the gateway says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToWorker {
    /// The first message, exactly once.
    Launch(Box<Launch>),
    /// Answers [`FromWorker::CredentialsWanted`].
    Credentials { id: QuestionId, answer: CredentialsAnswer },
    /// Answers [`FromWorker::Resolve`]; empty when the name has no address.
    Resolved { id: QuestionId, addresses: Vec<IpAddr> },
    /// Answers [`FromWorker::Journal`].
    Journal { id: QuestionId, answer: JournalAnswer },
    /// Answers [`FromWorker::ToolsChosen`].
    Tools { id: QuestionId, answer: ToolsAnswer },
    /// Answers [`FromWorker::JournalRead`].
    JournalPage { id: QuestionId, answer: JournalPage },
    /// Answers [`FromWorker::LinkWanted`].
    Link { id: QuestionId, answer: LinkAnswer },
    /// Finish what is running, then exit.
    Stop,
}

/// What a worker needs to serve its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    pub version: u32,
    /// Expected in [`header::SECRET`].
    pub secret: SecretText,
    /// What the worker vouches with for what it has said itself, such as a preview that a
    /// person confirms later. The same for every worker of the account on every node, and of
    /// no use outside the account.
    pub account_key: SecretText,
    pub upstream: Upstream,
    pub athlete: Athlete,
    /// Absent when the gateway has none at hand: the worker asks before its first call.
    pub credentials: Option<AccessGrant>,
    /// The operator's restriction of the tool catalogue.
    pub tools: ToolPolicy,
}

/// What the gateway remembers about the person so that a worker need not ask Garmin first.
/// Every field is a hint; Garmin's answer wins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Athlete {
    /// Garmin's name for the account in paths; opaque.
    pub display_name: Option<String>,
    /// IANA zone.
    pub time_zone: Option<String>,
    pub units: Option<Units>,
}

/// Which units the person reads. Values in results carry their unit in the key regardless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    Metric,
    StatuteUs,
    StatuteUk,
}

/// `TOOLS_PROFILE`, `TOOLS_ENABLED`, `TOOLS_DISABLED` and `TOOLS_READ_ONLY`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ToolPolicy {
    /// What a device is shown that has chosen nothing.
    pub profile: Option<ToolChoice>,
    pub enabled: Vec<String>,
    pub disabled: Vec<String>,
    pub read_only: bool,
}

impl ToolPolicy {
    /// Whether some tools cannot be called here at all.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.read_only || !self.enabled.is_empty() || !self.disabled.is_empty()
    }
}

/// An access token of Garmin's. Refresh tokens never enter a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessGrant {
    pub token: SecretText,
    pub generation: Generation,
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CredentialsAnswer {
    Granted(AccessGrant),
    /// Garmin refused the account's current refresh token: only a sign-in helps.
    SignInNeeded,
    /// Garmin or the store does not answer; the credentials are as good as before.
    Unavailable {
        retry_after_secs: u64,
    },
}

/// What a worker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromWorker {
    /// Serving. Names the tools whose calls may be repeated if the worker dies before the
    /// first byte of an answer, and all others, so that records may name and count them too.
    Ready {
        version: u32,
        repeatable_tools: Vec<String>,
        #[serde(default)]
        other_tools: Vec<String>,
    },
    /// Asks for an access token: `refused` is the generation Garmin's API turned down, or
    /// that is about to expire.
    CredentialsWanted { id: QuestionId, refused: Option<Generation> },
    /// Asks for addresses: a worker cannot reach a name server.
    Resolve { id: QuestionId, host: String },
    /// Records a write before it is sent, or what became of it.
    Journal { id: QuestionId, entry: JournalEntry },
    /// The device a call came from is to be shown these tools from now on. The gateway makes
    /// sure that the device is the account's own.
    ToolsChosen { id: QuestionId, device: DeviceId, choice: ToolChoice },
    /// Asks what the account has written.
    JournalRead { id: QuestionId, query: JournalQuery },
    /// Asks for a link to the account page, on behalf of a device. The gateway makes sure that
    /// the device is the account's own.
    LinkWanted { id: QuestionId, device: DeviceId },
    /// Will answer what is in flight and then exit.
    Stopping,
}

/// The longest `detail` of an entry, in bytes.
pub const LONGEST_DETAIL: usize = 16 * 1024;

/// One step in the life of a write. The gateway commits it before it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum JournalEntry {
    /// About to be sent. The key makes a repeated call find the first one.
    Intent {
        key: String,
        /// What the key stands for. It is free again where its last write is settled; otherwise
        /// a key is used once.
        #[serde(default)]
        key_use: KeyUse,
        tool: String,
        detail: String,
    },
    /// What became of it; `detail` may hold what an undo needs. `pending` says how far a write
    /// of several steps has come.
    Outcome { journal: JournalId, outcome: WriteOutcome, detail: String },
    /// What was found out later about a write that any worker of the account has begun:
    /// `reviewed` of one that is unknown, `undone` of one that is done.
    Later { journal: JournalId, outcome: WriteOutcome, detail: String },
}

/// Whether a key may be used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyUse {
    /// A key the caller has made up for one write.
    #[default]
    Once,
    /// A key made of the request: the same request may be made again, but not while nobody
    /// knows what became of the last one.
    WhenSettled,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteOutcome {
    Pending,
    Done,
    Failed,
    /// Sent, and no answer came: it may have happened.
    Unknown,
    /// Still unknown, but somebody has been shown what Garmin has now.
    Reviewed,
    /// It had been done, and was taken back.
    Undone,
}

impl WriteOutcome {
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Done, Self::Failed, Self::Unknown, Self::Reviewed, Self::Undone];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Reviewed => "reviewed",
            Self::Undone => "undone",
        }
    }

    /// Whether something may still come of it, or may have come of it without anybody knowing.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Unknown => true,
            Self::Done | Self::Failed | Self::Reviewed | Self::Undone => false,
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum JournalAnswer {
    /// Committed; the write may be sent.
    Recorded { journal: JournalId },
    /// The same key was used before: nothing is to be sent again.
    AlreadyThere { journal: JournalId, outcome: WriteOutcome, detail: String },
    /// Not committed: the write must not be sent.
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolsAnswer {
    /// From the next request on.
    Saved,
    /// The account has no such device, or not any more.
    NotThere,
    /// The store does not answer.
    Refused,
}

/// What becomes of a wish for a link to the account page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum LinkAnswer {
    /// Good once, and until then; every older one of the account is void.
    Link { url: SecretText, expires_at: Timestamp },
    /// The account has no such device, or not any more.
    NotThere,
    /// Too many were asked for.
    TooMany { retry_after_secs: u64 },
    /// The store does not answer.
    Unavailable,
}

/// Which entries are asked for, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JournalQuery {
    /// This one only.
    pub journal: Option<JournalId>,
    /// The one that was recorded under this key.
    pub key: Option<String>,
    pub outcome: Option<WriteOutcome>,
    /// Older than this one.
    pub before: Option<JournalId>,
    /// At most [`JournalQuery::MOST`].
    pub limit: u32,
}

impl JournalQuery {
    /// As many entries of [`LONGEST_DETAIL`] as a frame holds with room to spare.
    pub const MOST: u32 = 25;

    #[must_use]
    pub fn one(journal: JournalId) -> Self {
        Self { journal: Some(journal), limit: 1, ..Self::default() }
    }

    #[must_use]
    pub fn of_key(key: String) -> Self {
        Self { key: Some(key), limit: 1, ..Self::default() }
    }
}

/// One entry as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalRow {
    pub journal: JournalId,
    pub tool: String,
    pub outcome: WriteOutcome,
    pub detail: String,
    pub created_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum JournalPage {
    Rows {
        rows: Vec<JournalRow>,
        /// There are older ones.
        more: bool,
    },
    /// The journal cannot be read now.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;

    #[test]
    fn a_launch_survives_the_wire_and_hides_its_secrets() {
        let launch = ToWorker::Launch(Box::new(Launch {
            version: VERSION,
            secret: "open sesame".into(),
            account_key: "account sesame".into(),
            upstream: Upstream::garmin(Region::Global),
            athlete: Athlete::default(),
            credentials: Some(AccessGrant {
                token: "garmin access".into(),
                generation: Generation(3),
                expires_at: Timestamp(9),
            }),
            tools: ToolPolicy::default(),
        }));
        let wire = serde_json::to_string(&launch).unwrap();
        assert_eq!(serde_json::from_str::<ToWorker>(&wire).unwrap(), launch);
        let printed = format!("{launch:?}");
        assert!(!printed.contains("sesame") && !printed.contains("garmin access"));
    }

    #[test]
    fn a_question_without_a_refused_generation_is_understood() {
        let wire = r#"{"type":"credentials_wanted","id":1,"refused":null}"#;
        let parsed: FromWorker = serde_json::from_str(wire).unwrap();
        assert_eq!(parsed, FromWorker::CredentialsWanted { id: QuestionId(1), refused: None });
    }
}
