//! Opening database files and locking data directories. Every error says where, what and how to mend it.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a data directory or a database file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process works in the directory.
    #[error("the data directory {} is in use by another process; stop that process or choose another data directory", .0.display())]
    InUse(PathBuf),
    /// The file system refuses.
    #[error("cannot read and write {}: {reason}; give the user that runs this program access to it, or choose another data directory", path.display())]
    Unusable {
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is something else, or damaged.
    #[error("{} is not a database of this program, or it is damaged; restore it from a backup, move it away, or choose another data directory", .0.display())]
    NotOurs(PathBuf),
    /// Written by a later version.
    #[error("{} was written by a newer version of this program (format {found}, this version knows {known}); start that version, or choose another data directory", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The format in the file.
        found: i32,
        /// The newest format that this version knows.
        known: i32,
    },
    /// No space.
    #[error("the disk that holds {} is full; free some space and start again", .0.display())]
    Full(PathBuf),
    /// Anything else.
    #[error("cannot open the database {}: {reason}", path.display())]
    Failed {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
}

impl OpenError {
    pub(crate) fn of_io(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path.to_owned()),
            _ => Self::Unusable { path: path.to_owned(), reason: error.to_string() },
        }
    }

    pub(crate) fn of_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(path),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::NotOurs(path),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                let dir = path.parent().map_or_else(|| path.clone(), Path::to_owned);
                Self::InUse(dir)
            }
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure,
            ) => Self::Unusable { path, reason: error.to_string() },
            _ => Self::Failed { path, reason: error.to_string() },
        }
    }
}

/// Keeps other processes out of a data directory while it lives; the system lets go of it when the
/// process ends, however it ends.
#[derive(Debug)]
pub struct DirLock {
    _file: File,
}

/// Creates `dir` if need be, readable by its owner alone, and locks it for this process.
pub fn lock_data_dir(dir: &Path) -> Result<DirLock, OpenError> {
    create_dir(dir)?;
    let path = dir.join("lock");
    let file = own_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(DirLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(OpenError::of_io(&path, &error)),
    }
}

/// Opens or creates a file that only its owner may read: the files hold password hashes and signing keys.
/// SQLite gives the files that it puts beside a database the same mode.
fn own_file(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| OpenError::of_io(path, &error))
}

fn create_dir(dir: &Path) -> Result<(), OpenError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| OpenError::of_io(dir, &error))
}

/// How a kind of file is told from others, and from its later versions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    /// SQLite's `application_id`.
    pub application: i32,
    /// SQLite's `user_version`.
    pub version: i32,
}

/// How long a connection waits for another one of this process.
const BUSY: Duration = Duration::from_secs(10);

/// Opens or creates the file for its only writer and brings its tables up to date with `prepare`, in
/// one transaction.
pub(crate) fn open_writer(
    path: &Path,
    format: Format,
    prepare: impl FnOnce(&Connection, i32) -> rusqlite::Result<()>,
) -> Result<Connection, OpenError> {
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        create_dir(dir)?;
    }
    drop(own_file(path)?);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error: rusqlite::Error| OpenError::of_sqlite(path, &error);
    let db = Connection::open_with_flags(path, flags).map_err(failed)?;
    let found = identify(&db).map_err(failed)?;
    match found {
        Found::Empty => {}
        Found::Other(application, _) if application != format.application => {
            return Err(OpenError::NotOurs(path.to_owned()));
        }
        Found::Other(_, version) if version > format.version => {
            return Err(OpenError::Newer { path: path.to_owned(), found: version, known: format.version });
        }
        Found::Other(..) => {}
    }
    let version = if let Found::Other(_, version) = found { version } else { 0 };
    set_up(&db, format, version, prepare).map_err(failed)?;
    Ok(db)
}

#[derive(Clone, Copy)]
enum Found {
    Empty,
    Other(i32, i32),
}

fn identify(db: &Connection) -> rusqlite::Result<Found> {
    db.busy_timeout(BUSY)?;
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let (application, version) = (number("application_id")?, number("user_version")?);
    if tables == 0 && application == 0 { Ok(Found::Empty) } else { Ok(Found::Other(application, version)) }
}

fn set_up(
    db: &Connection,
    format: Format,
    version: i32,
    prepare: impl FnOnce(&Connection, i32) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    // The log grows to about 16 MiB before it is worked into the file: pages that are written over and
    // over then cost one write and two syncs per round instead of many.
    db.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-2048; PRAGMA wal_autocheckpoint=4000;
         PRAGMA journal_size_limit=33554432; PRAGMA temp_store=MEMORY;",
    )?;
    plan_once(db)?;
    db.set_prepared_statement_cache_capacity(256);
    db.execute_batch("BEGIN IMMEDIATE")?;
    prepare(db, version)?;
    db.pragma_update(None, "application_id", format.application)?;
    db.pragma_update(None, "user_version", format.version)?;
    db.execute_batch("COMMIT")
}

/// Opens a connection that only reads. `cache` is in KiB.
pub(crate) fn open_reader(path: &Path, cache: u32) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY)?;
    db.execute_batch(&format!("PRAGMA cache_size=-{cache}; PRAGMA temp_store=MEMORY;"))?;
    plan_once(&db)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Keeps SQLite from planning a statement anew for the values of its parameters, which costs far more than
/// it could ever save here.
pub(crate) fn plan_once(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}
