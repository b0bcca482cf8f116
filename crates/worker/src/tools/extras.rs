//! Parts of an answer that it can do without: one that fails, or takes too long, becomes a
//! warning beside the rest.

use std::fmt;
use std::time::Duration;

use garmin::GarminError;
use tokio::time::{Instant, timeout_at};

use crate::error::ToolError;
use crate::tool::CALL_WITHIN;

/// What is left for writing the answer down once the last part has been given up.
const SPARE: Duration = Duration::from_secs(5);

/// How long the parts of one call may take. Made before anything is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extras {
    until: Instant,
}

impl Extras {
    pub(crate) fn begin() -> Self {
        Self { until: Instant::now() + CALL_WITHIN.saturating_sub(SPARE) }
    }

    /// The part, or the warning that stands for it.
    pub(crate) async fn read<T>(
        self,
        part: impl fmt::Display,
        read: impl Future<Output = Result<T, GarminError>>,
    ) -> Result<T, Missing> {
        let read = timeout_at(self.until, read).await.unwrap_or(Err(GarminError::TimedOut));
        read.map_err(|cause| Missing { part: part.to_string(), cause })
    }
}

/// A part that is not there.
#[derive(Debug)]
pub(crate) struct Missing {
    part: String,
    pub(crate) cause: GarminError,
}

impl Missing {
    /// The part as an option, with its absence among the warnings. Only the need to sign in
    /// is an answer of its own: nothing else would get the person to do it.
    pub(crate) fn warned<T>(
        part: Result<T, Self>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<T>, ToolError> {
        match part {
            Ok(found) => Ok(Some(found)),
            Err(Self { cause: GarminError::SignInNeeded, .. }) => Err(ToolError::AuthExpired),
            Err(Self { part, cause }) => {
                let error = ToolError::from(cause);
                warnings.push(format!("{part}: {}: {error}", error.code()));
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_that_never_comes_is_given_up_before_the_call_is() {
        let began = Instant::now();
        let extras = Extras::begin();
        let never = std::future::pending::<Result<i64, GarminError>>();
        let (late, there) = tokio::join!(
            extras.read("laps", never),
            extras.read("zones", std::future::ready(Ok(5))),
        );
        assert!(began.elapsed() < CALL_WITHIN);
        let mut warnings = Vec::new();
        assert_eq!(Missing::warned(late, &mut warnings), Ok(None));
        assert_eq!(Missing::warned(there, &mut warnings), Ok(Some(5)));
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with("laps: timeout: "), "{warnings:?}");
    }

    #[test]
    fn the_need_to_sign_in_is_not_a_warning() {
        let cause = GarminError::SignInNeeded;
        let part: Result<i64, _> = Err(Missing { part: "laps".into(), cause });
        assert_eq!(Missing::warned(part, &mut Vec::new()), Err(ToolError::AuthExpired));
    }
}
