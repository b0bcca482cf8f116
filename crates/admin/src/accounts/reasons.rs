//! What to answer somebody whose sign-in failed, by the word it failed with.

/// Each word a sign-in can fail with, and the next step. The words are the gateway's.
const NEXT: [(&str, &str); 31] = [
    ("email_malformed", "what was typed is no e-mail address"),
    ("password_missing", "no password was typed"),
    ("code_missing", "no code was typed"),
    ("code_malformed", "what was typed is no code of Garmin's"),
    ("wrong_password", "Garmin refused e-mail and password: try both at connect.garmin.com"),
    ("not_accepted", "either SIGN_IN_ALLOW does not invite this address, or Garmin refused it"),
    ("locked", "Garmin has locked the account: a new password at connect.garmin.com unlocks it"),
    ("captcha", "Garmin wants a CAPTCHA: sign in once at connect.garmin.com, then try again"),
    ("rate_limited", "Garmin limits sign-ins from this server: wait, or set GARMIN_SSO_PROXY"),
    ("blocked", "Garmin turns this server away: wait, or set GARMIN_SSO_PROXY"),
    ("web_login_not_allowed", "a child's or family account, which cannot be connected"),
    ("garmin_down", "Garmin did not answer: `doctor` looks whether it does now"),
    ("garmin_refused", "the password was right and Garmin refused the session: try again later"),
    ("garmin_unexpected", "Garmin answered in a new way: look for a newer version of the gateway"),
    ("timed_out", "Garmin took too long: try again; `doctor` looks whether it answers now"),
    ("wrong_code", "the code was wrong: type the latest one Garmin sent"),
    ("code_expired", "the code was too old: sign in again for a new one"),
    ("code_tries_used_up", "the code was wrong too often: sign in again for a new one"),
    ("code_elsewhere", "the way the code was asked for by is gone: sign in again"),
    ("just_connected", "it had been connected a moment before: nothing is wrong"),
    ("interrupted", "the gateway was restarted meanwhile: sign in again"),
    ("busy", "too many people signed in at once: try again in some minutes"),
    ("under_way", "two sign-ins at once with other details: wait for the first"),
    ("too_often", "our limit for one network: wait a minute"),
    ("too_many_tries", "our limit for one address, before Garmin locks it: wait as the page says"),
    ("stale_form", "an old page was sent: begin anew in the app"),
    ("lapsed", "the page was half an hour old: begin anew in the app"),
    ("other_browser", "the page belonged to another browser: begin anew in the app"),
    ("no_account", "the account page, before any app was connected: connect one first"),
    ("no_cookie", "the browser sent no cookie: allow cookies for this address"),
    ("ours", "the gateway could not store it: `doctor` says what is wrong"),
];

/// What somebody whose sign-in failed so should do; `None` for a word of another version.
#[must_use]
pub fn next_step(reason: &str) -> Option<&'static str> {
    NEXT.iter().find(|(word, _)| *word == reason).map(|(_, step)| *step)
}
