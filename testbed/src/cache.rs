//! Where built servers and running instances live: outside of the checkout, shared by all checkouts of a user.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The cache directory, made if it is missing: `$XDG_CACHE_HOME/commercestack`, else `~/.cache/commercestack`.
///
/// # Errors
/// If neither variable names a directory or it cannot be made.
pub fn dir() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(base) => base,
        None => PathBuf::from(env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?)
            .join(".cache"),
    };
    made(&base.join("commercestack"))
}

/// `path` itself, once it exists as a directory.
///
/// # Errors
/// If it cannot be made.
pub fn made(path: &Path) -> Result<PathBuf> {
    fs::create_dir_all(path).with_context(|| format!("cannot make the directory {}", path.display()))?;
    Ok(path.to_owned())
}

/// Waits for, then holds, the lock file at `path` until the value is dropped. The system releases it when the
/// process dies, so a killed build blocks nobody.
///
/// # Errors
/// If the file cannot be opened or locked.
pub fn lock(path: &Path) -> Result<File> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot open the lock file {}", path.display()))?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}
