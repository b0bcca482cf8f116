//! Its own bonds, and the kernel's surface.

use std::fs;

use crate::attempts::Target;
use crate::raw::{Got, bits, call, number};

fn simply(number: libc::c_long, arguments: &[usize]) -> Got<String> {
    call(number, arguments).map(|answer| format!("{answer}"))
}

pub(crate) fn forget_parent(_: &Target) -> Got<String> {
    let forgot = simply(libc::SYS_prctl, &[bits(libc::PR_SET_PDEATHSIG), 0]);
    // The test's own bond.
    let _ = call(libc::SYS_prctl, &[bits(libc::PR_SET_PDEATHSIG), bits(libc::SIGKILL)]);
    forgot
}

pub(crate) fn become_readable(_: &Target) -> Got<String> {
    let became = simply(libc::SYS_prctl, &[bits(libc::PR_SET_DUMPABLE), 1]);
    let _ = call(libc::SYS_prctl, &[bits(libc::PR_SET_DUMPABLE), 0]);
    became
}

pub(crate) fn new_session(_: &Target) -> Got<String> {
    simply(libc::SYS_setsid, &[])
}

pub(crate) fn raise_limits(_: &Target) -> Got<String> {
    let more = [1024_u64, 1024];
    let words = [0, libc::RLIMIT_NOFILE as usize, more.as_ptr().expose_provenance(), 0];
    simply(libc::SYS_prlimit64, &words)
}

pub(crate) fn become_root(_: &Target) -> Got<String> {
    simply(libc::SYS_setresuid, &[0, 0, 0])
}

pub(crate) fn take_capabilities(_: &Target) -> Got<String> {
    // Version 3, this process; effective and permitted: everything.
    let (head, body) = ([0x2008_0522_u32, 0], [u32::MAX, u32::MAX, 0, u32::MAX, u32::MAX, 0]);
    let words = [head.as_ptr().expose_provenance(), body.as_ptr().expose_provenance()];
    simply(libc::SYS_capset, &words)
}

pub(crate) fn spare_itself(_: &Target) -> Got<String> {
    let wrote = fs::write("/proc/self/oom_score_adj", "-1000");
    wrote.map(|()| "spared".to_owned()).map_err(|error| number(&error))
}

pub(crate) fn real_time(_: &Target) -> Got<String> {
    let priority = [1_i32];
    let words = [0, bits(libc::SCHED_FIFO), priority.as_ptr().expose_provenance()];
    simply(libc::SYS_sched_setscheduler, &words)
}

pub(crate) fn io_uring(_: &Target) -> Got<String> {
    let parameters = [0_u8; 256];
    simply(libc::SYS_io_uring_setup, &[4, parameters.as_ptr().expose_provenance()])
}

pub(crate) fn bpf(_: &Target) -> Got<String> {
    // An array of one word.
    let map = [2_u32, 4, 4, 1, 0, 0, 0, 0];
    simply(libc::SYS_bpf, &[0, map.as_ptr().expose_provenance(), 32])
}

pub(crate) fn userfaultfd(_: &Target) -> Got<String> {
    simply(libc::SYS_userfaultfd, &[1])
}

pub(crate) fn perf(_: &Target) -> Got<String> {
    let mut event = [0_u64; 16];
    event[0] = 1 | 128 << 32;
    let words = [event.as_ptr().expose_provenance(), 0, usize::MAX, usize::MAX, 0];
    simply(libc::SYS_perf_event_open, &words)
}

pub(crate) fn keys(_: &Target) -> Got<String> {
    let name = c"user".as_ptr().expose_provenance();
    simply(libc::SYS_add_key, &[name, name, name, 4, bits(-3)])
}

pub(crate) fn namespaces(_: &Target) -> Got<String> {
    simply(libc::SYS_unshare, &[bits(libc::CLONE_NEWUSER)])
}

