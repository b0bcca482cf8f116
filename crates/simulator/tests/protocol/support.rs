//! A raw client of the protocol: as little of its own as possible.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::clock::{Clock, ManualClock, Timestamp};
use domain::region::Region;
use domain::upstream::Upstream;
use reqwest::Client;
use serde_json::{Value, json};
use simulator::{AccountSpec, Simulator, SimulatorOptions};
use tokio::net::TcpListener;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const IOS: &str = "https://mobile.integration.garmin.com/gcm/ios";
pub(crate) const CLIENT: &str = "GARMIN_CONNECT_MOBILE_ANDROID_DI_2025Q2";
const GRANT: &str = "https://connectapi.garmin.com/di-oauth2-service/oauth/grant/service_ticket";
/// Friday, 20 November 2026, 20:30 in Paris.
pub(crate) const NOW: i64 = 1_795_203_000;

pub(crate) struct Garmin {
    pub(crate) simulator: Simulator,
    pub(crate) clock: Arc<ManualClock>,
    http: Client,
}

impl Garmin {
    pub(crate) async fn with(account: AccountSpec) -> Self {
        Self::of(vec![account], |_| {}).await
    }

    pub(crate) async fn of(
        accounts: Vec<AccountSpec>,
        adjust: impl FnOnce(&mut SimulatorOptions),
    ) -> Self {
        // Another test of this process may have come first; either provider is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(ManualClock::at(Timestamp(NOW)));
        let mut options = SimulatorOptions::new(clock.clone() as Arc<dyn Clock>, accounts);
        adjust(&mut options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let simulator = Simulator::start(listener, options).await.unwrap();
        Self { simulator, clock, http: Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) fn advance(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    /// A client with an empty cookie jar.
    #[expect(clippy::unused_self, reason = "a browser is pointed at a garmin")]
    pub(crate) fn browser(&self) -> Client {
        Client::builder().no_proxy().cookie_store(true).build().unwrap()
    }

    fn page_url(urls: &Upstream, flow: &str, locale: &str, client: &str, service: &str) -> String {
        urls.sso.join(&format!(
            "/{flow}/sso/{locale}/sign-in?clientId={client}&service={}",
            encoded(service)
        ))
    }

    pub(crate) async fn load_mobile_page(&self, client: &Client) {
        let url = Self::page_url(self.simulator.urls(), "mobile", "en_US", "GCM_IOS_DARK", IOS);
        let answer = client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers().get_all("set-cookie").iter().count() >= 5);
    }

    pub(crate) async fn load_portal_page(&self, client: &Client) {
        let web = service(Region::Global, "connect", "/app");
        let url = Self::page_url(self.simulator.urls(), "portal", "en-US", "GarminConnect", &web);
        assert_eq!(client.get(url).send().await.unwrap().status(), 200);
    }

    pub(crate) fn mobile_login_url(&self) -> String {
        self.simulator.urls().sso.join(&format!(
            "/mobile/api/login?clientId=GCM_IOS_DARK&locale=en-US&service={}",
            encoded(IOS)
        ))
    }

    pub(crate) async fn mobile_login(
        &self,
        client: &Client,
        email: &str,
        password: &str,
    ) -> (u16, Value) {
        let referer = format!(
            "https://sso.garmin.com/mobile/sso/en_US/sign-in?clientId=GCM_IOS_DARK&service={}",
            encoded(IOS)
        );
        post_login(client, &self.mobile_login_url(), &referer, email, password).await
    }

    pub(crate) async fn portal_login(
        &self,
        client: &Client,
        email: &str,
        password: &str,
    ) -> (u16, Value) {
        let web = service(Region::Global, "connect", "/app");
        let url = self.simulator.urls().sso.join(&format!(
            "/portal/api/login?clientId=GarminConnect&locale=en-US&service={}",
            encoded(&web)
        ));
        let referer = format!(
            "https://sso.garmin.com/portal/sso/en-US/sign-in?clientId=GarminConnect&service={web}"
        );
        post_login(client, &url, &referer, email, password).await
    }

    /// The mobile login at other hosts, to its ticket.
    pub(crate) async fn sign_in_at(
        &self,
        client: &Client,
        urls: &Upstream,
        service: &str,
        email: &str,
    ) -> String {
        let page = Self::page_url(urls, "mobile", "en_US", "GCM_IOS_DARK", service);
        assert_eq!(client.get(&page).send().await.unwrap().status(), 200);
        let url = urls.sso.join(&format!(
            "/mobile/api/login?clientId=GCM_IOS_DARK&locale=en-US&service={}",
            encoded(service)
        ));
        let (_, body) = post_login(client, &url, &page, email, PASSWORD).await;
        body["serviceTicketId"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn verify_mobile(
        &self,
        client: &Client,
        method: &str,
        code: &str,
    ) -> (u16, Value) {
        let url = self.simulator.urls().sso.join(&format!(
            "/mobile/api/mfa/verifyCode?clientId=GCM_IOS_DARK&locale=en-US&service={}",
            encoded(IOS)
        ));
        verify(client, url, method, code).await
    }

    pub(crate) async fn verify_portal(
        &self,
        client: &Client,
        method: &str,
        code: &str,
    ) -> (u16, Value) {
        let web = service(Region::Global, "connect", "/app");
        let url = self.simulator.urls().sso.join(&format!(
            "/portal/api/mfa/verifyCode?clientId=GarminConnect&locale=en-US&service={}",
            encoded(&web)
        ));
        verify(client, url, method, code).await
    }

    pub(crate) async fn exchange(
        &self,
        ticket: &str,
        service_url: &str,
        client_id: &str,
    ) -> (u16, Value) {
        self.exchange_at(self.simulator.urls(), ticket, service_url, client_id).await
    }

    pub(crate) async fn exchange_at(
        &self,
        urls: &Upstream,
        ticket: &str,
        service_url: &str,
        client_id: &str,
    ) -> (u16, Value) {
        self.token(
            urls,
            client_id,
            &[
                ("client_id", client_id),
                ("service_ticket", ticket),
                ("grant_type", GRANT),
                ("service_url", service_url),
            ],
        )
        .await
        .unwrap()
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> (u16, Value) {
        self.try_refresh(refresh_token).await.unwrap()
    }

    pub(crate) async fn try_refresh(
        &self,
        refresh_token: &str,
    ) -> Result<(u16, Value), reqwest::Error> {
        self.token(
            self.simulator.urls(),
            CLIENT,
            &[
                ("grant_type", "refresh_token"),
                ("client_id", CLIENT),
                ("refresh_token", refresh_token),
            ],
        )
        .await
    }

    async fn token(
        &self,
        urls: &Upstream,
        client_id: &str,
        form: &[(&str, &str)],
    ) -> Result<(u16, Value), reqwest::Error> {
        let basic = STANDARD.encode(format!("{client_id}:"));
        let answer = self
            .http
            .post(urls.diauth.join("/di-oauth2-service/oauth/token"))
            .header("authorization", format!("Basic {basic}"))
            .form(form)
            .send()
            .await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or(Value::Null)))
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        let answer = self.send(path, token).await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn send(
        &self,
        path: &str,
        token: &str,
    ) -> Result<reqwest::Response, reqwest::Error> {
        self.http.get(self.simulator.urls().api.join(path)).bearer_auth(token).send().await
    }

    /// A write: what was answered, and the body where there was one.
    pub(crate) async fn write(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &Value,
    ) -> (u16, Value) {
        let url = self.simulator.urls().api.join(path);
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, url).bearer_auth(token).json(body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// An access token, by the back door.
    pub(crate) fn token_of(&self, email: &str) -> String {
        self.simulator.control().sign_in(email).unwrap().access_token
    }
}

async fn post_login(
    client: &Client,
    url: &str,
    referer: &str,
    email: &str,
    password: &str,
) -> (u16, Value) {
    let answer = client
        .post(url)
        .header("referer", referer)
        .header("origin", "https://sso.garmin.com")
        .json(&json!({
            "username": email, "password": password, "rememberMe": true, "captchaToken": ""
        }))
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

async fn verify(client: &Client, url: String, method: &str, code: &str) -> (u16, Value) {
    let answer = client
        .post(url)
        .json(&json!({
            "mfaMethod": method, "mfaVerificationCode": code, "rememberMyBrowser": true,
            "reconsentList": [], "mfaSetup": false
        }))
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

pub(crate) fn service(region: Region, host: &str, path: &str) -> String {
    format!("https://{host}.{}{path}", region.domain())
}

pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

pub(crate) fn claims(token: &str) -> Value {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap()
}

pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let start = text.find(before).unwrap_or_else(|| panic!("no `{before}`")) + before.len();
    &text[start..start + text[start..].find(after).unwrap()]
}

pub(crate) fn title(page: &str) -> &str {
    between(page, "<title>", "</title>")
}

pub(crate) fn variable<'a>(page: &'a str, name: &str) -> &'a str {
    between(page, &format!("var {name} = \""), "\"")
}

pub(crate) fn ticket(page: &str) -> String {
    between(page, "ticket=", "\"").to_owned()
}

/// The widget, as a browser holds it.
pub(crate) struct Widget {
    client: Client,
    sign_in: String,
    code: String,
    delivery: String,
    pub(crate) csrf: String,
}

impl Widget {
    pub(crate) async fn open(garmin: &Garmin) -> Self {
        let client = garmin.browser();
        let sso = &garmin.simulator.urls().sso;
        let base = "https://sso.garmin.com/sso";
        let embed = encoded(&format!("{base}/embed"));
        let opened = sso.join(&format!(
            "/sso/embed?id=gauth-widget&embedWidget=true&gauthHost={}",
            encoded(base)
        ));
        assert_eq!(client.get(opened).send().await.unwrap().status(), 200);
        let query = format!(
            "id=gauth-widget&embedWidget=true&gauthHost={embed}&service={embed}&source={embed}\
             &redirectAfterAccountLoginUrl={embed}&redirectAfterAccountCreationUrl={embed}"
        );
        let sign_in = sso.join(&format!("/sso/signin?{query}"));
        let page = client.get(&sign_in).send().await.unwrap().text().await.unwrap();
        let csrf = between(&page, "name=\"_csrf\" value=\"", "\"").to_owned();
        Self {
            client,
            sign_in,
            code: sso.join(&format!("/sso/verifyMFA/loginEnterMfaCode?{query}")),
            delivery: sso.join("/sso/verifyMFA/mfaCode"),
            csrf,
        }
    }

    async fn post(&self, url: &str, form: &[(&str, &str)]) -> String {
        let request = self.client.post(url).header("referer", &self.sign_in).form(form);
        request.send().await.unwrap().text().await.unwrap()
    }

    pub(crate) async fn submit(&mut self, email: &str, password: &str) -> String {
        let csrf = self.csrf.clone();
        self.post(
            &self.sign_in,
            &[("username", email), ("password", password), ("embed", "true"), ("_csrf", &csrf)],
        )
        .await
    }

    pub(crate) async fn ask_for_code(&self, page: &str) -> u16 {
        let url = format!("{}?clientId={}", self.delivery, variable(page, "clientId"));
        let body = json!({
            "customerGuid": variable(page, "customerGuid"),
            "mfaMethod": variable(page, "mfaMethod"),
            "locale": "en_US",
        });
        self.client.post(url).json(&body).send().await.unwrap().status().as_u16()
    }

    pub(crate) async fn enter(&self, page: &str, code: &str) -> String {
        let csrf = between(page, "name=\"_csrf\" value=\"", "\"");
        self.post(
            &self.code,
            &[
                ("mfa-code", code),
                ("embed", "true"),
                ("_csrf", csrf),
                ("fromPage", "setupEnterMfaCode"),
            ],
        )
        .await
    }
}
