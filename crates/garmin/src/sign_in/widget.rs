//! Sign-in through the embeddable HTML form. It names no client id, so it has limits of its
//! own when the JSON endpoints are closed.

use bytes::Bytes;
use domain::email::LoginEmail;
use domain::region::Region;
use http::{HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use zeroize::Zeroizing;

use super::browser::{Browser, Page};
use super::error::{MfaError, SignInError};
use super::pending::{PendingMfa, WidgetPage};
use super::{Attempt, SignIn};
use crate::html;
use crate::protocol::{self, Disguise, Flow};
use crate::transport::retry_after;

/// What a page of the widget means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Success,
    Mfa,
    Outage,
    Locked,
    BadCredentials,
    Expired,
    WebLoginNotAllowed,
    /// A page this protocol does not know, or the widget's own "unexpected error".
    Unexpected,
}

impl SignIn {
    pub(super) async fn widget_login(
        &self,
        email: &LoginEmail,
        password: &SecretString,
    ) -> Result<Attempt, SignInError> {
        let region = self.region();
        let disguise = self.disguise();
        let mut browser = self.browser();
        let mut headers = disguise.page_headers(Flow::Widget);
        let embed = browser.load(embed_target(region), &headers).await?;
        self.check_page(&embed)?;
        headers.insert(header::REFERER, protocol::header_value(&embed_url(region)));
        let form = browser.load(sign_in_target(region), &headers).await?;
        self.check_page(&form)?;
        let csrf = html::input_value(&form.html(), "_csrf")
            .filter(|csrf| !csrf.is_empty())
            .ok_or_else(|| SignInError::unexpected(form.answer.status.as_u16(), "NO_CSRF"))?;
        self.pause(Flow::Widget).await;
        headers.insert(header::REFERER, page_address(&form, region));
        let answer = browser
            .submit(sign_in_target(region), &headers, credentials(email, password, &csrf))
            .await?;
        if let Some(ticket) = redirected_ticket(&answer) {
            return Ok(Attempt::Ticket(ticket));
        }
        self.check_limits(&answer)?;
        let page = answer.html();
        let status = answer.answer.status.as_u16();
        match meaning(&page, status) {
            Meaning::Success => html::ticket(&page)
                .map(Attempt::Ticket)
                .ok_or_else(|| SignInError::unexpected(status, "NO_TICKET")),
            Meaning::Mfa => self.widget_challenge(browser, disguise, &answer, &page).await,
            other => Err(refusal(other, status)),
        }
    }

    /// Reads the challenge and, where Garmin has not sent a code yet, asks it to.
    async fn widget_challenge(
        &self,
        mut browser: Browser<'_>,
        disguise: Disguise,
        answer: &Page,
        page: &str,
    ) -> Result<Attempt, SignInError> {
        let region = self.region();
        let status = answer.answer.status.as_u16();
        let csrf = html::input_value(page, "_csrf")
            .filter(|csrf| !csrf.is_empty())
            .ok_or_else(|| SignInError::unexpected(status, "NO_CSRF"))?;
        let method = html::script_variable(page, "mfaMethod").unwrap_or_else(|| "email".into());
        let sent_to = html::script_variable(page, "codeSentTo");
        let delivered = matches!(method.to_ascii_lowercase().as_str(), "email" | "sms");
        if delivered && sent_to.is_none() {
            let variable = |name| html::script_variable(page, name);
            let client_id = variable("clientId").unwrap_or_default();
            let query = protocol::encode_pairs(&[("clientId", &client_id)]);
            let body = json!({
                "customerGuid": variable("customerGuid").unwrap_or_default(),
                "mfaMethod": method,
                "locale": variable("locale").unwrap_or_else(|| "en_US".into()),
            });
            let mut headers = disguise.json_headers(Flow::Widget, region);
            headers.insert(header::REFERER, page_address(answer, region));
            let delivery = browser
                .post(&format!("/sso/verifyMFA/mfaCode?{query}"), headers, body.to_string().into())
                .await?;
            if !delivery.status.is_success() {
                let delivery = Page { answer: delivery, target: answer.target.clone() };
                self.check_limits(&delivery)?;
                let status = delivery.answer.status.as_u16();
                return Err(SignInError::unexpected(status, "CODE_NOT_SENT"));
            }
        }
        Ok(Attempt::NeedsMfa(PendingMfa {
            region,
            flow: Flow::Widget,
            method,
            sent_to,
            disguise,
            jar: browser.jar,
            widget: Some(WidgetPage { csrf, target: answer.target.clone() }),
        }))
    }

