//! What an athlete has chosen on their page, and the way there.

use domain::entropy::OsEntropy;
use domain::id::DeviceId;
use domain::scope::Scopes;
use serde_json::{Value, json};

use crate::mcp::{Caller, LEGACY, Mcp, message};

async fn call(mcp: &Mcp, caller: &Caller, tool: &str, arguments: Value) -> Value {
    let call = message(LEGACY, "tools/call", json!({ "name": tool, "arguments": arguments }));
    let answer = mcp.post_as(caller, LEGACY, &call).await;
    serde_json::from_slice::<Value>(answer.body()).unwrap()["result"].take()
}

#[tokio::test]
async fn a_link_is_handed_out_for_the_device_that_asks() {
    let mcp = Mcp::start().await;
    let device = DeviceId::generate(&OsEntropy);
    let caller = Caller { device: Some(device.clone()), ..Caller::default() };
    let answer = call(&mcp, &caller, "get_account_link", json!({})).await;
    let link = &answer["structuredContent"];
    assert_eq!(link["url"], format!("https://gateway.example/account/link?token={device}"));
    assert_eq!(link["expires_at"], "2026-09-21T14:23:20Z");
}

#[tokio::test]
async fn a_link_that_cannot_be_made_says_when_to_ask_again() {
    let mcp = Mcp::start().await;
    for (device, wait) in
        [("dev_AAAAAAAAAAAAAAAAAAAAAA", None), ("dev_AAAAAAAAAAAAAAAAAAAAAQ", Some(90))]
    {
        let device = Some(DeviceId::parse(device).unwrap());
        let caller = Caller { device, ..Caller::default() };
        let answer = call(&mcp, &caller, "get_account_link", json!({})).await;
        let error = &answer["_meta"]["garmin-gateway/error"];
        assert_eq!(
            (&answer["isError"], &error["code"]),
            (&json!(true), &json!("link_unavailable"))
        );
        assert_eq!(error["retry_after_s"].as_u64(), wait);
        assert!(error["message"].as_str().unwrap().contains("sign in there"));
    }
    let nobody = call(&mcp, &Caller::default(), "get_account_link", json!({})).await;
    assert_eq!(nobody["isError"], true);
}

#[tokio::test]
async fn results_come_in_the_units_the_athlete_has_chosen_unless_a_call_asks_for_others() {
    let mcp = Mcp::start().await;
    let chosen = Caller { units: Some("imperial"), ..Caller::default() };
    let usual = Caller::default();
    let of = async |caller: &Caller, arguments| {
        call(&mcp, caller, "get_activities", arguments).await["structuredContent"].take()
    };
    let metric = of(&usual, json!({})).await;
    let imperial = of(&usual, json!({ "units": "imperial" })).await;
    assert_ne!(metric, imperial);
    assert_eq!(of(&chosen, json!({})).await, imperial);
    assert_eq!(of(&chosen, json!({ "units": "metric" })).await, metric);
}

#[tokio::test]
async fn a_bare_weight_is_one_of_the_units_the_athlete_has_chosen() {
    let mcp = Mcp::start().await;
    let usual = Caller { scopes: Scopes::ReadWrite, ..Caller::default() };
    let chosen = Caller { scopes: Scopes::ReadWrite, units: Some("imperial"), ..Caller::default() };
    let planned = async |caller: &Caller, arguments| {
        let answer = call(&mcp, caller, "add_weigh_in", arguments).await;
        answer["structuredContent"]["unit"].as_str().unwrap_or_default().to_owned()
    };
    let bare = json!({ "weight": 160, "dry_run": true });
    assert_eq!(planned(&usual, bare.clone()).await, "kg");
    assert_eq!(planned(&chosen, bare).await, "lbs");
    let named = json!({ "weight": 72, "unit_key": "kg", "dry_run": true });
    assert_eq!(planned(&chosen, named).await, "kg");
}

#[tokio::test]
async fn days_are_counted_in_the_zone_the_athlete_has_chosen_from_the_next_call_on() {
    let mcp = Mcp::start().await;
    let zone = async |name: Option<&str>| {
        let caller = Caller { time_zone: name.map(str::to_owned), ..Caller::default() };
        let answer = call(&mcp, &caller, "get_athlete_profile", json!({})).await;
        answer["structuredContent"]["identity"]["time_zone"].as_str().unwrap_or_default().to_owned()
    };
    let garmins = zone(None).await;
    assert_eq!(zone(Some("Pacific/Kiritimati")).await, "Pacific/Kiritimati");
    assert_eq!(zone(Some("America/Bogota")).await, "America/Bogota");
    assert_eq!(zone(None).await, garmins);
    assert!(!garmins.is_empty() && garmins != "America/Bogota");
}
