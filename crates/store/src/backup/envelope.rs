//! The outside of a backup: a header anybody can read, then sealed pieces.
//!
//! The pieces are one stream (STREAM, Hoang et al. 2015) of AES-256-GCM under a key made for
//! this backup alone. A piece that is changed, moved, missing or from another backup does not
//! open, and neither does any when the header was changed. So nobody who can write to where
//! backups are kept can give themselves a device in one.

use std::io::{self, BufRead, Read};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::Payload;
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::BackupError;

pub(crate) const MAGIC: &str = "garmin-gateway backup 1\n";
const FAMILY: &str = "garmin-gateway backup ";
/// Plain text of one piece.
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;
const MAX_HEADER: u64 = 64 * 1024;

/// What is known of a backup without the secret: no name, no address, no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) created_at: i64,
    pub(crate) program: String,
    pub(crate) schema: i64,
    /// Rows of each table, in the order in which they follow.
    pub(crate) tables: Vec<(String, u64)>,
    /// Base64. What this backup's key is derived with.
    pub(crate) salt: String,
    pub(crate) keys: Vec<HeaderKey>,
}

/// A row of `keys`: wrapped under the secret, as in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeaderKey {
    pub(crate) id: i64,
    pub(crate) purpose: String,
    pub(crate) salt: String,
    pub(crate) wrapped: String,
}

/// The root of the keys of backups, from the key that seals columns.
#[derive(Clone)]
pub(crate) struct BackupKey(Zeroizing<[u8; 32]>);

impl BackupKey {
    pub(crate) fn new(seal: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*seal))
    }

    /// The key of one backup; each has a salt of its own, so no nonce is used twice.
    fn of(&self, salt: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        #[expect(clippy::expect_used, reason = "32 bytes are less than 255 blocks of SHA-256")]
        Hkdf::<Sha256>::new(Some(salt), &*self.0)
            .expand(b"ggw/v1/backup", &mut *key)
            .expect("one block is never too much");
        key
    }
}

/// Takes plain text and writes sealed pieces.
pub(crate) struct Sealing<'a, W> {
    out: &'a mut W,
    stream: EncryptorBE32<Aes256Gcm>,
    header: [u8; 32],
    pending: Vec<u8>,
    digest: Sha256,
    pub(crate) written: u64,
}

impl<'a, W: AsyncWrite + Unpin> Sealing<'a, W> {
    pub(crate) async fn begin(
        out: &'a mut W,
        header: &Header,
        salt: &[u8],
        key: &BackupKey,
    ) -> Result<Self, BackupError> {
        let json = serde_json::to_string(header).map_err(io::Error::from)?;
        let text = format!("{MAGIC}{json}\n");
        out.write_all(text.as_bytes()).await?;
        Ok(Self {
            out,
            stream: EncryptorBE32::new((&*key.of(salt)).into(), &[0; 7].into()),
            header: Sha256::digest(&text).into(),
            pending: Vec::with_capacity(2 * PIECE),
            digest: Sha256::new(),
            written: text.len() as u64,
        })
    }

    pub(crate) async fn line(&mut self, line: &impl Serialize) -> Result<(), BackupError> {
        let before = self.pending.len();
        serde_json::to_writer(&mut self.pending, line).map_err(io::Error::from)?;
        self.pending.push(b'\n');
        self.digest.update(&self.pending[before..]);
        // One byte more than a piece: the last piece must not be empty.
        while self.pending.len() > PIECE {
            let rest = self.pending.split_off(PIECE);
            let piece = std::mem::replace(&mut self.pending, rest);
            let payload = Payload { msg: &piece, aad: &self.header };
            let sealed = self.stream.encrypt_next(payload).map_err(|_| BackupError::TooLarge)?;
            self.piece(&sealed).await?;
        }
        Ok(())
    }

    /// SHA-256 of all lines so far.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }

    pub(crate) async fn end(mut self) -> Result<u64, BackupError> {
        let piece = std::mem::take(&mut self.pending);
        let payload = Payload { msg: &piece, aad: &self.header };
        let header = self.header;
        let Self { out, stream, written, .. } = self;
        debug_assert_eq!(payload.aad, header);
        let sealed = stream.encrypt_last(payload).map_err(|_| BackupError::TooLarge)?;
        write_piece(out, &sealed).await?;
        out.flush().await?;
        Ok(written + 4 + sealed.len() as u64)
    }

    async fn piece(&mut self, sealed: &[u8]) -> Result<(), BackupError> {
        self.written += 4 + sealed.len() as u64;
        write_piece(self.out, sealed).await
    }
}

