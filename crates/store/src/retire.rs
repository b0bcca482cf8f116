//! What a device keeps of tokens it has replaced: a bounded number, so that one which renews
//! without end does not fill the database.

/// Access tokens, counted from the newest. Processes of one client that each renewed in turn
/// go on with the pair they have; one that holds a refresh token still in force always does.
pub(crate) const KEPT_ACCESS: i64 = 50;
/// Refresh tokens that were replaced longer ago than anybody may ask for a lost response.
pub(crate) const KEPT_DEAD: i64 = 200;

pub(crate) const RETIRE_ACCESS: &str = "
    DELETE FROM access_tokens
     WHERE device_id = $1
       AND pair_digest NOT IN (SELECT digest FROM refresh_tokens
                                WHERE device_id = $1
                                  AND rotated_at IS NULL AND refused_at IS NULL)
       AND digest NOT IN (SELECT digest FROM access_tokens WHERE device_id = $1
                           ORDER BY issued_at DESC, digest LIMIT $2)";

// The memory of a refresh token is what its reuse is noticed by. Those that were in force the
// longest are kept: somebody may hold one. A thief who wants the stolen one forgotten would
// have to keep each of as many others for as long.
pub(crate) const RETIRE_REFRESH: &str = "
    DELETE FROM refresh_tokens
     WHERE device_id = $1 AND COALESCE(rotated_at, refused_at) < $2
       AND digest NOT IN (SELECT digest FROM refresh_tokens
                           WHERE device_id = $1 AND COALESCE(rotated_at, refused_at) < $2
                           ORDER BY COALESCE(rotated_at, refused_at) - issued_at DESC,
                                    issued_at DESC, digest LIMIT $3)";

/// Lets go of what a device holds too much of, inside a transaction of either database.
macro_rules! retire_superseded {
    ($transaction:ident, $device:expr, $now:expr) => {{
        sqlx::query($crate::retire::RETIRE_ACCESS)
            .bind($device.as_str())
            .bind($crate::retire::KEPT_ACCESS)
            .execute(&mut *$transaction)
            .await?;
        sqlx::query($crate::retire::RETIRE_REFRESH)
            .bind($device.as_str())
            .bind($now.minus($crate::refresh::LOST_RESPONSE).0)
            .bind($crate::retire::KEPT_DEAD)
            .execute(&mut *$transaction)
            .await?;
    }};
}
pub(crate) use retire_superseded;