pub(crate) fn mount(_: &Target) -> Got<String> {
    let (kind, place) = (c"tmpfs".as_ptr().expose_provenance(), c"/tmp".as_ptr());
    simply(libc::SYS_mount, &[kind, place.expose_provenance(), kind, 0, 0])
}

pub(crate) fn chroot(_: &Target) -> Got<String> {
    simply(libc::SYS_chroot, &[c"/".as_ptr().expose_provenance()])
}

pub(crate) fn module(_: &Target) -> Got<String> {
    simply(libc::SYS_init_module, &[0, 0, c"".as_ptr().expose_provenance()])
}

pub(crate) fn clock(_: &Target) -> Got<String> {
    let now = [1_900_000_000_i64, 0];
    simply(libc::SYS_clock_settime, &[0, now.as_ptr().expose_provenance()])
}

pub(crate) fn kernel_log(_: &Target) -> Got<String> {
    const UNREAD: usize = 9;
    simply(libc::SYS_syslog, &[UNREAD, 0, 0])
}

pub(crate) fn inotify(_: &Target) -> Got<String> {
    let fd = call(libc::SYS_inotify_init1, &[0])?;
    let _ = call(libc::SYS_close, &[fd]);
    Ok("a watch".to_owned())
}

pub(crate) fn fanotify(_: &Target) -> Got<String> {
    simply(libc::SYS_fanotify_init, &[0, 0])
}

pub(crate) fn shared_segment(_: &Target) -> Got<String> {
    simply(libc::SYS_shmget, &[0, 4096, 0o1600])
}

pub(crate) fn message_queue(_: &Target) -> Got<String> {
    let name = c"hostile".as_ptr().expose_provenance();
    simply(libc::SYS_mq_open, &[name, bits(libc::O_CREAT | libc::O_RDWR), 0o600, 0])
}

pub(crate) fn terminal(_: &Target) -> Got<String> {
    const TIOCSTI: usize = 0x5412;
    simply(libc::SYS_ioctl, &[2, TIOCSTI, c"x".as_ptr().expose_provenance()])
}

pub(crate) fn machine(_: &Target) -> Got<String> {
    let mut words = [0_u64; 64];
    let place = words.as_mut_ptr().expose_provenance();
    call(libc::SYS_sysinfo, &[place])?;
    simply(libc::SYS_uname, &[place])
}

pub(crate) fn stat_files(_: &Target) -> Got<String> {
    let found = fs::symlink_metadata("/etc/passwd");
    found.map(|found| format!("{} bytes", found.len())).map_err(|error| number(&error))
}

/// What serving needs, kept apart from the filter so that a call that slips into one is missed
/// in the other.
const NEEDED: &[libc::c_long] = &[
    libc::SYS_accept4,
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_connect,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fcntl,
    libc::SYS_futex,
    libc::SYS_getpeername,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_gettid,
    libc::SYS_ioctl,
    libc::SYS_madvise,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    libc::SYS_sigaltstack,
    libc::SYS_socket,
    libc::SYS_tgkill,
    libc::SYS_write,
    libc::SYS_writev,
];

/// On x86-64 no filter is asked about these two (Linux 6.13): they end whoever calls them from
/// anywhere but a probe of the kernel's own.
const DEADLY: [libc::c_long; 2] = [335, 336];
/// The last number a kernel may have had when this was written, and some more.
const LAST: libc::c_long = 600;
/// The other numbers of x86-64, for programs with short pointers.
const SHORT_POINTERS: libc::c_long = 0x4000_0000;

pub(crate) fn every_other_call(_: &Target) -> Got<String> {
    let plain = (0..LAST).filter(|number| !NEEDED.contains(number) && !DEADLY.contains(number));
    let passed: Vec<_> = plain
        .chain(SHORT_POINTERS..SHORT_POINTERS + LAST)
        .filter(|number| call(*number, &[]) != Err(libc::EPERM))
        .collect();
    if passed.is_empty() { Err(libc::EPERM) } else { Ok(format!("{passed:?}")) }
}
