//! What holds a worker back, layer by layer, and what it could do where a layer is missing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One way in which a worker is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Dies with the gateway, unreadable to others, no core file, first to go when memory ends.
    Process,
    /// Hard resource limits of its own.
    Limits,
    /// No capabilities, and no way to new ones.
    Privileges,
    /// A user id that nothing else in the same container has.
    User,
    /// Landlock: no file can be opened, made or changed.
    Files,
    /// Landlock: TCP to the allowed ports only, and a port of its own never.
    Connections,
    /// Landlock: no signal and no abstract Unix socket of anybody else's.
    Signals,
    /// seccomp: the system calls serving needs, with the arguments serving needs.
    Calls,
    /// A cgroup of its own with memory, processes and CPU bounded.
    Group,
}

impl Layer {
    pub const ALL: [Self; 9] = [
        Self::Process,
        Self::Limits,
        Self::Privileges,
        Self::User,
        Self::Files,
        Self::Connections,
        Self::Signals,
        Self::Calls,
        Self::Group,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Limits => "limits",
            Self::Privileges => "privileges",
            Self::User => "user",
            Self::Files => "files",
            Self::Connections => "connections",
            Self::Signals => "signals",
            Self::Calls => "calls",
            Self::Group => "group",
        }
    }

    /// Whether a worker is to be had without it only by the operator's leave. A user id of its
    /// own takes a gateway that runs as root, and a cgroup one that was given a subtree: both
    /// stand behind other layers, and most good deployments have neither.
    #[must_use]
    pub fn need(self) -> Need {
        match self {
            Self::Process
            | Self::Limits
            | Self::Privileges
            | Self::Files
            | Self::Connections
            | Self::Signals
            | Self::Calls => Need::Required,
            Self::User | Self::Group => Need::Extra,
        }
    }

    /// What a worker that was taken over could do without this layer.
    #[must_use]
    pub fn risk(self) -> &'static str {
        match self {
            Self::Process => {
                "it could outlive the gateway, or be read by other processes of its user"
            }
            Self::Limits => "it could use up the machine's memory, descriptors or disk",
            Self::Privileges => "it would have every capability the gateway has",
            Self::User => {
                "it runs under the gateway's user id, and only the other layers keep it from \
                 that user's files and processes"
            }
            Self::Files => {
                "should it get past the system call filter, it could read what the gateway's \
                 user can read: the database, the settings, the memory of other workers"
            }
            Self::Connections => {
                "it could connect to any TCP port: other workers, the gateway, machines of the \
                 local network"
            }
            Self::Signals => {
                "should it get past the system call filter, it could signal the gateway and \
                 other workers"
            }
            Self::Calls => {
                "it could start programs, send UDP, open Unix sockets and try every system call \
                 for a defect of the kernel"
            }
            Self::Group => {
                "up to MAX_WORKERS workers could each take the memory their limits allow, and \
                 as much CPU as the machine has"
            }
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much depends on a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// `WORKER_SANDBOX=require` refuses to start without it.
    Required,
    /// Good to have, and no reason to refuse.
    Extra,
}

/// Whether a layer holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    Active,
    Missing { reason: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerReport {
    pub layer: Layer,
    #[serde(flatten)]
    pub state: State,
}

/// Every layer and its state, each once, in the order of [`Layer::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<LayerReport>", into = "Vec<LayerReport>")]
pub struct Report(Vec<LayerReport>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a report of every layer of the sandbox")]
pub struct Incomplete;

impl Report {
    /// Asks for the state of each layer.
    pub fn of(mut state: impl FnMut(Layer) -> State) -> Self {
        Self(Layer::ALL.map(|layer| LayerReport { layer, state: state(layer) }).into())
    }

    /// When nothing is known: no layer is taken for granted.
    #[must_use]
    pub fn unknown(reason: &str) -> Self {
        Self::of(|_| State::Missing { reason: reason.to_owned() })
    }

    /// With the state of one layer replaced.
    #[must_use]
    pub fn with(mut self, layer: Layer, state: State) -> Self {
        if let Some(known) = self.0.iter_mut().find(|known| known.layer == layer) {
            known.state = state;
        }
        self
    }

    #[must_use]
    pub fn layers(&self) -> &[LayerReport] {
        &self.0
    }

    #[must_use]
    pub fn is_active(&self, layer: Layer) -> bool {
        self.0.iter().any(|known| known.layer == layer && known.state == State::Active)
    }

    /// The layers of this need that are missing, and why.
    pub fn missing(&self, need: Need) -> impl Iterator<Item = (Layer, &str)> {
        self.0.iter().filter(move |known| known.layer.need() == need).filter_map(|known| {
            match &known.state {
                State::Active => None,
                State::Missing { reason } => Some((known.layer, reason.as_str())),
            }
        })
    }

    /// What is missing of the required layers, in sentences for an operator.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        self.missing(Need::Required)
            .map(|(layer, reason)| {
                format!("`{layer}` is missing ({reason}); of a hostile worker: {}", layer.risk())
            })
            .collect()
    }
}

impl TryFrom<Vec<LayerReport>> for Report {
    type Error = Incomplete;

    fn try_from(layers: Vec<LayerReport>) -> Result<Self, Incomplete> {
        let named: Vec<Layer> = layers.iter().map(|known| known.layer).collect();
        if named == Layer::ALL { Ok(Self(layers)) } else { Err(Incomplete) }
    }
}

impl From<Report> for Vec<LayerReport> {
    fn from(report: Report) -> Self {
        report.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_required_layer_that_is_missing_is_a_gap() {
        let missing = |reason: &str| State::Missing { reason: reason.to_owned() };
        let whole = Report::of(|_| State::Active);
        assert_eq!(whole.gaps(), [""; 0]);
        let extras = whole.clone().with(Layer::User, missing("not root"));
        assert_eq!(extras.gaps(), [""; 0]);
        assert_eq!(extras.missing(Need::Extra).next(), Some((Layer::User, "not root")));
        let old = whole.with(Layer::Connections, missing("Landlock 3"));
        assert!(!old.is_active(Layer::Connections) && old.is_active(Layer::Files));
        let [gap] = old.gaps().try_into().unwrap();
        assert!(gap.contains("Landlock 3") && gap.contains("other workers"), "{gap}");
        assert_eq!(Report::unknown("no answer").gaps().len(), 7);
    }

    #[test]
    fn a_report_travels_whole_or_not_at_all() {
        let report = Report::of(|_| State::Active);
        let wire = serde_json::to_string(&report).unwrap();
        assert!(wire.starts_with(r#"[{"layer":"process","state":"active"}"#), "{wire}");
        assert_eq!(serde_json::from_str::<Report>(&wire).unwrap(), report);
        let cut = r#"[{"layer":"process","state":"active"}]"#;
        assert!(serde_json::from_str::<Report>(cut).is_err());
    }
}
