use super::*;

fn refused(body: &str) -> Malformed {
    Message::read(body.as_bytes()).expect_err(body)
}

#[test]
fn a_call_is_read_without_touching_its_arguments() {
    let body = br#" {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"get_sleep",
        "arguments":{"name":"other","n":1.50},"_meta":{
        "io.modelcontextprotocol/protocolVersion":"2026-07-28"}}} "#;
    let message = Message::read(body).unwrap();
    assert_eq!(message.kind, Kind::Request);
    assert_eq!(message.id.unwrap().get(), "7");
    assert_eq!(message.method, "tools/call");
    assert_eq!(message.target.as_deref(), Some("get_sleep"));
    assert_eq!(message.meta_version.as_deref(), Some("2026-07-28"));
    assert!(!message.handshake);
}

#[test]
fn what_a_call_aims_at_depends_on_its_method() {
    let target = |method: &str| {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":"a","method":"{method}",
                "params":{{"name":"n","uri":"u","taskId":"t"}}}}"#
        );
        let message = Message::read(body.as_bytes()).unwrap();
        message.target.map(Cow::into_owned)
    };
    assert_eq!(target("tools/call").as_deref(), Some("n"));
    assert_eq!(target("prompts/get").as_deref(), Some("n"));
    assert_eq!(target("resources/read").as_deref(), Some("u"));
    assert_eq!(target("tasks/get").as_deref(), Some("t"));
    assert_eq!(target("tools/list"), None);
}

#[test]
fn notifications_and_responses_are_told_from_requests() {
    let kind = |body: &str| Message::read(body.as_bytes()).unwrap().kind;
    assert_eq!(
        kind(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
        Kind::Notification
    );
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), Kind::Response);
    assert_eq!(kind(r#"{"jsonrpc":"2.0","id":"x","error":{"code":1}}"#), Kind::Response);
}

#[test]
fn a_handshake_names_version_capabilities_and_client() {
    let handshake = |params: &str| {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{params}}}"#);
        Message::read(body.as_bytes()).unwrap().handshake
    };
    assert!(handshake(
        r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}"#
    ));
    assert!(!handshake(
        r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x"}}"#
    ));
    assert!(!handshake(r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#));
    assert!(!handshake(r#"{"_meta":{}}"#));
}

#[test]
fn t113_a_key_that_appears_twice_is_refused_at_every_level() {
    for body in [
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"a","name":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":[{"y":1,"y":1}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"na\u006de":1,"name":2}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{},"_meta":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}"#,
    ] {
        assert_eq!(refused(body), Malformed::NotJson, "{body}");
    }
    let many: Vec<String> = (0..40).map(|n| format!("\"k{n}\":0")).collect();
    let members = many.join(",");
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{{{members}}}}}"#);
    assert!(Message::read(body.as_bytes()).is_ok());
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{{{members},"k39":0}}}}"#);
    assert_eq!(refused(&body), Malformed::NotJson);
}

#[test]
fn t118_sec076_nesting_is_bounded() {
    let nested = |depth: usize| {
        // Two levels are the message and its params.
        let (open, close) = ("[".repeat(depth - 2), "]".repeat(depth - 2));
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{{"x":{open}{close}}}}}"#)
    };
    assert!(Message::read(nested(64).as_bytes()).is_ok());
    assert_eq!(refused(&nested(65)), Malformed::NotJson);
    assert_eq!(refused(&nested(10_000)), Malformed::NotJson);
}

#[test]
fn t117_what_is_not_json_or_not_one_message_has_its_own_code() {
    for body in ["", "{", "nonsense", "{} {}", "\u{feff}{}", r#"{"a":"\ud800"}"#, "{\"a\":01}"] {
        assert_eq!(refused(body), Malformed::NotJson, "{body}");
    }
    assert_eq!(Message::read(b"{\"a\":\"\xff\"}").err(), Some(Malformed::NotJson));
    for body in [
        "[]",
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
        "null",
        "1",
        "{}",
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[]}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"a","result":{}}"#,
    ] {
        assert!(matches!(refused(body), Malformed::NotAMessage(_)), "{body}");
    }
    let long = format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"a"}}"#, "x".repeat(2000));
    assert!(matches!(refused(&long), Malformed::NotAMessage(_)));
}

#[test]
fn t118_sec076_a_body_that_is_a_bomb_is_refused_quickly() {
    let digits = "9".repeat(4 * 1024 * 1024);
    let keys: Vec<String> = (0..200_000).map(|n| format!("\"{n}\":0")).collect();
    let batch = vec![r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#; 10_000].join(",");
    for (body, why) in [
        (digits.clone(), Malformed::NotJson),
        (format!(r#"{{"jsonrpc":"2.0","id":{digits},"method":"a"}}"#), Malformed::NotJson),
        (format!("{{{}}}", keys.join(",")), Malformed::NotJson),
        ("[".repeat(100_000), Malformed::NotJson),
    ] {
        let began = std::time::Instant::now();
        assert_eq!(refused(&body), why);
        // Far above what it takes, far below what a quadratic reader would.
        assert!(began.elapsed() < std::time::Duration::from_secs(2));
    }
    assert!(matches!(refused(&format!("[{batch}]")), Malformed::NotAMessage(_)));
}

#[test]
fn ids_are_the_same_by_value_and_not_by_spelling() {
    let id = |text: &str| Id::of(&RawValue::from_string(text.to_owned()).unwrap());
    assert_eq!(id("7"), Some(Id::Number(7)));
    assert_eq!(id(r#""\u0061""#), id(r#""a""#));
    assert_ne!(id("7"), id(r#""7""#));
    for none in ["1.5", "1e3", "9223372036854775808", "null", "true", "{}", "[]"] {
        assert_eq!(id(none), None, "{none}");
    }
}

#[test]
fn params_of_the_wrong_form_are_noticed() {
    let flaw = |method: &str, params: &str| {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        Message::read(body.as_bytes()).unwrap().flaw
    };
    assert_eq!(flaw("tools/call", r#"{"name":"a","arguments":{},"_meta":{}}"#), None);
    assert_eq!(flaw("tools/call", r#"{"name":"a","arguments":null}"#), None);
    assert_eq!(flaw("tools/list", r#"{"arguments":[]}"#), None);
    for (method, params) in [
        ("tools/call", "{}"),
        ("tools/call", r#"{"name":7}"#),
        ("tools/call", r#"{"name":"a","arguments":[]}"#),
        ("prompts/get", r#"{"name":null}"#),
        ("resources/read", r#"{"uri":1}"#),
        ("tools/list", r#"{"_meta":7}"#),
    ] {
        assert!(flaw(method, params).is_some(), "{method} {params}");
    }
}

#[test]
fn a_cancellation_names_its_request() {
    let cancels = |method: &str, id: &str| {
        let body =
            format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"requestId":{id}}}}}"#);
        Message::read(body.as_bytes()).unwrap().cancels
    };
    assert_eq!(cancels("notifications/cancelled", "3"), Some(Id::Number(3)));
    assert_eq!(cancels("notifications/cancelled", "{}"), None);
    assert_eq!(cancels("notifications/progress", "3"), None);
}
