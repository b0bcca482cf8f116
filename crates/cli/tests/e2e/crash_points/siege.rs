//! One gateway after the other on the same data, and what must hold between them.

use std::time::{Duration, Instant};

use serde_json::json;
use simulator::Counters;
use tempfile::TempDir;

use super::deeds::Deed;
use super::{Moment, Point};
use crate::client::{Client, Tokens, challenged};
use crate::faults::Faults;
use crate::http::Reply;
use crate::mcp::{Era, answer_of};
use crate::process::eventually;
use crate::secrets::Kept;
use crate::world::{Person, World};

/// Workers end with their gateway within this time.
const ORPHANS: Duration = Duration::from_secs(5);
/// Eleven days: a pair this old is renewed by the janitor.
const STALE_SECONDS: i64 = 11 * 24 * 3600;
/// A lease lasts a minute; a call after a restart must not wait for that of a dead gateway.
const NOT_HELD_UP: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) killed: u64,
    /// The deed was over before the call came.
    pub(super) escaped: u64,
    /// Garmin had committed, we had not: signed out, the only way it may happen.
    pub(super) lost_in_the_window: u64,
    /// Tokens whose answer died with the gateway; the client starts over.
    pub(super) answers_lost: u64,
}

pub(super) struct Siege {
    pub(super) world: World,
    pub(super) client: Client,
    pub(super) person: Person,
    /// Of the device that must never be signed out.
    pub(super) anchor: Tokens,
    /// Of devices to revoke.
    pub(super) spare: Vec<Tokens>,
    /// Of devices whose end was acknowledged at this point.
    pub(super) gone: Vec<Tokens>,
    pub(super) counts: Counts,
    /// What the operator's commands obey.
    pub(super) operators: Faults,
    _operators_place: TempDir,
    /// The device that the operator is to end.
    pub(super) condemned: Option<Tokens>,
    pub(super) condemned_device: String,
    /// Of the stored pair, before the janitor has a turn.
    pub(super) generation: i64,
    known: Kept,
    /// Microseconds.
    commits: Vec<u64>,
    now: Option<Point>,
    /// Whether a gateway has been killed and started again at this point.
    pub(super) risen: bool,
}

impl Siege {
    pub(super) async fn begin() -> Self {
        let world = World::start_with_faults().await;
        let client = world.client().await;
        let person = world.coded().clone();
        let known = world.secrets.so_far();
        let anchor = world.connect(&client, &person).await;
        let place = tempfile::tempdir().unwrap();
        Self {
            world,
            client,
            person,
            anchor,
            spare: Vec::new(),
            gone: Vec::new(),
            counts: Counts::default(),
            operators: Faults::new(place.path()),
            _operators_place: place,
            condemned: None,
            condemned_device: String::new(),
            generation: 0,
            known,
            commits: Vec::new(),
            now: None,
            risen: false,
        }
    }

    pub(super) fn garmin(&self) -> Counters {
        self.world.control().counters(&self.person.email).unwrap()
    }

    fn faults_of(&self, deed: Deed) -> &Faults {
        match deed {
            Deed::Console => &self.operators,
            Deed::SignIn
            | Deed::Call
            | Deed::TwoCalls
            | Deed::Renewal
            | Deed::Janitor
            | Deed::Revocation => self.world.faults(),
        }
    }

    /// How many calls a deed makes when nothing happens to it, at most.
    pub(super) async fn calls_of(&mut self, deed: Deed) -> u64 {
        let mut most = 0;
        for _ in 0..2 {
            self.prepare(deed).await;
            self.faults_of(deed).kill_at(None, Moment::Before);
            self.perform(deed).await;
            most = most.max(self.faults_of(deed).seen());
            self.faults_of(deed).disarm();
            self.check(None).await;
        }
        most
    }

    /// A deed and a blow in the middle, and what must hold afterwards.
    pub(super) async fn strike(&mut self, index: u64, point: Point) {
        self.prepare(point.deed).await;
        self.now = Some(point);
        self.risen = false;
        let before = self.garmin();
        let stored = self.world.logged("garmin-refresh-ok");
        self.faults_of(point.deed).kill_at(Some(point.call), point.moment);
        self.perform(point.deed).await;
        self.faults_of(point.deed).disarm();
        // A thread that finds itself disarmed takes its last word back.
        let by = eventually("dead or alive", async || {
            let by = self.faults_of(point.deed).killed_by();
            let settled =
                by.is_none() || self.risen || point.deed == Deed::Console || self.world.has_ended();
            settled.then_some(by)
        })
        .await;
        if by.is_none() {
            self.counts.escaped += 1;
        } else {
            self.counts.killed += 1;
            if point.deed != Deed::Console && !self.risen {
                // It died after its last word.
                self.rise().await;
            }
        }
        let context = format!("point {index}, {point:?} at {by:?}");
        self.check(Some(&Before { context, garmin: before, stored })).await;
        self.now = None;
    }

    /// What a deed needs that is not part of it.
    async fn prepare(&mut self, deed: Deed) {
        match deed {
            Deed::Revocation | Deed::Renewal | Deed::TwoCalls if self.spare.is_empty() => {
                let tokens = self.world.connect(&self.client, &self.person).await;
                self.spare.push(tokens);
            }
            Deed::Console => {
                let before = self.devices().await;
                self.condemned = Some(self.world.connect(&self.client, &self.person).await);
                let mut devices = self.devices().await;
                devices.retain(|device| !before.contains(device));
                self.condemned_device = devices.pop().unwrap();
            }
            Deed::Janitor => {
                self.generation = self.world.generation().await;
                self.world.kill().await;
                self.world.faults().shift_clock(STALE_SECONDS);
            }
            Deed::SignIn | Deed::Call | Deed::TwoCalls | Deed::Renewal | Deed::Revocation => {}
        }
    }

