//! Sign-in through the JSON endpoints of the mobile app and of the web portal.

use bytes::Bytes;
use domain::email::LoginEmail;
use domain::region::Region;
use http::header;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::answer::{self, CodeAnswer, LoginAnswer};
use super::browser::Browser;
use super::error::{MfaError, SignInError};
use super::pending::PendingMfa;
use super::{Attempt, SignIn};
use crate::protocol::{self, Disguise, Flow};

/// One of the two JSON sign-ins. They differ in names only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Door {
    flow: Flow,
    client_id: &'static str,
    page: &'static str,
    login: &'static str,
    verify: &'static str,
}

const MOBILE: Door = Door {
    flow: Flow::Mobile,
    client_id: "GCM_IOS_DARK",
    page: "/mobile/sso/en_US/sign-in",
    login: "/mobile/api/login",
    verify: "/mobile/api/mfa/verifyCode",
};

const PORTAL: Door = Door {
    flow: Flow::Portal,
    client_id: "GarminConnect",
    page: "/portal/sso/en-US/sign-in",
    login: "/portal/api/login",
    verify: "/portal/api/mfa/verifyCode",
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credentials<'a> {
    username: &'a str,
    password: &'a str,
    remember_me: bool,
    captcha_token: &'static str,
}

impl Door {
    fn page_target(self, region: Region) -> String {
        let service = self.flow.service_url(region);
        let query = protocol::encode_pairs(&[("clientId", self.client_id), ("service", &service)]);
        format!("{}?{query}", self.page)
    }

    fn api_target(self, path: &str, region: Region) -> String {
        let service = self.flow.service_url(region);
        let query = protocol::encode_pairs(&[
            ("clientId", self.client_id),
            ("locale", "en-US"),
            ("service", &service),
        ]);
        format!("{path}?{query}")
    }

    /// The app encodes the service URL inside the address it names, the portal does not.
    fn referer(self, region: Region) -> String {
        let origin = protocol::sso_origin(region);
        match self.flow {
            Flow::Portal => format!(
                "{origin}{}?clientId={}&service={}",
                self.page,
                self.client_id,
                self.flow.service_url(region)
            ),
            Flow::Mobile | Flow::Widget => format!("{origin}{}", self.page_target(region)),
        }
    }

    fn headers(self, disguise: Disguise, region: Region) -> http::HeaderMap {
        let mut headers = disguise.json_headers(self.flow, region);
        headers.insert(header::REFERER, protocol::header_value(&self.referer(region)));
        headers
    }
}

impl SignIn {
    /// Signs in through `flow`, which is one of the two with a JSON endpoint.
    pub(super) async fn json_login(
        &self,
        flow: Flow,
        email: &LoginEmail,
        password: &SecretString,
    ) -> Result<Attempt, SignInError> {
        let door = if flow == Flow::Portal { PORTAL } else { MOBILE };
        let region = self.region();
        let disguise = self.disguise();
        let mut browser = self.browser();
        let page =
            browser.load(door.page_target(region), &disguise.page_headers(flow)).await?.answer;
        let retry_after = crate::transport::retry_after(&page.headers, self.clock().now());
        match (page.status.as_u16(), flow) {
            (427 | 429, _) => return Err(SignInError::RateLimited { retry_after }),
            // The portal's page refuses browsers it does not know more readily than its API.
            (403, Flow::Mobile | Flow::Widget) => {
                return Err(SignInError::Blocked { retry_after });
            }
            _ => {}
        }
        self.pause(flow).await;
        let answer = browser
            .post(
                &door.api_target(door.login, region),
                door.headers(disguise, region),
                credentials(email, password),
            )
            .await?;
        match answer::read_login(&answer, self.clock().now()) {
            LoginAnswer::Ticket(ticket) => Ok(Attempt::Ticket(ticket)),
            LoginAnswer::MfaRequired { method, sent_to } => Ok(Attempt::NeedsMfa(PendingMfa {
                region,
                flow,
                method,
                sent_to,
                disguise,
                jar: browser.jar,
                widget: None,
            })),
            LoginAnswer::Refused(error) => Err(error),
        }
    }

