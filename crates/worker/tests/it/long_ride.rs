//! The longest thing anybody records: six hours, a record a second.

use serde_json::json;

use crate::garmin::HEAVY;
use crate::mcp::Mcp;

/// The most memory a worker has ever held, in KiB.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What the file and everything made of it may take. The file of such a ride has about two
/// megabytes; as columns it is a multiple of that.
const MOST_KIB: u64 = 96 * 1024;

#[tokio::test]
async fn six_hours_a_second_each_are_read_within_bounds() {
    let mcp = Mcp::start_as(HEAVY).await;
    let list = mcp.ask("get_activities", json!({ "limit": 100, "activity_type": "cycling" })).await;
    let rides = list["activities"].as_array().unwrap();
    let longest = rides.iter().max_by_key(|ride| ride["duration_seconds"].as_i64()).unwrap();
    let seconds = longest["duration_seconds"].as_i64().unwrap();
    assert!(seconds > 5 * 3_600, "{longest}");
    let id = &longest["id"];
    let began = std::time::Instant::now();
    let found = mcp.ask("get_activity_fit_data", json!({ "activity_id": id })).await;
    assert!(found["session"].is_object(), "{found}");
    mcp.ask("get_activity_streams", json!({ "activity_id": id })).await;
    mcp.ask("detect_intervals", json!({ "activity_id": id })).await;
    mcp.ask("get_activity_fit_messages", json!({ "activity_id": id })).await;
    let peak = peak(mcp.worker.process.id());
    eprintln!("{seconds} s of riding: {:?}, at most {peak} KiB", began.elapsed());
    assert!(peak < MOST_KIB, "{peak} KiB");
}
