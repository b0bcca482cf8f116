//! From a service ticket to a session: the exchange at the token endpoint, then one call that
//! proves the API takes the token.

use http::{HeaderMap, HeaderValue, header};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::SignIn;
use super::error::SignInError;
use crate::protocol::{self, Flow};
use crate::session::{GarminGuid, Profile, Session};
use crate::tokens::{self, Fresh};
use crate::transport::{retry_after, send};

/// Garmin's own apps ask three times: a new account's name appears with a delay.
const PROFILE_TRIES: usize = 3;
const LARGEST_PROFILE: usize = 256 * 1024;

/// What the probe said.
enum Probe {
    /// The API refuses the token.
    Refused,
    /// It works, or the API has a problem that is not the token's.
    Kept { profile: Profile, guid: Option<GarminGuid> },
}

impl SignIn {
    pub(super) async fn session(&self, flow: Flow, ticket: &str) -> Result<Session, SignInError> {
        let (fresh, client_id) = self.exchange(flow, ticket).await?;
        let (profile, guid) = match self.probe(&fresh).await {
            Probe::Refused => return Err(SignInError::TokenRefused),
            Probe::Kept { profile, guid } => (profile, guid),
        };
        // The token's own word first; the profile repeats the GUID, and names a number where
        // even that is missing.
        let guid = fresh
            .guid()
            .or(guid)
            .or_else(|| profile.profile_id.map(GarminGuid::of_profile))
            .ok_or(SignInError::TokenRefused)?;
        let tokens = fresh.into_pair(client_id, guid).ok_or(SignInError::TokenRefused)?;
        Ok(Session { tokens, profile })
    }

    /// Tries the client ids in turn. A limit or a dead line ends it: the ticket may be spent.
    async fn exchange(
        &self,
        flow: Flow,
        ticket: &str,
    ) -> Result<(Fresh, &'static str), SignInError> {
        let service_url = flow.service_url(self.region());
        let mut down = true;
        for client_id in protocol::TOKEN_CLIENT_IDS {
            let form = [
                ("client_id", client_id),
                ("service_ticket", ticket),
                ("grant_type", protocol::TICKET_GRANT),
                ("service_url", service_url.as_str()),
            ];
            let accept = "application/json,text/html;q=0.9,*/*;q=0.8";
            let answer = tokens::post(self.transport(), client_id, &form, accept).await?;
            let now = self.clock().now();
            let status = answer.status;
            if matches!(status.as_u16(), 427 | 429) {
                let retry_after = retry_after(&answer.headers, now);
                return Err(SignInError::RateLimited { retry_after });
            }
            if status.is_success()
                && let Some(fresh) = Fresh::read(&answer.body, now)
                && fresh.has_refresh()
            {
                return Ok((fresh, client_id));
            }
            tracing::info!(
                event = "garmin.ticket.refused",
                client_id,
                status = status.as_u16(),
                "a client id did not redeem the ticket"
            );
            down &= status.is_server_error();
        }
        Err(if down { SignInError::Unreachable } else { SignInError::TicketRefused })
    }

    async fn probe(&self, fresh: &Fresh) -> Probe {
        let mut kept = Probe::Kept { profile: Profile::default(), guid: None };
        for attempt in 0..PROFILE_TRIES {
            if attempt > 0 {
                tokio::time::sleep(self.pauses().profile).await;
            }
            let request = self
                .transport()
                .client()
                .get(self.transport().upstream().api.join(protocol::SOCIAL_PROFILE_PATH))
                .headers(api_headers(fresh.access().expose_secret()))
                .timeout(self.transport().call_timeout());
            let Ok(answer) = send(request, LARGEST_PROFILE).await else { return kept };
            match answer.status.as_u16() {
                401 | 403 => return Probe::Refused,
                200 => {}
                _ => return kept,
            }
            let (profile, guid) = read_profile(&answer.body);
            let named = profile.display_name.is_some();
            kept = Probe::Kept { profile, guid };
            if named {
                break;
            }
        }
        kept
    }
}

/// What every call to the API carries.
pub(crate) fn api_headers(access: &str) -> HeaderMap {
    let mut headers = protocol::app_headers();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let mut bearer = protocol::header_value(&format!("Bearer {access}"));
    bearer.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, bearer);
    headers
}

fn read_profile(body: &[u8]) -> (Profile, Option<GarminGuid>) {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return (Profile::default(), None);
    };
    let text = |name: &str| {
        json.get(name)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|text| !matches!(*text, "" | "null" | "None"))
    };
    let profile = Profile {
        display_name: text("displayName").map(String::from),
        full_name: text("fullName").map(String::from),
        profile_id: json.get("profileId").and_then(Value::as_i64),
    };
    (profile, text("garminGUID").and_then(GarminGuid::parse))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_may_lack_everything_and_null_is_no_name() {
        let (profile, guid) = read_profile(
            br#"{"profileId":7,"displayName":"null","fullName":" Jo Doe ","garminGUID":"G"}"#,
        );
        assert_eq!(profile.display_name, None);
        assert_eq!(profile.full_name.as_deref(), Some("Jo Doe"));
        assert_eq!(profile.profile_id, Some(7));
        assert_eq!(guid, GarminGuid::parse("g"));
        for body in ["", "null", "[]", "<html>"] {
            assert_eq!(read_profile(body.as_bytes()), (Profile::default(), None));
        }
    }
}