    /// Verifies a code at the login's own endpoint and, unless that one clearly spoke of the
    /// code, at the other: Garmin has been seen to close either of them.
    pub(super) async fn json_verify(
        &self,
        pending: &PendingMfa,
        code: &str,
    ) -> Result<String, MfaError> {
        let doors = match pending.flow {
            Flow::Portal => [PORTAL, MOBILE],
            Flow::Mobile | Flow::Widget => [MOBILE, PORTAL],
        };
        let own = doors[0];
        let mut browser = Browser::new(self.transport(), self.clock(), pending.jar.clone());
        let mut unclear = false;
        let mut setbacks = super::error::Setbacks::default();
        for door in doors {
            let headers = own.headers(pending.disguise, pending.region);
            let body = code_body(&pending.method, code);
            let target = door.api_target(door.verify, pending.region);
            let read = match browser.post(&target, headers, body).await {
                Ok(answer) => answer::read_code(&answer, self.clock().now()),
                Err(error) => CodeAnswer::Refused(error.into()),
            };
            match read {
                CodeAnswer::Ticket(ticket) => return Ok(ticket),
                CodeAnswer::WrongCode => return Err(wrong_code(pending, browser)),
                CodeAnswer::Expired => return Err(MfaError::Expired),
                CodeAnswer::Unclear => unclear = true,
                CodeAnswer::Refused(error) if error.ends_the_chain() => return Err(error.into()),
                CodeAnswer::Refused(error) => setbacks.add(error),
            }
        }
        // An answer in the right form that is no success is a refusal of the code; the other
        // endpoint being closed says nothing about it.
        if unclear { Err(wrong_code(pending, browser)) } else { Err(setbacks.conclusion().into()) }
    }
}

fn wrong_code(pending: &PendingMfa, browser: Browser<'_>) -> MfaError {
    MfaError::WrongCode { pending: Box::new(PendingMfa { jar: browser.jar, ..pending.clone() }) }
}

/// The request body is wiped when the client lets go of it; what hyper and TLS copied into
/// their own buffers is beyond our reach.
fn credentials(email: &LoginEmail, password: &SecretString) -> Bytes {
    let credentials = Credentials {
        username: email.reveal(),
        password: password.expose_secret(),
        remember_me: true,
        captcha_token: "",
    };
    // JSON makes at most six bytes of one; with room for all, the buffer never moves.
    let size = 6 * (email.reveal().len() + password.expose_secret().len()) + 128;
    let mut body = Zeroizing::new(Vec::with_capacity(size));
    let written = serde_json::to_writer(&mut *body, &credentials);
    debug_assert!(written.is_ok(), "strings always serialise");
    Bytes::from_owner(body)
}

fn code_body(method: &str, code: &str) -> Bytes {
    json!({
        "mfaMethod": method,
        "mfaVerificationCode": code,
        "rememberMyBrowser": true,
        "reconsentList": [],
        "mfaSetup": false,
    })
    .to_string()
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_reference() {
        assert_eq!(
            MOBILE.page_target(Region::Global),
            "/mobile/sso/en_US/sign-in?clientId=GCM_IOS_DARK\
             &service=https%3A%2F%2Fmobile.integration.garmin.com%2Fgcm%2Fios"
        );
        assert_eq!(
            MOBILE.api_target(MOBILE.login, Region::China),
            "/mobile/api/login?clientId=GCM_IOS_DARK&locale=en-US\
             &service=https%3A%2F%2Fmobile.integration.garmin.cn%2Fgcm%2Fios"
        );
        assert_eq!(
            MOBILE.referer(Region::Global),
            "https://sso.garmin.com/mobile/sso/en_US/sign-in?clientId=GCM_IOS_DARK\
             &service=https%3A%2F%2Fmobile.integration.garmin.com%2Fgcm%2Fios"
        );
        assert_eq!(
            PORTAL.referer(Region::Global),
            "https://sso.garmin.com/portal/sso/en-US/sign-in?clientId=GarminConnect\
             &service=https://connect.garmin.com/app"
        );
    }

    #[test]
    fn credentials_are_sent_as_the_app_sends_them() {
        let email = LoginEmail::parse("jo@example.org").unwrap();
        let body = credentials(&email, &"p\"\\ß\u{1}".into());
        assert_eq!(
            body,
            r#"{"username":"jo@example.org","password":"p\"\\ß\u0001","rememberMe":true,"captchaToken":""}"#
        );
    }
}
