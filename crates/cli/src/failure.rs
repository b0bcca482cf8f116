//! How a command that failed says so: `error:` with its causes, then `hint:` with the next step.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use admin::{AdminError, Trouble};
use gateway::OpenError;
use gateway::config::ConfigError;

/// A failure whose next step its own crate cannot know.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct WithHint {
    message: String,
    hint: &'static str,
    #[source]
    source: Option<io::Error>,
}

impl WithHint {
    pub(crate) fn new(message: impl Into<String>, hint: &'static str) -> Self {
        Self { message: message.into(), hint, source: None }
    }

    pub(crate) fn caused_by(mut self, source: io::Error) -> Self {
        self.source = Some(source);
        self
    }
}

/// The configuration has to change first (`EX_CONFIG` of sysexits).
const CONFIGURATION: u8 = 78;
/// The same command may work later (`EX_TEMPFAIL`).
const PASSING: u8 = 75;

/// Prints the failure to stderr. Usage errors are clap's and exit with 2; what is neither the
/// configuration nor will pass is 1.
#[expect(clippy::print_stderr, reason = "the one place where a command says that it failed")]
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    eprint!("{}", render(error));
    code(error)
}

fn code(error: &anyhow::Error) -> ExitCode {
    for cause in error.chain() {
        if cause.is::<ConfigError>() {
            return CONFIGURATION.into();
        }
        let trouble = match (cause.downcast_ref::<AdminError>(), cause.downcast_ref::<OpenError>())
        {
            (Some(error), _) => error.trouble(),
            (None, Some(error)) => error.into(),
            (None, None) => continue,
        };
        return match trouble {
            Trouble::Configuration => CONFIGURATION.into(),
            Trouble::Passing => PASSING.into(),
            Trouble::Other => ExitCode::FAILURE,
        };
    }
    ExitCode::FAILURE
}

fn render(error: &anyhow::Error) -> String {
    let mut text = format!("error: {error}\n");
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // A library that repeats its source in its own message would say everything twice.
        if !said.contains(&cause) {
            _ = writeln!(text, "  caused by: {cause}");
        }
        said = cause;
    }
    if let Some(hint) = hint(error) {
        _ = writeln!(text, "hint: {hint}");
    }
    text
}

fn hint(error: &anyhow::Error) -> Option<&'static str> {
    for cause in error.chain() {
        if let Some(error) = cause.downcast_ref::<WithHint>() {
            return Some(error.hint);
        }
        if let Some(error) = cause.downcast_ref::<AdminError>() {
            return error.hint();
        }
        if let Some(error) = cause.downcast_ref::<ConfigError>() {
            return Some(match error {
                ConfigError::MissingSecret => {
                    "`garmin-gateway demo` tries everything without configuration"
                }
                ConfigError::Unusable { .. }
                | ConfigError::NotUtf8 { .. }
                | ConfigError::DotEnv(_) => "`.env.example` lists every variable",
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_failure_names_its_causes_once_and_the_next_step_last() {
        let source = io::Error::new(io::ErrorKind::AddrInUse, "address in use");
        let error = WithHint::new("cannot listen on 127.0.0.1:8080", "set PORT").caused_by(source);
        let error = Err::<(), _>(error).context("the gateway did not start").unwrap_err();
        assert_eq!(
            render(&error),
            "error: the gateway did not start\n  \
             caused by: cannot listen on 127.0.0.1:8080\n  \
             caused by: address in use\n\
             hint: set PORT\n"
        );
    }

    #[test]
    fn a_start_that_may_succeed_later_says_so_as_a_command_does() {
        let serve = |error: OpenError| code(&Err::<(), _>(error).context("serve").unwrap_err());
        let busy = OpenError::InUse { place: "data/gateway.db".to_owned() };
        assert_eq!(serve(busy), ExitCode::from(PASSING));
        assert_eq!(serve(OpenError::WrongSecret), ExitCode::from(CONFIGURATION));
        assert_eq!(serve(OpenError::KeysMissing), ExitCode::FAILURE);
    }

    #[test]
    fn a_cause_that_the_message_already_holds_is_not_repeated() {
        let error = anyhow::anyhow!("disk full").context("cannot write: disk full");
        assert_eq!(render(&error), "error: cannot write: disk full\n");
    }
}
