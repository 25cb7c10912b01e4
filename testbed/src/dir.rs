//! Directories of running servers, and the end of both when their owner is gone.
//!
//! A directory is named for the process that owns it, and the server in it writes down its own before it starts.
//! So nothing is lost when an owner is killed: the next owner's [`sweep`] ends the servers of dead owners and
//! removes their directories. A server that runs as another user keeps its data where that user may go; the path
//! stands in the directory before anything is there. So does the name of a control group.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};

use crate::process::Process;
use crate::{cache, cgroups};

/// Where a server records its process, as `/proc` shows it.
pub(crate) const PROCESS_FILE: &str = "process";
/// The signal that ends the server, where it is not KILL.
pub(crate) const SIGNAL_FILE: &str = "signal";
const ELSEWHERE_FILE: &str = "elsewhere";
const CONTROL_GROUP_FILE: &str = "control-group";

/// Whether this process takes everything down and may start nothing more.
static CLOSED: Mutex<bool> = Mutex::new(false);

/// A directory that this process owns; it goes when this is dropped.
#[derive(Debug)]
pub struct Dir {
    path: PathBuf,
    elsewhere: Option<PathBuf>,
}

impl Dir {
    /// A new directory for an instance of `server`, after what dead owners left has been swept.
    ///
    /// # Errors
    /// If the directory cannot be made, there is no `/proc`, or everything was taken down.
    pub fn new(server: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let runs = runs()?;
        sweep(&runs)?;
        let owner = Process::this()?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = runs.join(format!("{server}-{owner}-{count}"));
        let _open = open()?;
        // There are keys and tokens in some.
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path, elsewhere: None })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// A path outside of it, in the system's directory for temporary files, that is removed with it.
    ///
    /// # Errors
    /// If it cannot be written down.
    pub fn elsewhere(&mut self) -> Result<PathBuf> {
        let path = std::env::temp_dir().join(self.name()).into_os_string();
        fs::write(self.join(ELSEWHERE_FILE), path.as_bytes())?;
        let path = PathBuf::from(path);
        self.elsewhere = Some(path.clone());
        Ok(path)
    }

    /// The name of a control group of this server's that is removed with its directory, in each hierarchy where it is.
    ///
    /// # Errors
    /// If it cannot be written down.
    pub fn control_group(&mut self) -> Result<String> {
        let name = self.name();
        fs::write(self.join(CONTROL_GROUP_FILE), &name)?;
        Ok(name)
    }

    /// As it is known outside of the cache.
    fn name(&self) -> String {
        format!("commercestack-{}", self.path.file_name().unwrap_or_default().display())
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        remove(&self.path); // what fails here is swept later
        // Who took everything down may have been faster than who just filled this.
        if let Some(elsewhere) = &self.elsewhere {
            let _ = fs::remove_dir_all(elsewhere);
        }
    }
}

/// Holds off [`close_all`] while something is made that it must see.
pub(crate) fn open() -> Result<MutexGuard<'static, bool>> {
    let closed = CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
    if *closed {
        bail!("the testbed is being taken down");
    }
    Ok(closed)
}

/// Ends all servers of this process and removes their directories, also of those that are just being started;
/// after this, nothing more starts. For a process that was told to end before it had values to drop.
///
/// # Errors
/// If a server does not end.
pub fn close_all() -> Result<()> {
    *CLOSED.lock().unwrap_or_else(PoisonError::into_inner) = true;
    let this = Process::this()?;
    clear(&runs()?, |owner| owner == this)
}

fn runs() -> Result<PathBuf> {
    cache::made(&cache::dir()?.join("testbed").join("run"))
}

/// Ends the servers of owners that no longer live, and removes their directories.
///
/// # Errors
/// If a server does not end, or the cache cannot be read.
pub fn sweep_all() -> Result<()> {
    sweep(&runs()?)
}

/// The directories of all instances of `server` whose owners live, this process or another.
///
/// # Errors
/// If the cache cannot be read.
pub(crate) fn living(server: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(runs()?)? {
        let dir = entry?.path();
        let Some(name) = dir.file_name().and_then(OsStr::to_str) else { continue };
        if name.starts_with(&format!("{server}-")) && owner_of(name).is_some_and(Process::lives) {
            found.push(dir);
        }
    }
    Ok(found)
}

fn sweep(runs: &Path) -> Result<()> {
    clear(runs, |owner| !owner.lives())
}

