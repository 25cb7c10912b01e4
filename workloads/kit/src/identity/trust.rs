//! Checking tokens: each one once by its signature, then by what is remembered.

use super::Claims;
use super::keys::{self, KeyError};
use crate::clock::Clock;
use api::{Caller, ServiceName};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, dangerous, decode};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Tokens that are remembered.
const REMEMBERED: usize = 20_000;
/// Seconds by which the clocks of two workloads may differ.
const LEEWAY: i64 = 10;
/// A longer text is no token of ours.
const MAX_LENGTH: usize = 16_384;
/// Files in the directory; more are not read.
const MAX_FILES: usize = 100;

/// The public keys of the workloads that are trusted.
pub struct Trust {
    own: ServiceName,
    dir: PathBuf,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
    /// When the files were last read because of an unknown key, in milliseconds.
    looked: AtomicI64,
}

#[derive(Default)]
struct State {
    /// The files as they were read.
    files: BTreeMap<String, String>,
    keys: HashMap<String, Vec<DecodingKey>>,
    verified: HashMap<Box<str>, (Verified, i64)>,
}

/// What a genuine token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The workload that calls.
    pub from: ServiceName,
    /// On whose behalf.
    pub caller: Option<Arc<Caller>>,
}

impl Trust {
    /// Reads the directory of public keys, one file for each workload, named like it. `own` is the workload
    /// that is called.
    pub fn open(own: ServiceName, dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, KeyError> {
        let trust =
            Self { own, dir: dir.to_owned(), clock, state: RwLock::default(), looked: AtomicI64::new(0) };
        trust.reload()?;
        Ok(trust)
    }

    /// What the token says; `None` if it is forged, expired, for another service, or of a workload that is
    /// not trusted.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Verified> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        let now = self.clock.now().as_millis() / 1000;
        {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((verified, until)) = state.verified.get(token) {
                return (now < *until).then(|| verified.clone());
            }
        }
        self.check(token, now).or_else(|| {
            // Its key may be newer than what was read; looked for once a second, however many forged ones come.
            let (now_ms, looked) = (self.clock.now().as_millis(), self.looked.load(Ordering::Relaxed));
            let turn = now_ms - looked >= 1_000
                && self.looked.compare_exchange(looked, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok();
            if !turn || self.reload().is_err() {
                return None;
            }
            self.check(token, now)
        })
    }

    fn check(&self, token: &str, now: i64) -> Option<Verified> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.set_audience(&[self.own.as_str()]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // Only to know whose key to check with.
        let from = dangerous::insecure_decode::<Claims>(token).ok()?.claims.iss;
        let claims = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            let keys = state.keys.get(&from)?;
            keys.iter().find_map(|key| decode::<Claims>(token, key, &validation).ok())?.claims
        };
        let until = claims.exp.saturating_add(LEEWAY);
        if until <= now || claims.iat > now.saturating_add(LEEWAY) {
            return None;
        }
        let verified =
            Verified { from: ServiceName::parse(&claims.iss)?, caller: claims.caller.map(Arc::new) };
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.verified.len() >= REMEMBERED {
            state.verified.retain(|_, (_, until)| *until > now);
        }
        if state.verified.len() >= REMEMBERED {
            state.verified.clear();
        }
        state.verified.insert(token.into(), (verified.clone(), until));
        Some(verified)
    }

    /// Reads the directory again if it changed. Tokens of keys that are gone are out at once; an unreadable
    /// directory or key leaves what was read last.
    pub fn reload(&self) -> Result<(), KeyError> {
        let files = self.files()?;
        if self.state.read().unwrap_or_else(PoisonError::into_inner).files == files {
            return Ok(());
        }
        let mut keys = HashMap::new();
        for (name, text) in &files {
            let found = keys::public(text).ok_or_else(|| KeyError::Content(self.dir.join(name)))?;
            keys.insert(name.clone(), found);
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = State { files, keys, verified: HashMap::new() };
        Ok(())
    }

    fn files(&self) -> Result<BTreeMap<String, String>, KeyError> {
        let unreadable = |error| KeyError::Read(self.dir.clone(), error);
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(&self.dir).map_err(unreadable)?.take(MAX_FILES) {
            let entry = entry.map_err(unreadable)?;
            // A mounted volume has entries of its own, which begin with dots.
            if let Some(name) = entry.file_name().to_str().filter(|name| ServiceName::parse(name).is_some()) {
                files.insert(name.to_owned(), keys::read(&entry.path())?);
            }
        }
        Ok(files)
    }
}
