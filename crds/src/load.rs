//! From text to a manifest, strictly: what the schema does not know is refused, with the place, the
//! path, and how to mend it. The types themselves stay lenient, because a cluster may hold objects of
//! a newer release.

use crate::error::{InvalidSpec, Location, ManifestError};
use crate::validated::ValidatedStack;
use crate::{CommerceStack, schema, validate, yaml};
use std::io::Read;
use std::path::Path;

/// The greatest size of a manifest in bytes: 1 MiB.
pub const MAX_BYTES: usize = 1 << 20;

/// Parses one YAML document into a manifest. `origin` names the text in errors (a path, or `<stdin>`).
///
/// The document's `status` is dropped: it is what a cluster said, not what a user asks.
///
/// # Errors
/// The text is too large, not YAML, not exactly one document, or has a field that is unknown, missing
/// or of the wrong type. The rules about values are those of [`crate::validate`].
pub fn load(text: &str, origin: &str) -> Result<CommerceStack, ManifestError> {
    let origin = || origin.to_owned();
    if text.len() > MAX_BYTES {
        return Err(ManifestError::TooLarge { origin: origin() });
    }
    let mut documents = yaml::documents(text).map_err(|(location, reason)| ManifestError::Syntax {
        origin: origin(),
        location,
        reason,
    })?;
    let document = match (documents.pop(), documents.pop()) {
        (None, _) => return Err(ManifestError::Empty { origin: origin() }),
        (Some(_), Some(_)) => return Err(ManifestError::SeveralDocuments { origin: origin() }),
        (Some(document), None) => document,
    };
    let field = |invalid: InvalidSpec| ManifestError::Field {
        origin: origin(),
        location: yaml::locate(text, &invalid.path),
        invalid,
    };
    let checked = schema::check(document).map_err(field)?;
    serde_path_to_error::deserialize(checked)
        .map_err(|error| field(InvalidSpec::new(error.path().to_string(), error.inner().to_string())))
}

/// Where the field at `path` stands in a text that [`load`] took, or else its nearest parent.
#[must_use]
pub fn locate(text: &str, path: &str) -> Option<Location> {
    yaml::locate(text, path)
}

/// Reads, loads and validates the manifest in a file.
///
/// # Errors
/// All rules that the manifest breaks, each with its place; or the one reason why it cannot be read.
pub fn open(path: &Path) -> Result<ValidatedStack, Vec<ManifestError>> {
    let origin = path.display().to_string();
    let unreadable = |reason: String| vec![ManifestError::Unreadable { origin: origin.clone(), reason }];
    let file = std::fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut bytes = Vec::new();
    let bound = u64::try_from(MAX_BYTES + 1).unwrap_or(u64::MAX);
    file.take(bound).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is not text in UTF-8".to_owned()))?;
    let stack = load(&text, &origin).map_err(|error| vec![error])?;
    validate(&stack).map_err(|broken| {
        let located = |invalid: InvalidSpec| ManifestError::Field {
            origin: origin.clone(),
            location: locate(&text, &invalid.path),
            invalid,
        };
        broken.into_iter().map(located).collect()
    })
}
