//! Processes as `/proc` tells them apart: by id and start time, so that a reused id is never taken for the old one.

use std::fmt;
use std::fs;
use std::process::{self, Command};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, bail};

/// How long a process may take to end by itself when it was asked to, and then to vanish when it was killed.
const END_WAIT: Duration = Duration::from_secs(10);

/// A process, distinct from all others since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    pub(crate) pid: u32,
    /// Clock ticks between boot and the process's start.
    pub(crate) started: u64,
}

impl Process {
    /// This process.
    ///
    /// # Errors
    /// If there is no `/proc`.
    pub fn this() -> Result<Self> {
        Self::with_pid(process::id()).context("the testbed needs Linux's /proc")
    }

    /// The process that has this id now.
    pub fn with_pid(pid: u32) -> Option<Self> {
        let (process, state) = Self::from_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
        // A zombie has ended; only its parent has not looked yet.
        (state != 'Z' && state != 'X').then_some(process)
    }

    /// Reads a line of `/proc/PID/stat`: the id, `(name)` in which anything may stand, the state, then numbers,
    /// of which the start time is the 22nd field of the line.
    pub(crate) fn from_stat(line: &str) -> Option<(Self, char)> {
        let (before, after) = (line.find('(')?, line.rfind(')')?);
        let mut fields = line[after + 1..].split_whitespace();
        let state = fields.next()?.chars().next()?;
        Some((
            Self { pid: line[..before].trim().parse().ok()?, started: fields.nth(18)?.parse().ok()? },
            state,
        ))
    }

    /// Whether it still runs.
    pub fn lives(self) -> bool {
        Self::with_pid(self.pid) == Some(self)
    }

    /// Its id.
    pub fn pid(self) -> u32 {
        self.pid
    }

    /// Sends it a signal, by name, if it still runs.
    ///
    /// # Errors
    /// If no shell can be started for it.
    pub fn signal(self, name: &str) -> Result<()> {
        if self.lives() {
            let script = r#"kill -s "$0" "$1" 2>/dev/null"#; // it may have ended by now
            Command::new("/bin/sh").args(["-c", script, name, &self.pid.to_string()]).status()?;
        }
        Ok(())
    }

    /// Ends it with the signal `name`, kills it when that does not help, and waits until it is gone.
    ///
    /// # Errors
    /// If it is not gone twenty seconds later.
    pub fn end(self, name: &str) -> Result<()> {
        let began = Instant::now();
        self.signal(name)?;
        while self.lives() {
            if began.elapsed() > END_WAIT * 2 {
                bail!("process {} does not end", self.pid);
            }
            if began.elapsed() > END_WAIT {
                self.signal("KILL")?;
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

/// As it stands in names of files: `PID-STARTED`.
impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.pid, self.started)
    }
}

impl FromStr for Process {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (pid, started) = text.split_once('-').context("no process: PID-STARTED is expected")?;
        Ok(Self { pid: pid.parse()?, started: started.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_apart_by_its_start_time_whatever_its_name() {
        let line = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3";
        assert_eq!(Process::from_stat(line), Some((Process { pid: 42, started: 987_654 }, 'S')));

        let this = Process::this().unwrap();
        assert!(this.lives());
        assert!(!Process { started: this.started + 1, ..this }.lives());
    }

    #[test]
    fn a_process_is_read_back_as_it_is_written() {
        let process = Process { pid: 42, started: 987_654 };
        assert_eq!(process.to_string().parse::<Process>().unwrap(), process);
        assert!("42".parse::<Process>().is_err());
    }
}
