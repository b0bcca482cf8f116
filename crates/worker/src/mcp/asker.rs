//! Who asked: told how far a long call is, and free to stop asking.

use std::sync::Arc;

use garmin::BoxFuture;
use rmcp::model::{CallToolResult, ProgressNotificationParam, ProgressToken};
use rmcp::service::RequestContext;
use rmcp::{Peer, RoleServer};

use crate::error::ToolError;
use crate::progress::{self, Listener};

/// A client that wants to know how far its call is.
struct Asker {
    token: ProgressToken,
    peer: Peer<RoleServer>,
}

impl Listener for Asker {
    fn hear(&self, done: usize, total: usize) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            #[expect(clippy::cast_precision_loss, reason = "a call asks some hundred questions")]
            let (done, total) = (done as f64, total as f64);
            let said = ProgressNotificationParam::new(self.token.clone(), done).with_total(total);
            // A client that has hung up misses nothing.
            let _ = self.peer.notify_progress(said).await;
        })
    }
}

/// Runs a call of a tool for whoever asked, until it is done or nobody wants it any more.
pub(super) async fn attended(
    context: &RequestContext<RoleServer>,
    call: impl Future<Output = Option<CallToolResult>>,
) -> Option<CallToolResult> {
    let listener = context.meta.get_progress_token().map(|token| {
        let asker: Arc<dyn Listener> = Arc::new(Asker { token, peer: context.peer.clone() });
        asker
    });
    tokio::select! {
        biased;
        result = progress::heard_by(listener, call) => result,
        // What is under way is given up, and this is read by nobody.
        () = context.ct.cancelled() => Some(ToolError::Timeout.into_result()),
    }
}
