//! The same test on both databases.

use std::io::Write;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, PgPool};

use super::TestApp;

/// On SQLite always, on PostgreSQL where `TEST_POSTGRES_URL` says where one is. The test gives
/// the gateway back, so that its schema can go.
pub(crate) async fn on_both_databases(test: impl AsyncFn(TestApp) -> TestApp) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    test(TestApp::start().await).await;
    let Some(server) = postgres_url() else { return };
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let schema = format!("gateway_{}_{number}", std::process::id());
    let admin = PgPool::connect(&server).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
    sqlx::query(create).execute(&admin).await.unwrap();
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options[search_path]={schema}");
    let app = test(TestApp::with(&[("DATABASE_URL", &url)]).await).await;
    app.app.store.close().await;
    let drop = AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"));
    sqlx::query(drop).execute(&admin).await.unwrap();
    admin.close().await;
}

/// The address of the server to test on, or a visible word about its absence.
#[expect(clippy::disallowed_methods, reason = "tests have no configuration of their own")]
fn postgres_url() -> Option<String> {
    static SAID: Once = Once::new();
    if let Ok(url) = std::env::var("TEST_POSTGRES_URL") {
        return Some(url);
    }
    let forbidden = ["FORBID_SKIPS", "CI_REQUIRE_POSTGRES"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|value| value == "1"));
    assert!(!forbidden, "TEST_POSTGRES_URL is not set, and skipping is forbidden here");
    // Written past the test harness, which shows what a passing test prints to nobody.
    SAID.call_once(|| {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: TEST_POSTGRES_URL is not set (scripts/with-postgres sets it)"
        );
    });
    None
}
