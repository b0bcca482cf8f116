use axum::routing::{get, post};
use domain::entropy::CountingEntropy;
use futures_util::{FutureExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

use super::silence::{HEAD, IDLE, LINGER, UNREAD};
use super::*;

const GET: &[u8] = b"GET /quick HTTP/1.1\r\nHost: x\r\n\r\n";

/// The far end of a connection that is served.
fn connect() -> DuplexStream {
    connect_until(CancellationToken::new())
}

fn connect_until(closing: CancellationToken) -> DuplexStream {
    let slow = async || {
        tokio::time::sleep(Duration::from_mins(3)).await;
        "slow"
    };
    let stream = async || {
        let pieces = futures_util::stream::iter(0..5).then(async |_| {
            tokio::time::sleep(Duration::from_secs(50)).await;
            Ok::<_, Infallible>("piece")
        });
        Body::from_stream(pieces)
    };
    let router = Router::new()
        .route("/quick", get(async || "quick"))
        .route("/slow", get(slow))
        .route("/stream", get(stream))
        .route("/long", get(async || "x".repeat(8 << 20)))
        .route("/echo", post(async |body: String| body))
        .route("/refuse", post(async || StatusCode::UNAUTHORIZED));
    let (near, far) = tokio::io::duplex(1024 * 1024);
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    let entropy = Arc::new(CountingEntropy::default());
    let talk = converse(near, peer, router, Drain::default(), entropy, closing);
    TaskTracker::new().spawn(talk);
    far
}

/// Reads until `end` has come.
async fn until(stream: &mut DuplexStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        let byte = stream.read_u8().await;
        let text = String::from_utf8_lossy(&read);
        read.push(byte.unwrap_or_else(|error| panic!("{error} after {text}")));
    }
    String::from_utf8(read).unwrap()
}

/// How long the other side takes to hang up without another word.
async fn silence(stream: &mut DuplexStream) -> Duration {
    let began = Instant::now();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    began.elapsed()
}

