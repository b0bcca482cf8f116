//! `detail: raw`: Garmin's own words.

use garmin::heard::Heard;
use serde_json::{Value, json};

use super::budget::CEILING;
use crate::error::ToolError;
use crate::text;

/// Questions about the person that many tools ask on the side.
const ASIDES: [&str; 2] =
    ["/userprofile-service/socialProfile", "/userprofile-service/userprofile/user-settings"];

/// Everything Garmin answered in the course of a call, request by request.
pub(crate) fn answer(heard: &[Heard]) -> Result<Value, ToolError> {
    let aside = |heard: &&Heard| !ASIDES.contains(&heard.target.as_str());
    let mut wanted: Vec<&Heard> = heard.iter().filter(aside).collect();
    if wanted.is_empty() {
        wanted = heard.iter().collect();
    }
    let bytes: usize = wanted.iter().map(|heard| heard.body.len() + heard.target.len()).sum();
    if bytes > CEILING {
        return Err(ToolError::TooLarge);
    }
    let answers = wanted.into_iter().map(|heard| {
        // What was no JSON has failed the tool already.
        let body: Option<Value> = serde_json::from_slice(&heard.body).ok();
        json!({ "request": heard.target, "body": body })
    });
    Ok(text::clean(json!({ "status": "ok", "raw": answers.collect::<Value>() })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(target: &str, body: &'static str) -> Heard {
        Heard { target: target.into(), body: body.as_bytes().into() }
    }

    #[test]
    fn what_garmin_said_is_repeated_nulls_included_and_asides_are_not() {
        let said = [
            heard("/userprofile-service/socialProfile", r#"{"displayName":"x"}"#),
            heard("/hrv-service/hrv/2026-05-01", r#"{"a":null,"b":[0]}"#),
            heard("/nothing", ""),
        ];
        let expected = json!({"status": "ok", "raw": [
            {"request": "/hrv-service/hrv/2026-05-01", "body": {"a": null, "b": [0]}},
            {"request": "/nothing", "body": null},
        ]});
        assert_eq!(answer(&said).unwrap(), expected);
        let only = answer(&said[..1]).unwrap();
        assert_eq!(only["raw"][0]["body"]["displayName"], "x");
        let large = Heard { target: "/x".into(), body: vec![b' '; CEILING].into() };
        assert_eq!(answer(&[large]), Err(ToolError::TooLarge));
    }
}
