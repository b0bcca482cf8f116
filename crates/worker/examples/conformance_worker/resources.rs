//! Resources: two fixed ones, one that could be watched, and a template.

use rmcp::ErrorData;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::json;

use crate::content::PNG;

const TEXT: &str = "test://static-text";
const BINARY: &str = "test://static-binary";
const WATCHED: &str = "test://watched-resource";
const BEFORE_ID: &str = "test://template/";
const AFTER_ID: &str = "/data";

pub(crate) fn all() -> Vec<Resource> {
    let resource = |uri: &str, name: &str, kind: &str| {
        Resource::new(uri, name).with_description(format!("The {name}.")).with_mime_type(kind)
    };
    vec![
        resource(TEXT, "static text", "text/plain"),
        resource(BINARY, "static picture", "image/png"),
        resource(WATCHED, "resource to subscribe to", "text/plain"),
    ]
}

pub(crate) fn templates() -> Vec<ResourceTemplate> {
    let template = ResourceTemplate::new(format!("{BEFORE_ID}{{id}}{AFTER_ID}"), "data by id")
        .with_description("The data of one id.")
        .with_mime_type("application/json");
    vec![template]
}

pub(crate) fn read(uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let contents = match uri {
        TEXT => ResourceContents::text("This is the content of the static text resource.", uri),
        BINARY => ResourceContents::blob(PNG, uri).with_mime_type("image/png"),
        WATCHED => ResourceContents::text("This is the content of the watched resource.", uri),
        other => templated(other).ok_or_else(|| missing(other))?,
    };
    Ok(ReadResourceResult::new(vec![contents]))
}

/// Nothing here ever changes, so a subscription is kept by remembering nothing.
pub(crate) fn subscribe(uri: &str) -> Result<(), ErrorData> {
    if uri == WATCHED { Ok(()) } else { Err(missing(uri)) }
}

fn templated(uri: &str) -> Option<ResourceContents> {
    let id = uri.strip_prefix(BEFORE_ID)?.strip_suffix(AFTER_ID)?;
    if id.is_empty() || id.contains('/') {
        return None;
    }
    let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
    Some(ResourceContents::text(data.to_string(), uri).with_mime_type("application/json"))
}

fn missing(uri: &str) -> ErrorData {
    ErrorData::resource_not_found("Resource not found", Some(json!({ "uri": uri })))
}
