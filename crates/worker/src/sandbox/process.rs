//! What the process gives up without any help from a security module: its tie to others, its
//! user, its privileges and the right to use much of the machine.

use std::io;
use std::os::fd::BorrowedFd;

use domain::sandbox::State;
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Gid, Pid, Resource, Rlimit, Signal, Uid};
use rustix::thread::{CapabilitySet, CapabilitySets};

/// Twice what a worker has at its busiest: the gateway's connections (16 while old and new ones
/// overlap), Garmin's, and ten of our own. Buffers of sockets are memory the machine shares.
const OPEN_FILES: u64 = 64;
/// Private memory, which is all a worker can have: an answer of many megabytes still fits.
const DATA: u64 = 512 << 20;
/// Far above what a worker maps; bounds what [`DATA`] does not count.
const ADDRESS_SPACE: u64 = 1 << 30;
const PENDING_SIGNALS: u64 = 16;

/// Among 0 (never) and 1000 (first): workers go before the gateway does.
const KILLED_EARLIER: i32 = 500;

/// User ids of workers start here, far above those that people and services have and those
/// that container engines hand out; the process id is added.
const FIRST_USER: u32 = 2_000_000_000;

/// The gateway: whoever made the other end of the control channel.
pub(super) fn gateway(control: BorrowedFd<'_>) -> io::Result<Pid> {
    Ok(rustix::net::sockopt::socket_peercred(control)?.pid)
}

/// To be called last of what changes the user: a change of user undoes it.
pub(super) fn die_with(gateway: Pid) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The signal is not sent for a parent that was gone before the line above.
    if rustix::process::getppid() == Some(gateway) {
        Ok(())
    } else {
        Err(io::Error::other("the parent is not who made the control channel"))
    }
}

pub(super) fn lead_own_group() -> io::Result<()> {
    Ok(rustix::process::setpgid(None, None)?)
}

/// Where memory runs out, the kernel looks here first. Must come before the files close and
/// before the process stops being dumpable, which gives this very file to root.
pub(super) fn offer_to_the_memory_killer() -> io::Result<()> {
    const FILE: &str = "/proc/self/oom_score_adj";
    let inherited: i32 = std::fs::read_to_string(FILE)?.trim().parse().unwrap_or_default();
    std::fs::write(FILE, (inherited + KILLED_EARLIER).min(1000).to_string())
}

pub(super) fn hide_memory() -> io::Result<()> {
    Ok(rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Both the soft and the hard limit, so that nobody but a privileged process raises them again.
pub(super) fn limit_resources() -> io::Result<()> {
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Nofile, OPEN_FILES),
        (Resource::As, ADDRESS_SPACE),
        (Resource::Data, DATA),
        (Resource::Fsize, 0),
        // Counted per user, and without effect on root: there the user id of its own helps.
        (Resource::Nproc, 0),
        (Resource::Memlock, 0),
        (Resource::Msgqueue, 0),
        (Resource::Sigpending, PENDING_SIGNALS),
    ] {
        limit(resource, most)?;
    }
    Ok(())
}

/// Lowers a limit; one that is lower already stays.
fn limit(resource: Resource, most: u64) -> Result<(), Errno> {
    let hard = rustix::process::getrlimit(resource).maximum;
    let most = hard.map_or(most, |hard| hard.min(most));
    rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
}

/// Empties the set that bounds what any program started from here could have. Only whoever may
/// do that has something in it that matters.
pub(super) fn unbind_capabilities() -> io::Result<()> {
    if !own_capabilities()?.contains(CapabilitySet::SETPCAP) {
        return Ok(());
    }
    for bit in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            Ok(()) => {}
            // The first number that this kernel has no capability for.
            Err(Errno::INVAL) => break,
            Err(error) => return Err(error.into()),
        }
    }
    match rustix::thread::clear_ambient_capability_set() {
        // Kernels without an ambient set.
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Under root: becomes a user that owns nothing and shares its processes with nobody.
pub(super) fn become_nobody_else() -> State {
    let missing = |reason: &str| State::Missing { reason: reason.to_owned() };
    // Killing it, and its dying with the gateway, take the last of these once the ids differ.
    let needed = CapabilitySet::SETUID | CapabilitySet::SETGID | CapabilitySet::KILL;
    match own_capabilities() {
        Ok(own) if own.contains(needed) => {}
        Ok(_) | Err(_) => return missing("the gateway may not change user ids"),
    }
    let id = FIRST_USER + rustix::process::getpid().as_raw_nonzero().get().unsigned_abs();
    let (user, group) = (Uid::from_raw(id), Gid::from_raw(id));
    // Of this thread, which is the only one.
    let changed = rustix::thread::set_thread_groups(&[])
        .and_then(|()| rustix::thread::set_thread_res_gid(group, group, group))
        .and_then(|()| rustix::thread::set_thread_res_uid(user, user, user));
    match changed {
        Ok(()) => State::Active,
        // A user namespace that has no such id, or a filter of the container's.
        Err(error) => missing(&format!("the user id could not be changed: {error}")),
    }
}

pub(super) fn drop_capabilities() -> io::Result<()> {
    let none = CapabilitySet::empty();
    let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
    Ok(rustix::thread::set_capabilities(None, none)?)
}

pub(super) fn renounce_new_privileges() -> io::Result<()> {
    Ok(rustix::thread::set_no_new_privs(true)?)
}

fn own_capabilities() -> Result<CapabilitySet, Errno> {
    rustix::thread::capabilities(None).map(|sets| sets.effective)
}
