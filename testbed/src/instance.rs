//! A running server: its process and its directory, which end together.
//!
//! The process can be stopped and resumed in between: the same command on the same directory, so on the same data
//! and ports. [`crate::dir`] says what becomes of both when their owner is killed.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::build;
use crate::dir::{self, Dir, PROCESS_FILE, SIGNAL_FILE};
use crate::process::Process;

/// How a server is started and ended.
#[derive(Debug, Clone)]
pub struct Launch {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    user: Option<String>,
    signal: &'static str,
}

impl Launch {
    /// Starts `program`, as ourselves; ends by being killed, as its data is thrown away.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let (arguments, environment) = (Vec::new(), Vec::new());
        Self { program: program.into(), arguments, environment, user: None, signal: "KILL" }
    }

    /// Starts a program that was written in Go, which collects its garbage less often than it would by itself: tests have
    /// more memory than processor time.
    pub fn go(program: impl Into<PathBuf>) -> Self {
        Self::new(program).env("GOGC", "400")
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds the argument `before` followed by a path.
    #[must_use]
    pub fn arg_path(self, before: &str, path: impl AsRef<OsStr>) -> Self {
        let mut argument = OsString::from(before);
        argument.push(path);
        self.arg(argument)
    }

    /// Sets a variable, as for secrets: everybody may read the arguments of a process.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Lets the server run as `user`, which takes that we are root.
    #[must_use]
    pub fn as_user(mut self, user: Option<&str>) -> Self {
        self.user = user.map(ToOwned::to_owned);
        self
    }

    /// Names a signal to end the server with, for one that has something of the system to give back.
    #[must_use]
    pub fn ends_with(mut self, signal: &'static str) -> Self {
        self.signal = signal;
        self
    }

    /// The words of the command.
    pub(crate) fn words(&self) -> Vec<OsString> {
        let mut words = Vec::new();
        if let Some(user) = &self.user {
            words.extend(["setpriv", "--reuid", user, "--regid", user, "--clear-groups"].map(OsString::from));
        }
        words.push(self.program.clone().into_os_string());
        words.extend(self.arguments.iter().cloned());
        words
    }
}

/// A server process and its directory; both end when this is dropped.
#[derive(Debug)]
pub struct Instance {
    dir: Dir,
    launch: Launch,
    child: Option<Child>,
}

impl Instance {
    /// Starts a server in the directory `dir`, its output going to the file `log` there.
    ///
    /// It gets a process group of its own, so that a Ctrl-C in the terminal reaches those who use the server
    /// but not the server: it ends after them.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start(dir: Dir, launch: Launch) -> Result<Self> {
        if launch.signal != "KILL" {
            fs::write(dir.join(SIGNAL_FILE), launch.signal)?;
        }
        let mut instance = Self { dir, launch, child: None };
        instance.resume()?;
        Ok(instance)
    }

    /// Starts the process again after [`Instance::stop`]; does nothing while it runs.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn resume(&mut self) -> Result<()> {
        if self.child.is_some() {
            return Ok(());
        }
        let log = File::options().create(true).append(true).open(self.dir.join("log"))?;
        let record = self.dir.join(PROCESS_FILE);
        let _open = dir::open()?;
        if record.exists() {
            fs::remove_file(&record)?;
        }
        // The shell records itself before it becomes the server: no moment in which a server runs unrecorded.
        let child = Command::new("/bin/sh")
            .args(["-c", r#"cat "/proc/$$/stat" > "$0" && exec "$@""#])
            .arg(&record)
            .args(self.launch.words())
            .envs(self.launch.environment.iter().cloned())
            .current_dir(self.dir.path())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", self.launch.program.display()))?;
        self.child = Some(child);
        // Who takes everything down in our own process goes by the record as well.
        let began = Instant::now();
        while self.recorded().is_none() {
            if began.elapsed() > Duration::from_secs(10) {
                bail!("{} was not started: no shell ran", self.launch.program.display());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Ends the process, at once and without a goodbye; its directory and so its data stay.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if let Some(process) = self.recorded()
            && (self.launch.signal != "KILL" || process.pid() != child.id())
        {
            let _ = process.end(self.launch.signal);
        }
        // What fails here is swept later.
        let _ = child.kill();
        let _ = child.wait();
    }

    /// The process that is written down: the one that we started, or another that it wrote down instead, as the one
    /// whose end is the end of the server.
    fn recorded(&self) -> Option<Process> {
        let line = fs::read_to_string(self.dir.join(PROCESS_FILE)).ok()?;
        Process::from_stat(&line).map(|(process, _)| process)
    }

    /// Asks the process to end by the signal `name`, and waits until it has.
    ///
    /// # Errors
    /// If it does not end within `patience`.
    pub fn finish(&mut self, name: &str, patience: Duration) -> Result<()> {
        let child = self.child.as_mut().context("the server was stopped")?;
        if let Some(process) = Process::with_pid(child.id()) {
            process.signal(name)?;
        }
        let began = Instant::now();
        while child.try_wait()?.is_none() {
            if began.elapsed() > patience {
                bail!("{} does not end", self.launch.program.display());
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.child = None;
        Ok(())
    }

    /// Waits until `ready` finds something, and gives that.
    ///
    /// # Errors
    /// If the server ends or does not get there within `patience`: with the last lines of its log.
    pub fn wait_until<T>(&mut self, patience: Duration, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
        let name = self.launch.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let log = self.dir.join("log");
        let began = Instant::now();
        loop {
            if let Some(found) = ready() {
                return Ok(found);
            }
            let status = self.child.as_mut().context("the server was stopped")?.try_wait()?;
            if let Some(status) = status {
                bail!("{name} ended at once ({status}); its last lines:\n{}", build::last_lines(&log, 20));
            }
            if began.elapsed() > patience {
                let lines = build::last_lines(&log, 20);
                bail!("{name} is not ready after {patience:?}; its last lines:\n{lines}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until `text` stands in the server's log `count` times: once for each start.
    ///
    /// # Errors
    /// As [`Instance::wait_until`].
    pub fn wait_for_lines(&mut self, patience: Duration, count: usize, text: &str) -> Result<()> {
        let log = self.dir.join("log");
        self.wait_until(patience, || {
            let said = fs::read(&log).ok()?; // bytes: a line may be half written
            (String::from_utf8_lossy(&said).matches(text).count() >= count).then_some(())
        })
    }

    /// Its directory.
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// The server's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop();
    }
}
