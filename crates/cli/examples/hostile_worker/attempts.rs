//! What is tried, and what must hold it back.

use domain::sandbox::Layer::{
    self, Calls, Connections, Files, Limits, Privileges, Process, Signals, User,
};
use serde::{Deserialize, Serialize};

use crate::raw::Got;
use crate::{kernel, network, others, resources};

/// Whom and what the test has put within reach.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Target {
    /// The directory the gateway runs in, with its `.env`.
    pub(crate) directory: String,
    pub(crate) data: String,
    pub(crate) gateway: u32,
    pub(crate) gateway_port: u16,
    /// Another account's worker.
    pub(crate) other: u32,
    pub(crate) other_port: u16,
    pub(crate) abstract_socket: String,
}

/// One thing to try.
pub(crate) struct Attempt {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// Any one of these denies it, whatever the others do.
    pub(crate) held_by: &'static [Layer],
    /// Those of them that do not hold who is root.
    pub(crate) not_root: &'static [Layer],
    /// Whether it is to be tried where nothing holds it. Some would end the process, and some
    /// depend on what else the kernel has.
    pub(crate) unheld: Unheld,
    /// What a worker has of it where it is not held.
    pub(crate) remains: &'static str,
    pub(crate) run: fn(&Target) -> Got<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unheld {
    /// It succeeds, which shows that it was a real attempt.
    Succeeds,
    /// Nobody can tell, or nobody would live to.
    NotTried,
}

/// An attempt as the test reads it.
#[derive(Serialize)]
pub(crate) struct Described {
    name: &'static str,
    what: &'static str,
    held_by: &'static [Layer],
    not_root: &'static [Layer],
    unheld: Unheld,
    remains: &'static str,
}

impl Attempt {
    pub(crate) fn described(&self) -> Described {
        let Self { name, what, held_by, not_root, unheld, remains, run: _ } = *self;
        Described { name, what, held_by, not_root, unheld, remains }
    }
}

const fn attempt(
    name: &'static str,
    what: &'static str,
    held_by: &'static [Layer],
    remains: &'static str,
    run: fn(&Target) -> Got<String>,
) -> Attempt {
    Attempt { name, what, held_by, not_root: &[], unheld: Unheld::Succeeds, remains, run }
}

impl Attempt {
    const fn not_tried_unheld(mut self) -> Self {
        self.unheld = Unheld::NotTried;
        self
    }

