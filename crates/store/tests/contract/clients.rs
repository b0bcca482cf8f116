//! Registered clients, and which of them may ever be swept.

use domain::entropy::OsEntropy;
use domain::id::ClientId;
use domain::oauth::AuthMethod;
use domain::redirect::RedirectUri;
use domain::scope::Scopes;
use domain::token::{ClientSecret, Token};
use store::{Freshness, NewClient};

use crate::support::{DAY, NOW, new_client, on_both};

on_both! {
    async fn a_registration_reads_back_as_it_was_made(db: &Db) {
        let secret = db.store.digest(&Token::<ClientSecret>::generate(&OsEntropy));
        let other = db.store.digest(&Token::<ClientSecret>::generate(&OsEntropy));
        let client = NewClient {
            auth_method: AuthMethod::ClientSecretBasic,
            secret: Some(secret),
            client_uri: Some("https://client.example".to_owned()),
            scopes: Some(Scopes::ReadOnly),
            ..new_client("Läufer's laptop")
        };
        assert!(db.store.register_client(&client, NOW).await.unwrap());
        let found = db.store.find_client(&client.id).await.unwrap().unwrap();
        assert_eq!(found.name.as_deref(), Some("Läufer's laptop"));
        assert_eq!(found.client_uri.as_deref(), Some("https://client.example"));
        assert_eq!(found.auth_method, AuthMethod::ClientSecretBasic);
        assert_eq!((found.scopes, found.created_at), (Some(Scopes::ReadOnly), NOW));
        assert_eq!(found.redirect_uris, client.redirect_uris);
        assert!(found.secret_is(&secret) && !found.secret_is(&other));
        let loopback = RedirectUri::parse("http://127.0.0.1:9999/callback").unwrap();
        let elsewhere = RedirectUri::parse("https://evil.example/callback").unwrap();
        assert!(found.allows_redirect(&loopback) && !found.allows_redirect(&elsewhere));
        let unknown = ClientId::generate(&OsEntropy);
        assert!(db.store.find_client(&unknown).await.unwrap().is_none());
    }
}

on_both! {
    async fn a_public_client_has_no_secret_that_fits(db: &Db) {
        let client = db.client().await;
        let secret = db.store.digest(&Token::<ClientSecret>::generate(&OsEntropy));
        assert!(!db.store.find_client(&client).await.unwrap().unwrap().secret_is(&secret));
    }
}

on_both! {
    async fn an_id_is_registered_once_and_a_document_may_change(db: &Db) {
        let first = new_client("first");
        let second = NewClient { name: Some("second".to_owned()), ..first.clone() };
        assert!(db.store.register_client(&first, NOW).await.unwrap());
        assert!(!db.store.register_client(&second, NOW).await.unwrap());
        let name = async || db.store.find_client(&first.id).await.unwrap().unwrap().name;
        assert_eq!(name().await.as_deref(), Some("first"));
        let fresh = Freshness { fetched_at: NOW.plus(DAY), fresh_until: NOW.plus(2 * DAY) };
        db.store.put_client(&second, fresh, NOW.plus(DAY)).await.unwrap();
        assert_eq!(name().await.as_deref(), Some("second"));
    }
}

on_both! {
    async fn sec031_only_a_client_that_never_led_to_a_device_is_swept_and_not_for_400_days(
        db: &Db
    ) {
        let account = db.connect("guid-1").await.account;
        let abandoned = db.client().await;
        let used = db.client().await;
        let consenting = db.client().await;
        let returning = db.client().await;
        let device = db.device(&account, &used).await;
        db.store.revoke_device(&device.id).await.unwrap().unwrap();
        db.grant(&account, &consenting).await;
        db.store.touch_client(&returning, NOW.plus(40 * DAY));
        db.store.flush().await.unwrap();

        for days in [29, 31, 399, 400] {
            let swept = db.store.sweep_abandoned_clients(NOW.plus(days * DAY)).await.unwrap();
            assert_eq!(swept, 0, "after {days} days");
        }
        assert_eq!(db.store.sweep_abandoned_clients(NOW.plus(401 * DAY)).await.unwrap(), 1);
        assert!(db.store.find_client(&abandoned).await.unwrap().is_none());
        for kept in [&used, &consenting, &returning] {
            assert!(db.store.find_client(kept).await.unwrap().is_some());
        }
    }
}

