//! A server that speaks MongoDB's wire protocol: FerretDB on SQLite files, with one lock around its writes.
//!
//! It shows behaviour, never speed, and it lacks transactions, change streams, `$expr`, `$lookup`, partial and
//! TTL indexes, pipeline updates and arrayFilters. `tests/race.rs` admits it: of many writers that name one
//! version, exactly one wins.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::ferretdb;
use crate::instance::Instance;

const PATIENCE: Duration = Duration::from_secs(30);

/// A running server with an empty store; it stops, and its data goes, when this is dropped.
#[derive(Debug)]
pub struct MongoServer {
    uri: String,
    instance: Instance,
}

impl MongoServer {
    /// Starts a server on a free port of the loopback interface; builds it first if the cache has none.
    ///
    /// Blocks: some 50 ms, or a minute or two for the first build.
    ///
    /// # Errors
    /// If it cannot be built (no Go, no network) or does not come up: with what the tool or the server said.
    pub fn start() -> Result<Self> {
        Self::start_built().context("no MongoDB-protocol server")
    }

    fn start_built() -> Result<Self> {
        let binary = ferretdb::binary()?;
        let dir = Instance::dir("mongodb")?;
        let with_dir = |before: &str, after: &str| {
            let mut argument = OsString::from(before);
            argument.push(&dir);
            argument.push(after);
            argument
        };
        let arguments = [
            "--handler=sqlite".into(),
            with_dir("--sqlite-url=file:", "/"),
            with_dir("--state-dir=", ""),
            "--listen-addr=127.0.0.1:0".into(),
            "--debug-addr=-".into(),
            "--telemetry=disable".into(),
        ];
        let arguments: Vec<_> = arguments.iter().map(OsString::as_os_str).collect();
        let mut instance = Instance::start(dir.clone(), &binary, &arguments)?;
        let address = instance.wait_for(PATIENCE, listening_on)?;
        Ok(Self { uri: format!("mongodb://{address}/?directConnection=true"), instance })
    }

    /// The connection string.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.instance.pid()
    }
}

/// Finds the address in the server's own line `… Listening on TCP 127.0.0.1:40123...`.
fn listening_on(log: &str) -> Option<SocketAddr> {
    let rest = log.split_once("Listening on TCP ")?.1;
    rest.split_once("...")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_once_its_line_is_whole() {
        assert_eq!(listening_on("…\tListening on TCP 127.0.0.1:40"), None);
        let line = "x INFO clientconn/listener.go:107\tListening on TCP 127.0.0.1:40123...\t{}";
        assert_eq!(listening_on(line), Some(([127, 0, 0, 1], 40123).into()));
    }
}