    const fn root_passes(mut self, layers: &'static [Layer]) -> Self {
        self.not_root = layers;
        self
    }
}

const DATABASE: &str = "sealed rows: people and tokens are ciphertext without GATEWAY_SECRET";
const SAME_USER: &str = "whatever the gateway's user may do to its own processes";
const SURFACE: &str = "a way to look for defects of the kernel";

pub(crate) const ATTEMPTS: &[Attempt] = &[
    // What others have.
    attempt(
        "read_database",
        "read the database",
        &[Calls, Files, User],
        DATABASE,
        others::database,
    ),
    attempt("read_wal", "read its write-ahead log", &[Calls, Files, User], DATABASE, others::wal),
    attempt(
        "read_env",
        "read the gateway's `.env`",
        &[Calls, Files, User],
        "the secret, where it is kept there",
        others::dot_env,
    ),
    attempt(
        "write_database",
        "write to the database",
        &[Calls, Files, User],
        "the account data of everybody could be destroyed",
        others::write_database,
    ),
    attempt(
        "list_data",
        "list the data directory",
        &[Calls, Files, User],
        "names of files",
        others::list_data,
    ),
    attempt(
        "list_processes",
        "list processes in /proc",
        &[Calls, Files],
        "numbers and names of processes",
        others::list_processes,
    ),
    attempt(
        "gateway_environment",
        "read /proc/GATEWAY/environ",
        &[Calls, Files, User, Process],
        "",
        others::gateway_environment,
    ),
    attempt(
        "gateway_memory",
        "open /proc/GATEWAY/mem",
        &[Calls, Files, User, Process],
        "",
        others::gateway_memory,
    ),
    attempt(
        "gateway_descriptors",
        "open /proc/GATEWAY/fd",
        &[Calls, Files, User, Process],
        "",
        others::gateway_descriptors,
    ),
    attempt(
        "other_memory",
        "open /proc/OTHER WORKER/mem",
        &[Calls, Files, User, Process],
        "",
        others::other_memory,
    ),
    attempt(
        "vm_read",
        "process_vm_readv of another worker",
        &[Calls, Files, User, Process],
        "",
        others::vm_read,
    ),
    attempt(
        "vm_write",
        "process_vm_writev of the gateway",
        &[Calls, Files, User, Process],
        "",
        others::vm_write,
    ),
    attempt("ptrace", "ptrace another worker", &[Calls, Files, User, Process], "", others::ptrace),
    attempt(
        "steal_descriptor",
        "pidfd_getfd from the gateway",
        &[Calls, Files, User, Process],
        "",
        others::steal_descriptor,
    ),
    attempt(
        "signal_gateway",
        "signal the gateway",
        &[Calls, Signals, User],
        "it could end the gateway",
        others::signal_gateway,
    ),
    attempt(
        "signal_other",
        "signal another worker",
        &[Calls, Signals, User],
        "it could end other workers; they start again",
        others::signal_other,
    ),
    attempt(
        "signal_thread",
        "tgkill into the gateway",
        &[Calls, Signals, User],
        "it could end the gateway",
        others::signal_thread,
    ),
    attempt(
        "signal_by_pidfd",
        "pidfd_send_signal to the gateway",
        &[Calls, Signals, User],
        "it could end the gateway",
        others::signal_by_pidfd,
    ),
    attempt(
        "priority_of_gateway",
        "set the gateway's priority",
        &[Calls, User],
        SAME_USER,
        others::priority,
    )
    .not_tried_unheld(),
    attempt(
        "limits_of_gateway",
        "set the gateway's limits",
        &[Calls, User],
        SAME_USER,
        others::limits,
    ),
    attempt(
        "cpus_of_gateway",
        "set the gateway's processors",
        &[Calls, User],
        SAME_USER,
        others::cpus,
    )
    .not_tried_unheld(),
    attempt(
        "gateway_socket",
        "connect to the console's socket",
        &[Calls, User],
        "what the operator's console may: status and revocations",
        network::console,
    ),
    attempt(
        "abstract_socket",
        "connect to an abstract Unix socket",
        &[Calls, Signals],
        "services of the machine that listen on one",
        network::abstract_socket,
    ),
    // The network.
    attempt(
        "gateway_port",
        "connect to the gateway's own port",
        &[Connections],
        "what anybody on the network can",
        network::gateway_port,
    ),
    attempt(
        "other_port",
        "connect to another worker's port",
        &[Connections],
        "404: it does not know that worker's secret",
        network::other_port,
    ),
    attempt(
        "metadata",
        "connect to 169.254.169.254:80",
        &[Connections],
        "the cloud's metadata service",
        network::metadata,
    )
    .not_tried_unheld(),
    attempt(
        "fast_open",
        "connect by TCP fast open (MSG_FASTOPEN)",
        &[Calls],
        "on kernels whose Landlock does not see it: any TCP port",
        network::fast_open,
    )
    .not_tried_unheld(),
    attempt(
        "fast_open_connect",
        "connect by TCP_FASTOPEN_CONNECT",
        &[Calls],
        "on kernels whose Landlock does not see it: any TCP port",
        network::fast_open_connect,
    ),
    attempt(
        "mptcp",
        "MPTCP socket",
        &[Calls],
        "any TCP port: Landlock does not see it",
        network::mptcp,
    )
    .not_tried_unheld(),
    attempt("sctp", "SCTP socket", &[Calls], "SCTP to anywhere", network::sctp).not_tried_unheld(),
    attempt("smc", "SMC socket", &[Calls], "any TCP port: Landlock does not see it", network::smc)
        .not_tried_unheld(),
    attempt("udp", "UDP socket", &[Calls], "UDP to anywhere, name servers included", network::udp),
    attempt("icmp", "raw ICMP socket", &[Calls, Privileges], "", network::icmp),
    attempt("packet", "packet socket", &[Calls, Privileges], "", network::packet),
    attempt("netlink", "netlink socket", &[Calls], SURFACE, network::netlink),
    attempt("vsock", "vsock socket", &[Calls], "services of the hypervisor", network::vsock)
        .not_tried_unheld(),
    attempt("alg", "AF_ALG socket", &[Calls], SURFACE, network::alg).not_tried_unheld(),
    attempt("unix_pair", "pair of Unix sockets", &[Calls], SURFACE, network::unix_pair),
    attempt(
        "bind",
        "bind a TCP port",
        &[Calls, Connections],
        "a port that others may take for a service",
        network::bind,
    ),
    attempt(
        "listen",
        "listen without binding",
        &[Calls],
        "a port nobody expects anything of",
        network::listen,
    ),
    attempt(
        "send_descriptor",
        "sendmsg, which passes descriptors",
        &[Calls],
        SURFACE,
        network::send_descriptor,
    ),
    attempt(
        "kernel_tls",
        "attach a protocol to TCP (TCP_ULP)",
        &[Calls],
        SURFACE,
        network::kernel_tls,
    )
    .not_tried_unheld(),
    // More of itself.
    attempt(
        "fork",
        "make a process",
        &[Calls, Limits],
        "processes, within its limits",
        resources::fork,
    )
    .root_passes(&[Limits]),
    attempt(
        "thread",
        "make a thread",
        &[Calls, Limits],
        "threads, within its limits",
        resources::thread,
    )
    .root_passes(&[Limits]),
    attempt(
        "exec",
        "run a program",
        &[Calls, Files],
        "programs of the machine, with its rights",
        resources::exec,
    ),
    attempt("exec_itself", "execve /proc/self/exe", &[Calls, Files], "", resources::exec_itself)
        .not_tried_unheld(),
    attempt(
        "code",
        "make memory executable",
        &[Calls],
        "code that was not there, after a defect",
        resources::code,
    ),
    attempt(
        "rewrite",
        "make its own code writable and executable",
        &[Calls],
        "code that was not there, after a defect",
        resources::rewrite,
    ),
    attempt(
        "memory",
        "take more private memory than allowed",
        &[Limits],
        "the memory of the machine",
        resources::memory,
    )
    .not_tried_unheld(),
    attempt(
        "shared_memory",
        "take memory that limits do not count (shared)",
        &[Calls, Limits],
        "memory up to the address space allowed",
        resources::shared_memory,
    )
    .not_tried_unheld(),
    attempt(
        "stack_memory",
        "take memory that limits do not count (growing)",
        &[Calls],
        "memory up to the address space allowed",
        resources::stack_memory,
    ),
    attempt("locked_memory", "lock memory", &[Calls, Limits], "", resources::locked_memory)
        .not_tried_unheld(),
    attempt(
        "memory_file",
        "fill a file in memory (memfd)",
        &[Calls, Limits],
        "",
        resources::memory_file,
    )
    .not_tried_unheld(),
    attempt("secret_memory", "memfd_secret", &[Calls], SURFACE, resources::secret_memory)
        .not_tried_unheld(),
    attempt(
        "descriptors",
        "open more descriptors than allowed",
        &[Limits],
        "the descriptors of the machine",
        resources::descriptors,
    )
    .not_tried_unheld(),
    attempt(
        "pipes",
        "fill pipes",
        &[Calls],
        "memory of the kernel, 64 KiB for two descriptors",
        resources::pipes,
    ),
    attempt(
        "file_tmp",
        "make a file in /tmp",
        &[Calls, Files],
        "empty files in directories that are everybody's",
        resources::file_tmp,
    ),
    attempt(
        "file_shm",
        "make a file in /dev/shm",
        &[Calls, Files],
        "empty files in directories that are everybody's",
        resources::file_shm,
    ),
    attempt("disk", "fill the disk", &[Calls, Files, Limits], "", resources::disk)
        .not_tried_unheld(),
    attempt(
        "link",
        "make a symbolic link",
        &[Calls, Files],
        "links in directories that are everybody's",
        resources::link,
    ),
    attempt(
        "fifo",
        "make a FIFO",
        &[Calls, Files],
        "FIFOs in directories that are everybody's",
        resources::fifo,
    ),
    attempt("truncate", "truncate the database", &[Calls, Files, User], "", resources::truncate)
        .not_tried_unheld(),
    attempt("hard_link", "hard-link the database", &[Calls, Files, User], "", resources::hard_link)
        .not_tried_unheld(),
    // Its own bonds.
    attempt(
        "forget_parent",
        "take back dying with the gateway",
        &[Calls],
        "it could outlive the gateway, without a channel, an account or a connection to it",
        kernel::forget_parent,
    ),
    attempt(
        "become_readable",
        "become dumpable again",
        &[Calls],
        "its own memory readable to its own user",
        kernel::become_readable,
    ),
    attempt("new_session", "start a session", &[Calls], "", kernel::new_session).not_tried_unheld(),
    attempt("raise_limits", "raise its limits", &[Calls, Privileges], "", kernel::raise_limits),
    attempt("become_root", "setresuid to root", &[Calls, Privileges], "", kernel::become_root)
        .not_tried_unheld()
        .root_passes(&[Privileges]),
    attempt("take_capabilities", "capset", &[Calls, Privileges], "", kernel::take_capabilities),
    attempt(
        "spare_itself",
        "be spared when memory runs out",
        &[Calls, Files, Privileges],
        "",
        kernel::spare_itself,
    )
    .not_tried_unheld(),
    attempt("real_time", "real-time priority", &[Calls, Privileges], "", kernel::real_time),
    // The kernel.
    attempt("io_uring", "io_uring_setup", &[Calls], SURFACE, kernel::io_uring).not_tried_unheld(),
    attempt("bpf", "bpf", &[Calls, Privileges], SURFACE, kernel::bpf).not_tried_unheld(),
    attempt("userfaultfd", "userfaultfd", &[Calls], SURFACE, kernel::userfaultfd)
        .not_tried_unheld(),
    attempt("perf", "perf_event_open", &[Calls], SURFACE, kernel::perf).not_tried_unheld(),
    attempt("keys", "add_key", &[Calls], SURFACE, kernel::keys).not_tried_unheld(),
    attempt("namespaces", "unshare a user namespace", &[Calls], SURFACE, kernel::namespaces)
        .not_tried_unheld(),
    attempt("mount", "mount", &[Calls, Privileges], "", kernel::mount),
    attempt("chroot", "chroot", &[Calls, Privileges], "", kernel::chroot),
    attempt("module", "load a kernel module", &[Calls, Privileges], "", kernel::module),
    attempt("clock", "set the clock", &[Calls, Privileges], "", kernel::clock),
    attempt("kernel_log", "read the kernel's log", &[Calls, Privileges], "", kernel::kernel_log)
        .not_tried_unheld(),
    attempt(
        "inotify",
        "watch files",
        &[Calls],
        "names of files that change where it may look",
        kernel::inotify,
    )
    .not_tried_unheld()
    .root_passes(&[Privileges]),
    attempt("fanotify", "watch the file system", &[Calls], SURFACE, kernel::fanotify)
        .not_tried_unheld(),
    attempt(
        "shared_segment",
        "System V shared memory",
        &[Calls],
        "memory that outlives it",
        kernel::shared_segment,
    )
    .not_tried_unheld(),
    attempt("message_queue", "POSIX message queue", &[Calls, Limits], "", kernel::message_queue)
        .not_tried_unheld(),
    attempt(
        "terminal",
        "push words into a terminal (TIOCSTI)",
        &[Calls, Privileges],
        "",
        kernel::terminal,
    )
    .not_tried_unheld(),
    attempt(
        "machine",
        "sysinfo and uname",
        &[Calls],
        "load, memory and the kernel's version",
        kernel::machine,
    ),
    attempt(
        "stat_files",
        "ask whether a file is there",
        &[Calls],
        "names, sizes and times of files",
        kernel::stat_files,
    ),
    attempt(
        "every_other_call",
        "every system call that serving does not need",
        &[Calls],
        SURFACE,
        kernel::every_other_call,
    )
    .not_tried_unheld(),
];
