//! Control groups, in whatever hierarchies the machine has: one of the second version, many of the first, or both.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long the last process of a group may take to leave it when it was killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Removes the group `name` with all groups in it. Nobody may be in them any more but who is just ending.
///
/// # Errors
/// If some group cannot be removed.
pub(crate) fn remove(name: &str) -> io::Result<()> {
    let began = Instant::now();
    for group in hierarchies()?.iter().map(|root| root.join(name)) {
        while let Err(error) = remove_with_children(&group) {
            if began.elapsed() > PATIENCE {
                return Err(error);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

/// Where the hierarchies are mounted. `/proc/mounts` says `cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0`.
pub(crate) fn hierarchies() -> io::Result<Vec<PathBuf>> {
    let mounts = fs::read_to_string("/proc/mounts")?;
    let mounts = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    Ok(mounts
        .filter(|words| words.get(2).is_some_and(|kind| *kind == "cgroup" || *kind == "cgroup2"))
        .filter_map(|words| words.get(1).map(PathBuf::from))
        .collect())
}

/// The files in a group are the system's; they go with its directory.
fn remove_with_children(group: &Path) -> io::Result<()> {
    let children = match fs::read_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        children => children?,
    };
    for child in children {
        let child = child?;
        if child.file_type()?.is_dir() {
            remove_with_children(&child.path())?;
        }
    }
    match fs::remove_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
