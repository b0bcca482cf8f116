//! What belongs to others: files, memory, processes.

use std::fs::{self, File, OpenOptions};
use std::io::Read;

use crate::attempts::Target;
use crate::raw::{Got, call, number};

fn read(path: &str) -> Got<String> {
    let mut file = File::open(path).map_err(|error| number(&error))?;
    let mut bytes = [0_u8; 64];
    let length = file.read(&mut bytes).map_err(|error| number(&error))?;
    Ok(format!("{length} bytes of {path}"))
}

fn list(path: &str) -> Got<String> {
    let entries = fs::read_dir(path).map_err(|error| number(&error))?;
    Ok(format!("{} names", entries.count()))
}

pub(crate) fn database(target: &Target) -> Got<String> {
    read(&format!("{}/gateway.db", target.data))
}

pub(crate) fn wal(target: &Target) -> Got<String> {
    read(&format!("{}/gateway.db-wal", target.data))
}

pub(crate) fn dot_env(target: &Target) -> Got<String> {
    read(&format!("{}/.env", target.directory))
}

/// Opens it and leaves it as it is.
pub(crate) fn write_database(target: &Target) -> Got<String> {
    let path = format!("{}/gateway.db", target.data);
    let opened = OpenOptions::new().append(true).open(path);
    opened.map(|_| "open for writing".to_owned()).map_err(|error| number(&error))
}

pub(crate) fn list_data(target: &Target) -> Got<String> {
    list(&target.data)
}

pub(crate) fn list_processes(_: &Target) -> Got<String> {
    list("/proc")
}

pub(crate) fn gateway_environment(target: &Target) -> Got<String> {
    read(&format!("/proc/{}/environ", target.gateway))
}

pub(crate) fn gateway_memory(target: &Target) -> Got<String> {
    read(&format!("/proc/{}/mem", target.gateway))
}

pub(crate) fn gateway_descriptors(target: &Target) -> Got<String> {
    read(&format!("/proc/{}/fd/0", target.gateway))
}

pub(crate) fn other_memory(target: &Target) -> Got<String> {
    read(&format!("/proc/{}/mem", target.other))
}

/// Addresses that are the same in every worker but for where the loader put them: the kernel
/// looks at the right to ask before it looks at them.
fn across(name: libc::c_long, pid: u32) -> Got<String> {
    let mut here = [0_u8; 16];
    let local = [here.as_mut_ptr().expose_provenance(), here.len()];
    let remote = local;
    let words = [
        pid as usize,
        local.as_ptr().expose_provenance(),
        1,
        remote.as_ptr().expose_provenance(),
        1,
    ];
    call(name, &words).map(|length| format!("{length} bytes"))
}

pub(crate) fn vm_read(target: &Target) -> Got<String> {
    across(libc::SYS_process_vm_readv, target.other)
}

pub(crate) fn vm_write(target: &Target) -> Got<String> {
    across(libc::SYS_process_vm_writev, target.gateway)
}

pub(crate) fn ptrace(target: &Target) -> Got<String> {
    let words = [libc::PTRACE_SEIZE as usize, target.other as usize];
    call(libc::SYS_ptrace, &words).map(|_| "attached".to_owned())
}

pub(crate) fn steal_descriptor(target: &Target) -> Got<String> {
    let pidfd = call(libc::SYS_pidfd_open, &[target.gateway as usize, 0])?;
    call(libc::SYS_pidfd_getfd, &[pidfd, 0, 0]).map(|fd| format!("descriptor {fd}"))
}

/// Signal 0 takes every right that a real one takes, and harms nobody.
fn signal(pid: u32) -> Got<String> {
    call(libc::SYS_kill, &[pid as usize, 0]).map(|_| "may be signalled".to_owned())
}

pub(crate) fn signal_gateway(target: &Target) -> Got<String> {
    signal(target.gateway)
}

pub(crate) fn signal_other(target: &Target) -> Got<String> {
    signal(target.other)
}

pub(crate) fn signal_thread(target: &Target) -> Got<String> {
    let pid = target.gateway as usize;
    call(libc::SYS_tgkill, &[pid, pid, 0]).map(|_| "may be signalled".to_owned())
}

pub(crate) fn signal_by_pidfd(target: &Target) -> Got<String> {
    let pidfd = call(libc::SYS_pidfd_open, &[target.gateway as usize, 0])?;
    let sent = call(libc::SYS_pidfd_send_signal, &[pidfd, 0, 0, 0]);
    let _ = call(libc::SYS_close, &[pidfd]);
    sent.map(|_| "may be signalled".to_owned())
}

/// The one it has.
pub(crate) fn priority(target: &Target) -> Got<String> {
    call(libc::SYS_setpriority, &[0, target.gateway as usize, 0]).map(|_| "set".to_owned())
}

/// Reading them takes every right that setting takes.
pub(crate) fn limits(target: &Target) -> Got<String> {
    let mut limit = [0_u64; 2];
    let place = limit.as_mut_ptr().expose_provenance();
    let words = [target.gateway as usize, libc::RLIMIT_NOFILE as usize, 0, place];
    call(libc::SYS_prlimit64, &words).map(|_| format!("{limit:?}"))
}

/// All of them, as it has.
pub(crate) fn cpus(target: &Target) -> Got<String> {
    let mask = [u64::MAX; 16];
    let words = [target.gateway as usize, 128, mask.as_ptr().expose_provenance()];
    call(libc::SYS_sched_setaffinity, &words).map(|_| "set".to_owned())
}
