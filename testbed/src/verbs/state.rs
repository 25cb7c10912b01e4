//! What the testbed in the background wrote down about itself: who it is, and, once all answers, what it holds.

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use commerce_testbed::process::Process;
use commerce_testbed::{Server, cache};
use serde::{Deserialize, Serialize};

/// A testbed in the background.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    owner: String,
    /// Seconds since 1970.
    since: u64,
    /// Nothing while it starts.
    pub servers: Vec<Server>,
}

impl State {
    /// This process, holding `servers`.
    pub fn of_this(servers: Vec<Server>) -> Result<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        Ok(Self { owner: Process::this()?.to_string(), since, servers })
    }

    /// What is written down, if whoever wrote it still runs.
    pub fn read() -> Result<Option<Self>> {
        let Ok(text) = fs::read(dir()?.join("state.json")) else { return Ok(None) };
        let state: Self = serde_json::from_slice(&text).context("the testbed's state cannot be read")?;
        Ok(state.owner()?.lives().then_some(state))
    }

    /// Writes it down, all or nothing.
    pub fn write(&self) -> Result<()> {
        let dir = dir()?;
        let new = dir.join("state.json.new");
        fs::write(&new, serde_json::to_vec(self)?)?;
        fs::rename(new, dir.join("state.json"))?;
        Ok(())
    }

    /// Who holds the servers.
    pub fn owner(&self) -> Result<Process> {
        self.owner.parse()
    }

    /// When it began, as `2026-11-21T15:02:37Z`.
    pub fn since(&self) -> Result<String> {
        Ok(jiff::Timestamp::from_second(i64::try_from(self.since)?)?.to_string())
    }
}

/// Where the state and the log are.
pub fn dir() -> Result<PathBuf> {
    cache::made(&cache::dir()?.join("testbed").join("up"))
}
