//! What can be wrong with a manifest, each in one line that says where, what, and how to mend it.

use std::fmt;
use thiserror::Error;

/// A place in a file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A rule of the manifest that `path` breaks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path}: {message}")]
pub struct InvalidSpec {
    /// The field, such as `spec.projects[0].currencies[1]`.
    pub path: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl InvalidSpec {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// Why a manifest could not be read. Each is one line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// The file could not be opened or read.
    #[error("{origin}: cannot be read: {reason}")]
    Unreadable {
        /// The file.
        origin: String,
        /// What the system said.
        reason: String,
    },
    /// The file has more than [`crate::MAX_BYTES`].
    #[error("{origin}: is larger than 1 MiB; a manifest holds one CommerceStack and no data")]
    TooLarge {
        /// The file.
        origin: String,
    },
    /// The file holds nothing but blanks and comments.
    #[error(
        "{origin}: holds no manifest; it needs at least apiVersion, kind, metadata.name and 'spec: {{}}'"
    )]
    Empty {
        /// The file.
        origin: String,
    },
    /// The file holds more than one YAML document.
    #[error("{origin}: holds several documents; put each CommerceStack into a file of its own")]
    SeveralDocuments {
        /// The file.
        origin: String,
    },
    /// The text is not YAML, or is YAML that no manifest needs (tags, keys that are not text).
    #[error("{}: is not a readable YAML file: {reason}", Place(origin, *location))]
    Syntax {
        /// The file.
        origin: String,
        /// Where, if known.
        location: Option<Location>,
        /// What the parser said.
        reason: String,
    },
    /// A field is unknown, of the wrong type, or breaks a rule.
    #[error("{}: {invalid}", Place(origin, *location))]
    Field {
        /// The file.
        origin: String,
        /// Where, if known.
        location: Option<Location>,
        /// The field and what is wrong with it.
        invalid: InvalidSpec,
    },
}

struct Place<'a>(&'a str, Option<Location>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(Location { line, column }) => write!(f, "{}:{line}:{column}", self.0),
            None => f.write_str(self.0),
        }
    }
}
