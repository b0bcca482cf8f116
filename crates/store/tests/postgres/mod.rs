//! A schema of one's own on the PostgreSQL server to test on. Included by the tests of every
//! crate that opens a store.

use std::io::Write;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AssertSqlSafe, PgPool};

/// A schema that is empty, and its address; [`Schema::drop`] takes it away.
pub(crate) struct Schema {
    pub(crate) url: String,
    pub(crate) name: String,
    pub(crate) admin: PgPool,
}

impl Schema {
    /// On the server that `TEST_POSTGRES_URL` names; nothing, with a word about it, without.
    pub(crate) async fn create() -> Option<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let server = postgres_url()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let admin = PgPool::connect(&server).await.unwrap();
        let create = AssertSqlSafe(format!("CREATE SCHEMA {name}"));
        sqlx::query(create).execute(&admin).await.unwrap();
        let separator = if server.contains('?') { '&' } else { '?' };
        // Under a name of its own, connections to this schema can be told from all others.
        let url = format!("{server}{separator}options[search_path]={name}&application_name={name}");
        Some(Self { url, name, admin })
    }

    /// Ends the connections to this schema as the end of the server would.
    #[allow(dead_code, reason = "not every suite cuts connections")]
    pub(crate) async fn cut_connections(&self) -> i64 {
        sqlx::query_scalar(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
              WHERE application_name = $1",
        )
        .bind(&self.name)
        .fetch_one(&self.admin)
        .await
        .unwrap()
    }

    pub(crate) async fn drop(self) {
        let drop = AssertSqlSafe(format!("DROP SCHEMA {} CASCADE", self.name));
        sqlx::query(drop).execute(&self.admin).await.unwrap();
        self.admin.close().await;
    }
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
