//! Who the simulated athlete is.

use serde_json::json;

use crate::mcp::Mcp;

#[tokio::test]
async fn one_person_in_every_tool() {
    let mcp = Mcp::start().await;
    let name = mcp.ask("get_full_name", json!({})).await;
    assert_eq!(name["full_name"], mcp.garmin.season().full_name);
    let units = mcp.ask("get_unit_system", json!({})).await;
    assert_eq!(units["unit_system"], "metric");
    let settings = mcp.ask("get_userprofile_settings", json!({})).await;
    assert_eq!(settings["measurement_system"], "metric");
    assert_eq!(settings["time_zone"], mcp.garmin.season().zone);
    let athlete = mcp.ask("get_athlete_profile", json!({})).await;
    assert_eq!(athlete["identity"]["full_name"], name["full_name"]);
    assert_eq!(athlete["identity"]["time_zone"], mcp.garmin.season().zone);
    let profile = mcp.ask("get_user_profile", json!({})).await;
    assert_eq!(athlete["body"]["height_cm"]["value"], profile["height_cm"]);
    assert_eq!(athlete["identity"]["age_years"], profile["age_years"]);
    let heart = mcp.ask("get_heart_rate_zones", json!({})).await;
    assert_eq!(athlete["zones"]["heart_rate"], heart["zones"]);
    let ftp = mcp.ask("get_power_zones", json!({ "sport": "Cycling" })).await;
    assert_eq!(ftp["zones"][0]["ftp_w"], athlete["thresholds"]["cycling_ftp_w"]["value"]);
    assert_eq!(athlete["vo2max"]["running"]["source"], "garmin_estimate", "{athlete}");
    let few = mcp.ask("get_athlete_profile", json!({ "include": "body, zones" })).await;
    assert!(few.get("identity").is_none() && few["body"].is_object(), "{few}");
}

#[tokio::test]
async fn zones_rise_and_a_sport_without_its_own_has_the_default_ones() {
    let mcp = Mcp::start().await;
    let zones = mcp.ask("get_heart_rate_zones", json!({ "sport": "rowing" })).await;
    assert_eq!(zones["zones"][0]["sport"], "default");
    let floors: Vec<i64> = zones["zones"][0]["zones_from_bpm"]
        .as_array()
        .unwrap()
        .iter()
        .map(|floor| floor.as_i64().unwrap())
        .collect();
    assert!(floors.len() == 5 && floors.is_sorted(), "{floors:?}");
    let power = mcp.ask("get_power_zones", json!({ "sport": "rowing" })).await;
    assert_eq!(power, json!({ "status": "no_data", "zones": [] }));
    let all = mcp.ask("get_power_zones", json!({})).await;
    assert_eq!(all["zones"][0]["zones"].as_array().unwrap().len(), 7);
    let (error, _) = mcp.fail("get_athlete_profile", json!({ "include": ["shoes"] })).await;
    assert_eq!(error["field"], "include");
}

#[tokio::test]
async fn heart_rate_zones_are_replaced_only_after_a_yes_and_can_be_had_back() {
    let mcp = Mcp::writing().await;
    let before = mcp.ask("get_heart_rate_zones", json!({})).await;
    let arguments = json!({ "sport": "default", "zones": [90, 110, 130, 150, 170], "max_hr": 195 });
    let asked = mcp.ask("set_heart_rate_zones", arguments.clone()).await;
    assert_eq!(asked["status"], "requires_confirmation", "{asked}");
    let mut yes = arguments;
    yes["confirm"] = asked["confirm_token"].clone();
    let done = mcp.ask("set_heart_rate_zones", yes).await;
    assert_eq!((&done["status"], &done["verified"]), (&json!("done"), &json!(true)), "{done}");
    let after = mcp.ask("get_heart_rate_zones", json!({})).await;
    assert_eq!(after["zones"][0]["zones_from_bpm"], json!([90, 110, 130, 150, 170]));
    assert_eq!(after["zones"][0]["max_hr_bpm"], 195);
    let undo = json!({ "operation_id": done["operation_id"], "confirm": true });
    assert_eq!(mcp.ask("undo_write_operation", undo).await["status"], "done");
    assert_eq!(mcp.ask("get_heart_rate_zones", json!({})).await, before);
    let strange = json!({ "sport": "chess", "zones": [90, 110, 130, 150, 170] });
    let (error, text) = mcp.fail("set_heart_rate_zones", strange).await;
    assert!(error["field"] == "sport" && text.contains("`default`"), "{text}");
}
