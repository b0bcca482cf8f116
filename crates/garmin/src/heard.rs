//! What Garmin said in the course of one call, for those who want it untouched.

use std::cell::RefCell;

use bytes::Bytes;

tokio::task_local! {
    static HEARD: RefCell<Vec<Heard>>;
}

/// One answer, from Garmin or from the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Path and query below the API host.
    pub target: String,
    /// Empty where Garmin has nothing.
    pub body: Bytes,
}

/// Runs `call` and keeps every answer it gets, in the order they came. Costs a reference to
/// each body. Only this task is listened to.
pub async fn listening<F: Future>(call: F) -> (F::Output, Vec<Heard>) {
    HEARD
        .scope(RefCell::default(), async {
            let output = call.await;
            (output, HEARD.with(RefCell::take))
        })
        .await
}

/// Takes an answer down, if anybody listens.
pub(crate) fn note(target: &str, body: &Bytes) {
    // Outside of `listening` nobody does.
    let _ = HEARD.try_with(|heard| {
        heard.borrow_mut().push(Heard { target: target.to_owned(), body: body.clone() });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_is_said_within_the_call_is_heard() {
        note("/before", &Bytes::new());
        let said = Bytes::from_static(b"{}");
        let (answer, heard) = listening(async {
            note("/within", &said);
            tokio::task::yield_now().await;
            note("/later", &Bytes::new());
            7
        })
        .await;
        assert_eq!(answer, 7);
        let targets: Vec<_> = heard.iter().map(|heard| heard.target.as_str()).collect();
        assert_eq!(targets, ["/within", "/later"]);
        assert_eq!(heard[0].body, said);
    }
}
