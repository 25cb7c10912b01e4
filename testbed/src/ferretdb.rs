//! FerretDB 1.24, which speaks MongoDB's wire protocol, as a program to be built.
//!
//! Three things are done to its sources: the version files that it demands at start are written, its write commands
//! get one lock (`go/ferretdb/write_lock.go` says why), and its authentication ends when it has succeeded: as MongoDB
//! does for drivers that ask to skip the empty exchange after it, which today's drivers insist on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::binaries::{Module, Patch, module};

const WRITE_LOCK: &str = include_str!("../go/ferretdb/write_lock.go");
const HANDLE: &str = "func (c *conn) handleOpMsg(connCtx context.Context, msg *wire.OpMsg, command string) (*wire.OpMsg, error) {\n";
const TAKE_LOCK: &str = "\tunlock := oneWriterAtATime(command)\n\tdefer unlock()\n\n";
const GOES_ON: &str = "\t\t\"done\", valid, // for compatibility, assign the validity of the conversation before [Step] was called\n";
const IS_DONE: &str = "\t\t\"done\", conv.Valid(),\n";
const STEPPED: &str = "\th.L.DebugContext(connCtx, \"saslContinue: step succeed\"";
const ADMIT: &str = "\tif conv.Valid() {\n\t\tconninfo.Get(connCtx).SetBypassBackendAuth()\n\t}\n\n";

const FERRETDB: Module = module!(
    "ferretdb",
    "v1.24.0",
    &["github.com/FerretDB/FerretDB/cmd/ferretdb"],
    "",
    Some(Patch { texts: &[WRITE_LOCK, HANDLE, TAKE_LOCK, IS_DONE, ADMIT], apply: patch })
);

/// The path of FerretDB's program, built first if this cache has none.
///
/// # Errors
/// If it cannot be built: no Go, no network.
pub fn binary() -> Result<PathBuf> {
    Ok(FERRETDB.built()?.join("ferretdb"))
}

fn patch(vendor: &Path) -> Result<()> {
    let module = vendor.join("github.com/FerretDB/FerretDB");
    let version = module.join("build/version");
    for (name, text) in
        [("version", FERRETDB.version), ("branch", "unknown"), ("commit", "unknown"), ("package", "unknown")]
    {
        fs::write(version.join(format!("{name}.txt")), text)?;
    }
    let connections = module.join("internal/clientconn");
    fs::write(connections.join("write_lock.go"), WRITE_LOCK)?;
    replace(&connections.join("conn.go"), HANDLE, &format!("{HANDLE}{TAKE_LOCK}"))?;
    let authentication = module.join("internal/handler/msg_saslcontinue.go");
    replace(&authentication, GOES_ON, IS_DONE)?;
    replace(&authentication, STEPPED, &format!("{ADMIT}{STEPPED}"))
}

/// Replaces what stands once in a file.
fn replace(path: &Path, old: &str, new: &str) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(text.matches(old).count() == 1, "{} is not the file that the patch was made for", path.display());
    fs::write(path, text.replace(old, new))?;
    Ok(())
}
