//! Messages: what a change tells the world, in the API's own words.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message of the API (`CategoryCreated`, `OrderStateChanged`, …): its type and payload fields.
/// The engine adds ids, times and sequence numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The message type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The payload fields that the type documents; absent values are left out.
    #[serde(flatten)]
    pub payload: Map<String, Value>,
    /// Further payload fields whose values are JSON text already, so that a large one is not taken apart
    /// and put together again.
    #[serde(skip)]
    pub texts: Vec<(&'static str, String)>,
}

impl Message {
    /// A message of that type without payload.
    #[must_use]
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), payload: Map::new(), texts: Vec::new() }
    }

    /// Adds a payload field unless its value is absent. A value that cannot be written as JSON is
    /// left out too; the API's own types always can.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value)
            && !value.is_null()
        {
            self.payload.insert(field.to_owned(), value);
        }
        self
    }

    /// Adds a payload field that is JSON text already.
    #[must_use]
    pub fn with_text(mut self, field: &'static str, json: String) -> Self {
        self.texts.push((field, json));
        self
    }
}
