//! The pages of a sign-in. There is no password field in any struct, so a failed attempt
//! cannot echo one back.

use askama::Template;
use domain::redirect::RedirectKind;
use domain::region::Region;
use domain::scope::Scopes;
use domain::tools::Profile;

use super::Site;
use crate::language::Text;

/// What ties a form to its sign-in; the only things read back from it besides the answers.
#[derive(Debug, Clone, Copy)]
pub struct Handle<'a> {
    pub sign_in: &'a str,
    pub csrf: &'a str,
    /// The sign-in's own address, so that a page that answers a form can be opened again.
    pub action: &'a str,
}

/// Who asks for access, as far as that is known.
#[derive(Debug, Clone)]
pub enum Asker<'a> {
    Proven(Consent<'a>),
    /// Only the host its description is said to be at.
    Unseen {
        host: &'a str,
    },
    /// No app: the person wants to see their account page.
    Nobody {
        /// For a step that asks for a sign-in of this moment.
        again: bool,
    },
}

/// What the person agrees to.
#[derive(Debug, Clone)]
pub struct Consent<'a> {
    pub client_name: Option<&'a str>,
    /// Where the client describes itself, if it does.
    pub document_host: Option<&'a str>,
    pub redirect_host: String,
    pub redirect_kind: RedirectKind,
    /// A host that nobody here knows, and that all of this rests on.
    pub stranger: Option<String>,
    pub asked: Scopes,
}

impl Consent<'_> {
    fn is_loopback(&self) -> bool {
        self.redirect_kind == RedirectKind::Loopback
    }

    fn is_app(&self) -> bool {
        self.redirect_kind == RedirectKind::PrivateUse
    }

    fn may_write(&self) -> bool {
        self.asked == Scopes::ReadWrite
    }
}

/// What the person has chosen so far.
#[derive(Debug, Clone, Copy)]
pub struct Choices {
    pub scopes: Scopes,
    pub region: Region,
    /// What the app is to be shown; `None`: whatever is recommended here.
    pub tools: Option<Profile>,
}

impl Default for Choices {
    fn default() -> Self {
        Self { scopes: Scopes::ReadWrite, region: Region::Global, tools: None }
    }
}

impl Choices {
    fn read_only(self) -> bool {
        self.scopes == Scopes::ReadOnly
    }

    /// The profiles a person can tell apart without a manual.
    /// Each with whether it is the one chosen.
    fn profiles(self) -> [(Profile, bool); 6] {
        use Profile::{Athlete, Core, Everyday, Full, Garmin, Health};
        let offered = [Everyday, Core, Health, Athlete, Garmin, Full];
        offered.map(|profile| (profile, self.tools == Some(profile)))
    }

    fn china(self) -> bool {
        self.region == Region::China
    }
}

/// Consent and credentials on one page; credentials alone while nobody knows who asks.
#[derive(Template)]
#[template(path = "pages/sign_in.html")]
pub struct SignInPage<'a> {
    pub site: Site<'a>,
    pub handle: Handle<'a>,
    pub asker: Asker<'a>,
    pub choices: Choices,
    pub email: &'a str,
    pub problem: Option<Text>,
}

impl SignInPage<'_> {
    fn title(&self) -> Text {
        match self.asker {
            Asker::Proven(_) | Asker::Unseen { .. } => self.site.t("sign-in-title"),
            Asker::Nobody { .. } => self.site.t("account-sign-in-title"),
        }
    }

    fn is_for_an_app(&self) -> bool {
        match self.asker {
            Asker::Proven(_) | Asker::Unseen { .. } => true,
            Asker::Nobody { .. } => false,
        }
    }
}

/// Consent after the sign-in, for a client whose description was read only then.
#[derive(Template)]
#[template(path = "pages/consent.html")]
pub struct ConsentPage<'a> {
    pub site: Site<'a>,
    pub handle: Handle<'a>,
    pub consent: Consent<'a>,
    pub choices: Choices,
    /// Whose data it is about.
    pub account: &'a str,
    pub problem: Option<Text>,
}

/// After the sign-in, while the client's description is not to be had.
#[derive(Template)]
#[template(path = "pages/unverified.html")]
pub struct UnverifiedPage<'a> {
    pub site: Site<'a>,
    pub handle: Handle<'a>,
    /// Where the description is.
    pub host: &'a str,
    pub account: &'a str,
    pub problem: Option<Text>,
}

/// The second factor.
#[derive(Template)]
#[template(path = "pages/code.html")]
pub struct CodePage<'a> {
    pub site: Site<'a>,
    pub handle: Handle<'a>,
    /// Where the code comes from, as a sentence.
    pub origin: Text,
    pub problem: Option<Text>,
}

/// Shown while Garmin takes longer than a person should look at a blank window.
#[derive(Template)]
#[template(path = "pages/progress.html")]
pub struct ProgressPage<'a> {
    pub site: Site<'a>,
    /// This page's own address.
    pub here: String,
}
