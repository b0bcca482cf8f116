//! Questions to the person at the terminal.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::os::fd::AsFd;

use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::login::LoginError;

/// Where questions are asked. Answers come from standard input, secrets from the terminal
/// itself where there is one.
#[derive(Debug)]
pub(crate) struct Terminal<R, W> {
    input: R,
    output: W,
    tty: Option<File>,
}

impl Terminal<io::StdinLock<'static>, io::Stderr> {
    pub(crate) fn open() -> Self {
        let tty = File::options().read(true).write(true).open("/dev/tty").ok();
        Self { input: io::stdin().lock(), output: io::stderr(), tty }
    }
}

impl<R: BufRead, W: Write> Terminal<R, W> {
    /// A conversation without a terminal.
    #[cfg(test)]
    pub(crate) fn scripted(input: R, output: W) -> Self {
        Self { input, output, tty: None }
    }

    pub(crate) fn say(&mut self, line: &str) -> Result<(), LoginError> {
        writeln!(self.output, "{line}")?;
        Ok(())
    }

    pub(crate) fn ask(&mut self, question: &str) -> Result<String, LoginError> {
        write!(self.output, "{question}")?;
        self.output.flush()?;
        let mut answer = String::new();
        if self.input.read_line(&mut answer)? == 0 {
            return Err(LoginError::Cancelled);
        }
        Ok(answer.trim().to_owned())
    }

    /// Asks without showing what is typed.
    pub(crate) fn ask_secretly(&mut self, question: &str) -> Result<SecretString, LoginError> {
        write!(self.output, "{question}")?;
        self.output.flush()?;
        let Some(tty) = &self.tty else {
            let mut line = Zeroizing::new(String::new());
            if self.input.read_line(&mut line)? == 0 {
                return Err(LoginError::Cancelled);
            }
            return Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])));
        };
        let typed = {
            let _silent = Silent::on(tty)?;
            read_secret(tty)
        };
        writeln!(self.output)?;
        typed
    }
}

/// The terminal without echo, until dropped.
struct Silent<'a> {
    tty: &'a File,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn on(tty: &'a File) -> io::Result<Self> {
        let before = termios::tcgetattr(tty)?;
        let mut silent = before.clone();
        // Without signals: an interrupt would leave the terminal mute. It is read as a key.
        silent.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        termios::tcsetattr(tty.as_fd(), OptionalActions::Flush, &silent)?;
        Ok(Self { tty, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // The terminal is gone if this fails, and so is the problem.
        let _ = termios::tcsetattr(self.tty.as_fd(), OptionalActions::Flush, &self.before);
    }
}

const INTERRUPT: u8 = 3;
const END: u8 = 4;
const BACKSPACE: [u8; 2] = [8, 127];

/// Key by key: what is typed beyond the line belongs to whoever asks next.
fn read_secret(mut keys: impl Read) -> Result<SecretString, LoginError> {
    let mut typed = Zeroizing::new(Vec::with_capacity(1024));
    let mut key = [0];
    while keys.read(&mut key)? > 0 {
        match key[0] {
            b'\r' | b'\n' => {
                let text = std::str::from_utf8(&typed).map_err(|_| {
                    io::Error::new(io::ErrorKind::InvalidData, "what was typed is not UTF-8")
                })?;
                return Ok(SecretString::from(text));
            }
            INTERRUPT | END => return Err(LoginError::Cancelled),
            key if BACKSPACE.contains(&key) => {
                // A whole character, however many bytes it has.
                while typed.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
            }
            key => typed.push(key),
        }
    }
    Err(LoginError::Cancelled)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(keys: &str) -> Option<String> {
        let secret = read_secret(keys.as_bytes()).ok()?;
        Some(secret.expose_secret().to_owned())
    }

    #[test]
    fn keys_are_read_to_the_end_of_the_line() {
        assert_eq!(read("hunter2\rmore").as_deref(), Some("hunter2"));
        assert_eq!(read("pä\u{7f}ass\u{8}\n").as_deref(), Some("pas"));
        assert_eq!(read("\u{7f}\n").as_deref(), Some(""));
        assert_eq!(read("half"), None);
        assert_eq!(read("abc\u{3}\n"), None);
    }

    #[test]
    fn a_secret_from_a_pipe_keeps_its_spaces() {
        let mut said = Vec::new();
        let mut terminal =
            Terminal::scripted("me@example.org \n two words \n".as_bytes(), &mut said);
        assert_eq!(terminal.ask("E-mail: ").unwrap(), "me@example.org");
        let secret = terminal.ask_secretly("Password: ").unwrap();
        assert_eq!(secret.expose_secret(), " two words ");
        assert!(matches!(terminal.ask("Code: "), Err(LoginError::Cancelled)));
    }
}