    pub(super) async fn widget_verify(
        &self,
        pending: &PendingMfa,
        form: &WidgetPage,
        code: &str,
    ) -> Result<String, MfaError> {
        let region = pending.region;
        let mut browser = Browser::new(self.transport(), self.clock(), pending.jar.clone());
        let mut headers = pending.disguise.page_headers(Flow::Widget);
        let address = format!("{}{}", protocol::sso_origin(region), form.target);
        headers.insert(header::REFERER, protocol::header_value(&address));
        let target = format!("/sso/verifyMFA/loginEnterMfaCode?{}", sign_in_query(region));
        let body = protocol::encode_pairs(&[
            ("mfa-code", code),
            ("embed", "true"),
            ("_csrf", &form.csrf),
            ("fromPage", "setupEnterMfaCode"),
        ]);
        let answer = browser.submit(target, &headers, body.into()).await?;
        if let Some(ticket) = redirected_ticket(&answer) {
            return Ok(ticket);
        }
        self.check_limits(&answer)?;
        let page = answer.html();
        let status = answer.answer.status.as_u16();
        let seen = meaning(&page, status);
        match seen {
            Meaning::Success => html::ticket(&page)
                .ok_or_else(|| SignInError::unexpected(status, "NO_TICKET").into()),
            Meaning::Expired => Err(MfaError::Expired),
            Meaning::Outage | Meaning::Locked | Meaning::WebLoginNotAllowed => {
                Err(refusal(seen, status).into())
            }
            // The password form means that the login itself is gone.
            _ if html::has_input(&page, "password") => Err(MfaError::Expired),
            // Any other page is a refusal, and usually the same form with a fresh token.
            Meaning::Mfa | Meaning::BadCredentials | Meaning::Unexpected => {
                let csrf = html::input_value(&page, "_csrf").filter(|csrf| !csrf.is_empty());
                let widget =
                    csrf.map_or_else(|| form.clone(), |csrf| WidgetPage { csrf, ..form.clone() });
                let pending =
                    PendingMfa { jar: browser.jar, widget: Some(widget), ..pending.clone() };
                Err(MfaError::WrongCode { pending: Box::new(pending) })
            }
        }
    }

    fn check_page(&self, page: &Page) -> Result<(), SignInError> {
        self.check_limits(page)?;
        let status = page.answer.status;
        if status.is_success() {
            Ok(())
        } else if status.is_server_error() {
            Err(SignInError::Unreachable)
        } else {
            Err(SignInError::unexpected(status.as_u16(), "PAGE"))
        }
    }

    fn check_limits(&self, page: &Page) -> Result<(), SignInError> {
        let retry_after = retry_after(&page.answer.headers, self.clock().now());
        match page.answer.status.as_u16() {
            427 | 429 => Err(SignInError::RateLimited { retry_after }),
            403 => Err(SignInError::Blocked { retry_after }),
            _ => Ok(()),
        }
    }
}

pub(super) fn meaning(page: &str, status: u16) -> Meaning {
    let title = html::title(page).unwrap_or_default().to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| title.contains(word));
    let infrastructure = [
        "bad gateway",
        "service unavailable",
        "gateway timeout",
        "cloudflare",
        "attention required",
        "just a moment",
        "502",
        "503",
        "504",
    ];
    let asks_for_code = says(&["mfa"])
        || (says(&["authentication application"])
            && html::script_variable(page, "mfaMethod").is_some());
    if says(&infrastructure) {
        Meaning::Outage
    } else if says(&["expired"]) {
        Meaning::Expired
    } else if says(&["locked", "account error"]) && !says(&["unlocked"]) {
        Meaning::Locked
    } else if says(&["invalid", "incorrect"]) {
        Meaning::BadCredentials
    } else if says(&["unable to sign in", "unable to login"]) {
        Meaning::WebLoginNotAllowed
    } else if asks_for_code {
        Meaning::Mfa
    } else if title == "success" {
        Meaning::Success
    } else if status >= 500 {
        Meaning::Outage
    } else if html::shows(page, "invalid sign in") {
        // A wrong password keeps the form's title; only the banner tells.
        Meaning::BadCredentials
    } else {
        Meaning::Unexpected
    }
}

fn refusal(meaning: Meaning, status: u16) -> SignInError {
    match meaning {
        Meaning::Locked => SignInError::AccountLocked,
        Meaning::BadCredentials => SignInError::BadCredentials,
        Meaning::WebLoginNotAllowed => SignInError::WebLoginNotAllowed,
        // A challenge page has the status of a success or of a refusal, an outage that of one.
        Meaning::Outage if status < 500 => SignInError::Blocked { retry_after: None },
        Meaning::Outage => SignInError::Unreachable,
        Meaning::Success | Meaning::Mfa | Meaning::Expired | Meaning::Unexpected => {
            SignInError::unexpected(status, "PAGE")
        }
    }
}

/// Garmin may answer a good password with a redirect that carries the ticket.
fn redirected_ticket(page: &Page) -> Option<String> {
    let location = page.answer.headers.get(header::LOCATION)?.to_str().ok()?;
    if page.answer.status.is_redirection() { html::ticket(location) } else { None }
}

fn embed_url(region: Region) -> String {
    Flow::Widget.service_url(region)
}

fn embed_target(region: Region) -> String {
    let host = format!("{}/sso", protocol::sso_origin(region));
    let query = protocol::encode_pairs(&[
        ("id", "gauth-widget"),
        ("embedWidget", "true"),
        ("gauthHost", &host),
    ]);
    format!("/sso/embed?{query}")
}

