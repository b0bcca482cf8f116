//! `subscriptions/listen`: held by the gateway, so that it neither starts, keeps nor loses a
//! worker. Nothing this server offers ever changes, so the acknowledged set is empty.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde_json::value::RawValue;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::events::{self, COMMENT, KEEP_ALIVE, event};
use super::rpc::Failure;
use super::streams::Stream;

/// Streams of one account at a time.
pub(super) const MOST: usize = 2;
const LONGEST: Duration = Duration::from_mins(30);

enum Next {
    Acknowledge,
    Wait,
    Finished,
}

/// Opens the stream. `draining` ends it like its own deadline does: with a result. Losing
/// access ends it with an error.
#[must_use]
pub(super) fn open(id: &RawValue, listed: Stream, draining: CancellationToken) -> Response {
    let id = id.to_owned();
    let give_up = Instant::now() + LONGEST;
    let revoked = listed.end();
    let events = stream::unfold((Next::Acknowledge, listed), move |(next, listed)| {
        let (id, revoked, draining) = (id.clone(), revoked.clone(), draining.clone());
        async move {
            let (event, next) = match next {
                Next::Acknowledge => (acknowledgement(&id), Next::Wait),
                Next::Wait => tokio::select! {
                    biased;
                    () = revoked.cancelled() => (refusal(&id), Next::Finished),
                    () = draining.cancelled() => (result(&id), Next::Finished),
                    () = tokio::time::sleep_until(give_up) => (result(&id), Next::Finished),
                    () = tokio::time::sleep(KEEP_ALIVE) => (COMMENT, Next::Wait),
                },
                Next::Finished => return None,
            };
            Some((Ok::<_, Infallible>(event), (next, listed)))
        }
    });
    events::response(Body::from_stream(events))
}

fn acknowledgement(id: &RawValue) -> Bytes {
    event(&format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{"_meta":{{"io.modelcontextprotocol/subscriptionId":{id}}},"notifications":{{}}}}}}"#
    ))
}

fn result(id: &RawValue) -> Bytes {
    event(&format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"resultType":"complete","_meta":{{"io.modelcontextprotocol/subscriptionId":{id}}}}}}}"#
    ))
}

fn refusal(id: &RawValue) -> Bytes {
    event(&String::from_utf8_lossy(&Failure::AccessEnded.json(Some(id))))
}

#[cfg(test)]
mod tests {
    use super::super::streams::Streams;
    use super::*;
    use domain::console::Revoked;
    use domain::entropy::CountingEntropy;
    use domain::id::{AccountId, DeviceId};
    use http_body_util::BodyExt;

    fn stream_of(streams: &Streams) -> Stream {
        let entropy = CountingEntropy::default();
        streams.listen(&AccountId::generate(&entropy), &DeviceId::generate(&entropy), 1).unwrap()
    }

    async fn next(body: &mut Body) -> Option<String> {
        let frame = body.frame().await?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn t129_a_stream_acknowledges_nothing_stays_and_ends_with_a_result() {
        let streams = Streams::default();
        let id = RawValue::from_string("\"s1\"".to_owned()).unwrap();
        let mut body = open(&id, stream_of(&streams), CancellationToken::new()).into_body();
        let first = next(&mut body).await.unwrap();
        assert!(
            first.contains("subscriptions/acknowledged") && first.contains("\"s1\""),
            "{first}"
        );
        let mut comments = 0;
        let last = loop {
            let event = next(&mut body).await.unwrap();
            if event.starts_with(':') { comments += 1 } else { break event }
        };
        assert_eq!(comments, 119);
        assert!(last.contains("\"id\":\"s1\"") && last.contains("complete"), "{last}");
        assert_eq!(next(&mut body).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn losing_access_ends_the_stream_at_once() {
        let streams = Streams::default();
        let id = RawValue::from_string("1".to_owned()).unwrap();
        let mut body = open(&id, stream_of(&streams), CancellationToken::new()).into_body();
        next(&mut body).await.unwrap();
        streams.end(&Revoked::Everything);
        let last = next(&mut body).await.unwrap();
        assert!(last.contains("\"id\":1") && last.contains("access_ended"), "{last}");
        assert_eq!(next(&mut body).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn rel20_stopping_the_gateway_ends_the_stream_in_order() {
        let draining = CancellationToken::new();
        let id = RawValue::from_string("1".to_owned()).unwrap();
        let mut body = open(&id, stream_of(&Streams::default()), draining.clone()).into_body();
        next(&mut body).await.unwrap();
        draining.cancel();
        assert!(next(&mut body).await.unwrap().contains("complete"));
        assert_eq!(next(&mut body).await, None);
    }
}
