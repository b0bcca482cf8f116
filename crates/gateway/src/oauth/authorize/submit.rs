//! `POST /oauth/authorize`: what a person answers. Every path ends on a page to go on from.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use domain::clock::Timestamp;
use domain::email::LoginEmail;
use domain::id::SignInId;
use domain::oauth::ErrorCode;
use domain::scope::Scopes;
use domain::tools::Profile;
use http::{HeaderMap, Method, StatusCode};
use secrecy::SecretString;
use store::{AuditEntry, AuditEvent, SignIn, StoreError};
use zeroize::Zeroizing;

use super::super::audit;
use super::super::redirect::{see_other, with_error};
use super::super::request::Standing;
use super::super::succession::Under;
use super::stage::{self, address, may_redirect};
use super::view::{self, Found, find, go_on};
use super::{Arrival, Door, ours};
use crate::extract::client_ip::ClientIp;
use crate::extract::form::{BodyError, PAGE_LIMIT, Params, is_foreign, read_form};
use crate::headers::FormAction;
use crate::language::{Language, Text};
use crate::limits::{ByAddress, TooMany};
use crate::pages::{self, Message, Site};
use crate::sign_in::{Answer, CodeWait, Problem, Record, Scheduler, Stage, Submitted, Ticket};
use crate::state::AppState;

/// How long a person looks at a loading page before ours says what is going on.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_PASSWORD: usize = 1024;

pub(in crate::oauth) async fn post(
    State(app): State<AppState>,
    Under(realm): Under,
    client_ip: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    submitted(app, Door::App(realm), client_ip, language, request).await
}

/// `POST /account/sign-in`
pub(in crate::oauth) async fn post_own(
    State(app): State<AppState>,
    client_ip: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    submitted(app, Door::OwnPage, client_ip, language, request).await
}

async fn submitted(
    app: AppState,
    door: Door,
    client_ip: ClientIp,
    language: Language,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let asked = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    if is_foreign(&app.config.public_url, &headers) {
        tracing::warn!(event = "authorize-csrf-invalid", step = "origin", "from another site");
        let (title, sentence) =
            (language.t("refusals-foreign"), language.t("refusals-foreign-why"));
        return refuse(Site::of(&app, language), StatusCode::FORBIDDEN, title, sentence);
    }
    let params = match read_form(request, PAGE_LIMIT).await {
        Ok(params) => params,
        Err(error) => return unreadable(Site::of(&app, language), error),
    };
    let now = app.clock.now();
    let id = params.one("sign_in").ok().flatten();
    let found = match find(&app, &headers, id, now).await {
        Ok(found) => found,
        Err(error) => return ours(&app, language, &error),
    };
    let Found::Here(row, record) = found else {
        if params.one("code").is_ok_and(|code| code.is_some()) {
            tracing::info!(event = "mfa-session-missing", "a code came for no sign-in");
        }
        let arrival = Arrival {
            door,
            params: &asked,
            method: &Method::GET,
            headers: &headers,
            client_ip,
            language,
        };
        // What was typed is dropped: it belonged to a page that is over, or not this browser's.
        return view::show_or_begin(&app, &arrival, &found, now).await;
    };
    let headers = &headers;
    let post = Post { app: &app, params: &params, headers, client_ip, language, now };
    match post.answer(row, *record).await {
        Ok(response) => response,
        Err(error) => ours(&app, language, &error),
    }
}

fn refuse(site: Site<'_>, status: StatusCode, title: Text, sentence: Text) -> Response {
    let advice = [site.t("refusals-go-back")];
    let page = Message { site, title, sentence, advice: &advice, alert: true };
    pages::render(status, &page, FormAction::Nowhere)
}

/// Where a cancelled sign-in ends whose app nobody knows: at home.
fn cancelled(app: &AppState, language: Language) -> Response {
    let page = Message {
        site: Site::of(app, language),
        title: language.t("sign-in-cancelled"),
        sentence: language.t("sign-in-cancelled-nothing"),
        advice: &[language.t("sign-in-close")],
        alert: false,
    };
    pages::render(StatusCode::OK, &page, FormAction::Nowhere)
}

fn unreadable(site: Site<'_>, error: BodyError) -> Response {
    let (status, sentence) = match error {
        BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, site.t("refusals-too-large")),
        BodyError::WrongType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, site.t("refusals-wrong-type")),
        BodyError::Broken => (StatusCode::BAD_REQUEST, site.t("refusals-broken")),
        BodyError::Slow => (StatusCode::REQUEST_TIMEOUT, site.t("refusals-slow")),
    };
    refuse(site, status, site.t("refusals-unreadable"), sentence)
}

/// One submitted form, from the browser that owns the sign-in.
struct Post<'a> {
    app: &'a AppState,
    params: &'a Params,
    headers: &'a HeaderMap,
    client_ip: ClientIp,
    language: Language,
    now: Timestamp,
}

