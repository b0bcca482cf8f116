//! Signing in from a terminal.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use domain::email::LoginEmail;
use domain::upstream::Upstream;
use secrecy::SecretString;

use crate::desktop::{Login, SignedIn};
use crate::error::{SignInProblem, ToolError};
use crate::stdio::{DesktopError, Parts, parts, runtime};
use crate::terminal::Terminal;

/// What `login` is asked for.
#[derive(Debug, Clone)]
pub struct LoginConfig {
    /// Where the sign-in lies; see [`crate::state_directory`].
    pub directory: PathBuf,
    pub upstream: Upstream,
    /// Asked for when absent.
    pub email: Option<LoginEmail>,
    /// Asked for when absent.
    pub password: Option<SecretString>,
    pub mode: LoginMode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginMode {
    SignIn,
    /// Looks whether the saved sign-in works, and changes nothing.
    Check,
}

/// Why nobody is signed in. The text is for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error(transparent)]
    Desktop(#[from] DesktopError),
    #[error("not an e-mail address")]
    BadEmail,
    #[error("cancelled")]
    Cancelled,
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
    #[error("{0}")]
    Refused(&'static str),
    #[error("not signed in; run `garmin-gateway login`")]
    NotSignedIn,
    /// The sign-in may be fine.
    #[error("{0}")]
    NotVerified(String),
}

/// Codes that may be typed before starting over.
const CODE_TRIES: u32 = 3;

/// Signs in, or checks, in a conversation at the terminal. Prompts go to standard error, the
/// outcome is returned as a line to print.
pub fn login(config: LoginConfig) -> Result<String, LoginError> {
    let mut terminal = Terminal::open();
    runtime().map_err(DesktopError::Start)?.block_on(login_at(config, &mut terminal))
}

pub(crate) async fn login_at<R: BufRead, W: Write>(
    config: LoginConfig,
    terminal: &mut Terminal<R, W>,
) -> Result<String, LoginError> {
    if config.mode == LoginMode::Check && !config.directory.exists() {
        // To look is not to make one.
        return Err(LoginError::NotSignedIn);
    }
    let Parts { keeper, desktop, account } = parts(config.directory, config.upstream, None)?;
    if config.mode == LoginMode::SignIn {
        let email = if let Some(email) = config.email {
            email
        } else {
            let typed = terminal.ask("Garmin e-mail: ")?;
            LoginEmail::parse(&typed).map_err(|_| LoginError::BadEmail)?
        };
        let password = match config.password {
            Some(password) => password,
            None => terminal.ask_secretly("Garmin password: ")?,
        };
        terminal.say("Signing in; this takes up to a minute.")?;
        let login = Login { email, password };
        let mut step = desktop.sign_in(&login).await.map_err(refused)?;
        let mut tries = 0;
        while let SignedIn::NeedsCode { how } = &step {
            terminal.say(&format!("Garmin wants a code{how}."))?;
            let how = how.clone();
            let code = terminal.ask("Code: ")?;
            tries += 1;
            step = match desktop.complete(&code).await {
                Ok(step) => step,
                Err(SignInProblem::WrongCode) if tries < CODE_TRIES => {
                    terminal.say("Garmin did not accept this code.")?;
                    SignedIn::NeedsCode { how }
                }
                Err(problem) => return Err(refused(problem)),
            };
        }
    } else if let Some(trouble) = keeper.trouble() {
        return Err(DesktopError::Directory(trouble).into());
    } else if !keeper.has_sign_in() {
        return Err(LoginError::NotSignedIn);
    }
    let checked = check(&account).await;
    keeper.settle().await;
    let kept = format!("The sign-in is kept in {}.", keeper.path().display());
    match checked {
        Ok(name) => {
            let who = name.map(|name| format!(" as {name}")).unwrap_or_default();
            Ok(format!("Signed in{who}. {kept}"))
        }
        // Signing in is scarce and has succeeded; nobody should do it again for a hiccup.
        Err(LoginError::NotVerified(why)) if config.mode == LoginMode::SignIn => {
            Ok(format!("Signed in. {kept} It could not be checked yet: {why}"))
        }
        Err(error) => Err(error),
    }
}

/// One question that only a good sign-in has answered.
async fn check(account: &crate::account::Account) -> Result<Option<String>, LoginError> {
    let asked = async {
        let profile = account.garmin()?.social_profile().await?;
        Ok::<_, ToolError>(profile.full_name)
    };
    asked.await.map_err(|error| match error {
        ToolError::AuthExpired => LoginError::NotSignedIn,
        error => LoginError::NotVerified(error.to_string()),
    })
}

/// The problem for a person instead of a model.
fn refused(problem: SignInProblem) -> LoginError {
    LoginError::Refused(match problem {
        SignInProblem::NotConfigured => "an e-mail address and a password are needed",
        SignInProblem::Rejected => "Garmin did not accept this e-mail address and password",
        SignInProblem::Locked => {
            "Garmin has locked the account; reset the password on Garmin's page, then try again"
        }
        SignInProblem::AttentionNeeded => {
            "Garmin wants this sign-in confirmed; sign in at connect.garmin.com once, then try \
             again"
        }
        SignInProblem::WrongCode => "Garmin did not accept the code; start again",
        SignInProblem::NothingPending | SignInProblem::CodeExpired => {
            "the code came too late; start again"
        }
        SignInProblem::Blocked => {
            "Garmin keeps this network from signing in for now; wait at least half an hour"
        }
        SignInProblem::Unreachable => {
            "Garmin's sign-in cannot be reached at the moment; try again in a few minutes"
        }
        SignInProblem::NotSaved => {
            "Garmin accepted the sign-in, but it could not be saved; check the state directory"
        }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use domain::clock::SystemClock;
    use simulator::{
        AccountSpec, Effect, Fault, Host, Matcher, Mfa, MfaMethod, Simulator, SimulatorOptions,
    };

    use super::*;

    async fn garmin() -> Simulator {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mfa = Mfa::fixed(MfaMethod::Sms, "123456");
        let accounts = vec![
            AccountSpec::new("jo@example.org", "correct horse"),
            AccountSpec::new("careful@example.org", "correct horse").athlete(2).mfa(mfa),
        ];
        let options = SimulatorOptions::new(Arc::new(SystemClock), accounts);
        Simulator::start(listener, options).await.unwrap()
    }

    async fn talk(
        garmin: &Simulator,
        directory: &Path,
        mode: LoginMode,
        typed: &str,
    ) -> (Result<String, LoginError>, String) {
        let config = LoginConfig {
            directory: directory.to_owned(),
            upstream: garmin.urls().clone(),
            email: None,
            password: None,
            mode,
        };
        let mut said = Vec::new();
        let mut terminal = Terminal::scripted(typed.as_bytes(), &mut said);
        let outcome = login_at(config, &mut terminal).await;
        (outcome, String::from_utf8(said).unwrap())
    }

    #[tokio::test]
    async fn a_person_signs_in_at_the_terminal_and_checks_it_later() {
        let garmin = garmin().await;
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("garmin");
        let (before, _) = talk(&garmin, &state, LoginMode::Check, "").await;
        assert!(matches!(before, Err(LoginError::NotSignedIn)), "{before:?}");
        let typed = "jo@example.org\ncorrect horse\n";
        let (signed_in, said) = talk(&garmin, &state, LoginMode::SignIn, typed).await;
        let name = garmin.control().season("jo@example.org").unwrap().full_name;
        assert!(signed_in.unwrap().contains(&name));
        assert!(said.contains("e-mail") && !said.contains("horse"), "{said}");
        let (checked, said) = talk(&garmin, &state, LoginMode::Check, "").await;
        assert!(checked.unwrap().contains(&name));
        assert_eq!(said, "");
        garmin.control().revoke_session("jo@example.org");
        let (revoked, _) = talk(&garmin, &state, LoginMode::Check, "").await;
        assert!(matches!(revoked, Err(LoginError::NotSignedIn)), "{revoked:?}");
    }

    #[tokio::test]
    async fn a_mistyped_code_may_be_typed_again() {
        let garmin = garmin().await;
        let directory = tempfile::tempdir().unwrap();
        let typed = "careful@example.org\ncorrect horse\n999999\n123456\n";
        let (signed_in, said) = talk(&garmin, directory.path(), LoginMode::SignIn, typed).await;
        assert!(signed_in.is_ok(), "{signed_in:?}");
        assert!(
            said.contains("text message") && said.contains("did not accept this code"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn a_check_makes_no_directory() {
        let garmin = garmin().await;
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("garmin");
        let (checked, _) = talk(&garmin, &state, LoginMode::Check, "").await;
        assert!(matches!(checked, Err(LoginError::NotSignedIn)), "{checked:?}");
        assert!(!state.exists());
    }

    #[tokio::test]
    async fn a_sign_in_that_cannot_be_checked_at_once_is_one_all_the_same() {
        let garmin = garmin().await;
        let directory = tempfile::tempdir().unwrap();
        let when = Matcher::host(Host::Api).account("jo@example.org");
        let effect = Effect::Status { status: 503, retry_after_secs: Some(600) };
        garmin.control().add_fault(Fault::always(when, effect));
        let typed = "jo@example.org\ncorrect horse\n";
        let (signed_in, _) = talk(&garmin, directory.path(), LoginMode::SignIn, typed).await;
        let text = signed_in.unwrap();
        assert!(text.starts_with("Signed in.") && text.contains("not be checked yet"), "{text}");
        let (checked, _) = talk(&garmin, directory.path(), LoginMode::Check, "").await;
        assert!(matches!(checked, Err(LoginError::NotVerified(_))), "{checked:?}");
    }

    #[tokio::test]
    async fn whatever_goes_wrong_is_said_in_a_sentence() {
        let garmin = garmin().await;
        let directory = tempfile::tempdir().unwrap();
        for (typed, expected) in [
            ("", "cancelled"),
            ("jo\n", "not an e-mail address"),
            ("jo@example.org\n", "cancelled"),
            ("jo@example.org\nwrong\n", "did not accept this e-mail"),
        ] {
            let (outcome, _) = talk(&garmin, directory.path(), LoginMode::SignIn, typed).await;
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        std::fs::write(directory.path().join("tokens.json"), "{}").unwrap();
        let (outcome, _) = talk(&garmin, directory.path(), LoginMode::Check, "").await;
        assert!(outcome.unwrap_err().to_string().contains("sign in again"));
    }
}
