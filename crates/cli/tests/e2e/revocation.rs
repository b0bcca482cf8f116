//! Access that ends: at Garmin, and by the operator.

use serde_json::json;

use crate::client::challenged;
use crate::mcp::Era;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn rel46_a_session_ended_at_garmin_asks_for_a_sign_in_and_one_sign_in_mends_every_client() {
    let world = World::start().await;
    let (first, second) = (world.client().await, world.client().await);
    let person = world.runner();
    let tokens = world.connect(&first, person).await;
    let others = world.connect(&first, world.coded()).await;
    let name = world.facts(person).full_name;
    let mcp = first.mcp(&tokens, Era::Handshake);
    assert_eq!(mcp.full_name().await, name);

    assert!(world.control().revoke_session(&person.email));
    challenged(&mcp.call("get_stats", &json!({})).await.unwrap());
    challenged(&mcp.request("tools/list", json!({})).await.unwrap());
    let refused = first.refresh(&tokens).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &json!("invalid_grant")));
    assert_eq!(world.count("accounts_needing_sign_in").await, 1);
    let other = first.mcp(&others, Era::Stateless);
    assert_eq!(other.ask("get_stats", json!({ "date": "yesterday" })).await["status"], "ok");

    let fresh = world.connect(&second, person).await;
    assert_eq!(second.mcp(&fresh, Era::Handshake).full_name().await, name);
    assert_eq!(mcp.full_name().await, name, "the first client's token works again");
    assert_eq!(mcp.ask("get_stats", json!({})).await["status"], "ok");
    let renewed = first.tokens(&first.refresh(&tokens).await);
    assert_eq!(first.mcp(&renewed, Era::Stateless).full_name().await, name);
    assert_eq!(world.count("accounts_needing_sign_in").await, 0);
    assert_eq!(world.count("accounts").await, 2);
    assert_eq!(world.control().counters(&person.email).unwrap().reused, 0);
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn inv11_a_device_revoked_by_the_operator_is_out_at_the_next_call_and_the_other_goes_on() {
    let world = World::start().await;
    let client = world.client().await;
    let lost = world.connect(&client, world.runner()).await;
    let devices = world.console(&["revoke", "--list"]).await;
    let device = devices["devices"][0]["device"].as_str().unwrap();
    let kept = world.connect(&client, world.runner()).await;
    let name = world.facts(world.runner()).full_name;
    let (lost_mcp, kept_mcp) =
        (client.mcp(&lost, Era::Handshake), client.mcp(&kept, Era::Handshake));
    assert_eq!(
        (lost_mcp.full_name().await, kept_mcp.full_name().await),
        (name.clone(), name.clone())
    );
    let workers = world.workers();

    let revoked = world.console(&["revoke", "--device", device, "--yes"]).await;
    assert_eq!(revoked["effect"], "at_once", "{revoked}");
    assert_eq!(revoked["revoked"].as_array().unwrap().len(), 1, "{revoked}");
    challenged(&lost_mcp.call("get_full_name", &json!({})).await.unwrap());
    assert_eq!(client.refresh(&lost).await.json()["error"], "invalid_grant");
    assert_eq!(kept_mcp.full_name().await, name);
    assert_eq!(world.workers(), workers, "the worker of the other device stays");
    assert_eq!(world.count("devices").await, 1);
    world.assert_private();
}
