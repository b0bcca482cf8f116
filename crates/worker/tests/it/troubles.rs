//! Garmin in trouble, and what the caller hears of it.

use domain::contract::{CredentialsAnswer, STATUS_SIGN_IN_NEEDED};
use domain::id::Generation;
use serde_json::json;
use simulator::{Effect, Fault, Host, Matcher};

use crate::garmin::EMAIL;
use crate::mcp::{LEGACY, MODERN, Mcp, grant, message};

const HRV: &str = "/hrv-service";

fn hrv_fault(mcp: &Mcp, effect: Effect) {
    let when = Matcher::host(Host::Api).path(HRV);
    mcp.garmin.simulator.control().add_fault(Fault::always(when, effect));
}

#[tokio::test]
async fn t128_rel37_each_kind_of_trouble_has_its_code_and_shows_nothing_of_the_machinery() {
    let mcp = Mcp::start().await;
    // The zone is known from here on; what fails below is one endpoint.
    mcp.ask("get_stats", json!({})).await;
    let status = |status| Effect::Status { status, retry_after_secs: None };
    for (effect, code) in [
        (Effect::Status { status: 503, retry_after_secs: Some(600) }, "upstream_error"),
        (status(403), "no_permission"),
        (Effect::HtmlPage, "upstream_error"),
        (Effect::Challenge, "no_permission"),
        (Effect::Malformed, "upstream_error"),
        (Effect::Reset, "upstream_error"),
        (Effect::Status { status: 429, retry_after_secs: Some(30) }, "rate_limited"),
    ] {
        hrv_fault(&mcp, effect.clone());
        // A day that has data, whatever the time is.
        let (error, text) = mcp.fail("get_hrv", json!({ "date": "yesterday" })).await;
        assert_eq!(error["code"], code, "{effect:?}: {text}");
        let told = format!("{error} {text}");
        for secret in ["hrv-service", "://", "127.0.0.1", "<", ".rs", "Bearer", "eyJ", EMAIL] {
            assert!(!told.contains(secret), "{effect:?}: {secret} in {told}");
        }
        if code == "rate_limited" {
            let wait = error["retry_after_s"].as_u64().unwrap();
            assert!((25..=30).contains(&wait), "{wait}");
        }
        mcp.garmin.simulator.control().clear_faults();
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_once_costs_nothing() {
    let mcp = Mcp::start().await;
    let when = Matcher::host(Host::Api).path(HRV);
    let torn = Fault::once(when, Effect::Torn { after_bytes: 40 });
    mcp.garmin.simulator.control().add_fault(torn);
    let answer = mcp.ask("get_hrv", json!({})).await;
    assert!(answer["status"].is_string());
}

#[tokio::test]
async fn no_content_is_no_data() {
    let mcp = Mcp::start().await;
    mcp.ask("get_stats", json!({})).await;
    hrv_fault(&mcp, Effect::NoContent);
    let answer = mcp.ask("get_hrv", json!({ "date": "yesterday" })).await;
    assert_eq!(answer["status"], "no_data");
    assert_eq!(answer["reason"], "not_recorded");
}

#[tokio::test]
async fn rel38_a_refused_token_is_replaced_and_the_call_goes_on() {
    let mcp = Mcp::start().await;
    mcp.garmin.simulator.control().expire_access_tokens(Some(EMAIL));
    let fresh = CredentialsAnswer::Granted(grant(&mcp.garmin.tokens(), 2));
    mcp.answers.lock().unwrap().push_back(fresh);
    let answer = mcp.ask("get_full_name", json!({})).await;
    assert_eq!(answer["status"], "ok");
    assert_eq!(*mcp.asked.lock().unwrap(), [Some(Generation(1))]);
}

#[tokio::test]
async fn rel38_when_only_a_sign_in_helps_the_gateway_hears_it_alone() {
    let mcp = Mcp::start().await;
    mcp.garmin.simulator.control().revoke_session(EMAIL);
    for era in [LEGACY, MODERN] {
        let params = json!({ "name": "get_full_name", "arguments": {} });
        let answer = mcp.post(era, &message(era, "tools/call", params)).await;
        assert_eq!(answer.status(), STATUS_SIGN_IN_NEEDED, "{era}");
        assert!(answer.body().is_empty());
    }
    // The list, and the question about the sign-in itself, are not punished.
    assert!(mcp.tools().await.len() > 20);
    let status = mcp.ask("garmin_auth_status", json!({ "verify": true })).await;
    assert_eq!(status["state"], "expired", "{status}");
    assert!(status["next_step"].as_str().unwrap().contains("reconnect"));
}

#[tokio::test]
async fn a_gateway_without_credentials_for_now_is_no_reason_to_sign_in() {
    let mcp = Mcp::start().await;
    mcp.garmin.simulator.control().expire_access_tokens(Some(EMAIL));
    let wait = CredentialsAnswer::Unavailable { retry_after_secs: 7 };
    mcp.answers.lock().unwrap().extend([wait.clone(), wait]);
    let (error, text) = mcp.fail("get_full_name", json!({})).await;
    assert_eq!(error["code"], "upstream_error", "{text}");
    assert_eq!(error["retry_after_s"], 7);
    let status = mcp.ask("garmin_auth_status", json!({ "verify": true })).await;
    assert_eq!(status["state"], "unknown", "{status}");
}

#[tokio::test]
async fn the_state_of_the_sign_in_is_told() {
    let mcp = Mcp::start().await;
    let known = mcp.ask("garmin_auth_status", json!({})).await;
    assert_eq!((&known["state"], &known["verified"]), (&json!("ok"), &json!(false)));
    assert_eq!(known["region"], "global");
    let verified = mcp.ask("garmin_auth_status", json!({ "verify": true })).await;
    assert_eq!(verified["verified"], true);
    assert_eq!(verified["full_name"], mcp.garmin.season().full_name);
}

#[tokio::test]
async fn a_failed_part_of_an_activity_does_not_cost_the_rest() {
    let mcp = Mcp::start().await;
    let list = mcp.ask("get_activities", json!({ "limit": 1 })).await;
    let id = &list["activities"][0]["id"];
    let when = Matcher::host(Host::Api).path(format!("/activity-service/activity/{id}/splits"));
    let effect = Effect::Status { status: 403, retry_after_secs: None };
    mcp.garmin.simulator.control().add_fault(Fault::always(when, effect));
    let details = mcp.ask("get_activity_details", json!({ "activity_id": id })).await;
    assert_eq!(details["laps"], json!({ "status": "unavailable" }), "{details}");
    assert!(details["hr_zones"].is_object());
    assert!(
        details["warnings"][0].as_str().unwrap().starts_with("laps: no_permission"),
        "{details}"
    );
}

#[tokio::test]
async fn a_day_keeps_its_body_battery_when_only_the_curve_fails() {
    let mcp = Mcp::start().await;
    let when = Matcher::host(Host::Api).path("/wellness-service/wellness/dailyStress");
    let effect = Effect::Status { status: 403, retry_after_secs: None };
    mcp.garmin.simulator.control().add_fault(Fault::always(when, effect));
    let answer = mcp.ask("get_body_battery", json!({ "date": "yesterday" })).await;
    assert_eq!(answer["status"], "ok", "{answer}");
    assert!(answer["days"][0]["charged"].is_i64(), "{answer}");
    assert!(answer["days"][0].get("series").is_none());
    assert!(answer["warnings"][0].as_str().unwrap().starts_with("series: no_permission"));
}

#[tokio::test]
async fn gear_is_listed_without_mileage_once_garmin_limits_requests() {
    let limited = Effect::Status { status: 429, retry_after_secs: None };
    let unknown = Effect::Status { status: 404, retry_after_secs: None };
    // The list of all mileage refuses; or it does not exist, and each piece does.
    for list in [unknown, limited.clone()] {
        let mcp = Mcp::start().await;
        let control = mcp.garmin.simulator.control();
        let fault = |path: &str, effect: &Effect| {
            let when = Matcher::host(Host::Api).path(path);
            control.add_fault(Fault::always(when, effect.clone()));
        };
        fault("/gear-service/gear/v2/list", &list);
        fault("/gear-service/gear/stats", &limited);
        control.clear_requests();
        let gear = mcp.ask("get_gear", json!({})).await;
        assert!(gear["gear"][0]["name"].is_string(), "{gear}");
        assert!(gear["gear"][0].get("stats").is_none(), "{gear}");
        assert!(gear["warnings"][0].as_str().unwrap().starts_with("stats: rate_limited"), "{gear}");
        let asked = control.requests();
        let stats = asked.iter().filter(|it| it.path.contains("/gear/stats/")).count();
        assert!(stats <= 4, "{stats}");
    }
}

#[tokio::test]
async fn a_day_the_watch_has_not_sent_is_not_called_unrecorded() {
    let mcp = Mcp::start().await;
    let control = mcp.garmin.simulator.control();
    let gone = |path: &str| {
        let when = Matcher::host(Host::Api).path(path);
        control.add_fault(Fault::always(when, Effect::NoContent));
    };
    for path in ["/usersummary-service", "/device-service", "/hrv-service"] {
        gone(path);
    }
    let answer = mcp.ask("get_hrv", json!({ "date": "yesterday" })).await;
    assert_eq!(answer["status"], "no_data");
    assert!(answer.get("reason").is_none(), "{answer}");
}
