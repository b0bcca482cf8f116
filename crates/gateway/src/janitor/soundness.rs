//! Damage that shows before somebody's row is on it.

use std::time::Duration;

use store::StoreError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::state::AppState;

const DAY: Duration = Duration::from_hours(24);

/// Reads the database to its end once a day: at once where it was too large for that to be done
/// before the start. On a thread of the database's own, beside the calls.
pub(crate) async fn soundness(app: AppState, stop: CancellationToken) {
    let mut due = app.store.is_unchecked().await.unwrap_or(true);
    while !stop.is_cancelled() {
        if due {
            tokio::select! {
                () = stop.cancelled() => {}
                found = app.store.check_integrity() => report(&found),
            }
        }
        due = true;
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep(DAY) => {}
        }
    }
}

fn report(found: &Result<Vec<String>, StoreError>) {
    match found {
        Ok(said) if said.is_empty() => {}
        Ok(said) => tracing::error!(
            event = "database-damaged",
            said = said.join("; "),
            "restore a backup before more is lost; the gateway goes on with what it can read"
        ),
        Err(error) => {
            tracing::warn!(event = "store-failed", error = error.label(), "not checked for damage");
        }
    }
}
