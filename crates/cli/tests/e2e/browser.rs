//! A person at a browser: keeps cookies, follows redirects, and reads forms as they come. No
//! path and no field name of the gateway appears here.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator::Control;
use url::Url;

use crate::http::{self, Broken, Reply};
use crate::secrets::Secrets;
use crate::world::Person;

/// Between two looks at a page that looks again by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
const MOST_PAGES: usize = 200;

#[derive(Clone)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
    secrets: Secrets,
}

/// A page, or the redirect to somebody else's that came instead.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// What the address bar shows.
    pub(crate) url: Url,
    pub(crate) reply: Reply,
    pub(crate) forms: Vec<Form>,
    /// Where the page goes by itself after a while.
    refresh: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    action: String,
    inputs: Vec<Input>,
    /// What is written on its button.
    button: String,
}

#[derive(Debug, Clone, Default)]
struct Input {
    name: String,
    kind: String,
    autocomplete: String,
    value: String,
}

impl Browser {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self { cookies: BTreeMap::new(), secrets: secrets.clone() }
    }

    pub(crate) async fn open(&mut self, url: &Url) -> Result<Page, Broken> {
        let mut page = self.load("GET", url.clone(), String::new()).await?;
        while let Some(next) = page.next_here() {
            page = self.load("GET", next, String::new()).await?;
        }
        Ok(page)
    }

    /// Sends a form as it stands but for the values `fill` gives.
    async fn submit(
        &mut self,
        page: &Page,
        form: &Form,
        fill: impl Fn(&Input) -> Option<String>,
    ) -> Result<Page, Broken> {
        let values: Vec<(&str, String)> = form
            .inputs
            .iter()
            .map(|input| (&*input.name, fill(input).unwrap_or_else(|| input.value.clone())))
            .collect();
        let pairs: Vec<_> = values.iter().map(|(name, value)| (*name, &**value)).collect();
        let target = page.url.join(&form.action).unwrap();
        let answer = self.load("POST", target, http::encode(&pairs)).await?;
        match answer.next_here() {
            Some(next) => self.open(&next).await,
            None => Ok(answer),
        }
    }

    /// Enters e-mail and password.
    pub(crate) async fn enter(&mut self, page: &Page, person: &Person) -> Result<Page, Broken> {
        let form = page.form_with(Input::is_password).clone();
        self.submit(page, &form, |input| match &*input.kind {
            "email" => Some(person.email.clone()),
            "password" => Some(person.password.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn enter_code(&mut self, page: &Page, code: &str) -> Result<Page, Broken> {
        let form = page.form_with(Input::is_code).clone();
        self.secrets.code(code);
        self.submit(page, &form, |input| input.is_code().then(|| code.to_owned())).await
    }

    pub(crate) async fn press(&mut self, page: &Page, button: &str) -> Result<Page, Broken> {
        let form = page.forms.iter().find(|form| form.button == button);
        let form = form.unwrap_or_else(|| panic!("no {button} on {:?}", page.reply)).clone();
        self.submit(page, &form, |_| None).await
    }

    /// Waits as long as the page says that it looks again by itself.
    pub(crate) async fn wait(&mut self, mut page: Page) -> Result<Page, Broken> {
        for _ in 0..MOST_PAGES {
            let Some(next) = &page.refresh else { return Ok(page) };
            let next = page.url.join(next).unwrap();
            tokio::time::sleep(LOOK_AGAIN).await;
            page = self.open(&next).await?;
        }
        panic!("still waiting: {:?}", page.reply)
    }

    /// Fills in what is asked for until the browser is sent back to the client, or a page says
    /// what is wrong.
    pub(crate) async fn sign_in(
        &mut self,
        page: Page,
        person: &Person,
        garmin: &Control,
    ) -> Result<Page, Broken> {
        let mut page = self.wait(page).await?;
        if page.asks_for_password() {
            page = self.enter(&page, person).await?;
            page = self.wait(page).await?;
        }
        if page.asks_for_code() && page.alert().is_none() {
            let code = garmin.mfa_code(&person.email).unwrap();
            page = self.enter_code(&page, &code).await?;
            page = self.wait(page).await?;
        }
        Ok(page)
    }

    async fn load(&mut self, method: &str, url: Url, body: String) -> Result<Page, Broken> {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (cookies, origin) = (cookies.join("; "), url.origin().ascii_serialization());
        let mut headers = vec![("accept", "text/html,*/*;q=0.8"), ("user-agent", "Mozilla/5.0")];
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        if method == "POST" {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            headers.push(("origin", &origin));
            headers.push(("sec-fetch-site", "same-origin"));
        }
        let reply = http::send(method, &url, &headers, body).await?;
        for line in reply.headers.get_all("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.secrets.token(value);
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let (forms, refresh) = (forms_of(&reply.body), refresh_of(&reply.body));
        Ok(Page { url, reply, forms, refresh })
    }
}

impl Page {
    /// Where a redirect leads, if there is one.
    fn redirect(&self) -> Option<Url> {
        let location = self.reply.header("location");
        (self.reply.status.is_redirection() && !location.is_empty())
            .then(|| self.url.join(location).unwrap())
    }

    fn next_here(&self) -> Option<Url> {
        self.redirect().filter(|target| target.origin() == self.url.origin())
    }

    /// Where the browser was sent that is not the gateway.
    pub(crate) fn left_for(&self) -> Option<Url> {
        self.redirect().filter(|target| target.origin() != self.url.origin())
    }

    fn form_with(&self, wanted: fn(&Input) -> bool) -> &Form {
        let form = self.forms.iter().find(|form| form.inputs.iter().any(wanted));
        form.unwrap_or_else(|| panic!("no such form on {:?}", self.reply))
    }

    fn has(&self, wanted: fn(&Input) -> bool) -> bool {
        self.forms.iter().any(|form| form.inputs.iter().any(wanted))
    }

    pub(crate) fn asks_for_password(&self) -> bool {
        self.has(Input::is_password)
    }

    pub(crate) fn asks_for_code(&self) -> bool {
        self.has(Input::is_code)
    }

    /// Whether the page looks again by itself.
    pub(crate) fn waits(&self) -> bool {
        self.refresh.is_some()
    }

    /// Where the page's first form leads.
    pub(crate) fn form_address(&self) -> Url {
        self.url.join(&self.forms[0].action).unwrap()
    }

    /// What the page says in `role="alert"`, tags removed.
    pub(crate) fn alert(&self) -> Option<String> {
        let (_, rest) = self.reply.body.split_once("role=\"alert\"")?;
        let (_, rest) = rest.split_once('>')?;
        let text: String = rest
            .split("</p>")
            .next()?
            .split('<')
            .map(|part| part.split_once('>').map_or(part, |(_, text)| text))
            .collect();
        Some(unescape(text.trim()))
    }
}

impl Input {
    fn is_password(&self) -> bool {
        self.kind == "password"
    }

    fn is_code(&self) -> bool {
        self.autocomplete == "one-time-code"
    }
}

/// Reads forms tag by tag.
fn forms_of(html: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut open = false;
    for part in html.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let name = tag.split_whitespace().next().unwrap_or_default();
        let value = |name| attribute(tag, name).unwrap_or_default();
        match name {
            "form" => {
                forms.push(Form { action: value("action"), ..Form::default() });
                open = true;
            }
            "/form" => open = false,
            _ => {}
        }
        let Some(form) = forms.last_mut().filter(|_| open) else { continue };
        match name {
            "input" | "select" => form.inputs.push(Input {
                name: value("name"),
                kind: value("type"),
                autocomplete: value("autocomplete"),
                value: value("value"),
            }),
            "option" if tag.contains(" selected") => {
                form.inputs.last_mut().unwrap().value = value("value");
            }
            "button" => text.trim().clone_into(&mut form.button),
            _ => {}
        }
    }
    forms
}

fn refresh_of(html: &str) -> Option<String> {
    let tag = html.split('<').find(|part| part.contains("http-equiv=\"refresh\""))?;
    let content = attribute(tag, "content")?;
    Some(content.split_once("url=")?.1.to_owned())
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
