//! One worker process per account: started on demand, reached over a socket it inherits,
//! stopped when nobody needs it, always reaped.
//!
//! [`lifecycle`] decides about one worker and [`roster`] about all of them, both without doing
//! anything; [`supervisor`] does what they say; [`keeper`] owns one process from spawning to
//! reaping; [`control`] answers what a worker asks.

pub mod lifecycle;

mod admission;
mod backoff;
mod call;
mod cgroup;
mod connections;
mod control;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod keeper;
mod logs;
mod notes;
mod orphans;
mod ports;
mod probe;
mod process;
mod resolve;
mod roster;
mod spawn;
mod supervisor;

pub use admission::{AccountGates, Pass, Refused};
pub use call::{Answer, Call, Repeatable, SendError};
pub use cgroup::Groups;
pub use connections::AnswerBody;
pub use lifecycle::Outcome;
pub(crate) use orphans::{inherits_orphans, reap_orphans};
pub use probe::probe;
pub use process::Address;
pub use roster::{Condition, Counts, NoWorker, Note};
pub use spawn::WorkerProgram;
pub use supervisor::{Supervisor, SupervisorOptions};
