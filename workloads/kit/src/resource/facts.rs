//! Facts: what decisions know of other resources, fetched in batches.

use api::{Id, Kind, Stored};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::peers::internal;
use crate::store::{Claim, MAIN};

/// A question about other resources.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lookup {
    /// Of which kind.
    pub kind: Kind,
    /// Which view; [`MAIN`] mostly.
    pub view: std::borrow::Cow<'static, str>,
    /// Which of them.
    pub by: LookupBy,
    /// Whether the decision goes on as if nothing were found where the owning service does not answer.
    #[serde(skip)]
    pub optional: bool,
}

/// Which resources a [`Lookup`] asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LookupBy {
    /// The one of that id.
    Id(Id),
    /// The one that holds a unique value.
    Claim(Claim),
    /// Those that a predicate of the `where` language meets, up to a number of at most 500.
    Where {
        /// The predicate; empty for all.
        predicate: String,
        /// How many at most.
        limit: u32,
    },
}

impl Lookup {
    /// Asks for the main view.
    #[must_use]
    pub fn new(kind: Kind, by: LookupBy) -> Self {
        Self { kind, view: MAIN.into(), by, optional: false }
    }

    /// The same, asking for another view.
    #[must_use]
    pub fn of_view(self, view: &'static str) -> Self {
        Self { view: view.into(), ..self }
    }

    /// The same, see [`Lookup::optional`].
    #[must_use]
    pub fn or_nothing(self) -> Self {
        Self { optional: true, ..self }
    }
}

/// What was answered: the texts, and their decoded form once somebody needed it.
#[derive(Default)]
pub(crate) struct Fact {
    pub(crate) texts: Vec<String>,
    decoded: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Fact {
    pub(crate) fn new(texts: Vec<String>) -> Self {
        Self { texts, decoded: OnceLock::new() }
    }

    /// The texts decoded by `decode`, once for all rounds of a decision.
    pub(crate) fn decoded<T: Send + Sync + 'static>(
        &self,
        decode: impl Fn(&[String]) -> Result<T, serde_json::Error>,
    ) -> Result<Arc<T>, serde_json::Error> {
        if let Some(found) = self.decoded.get() {
            if let Ok(typed) = Arc::clone(found).downcast::<T>() {
                return Ok(typed);
            }
            // Two rules read the same fact as different types; the second decodes for itself.
            return decode(&self.texts).map(Arc::new);
        }
        let typed = Arc::new(decode(&self.texts)?);
        let _ = self.decoded.set(Arc::clone(&typed) as Arc<dyn Any + Send + Sync>);
        Ok(typed)
    }
}

/// All that is known in a decision.
#[derive(Default)]
pub struct Facts(pub(crate) HashMap<Lookup, Fact>);

impl Facts {
    /// Adds an answer.
    pub fn learn(&mut self, lookup: Lookup, texts: Vec<String>) {
        self.0.insert(lookup, Fact::new(texts));
    }

    /// The first that a lookup found, for those who decide nothing.
    pub fn first<T: DeserializeOwned>(&self, lookup: &Lookup) -> api::Result<Option<Stored<T>>> {
        let text = self.0.get(lookup).and_then(|fact| fact.texts.first());
        text.map(|text| Stored::from_json(text).map_err(|e| internal(&e))).transpose()
    }
}
