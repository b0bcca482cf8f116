//! A session as the Python gateways kept it: the token file of their workers.

use garmin::TokenPair;
use store::OldSession;

/// What such a session says, in the form this gateway stores; `None` when it holds no tokens, or
/// none that say whose they are.
#[must_use]
pub fn read_old_session(plain: &[u8]) -> Option<OldSession> {
    let pair = TokenPair::from_bytes(plain).ok()?;
    Some(OldSession {
        guid: pair.guid().as_str().to_owned(),
        region: pair.region(),
        credentials: pair.to_bytes(),
        refresh_expires_at: pair.refresh_expires_at(),
    })
}

#[cfg(test)]
mod tests {
    use domain::region::Region;

    use super::*;

    /// The sample of Garmin's token: expires at 1790000000, GUID …0001.
    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE3OTAwMDAwMDAsImNsaWVudF9pZCI6IkdBUk1JTl9DT05ORUNUX01PQklMRV9BTkRST0lEX0RJXzIwMjVRMiIsImlzcyI6Imh0dHBzOi8vZGlhdXRoLmdhcm1pbi5jb20iLCJnYXJtaW5fZ3VpZCI6IjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMSJ9.c2ln";

    fn file(token: &str) -> String {
        format!(r#"{{"di_token":"{token}","di_refresh_token":"r","di_client_id":"C"}}"#)
    }

    #[test]
    fn a_token_file_says_whose_it_is_and_where_from() {
        let session = read_old_session(file(TOKEN).as_bytes()).unwrap();
        assert_eq!(session.guid, "00000000-0000-0000-0000-000000000001");
        assert_eq!(session.region, Some(Region::Global));
        let stored = TokenPair::from_bytes(&session.credentials).unwrap();
        assert_eq!((stored.client_id(), stored.access_expires_at().0), ("C", 1_790_000_000));
    }

    #[test]
    fn what_the_other_gateway_let_in_by_mistake_is_no_session() {
        let torn = file(&TOKEN[..40]);
        for bad in ["", "null", "[]", "{}", "\"text\"", &file(""), &torn, "{\"oauth_token\":\"x\"}"]
        {
            assert!(read_old_session(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
