//! The file of what the manifest declares, followed: brought to the own service when it is there and whenever
//! its content changes, until it was taken.
//!
//! Each content is handled once in a process. Whether it is new after a restart the service itself knows.

use crate::declared::bring;
use api::ServiceName;
use api::internal::declared::Declared;
use kit::peers::Peers;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the file is looked at.
const INTERVAL: Duration = Duration::from_secs(2);
/// Bytes of the largest file.
const LARGEST: u64 = 4 << 20;

/// Follows the file until `stop`. `peers` reaches the own service.
pub(crate) async fn follow(file: PathBuf, own: ServiceName, peers: Arc<dyn Peers>, stop: CancellationToken) {
    let (mut taken, mut told) = (None, String::new());
    loop {
        match look(&file, own, peers.as_ref(), taken).await {
            Ok(hash) => {
                if taken != Some(hash) {
                    tracing::info!(file = %file.display(), "what the manifest declares was taken");
                }
                taken = Some(hash);
                told.clear();
            }
            Err(error) if error != told => {
                tracing::warn!(file = %file.display(), error, "what the manifest declares could not be taken yet");
                told = error;
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Brings the content unless it was taken; gives its hash. Errors never hold any of the content.
async fn look(
    file: &Path,
    own: ServiceName,
    peers: &dyn Peers,
    taken: Option<[u8; 32]>,
) -> Result<[u8; 32], String> {
    let size = tokio::fs::metadata(file).await.map_err(|error| error.to_string())?.len();
    if size > LARGEST {
        return Err(format!("it has {size} bytes; at most {LARGEST} are read"));
    }
    let text = tokio::fs::read(file).await.map_err(|error| error.to_string())?;
    let hash: [u8; 32] = Sha256::digest(&text).into();
    if taken == Some(hash) {
        return Ok(hash);
    }
    let declared: Declared = serde_json::from_slice(&text).map_err(|error| {
        // Not the error's own text: it may quote a value.
        format!("it is no declared.json: wrong at line {} column {}", error.line(), error.column())
    })?;
    bring(peers, own, &declared).await.map_err(|error| error.to_string())?;
    Ok(hash)
}
