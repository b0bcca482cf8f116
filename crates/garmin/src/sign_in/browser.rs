//! One visit to Garmin's sign-in pages: a cookie jar and the redirects we choose to follow.

use bytes::Bytes;
use domain::clock::Clock;
use http::{HeaderMap, Method, StatusCode, header};

use crate::jar::{Jar, Place};
use crate::protocol;
use crate::transport::{Answer, SendError, Transport, send};

/// Sign-in pages are some tens of kilobytes.
const LARGEST_PAGE: usize = 2 * 1024 * 1024;
const MOST_REDIRECTS: usize = 5;

/// The visit. `target`s are a path and a query below Garmin's sign-in host.
pub(super) struct Browser<'a> {
    transport: &'a Transport,
    clock: &'a dyn Clock,
    pub(super) jar: Jar,
}

/// An answer and where it was found.
pub(super) struct Page {
    pub(super) answer: Answer,
    pub(super) target: String,
}

impl Page {
    pub(super) fn html(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.answer.body)
    }
}

impl<'a> Browser<'a> {
    pub(super) fn new(transport: &'a Transport, clock: &'a dyn Clock, jar: Jar) -> Self {
        Self { transport, clock, jar }
    }

    /// Loads a page, following redirects within the sign-in host.
    pub(super) async fn load(
        &mut self,
        target: String,
        headers: &HeaderMap,
    ) -> Result<Page, SendError> {
        let answer = self.request(Method::GET, &target, headers.clone(), Bytes::new()).await?;
        self.follow(Page { answer, target }, headers).await
    }

    /// Posts without following anything: for the JSON endpoints.
    pub(super) async fn post(
        &mut self,
        target: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, SendError> {
        self.request(Method::POST, target, headers, body).await
    }

    /// Posts a form and shows the page it leads to, as a browser would after a 303. What was
    /// posted is never posted again.
    pub(super) async fn submit(
        &mut self,
        target: String,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Page, SendError> {
        let mut form_headers = headers.clone();
        form_headers.insert(
            header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let answer = self.request(Method::POST, &target, form_headers, body).await?;
        self.follow(Page { answer, target }, headers).await
    }

    async fn follow(&mut self, mut page: Page, headers: &HeaderMap) -> Result<Page, SendError> {
        for _ in 0..MOST_REDIRECTS {
            let Some(next) = self.next_target(&page) else { break };
            let answer = self.request(Method::GET, &next, headers.clone(), Bytes::new()).await?;
            page = Page { answer, target: next };
        }
        Ok(page)
    }

    /// Where a redirect leads, unless it leads away from the host or carries a ticket: that
    /// is for us to redeem, and visiting its address would spend it.
    fn next_target(&self, page: &Page) -> Option<String> {
        let redirects = matches!(
            page.answer.status,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER
        );
        let location = page.answer.headers.get(header::LOCATION)?.to_str().ok()?;
        if !redirects || location.contains("ticket=") {
            return None;
        }
        let upstream = self.transport.upstream();
        let garmin = protocol::sso_origin(upstream.region);
        if let Some(target) = location.strip_prefix(&garmin) {
            return target.starts_with('/').then(|| target.to_owned());
        }
        let base = upstream.sso.as_url();
        let here = url::Url::parse(&upstream.sso.join(&page.target)).ok()?;
        let next = here.join(location).ok()?;
        if next.origin() != base.origin() {
            return None;
        }
        let target = next[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        let prefix = base.path().trim_end_matches('/');
        // An absolute path may be Garmin's own, without the prefix of the stand-in.
        match target.strip_prefix(prefix) {
            Some(below) if below.starts_with('/') => Some(below.to_owned()),
            Some(_) | None => Some(target),
        }
    }

    async fn request(
        &mut self,
        method: Method,
        target: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, SendError> {
        let sso = &self.transport.upstream().sso;
        let host = format!("sso.{}", self.transport.upstream().region.domain());
        let path = target.split('?').next().unwrap_or(target);
        let sent_path = format!("{}{path}", sso.as_url().path().trim_end_matches('/'));
        let place = Place { host: &host, path, sent_to: sso.host(), sent_path: &sent_path };
        if let Some(cookies) = self.jar.header(place, self.clock.now()) {
            headers.insert(header::COOKIE, cookies);
        }
        let request = self
            .transport
            .client()
            .request(method, sso.join(target))
            .headers(headers)
            .timeout(self.transport.sign_in_timeout())
            .body(body);
        let answer = send(request, LARGEST_PAGE).await?;
        self.jar.keep(&answer.headers, place, self.clock.now());
        Ok(answer)
    }
}
