//! `detail: raw`: Garmin's own words.

use garmin::heard::Heard;
use serde_json::{Value, json};

use super::budget::CEILING;
use crate::error::ToolError;
use crate::text;

/// Questions about the person that many tools ask on the side.
const ASIDES: [&str; 3] = [
    "/userprofile-service/socialProfile",
    "/userprofile-service/userprofile/user-settings",
    "/userprofile-service/userprofile/personal-information/",
];

/// What a resource may hold, which no model reads whole.
const LARGEST: usize = 8 * 1024 * 1024;

/// Everything Garmin answered in the course of a call, request by request; where that is too
/// much for a result, the address it can be read at.
pub(crate) fn answer(
    heard: &[Heard],
    address: impl FnOnce() -> String,
) -> Result<Value, ToolError> {
    let bytes: usize = heard.iter().map(|heard| heard.body.len()).sum();
    if bytes > CEILING {
        let uri = address();
        return Ok(json!({
            "status": "ok", "truncated": true, "bytes": bytes, "resource_uri": uri,
            "warnings": ["Too large for a result; read the resource, or ask for less."],
        }));
    }
    whole(heard)
}

/// The same, whatever its size.
pub(crate) fn whole(heard: &[Heard]) -> Result<Value, ToolError> {
    let aside = |heard: &&Heard| !ASIDES.iter().any(|aside| heard.target.starts_with(aside));
    let mut wanted: Vec<&Heard> = heard.iter().filter(aside).collect();
    if wanted.is_empty() {
        wanted = heard.iter().collect();
    }
    let bytes: usize = wanted.iter().map(|heard| heard.body.len() + heard.target.len()).sum();
    if bytes > LARGEST {
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
        assert_eq!(answer(&said, String::new).unwrap(), expected);
        let only = answer(&said[..1], String::new).unwrap();
        assert_eq!(only["raw"][0]["body"]["displayName"], "x");
        let large = [Heard { target: "/x".into(), body: vec![b'7'; CEILING + 1].into() }];
        let elsewhere = answer(&large, || "garmin://raw/x".to_owned()).unwrap();
        assert_eq!(elsewhere["resource_uri"], "garmin://raw/x");
        assert_eq!((&elsewhere["truncated"], elsewhere.get("raw")), (&json!(true), None));
        assert!(whole(&large).is_ok());
        let larger = [Heard { target: "/x".into(), body: vec![b'7'; LARGEST].into() }];
        assert_eq!(whole(&larger), Err(ToolError::TooLarge));
    }
}
