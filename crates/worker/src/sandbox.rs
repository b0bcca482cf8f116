//! What a worker gives up before it reads anything.
//!
//! A worker speaks for one person and runs beside the workers of others, so it first takes
//! away from itself whatever serving tools does not need. Everything here is undone by
//! nothing: the process can only end.

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::str::FromStr;

use domain::upstream::Upstream;
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};

/// More than any call needs: the gateway's connections, Garmin's, and a few of our own.
const OPEN_FILES: u64 = 512;
/// Far above what a worker uses; a runaway allocation ends the worker instead of the machine.
const ADDRESS_SPACE: u64 = 4 << 30;

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

/// One thing a worker gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    DieWithParent,
    ParentStillThere,
    OwnGroup,
    NotDumpable,
    Limits,
    NoNewPrivileges,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DieWithParent => "dying with the gateway",
            Self::ParentStillThere => "being the gateway's own child",
            Self::OwnGroup => "a process group of its own",
            Self::NotDumpable => "being closed to debuggers",
            Self::Limits => "resource limits",
            Self::NoNewPrivileges => "renouncing new privileges",
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the sandbox could not be closed: {step}")]
pub struct SandboxError {
    pub step: Step,
    source: io::Error,
}

/// The sandbox is closed; what remains possible is in here.
#[derive(Debug)]
pub struct Closed {
    /// Where connections may go.
    pub ports: AllowedPorts,
}

/// Closes the sandbox. `control` is the channel whose other end the gateway made: it tells
/// whether the process that started this one is still its parent.
pub fn close(control: BorrowedFd<'_>, ports: AllowedPorts) -> Result<Closed, SandboxError> {
    let failed = |step| move |error: rustix::io::Errno| SandboxError { step, source: error.into() };
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(failed(Step::DieWithParent))?;
    // The signal is not sent for a parent that was gone before the line above.
    let gateway =
        rustix::net::sockopt::socket_peercred(control).map_err(failed(Step::ParentStillThere))?.pid;
    if rustix::process::getppid() != Some(gateway) {
        let source = io::Error::other("the parent is not who made the control channel");
        return Err(SandboxError { step: Step::ParentStillThere, source });
    }
    rustix::process::setpgid(None, None).map_err(failed(Step::OwnGroup))?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(failed(Step::NotDumpable))?;
    for (resource, most) in
        [(Resource::Core, 0), (Resource::Nofile, OPEN_FILES), (Resource::As, ADDRESS_SPACE)]
    {
        limit(resource, most).map_err(failed(Step::Limits))?;
    }
    rustix::thread::set_no_new_privs(true).map_err(failed(Step::NoNewPrivileges))?;
    Ok(Closed { ports })
}

/// Lowers a limit, both the soft and the hard one; one that is lower already stays.
fn limit(resource: Resource, most: u64) -> Result<(), rustix::io::Errno> {
    let hard = rustix::process::getrlimit(resource).maximum;
    let most = hard.map_or(most, |hard| hard.min(most));
    rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
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
