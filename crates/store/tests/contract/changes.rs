//! How one gateway learns what another did.

use std::time::Duration;

use domain::console::Revoked;
use domain::id::{AccountId, Generation};
use store::{Change, Changes};
use tokio::time::timeout;

use crate::support::{Db, NOW, lease_owner, on_both};

/// A busy machine, and never five seconds on an idle one.
const SOON: Duration = Duration::from_secs(20);

async fn next(changes: &mut Changes) -> Change {
    timeout(SOON, changes.next()).await.unwrap()
}

on_both! {
    async fn inv11_the_revision_grows_with_everything_that_ends_access_and_with_nothing_else(db: &Db) {
        let client = db.client().await;
        let account = db.connect("guid-1").await.account;
        let devices = [
            db.device(&account, &client).await,
            db.device(&account, &client).await,
            db.device(&account, &client).await,
        ];
        let (grant, _) = db.grant(&account, &client).await;
        db.redeem(&grant).await;
        let mut last = db.store.access_revision().await.unwrap();
        db.connect("guid-1").await;
        db.device(&account, &client).await;
        db.store.flush().await.unwrap();
        assert_eq!(db.store.access_revision().await.unwrap(), last);
        let mut grown = async |what: &str| {
            let now = db.store.access_revision().await.unwrap();
            assert_ne!(now, last, "{what}");
            last = now;
        };
        let access = &devices[0].pair.access;
        db.store.revoke_access(access, &devices[0].id, NOW).await.unwrap();
        grown("a token").await;
        db.store.revoke_device(&devices[1].id).await.unwrap();
        grown("a device").await;
        db.store.revoke_grant(&grant.id, NOW).await.unwrap();
        grown("a grant").await;
        db.store.revoke_account_devices(&account, NOW).await.unwrap();
        grown("an account").await;
        db.store.revoke_all(NOW).await.unwrap();
        grown("everything").await;
        db.store.forget_account(&account, NOW).await.unwrap();
        grown("a forgotten account").await;
    }
}

on_both! {
    async fn of_all_devices_those_are_live_that_can_come_back(db: &Db) {
        let client = db.client().await;
        let account = db.connect("guid-1").await.account;
        let [gone, kept] =
            [db.device(&account, &client).await, db.device(&account, &client).await];
        db.store.revoke_device(&gone.id).await.unwrap();
        let live = db.store.live_devices(NOW).await.unwrap();
        assert_eq!(live, [(account, kept.id)]);
        let later = NOW.plus(Duration::from_hours(31 * 24));
        assert_eq!(db.store.live_devices(later).await.unwrap(), []);
    }
}

/// What a file cannot do: its gateways look at the revision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inv11_a_server_tells_every_node_at_once_whose_access_ended() {
    let Some(db) = Db::postgres().await else { return };
    let mut changes = db.store.changes();
    assert_eq!(next(&mut changes).await, Change::Missed, "what came before was not heard");
    let client = db.client().await;
    let account = db.connect("guid-1").await.account;
    assert_eq!(next(&mut changes).await, Change::Account(account.clone()));
    let device = db.device(&account, &client).await.id;
    db.store.revoke_device(&device).await.unwrap();
    let ended = |account: &AccountId| Revoked::Device { device, account: account.clone() };
    assert_eq!(next(&mut changes).await, Change::Ended(ended(&account)));
    let owner = lease_owner();
    let until = NOW.plus(Duration::from_mins(1));
    db.store.take_lease(&account, Generation(1), &owner, until, NOW).await.unwrap();
    assert!(db.store.mark_sign_in_needed(&account, &owner, Generation(1)).await.unwrap());
    assert_eq!(next(&mut changes).await, Change::Account(account.clone()));
    db.store.revoke_account_devices(&account, NOW).await.unwrap();
    assert_eq!(next(&mut changes).await, Change::Ended(Revoked::Account(account)));
    db.store.revoke_all(NOW).await.unwrap();
    assert_eq!(next(&mut changes).await, Change::Ended(Revoked::Everything));
    db.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel57_after_a_lost_connection_it_is_known_that_news_was_missed() {
    let Some(db) = Db::postgres().await else { return };
    let mut changes = db.store.changes();
    assert_eq!(next(&mut changes).await, Change::Missed);
    assert!(db.schema.as_ref().unwrap().cut_connections().await > 0);
    assert_eq!(next(&mut changes).await, Change::Missed);
    let account = db.connect("guid-1").await.account;
    assert_eq!(next(&mut changes).await, Change::Account(account), "and it is heard again");
    db.finish().await;
}
