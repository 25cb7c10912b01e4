//! Builds FerretDB 1.24, which speaks MongoDB's wire protocol, once per version and patch.
//!
//! Two things are done to its sources, both in a vendored copy: the version files that it demands at start are
//! written, and its write commands get one lock (`write_lock.go` says why).

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::progress::Step;
use crate::{build, cache};

const VERSION: &str = "v1.24.0";
const GO_MOD: &str = include_str!("../ferretdb/go.mod");
const GO_SUM: &str = include_str!("../ferretdb/go.sum");
const TOOLS: &str = include_str!("../ferretdb/tools.go");
const WRITE_LOCK: &str = include_str!("../ferretdb/write_lock.go");
const PACKAGE: &str = "github.com/FerretDB/FerretDB";

const HANDLE: &str = "func (c *conn) handleOpMsg(connCtx context.Context, msg *wire.OpMsg, command string) (*wire.OpMsg, error) {\n";
const TAKE_LOCK: &str = "\tunlock := oneWriterAtATime(command)\n\tdefer unlock()\n\n";

/// The path of the server's binary; builds it first if this cache has none for the version and patch.
pub(crate) fn binary() -> Result<PathBuf> {
    let testbed = cache::made(&cache::dir()?.join("testbed"))?;
    let key = key();
    let binary = cache::made(&testbed.join("bin"))?.join(format!("ferretdb-{VERSION}-{key}"));
    if binary.is_file() {
        return Ok(binary);
    }
    let _alone = cache::lock(&testbed.join("ferretdb.lock"))?;
    if binary.is_file() {
        return Ok(binary); // another process built it while we waited
    }
    let sources = testbed.join(format!("build-ferretdb-{key}"));
    if sources.exists() {
        fs::remove_dir_all(&sources)?;
    }
    cache::made(&sources)?;
    build_in(&sources, &binary)?;
    fs::remove_dir_all(&sources)?;
    Ok(binary)
}

fn build_in(sources: &Path, binary: &Path) -> Result<()> {
    let go = build::go()?;
    let log = sources.join("build.log");
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&go);
        command.current_dir(sources).args(arguments);
        command.env("CGO_ENABLED", "0").env("GOWORK", "off").env_remove("GOFLAGS").env_remove("GOROOT");
        command
    };
    for (name, text) in [("go.mod", GO_MOD), ("go.sum", GO_SUM), ("tools.go", TOOLS)] {
        fs::write(sources.join(name), text)?;
    }

    let mut step = Step::start(format!("downloading the sources of FerretDB {VERSION} (once)"));
    build::run(&mut command(&["mod", "vendor"]), &log, &mut step)?;
    step.done();

    patch(&sources.join("vendor").join(PACKAGE))?;

    let mut step = Step::start(format!("building FerretDB {VERSION} (once, takes minutes)"));
    let made = sources.join("ferretdb");
    let made_as = made.to_str().context("the path of the cache is not UTF-8")?;
    let main = format!("{PACKAGE}/cmd/ferretdb");
    let flags =
        ["build", "-mod=vendor", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", made_as, &main];
    build::run(&mut command(&flags), &log, &mut step)?;
    fs::rename(&made, binary)?;
    step.done();
    Ok(())
}

fn patch(module: &Path) -> Result<()> {
    let version = module.join("build/version");
    for (name, text) in
        [("version", VERSION), ("branch", "unknown"), ("commit", "unknown"), ("package", "unknown")]
    {
        fs::write(version.join(format!("{name}.txt")), text)?;
    }
    let connections = module.join("internal/clientconn");
    let path = connections.join("conn.go");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(
        text.matches(HANDLE).count() == 1,
        "{} is not the file that the write lock was written for",
        path.display()
    );
    fs::write(&path, text.replace(HANDLE, &format!("{HANDLE}{TAKE_LOCK}")))?;
    fs::write(connections.join("write_lock.go"), WRITE_LOCK)?;
    Ok(())
}

fn key() -> String {
    let mut hasher = DefaultHasher::new();
    (GO_MOD, GO_SUM, TOOLS, WRITE_LOCK, HANDLE, TAKE_LOCK).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
