//! How far a long call is, for clients that want to know.
//!
//! Tools say it into the air: whether anybody listens is a matter of the request, so it is kept
//! beside the call and not passed through everything below it.

use std::sync::Arc;

use garmin::BoxFuture;

/// Somebody who listens.
pub(crate) trait Listener: Send + Sync {
    /// `done` of `total` questions have been answered.
    fn hear(&self, done: usize, total: usize) -> BoxFuture<'_, ()>;
}

tokio::task_local! {
    static LISTENER: Option<Arc<dyn Listener>>;
}

/// Runs a call whose progress `listener` hears, if anybody does.
pub(crate) async fn heard_by<T>(
    listener: Option<Arc<dyn Listener>>,
    call: impl Future<Output = T>,
) -> T {
    LISTENER.scope(listener, call).await
}

/// Says how far the call is.
pub(crate) async fn say(done: usize, total: usize) {
    let listener = LISTENER.try_with(Clone::clone).ok().flatten();
    if let Some(listener) = listener {
        listener.hear(done, total).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Notes(Mutex<Vec<(usize, usize)>>);

    impl Listener for Notes {
        fn hear(&self, done: usize, total: usize) -> BoxFuture<'_, ()> {
            Box::pin(async move { self.0.lock().unwrap().push((done, total)) })
        }
    }

    #[tokio::test]
    async fn what_is_said_is_heard_by_the_call_it_belongs_to_and_by_nobody_else() {
        let notes = Arc::new(Notes::default());
        say(1, 3).await;
        heard_by(Some(notes.clone()), say(2, 3)).await;
        heard_by(None, say(3, 3)).await;
        assert_eq!(*notes.0.lock().unwrap(), [(2, 3)]);
    }
}
