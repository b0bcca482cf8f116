//! With the feature `otel`: what a collector is sent about one call.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Reads one request with a body of known length.
fn request(stream: &mut impl Read) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.to_ascii_lowercase();
    let length = length.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

struct Gateway(Child);

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn one_request_gives_spans_with_its_number_and_nothing_personal() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let (sent, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in collector.incoming() {
            let mut stream = stream.unwrap();
            let (head, body) = request(&mut stream);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .unwrap();
            if sent.send((head, body)).is_err() {
                return;
            }
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new(env!("CARGO_BIN_EXE_garmin-gateway"))
        .arg("serve")
        .env_clear()
        .env("DATA_DIR", dir.path())
        .env("PORT", port.to_string())
        .env("GATEWAY_SECRET", "an operator's value with more than 32 characters")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _gateway = Gateway(child);
    let began = Instant::now();
    let answer = loop {
        assert!(began.elapsed() < Duration::from_mins(1), "not healthy in time");
        let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else { continue };
        let secret = "Authorization: Bearer ggw_at_canary-of-a-token\r\n";
        let trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
        write!(stream, "GET /?email=runner@example.org HTTP/1.1\r\nHost: localhost:{port}\r\n{secret}{trace}Connection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        break answer;
    };
    let number = answer.split("x-request-id: ").nth(1).unwrap().split("\r\n").next().unwrap();
    loop {
        let (head, body) = received.recv_timeout(Duration::from_mins(1)).unwrap();
        assert!(head.starts_with("POST /v1/traces "), "{head}");
        let text = String::from_utf8_lossy(&body);
        for private in ["runner@example.org", "canary-of-a-token", "an operator's value"] {
            assert!(!text.contains(private), "{private} is in a span");
        }
        let theirs = [0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd];
        assert!(!body.windows(6).any(|bytes| bytes == theirs), "a client's trace was joined");
        if text.contains(number) {
            assert!(text.contains("garmin-gateway") && text.contains("request"));
            return;
        }
    }
}
