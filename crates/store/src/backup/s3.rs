//! Buckets, where the program was built with the feature `s3`: one object is put and got by
//! signed addresses, over HTTPS with compiled-in roots.

use std::fs::File;

use super::{BackupError, S3Access};

#[cfg(not(feature = "s3"))]
#[expect(clippy::unused_async, reason = "the same call with and without the feature")]
pub(super) async fn put(
    _: &S3Access,
    _: &str,
    _: &str,
    _: File,
    _: u64,
) -> Result<(), BackupError> {
    Err(BackupError::NoBuckets)
}

#[cfg(not(feature = "s3"))]
#[expect(clippy::unused_async, reason = "the same call with and without the feature")]
pub(super) async fn get(_: &S3Access, _: &str, _: &str, _: File) -> Result<(), BackupError> {
    Err(BackupError::NoBuckets)
}

#[cfg(feature = "s3")]
pub(super) use real::{get, put};

#[cfg(feature = "s3")]
mod real {
    use std::sync::Arc;
    use std::time::Duration;

    use http::StatusCode;
    use http::header::CONTENT_LENGTH;
    use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};
    use secrecy::ExposeSecret as _;
    use tokio::io::AsyncWriteExt as _;
    use url::Url;

    use super::{BackupError, File, S3Access};

    /// How long a signed address is good, and how long a transfer may take.
    const GOOD_FOR: Duration = Duration::from_mins(30);
    const CONNECT: Duration = Duration::from_secs(10);
    /// Without a byte for this long the other end is gone.
    const SILENCE: Duration = Duration::from_mins(1);
    const DEFAULT_REGION: &str = "us-east-1";

    pub(crate) async fn put(
        access: &S3Access,
        bucket: &str,
        key: &str,
        file: File,
        length: u64,
    ) -> Result<(), BackupError> {
        let credentials = credentials(access)?;
        let bucket = open(access, bucket)?;
        let mut action = bucket.put_object(Some(&credentials), key);
        // A name of a moment is never used twice; by hand somebody may mistake one.
        action.headers_mut().insert("if-none-match", "*");
        let address = action.sign(GOOD_FOR);
        let body = reqwest::Body::from(tokio::fs::File::from_std(file));
        let sent = client()?
            .put(address)
            .header("if-none-match", "*")
            .header(CONTENT_LENGTH, length)
            .body(body)
            .send()
            .await;
        answer(sent).map(drop)
    }

    pub(crate) async fn get(
        access: &S3Access,
        bucket: &str,
        key: &str,
        into: File,
    ) -> Result<(), BackupError> {
        let credentials = credentials(access)?;
        let address = open(access, bucket)?.get_object(Some(&credentials), key).sign(GOOD_FOR);
        let mut answer = answer(client()?.get(address).send().await)?;
        let mut into = tokio::fs::File::from_std(into);
        while let Some(piece) = answer.chunk().await.map_err(unreached)? {
            into.write_all(&piece).await?;
        }
        into.flush().await?;
        Ok(())
    }

    fn answer(
        answer: Result<reqwest::Response, reqwest::Error>,
    ) -> Result<reqwest::Response, BackupError> {
        let answer = answer.map_err(unreached)?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            StatusCode::NOT_FOUND => {
                Err(BackupError::Bucket("there is no such bucket or object".to_owned()))
            }
            StatusCode::FORBIDDEN => Err(BackupError::Bucket(
                "the bucket refuses these credentials (or the clock here is wrong)".to_owned(),
            )),
            StatusCode::PRECONDITION_FAILED => {
                Err(BackupError::Bucket("there is an object of this name already".to_owned()))
            }
            status => Err(BackupError::Bucket(format!("the bucket answered {status}"))),
        }
    }

    /// Without the address, which holds a signature.
    fn unreached(error: reqwest::Error) -> BackupError {
        let mut text = error.without_url().to_string();
        text.insert_str(0, "cannot reach the bucket: ");
        BackupError::Bucket(text)
    }

    fn credentials(access: &S3Access) -> Result<Credentials, BackupError> {
        let missing = || {
            BackupError::Bucket(
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set".to_owned(),
            )
        };
        let key = access.key_id.as_deref().ok_or_else(missing)?;
        let secret = access.secret_key.as_ref().ok_or_else(missing)?.expose_secret();
        Ok(match &access.session_token {
            Some(token) => Credentials::new_with_token(key, secret, token.expose_secret()),
            None => Credentials::new(key, secret),
        })
    }

    fn open(access: &S3Access, bucket: &str) -> Result<Bucket, BackupError> {
        let region = access.region.as_deref().unwrap_or(DEFAULT_REGION);
        let amazon = format!("https://s3.{region}.amazonaws.com");
        let endpoint = access.endpoint.as_deref().unwrap_or(&amazon);
        let unusable = || BackupError::Bucket("AWS_ENDPOINT_URL cannot be used".to_owned());
        let endpoint = Url::parse(endpoint).map_err(|_| unusable())?;
        Bucket::new(endpoint, UrlStyle::Path, bucket.to_owned(), region.to_owned())
            .map_err(|_| unusable())
    }

    fn client() -> Result<reqwest::Client, BackupError> {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(std::io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .timeout(GOOD_FOR)
            .build()
            .map_err(unreached)
    }
}
