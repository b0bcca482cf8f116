//! Somebody at a browser: keeps cookies, reads pages, fills in forms, clicks.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::body::Body;
use gateway::extract::client_ip::Peer;
use http::StatusCode;

use super::{Reply, encode, request, send};

#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    peer: Option<IpAddr>,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// A page, or the redirect that came instead.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// What the address bar shows.
    pub(crate) address: String,
    pub(crate) reply: Reply,
    pub(crate) forms: Vec<Form>,
}

/// What a form would send if nobody touched it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
    /// Name and type of everything a person could fill in.
    pub(crate) inputs: Vec<(String, String)>,
}

impl Browser {
    pub(super) fn on(router: Router) -> Self {
        Self { router, peer: None, cookies: BTreeMap::new() }
    }

    /// The same browser, looking at the gateway of another process.
    pub(crate) fn moved_to(&self, other: &Self) -> Self {
        Self { router: other.router.clone(), peer: self.peer, cookies: self.cookies.clone() }
    }

    /// The same browser, at home somewhere else.
    pub(crate) fn at(mut self, address: [u8; 4]) -> Self {
        self.peer = Some(address.into());
        self
    }

    pub(crate) async fn open(&mut self, path: &str) -> Page {
        let request = self.dress(request("GET", path)).body(Body::empty()).unwrap();
        self.load(path, request).await
    }

    /// Submits a form as it stands but for `answers`.
    pub(crate) async fn submit(&mut self, form: &Form, answers: &[(&str, &str)]) -> Page {
        let mut fields: Vec<(&str, &str)> = form
            .fields
            .iter()
            .filter(|(name, _)| answers.iter().all(|(answer, _)| answer != name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        fields.extend_from_slice(answers);
        self.post(&form.action, &encode(&fields)).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Page {
        let request = self
            .dress(request("POST", path))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", "null")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let page = self.load(path, request).await;
        // On to the page of ours a form leads to; the client's is not to be had here.
        if page.location().starts_with('/') { self.open(page.location()).await } else { page }
    }

    /// The same without following where it leads.
    pub(crate) async fn send(&mut self, path: &str, body: &str) -> Reply {
        let request = self
            .dress(request("POST", path))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", "null")
            .body(Body::from(body.to_owned()))
            .unwrap();
        self.load(path, request).await.reply
    }

    /// Fills in the sign-in form of `page`.
    pub(crate) async fn sign_in(&mut self, page: &Page, person: (&str, &str)) -> Page {
        let form = page.form_with("password").clone();
        self.submit(&form, &[("email", person.0), ("password", person.1)]).await
    }

    /// Fills in the code form of `page`.
    pub(crate) async fn enter_code(&mut self, page: &Page, code: &str) -> Page {
        let form = page.form_with("code").clone();
        self.submit(&form, &[("code", code)]).await
    }

    /// Clicks the button of the form that decides so.
    pub(crate) async fn decide(&mut self, page: &Page, decision: &str) -> Page {
        let chosen = |form: &&Form| form.fields.iter().any(|(_, value)| value == decision);
        let form = page.forms.iter().find(chosen).unwrap().clone();
        self.submit(&form, &[]).await
    }

    fn dress(&self, builder: http::request::Builder) -> http::request::Builder {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let builder = builder.header("accept", "text/html,*/*;q=0.8");
        if pairs.is_empty() { builder } else { builder.header("cookie", pairs.join("; ")) }
    }

    async fn load(&mut self, address: &str, mut request: http::Request<Body>) -> Page {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(Peer(SocketAddr::new(peer, 50_000)));
        }
        let reply = send(&self.router, request).await;
        for line in reply.headers.get_all("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Page { address: address.to_owned(), forms: forms_of(&reply.body), reply }
    }
}

impl Page {
    pub(crate) fn status(&self) -> StatusCode {
        self.reply.status
    }

    pub(crate) fn location(&self) -> &str {
        self.reply.header("location")
    }

    /// The form with a field of this name to fill in.
    pub(crate) fn form_with(&self, input: &str) -> &Form {
        let has = |form: &&Form| form.inputs.iter().any(|(name, _)| name == input);
        self.forms.iter().find(has).unwrap_or_else(|| panic!("no {input} on {:?}", self.reply))
    }

    pub(crate) fn asks_for(&self, input: &str) -> bool {
        self.forms.iter().any(|form| form.inputs.iter().any(|(name, _)| name == input))
    }

    /// What the page says in `role="alert"`, tags removed.
    pub(crate) fn alert(&self) -> Option<String> {
        let (_, rest) = self.reply.body.split_once("role=\"alert\"")?;
        let (_, rest) = rest.split_once('>')?;
        Some(unescape(rest.split("</p>").next()?).trim().to_owned())
    }
}

/// Reads forms the way a simple-minded program would: tag by tag.
fn forms_of(html: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut open = false;
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let name = tag.split_whitespace().next().unwrap_or_default();
        if name == "form" {
            let action = attribute(tag, "action").unwrap_or_default();
            forms.push(Form { action, ..Form::default() });
            open = true;
        } else if name == "/form" {
            open = false;
        }
        let Some(form) = forms.last_mut().filter(|_| open) else { continue };
        let field = attribute(tag, "name");
        match (name, field) {
            ("input", Some(field)) => {
                let kind = attribute(tag, "type").unwrap_or_default();
                if kind == "radio" && !tag.contains(" checked") {
                    continue;
                }
                form.fields.push((field.clone(), attribute(tag, "value").unwrap_or_default()));
                if kind != "hidden" {
                    form.inputs.push((field, kind));
                }
            }
            ("select", Some(field)) => {
                form.fields.push((field, String::new()));
            }
            ("option", _) if tag.contains(" selected") => {
                if let Some((_, value)) = form.fields.last_mut() {
                    *value = attribute(tag, "value").unwrap_or_default();
                }
            }
            _ => {}
        }
    }
    forms
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescape(rest.split('"').next()?))
}

fn unescape(text: &str) -> String {
    let mut text = text.to_owned();
    for (entity, plain) in [
        ("&#34;", "\""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#60;", "<"),
        ("&lt;", "<"),
        ("&#62;", ">"),
        ("&gt;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, plain);
    }
    text
}
