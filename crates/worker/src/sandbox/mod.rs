//! What a worker gives up before it reads anything.
//!
//! A worker speaks for one person and runs beside the workers of others, so it first takes
//! away from itself whatever serving tools does not need. Everything here is undone by
//! nothing: the process can only end.
//!
//! | Layers | Where | At start |
//! | --- | --- | --- |
//! | process | [`process`] | 30 µs, nearly all of it for `oom_score_adj` |
//! | limits | [`process`] | 6 µs |
//! | privileges, user | [`process`] | 75 µs under root, of which 57 empty the bounding set; 3 µs otherwise |
//! | files, connections, signals | [`confine`] | 18 µs |
//! | calls | [`calls`] | 200 µs, of which 20 compile the filter and the rest is the kernel's |
//!
//! (Medians of 20 release runs on 2 vCPUs, Linux 6.18, with other load on the machine.) Calls
//! whose arguments do not matter are answered from the kernel's own table and cost nothing
//! later: the hot path of a request is made of those.
//!
//! What each keeps a hostile worker from is in `crates/gateway/docs/isolation.md`, attempt by
//! attempt, as the tests found it.

mod calls;
mod confine;
mod process;

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::str::FromStr;

use domain::sandbox::{Layer, Report, State};
use domain::upstream::Upstream;

/// TCP ports a worker may connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedPorts(Vec<u16>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a comma-separated list of TCP ports")]
pub struct BadPorts;

impl AllowedPorts {
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.0.contains(&port)
    }

    /// Whether every host of Garmin's could be reached from inside.
    #[must_use]
    pub fn reach(&self, upstream: &Upstream) -> bool {
        upstream.all().iter().all(|base| self.contains(base.port()))
    }
}

impl FromStr for AllowedPorts {
    type Err = BadPorts;

    fn from_str(text: &str) -> Result<Self, BadPorts> {
        let ports: Result<Vec<u16>, _> = text.split(',').map(|port| port.trim().parse()).collect();
        match ports {
            Ok(ports) if !ports.contains(&0) => Ok(Self(ports)),
            Ok(_) | Err(_) => Err(BadPorts),
        }
    }
}

/// Which layers to close. A worker closes all of them; a test leaves some out, to see what the
/// others hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    left_out: Vec<Layer>,
}

impl Plan {
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn without(layers: &[Layer]) -> Self {
        Self { left_out: layers.to_vec() }
    }

    fn closes(&self, layer: Layer) -> bool {
        !self.left_out.contains(&layer)
    }

    fn left_out() -> State {
        State::Missing { reason: "left out".to_owned() }
    }
}

/// What a worker cannot run without, on any kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    DieWithParent,
    OwnGroup,
    NotDumpable,
    Limits,
    Privileges,
    Confinement,
    Calls,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DieWithParent => "dying with the gateway that started it",
            Self::OwnGroup => "a process group of its own",
            Self::NotDumpable => "being closed to debuggers",
            Self::Limits => "resource limits",
            Self::Privileges => "renouncing privileges",
            Self::Confinement => "closing files and connections",
            Self::Calls => "closing system calls",
        })
    }
}

/// The kernel knows the layer and did not close it: nobody may go on without. A kernel that
/// does not know the layer is no error but part of the report.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox could not be closed: {step}: {source}")]
pub struct SandboxError {
    pub step: Step,
    source: io::Error,
}

/// The sandbox is closed; what remains possible is in here.
#[derive(Debug)]
pub struct Closed {
    /// Where connections may go.
    pub ports: AllowedPorts,
    pub report: Report,
}

/// Closes the sandbox. `control` is the channel whose other end the gateway made: it tells
/// whether the process that started this one is still its parent. The process must have one
/// thread.
pub fn close(
    control: BorrowedFd<'_>,
    ports: AllowedPorts,
    plan: &Plan,
) -> Result<Closed, SandboxError> {
    let failed = |step| move |source: io::Error| SandboxError { step, source };
    let gateway = process::gateway(control).map_err(failed(Step::DieWithParent))?;
    // Each takes away what the ones before it still need: the order is that of least loss.
    let mut state =
        Report::of(|layer| if plan.closes(layer) { State::Active } else { Plan::left_out() });
    process::lead_own_group().map_err(failed(Step::OwnGroup))?;
    if let Err(error) = process::offer_to_the_memory_killer() {
        let reason = format!("/proc/self/oom_score_adj: {error}");
        state = state.with(Layer::Process, State::Missing { reason });
    }
    if plan.closes(Layer::Limits) {
        process::limit_resources().map_err(failed(Step::Limits))?;
    }
    if plan.closes(Layer::Privileges) {
        process::unbind_capabilities().map_err(failed(Step::Privileges))?;
    }
    if plan.closes(Layer::User) {
        state = state.with(Layer::User, process::become_nobody_else());
    }
    if plan.closes(Layer::Privileges) {
        process::drop_capabilities().map_err(failed(Step::Privileges))?;
        process::renounce_new_privileges().map_err(failed(Step::Privileges))?;
    }
    process::hide_memory().map_err(failed(Step::NotDumpable))?;
    process::die_with(gateway).map_err(failed(Step::DieWithParent))?;
    let confined = confine::close(&ports.0, plan).map_err(failed(Step::Confinement))?;
    state = state
        .with(Layer::Files, confined.files)
        .with(Layer::Connections, confined.connections)
        .with(Layer::Signals, confined.signals);
    if plan.closes(Layer::Calls) {
        state = state.with(Layer::Calls, calls::close().map_err(failed(Step::Calls))?);
    }
    let reason = "the gateway's to know".to_owned();
    let report = state.with(Layer::Group, State::Missing { reason });
    Ok(Closed { ports, report })
}

#[cfg(test)]
mod tests {
    use domain::region::Region;

    use super::*;

    #[test]
    fn ports_are_numbers_between_commas() {
        let ports: AllowedPorts = "443, 8443".parse().unwrap();
        assert!(ports.contains(443) && ports.contains(8443) && !ports.contains(80));
        for bad in ["", "443,", "0", "70000", "https", "443;80"] {
            assert_eq!(bad.parse::<AllowedPorts>(), Err(BadPorts), "{bad:?}");
        }
    }

    #[test]
    fn every_host_must_be_reachable() {
        let garmin = Upstream::garmin(Region::Global);
        assert!("443".parse::<AllowedPorts>().unwrap().reach(&garmin));
        assert!(!"8443".parse::<AllowedPorts>().unwrap().reach(&garmin));
    }
}
