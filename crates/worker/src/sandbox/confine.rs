//! Landlock: no files, TCP to the allowed ports only, nobody else's signals and sockets.

use std::io;

use domain::sandbox::{Layer, State};
use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, Scope,
};

use super::Plan;

/// The newest the crate knows: of what it handles, older kernels enforce what they can.
const NEWEST: ABI = ABI::V9;

/// States of [`Layer::Files`], [`Layer::Connections`] and [`Layer::Signals`].
#[derive(Debug)]
pub(super) struct Confined {
    pub(super) files: State,
    pub(super) connections: State,
    pub(super) signals: State,
}

/// For good, and for everything that would ever be started from here.
pub(super) fn close(ports: &[u16], plan: &Plan) -> io::Result<Confined> {
    let level = restrict(ports, plan).map_err(io::Error::other)?;
    let state = |layer, needed: ABI, lacks: &str| {
        if !plan.closes(layer) {
            return Plan::left_out();
        }
        match level {
            Level::None(reason) => State::Missing { reason: reason.to_owned() },
            Level::Abi(abi) if abi >= needed => State::Active,
            Level::Abi(abi) => State::Missing {
                reason: format!("the kernel's Landlock ABI is {}, which {lacks}", abi as i32),
            },
        }
    };
    Ok(Confined {
        files: state(Layer::Files, ABI::V3, "cannot deny truncating files"),
        connections: state(Layer::Connections, ABI::V4, "knows no network"),
        signals: state(Layer::Signals, ABI::V6, "knows no signals"),
    })
}

#[derive(Clone, Copy)]
enum Level {
    None(&'static str),
    Abi(ABI),
}

fn restrict(ports: &[u16], plan: &Plan) -> Result<Level, RulesetError> {
    let mut rules = Ruleset::default();
    let mut any = false;
    if plan.closes(Layer::Files) {
        rules = rules.handle_access(AccessFs::from_all(NEWEST))?;
        any = true;
    }
    if plan.closes(Layer::Connections) {
        rules = rules.handle_access(AccessNet::from_all(NEWEST))?;
        any = true;
    }
    if plan.closes(Layer::Signals) {
        rules = rules.scope(Scope::from_all(NEWEST))?;
        any = true;
    }
    if !any {
        return Ok(Level::None("left out"));
    }
    let mut rules = rules.create()?;
    if plan.closes(Layer::Connections) {
        for port in ports {
            rules = rules.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
        }
    }
    Ok(match rules.restrict_self()?.landlock {
        LandlockStatus::NotEnabled => Level::None("Landlock is not enabled in this kernel"),
        LandlockStatus::NotImplemented => Level::None("this kernel has no Landlock"),
        LandlockStatus::Available { effective_abi, .. } => Level::Abi(effective_abi),
    })
}
