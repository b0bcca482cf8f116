//! One worker process per account: started on demand, reached over a socket it inherits,
//! stopped when nobody needs it, always reaped.
//!
//! [`lifecycle`] decides, [`supervisor`] knows who runs, [`keeper`] owns one process from
//! spawning to reaping, [`control`] answers what a worker asks.

pub mod lifecycle;

mod admission;
mod backoff;
mod control;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod keeper;
mod logs;
mod orphans;
mod process;
mod resolve;
mod spawn;
mod supervisor;

pub use admission::{AccountGates, Pass, Refused};
pub use lifecycle::Outcome;
pub(crate) use orphans::reap_orphans;
pub use process::{Answer, Call, Repeatable, SendError};
pub use spawn::WorkerProgram;
pub use supervisor::{NoWorker, Supervisor, SupervisorOptions};
