//! Key files: Ed25519 seeds and public keys, 32 bytes in base64.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use std::path::{Path, PathBuf};

/// The head of PKCS#8 of an Ed25519 seed (RFC 8410 §7).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// Key files are not longer.
const LONGEST: usize = 4_096;

/// Why a key file cannot be used. Never holds any of its content.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read.
    #[error("{}: cannot be read: {}", .0.display(), .1)]
    Read(PathBuf, std::io::Error),
    /// It holds something else.
    #[error("{}: holds no Ed25519 key: 32 bytes in base64 are expected", .0.display())]
    Content(PathBuf),
}

/// The text of a key file.
pub(super) fn read(path: &Path) -> Result<String, KeyError> {
    let text = std::fs::read_to_string(path).map_err(|error| KeyError::Read(path.to_owned(), error))?;
    if text.len() > LONGEST { Err(KeyError::Content(path.to_owned())) } else { Ok(text) }
}

fn bytes(line: &str) -> Option<[u8; 32]> {
    STANDARD.decode(line.trim()).ok()?.try_into().ok()
}

/// The private key of a seed.
pub(super) fn private(text: &str) -> Option<EncodingKey> {
    let seed = bytes(text)?;
    Some(EncodingKey::from_ed_der(&[PKCS8.as_slice(), &seed].concat()))
}

/// Public keys, one a line: two of them while a key is changed for another.
pub(super) fn public(text: &str) -> Option<Vec<DecodingKey>> {
    let keys: Option<Vec<DecodingKey>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(bytes(line)?)).ok())
        .collect();
    keys.filter(|keys| !keys.is_empty())
}
