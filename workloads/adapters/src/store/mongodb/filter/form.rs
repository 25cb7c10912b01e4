//! The form in which documents can be queried: names escaped so that they can stand in dotted paths, arrays
//! in arrays wrapped so that no path looks through them, members that are `null` left out.

use bson::{Bson, Document};
use serde_json::Value;
use std::borrow::Cow;

/// Holds an array that is an element of an array.
pub(super) const WRAPPED: &str = "_a";

/// The name as it is stored. Different names stay different, and no stored name holds a dot, begins with a
/// dollar, looks like an index, is empty, or begins or ends with white space.
///
/// `.` becomes `\u{ff0e}`, a leading `$` becomes `\u{ff04}`; what remains is marked with `\u{ff3c}`.
#[must_use]
pub fn escape_name(name: &str) -> Cow<'_, str> {
    const MARK: char = '\u{ff3c}';
    const DOT: char = '\u{ff0e}';
    const DOLLAR: char = '\u{ff04}';
    let index = name.strip_prefix(['+', '-']).unwrap_or(name);
    let reserved = name == WRAPPED || (!index.is_empty() && index.bytes().all(|b| b.is_ascii_digit()));
    let edge = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let special = |c: char| matches!(c, '.' | '\0' | MARK | DOT);
    let starts = reserved || name.starts_with(['$', DOLLAR]) || edge(name.chars().next());
    if !starts && !name.is_empty() && !name.contains(special) && !edge(name.chars().next_back()) {
        return Cow::Borrowed(name);
    }
    if name.is_empty() {
        return Cow::Owned(format!("{MARK}e"));
    }
    let mut stored = String::with_capacity(name.len() + 6);
    let mut rest = name;
    if let Some(after) = name.strip_prefix('$') {
        stored.push(DOLLAR);
        rest = after;
    } else if reserved || name.starts_with(DOLLAR) || edge(name.chars().next()) {
        stored.push(MARK);
    }
    for c in rest.chars() {
        match c {
            '.' => stored.push(DOT),
            '\0' => stored.extend([MARK, 'z']),
            MARK | DOT => stored.extend([MARK, c]),
            c => stored.push(c),
        }
    }
    if edge(rest.chars().next_back()) {
        stored.extend([MARK, 'e']);
    }
    Cow::Owned(stored)
}

/// The text as it is stored to be queried: without NUL, which not every server that speaks the protocol takes.
/// Different texts stay different, and their order stays.
#[must_use]
pub(super) fn escape_text(text: &str) -> Cow<'_, str> {
    const MARK: char = '\u{1}';
    if !text.contains(['\0', MARK]) {
        return Cow::Borrowed(text);
    }
    let mut stored = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\0' => stored.extend([MARK, '0']),
            MARK => stored.extend([MARK, '1']),
            c => stored.push(c),
        }
    }
    Cow::Owned(stored)
}

/// The value in its queryable form: integers as `i64`, other numbers as `f64`.
#[must_use]
pub fn to_query_form(value: &Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(b) => Bson::Boolean(*b),
        Value::Number(n) => match n.as_i64() {
            Some(n) => Bson::Int64(n),
            None => n.as_f64().map_or(Bson::Null, Bson::Double),
        },
        Value::String(text) => Bson::String(escape_text(text).into_owned()),
        Value::Array(all) => Bson::Array(
            all.iter()
                .map(|element| match element {
                    Value::Array(_) => {
                        let mut wrapped = Document::new();
                        wrapped.insert(WRAPPED, to_query_form(element));
                        Bson::Document(wrapped)
                    }
                    other => to_query_form(other),
                })
                .collect(),
        ),
        Value::Object(members) => Bson::Document(
            members
                .iter()
                .filter(|(_, member)| !member.is_null())
                .map(|(name, member)| (escape_name(name).into_owned(), to_query_form(member)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{escape_name, escape_text, to_query_form};
    use bson::{Bson, bson};
    use serde_json::json;
    use std::collections::{BTreeSet, HashMap};

    #[test]
    fn common_names_are_stored_as_they_are() {
        for name in ["name", "de-AT", "a b", "a$b", "_id", "-", "1a", "é"] {
            assert!(matches!(escape_name(name), std::borrow::Cow::Borrowed(n) if n == name), "{name}");
        }
    }

    #[test]
    fn dots_and_leading_dollars_become_their_wide_twins() {
        assert_eq!(escape_name("a.b"), "a\u{ff0e}b");
        assert_eq!(escape_name("$a$.b"), "\u{ff04}a$\u{ff0e}b");
    }

    #[test]
    fn no_two_names_are_stored_alike_and_none_can_be_misread_in_a_path() {
        let pieces =
            ["", ".", "$", "_a", "0", "+", "-", " ", "a", "e", "z", "\0", "\u{ff0e}", "\u{ff04}", "\u{ff3c}"];
        let mut seen: HashMap<String, String> = HashMap::new();
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    let name = [a, b, c].concat();
                    let stored = escape_name(&name).into_owned();
                    assert!(!stored.is_empty() && !stored.contains(['.', '\0']), "{name:?}");
                    assert!(!stored.starts_with('$') && stored.trim() == stored, "{name:?}");
                    assert!(stored.parse::<i64>().is_err() && stored != "_a", "{name:?}");
                    if let Some(other) = seen.insert(stored.clone(), name.clone()) {
                        assert_eq!(other, name, "both are stored as {stored:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn texts_lose_nul_but_neither_their_difference_nor_their_order() {
        let pieces = ["", "\0", "\u{1}", "\u{2}", "0", "1", "a"];
        let texts: BTreeSet<String> =
            pieces.iter().flat_map(|a| pieces.iter().map(move |b| [*a, *b].concat())).collect();
        let stored: Vec<String> = texts.iter().map(|text| escape_text(text).into_owned()).collect();
        assert!(stored.is_sorted_by(|a, b| a < b), "{stored:?}");
        assert!(stored.iter().all(|text| !text.contains('\0')));
    }

    #[test]
    fn documents_lose_nulls_and_nested_arrays_are_wrapped() {
        let form =
            to_query_form(&json!({"a.b": null, "c.d": [1, [2.5, [null]], {"$x": true}], "big": u64::MAX}));
        let expected = bson!({
            "big": 18_446_744_073_709_551_615_f64,
            "c\u{ff0e}d": [1_i64, {"_a": [2.5, {"_a": [null]}]}, {"\u{ff04}x": true}],
        });
        assert_eq!(sorted(form), sorted(expected));
    }

    /// Documents compare with their order, which objects do not have.
    fn sorted(value: Bson) -> Bson {
        match value {
            Bson::Document(members) => {
                let mut members: Vec<_> = members.into_iter().map(|(n, v)| (n, sorted(v))).collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                Bson::Document(members.into_iter().collect())
            }
            Bson::Array(all) => Bson::Array(all.into_iter().map(sorted).collect()),
            other => other,
        }
    }
}
