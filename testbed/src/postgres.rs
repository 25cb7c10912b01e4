//! PostgreSQL, as the store below the MongoDB-protocol server: it trusts everybody on the loopback interface, and
//! does not outlive us, so it waits for no disk.
//!
//! It refuses to run as root; then it runs as the user that its packages make, with its data where that user may go.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::dir::Dir;
use crate::instance::{Instance, Launch};
use crate::ports::Port;
use crate::progress::Step;
use crate::{build, cache};

/// Long, as a busy machine takes ten times what an idle one does.
const PATIENCE: Duration = Duration::from_secs(180);
const USER: &str = "postgres";

/// A running server with no tables.
#[derive(Debug)]
pub(crate) struct Postgres {
    url: String,
    _server: Instance,
    _port: Port,
}

impl Postgres {
    /// Makes what is not in the cache.
    pub(crate) fn prepare() -> Result<()> {
        template(&programs()?, user()?).map(drop)
    }

    pub(crate) fn start() -> Result<Self> {
        let (programs, user) = (programs()?, user()?);
        let template = template(&programs, user)?;
        let mut dir = Dir::new("postgresql")?;
        let data = match user {
            Some(_) => dir.elsewhere()?,
            None => dir.join("data"),
        };
        copy(&template, &data)?;
        let port = Port::free()?;
        let set = |setting: &str| ["-c".to_owned(), setting.to_owned()];
        let launch = Launch::new(programs.join("postgres"))
            .as_user(user)
            .ends_with("QUIT") // killed, it would leave shared memory behind
            .arg("-D")
            .arg(data)
            .args(set("listen_addresses=127.0.0.1"))
            .args(set(&format!("port={}", port.number())))
            .args(set("unix_socket_directories="))
            .args(set("max_connections=300"))
            .args(set("shared_buffers=64MB"))
            .args(set("dynamic_shared_memory_type=mmap")) // in its own directory
            .args(set("fsync=off"))
            .args(set("full_page_writes=off"))
            .args(set("synchronous_commit=off"))
            .args(set("logging_collector=off"));
        let mut server = Instance::start(dir, launch)?;
        server.wait_for_lines(PATIENCE, 1, "database system is ready to accept connections")?;
        let url = format!("postgres://{USER}@{}/postgres", port.address());
        Ok(Self { url, _server: server, _port: port })
    }

    /// Where it listens, as a URL with its user and database.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// The user to run as, if we may not.
fn user() -> Result<Option<&'static str>> {
    Ok((fs::metadata("/proc/self")?.uid() == 0).then_some(USER))
}

/// The directory with `initdb` and `postgres`: the newest that Debian's packages put beside each other, else the PATH's.
fn programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, programs)| programs.join("initdb").is_file())
        .max();
    if let Some((_, programs)) = newest {
        return Ok(programs);
    }
    let initdb = build::on_path("initdb").context(
        "PostgreSQL's server is not installed, which keeps the data of the MongoDB-protocol server in tests.\n\
         `scripts/setup.sh mongodb` installs it",
    )?;
    let initdb = initdb.canonicalize()?;
    Ok(initdb.parent().context("initdb is in no directory")?.to_owned())
}

/// An empty data directory, made once: making it takes longer than all else here.
fn template(programs: &Path, user: Option<&str>) -> Result<PathBuf> {
    let testbed = cache::made(&cache::dir()?.join("testbed"))?;
    let said = Command::new(programs.join("postgres")).arg("--version").output()?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    // `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)`
    let version = said.split_whitespace().nth(2).context("postgres does not tell its version")?;
    let template = testbed.join(format!("postgresql-{version}-{}", user.unwrap_or("self")));
    if template.is_dir() {
        return Ok(template);
    }
    let _alone = cache::lock(&testbed.join("postgresql.lock"))?;
    if template.is_dir() {
        return Ok(template);
    }
    let mut step = Step::start(format!("making an empty PostgreSQL {version} (once)"));
    let mut dir = Dir::new("initdb")?;
    // Made by root for another user, it has to be where that user may go.
    let made = dir.elsewhere()?;
    if let Some(user) = user {
        cache::made(&made)?;
        let group = Command::new("chown").arg(format!("{user}:")).arg(&made).output()?;
        ensure!(group.status.success(), "there is no user {user}, whom PostgreSQL runs as when we are root");
    }
    let launch = Launch::new(programs.join("initdb"))
        .as_user(user)
        .arg("-D")
        .arg(&made)
        .args(["--no-sync", "--auth=trust", "--locale=C", "--encoding=UTF8", "--wal-segsize=1"])
        .arg(format!("--username={USER}"));
    let words = launch.words();
    let mut command = Command::new(&words[0]);
    build::run(command.args(&words[1..]).current_dir("/"), &dir.join("log"), &mut step)?;
    let half = template.with_extension("half");
    if half.exists() {
        fs::remove_dir_all(&half)?;
    }
    copy(&made, &half)?;
    fs::rename(half, &template)?;
    step.done();
    Ok(template)
}

/// Copies a directory that is not there yet, with its owner.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let output =
        Command::new("cp").arg("-a").arg(from.canonicalize()?).arg(to).stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