fn clear(runs: &Path, whose: impl Fn(Process) -> bool) -> Result<()> {
    for entry in fs::read_dir(runs)? {
        let dir = entry?.path();
        let Some(owner) = dir.file_name().and_then(OsStr::to_str).and_then(owner_of) else { continue };
        if !whose(owner) {
            continue;
        }
        let recorded = fs::read_to_string(dir.join(PROCESS_FILE)).unwrap_or_default();
        if let Some((server, _)) = Process::from_stat(&recorded) {
            let signal = fs::read_to_string(dir.join(SIGNAL_FILE)).unwrap_or_else(|_| "KILL".to_owned());
            server.end(&signal)?;
        }
        remove(&dir);
    }
    Ok(())
}

/// Removes what is elsewhere first, so that its path is not lost. Another testbed may sweep at the same time, so
/// nothing here is an error.
fn remove(dir: &Path) {
    if let Ok(elsewhere) = fs::read(dir.join(ELSEWHERE_FILE)) {
        let elsewhere = Path::new(OsStr::from_bytes(&elsewhere));
        if fs::remove_dir_all(elsewhere).is_err() && elsewhere.exists() {
            return; // kept, with its path, for the next sweep
        }
    }
    if let Ok(group) = fs::read_to_string(dir.join(CONTROL_GROUP_FILE))
        && cgroups::remove(&group).is_err()
    {
        return;
    }
    let _ = fs::remove_dir_all(dir);
}

/// Reads `mongodb-4711-123456-0` as process 4711 that started at 123456.
fn owner_of(name: &str) -> Option<Process> {
    let mut parts = name.rsplit('-').skip(1);
    let started = parts.next()?.parse().ok()?;
    Some(Process { started, pid: parts.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{self, Child, Command};

    fn sleeper() -> Child {
        Command::new("sleep").arg("600").spawn().unwrap()
    }

    fn abandoned(runs: &Path, owner: Process, server: &Child) -> PathBuf {
        let dir = cache::made(&runs.join(format!("mongodb-{owner}-0"))).unwrap();
        fs::copy(format!("/proc/{}/stat", server.id()), dir.join(PROCESS_FILE)).unwrap();
        dir
    }

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("testbed-{name}-{}", process::id()));
        cache::made(&dir).unwrap()
    }

    fn dead() -> Process {
        let this = Process::this().unwrap();
        Process { started: this.started + 1, ..this }
    }

    #[test]
    fn a_dead_owners_server_is_ended_and_its_directory_removed() {
        let runs = scratch("dead-owner");
        let mut server = sleeper();
        let dir = abandoned(&runs, dead(), &server);

        sweep(&runs).unwrap();

        assert!(!dir.exists());
        assert!(!server.wait().unwrap().success());
        fs::remove_dir_all(runs).unwrap();
    }

    #[test]
    fn what_a_dead_owners_server_kept_elsewhere_goes_too() {
        let runs = scratch("elsewhere");
        let path = cache::made(&runs.join(format!("postgresql-{}-0", dead()))).unwrap();
        let mut dir = Dir { path, elsewhere: None };
        let elsewhere = cache::made(&dir.elsewhere().unwrap()).unwrap();
        fs::write(elsewhere.join("data"), "").unwrap();
        std::mem::forget(dir);

        sweep(&runs).unwrap();

        assert!(!elsewhere.exists());
        assert_eq!(fs::read_dir(&runs).unwrap().count(), 0);
        fs::remove_dir_all(runs).unwrap();
    }

    #[test]
    fn a_living_owners_server_is_left_alone() {
        let runs = scratch("living-owner");
        let mut server = sleeper();
        let dir = abandoned(&runs, Process::this().unwrap(), &server);

        sweep(&runs).unwrap();

        assert!(dir.exists());
        assert!(server.try_wait().unwrap().is_none());
        server.kill().unwrap();
        server.wait().unwrap();
        fs::remove_dir_all(runs).unwrap();
    }

    #[test]
    fn a_process_that_merely_reuses_the_servers_id_is_left_alone() {
        let runs = scratch("reused-id");
        let mut bystander = sleeper();
        let dir = abandoned(&runs, dead(), &bystander);
        let stat = fs::read_to_string(dir.join(PROCESS_FILE)).unwrap();
        let started = Process::from_stat(&stat).unwrap().0.started.to_string();
        fs::write(dir.join(PROCESS_FILE), stat.replace(&started, "7")).unwrap();

        sweep(&runs).unwrap();

        assert!(!dir.exists());
        assert!(bystander.try_wait().unwrap().is_none());
        bystander.kill().unwrap();
        bystander.wait().unwrap();
        fs::remove_dir_all(runs).unwrap();
    }
}
