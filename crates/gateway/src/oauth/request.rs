//! The authorization request (RFC 6749 §4.1.1, RFC 7636, RFC 8707), checked in the one order
//! that is safe: nothing is ever sent to an address before it is known to be the client's.

use domain::email::LoginEmail;
use domain::id::ClientId;
use domain::oauth::{ErrorCode, OFFLINE_ACCESS};
use domain::origin::Origin;
use domain::pkce::Challenge;
use domain::realm::Realm;
use domain::redirect::RedirectUri;
use domain::scope::Scopes;
use domain::text::is_harmless;
use serde::{Deserialize, Serialize};

use crate::extract::form::Params;

/// What a client asked for, with every rule applied. Part of the sealed sign-in: no OAuth
/// parameter is ever read back from a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    pub client: ClientId,
    #[serde(default)]
    pub standing: Standing,
    /// The name the client gave itself.
    pub client_name: Option<String>,
    /// The client's own only if it is proven.
    pub redirect_uri: RedirectUri,
    pub state: Option<String>,
    pub challenge: String,
    pub scopes: Scopes,
    /// Under which name the client asked: the answer names the same issuer.
    #[serde(default)]
    pub realm: Realm,
}

/// What is known of a client while a person signs in for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The client is known, and the redirect URI is among its own.
    #[default]
    Proven,
    /// The client's document has never been read, and is not before somebody has signed in:
    /// until then the redirect URI is a stranger's word. The person consents afterwards.
    Deferred,
    /// There is no client: the person wants to see their account page, and grants nothing.
    OwnPage,
}

/// Stands where a sign-in for an app names its client. Nobody registers under it.
const OWN_PAGE: &str = "account-page";

/// Steps on that page that ask for a sign-in of this moment.
const GOALS: [&str; 3] = ["erase", "export", "read-only"];

impl AuthorizationRequest {
    /// What a sign-in for the account page is about. `goal` is where the person goes on there.
    pub(super) fn own_page(origin: &Origin, goal: Option<&str>) -> Option<Self> {
        Some(Self {
            client: ClientId::parse(OWN_PAGE).ok()?,
            standing: Standing::OwnPage,
            client_name: None,
            redirect_uri: RedirectUri::parse(&format!("{}/account", origin.as_str())).ok()?,
            state: goal.filter(|goal| GOALS.contains(goal)).map(str::to_owned),
            challenge: String::new(),
            scopes: Scopes::ReadOnly,
            realm: Realm::Own,
        })
    }

    /// Where a person goes on whose sign-in was for the account page: back to what they were
    /// about to do there, as far as it is one of ours.
    pub(crate) fn goal(&self) -> String {
        match self.state.as_deref() {
            Some("erase") => "/account/erase".to_owned(),
            Some(goal @ ("export" | "read-only")) => format!("/account?done=signed-in#{goal}"),
            Some(_) | None => "/account?done=signed-in".to_owned(),
        }
    }

    /// The same in the address of such a sign-in.
    pub(super) fn goal_query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.state.as_deref().map(|goal| ("for", goal)));
        query.finish()
    }

    /// The request in its own words. A page keeps it in its address, so that a sign-in that is
    /// over can begin anew: checked like any other request, for it comes back from outside.
    #[must_use]
    pub(super) fn to_query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client.as_str())
            .append_pair("redirect_uri", self.redirect_uri.as_str())
            .append_pair("code_challenge", &self.challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("scope", self.scopes.as_str());
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.finish()
    }
}

/// A refusal that may be sent to the client's redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: ErrorCode,
    pub(super) description: &'static str,
}

const STATE_MAX: usize = 4096;

/// The checks that come after client and redirect URI are known to be good.
/// `registered` is what the client asked to be limited to: it may ask for less, never for more.
pub(super) fn check(
    params: &Params,
    realm: Realm,
    origin: &Origin,
    registered: Option<Scopes>,
) -> Result<Checked, Refused> {
    let invalid = |description| Refused { code: ErrorCode::InvalidRequest, description };
    if params.repeats("resource") {
        return Err(invalid("A parameter was sent more than once."));
    }
    let one = |name| params.one(name).unwrap_or_default();
    if one("request").is_some() {
        return Err(Refused {
            code: ErrorCode::RequestNotSupported,
            description: "Request objects are not supported.",
        });
    }
    if one("request_uri").is_some() {
        return Err(Refused {
            code: ErrorCode::RequestUriNotSupported,
            description: "Request objects are not supported.",
        });
    }
    match one("response_type") {
        Some("code") => {}
        Some(_) => {
            return Err(Refused {
                code: ErrorCode::UnsupportedResponseType,
                description: "The only response type is `code`.",
            });
        }
        None => return Err(invalid("response_type is missing.")),
    }
    if one("response_mode").is_some_and(|mode| mode != "query") {
        return Err(invalid("The only response mode is `query`."));
    }
    if one("code_challenge_method") != Some("S256") {
        return Err(invalid("PKCE is required: code_challenge_method must be S256."));
    }
    let challenge = one("code_challenge")
        .and_then(|text| Challenge::parse(text).ok())
        .ok_or(invalid("code_challenge must be 43 characters of base64url."))?;
    if one("state").is_some_and(|state| !may_be_echoed(state)) {
        return Err(invalid("state must be text of at most 4096 bytes."));
    }
    if params.all("resource").any(|resource| !realm.names_resource(origin, resource)) {
        return Err(Refused {
            code: ErrorCode::InvalidTarget,
            description: "resource is not the address of this server.",
        });
    }
    let scopes = scopes(one("scope")).ok_or(Refused {
        code: ErrorCode::InvalidScope,
        description: "None of the scopes exists here: garmin:read, garmin:write.",
    })?;
    let scopes = scopes.min(registered.unwrap_or(Scopes::ReadWrite));
    if one("prompt").is_some_and(|prompt| prompt.split(' ').any(|word| word == "none")) {
        // Nobody is ever signed in here beforehand. For the same reason `login` and `consent`
        // always get what they ask for, and there is no account to select.
        return Err(Refused {
            code: ErrorCode::LoginRequired,
            description: "A person has to sign in.",
        });
    }
    Ok(Checked { challenge: challenge.encode(), scopes })
}