/// What the person wants, as the form says it.
enum Step<'a> {
    Deny,
    Restart,
    Approve,
    /// To have the client's document read once more.
    Retry,
    Code(&'a str),
    Credentials,
}

impl Post<'_> {
    async fn answer(&self, row: SignIn, record: Record) -> Result<Response, StoreError> {
        let presented = self.field("csrf");
        let step = self.step(&record.stage);
        tracing::info!(
            event = "authorize-post",
            step = step.label(),
            has_csrf = presented.is_some(),
            client_id = %record.request.client,
            "a form was submitted"
        );
        if !presented.is_some_and(|csrf| record.csrf_is(csrf)) {
            tracing::error!(event = "authorize-csrf-invalid", step = step.label(), "no such form");
            return Ok(self.again(&row, record, Problem::StaleForm));
        }
        match &record.stage {
            Stage::Done { location, made } if !matches!(step, Step::Deny) => {
                return Ok(
                    view::way_on(self.app, self.headers, self.language, location, made).await
                );
            }
            Stage::Refused { .. } => {
                return Ok(stage::stage(self.app, self.language, &row.id, &record, self.now));
            }
            Stage::Form { .. }
            | Stage::Code { .. }
            | Stage::Working { .. }
            | Stage::Consent { .. }
            | Stage::Unverified { .. }
            | Stage::Done { .. } => {}
        }
        match step {
            Step::Deny => self.deny(row, record).await,
            Step::Restart => self.restart(row, record).await,
            Step::Approve | Step::Retry => self.proceed(row, record, &step).await,
            Step::Code(code) => self.code(row, record, code).await,
            Step::Credentials => self.credentials(row, record).await,
        }
    }

    /// The stage says which form the person has in front of them; fields that only the other
    /// one has say that it is another tab, or one click too many.
    fn step(&self, stage: &Stage) -> Step<'_> {
        match self.field("decision") {
            Some("deny") => return Step::Deny,
            Some("restart") => return Step::Restart,
            Some("approve") => return Step::Approve,
            Some("retry") => return Step::Retry,
            Some(_) | None => {}
        }
        let code = self.field("code");
        let is_form = self.params.has("email") || self.params.has("password");
        let is_code = match stage {
            Stage::Code { .. } | Stage::Working { code: Some(_), .. } => code.is_some() || !is_form,
            Stage::Form { .. }
            | Stage::Working { code: None, .. }
            | Stage::Consent { .. }
            | Stage::Unverified { .. }
            | Stage::Refused { .. }
            | Stage::Done { .. } => self.params.has("code") && !is_form,
        };
        if is_code { Step::Code(code.unwrap_or_default()) } else { Step::Credentials }
    }

    /// A field sent once; one sent twice counts as missing.
    fn field(&self, name: &str) -> Option<&str> {
        self.params.one(name).ok().flatten()
    }

    /// The page the person was on, with a word on what was wrong. Nothing is saved.
    fn again(&self, row: &SignIn, mut record: Record, problem: Problem) -> Response {
        record.stage = match record.stage {
            Stage::Form { .. } => Stage::Form { problem: Some(problem) },
            Stage::Code { wait, .. } => Stage::Code { wait, problem: Some(problem) },
            Stage::Working { code, .. } => match code {
                Some(wait) => Stage::Code { wait, problem: Some(problem) },
                None => Stage::Form { problem: Some(problem) },
            },
            Stage::Consent { held, .. } => Stage::Consent { held, problem: Some(problem) },
            Stage::Unverified { held, .. } => Stage::Unverified { held, problem: Some(problem) },
            end @ (Stage::Refused { .. } | Stage::Done { .. }) => end,
        };
        stage::stage(self.app, self.language, &row.id, &record, self.now)
    }

    /// Whoever is talking to Garmin finds the row gone and keeps nothing; what they have just
    /// finished is taken back.
    async fn deny(&self, mut row: SignIn, mut record: Record) -> Result<Response, StoreError> {
        loop {
            if let Stage::Done { made, .. } = &record.stage {
                made.undo(self.app).await?;
                self.app.sign_ins.taken_back(&row, &record, self.client_ip.0);
            }
            if self.app.store.finish_sign_in(&row.id, row.version).await? {
                return Ok(self.denied(&record).await);
            }
            // An attempt has just moved on; the newest state decides.
            match view::reload(self.app, &row.id, self.now).await? {
                Found::Here(newer, newest) => (row, record) = (newer, *newest),
                found @ (Found::Gone | Found::OtherBrowser | Found::NoCookie) => {
                    return Ok(go_on(self.app, self.headers, self.language, &found).await);
                }
            }
        }
    }

    async fn denied(&self, record: &Record) -> Response {
        let request = &record.request;
        tracing::info!(event = "authorize-denied", client_id = %request.client, "cancelled");
        if request.standing == Standing::OwnPage {
            return see_other("/account");
        }
        if !may_redirect(record) {
            // Nobody has been asked yet, and the client is only a word.
            return cancelled(self.app, self.language);
        }
        let (event, client) = (AuditEvent::ConsentDenied, Some(&request.client));
        let entry = AuditEntry { event, account: None, device: None, client };
        audit(self.app, &entry, self.now).await;
        see_other(&with_error(
            &request.realm.issuer(&self.app.config.public_url),
            &request.redirect_uri,
            ErrorCode::AccessDenied,
            "The person did not agree.",
            request.state.as_deref(),
        ))
    }

    async fn restart(&self, row: SignIn, mut record: Record) -> Result<Response, StoreError> {
        match record.stage {
            // A form that is asked for again is not an answer to it, and no change to the row.
            Stage::Working { .. } | Stage::Form { .. } => {
                return Ok(see_other(&address(&row.id, &record)));
            }
            Stage::Code { .. }
            | Stage::Consent { .. }
            | Stage::Unverified { .. }
            | Stage::Refused { .. }
            | Stage::Done { .. } => {}
        }
        record.stage = Stage::Form { problem: None };
        self.app.store.update_sign_in(&row.id, row.version, &record.to_bytes(), self.now).await?;
        let found = view::reload(self.app, &row.id, self.now).await?;
        Ok(go_on(self.app, self.headers, self.language, &found).await)
    }

    async fn credentials(&self, row: SignIn, mut record: Record) -> Result<Response, StoreError> {
        if matches!(record.stage, Stage::Consent { .. } | Stage::Unverified { .. }) {
            // A form from before anybody knew who asks, sent once more.
            return Ok(see_other(&address(&row.id, &record)));
        }
        let typed = self.field("email").unwrap_or_default();
        record.email = typed.chars().take(254).collect();
        let agreed = record.scopes;
        self.choose(&mut record);
        let Ok(email) = LoginEmail::parse(typed) else {
            return Ok(self.again_on_form(&row, record, Problem::EmailMalformed));
        };
        let password = self.field("password").filter(|text| text.len() <= LONGEST_PASSWORD);
        let Some(password) = password else {
            return Ok(self.again_on_form(&row, record, Problem::PasswordMissing));
        };
        if let Err(problem) = self.take_turn() {
            return Ok(self.again(&row, record, problem));
        }
        let password = SecretString::from(password);
        let answer = Answer::Credentials { email, password, region: record.region };
        if matches!(record.stage, Stage::Code { .. })
            && self.app.sign_ins.was_accepted(&row.id, &answer)
        {
            if record.scopes < agreed {
                // The same person once more, who now agrees to less.
                let (store, state) = (&self.app.store, record.to_bytes());
                store.update_sign_in(&row.id, row.version, &state, self.now).await?;
            }
            return Ok(see_other(&address(&row.id, &record)));
        }
        self.submit(row, record, answer).await
    }

    async fn code(&self, row: SignIn, record: Record, code: &str) -> Result<Response, StoreError> {
        let wait: CodeWait = match &record.stage {
            Stage::Code { wait, .. } | Stage::Working { code: Some(wait), .. } => wait.clone(),
            Stage::Consent { .. } | Stage::Unverified { .. } => {
                return Ok(see_other(&address(&row.id, &record)));
            }
            Stage::Form { .. }
            | Stage::Working { code: None, .. }
            | Stage::Refused { .. }
            | Stage::Done { .. } => {
                tracing::info!(event = "mfa-session-missing", "a code came for no pending login");
                return Ok(self.again_on_form(&row, record, Problem::CodeExpired));
            }
        };
        let Ok(email) = LoginEmail::parse(&record.email) else {
            return Ok(self.again_on_form(&row, record, Problem::CodeExpired));
        };
        let dash_or_space = |c: &char| c.is_whitespace() || *c == '-';
        let code: Zeroizing<String> =
            Zeroizing::new(code.chars().filter(|c| !dash_or_space(c)).collect());
        if code.is_empty() {
            return Ok(self.again(&row, record, Problem::CodeMissing));
        }
        if !could_be_a_code(&code) {
            return Ok(self.again(&row, record, Problem::CodeMalformed));
        }
        if let Err(problem) = self.take_turn() {
            return Ok(self.again(&row, record, problem));
        }
        let answer = Answer::Code { wait, email, code };
        self.submit(row, record, answer).await
    }

    /// The click that lets a client in whose document was read after the sign-in, or has it
    /// read once more. Each counts on its own page only: nobody agrees to what they have not
    /// seen.
    async fn proceed(
        &self,
        row: SignIn,
        mut record: Record,
        step: &Step<'_>,
    ) -> Result<Response, StoreError> {
        let ((Step::Approve, Stage::Consent { held, .. })
        | (Step::Retry, Stage::Unverified { held, .. })) = (step, &record.stage)
        else {
            let here = address(&row.id, &record);
            // The second half of a double click leads where the first one does.
            return match self.app.sign_ins.watch(&row.id) {
                Some(ticket) => self.wait(&row.id, &here, &ticket).await,
                None => Ok(see_other(&here)),
            };
        };
        let held = held.clone();
        let Ok(email) = LoginEmail::parse(&record.email) else {
            return Ok(self.again_on_form(&row, record, Problem::EmailMalformed));
        };
        let answer = Answer::Approval { held, email };
        // The region is where the person has signed in; it is not chosen any more.
        record.scopes = self.agreed(&record);
        self.choose_tools(&mut record);
        self.submit(row, record, answer).await
    }

    /// One password or code of this network's share.
    fn take_turn(&self) -> Result<(), Problem> {
        self.app.limits.check_address(ByAddress::SignIn, self.client_ip.0).map_err(
            |TooMany { retry_after }| {
                let retry_at = self.now.plus(retry_after.max(Duration::from_secs(1)));
                Problem::TooOften { retry_at }
            },
        )
    }

    /// The choices on the form, within what the client asked for.
    fn choose(&self, record: &mut Record) {
        record.scopes = self.agreed(record);
        if let Some(region) = self.field("region").and_then(|text| text.parse().ok()) {
            record.region = region;
        }
        self.choose_tools(record);
    }

    /// A choice that nobody offers is none.
    fn choose_tools(&self, record: &mut Record) {
        if let Some(tools) = self.field("tools") {
            record.tools = Profile::parse(tools);
        }
    }

    fn agreed(&self, record: &Record) -> Scopes {
        match self.field("access") {
            Some("read") => Scopes::ReadOnly,
            Some(_) | None => record.request.scopes,
        }
    }

    fn again_on_form(&self, row: &SignIn, mut record: Record, problem: Problem) -> Response {
        record.stage = Stage::Form { problem: None };
        self.again(row, record, problem)
    }

    async fn submit(
        &self,
        row: SignIn,
        record: Record,
        answer: Answer,
    ) -> Result<Response, StoreError> {
        let here = address(&row.id, &record);
        let id = row.id.clone();
        let busy_elsewhere =
            matches!(record.stage, Stage::Working { .. }) && self.app.sign_ins.watch(&id).is_none();
        if busy_elsewhere {
            return self.join_elsewhere(&row, record, &answer).await;
        }
        let from = self.client_ip.0;
        match self.app.sign_ins.submit(self.app, row.clone(), record.clone(), answer, from) {
            Submitted::UnderWay(ticket) => self.wait(&id, &here, &ticket).await,
            Submitted::Other => Ok(self.again(&row, record, Problem::UnderWay)),
        }
    }

    /// Another node's attempt: with the same details this browser may look on.
    async fn join_elsewhere(
        &self,
        row: &SignIn,
        record: Record,
        answer: &Answer,
    ) -> Result<Response, StoreError> {
        if !Scheduler::is_the_same(&record, &row.id, answer) {
            return Ok(self.again(row, record, Problem::UnderWay));
        }
        let mut row = row.clone();
        // Who agrees to less on the second click gave no more, wherever it arrives.
        while let Ok(mut stored) = Record::from_bytes(&row.state) {
            if record.scopes >= stored.scopes || !matches!(stored.stage, Stage::Working { .. }) {
                break;
            }
            stored.scopes = record.scopes;
            let (store, state) = (&self.app.store, stored.to_bytes());
            if store.update_sign_in(&row.id, row.version, &state, self.now).await?.is_some() {
                break;
            }
            match store.find_sign_in(&row.id, self.now).await? {
                Some(newer) => row = newer,
                None => break,
            }
        }
        Ok(see_other(&address(&row.id, &record)))
    }

    async fn wait(
        &self,
        id: &SignInId,
        here: &str,
        ticket: &Ticket,
    ) -> Result<Response, StoreError> {
        if !ticket.ended_within(PATIENCE).await {
            return Ok(see_other(here));
        }
        let now = self.app.clock.now();
        let found = view::reload(self.app, id, now).await?;
        Ok(go_on(self.app, self.headers, self.language, &found).await)
    }
}

/// Garmin's codes have six digits. It counts tries, so what cannot be a code is not sent; what
/// might become one some day is.
fn could_be_a_code(text: &str) -> bool {
    (4..=10).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

impl Step<'_> {
    fn label(&self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Restart => "restart",
            Self::Approve => "approve",
            Self::Retry => "retry",
            Self::Code(_) => "mfa",
            Self::Credentials => "login",
        }
    }
}
