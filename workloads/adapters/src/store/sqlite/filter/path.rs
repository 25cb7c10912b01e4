//! Paths into JSON, as SQLite's functions take them.

/// A place in the JSON of a column.
#[derive(Debug, Clone)]
pub(super) struct Path {
    column: String,
    /// The path without its quotes, such as `$.name.en`; empty names and odd ones are quoted in it.
    path: String,
}

impl Path {
    /// The whole document in the column, which is SQL text.
    pub(super) fn of(column: &str) -> Self {
        Self { column: column.to_owned(), path: "$".to_owned() }
    }

    /// The member `name` of the object at this path.
    pub(super) fn then(&self, name: &str) -> Self {
        let plain =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let mut path = self.path.clone();
        path.push('.');
        if plain {
            path.push_str(name);
        } else {
            path.push('"');
            for c in name.chars() {
                match c {
                    // Quotes and backslashes are escaped as in JSON, then the whole as SQL text.
                    '"' | '\\' => path.extend(['\\', c]),
                    '\'' => path.push_str("''"),
                    c => path.push(c),
                }
            }
            path.push('"');
        }
        Self { column: self.column.clone(), path }
    }

    /// `column, '$.path'`
    pub(super) fn arguments(&self) -> String {
        format!("{}, '{}'", self.column, self.path)
    }

    /// The value: text, number, 1 or 0 for a boolean, JSON text for an array or object.
    pub(super) fn value(&self) -> String {
        format!("json_extract({})", self.arguments())
    }

    /// The JSON type's name.
    pub(super) fn kind(&self) -> String {
        format!("json_type({})", self.arguments())
    }
}
