//! A worker that keeps the contract on its control channel and breaks HTTP in any way a call
//! asks for: the arguments of a `tools/call` hold the bytes to send, and when to die.
//!
//! `wire` is a list of steps: `{"send": text}`, `{"send": text, "times": n}`,
//! `{"wait_for": file}`, `{"close": true}`, `{"die": true}`. With `only_once` they are taken by
//! the first call that finds no such file, and later ones are answered as they should be.
//! `count` gets a byte for every call that arrives, and `written` the number of bytes that the
//! gateway took.
#![expect(clippy::unwrap_used, reason = "a test worker fails by panicking")]

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use domain::contract::{FromWorker, VERSION};
use serde_json::{Value, json};

fn main() {
    let listener = TcpListener::from(io::stdin().as_fd().try_clone_to_owned().unwrap());
    let mut control = UnixStream::from(io::stdout().as_fd().try_clone_to_owned().unwrap());
    listener.set_nonblocking(false).unwrap();
    control.set_nonblocking(false).unwrap();
    read_frame(&mut control).unwrap();
    let ready = FromWorker::Ready {
        version: VERSION,
        repeatable_tools: vec!["read".to_owned()],
        other_tools: vec![],
    };
    let ready = serde_json::to_vec(&ready).unwrap();
    control.write_all(&u32::try_from(ready.len()).unwrap().to_be_bytes()).unwrap();
    control.write_all(&ready).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || while serve(&stream).unwrap_or(false) {});
        }
    });
    // Asked to stop or left alone: the end either way.
    let _ = read_frame(&mut control);
}

fn read_frame(control: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    control.read_exact(&mut length)?;
    let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    control.read_exact(&mut frame)?;
    Ok(frame)
}

/// One request; whether the connection goes on.
fn serve(mut stream: &TcpStream) -> io::Result<bool> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body)?;
    let message: Value = serde_json::from_slice(&body).unwrap();
    let arguments = &message["params"]["arguments"];
    if let Some(path) = arguments["count"].as_str() {
        let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(b"x").unwrap();
    }
    let ours = arguments["only_once"].as_str().is_none_or(first_time);
    let Some(steps) = arguments["wire"].as_array().filter(|_| ours) else {
        let result = json!({"pid": std::process::id()});
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
        write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len())?;
        return Ok(true);
    };
    let mut written = 0;
    let end = steps.iter().try_for_each(|step| take(stream, step, &mut written));
    if let Some(path) = arguments["written"].as_str() {
        std::fs::write(path, written.to_string()).unwrap();
    }
    Ok(end.is_ok() && steps.iter().all(|step| step["close"] != true))
}

fn take(mut stream: &TcpStream, step: &Value, written: &mut usize) -> io::Result<()> {
    if let Some(text) = step["send"].as_str() {
        for _ in 0..step["times"].as_u64().unwrap_or(1) {
            stream.write_all(text.as_bytes())?;
            *written += text.len();
        }
    }
    if let Some(path) = step["wait_for"].as_str() {
        while !Path::new(path).exists() {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    if step["close"] == true {
        stream.shutdown(std::net::Shutdown::Both)?;
    }
    if step["die"] == true {
        std::process::abort();
    }
    Ok(())
}

/// True once over all processes.
fn first_time(path: &str) -> bool {
    OpenOptions::new().write(true).create_new(true).open(path).is_ok()
}
