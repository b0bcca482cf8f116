//! Whom a word on the command line means.

use domain::email::LoginEmail;
use domain::id::{AccountId, ClientId, DeviceId};
use store::{DeviceSummary, Store};

use crate::AdminError;

/// As much of an id as tables show where there is no room for all of it, its prefix included.
const SHORT: usize = 12;

/// The accounts `text` names: an id, the beginning of one that fits no other, or the e-mail
/// address of a sign-in, which can have an account in each region.
pub(crate) async fn accounts(store: &Store, text: &str) -> Result<Vec<AccountId>, AdminError> {
    let unknown = || AdminError::NoSuchAccount(text.to_owned());
    if let Ok(account) = AccountId::parse(text) {
        return match store.find_account(&account).await? {
            Some(_) => Ok(vec![account]),
            None => Err(unknown()),
        };
    }
    if is_beginning(text, AccountId::PREFIX) {
        let listed = store.list_accounts().await?.into_iter().map(|account| account.id);
        return only(listed.filter(|id| id.as_str().starts_with(text)), text)?
            .map(|id| vec![id])
            .ok_or_else(unknown);
    }
    let email = LoginEmail::parse(text).map_err(|_| unknown())?;
    match store.find_accounts_by_email(&email).await? {
        found if found.is_empty() => Err(unknown()),
        found => Ok(found),
    }
}

/// The device `text` names: an id, or the beginning of one that fits no other.
pub(crate) async fn device(store: &Store, text: &str) -> Result<DeviceSummary, AdminError> {
    let unknown = || AdminError::NoSuchDevice(text.to_owned());
    if DeviceId::parse(text).is_err() && !is_beginning(text, DeviceId::PREFIX) {
        return Err(unknown());
    }
    let devices = store.list_devices(None).await?.into_iter();
    only(devices.filter(|device| device.id.as_str().starts_with(text)), text)?.ok_or_else(unknown)
}

/// The client `text` names, likewise.
pub(crate) async fn client(store: &Store, text: &str) -> Result<ClientId, AdminError> {
    let unknown = || AdminError::NoSuchClient(text.to_owned());
    let exact = ClientId::parse(text).map_err(|_| unknown())?;
    let listed: Vec<ClientId> =
        store.list_clients().await?.into_iter().map(|client| client.id).collect();
    if listed.contains(&exact) {
        return Ok(exact);
    }
    if text.len() < SHORT {
        return Err(unknown());
    }
    let fitting = listed.into_iter().filter(|id| id.as_str().starts_with(text));
    only(fitting, text)?.ok_or_else(unknown)
}

fn is_beginning(text: &str, prefix: &str) -> bool {
    text.starts_with(prefix) && text.len() >= SHORT
}

fn only<T>(mut fitting: impl Iterator<Item = T>, text: &str) -> Result<Option<T>, AdminError> {
    let first = fitting.next();
    match fitting.next() {
        Some(_) => Err(AdminError::Ambiguous(text.to_owned())),
        None => Ok(first),
    }
}

/// The beginning of an id, which every command takes for the whole.
pub(crate) fn short(id: &str) -> String {
    id.chars().take(SHORT).collect()
}
