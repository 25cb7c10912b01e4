//! What a resource looks like, as far as predicates and sorting need to know.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What may stand under a name. Any of it may be missing or `null`.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// Text, also dates, times and enums.
    Text,
    /// A date and time, stored as `2024-01-01T00:00:00.000Z`.
    Instant,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Any JSON: what is named in it need not exist, and does not match then.
    Free,
    /// An object with these members and no others.
    Object(BTreeMap<String, Arc<Field>>),
    /// An array, or set, of these.
    Array(Arc<Field>),
    /// An object with any keys, such as a localized text.
    Map(Arc<Field>),
    /// A GeoJSON point.
    Point,
}

impl Field {
    /// The field `name` of this object, or of the objects in this array.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(name).map(Arc::as_ref),
            Self::Map(value) => Some(value),
            Self::Free => Some(&Self::Free),
            Self::Point => match name {
                "type" => Some(&Self::Text),
                "coordinates" => Some(&Self::Free),
                _ => None,
            },
            Self::Array(element) => match element.as_ref() {
                Self::Array(_) => None,
                element => element.member(name),
            },
            Self::Text | Self::Instant | Self::Number | Self::Boolean => None,
        }
    }

    /// What an array holds; the field itself where it is none.
    #[must_use]
    pub fn element(&self) -> &Self {
        if let Self::Array(element) = self { element } else { self }
    }

    fn is_scalar(&self) -> bool {
        matches!(self, Self::Text | Self::Instant | Self::Number | Self::Boolean)
    }
}

/// The model of a resource, made from its JSON schema or by hand. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    root: Arc<Field>,
}

/// The path of a `sort` parameter cannot be sorted by. Displays as the API words it after `Malformed
/// parameter: sort: `.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid query field '{path}' in sort path. Sortable fields are: {}.", sortable.join(", "))]
pub struct SortError {
    /// The path as given, cut where it is absurdly long.
    pub path: String,
    /// What could be sorted by; keys of maps are shown as `*`.
    pub sortable: Vec<String>,
}

/// How deep the list of sortable fields goes in an error; deeper fields can be sorted by all the same.
const LISTED_DEPTH: usize = 2;
const LISTED_FIELDS: usize = 60;

impl Model {
    /// A model of the given fields.
    #[must_use]
    pub fn new(root: Field) -> Self {
        Self { root: Arc::new(root) }
    }

    /// The whole document.
    #[must_use]
    pub fn root(&self) -> &Field {
        &self.root
    }

    /// The model with one more field, or with another one under the name.
    #[must_use]
    pub fn with(self, name: &str, field: Field) -> Self {
        self.edit(|members| {
            members.insert(name.to_owned(), Arc::new(field));
        })
    }

    /// The model without a field: for what clients may neither filter nor sort by.
    #[must_use]
    pub fn without(self, name: &str) -> Self {
        self.edit(|members| {
            members.remove(name);
        })
    }

    /// The model with the fields of the other one too; the other one's win.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        self.edit(|members| {
            if let Field::Object(more) = other.root.as_ref() {
                members.extend(more.iter().map(|(name, field)| (name.clone(), Arc::clone(field))));
            }
        })
    }

    /// Changes the members of an object; leaves other roots, which take any name already.
    fn edit(mut self, change: impl FnOnce(&mut BTreeMap<String, Arc<Field>>)) -> Self {
        if let Field::Object(members) = Arc::make_mut(&mut self.root) {
            change(members);
        }
        self
    }

    /// Whether documents can be sorted by the dotted path: one that leads through objects to a single scalar.
    ///
    /// # Errors
    /// [`SortError`] with the fields that can be.
    pub fn sortable(&self, path: &str) -> Result<(), SortError> {
        if self.sort_target(path).is_some() {
            return Ok(());
        }
        let mut sortable = Vec::new();
        list_sortable(&self.root, "", LISTED_DEPTH, &mut sortable);
        Err(SortError { path: path.chars().take(256).collect(), sortable })
    }

    /// What the dotted path leads to, if documents can be sorted by it.
    #[must_use]
    pub fn sort_target(&self, path: &str) -> Option<&Field> {
        if path.len() > 1024 || path.split('.').count() > 16 {
            return None;
        }
        let mut field = self.root();
        for name in path.split('.') {
            if name.is_empty() || matches!(field, Field::Array(_)) {
                return None;
            }
            field = field.member(name)?;
        }
        (field.is_scalar() || matches!(field, Field::Free)).then_some(field)
    }
}

fn list_sortable(field: &Field, prefix: &str, depth: usize, out: &mut Vec<String>) {
    let mut visit = |name: &str, member: &Field| {
        if out.len() >= LISTED_FIELDS {
            return;
        }
        let path = format!("{prefix}{name}");
        if member.is_scalar() {
            out.push(path);
        } else if depth > 1 && !matches!(member, Field::Array(_)) {
            list_sortable(member, &format!("{path}."), depth - 1, out);
        }
    };
    match field {
        Field::Object(members) => {
            for (name, member) in members {
                visit(name, member);
            }
        }
        Field::Map(value) => visit("*", value),
        _ => {}
    }
}