on_both! {
    async fn sec030_a_crowd_without_devices_is_bounded_and_the_latest_are_spared(db: &Db) {
        let connected = db.client().await;
        let account = db.connect("guid-1").await.account;
        db.device(&account, &connected).await;
        let regular = db.client().await;
        db.store.touch_client(&regular, NOW.plus(2 * DAY));
        db.store.flush().await.unwrap();
        // 50,009 rows, all of them a day old; what is in them is not looked at.
        db.execute(
            "INSERT INTO clients (client_id, auth_method, metadata, created_at, last_used_at)
             SELECT 'flood-' || a.n || '-' || b.n, 'none', metadata, created_at, last_used_at
               FROM clients AS c
              CROSS JOIN (WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t
                                                   WHERE n < 250) SELECT n FROM t) AS a
              CROSS JOIN (WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t
                                                   WHERE n < 201) SELECT n FROM t) AS b
              WHERE c.first_device_at IS NOT NULL",
        )
        .await;
        let crowd = 250 * 201 + 1;
        assert_eq!(db.store.sweep_abandoned_clients(NOW.plus(DAY)).await.unwrap(), 0, "spared");
        let swept = db.store.sweep_abandoned_clients(NOW.plus(3 * DAY)).await.unwrap();
        assert_eq!(swept, crowd - 50_000);
        for kept in [&connected, &regular] {
            assert!(db.store.find_client(kept).await.unwrap().is_some());
        }
    }
}

on_both! {
    async fn clients_are_listed_with_their_devices(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let client = db.client().await;
        db.device(&account, &client).await;
        db.device(&account, &client).await;
        let listed = db.store.list_clients().await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].devices, listed[0].name.as_deref()), (2, Some("Test client")));
    }
}

on_both! {
    async fn a_document_ages_and_a_registration_does_not(db: &Db) {
        let document = async |id| db.store.find_client(id).await.unwrap().unwrap().document;
        let registered = db.client().await;
        let described = new_client("described");
        let fresh = Freshness { fetched_at: NOW, fresh_until: NOW.plus(DAY) };
        db.store.put_client(&described, fresh, NOW).await.unwrap();
        assert_eq!(document(&registered).await, None);
        assert_eq!(document(&described.id).await, Some(fresh));
        for id in [&registered, &described.id] {
            db.store.expire_document(id).await.unwrap();
        }
        assert_eq!(document(&registered).await, None);
        assert!(document(&described.id).await.unwrap().fresh_until < NOW);
        let later = Freshness { fetched_at: NOW.plus(DAY), fresh_until: NOW.plus(2 * DAY) };
        db.store.put_client(&described, later, NOW.plus(DAY)).await.unwrap();
        assert_eq!(document(&described.id).await, Some(later));
    }
}

on_both! {
    async fn a_described_client_with_a_device_survives_the_sweep_and_a_lost_document(db: &Db) {
        let account = db.connect("guid-1").await.account;
        let described = new_client("described");
        let abandoned = new_client("abandoned");
        let fresh = Freshness { fetched_at: NOW, fresh_until: NOW.plus(DAY) };
        for client in [&described, &abandoned] {
            db.store.put_client(client, fresh, NOW).await.unwrap();
        }
        db.device(&account, &described.id).await;
        db.store.expire_document(&described.id).await.unwrap();
        assert_eq!(db.store.sweep_abandoned_clients(NOW.plus(800 * DAY)).await.unwrap(), 1);
        assert!(db.store.find_client(&described.id).await.unwrap().is_some());
        assert!(db.store.find_client(&abandoned.id).await.unwrap().is_none());
    }
}
