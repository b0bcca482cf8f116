//! The files pages refer to, compiled in.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sha2::{Digest, Sha256};

pub(super) const STYLE: &str = include_str!("../../../../templates/style.css");
pub(super) const FAVICON: &str = include_str!("../../../../templates/favicon.svg");
/// Made by `scripts/pictures`.
const PREVIEW: &[u8] = include_bytes!("../../../../templates/preview.png");

/// Messengers fetch it once and keep it: a new picture needs a new name.
pub(super) const PREVIEW_PATH: &str = "/static/preview-1.png";

static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let digest = URL_SAFE_NO_PAD.encode(&Sha256::digest(STYLE)[..9]);
    format!("/static/style.css?v={digest}")
});

pub(super) fn style_address() -> &'static str {
    &STYLE_ADDRESS
}

pub(super) async fn style() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, STYLE).into_response()
}

pub(super) async fn favicon() -> Response {
    let headers = [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=86400")];
    (headers, FAVICON).into_response()
}

pub(super) async fn preview() -> Response {
    let headers =
        [(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, PREVIEW).into_response()
}
