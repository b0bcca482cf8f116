//! The pages of an account.

use askama::Template;

use super::Site;
use crate::account::{Chosen, DeviceCard, GarminState, HistoryLine, Usage};
use crate::language::Text;

/// `/account` for whoever has shown nothing yet.
#[derive(Template)]
#[template(path = "account/entry.html")]
pub struct EntryPage<'a> {
    pub site: Site<'a>,
    pub notice: Option<Text>,
}

/// `/account` for whoever came by a link: the devices, and to end them.
#[derive(Template)]
#[template(path = "account/devices.html")]
pub struct DevicesPage<'a> {
    pub site: Site<'a>,
    pub csrf: &'a str,
    pub devices: &'a [DeviceCard],
    pub notice: Option<Text>,
}

/// `/account` for whoever has signed in.
#[derive(Template)]
#[template(path = "account/page.html")]
pub struct AccountPage<'a> {
    pub site: Site<'a>,
    pub csrf: &'a str,
    pub email: &'a str,
    pub devices: &'a [DeviceCard],
    pub notice: Option<Text>,
    /// Signed in a moment ago, as some things need.
    pub fresh: bool,
    pub chosen: Chosen,
    /// Of the times on the page.
    pub zone: String,
    pub garmin: GarminState,
    pub usage: Usage,
    pub history: Vec<HistoryLine>,
}

/// Why something was not done, with the way back.
#[derive(Template)]
#[template(path = "account/message.html")]
pub struct AccountMessage<'a> {
    pub site: Site<'a>,
    pub title: Text,
    pub sentence: Text,
    /// Whether the same may work a second time.
    pub again: bool,
}

/// A link from a conversation, before it is spent.
#[derive(Template)]
#[template(path = "account/link.html")]
pub struct LinkPage<'a> {
    pub site: Site<'a>,
    pub token: &'a str,
    pub csrf: &'a str,
}

/// What goes when an account is erased.
#[derive(Template)]
#[template(path = "account/erase.html")]
pub struct ErasePage<'a> {
    pub site: Site<'a>,
    pub csrf: &'a str,
    pub email: &'a str,
    pub devices: u32,
    pub fresh: bool,
}