async fn write_piece(
    out: &mut (impl AsyncWrite + Unpin),
    sealed: &[u8],
) -> Result<(), BackupError> {
    let length = u32::try_from(sealed.len()).map_err(|_| BackupError::TooLarge)?;
    out.write_all(&length.to_be_bytes()).await?;
    out.write_all(sealed).await?;
    Ok(())
}

/// A header as it was read, with the digest that everything after it is bound to.
pub(crate) struct Opened {
    pub(crate) header: Header,
    digest: [u8; 32],
}

/// Reads as far as no key is needed.
pub(crate) fn read_header(input: &mut impl BufRead) -> Result<Opened, BackupError> {
    let mut magic = vec![0; MAGIC.len()];
    match input.read_exact(&mut magic) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(BackupError::NotABackup);
        }
        Err(error) => return Err(error.into()),
    }
    if magic != MAGIC.as_bytes() {
        let ours = magic.starts_with(FAMILY.as_bytes());
        return Err(if ours { BackupError::NewerFormat } else { BackupError::NotABackup });
    }
    let mut line = Vec::new();
    input.take(MAX_HEADER).read_until(b'\n', &mut line)?;
    if line.last() != Some(&b'\n') {
        return Err(BackupError::Truncated);
    }
    let header = serde_json::from_slice(&line).map_err(|_| BackupError::Damaged)?;
    let digest = Sha256::new().chain_update(&magic).chain_update(&line).finalize().into();
    Ok(Opened { header, digest })
}

/// Reads sealed pieces and gives plain text, line by line.
pub(crate) struct Unsealing<R> {
    input: R,
    stream: Option<DecryptorBE32<Aes256Gcm>>,
    header: [u8; 32],
    /// The piece after the one that is being read: only then it is known whether there is one.
    next: Option<Vec<u8>>,
    plain: Vec<u8>,
    at: usize,
    digest: Sha256,
}

impl<R: Read> Unsealing<R> {
    pub(crate) fn begin(
        mut input: R,
        opened: &Opened,
        salt: &[u8],
        key: &BackupKey,
    ) -> Result<Self, BackupError> {
        let next = read_piece(&mut input)?;
        Ok(Self {
            input,
            stream: Some(DecryptorBE32::new((&*key.of(salt)).into(), &[0; 7].into())),
            header: opened.digest,
            next,
            plain: Vec::new(),
            at: 0,
            digest: Sha256::new(),
        })
    }

    /// SHA-256 of all lines so far.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }

    /// The next line, without its end; `None` after the last.
    pub(crate) fn line(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        loop {
            let rest = &self.plain[self.at..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line = rest[..end].to_vec();
                self.digest.update(&rest[..=end]);
                self.at += end + 1;
                return Ok(Some(line));
            }
            if !self.more()? {
                return if self.at == self.plain.len() {
                    Ok(None)
                } else {
                    Err(BackupError::Damaged)
                };
            }
        }
    }

    fn more(&mut self) -> Result<bool, BackupError> {
        let Some(sealed) = self.next.take() else {
            // Ended without a last piece.
            return if self.stream.is_some() { Err(BackupError::Truncated) } else { Ok(false) };
        };
        self.next = read_piece(&mut self.input)?;
        let payload = Payload { msg: &sealed, aad: &self.header };
        let plain = match (&mut self.stream, &self.next) {
            (Some(stream), Some(_)) => {
                stream.decrypt_next(payload).map_err(|_| BackupError::Damaged)?
            }
            (stream @ Some(_), None) => match stream.take() {
                // A good piece that is not the last one: the rest is missing.
                Some(stream) => stream.decrypt_last(payload).map_err(|_| BackupError::Truncated)?,
                None => return Err(BackupError::Damaged),
            },
            (None, _) => return Err(BackupError::Damaged),
        };
        self.plain.drain(..self.at);
        self.at = 0;
        self.plain.extend_from_slice(&plain);
        Ok(true)
    }
}

fn read_piece(input: &mut impl Read) -> Result<Option<Vec<u8>>, BackupError> {
    let mut length = [0; 4];
    let mut filled = 0;
    while filled < length.len() {
        match input.read(&mut length[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(BackupError::Truncated),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if !(TAG..=PIECE + TAG).contains(&length) {
        return Err(BackupError::Damaged);
    }
    let mut piece = vec![0; length];
    match input.read_exact(&mut piece) {
        Ok(()) => Ok(Some(piece)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(BackupError::Truncated),
        Err(error) => Err(error.into()),
    }
}
