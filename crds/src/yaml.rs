//! YAML in, JSON values out, under bounds; and the way back from a field's path to its line.
//!
//! A manifest needs maps with text keys, lists, text, numbers, booleans and null: nothing else is
//! taken. Aliases are followed, and every node that they repeat counts against the bound, so a small
//! file cannot grow into a large value.

use crate::error::Location;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// The greatest number of values in a document, with what aliases repeat.
const MAX_NODES: usize = 100_000;
/// The greatest number of bytes of all texts in a document, with what aliases repeat.
const MAX_TEXT: usize = 2 * crate::MAX_BYTES;
/// The greatest depth of nesting; a manifest needs 7.
const MAX_DEPTH: usize = 32;

/// The documents of a text that hold anything, at most two: the second only tells that it is there.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, (Option<Location>, String)> {
    if !parses_in_time(text) {
        return Err((None, "it is nested too deeply".to_owned()));
    }
    let mut found = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let left = Budget { nodes: Cell::new(MAX_NODES), text: Cell::new(MAX_TEXT) };
        let value = Bounded { left: &left, depth: MAX_DEPTH }.deserialize(document).map_err(|error| {
            let location = error.location().map(Into::into);
            (location, reason(&error))
        })?;
        if !value.is_null() {
            found.push(value);
        }
        if found.len() > 1 {
            break;
        }
    }
    Ok(found)
}

/// The parser takes time in the order of (bytes × depth of brackets), so a megabyte of `[` would keep it
/// for minutes. Brackets in comments and texts are counted too, closing ones may hide opening ones; so
/// the depth is bounded as it looks, and for what only looks flat the product is bounded.
fn parses_in_time(text: &str) -> bool {
    let (mut depth, mut opened) = (0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => (depth, opened) = (depth + 1, opened + 1),
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > 4 * MAX_DEPTH {
            return false;
        }
    }
    opened.saturating_mul(text.len()) <= 20_000 * crate::MAX_BYTES
}

/// The parser's words without the place, which is told in front of them, on one line.
fn reason(error: &serde_yaml::Error) -> String {
    let text = error.to_string().replace(['\n', '\r'], " ");
    match text.rfind(" at line ") {
        Some(end) if text[end..].chars().filter(char::is_ascii_alphabetic).count() <= 16 => {
            text[..end].to_owned()
        }
        _ => text,
    }
}

impl From<serde_yaml::Location> for Location {
    fn from(place: serde_yaml::Location) -> Self {
        Self { line: place.line(), column: place.column() }
    }
}

struct Budget {
    nodes: Cell<usize>,
    text: Cell<usize>,
}

#[derive(Clone, Copy)]
struct Bounded<'a> {
    left: &'a Budget,
    depth: usize,
}

impl Bounded<'_> {
    fn take<E: Error>(self, text: usize) -> Result<(), E> {
        match (self.left.nodes.get().checked_sub(1), self.left.text.get().checked_sub(text)) {
            (Some(nodes), Some(rest)) => {
                self.left.nodes.set(nodes);
                self.left.text.set(rest);
                Ok(())
            }
            _ => Err(E::custom("the document grows too large; a manifest needs no such aliases")),
        }
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth =
            self.depth.checked_sub(1).ok_or_else(|| E::custom("the document is nested too deeply"))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map, list, text, number or boolean without a YAML tag")
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.take(0)?;
        Ok(Value::Null)
    }
    fn visit_none<E: Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }
    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        Err(E::custom(format_args!("the number {value} is too large")))
    }
    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        Err(E::custom(format_args!("the number {value} is too large")))
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.take(0)?;
        Ok(Value::Bool(value))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.take(0)?;
        Ok(value.into())
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.take(0)?;
        Ok(value.into())
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.take(0)?;
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.take(value.len())?;
        Ok(value.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.take(0)?;
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.take(0)?;
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = entries.next_key_seed(FieldName { seen: &map })? {
            self.take(name.len())?;
            let value = entries.next_value_seed(inner)?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

/// Reads the name of a field, refusing what is not text and what was there before.
struct FieldName<'a> {
    seen: &'a Map<String, Value>,
}

impl<'de> DeserializeSeed<'de> for FieldName<'_> {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for FieldName<'_> {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name (quote it if it looks like a number or boolean)")
    }
    fn visit_str<E: Error>(self, name: &str) -> Result<String, E> {
        if self.seen.contains_key(name) {
            return Err(E::custom(format_args!("'{name}' is given twice")));
        }
        Ok(name.to_owned())
    }
}

/// Where the field at `path` stands in the first document of `text`, or else its nearest parent that
/// is there. Paths look like `spec.projects[0].key`.
pub(crate) fn locate(text: &str, path: &str) -> Option<Location> {
    let steps = steps(path);
    (1..=steps.len()).rev().find_map(|count| {
        let steps = steps.get(..count)?;
        // Bounded, because a text that cannot be read at all gives documents without end.
        serde_yaml::Deserializer::from_str(text)
            .take(8)
            .find_map(|document| Walk { steps }.deserialize(document).err()?.location())
            .map(Into::into)
    })
}

enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, indexes) = part.split_once('[').unwrap_or((part, ""));
        if !name.is_empty() {
            steps.push(Step::Name(name));
        }
        steps
            .extend(indexes.split('[').filter_map(|i| i.trim_end_matches(']').parse().ok()).map(Step::Index));
    }
    steps
}

/// Goes down the path. serde tells no positions, but an error has one: so the position of a field is
/// learnt by failing at its name, and that of a list item by failing at the item.
#[derive(Clone, Copy)]
struct Walk<'a> {
    steps: &'a [Step<'a>],
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.steps {
            [] => deserializer.deserialize_any(Nothing),
            [Step::Name(_), ..] => deserializer.deserialize_map(self),
            [Step::Index(_), ..] => deserializer.deserialize_seq(self),
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a parent of the wanted field")
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let [Step::Index(index), steps @ ..] = self.steps else { return Ok(()) };
        for _ in 0..*index {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        items.next_element_seed(Walk { steps })?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let [Step::Name(wanted), steps @ ..] = self.steps else { return Ok(()) };
        let fail = steps.is_empty();
        while let Some(found) = entries.next_key_seed(Wanted { wanted, fail })? {
            if found {
                entries.next_value_seed(Walk { steps })?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Reads a field's name: is it the wanted one? Fails at it if that is the end of the path.
struct Wanted<'a> {
    wanted: &'a str,
    fail: bool,
}

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Wanted<'_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }
    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        if name == self.wanted && self.fail {
            return Err(E::custom("here"));
        }
        Ok(name == self.wanted)
    }
}

/// Takes no value at all, so that reading any fails at its place.
struct Nothing;

impl Visitor<'_> for Nothing {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}