/// Timers of the runtime are as fine as a millisecond.
fn about(took: Duration, expected: Duration) -> bool {
    took >= expected && took < expected + Duration::from_millis(10)
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_outlives_a_proxy_that_keeps_it_for_a_minute() {
    let mut stream = connect();
    for _ in 0..5 {
        stream.write_all(GET).await.unwrap();
        until(&mut stream, "quick").await;
        tokio::time::sleep(IDLE.saturating_sub(Duration::from_millis(10))).await;
    }
    stream.write_all(GET).await.unwrap();
    until(&mut stream, "quick").await;
    let took = silence(&mut stream).await;
    assert!(about(took, IDLE), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn t120_a_connection_that_never_speaks_ends() {
    let took = silence(&mut connect()).await;
    assert!(about(took, IDLE), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn t120_sec075_rel75_a_head_has_ten_seconds_from_its_first_byte_however_it_drips() {
    let mut stream = connect();
    stream.write_all(GET).await.unwrap();
    until(&mut stream, "quick").await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    let began = Instant::now();
    for byte in GET {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let took = began.elapsed();
    assert!(took >= HEAD && took < HEAD + Duration::from_secs(2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_and_an_answer_may_take_longer_than_any_silence() {
    let mut stream = connect();
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until(&mut stream, "slow").await;
    stream.write_all(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until(&mut stream, "0\r\n\r\n").await;
    let took = silence(&mut stream).await;
    assert!(about(took, IDLE), "idle time began before the answer had ended: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_may_come_later_than_its_head() {
    let mut stream = connect();
    let head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n";
    stream.write_all(head).await.unwrap();
    tokio::time::sleep(HEAD * 2).await;
    stream.write_all(b"late").await.unwrap();
    until(&mut stream, "late").await;
    // The body was no beginning of another head.
    let took = silence(&mut stream).await;
    assert!(about(took, IDLE), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn rel78_requests_that_did_not_wait_are_answered_in_turn() {
    let mut stream = connect();
    let slow = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(&[slow, GET, GET, &GET[..9]].concat()).await.unwrap();
    until(&mut stream, "slow").await;
    until(&mut stream, "quick").await;
    until(&mut stream, "quick").await;
    tokio::time::sleep(HEAD / 2).await;
    stream.write_all(&GET[9..]).await.unwrap();
    until(&mut stream, "quick").await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_before_a_long_body_says_close_and_reaches_whoever_still_sends() {
    let mut stream = connect();
    let head = b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n";
    stream.write_all(head).await.unwrap();
    for _ in 0..3 {
        stream.write_all(&vec![b' '; 1_000_000]).await.unwrap();
    }
    let answer = until(&mut stream, "\r\n\r\n").await;
    assert!(answer.contains("401") && answer.contains("connection: close"), "{answer}");
    // Our side of it is closed, and theirs is waited for.
    assert_eq!(silence(&mut stream).await, Duration::ZERO);
    let began = Instant::now();
    while stream.write_all(b" ").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let took = began.elapsed();
    assert!(took <= LINGER + Duration::from_millis(200), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_early_answer_to_a_client_that_waits_for_continue_says_close() {
    let mut stream = connect();
    let head = b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\
                 Expect: 100-continue\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let answer = until(&mut stream, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("connection: close"), "{answer}");
    assert!(about(silence(&mut stream).await, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn an_early_answer_waits_for_a_short_body_and_keeps_the_connection() {
    let mut stream = connect();
    let head = b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n";
    stream.write_all(head).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    stream.write_all(b"the body.").await.unwrap();
    let answer = until(&mut stream, "\r\n\r\n").await;
    assert!(answer.contains("401") && !answer.contains("connection: close"), "{answer}");
    stream.write_all(GET).await.unwrap();
    until(&mut stream, "quick").await;
}

/// Everything that comes until the other side hangs up.
async fn rest(stream: &mut DuplexStream) -> String {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    String::from_utf8(rest).unwrap()
}

#[tokio::test(start_paused = true)]
async fn t111_sec078_rel78_a_request_with_two_readings_gets_400_and_the_connection_ends() {
    let head = "POST /echo HTTP/1.1\r\nHost: x\r\n";
    let smuggled = "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n";
    for fields in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X: a\r\n folded\r\n",
        "Content-Length: 5\n",
    ] {
        let mut stream = connect();
        let wire = format!("{head}{fields}\r\n0\r\n\r\n{smuggled}");
        stream.write_all(wire.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{fields:?}: {answer}");
        // Some are refused by the parser already, without a word.
        let ours = answer.contains("invalid_request");
        assert_eq!(answer.contains("x-request-id: "), ours, "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{fields:?}: {answer}");
        assert!(answer.contains("connection: close"), "{fields:?}: {answer}");
    }
    let mut stream = connect();
    let chunked =
        format!("{head}Transfer-Encoding: chunked\r\n\r\n5;\n\r\nhello\r\n0\r\n\r\n{smuggled}");
    stream.write_all(chunked.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(!answer.contains("200 OK") && !answer.contains("quick"), "{answer}");
    for other in
        ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\nHost: x\n\n", "\u{16}\u{3}\u{1}"]
    {
        let mut stream = connect();
        stream.write_all(other.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{other:?}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn sec078_rel78_an_offer_to_speak_another_protocol_is_not_taken_up() {
    let mut stream = connect();
    let offer = b"GET /quick HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n\
                  Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    stream.write_all(offer).await.unwrap();
    let answer = until(&mut stream, "quick").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_long_in_any_way_is_refused_by_name() {
    let fields = |count: usize| -> String {
        (0..count).map(|at| ["X", &at.to_string(), ": y\r\n"].concat()).collect()
    };
    let long = |length: usize| "y".repeat(length);
    for (wire, status) in [
        (format!("GET /quick HTTP/1.1\r\nX: {}\r\n\r\n", long(40_000)), 431),
        (format!("GET /quick HTTP/1.1\r\nX: {}\r\n\r\n", long(400_000)), 431),
        (format!("GET /quick HTTP/1.1\r\n{}\r\n", fields(101)), 431),
        (format!("GET /quick?{} HTTP/1.1\r\n\r\n", long(9_000)), 414),
        (format!("GET /quick?{} HTTP/1.1\r\n\r\n", long(8_000)), 200),
        (format!("GET /quick HTTP/1.1\r\nX: {}\r\n\r\n", long(32_000)), 200),
        (format!("GET /quick HTTP/1.1\r\n{}\r\n", fields(100)), 200),
    ] {
        let mut stream = connect();
        // The far end may have hung up before all of it was sent.
        let _ = stream.write_all(wire.as_bytes()).await;
        let answer = rest(&mut stream).await;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{status}, {}: {answer}", wire.len());
    }
}

#[tokio::test(start_paused = true)]
async fn t120_sec075_rel75_a_thousand_idle_connections_are_in_nobodys_way() {
    let mut idle: Vec<_> = (0..1000).map(|_| connect()).collect();
    let mut stream = connect();
    stream.write_all(GET).await.unwrap();
    until(&mut stream, "quick").await;
    for stream in &mut idle {
        assert!(silence(stream).await <= IDLE + Duration::from_millis(10));
    }
}

#[tokio::test(start_paused = true)]
async fn t120_sec075_rel75_a_body_that_drips_holds_nobody_up_and_ends() {
    let mut slow = connect();
    let head = b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
    slow.write_all(head).await.unwrap();
    let began = Instant::now();
    let answer = until(&mut slow, "\r\n\r\n").await;
    assert!(answer.contains("401") && answer.contains("connection: close"), "{answer}");
    assert!(began.elapsed() < LINGER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel22_whoever_is_in_the_door_when_it_closes_is_served_and_nobody_after() {
    let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = Router::new().route("/quick", get(async || "quick"));
    let server = Server::new(router, Drain::default(), Arc::new(CountingEntropy::default()), 100);
    // Connected by the kernel, asked, and accepted by nobody yet.
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(GET).await.unwrap();
        waiting.push(stream);
    }
    server.accept(listener, std::future::ready(())).await;
    let refused = TcpStream::connect(at).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    let finish = async { server.finish().await };
    let answers = async {
        for stream in &mut waiting {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("quick"), "{answer}");
        }
    };
    tokio::join!(finish, answers);
}

#[tokio::test]
async fn rel22_a_connection_that_knocks_while_the_door_closes_is_not_begun() {
    let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let at = listener.local_addr().unwrap();
    let before = TcpStream::connect(at).await.unwrap();
    let late = {
        let mut closing = std::pin::pin!(door::overlook(&listener));
        assert!(closing.as_mut().now_or_never().is_none(), "nobody is given time to arrive");
        let knocks = TaskTracker::new().spawn(TcpStream::connect(at));
        closing.await;
        knocks
    };
    let arrived: Vec<_> = door::rest(listener).unwrap().map(|(_, peer)| peer).collect();
    assert_eq!(arrived, [before.local_addr().unwrap()]);
    assert_eq!(late.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn rel75_an_answer_that_nobody_takes_ends_and_one_that_is_taken_slowly_does_not() {
    let mut slow = connect();
    slow.write_all(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    // A mebibyte lies between the two; a piece of it every so often is a reader.
    let mut piece = vec![0; 1 << 20];
    for _ in 0..4 {
        tokio::time::sleep(UNREAD.saturating_sub(Duration::from_secs(1))).await;
        slow.read_exact(&mut piece).await.unwrap();
    }
    tokio::time::sleep(UNREAD + Duration::from_secs(1)).await;
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.unwrap();
    assert!(rest.len() < 3 << 20, "{} bytes more were sent to nobody", rest.len());
}

#[tokio::test(start_paused = true)]
async fn rel75_five_thousand_heads_that_drip_are_gone_after_ten_seconds_and_others_are_served() {
    let mut dripping = Vec::new();
    for _ in 0..5000 {
        let mut stream = connect();
        stream.write_all(b"G").await.unwrap();
        dripping.push(stream);
    }
    let began = Instant::now();
    let mut stream = connect();
    stream.write_all(GET).await.unwrap();
    until(&mut stream, "quick").await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    for mut stream in dripping {
        let _ = stream.write_all(b"E").await;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(!String::from_utf8_lossy(&rest).contains("200"));
    }
    assert!(began.elapsed() <= HEAD + Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn rel78_a_flood_of_requests_is_taken_as_fast_as_its_answers_are() {
    let mut stream = connect();
    let flood = GET.repeat(200_000);
    // Nobody reads the answers: what is taken is what fits between the two, and no more.
    let taking = tokio::time::timeout(Duration::from_secs(5), async {
        let mut taken = 0;
        for request in flood.chunks(GET.len()) {
            stream.write_all(request).await.unwrap();
            taken += 1;
        }
        taken
    });
    assert!(taking.await.is_err(), "everything was taken in");
    for _ in 0..100 {
        until(&mut stream, "quick").await;
    }
}

#[tokio::test(start_paused = true)]
async fn rel22_a_request_on_its_way_to_a_gateway_that_ends_is_answered() {
    let closing = CancellationToken::new();
    let (mut new, mut kept) = (connect_until(closing.clone()), connect_until(closing.clone()));
    kept.write_all(GET).await.unwrap();
    until(&mut kept, "quick").await;
    closing.cancel();
    tokio::time::sleep(ON_THE_WAY / 2).await;
    for stream in [&mut new, &mut kept] {
        stream.write_all(GET).await.unwrap();
        until(stream, "quick").await;
    }
    let took = silence(&mut new).await;
    assert!(took <= ON_THE_WAY, "{took:?}");
}