fn sign_in_query(region: Region) -> String {
    let embed = embed_url(region);
    protocol::encode_pairs(&[
        ("id", "gauth-widget"),
        ("embedWidget", "true"),
        ("gauthHost", &embed),
        ("service", &embed),
        ("source", &embed),
        ("redirectAfterAccountLoginUrl", &embed),
        ("redirectAfterAccountCreationUrl", &embed),
    ])
}

fn sign_in_target(region: Region) -> String {
    format!("/sso/signin?{}", sign_in_query(region))
}

/// The page's address as Garmin knows it, wherever it was really loaded from.
fn page_address(page: &Page, region: Region) -> HeaderValue {
    protocol::header_value(&format!("{}{}", protocol::sso_origin(region), page.target))
}

/// Wiped with the request; see the JSON login for what cannot be.
fn credentials(email: &LoginEmail, password: &SecretString, csrf: &str) -> Bytes {
    let pairs = [
        ("username", email.reveal()),
        ("password", password.expose_secret()),
        ("embed", "true"),
        ("_csrf", csrf),
    ];
    // Percent-encoding makes at most three bytes of one; with room, the buffer never moves.
    let size = 3 * pairs.iter().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>();
    let mut form = Zeroizing::new(String::with_capacity(size));
    for (name, value) in pairs {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        for piece in url::form_urlencoded::byte_serialize(value.as_bytes()) {
            form.push_str(piece);
        }
    }
    let bytes = Zeroizing::new(std::mem::take(&mut *form).into_bytes());
    Bytes::from_owner(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn titled(title: &str) -> Meaning {
        meaning(&format!("<html><head><title>{title}</title></head></html>"), 200)
    }

    #[test]
    fn titles_are_read_in_the_order_of_the_reference() {
        for title in [
            "502 Bad Gateway",
            "Service Unavailable",
            "Just a moment...",
            "Attention Required! | Cloudflare",
        ] {
            assert_eq!(titled(title), Meaning::Outage, "{title}");
        }
        assert_eq!(titled("Account Locked"), Meaning::Locked);
        assert_eq!(titled("Account Error"), Meaning::Locked);
        assert_eq!(titled("Account unlocked"), Meaning::Unexpected);
        assert_eq!(titled("Invalid credentials"), Meaning::BadCredentials);
        assert_eq!(titled("Incorrect password"), Meaning::BadCredentials);
        assert_eq!(titled("Unable to Sign In"), Meaning::WebLoginNotAllowed);
        assert_eq!(titled("Enter MFA code for login"), Meaning::Mfa);
        assert_eq!(titled(" SUCCESS "), Meaning::Success);
        assert_eq!(titled("Success?"), Meaning::Unexpected);
        assert_eq!(titled("GARMIN Authentication Application"), Meaning::Unexpected);
        assert_eq!(meaning("", 503), Meaning::Outage);
    }

    #[test]
    fn the_forms_own_title_is_explained_by_the_rest_of_the_page() {
        let page = |rest: &str| format!("<title>GARMIN Authentication Application</title>{rest}");
        let challenge = page(r#"<script>var mfaMethod = "email";</script>"#);
        assert_eq!(meaning(&challenge, 200), Meaning::Mfa);
        let empty = page(r#"<script>var mfaMethod = "";</script>"#);
        assert_eq!(meaning(&empty, 200), Meaning::Unexpected);
        let wrong = page("<p>Invalid sign in. (Passwords are case sensitive.)</p>");
        assert_eq!(meaning(&wrong, 200), Meaning::BadCredentials);
        let odd = page("<p>An unexpected error has occurred.</p>");
        assert_eq!(meaning(&odd, 200), Meaning::Unexpected);
    }

    #[test]
    fn the_form_is_sent_as_the_widget_sends_it() {
        let email = LoginEmail::parse("jo+x@example.org").unwrap();
        let body = credentials(&email, &"a b&c=d".into(), "t/1==");
        assert_eq!(
            body,
            "username=jo%2Bx%40example.org&password=a+b%26c%3Dd&embed=true&_csrf=t%2F1%3D%3D"
        );
        assert_eq!(
            embed_target(Region::Global),
            "/sso/embed?id=gauth-widget&embedWidget=true&gauthHost=https%3A%2F%2Fsso.garmin.com%2Fsso"
        );
        assert!(
            sign_in_target(Region::China)
                .contains("service=https%3A%2F%2Fsso.garmin.cn%2Fsso%2Fembed")
        );
    }

    proptest! {
        #[test]
        fn no_page_panics(page in "\\PC{0,300}", status in 200u16..600) {
            let _ = meaning(&page, status);
        }

        #[test]
        fn any_password_survives_the_form(password in "\\PC{1,40}") {
            let email = LoginEmail::parse("jo@example.org").unwrap();
            let body = credentials(&email, &password.clone().into(), "t");
            let pairs: Vec<_> = url::form_urlencoded::parse(&body).into_owned().collect();
            prop_assert_eq!(&pairs[1], &("password".to_owned(), password));
        }
    }
}
