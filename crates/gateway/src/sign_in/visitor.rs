//! Who stands before the scheduler: what its tables know about a submitted form.

use std::net::IpAddr;

use domain::email::LoginEmail;
use domain::token::Pepper;
use store::SignIn;

use super::record::Record;
use super::site::Site;
use super::tries::{Asker, Key, Standing};

/// Keyed digests, so that a memory dump names nobody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visitor {
    pub(super) asker: Asker,
    /// This browser with this e-mail address. What Garmin thinks of it is nobody else's affair.
    pub(super) browser: Key,
    /// The same, connecting the same app.
    pub(super) connection: Key,
}

impl Visitor {
    pub(super) fn new(
        key: &Pepper,
        row: &SignIn,
        record: &Record,
        email: &LoginEmail,
        address: IpAddr,
    ) -> Self {
        // An address of garmin.com and the same of garmin.cn are two accounts.
        let region = record.region.as_str();
        let email =
            key.mac(&[b"email ", region.as_bytes(), b" ", email.reveal().as_bytes()].concat());
        let browser = key.mac(&[b"browser", row.browser(), &email].concat());
        let redirect = record.request.redirect_uri.as_str();
        let connection =
            key.mac(&[b"connection", browser.as_slice(), redirect.as_bytes()].concat());
        let asker = Asker { email, site: Site::of(address), standing: Standing::Stranger };
        Self { asker, browser, connection }
    }
}
