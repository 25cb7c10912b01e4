//! A running server: its own temporary directory, its recorded process, and the end of both.
//!
//! An instance's directory is named for the process that owns it (id and start time, so a reused id is told
//! apart), and the server writes down its own before it starts. So nothing is lost when an owner is killed:
//! [`sweep`] ends the servers of dead owners and removes their directories.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{build, cache};

const PROCESS_FILE: &str = "process";
const SWEEP_WAIT: Duration = Duration::from_secs(5);

/// A process as `/proc` tells it apart from all others since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    pid: u32,
    /// Clock ticks between boot and the process's start.
    started: u64,
}

impl Process {
    fn with_pid(pid: u32) -> Option<Self> {
        let (process, state) = Self::from_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
        // A zombie has ended; only its parent has not looked yet.
        (state != 'Z' && state != 'X').then_some(process)
    }

    /// Reads a line of `/proc/PID/stat`: the id, `(name)` in which anything may stand, the state, then numbers,
    /// of which the start time is the 22nd field of the line.
    fn from_stat(line: &str) -> Option<(Self, char)> {
        let (before, after) = (line.find('(')?, line.rfind(')')?);
        let mut fields = line[after + 1..].split_whitespace();
        let state = fields.next()?.chars().next()?;
        Some((
            Self { pid: line[..before].trim().parse().ok()?, started: fields.nth(18)?.parse().ok()? },
            state,
        ))
    }

    fn lives(self) -> bool {
        Self::with_pid(self.pid) == Some(self)
    }
}

/// A server process and its directory; both end when this is dropped.
#[derive(Debug)]
pub struct Instance {
    child: Child,
    dir: PathBuf,
}

impl Instance {
    /// A new directory for an instance of `server`, after what dead owners left has been swept.
    ///
    /// # Errors
    /// If the directory cannot be made, or there is no `/proc`.
    pub fn dir(server: &str) -> Result<PathBuf> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let runs = runs()?;
        sweep(&runs)?;
        let owner = Process::with_pid(process::id()).context("the testbed needs Linux's /proc")?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        cache::made(&runs.join(format!("{server}-{}-{}-{count}", owner.pid, owner.started)))
    }

    /// Starts `program` in the directory `dir`, its output going to the file `log` there.
    ///
    /// It gets a process group of its own, so that a Ctrl-C in the terminal reaches those who use the server
    /// but not the server: it ends after them.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start(dir: PathBuf, program: &Path, arguments: &[&OsStr]) -> Result<Self> {
        let log = File::create(dir.join("log"))?;
        // The shell records itself before it becomes the server: no moment in which a server runs unrecorded.
        let child = Command::new("/bin/sh")
            .args(["-c", r#"cat "/proc/$$/stat" > "$0" && exec "$@""#])
            .arg(dir.join(PROCESS_FILE))
            .arg(program)
            .args(arguments)
            .current_dir(&dir)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, dir })
    }

    /// Waits until the server's log satisfies `ready`, and gives what that found.
    ///
    /// # Errors
    /// If the server ends or does not get there within `patience`: with the last lines of its log.
    pub fn wait_for<T>(&mut self, patience: Duration, ready: impl Fn(&str) -> Option<T>) -> Result<T> {
        let log = self.dir.join("log");
        let began = Instant::now();
        loop {
            // Bytes: a line may be half written.
            if let Some(found) = ready(&String::from_utf8_lossy(&fs::read(&log)?)) {
                return Ok(found);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "the server ended at once ({status}); its last lines:\n{}",
                    build::last_lines(&log, 20)
                );
            }
            if began.elapsed() > patience {
                bail!(
                    "the server is not ready after {patience:?}; its last lines:\n{}",
                    build::last_lines(&log, 20)
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Its data is thrown away, so there is nothing that it would have to finish. What fails here is swept later.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn runs() -> Result<PathBuf> {
    cache::made(&cache::dir()?.join("testbed").join("run"))
}

/// Ends the servers of owners that no longer live, and removes their directories.
fn sweep(runs: &Path) -> Result<()> {
    for entry in fs::read_dir(runs)? {
        let dir = entry?.path();
        let Some(owner) = dir.file_name().and_then(OsStr::to_str).and_then(owner_of) else { continue };
        if owner.lives() {
            continue;
        }
        let recorded = fs::read_to_string(dir.join(PROCESS_FILE)).unwrap_or_default();
        if let Some((server, _)) = Process::from_stat(&recorded) {
            end(server)?;
        }
        // Another testbed may sweep at the same time.
        let _ = fs::remove_dir_all(&dir);
    }
    Ok(())
}

/// Reads `mongodb-4711-123456-0` as process 4711 that started at 123456.
fn owner_of(name: &str) -> Option<Process> {
    let mut parts = name.rsplit('-').skip(1);
    let started = parts.next()?.parse().ok()?;
    Some(Process { started, pid: parts.next()?.parse().ok()? })
}

fn end(server: Process) -> Result<()> {
    let began = Instant::now();
    while server.lives() {
        if began.elapsed() > SWEEP_WAIT {
            bail!("process {} of an earlier testbed does not end", server.pid);
        }
        Command::new("/bin/sh").args(["-c", r#"kill -KILL "$0""#, &server.pid.to_string()]).status()?;
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("600").spawn().unwrap()
    }

    fn abandoned(runs: &Path, owner: Process, server: &Child) -> PathBuf {
        let dir = cache::made(&runs.join(format!("mongodb-{}-{}-0", owner.pid, owner.started))).unwrap();
        fs::copy(format!("/proc/{}/stat", server.id()), dir.join(PROCESS_FILE)).unwrap();
        dir
    }

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("testbed-{name}-{}", process::id()));
        cache::made(&dir).unwrap()
    }

    #[test]
    fn a_process_is_told_apart_by_its_start_time_whatever_its_name() {
        let line = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3";
        assert_eq!(Process::from_stat(line), Some((Process { pid: 42, started: 987_654 }, 'S')));

        let this = Process::with_pid(process::id()).unwrap();
        assert!(this.lives());
        assert!(!Process { started: this.started + 1, ..this }.lives());
    }

    #[test]
    fn a_dead_owners_server_is_ended_and_its_directory_removed() {
        let runs = scratch("dead-owner");
        let mut server = sleeper();
        let this = Process::with_pid(process::id()).unwrap();
        let dir = abandoned(&runs, Process { started: this.started + 1, ..this }, &server);

        sweep(&runs).unwrap();

        assert!(!dir.exists());
        assert!(!server.wait().unwrap().success());
        fs::remove_dir_all(runs).unwrap();
    }

    #[test]
    fn a_living_owners_server_is_left_alone() {
        let runs = scratch("living-owner");
        let mut server = sleeper();
        let dir = abandoned(&runs, Process::with_pid(process::id()).unwrap(), &server);

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
        let this = Process::with_pid(process::id()).unwrap();
        let dir = abandoned(&runs, Process { started: this.started + 1, ..this }, &bystander);
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