    pub(super) async fn devices(&self) -> Vec<String> {
        let listed = self.world.console(&["revoke", "--list"]).await;
        let devices = listed["devices"].as_array().unwrap().iter();
        devices.map(|listed| listed["device"].as_str().unwrap().to_owned()).collect()
    }

    /// A new gateway in the place of the one the blow has killed.
    pub(super) async fn rise(&mut self) {
        let by = self.world.faults().killed_by();
        let (now, log) = (self.now, self.world.log());
        assert!(by.is_some() && !self.risen, "{now:?}: it lives and does not answer\n{log}");
        self.world.ended().await;
        self.world.faults().disarm();
        // Nobody has told them: they notice.
        let died = Instant::now();
        eventually("no orphans", async || self.world.all_workers().is_empty().then_some(())).await;
        assert!(died.elapsed() < ORPHANS, "workers outlived their gateway: {:?}", died.elapsed());
        self.risen = true;
        self.world.start_gateway().await;
    }

    /// The answer to a call: data, or the challenge that [`Siege::check`] will not forgive
    /// without cause.
    pub(super) fn expect_answer(&self, reply: &Reply) {
        if reply.status == 401 {
            challenged(reply);
        } else {
            assert_eq!(answer_of(reply)["status"], "ok", "{:?}", self.now);
        }
    }

    async fn check(&mut self, before: Option<&Before>) {
        let context = before.map_or("a clean run", |before| &*before.context);
        let mcp = self.client.mcp(&self.anchor, Era::Handshake);
        let asked = Instant::now();
        let reply = mcp.call("get_stats", &json!({})).await.unwrap();
        assert!(asked.elapsed() < NOT_HELD_UP, "{context}: held up for {:?}", asked.elapsed());
        let now = self.garmin();
        if reply.status == 401 {
            challenged(&reply);
            let before = before.unwrap_or_else(|| panic!("{context}: signed out"));
            let rotated = now.rotated - before.garmin.rotated;
            let stored = self.world.logged("garmin-refresh-ok") - before.stored;
            assert!(self.risen, "{context}: signed out without a blow");
            assert!(u64::try_from(stored).unwrap() < rotated, "{context}: signed out");
            assert_eq!(now.reused, before.garmin.reused + 1, "{context}: signed out");
            self.counts.lost_in_the_window += 1;
            let tokens = self.world.connect(&self.client, &self.person).await;
            self.spare.push(tokens);
            let reply = mcp.call("get_stats", &json!({})).await.unwrap();
            assert_eq!(answer_of(&reply)["status"], "ok", "{context}: a sign-in mends it");
        } else {
            assert_eq!(answer_of(&reply)["status"], "ok", "{context}");
            if let Some(before) = before {
                assert_eq!(now.reused, before.garmin.reused, "{context}: a spent token was sent");
                assert_eq!(now.rejected, before.garmin.rejected, "{context}: refused");
            }
        }
        assert_eq!(now.overlapping, 0, "{context}: two refreshes at once");
        if let Some(newest) = self.spare.last() {
            let mcp = self.client.mcp(newest, Era::Stateless);
            let reply = mcp.call("get_full_name", &json!({})).await.unwrap();
            assert_eq!(reply.status, 200, "{context}: who got tokens keeps them");
        }
        for gone in std::mem::take(&mut self.gone) {
            let mcp = self.client.mcp(&gone, Era::Handshake);
            eventually("revoked", async || {
                let reply = mcp.request("tools/list", json!({})).await.unwrap();
                (reply.status == 401).then_some(())
            })
            .await;
            let refused = self.client.refresh(&gone).await;
            assert_eq!(refused.json()["error"], "invalid_grant", "{context}: revoked");
        }
    }

    /// How long the window was open: from the last byte of Garmin's answer to the commit.
    pub(super) fn window(&self) -> String {
        let mut commits = self.commits.clone();
        commits.sort_unstable();
        let at = |share: usize| commits[(commits.len() - 1) * share / 100];
        format!("{} commits, p50 {} us, p99 {} us", commits.len(), at(50), at(99))
    }

    /// Counts devices, looks for secrets, and makes room.
    pub(super) async fn take_stock(&mut self) {
        let expected = 1 + self.spare.len() as u64 + self.counts.answers_lost;
        assert_eq!(self.world.count("devices").await, expected, "a code made two devices");
        assert_eq!(self.world.count("accounts").await, 1);
        while self.spare.len() > 2 {
            let tokens = self.spare.remove(0);
            assert_eq!(self.client.revoke(&tokens).await.unwrap().status, 200);
        }
        self.world.assert_private();
        let log = self.world.log();
        let waits = log.split("\"commit_us\":").skip(1);
        self.commits.extend(waits.map(|rest| {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
            digits.parse::<u64>().unwrap()
        }));
        self.world.clear_log();
        self.world.secrets.back_to(&self.known);
        for tokens in self.spare.iter().chain([&self.anchor]) {
            self.world.secrets.token(&tokens.access);
            self.world.secrets.token(&tokens.refresh);
        }
    }
}

/// What was before the blow.
struct Before {
    context: String,
    garmin: Counters,
    /// Renewals in the log.
    stored: usize,
}
