//! Resources: what a client can attach to a conversation without a call, and files that are too
//! large for one.
//!
//! One file per subject; each lists what it has. Whatever comes from Garmin comes through a
//! tool, so the operator's settings and the connection's scopes hold here as well.

mod account;
mod address;
mod exports;
mod files;
mod raw;
mod reference;
mod workouts;

use garmin::BoxFuture;
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use serde_json::Value;

use crate::error::ToolError;
use crate::visit::Visit;

pub(crate) use address::Address;
pub(crate) use raw::address as raw_address;

/// A resource, or many of one form.
pub(crate) struct Entry {
    /// A URI; or a template, in which `{name}` stands for a part of it.
    pub(crate) uri: &'static str,
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) kind: &'static str,
    /// The tool it comes from: offered where that may be called.
    pub(crate) tool: Option<&'static str>,
    pub(crate) read: Read,
}

/// Where the content comes from.
pub(crate) enum Read {
    Text(&'static str),
    By(for<'a> fn(Visit<'a>, Address<'a>) -> BoxFuture<'a, Result<Content, ToolError>>),
}

pub(crate) enum Content {
    Json(Value),
    Text(String),
    /// A file.
    Bytes(Vec<u8>),
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const MARKDOWN: &str = "text/markdown";

/// Every resource, in the order of the listing.
static ALL: &[&[Entry]] =
    &[files::ALL, exports::ALL, account::ALL, workouts::ALL, reference::ALL, raw::ALL];

fn offered(visit: Visit<'_>) -> impl Iterator<Item = &'static Entry> {
    let callable = move |tool: &str| visit.may_call(tool);
    ALL.iter()
        .flat_map(|subject| subject.iter())
        .filter(move |entry| entry.tool.is_none_or(callable))
}

pub(crate) fn list(visit: Visit<'_>) -> Vec<Resource> {
    let fixed = offered(visit).filter(|entry| !address::is_template(entry.uri));
    let described = fixed.map(|entry| {
        let resource = Resource::new(entry.uri, entry.name).with_title(entry.title);
        let resource = resource.with_description(entry.about).with_mime_type(entry.kind);
        match entry.read {
            Read::Text(text) => resource.with_size(text.len() as u64),
            Read::By(_) => resource,
        }
    });
    described.collect()
}

pub(crate) fn templates(visit: Visit<'_>) -> Vec<ResourceTemplate> {
    let many = offered(visit).filter(|entry| address::is_template(entry.uri));
    let described = many.map(|entry| {
        let template = ResourceTemplate::new(entry.uri, entry.name).with_title(entry.title);
        template.with_description(entry.about).with_mime_type(entry.kind)
    });
    described.collect()
}

/// Whether there is a template of this form; for completion.
pub(crate) fn is_offered(uri: &str, visit: Visit<'_>) -> bool {
    offered(visit).any(|entry| entry.uri == uri)
}

/// The content of a resource; `None` when there is none of that address.
pub(crate) async fn read(
    uri: &str,
    visit: Visit<'_>,
) -> Result<Option<ResourceContents>, ToolError> {
    // The first that fits: `{id}.fit` is listed before `{id}`.
    let found = offered(visit).find_map(|entry| Some((entry, Address::read(entry.uri, uri)?)));
    let Some((entry, address)) = found else { return Ok(None) };
    let content = match entry.read {
        Read::Text(text) => ResourceContents::text(text, uri),
        Read::By(read) => match read(visit, address).await? {
            Content::Json(value) => ResourceContents::text(value.to_string(), uri),
            Content::Text(text) => ResourceContents::text(text, uri),
            Content::Bytes(bytes) => ResourceContents::blob(base64(&bytes), uri),
        },
    };
    Ok(Some(content.with_mime_type(entry.kind)))
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Every tool that a resource comes from.
#[cfg(test)]
pub(crate) fn tools() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|subject| subject.iter()).filter_map(|entry| entry.tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_is_described_and_none_hides_another() {
        let all: Vec<&Entry> = ALL.iter().flat_map(|subject| subject.iter()).collect();
        for (at, entry) in all.iter().enumerate() {
            assert!(!entry.title.is_empty() && !entry.about.is_empty(), "{}", entry.uri);
            assert!(entry.uri.contains("://"), "{}", entry.uri);
            let filled = entry.uri.split('?').next().unwrap().replace("{?", "");
            let filled = filled.replace("{month}", "2026-05").replace(['{', '}'], "");
            let first = all.iter().position(|other| Address::read(other.uri, &filled).is_some());
            assert_eq!(first, Some(at), "{filled}");
        }
    }
}
