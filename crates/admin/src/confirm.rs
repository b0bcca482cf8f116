//! Asking before something that cannot be taken back.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::AdminError;

/// Puts `question` to whoever sits at the terminal; a script has nobody to ask and means what
/// it says. Questions go to stderr, because stdout holds data only.
pub(crate) fn confirm(question: &str) -> Result<(), AdminError> {
    let input = io::stdin();
    if !input.is_terminal() {
        return Ok(());
    }
    let mut prompt = io::stderr().lock();
    write!(prompt, "{question} [y/N] ")?;
    prompt.flush()?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    if is_yes(&answer) { Ok(()) } else { Err(AdminError::NotConfirmed) }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        assert!(is_yes("y\n") && is_yes(" YES \n"));
        assert!(!is_yes("\n") && !is_yes("no\n") && !is_yes("yesterday\n"));
    }
}
