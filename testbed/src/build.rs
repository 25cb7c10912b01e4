//! Running the tools that build a server: found on the PATH or in the cache, quiet unless they fail.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::progress::Step;
use crate::{cache, dir};

const OLDEST_GO: (u32, u32) = (1, 26);

/// A Go tool that is new enough: from the PATH, else the one that `scripts/setup.sh` put into the cache.
///
/// # Errors
/// If there is none, or all are too old: the message says what to install.
pub fn go() -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain([cache::dir()?.join("bin")]).map(|dir| dir.join("go"));
    let mut too_old = None;
    for go in places.filter(|go| go.is_file()) {
        let Ok(said) = Command::new(&go).arg("version").output() else { continue };
        let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        match go_version(&said) {
            Some(version) if version >= OLDEST_GO => return Ok(go),
            _ => too_old = Some(format!("{} says “{said}”", go.display())),
        }
    }
    let (major, minor) = OLDEST_GO;
    let found = too_old.unwrap_or_else(|| "there is no `go` on the PATH".to_owned());
    bail!(
        "Go {major}.{minor} or newer is needed to build the servers for the tests, but {found}.\n\
         `scripts/setup.sh go` installs one (the packages of Debian 12 and Ubuntu 22.04 are too old on their own); \
         or install it from https://go.dev/dl and put its bin directory on the PATH."
    )
}

/// The first program of this name on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    found_in(&env::var_os("PATH")?, name)
}

/// The first program of this name in a list of directories like the PATH.
pub(crate) fn found_in(path: &OsStr, name: &str) -> Option<PathBuf> {
    env::split_paths(path).map(|dir| dir.join(name)).find(|program| program.is_file())
}

/// Reads `go version go1.26.8 linux/amd64` as `(1, 26)`.
fn go_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said
        .split_whitespace()
        .find_map(|word| word.strip_prefix("go1."))?
        .split(|c: char| !c.is_ascii_digit());
    Some((1, parts.next()?.parse().ok()?))
}

/// Runs `command` to its end, its output going to the file `log`, while `step` shows that it lives.
///
/// # Errors
/// If it cannot be started or fails: with the last lines of its output.
pub fn run(command: &mut Command, log: &Path, step: &mut Step) -> Result<()> {
    let name = format!("{command:?}");
    let out = File::options().create(true).append(true).open(log)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return if status.success() {
                Ok(())
            } else {
                Err(anyhow!("{name} failed ({status}); its last lines:\n{}", last_lines(log, 20)))
            };
        }
        if dir::open().is_err() {
            let _ = child.kill();
            let _ = child.wait();
            bail!("{name} was interrupted");
        }
        step.tick();
        thread::sleep(Duration::from_millis(200));
    }
}

/// The last `count` lines of a log, as far as it can be read.
pub(crate) fn last_lines(log: &Path, count: usize) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_are_read_as_the_tool_prints_them() {
        assert_eq!(go_version("go version go1.26.8 linux/amd64"), Some((1, 26)));
        assert_eq!(go_version("go version go1.22rc1 linux/arm64"), Some((1, 22)));
        assert_eq!(go_version("go version devel +abc"), None);
    }
}
