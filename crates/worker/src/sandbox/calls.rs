//! seccomp: the system calls that serving needs, with the arguments that serving needs.
//!
//! Everything else fails with EPERM and the process lives on. The filter also closes what the
//! other layers leave open: UDP and other kinds of sockets, ways of connecting that Landlock
//! does not see (fast open, MPTCP), memory that limits do not count (shared mappings, memory
//! files, pipes), programs, processes and threads.
//!
//! Sending descriptors takes `sendmsg`, opening a file takes `openat`, being a server takes
//! `bind` or `listen`: none of them is here, because all that a worker has was given to it.

use std::collections::BTreeMap;
use std::io;

use domain::sandbox::State;
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// Conditions that must all hold.
type Conditions = Vec<SeccompCondition>;

/// Allowed whatever the arguments. What they reach, a worker holds already.
const FREE: &[libc::c_long] = &[
    // Descriptors it was given or has connected.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_close,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_shutdown,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    // Memory, within its limits.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    // Time, chance and itself.
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_sched_yield,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Ending by a panic.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
];

const EXECUTABLE: u64 = libc::PROT_EXEC as u64;
/// What kind of mapping it is, and what would make one that limits do not count.
const KIND_OF_MAPPING: u64 =
    (libc::MAP_TYPE | libc::MAP_GROWSDOWN | libc::MAP_HUGETLB | libc::MAP_LOCKED) as u64;
const PRIVATE: u64 = libc::MAP_PRIVATE as u64;
const SOCKET_KIND: u64 = !((libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) as u32) as u64;
const FAST_OPEN: u64 = libc::MSG_FASTOPEN as u64;

/// Closes the layer, for good.
pub(super) fn close() -> io::Result<State> {
    let Ok(target) = TargetArch::try_from(std::env::consts::ARCH) else {
        let reason = format!("no filter is written for {}", std::env::consts::ARCH);
        return Ok(State::Missing { reason });
    };
    match seccompiler::apply_filter(&program(target).map_err(io::Error::other)?) {
        Ok(()) => Ok(State::Active),
        Err(Error::Seccomp(error) | Error::Prctl(error)) => match error.raw_os_error() {
            Some(libc::ENOSYS | libc::EINVAL) => {
                Ok(State::Missing { reason: "this kernel has no seccomp filters".to_owned() })
            }
            // The filter of a container or of a unit that does not know the call.
            Some(libc::EPERM | libc::EACCES) => {
                Ok(State::Missing { reason: "seccomp filters are not permitted here".to_owned() })
            }
            Some(_) | None => Err(error),
        },
        Err(error @ (Error::Backend(_) | Error::EmptyFilter | Error::ThreadSync(_))) => {
            Err(io::Error::other(error))
        }
    }
}

fn program(target: TargetArch) -> Result<BpfProgram, BackendError> {
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules()?, denied, SeccompAction::Allow, target)?.try_into()
}

fn rules() -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        FREE.iter().map(|call| (*call, Vec::new())).collect();
    for (call, alternatives) in narrow()? {
        let alternatives: Result<_, _> = alternatives.into_iter().map(SeccompRule::new).collect();
        rules.insert(call, alternatives?);
    }
    Ok(rules)
}

/// Allowed with these arguments only.
fn narrow() -> Result<Vec<(libc::c_long, Vec<Conditions>)>, BackendError> {
    let is = |argument, value: libc::c_int| {
        SeccompCondition::new(argument, Dword, Eq, u64::from(value.cast_unsigned()))
    };
    let masked =
        |argument, mask, value| SeccompCondition::new(argument, Dword, MaskedEq(mask), value);
    let each = |argument, values: &[libc::c_int]| -> Result<Vec<Conditions>, BackendError> {
        values.iter().map(|value| Ok(vec![is(argument, *value)?])).collect()
    };
    let option = |level, name| Ok::<_, BackendError>(vec![is(1, level)?, is(2, name)?]);
    let own_process = rustix::process::getpid().as_raw_nonzero().get();

    let mut sockets = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        // By number TCP, or by kind what is TCP: MPTCP and SCTP are streams as well.
        for protocol in [0, libc::IPPROTO_TCP] {
            let stream = masked(1, SOCKET_KIND, u64::from(libc::SOCK_STREAM.cast_unsigned()))?;
            sockets.push(vec![is(0, family)?, stream, is(2, protocol)?]);
        }
    }
    Ok(vec![
        (libc::SYS_socket, sockets),
        (libc::SYS_sendto, vec![vec![masked(3, FAST_OPEN, 0)?]]),
        (
            libc::SYS_setsockopt,
            vec![
                option(libc::SOL_SOCKET, libc::SO_KEEPALIVE)?,
                option(libc::SOL_SOCKET, libc::SO_LINGER)?,
                option(libc::IPPROTO_TCP, libc::TCP_NODELAY)?,
                option(libc::IPPROTO_TCP, libc::TCP_KEEPIDLE)?,
                option(libc::IPPROTO_TCP, libc::TCP_KEEPINTVL)?,
                option(libc::IPPROTO_TCP, libc::TCP_KEEPCNT)?,
                option(libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT)?,
            ],
        ),
        (libc::SYS_getsockopt, vec![option(libc::SOL_SOCKET, libc::SO_ERROR)?]),
        (
            libc::SYS_fcntl,
            each(
                1,
                &[
                    libc::F_GETFD,
                    libc::F_SETFD,
                    libc::F_GETFL,
                    libc::F_SETFL,
                    libc::F_DUPFD_CLOEXEC,
                ],
            )?,
        ),
        (libc::SYS_ioctl, vec![vec![SeccompCondition::new(1, Dword, Eq, libc::FIONBIO)?]]),
        (
            libc::SYS_mmap,
            vec![vec![masked(2, EXECUTABLE, 0)?, masked(3, KIND_OF_MAPPING, PRIVATE)?]],
        ),
        (libc::SYS_mprotect, vec![vec![masked(2, EXECUTABLE, 0)?]]),
        (libc::SYS_madvise, each(2, &[libc::MADV_DONTNEED, libc::MADV_FREE])?),
        (libc::SYS_futex, each(1, &FUTEX)?),
        (libc::SYS_tgkill, each(0, &[own_process])?),
    ])
}

/// Waiting and waking within the process. What inherits priorities or moves those who wait has
/// been a way out before.
const FUTEX: [libc::c_int; 4] = [
    libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
    libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
    libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
    libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME,
];
