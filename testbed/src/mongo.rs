//! A server that speaks MongoDB's wire protocol: FerretDB on PostgreSQL, with one lock around its writes.
//!
//! It shows behaviour, never speed, and it lacks transactions, change streams, `$expr`, `$lookup`, partial and
//! TTL indexes, pipeline updates and arrayFilters. `tests/race.rs` admits it: of many writers that name one
//! version, exactly one wins.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::bed;
use crate::dir::Dir;
use crate::ferretdb;
use crate::instance::{Instance, Launch};
use crate::ports::Port;
use crate::postgres::Postgres;

/// Long, as a busy machine takes ten times what an idle one does.
const PATIENCE: Duration = Duration::from_secs(180);

/// A running server with an empty store; it stops, and its data goes, when this is dropped.
#[derive(Debug)]
pub struct MongoServer {
    uri: String,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    // It ends before what it stores in.
    server: Instance,
    starts: usize,
    _store: Postgres,
    _port: Port,
}

impl MongoServer {
    /// Starts a server on the loopback interface that is open to all; builds it first if the cache has none.
    ///
    /// Blocks: less than a second, or a minute or two for the first build.
    ///
    /// # Errors
    /// If it cannot be built (no Go, no network), PostgreSQL is not installed, or it does not come up: with what the
    /// tool or the server said.
    pub fn start() -> Result<Self> {
        Self::start_on(Ipv4Addr::LOCALHOST)
    }

    /// Starts a server at another of this machine's addresses, as [`crate::Kubernetes::machine`] is one.
    ///
    /// # Errors
    /// As [`MongoServer::start`].
    pub fn start_on(ip: Ipv4Addr) -> Result<Self> {
        Self::start_as(ip, None).context("no MongoDB-protocol server")
    }

    /// Starts a server that admits only users, of whom this one, in the database `admin`, may make others.
    ///
    /// # Errors
    /// As [`MongoServer::start`].
    pub fn start_with_auth(user: &str, password: &str) -> Result<Self> {
        Self::start_as(Ipv4Addr::LOCALHOST, Some((user, password))).context("no MongoDB-protocol server")
    }

    /// The server that `MONGODB_URI` names, as under `testbed run`; else one of our own.
    ///
    /// # Errors
    /// As [`MongoServer::start`].
    pub fn from_env_or_start() -> Result<Self> {
        Self::from_env().map_or_else(Self::start, Ok)
    }

    /// The server that `MONGODB_URI` names, if it is set.
    pub fn from_env() -> Option<Self> {
        bed::given("MONGODB_URI").map(|uri| Self { uri, own: None })
    }

    /// Builds what is not in the cache.
    pub(crate) fn prepare() -> Result<()> {
        ferretdb::binary()?;
        Postgres::prepare()
    }

    fn start_as(ip: Ipv4Addr, user: Option<(&str, &str)>) -> Result<Self> {
        let program = ferretdb::binary()?;
        let store = Postgres::start()?;
        let port = Port::free()?.on(ip);
        let address = port.address();
        let mut launch = Launch::go(program)
            .arg("--handler=pg")
            .arg(format!("--postgresql-url={}", store.url()))
            .arg("--state-dir=.")
            .arg(format!("--listen-addr={address}"))
            .arg("--debug-addr=-")
            .arg("--telemetry=disable");
        let mut uri = format!("mongodb://{address}/?directConnection=true");
        if let Some((user, password)) = user {
            launch = launch
                .arg("--test-enable-new-auth")
                .arg(format!("--setup-username={user}"))
                .arg("--setup-database=admin")
                .env("FERRETDB_SETUP_PASSWORD", password);
            uri = format!("mongodb://{user}:{password}@{address}/?directConnection=true&authSource=admin");
        }
        let server = Instance::start(Dir::new("mongodb")?, launch)?;
        let mut own = Own { server, starts: 0, _store: store, _port: port };
        own.wait()?;
        Ok(Self { uri, own: Some(own) })
    }

    /// The connection string, with the user's name and password if it takes one.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The (first) `HOST:PORT` of the connection string.
    pub fn address(&self) -> String {
        let after = self.uri.split_once("://").map_or(self.uri.as_str(), |(_, after)| after);
        let hosts = after.split(['/', '?']).next().unwrap_or_default();
        let hosts = hosts.rsplit('@').next().unwrap_or_default();
        hosts.split(',').next().unwrap_or_default().to_owned()
    }

    /// The server's process id, while one of our own runs.
    pub fn pid(&self) -> Option<u32> {
        self.own.as_ref()?.server.pid()
    }

    /// Kills the server; its data stays.
    ///
    /// # Errors
    /// If the server is not our own.
    pub fn stop(&mut self) -> Result<()> {
        self.own()?.server.stop();
        Ok(())
    }

    /// Starts the server again after [`MongoServer::stop`], on its port and data, and waits until it is ready.
    ///
    /// # Errors
    /// If the server is not our own or does not come up.
    pub fn resume(&mut self) -> Result<()> {
        let own = self.own()?;
        if own.server.pid().is_none() {
            own.server.resume()?;
            own.wait()?;
        }
        Ok(())
    }

    fn own(&mut self) -> Result<&mut Own> {
        self.own.as_mut().context("this server was given, so it is not ours to stop; use MongoServer::start")
    }
}

impl Own {
    fn wait(&mut self) -> Result<()> {
        self.starts += 1;
        self.server.wait_for_lines(PATIENCE, self.starts, "Listening on TCP")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_any_connection_string() {
        for uri in [
            "mongodb://127.0.0.1:27017/?directConnection=true",
            "mongodb://a:b%40c@127.0.0.1:27017,127.0.0.1:27018/?authSource=admin",
            "mongodb://127.0.0.1:27017",
        ] {
            assert_eq!(MongoServer { uri: uri.to_owned(), own: None }.address(), "127.0.0.1:27017");
        }
    }
}