/// What is left of a request once the client and its redirect URI are dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) challenge: String,
    pub(super) scopes: Scopes,
}

/// `state` as far as it may be echoed: sent once, and something that can be echoed.
#[must_use]
pub(super) fn state(params: &Params) -> Option<&str> {
    params.one("state").ok().flatten().filter(|state| may_be_echoed(state))
}

/// Of a bearable length, and text: what was not UTF-8 has been lost in decoding and could only
/// be echoed as something else.
fn may_be_echoed(state: &str) -> bool {
    state.len() <= STATE_MAX && !state.contains(char::REPLACEMENT_CHARACTER)
}

/// Who the client believes is about to sign in. Never more than what the e-mail field starts
/// with, and only when it could be an address.
#[must_use]
pub(super) fn login_hint(params: &Params) -> Option<LoginEmail> {
    let hint = params.one("login_hint").ok().flatten()?;
    let email = LoginEmail::parse(hint).ok()?;
    email.reveal().chars().all(is_harmless).then_some(email)
}

/// The scopes asked for. Nothing, or nothing but a refresh token, means all of them: clients
/// cannot ask for more later.
fn scopes(asked: Option<&str>) -> Option<Scopes> {
    let mut words = asked.unwrap_or(OFFLINE_ACCESS).split_ascii_whitespace().peekable();
    let names_none = words.peek().is_none() || words.any(|word| word == OFFLINE_ACCESS);
    Scopes::parse(asked.unwrap_or_default()).ok().or(names_none.then_some(Scopes::ReadWrite))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "response_type=code&code_challenge_method=S256\
                        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn encoded(pairs: &[(&str, &str)]) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(pairs);
        text.finish()
    }

    fn outcome(query: &str) -> Result<Scopes, ErrorCode> {
        let origin = Origin::parse("https://garmin.example.org").unwrap();
        check(&Params::parse(query.as_bytes()), Realm::Own, &origin, None)
            .map(|checked| checked.scopes)
            .map_err(|refused| refused.code)
    }

    #[test]
    fn t18_unknown_scopes_are_dropped_and_nothing_left_is_refused() {
        use Scopes::{ReadOnly, ReadWrite};
        for (scope, granted) in [
            ("", Ok(ReadWrite)),
            ("&scope=", Ok(ReadWrite)),
            ("&scope=+", Ok(ReadWrite)),
            ("&scope=offline_access", Ok(ReadWrite)),
            ("&scope=openid+offline_access", Ok(ReadWrite)),
            ("&scope=garmin:read", Ok(ReadOnly)),
            ("&scope=garmin:read+offline_access+mcp:tools", Ok(ReadOnly)),
            ("&scope=garmin:write", Ok(ReadWrite)),
            ("&scope=admin+root", Err(ErrorCode::InvalidScope)),
            ("&scope=GARMIN:READ", Err(ErrorCode::InvalidScope)),
        ] {
            assert_eq!(outcome(&format!("{GOOD}{scope}")), granted, "{scope}");
        }
    }

    #[test]
    fn what_is_not_for_us_is_ignored_and_every_prompt_for_a_person_is_honoured() {
        for more in
            ["nonce=x&login_hint=y&ui_locales=de&max_age=0", "prompt=login", "prompt=consent"]
        {
            assert_eq!(outcome(&format!("{GOOD}&{more}")), Ok(Scopes::ReadWrite), "{more}");
        }
        for more in ["prompt=none", "prompt=none+login"] {
            assert_eq!(outcome(&format!("{GOOD}&{more}")), Err(ErrorCode::LoginRequired), "{more}");
        }
    }

    #[test]
    fn a_hint_is_an_e_mail_address_or_nothing() {
        let hint = |text: &str| {
            let query = encoded(&[("login_hint", text)]);
            login_hint(&Params::parse(query.as_bytes())).map(|email| email.reveal().to_owned())
        };
        assert_eq!(hint("Runner@Example.org").as_deref(), Some("runner@example.org"));
        for bad in ["", "runner", "<script>@x", "a\u{202e}b@c.example", "a\n@c.example"] {
            let shown = hint(bad);
            assert!(shown.is_none() || !bad.contains(['\u{202e}', '\n']), "{bad:?}: {shown:?}");
        }
        assert_eq!(hint("runner"), None);
        let twice = Params::parse(b"login_hint=a@b.example&login_hint=c@d.example");
        assert!(login_hint(&twice).is_none());
    }

    #[test]
    fn t21_a_state_is_echoed_only_as_it_was_sent() {
        let query = |state: &str| format!("state={state}");
        let echoed = |text: &str| state(&Params::parse(text.as_bytes())).map(str::to_owned);
        assert_eq!(echoed(&query(&"x".repeat(4096))).map(|text| text.len()), Some(4096));
        assert_eq!(echoed("state=%22%3Cscript%3E").as_deref(), Some("\"<script>"));
        for bad in [query(&"x".repeat(4097)), query("%FF"), "state=a&state=a".to_owned()] {
            assert_eq!(echoed(&bad), None, "{bad}");
            assert_eq!(outcome(&format!("{GOOD}&{bad}")), Err(ErrorCode::InvalidRequest), "{bad}");
        }
    }

    #[test]
    fn a_client_never_gets_more_than_it_registered_for() {
        let origin = Origin::parse("https://garmin.example.org").unwrap();
        for (asked, registered, granted) in [
            ("", Scopes::ReadOnly, Scopes::ReadOnly),
            ("&scope=garmin:read+garmin:write", Scopes::ReadOnly, Scopes::ReadOnly),
            ("&scope=garmin:read", Scopes::ReadWrite, Scopes::ReadOnly),
            ("", Scopes::ReadWrite, Scopes::ReadWrite),
        ] {
            let params = Params::parse(format!("{GOOD}{asked}").as_bytes());
            let checked = check(&params, Realm::Own, &origin, Some(registered)).unwrap();
            assert_eq!(checked.scopes, granted, "{asked} within {registered}");
        }
    }

    #[test]
    fn t11_t12_t13_t14_t15_t18_t19_t20_sec013_sec020_sec021_each_flaw_has_its_registered_code() {
        use ErrorCode as E;
        let without = |name: &str| {
            GOOD.split('&').filter(|pair| !pair.starts_with(name)).collect::<Vec<_>>().join("&")
        };
        for (query, code) in [
            (without("response_type"), E::InvalidRequest),
            (
                format!("{}&response_type=token", without("response_type")),
                E::UnsupportedResponseType,
            ),
            (
                format!("{}&response_type=code+id_token", without("response_type")),
                E::UnsupportedResponseType,
            ),
            (format!("{GOOD}&response_mode=fragment"), E::InvalidRequest),
            (without("code_challenge="), E::InvalidRequest),
            (without("code_challenge_method"), E::InvalidRequest),
            (
                format!("{}&code_challenge_method=plain", without("code_challenge_method")),
                E::InvalidRequest,
            ),
            (
                format!("{}&code_challenge_method=s256", without("code_challenge_method")),
                E::InvalidRequest,
            ),
            (GOOD.replace("-cM", "-c"), E::InvalidRequest),
            (GOOD.replace("-cM", "-cMA"), E::InvalidRequest),
            (GOOD.replace("-cM", "-c="), E::InvalidRequest),
            (GOOD.replace("-cM", "-c%C3%A9"), E::InvalidRequest),
            (GOOD.replace("-cM", "-c*"), E::InvalidRequest),
            (GOOD.replace("-cM", &"A".repeat(88)), E::InvalidRequest),
            (format!("{}&code_challenge=", without("code_challenge=")), E::InvalidRequest),
            (
                format!("{}&code_challenge_method=S512", without("code_challenge_method")),
                E::InvalidRequest,
            ),
            (format!("{GOOD}&response_mode=form_post"), E::InvalidRequest),
            (format!("{GOOD}&response_type=code"), E::InvalidRequest),
            (format!("{GOOD}&scope=a&scope=b"), E::InvalidRequest),
            (format!("{GOOD}&nonce=a&nonce=a"), E::InvalidRequest),
            (format!("{GOOD}&scope=admin+root"), E::InvalidScope),
            (format!("{GOOD}&resource=https://other.example/mcp"), E::InvalidTarget),
            (
                format!("{GOOD}&resource=https://garmin.example.org/mcp&resource=x"),
                E::InvalidTarget,
            ),
            (format!("{GOOD}&request=x"), E::RequestNotSupported),
            (format!("{GOOD}&request_uri=https://evil.example/"), E::RequestUriNotSupported),
            (format!("{GOOD}&prompt=none"), E::LoginRequired),
        ] {
            assert_eq!(outcome(&query), Err(code), "{query}");
        }
    }

    #[test]
    fn the_resource_may_repeat_as_long_as_every_spelling_is_ours() {
        let both = "&resource=https://garmin.example.org/mcp&resource=https://garmin.example.org";
        assert!(outcome(&format!("{GOOD}{both}")).is_ok());
    }
}
