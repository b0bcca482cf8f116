//! Access tokens: three parts, the claims a client reads, and a signature nobody can check.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::Timestamp;
use domain::region::Region;
use serde_json::json;

use crate::chance::Seed;

pub(crate) const SCOPE: &str = "ATP_READ ATP_WRITE CONNECT_READ CONNECT_WRITE";

pub(crate) struct Claims<'a> {
    pub(crate) region: Region,
    pub(crate) client_id: &'a str,
    pub(crate) garmin_guid: &'a str,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) jti: &'a str,
}

pub(crate) const fn issuer(region: Region) -> &'static str {
    match region {
        Region::Global => "https://diauth.garmin.com",
        Region::China => "https://diauth.garmin.cn",
    }
}

pub(crate) fn encode(claims: &Claims<'_>, noise: Seed) -> String {
    let header = json!({"alg": "RS256", "kid": "di-oauth-signer-1", "typ": "JWT"});
    let body = json!({
        "scope": SCOPE.split(' ').collect::<Vec<_>>(),
        "iss": issuer(claims.region),
        "client_type": "UNDEFINED",
        "client_id": claims.client_id,
        "garmin_guid": claims.garmin_guid,
        "iat": claims.issued.0,
        "exp": claims.expires.0,
        "jti": claims.jti,
    });
    let signature: Vec<u8> = (0..32).flat_map(|part| noise.at(part).bits().to_be_bytes()).collect();
    format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(body.to_string()),
        URL_SAFE_NO_PAD.encode(signature)
    )
}
