//! One worker process as others hold it: who it is, where it is reached, how it ended. What may
//! be done with it is the roster's to say.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use domain::clock::{Clock, Moment, Timestamp};
use domain::id::AccountId;
use http::HeaderValue;
use http::uri::Uri;
use tokio::sync::{SetOnce, watch};

use super::call::Repeatable;
use super::connections::Connections;
use super::lifecycle::Outcome;
use super::roster::{Order, WorkerId};

/// Where a worker is reached and what it expects to be shown.
#[derive(Debug)]
pub struct Address {
    pub(super) port: u16,
    pub uri: Uri,
    pub host: HeaderValue,
    pub secret: HeaderValue,
    pub(super) connections: Arc<Connections>,
}

/// What a worker announces, by name.
pub(super) type Tools = HashMap<Box<str>, Repeatable>;

pub(super) struct Worker {
    pub(super) id: WorkerId,
    pub(super) account: AccountId,
    pub(super) started_at: Timestamp,
    /// The same on the clock that nobody sets.
    pub(super) began: Moment,
    /// Known once its socket is bound, and so before it says `ready`.
    address: OnceLock<Address>,
    pid: AtomicU32,
    /// Requests it was sent.
    calls: AtomicU64,
    /// What it has announced: its tools, and which of them may be called twice.
    pub(super) tools: SetOnce<Arc<Tools>>,
    /// Whether it has answered anything.
    answered: AtomicBool,
    ended: watch::Sender<Option<Outcome>>,
    order: watch::Sender<Option<Order>>,
}

impl Worker {
    pub(super) fn new(id: WorkerId, account: AccountId, clock: &dyn Clock) -> Self {
        Self {
            id,
            account,
            started_at: clock.now(),
            began: clock.moment(),
            address: OnceLock::new(),
            pid: AtomicU32::new(0),
            calls: AtomicU64::new(0),
            tools: SetOnce::new(),
            answered: AtomicBool::new(false),
            ended: watch::Sender::new(None),
            order: watch::Sender::new(None),
        }
    }

    pub(super) fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Tells its keeper what to do. A kill is not taken back.
    pub(super) fn order(&self, order: Order) {
        self.order.send_if_modified(|standing| {
            let raised = *standing < Some(order);
            if raised {
                *standing = Some(order);
            }
            raised
        });
    }

    /// What it was ordered to do, from the first order on.
    pub(super) fn orders(&self) -> watch::Receiver<Option<Order>> {
        let mut orders = self.order.subscribe();
        orders.mark_changed();
        orders
    }

    /// Tells whoever waits for an answer.
    pub(super) fn end(&self, outcome: Outcome) {
        self.ended.send_if_modified(|ended| ended.replace(outcome).is_none());
    }

    pub(super) fn ended(&self) -> watch::Receiver<Option<Outcome>> {
        self.ended.subscribe()
    }

    pub(super) fn move_in(&self, address: Address) {
        let _ = self.address.set(address);
    }

    pub(super) fn address(&self) -> Option<&Address> {
        self.address.get()
    }

    /// Closes connections nobody has used for a while.
    pub(super) fn tidy(&self) {
        if let Some(address) = self.address.get() {
            address.connections.tidy();
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.get().map_or(0, |address| address.port)
    }

    pub(super) fn set_pid(&self, pid: Option<u32>) {
        self.pid.store(pid.unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    /// What the worker announced; only the first announcement counts.
    pub(super) fn announce(&self, tools: Arc<Tools>) {
        let _ = self.tools.set(tools);
    }

    /// Notes an answer. Tells whether it is the first.
    pub(super) fn first_answer(&self) -> bool {
        !self.answered.load(Ordering::Relaxed) && !self.answered.swap(true, Ordering::Relaxed)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({}, {})", self.account, self.port())
    }
}
