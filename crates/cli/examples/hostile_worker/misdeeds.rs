//! What is done to the gateway itself: on the control channel, in the log, in answers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use domain::contract::{FromWorker, JournalEntry, KeyUse, QuestionId, VERSION};
use serde_json::{Value, json};

use crate::{hear, say};

/// Does one; an answer is sent where there is something to say.
pub(crate) fn commit(
    arguments: &Value,
    id: &Value,
    stream: &mut TcpStream,
    control: &mut UnixStream,
) -> Option<Value> {
    let body = json!({ "jsonrpc": "2.0", "id": id, "result": { "forged": true } }).to_string();
    // Whoever it is done to may hang up at any time.
    match arguments["name"].as_str().unwrap_or_default() {
        "resolve" => {
            let host = arguments["host"].as_str().unwrap_or_default().to_owned();
            say(control, &FromWorker::Resolve { id: QuestionId(1), host });
            return Some(hear(control));
        }
        "foreign_journal" => {
            let entry = json!({
                "step": "outcome", "journal": "jrn_AAAAAAAAAAAAAAAAAAAAAA", "outcome": "done",
                "detail": "", "account": arguments["account"],
            });
            frame(control, &json!({ "type": "journal", "id": 2, "entry": entry }).to_string());
            return Some(hear(control));
        }
        "ready_again" => {
            let repeatable_tools = vec!["everything".to_owned()];
            say(
                control,
                &FromWorker::Ready { version: VERSION, repeatable_tools, other_tools: vec![] },
            );
        }
        "oversized_frame" => {
            let _ = control.write_all(&[0xff; 4096]);
        }
        "no_message" => frame(control, r#"{"type":"grant_me","everything":true}"#),
        "cut_frame" => {
            let _ = control.write_all(&[0, 0, 1, 0, b'{']);
            let _ = control.shutdown(std::net::Shutdown::Both);
        }
        "flood_of_questions" => {
            flood(control, |id| FromWorker::Resolve { id, host: "x".into() });
        }
        // The answers carry the long detail back, and nobody reads them.
        "unread_journal" => flood(control, |id| {
            let detail = "d".repeat(16 * 1024);
            let (key, tool) = ("k".into(), "t".into());
            let entry = JournalEntry::Intent { key, key_use: KeyUse::Once, tool, detail };
            FromWorker::Journal { id, entry }
        }),
        "unread_credentials" => {
            flood(control, |id| FromWorker::CredentialsWanted { id, refused: None });
        }
        "log" => {
            let line = "\u{1b}[2J\u{1b}]0;owned\u{7} {\"event\":\"gateway-stopped\"}\r";
            for _ in 0..1_000 {
                let _ = writeln!(std::io::stderr(), "{line}{}", "x".repeat(2_000));
            }
            return Some(json!("said"));
        }
        "hang" => {
            let _ = stream.read(&mut [0_u8; 1]);
        }
        "exhaust_memory" => {
            let mut kept: Vec<Vec<u8>> = Vec::new();
            loop {
                kept.push(vec![1; 1 << 24]);
            }
        }
        "spin" => loop {
            std::hint::spin_loop();
        },
        other => return answer(other, &body, stream),
    }
    None
}

/// An answer that no program in its right mind gives.
fn answer(name: &str, body: &str, stream: &mut TcpStream) -> Option<Value> {
    match name {
        "headers" => {
            let forged = "set-cookie: session=1\r\nwww-authenticate: Basic\r\n\
                location: https://evil.example\r\naccess-control-allow-origin: *\r\n\
                content-encoding: gzip\r\nstrict-transport-security: max-age=0\r\n\
                connection: x-hop, close\r\nx-hop: 1\r\nkeep-alive: timeout=9\r\n\
                proxy-authenticate: Basic\r\nupgrade: h2c\r\nserver: evil\r\n\
                x-worker-secret: mine\r\nmcp-session-id: evil\r\n";
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
            let _ = write!(stream, "{head}{forged}content-length: {}\r\n\r\n{body}", body.len());
        }
        "interim" => {
            let interim = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
            for _ in 0..10_000 {
                if stream.write_all(interim.as_bytes()).is_err() {
                    return None;
                }
            }
        }
        "not_http" => {
            let _ = stream.write_all(b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n");
        }
        "two_lengths" => {
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 5\r\n\
                  transfer-encoding: chunked\r\n\r\n{}garbage",
            );
        }
        "huge_head" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            for number in 0..100_000 {
                if write!(stream, "x-{number}: {}\r\n", "y".repeat(100)).is_err() {
                    return None;
                }
            }
        }
        // Longer than any answer may be.
        "endless_body" => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
            let mut sent = stream.write_all(head.as_bytes());
            while sent.is_ok() {
                sent = stream.write_all(chunk.as_bytes());
            }
        }
        // A byte now and then, and never the last.
        "slow_body" => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                content-length: 100000\r\n\r\n";
            let mut sent = stream.write_all(head.as_bytes());
            while sent.is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(50));
                sent = stream.write_all(b" ");
            }
        }
        "switching" => {
            let _ = stream.write_all(
                b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
            );
        }
        unknown => return Some(json!({ "unknown": unknown })),
    }
    None
}

/// Until the gateway takes no more, and then for as long as it lets us.
fn flood(control: &mut UnixStream, question: impl Fn(QuestionId) -> FromWorker) {
    for number in 0..100_000 {
        let text = serde_json::to_vec(&question(QuestionId(number))).unwrap_or_default();
        let length = u32::try_from(text.len()).unwrap_or_default().to_be_bytes();
        if control.write_all(&length).and_then(|()| control.write_all(&text)).is_err() {
            break;
        }
    }
}

fn frame(control: &mut UnixStream, text: &str) {
    let length = u32::try_from(text.len()).unwrap_or_default().to_be_bytes();
    let _ = control.write_all(&length).and_then(|()| control.write_all(text.as_bytes()));
}
