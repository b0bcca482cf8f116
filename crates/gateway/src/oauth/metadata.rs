//! The discovery documents. Both are constants of the configured origin, one for each realm.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::oauth::{AuthorizationServerMetadata, ProtectedResourceMetadata};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::succession::Under;
use crate::error::{OAuthError, json_error};
use crate::state::AppState;

pub(super) async fn resource(
    State(app): State<AppState>,
    Under(realm): Under,
    headers: HeaderMap,
) -> Response {
    document(&headers, &ProtectedResourceMetadata::under(&app.config.public_url, realm))
}

pub(super) async fn server(
    State(app): State<AppState>,
    Under(realm): Under,
    headers: HeaderMap,
) -> Response {
    let metadata = AuthorizationServerMetadata {
        client_id_metadata_document_supported: app.config.client_documents.are_on(),
        ..AuthorizationServerMetadata::under(&app.config.public_url, realm)
    };
    document(&headers, &metadata)
}

/// Above all no configuration of an identity provider: we are none, and a half-true document
/// would break strict clients.
pub(super) async fn not_here() -> Response {
    json_error(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is no such document; see /.well-known/oauth-authorization-server.",
    )
}

fn document(headers: &HeaderMap, document: &impl Serialize) -> Response {
    let Ok(body) = serde_json::to_vec(document) else {
        return OAuthError::unavailable().into_response();
    };
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..12]));
    let known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|entry| entry.trim().trim_start_matches("W/"))
        .any(|entry| entry == "*" || entry == tag);
    let caching = [(CACHE_CONTROL, "public, max-age=300".to_owned()), (ETAG, tag)];
    if known {
        (StatusCode::NOT_MODIFIED, caching).into_response()
    } else {
        (caching, [(CONTENT_TYPE, "application/json")], body).into_response()
    }
}
