//! The same test on both databases.

use super::TestApp;
use crate::postgres::Schema;

/// On SQLite always, on PostgreSQL where `TEST_POSTGRES_URL` says where one is. The test gives
/// the gateway back, so that its schema can go.
pub(crate) async fn on_both_databases(test: impl AsyncFn(TestApp) -> TestApp) {
    test(TestApp::start().await).await;
    let Some(schema) = Schema::create().await else { return };
    let app = test(TestApp::with(&[("DATABASE_URL", &schema.url)]).await).await;
    app.app.store.close().await;
    schema.drop().await;
}
