//! A cache of its own for a test of the command line, with the built servers of the real one: so that it sees all
//! that is left behind, and nobody else's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test binary uses a part of this")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use commerce_testbed::{MongoServer, VARIABLES, cache};

pub struct World {
    home: PathBuf,
}

impl World {
    pub fn new(name: &str) -> Self {
        drop(MongoServer::start().unwrap()); // builds what is not built yet
        let home = std::env::temp_dir().join(format!("testbed-{name}-{}", std::process::id()));
        let own = cache::made(&home.join("commercestack/testbed")).unwrap();
        for entry in fs::read_dir(cache::dir().unwrap().join("testbed")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != "run" && entry.file_name() != "up" {
                symlink(entry.path(), own.join(entry.file_name())).unwrap();
            }
        }
        Self { home }
    }

    pub fn testbed(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_testbed"));
        command.args(arguments).env("XDG_CACHE_HOME", &self.home).stdout(Stdio::piped());
        for given in VARIABLES {
            command.env_remove(given);
        }
        command
    }

    /// `testbed run --only mongodb -- sh -c SCRIPT`
    pub fn run(&self, script: &str) -> Command {
        self.testbed(&["run", "--only", "mongodb", "--", "sh", "-c", script])
    }

    /// A file that goes with this world.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The processes of servers that are written down, waited for until there are `count`.
    pub fn servers(&self, count: usize) -> Vec<u32> {
        let began = Instant::now();
        loop {
            let pids: Vec<u32> = self
                .directories()
                .iter()
                .filter_map(|dir| fs::read_to_string(dir.join("process")).ok())
                .filter_map(|stat| stat.split(' ').next()?.parse().ok())
                .collect();
            if pids.len() == count {
                return pids;
            }
            assert!(began.elapsed() < Duration::from_secs(120), "{} servers instead of {count}", pids.len());
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn directories(&self) -> Vec<PathBuf> {
        let runs = fs::read_dir(self.home.join("commercestack/testbed/run"));
        runs.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    }

    /// The names of the servers' directories, here and where a server of another user has its data.
    pub fn left_behind(&self) -> Vec<PathBuf> {
        let here = self.directories();
        let elsewhere = here.iter().filter_map(|dir| fs::read_to_string(dir.join("elsewhere")).ok());
        let elsewhere: Vec<_> = elsewhere.map(PathBuf::from).filter(|path| path.exists()).collect();
        [here, elsewhere].concat()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.testbed(&["down"]).status();
        let _ = fs::remove_dir_all(&self.home);
    }
}

pub fn signal(name: &str, child: &Child) {
    let sent = Command::new("sh").args(["-c", "kill -s $0 $1", name, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

pub fn runs(pid: u32) -> bool {
    // A process that has ended but is not yet waited for has no executable any more.
    fs::read_link(format!("/proc/{pid}/exe")).is_ok()
}

pub fn assert_end(pids: &[u32]) {
    let began = Instant::now();
    while let Some(pid) = pids.iter().find(|pid| runs(**pid)) {
        assert!(began.elapsed() < Duration::from_secs(120), "the server (process {pid}) still runs");
        thread::sleep(Duration::from_millis(20));
    }
}
