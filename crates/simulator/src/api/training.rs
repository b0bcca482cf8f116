use crate::state::Inner;
use axum::Router;
use std::sync::Arc;
pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
}
