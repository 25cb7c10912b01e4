//! The context of a decision: time, ids, the caller, what is known, what is still to be asked, and the
//! messages that the decision sends.

use super::facts::{Facts, Lookup, LookupBy};
use crate::clock::Clock;
use crate::http::RequestInfo;
use crate::store::Claim;
use api::channel::{Channel, ChannelRole};
use api::reference::By;
use api::{
    ApiError, Caller, Code, Id, Key, KeyReference, Kind, Message, Meta, Reference, ResourceIdentifier,
    Stored, Timestamp,
};
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

/// Why a decision ended without a result.
#[derive(Debug)]
pub enum Stop {
    /// Something must be fetched first; the context knows what.
    Missing,
    /// The request is refused.
    Refused(ApiError),
}

impl From<ApiError> for Stop {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// The result of a rule.
pub type Decision<T> = Result<T, Stop>;

/// What a rule may know and do. See the module.
pub struct Context<'a> {
    /// The time of the decision, the same in all its rounds.
    pub now: Timestamp,
    /// The id of the resource that is decided about.
    pub resource_id: Id,
    request: &'a RequestInfo,
    clock: &'a dyn Clock,
    facts: &'a Facts,
    missing: RefCell<Vec<Lookup>>,
    expected: RefCell<Vec<(Kind, Id)>>,
    messages: Vec<Message>,
}

impl<'a> Context<'a> {
    /// A context that knows `facts`.
    pub fn new(
        now: Timestamp,
        resource_id: Id,
        request: &'a RequestInfo,
        clock: &'a dyn Clock,
        facts: &'a Facts,
    ) -> Self {
        Self {
            now,
            resource_id,
            request,
            clock,
            facts,
            missing: RefCell::default(),
            expected: RefCell::default(),
            messages: Vec::new(),
        }
    }

    /// Who asks.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.request.caller
    }

    /// The project's key.
    #[must_use]
    pub fn project_key(&self) -> &str {
        self.request.project()
    }

    /// A fresh id.
    #[must_use]
    pub fn new_id(&self) -> Id {
        self.clock.new_id(self.now)
    }

    /// A fresh secret of 32 hexadecimal digits.
    #[must_use]
    pub fn new_secret(&self) -> String {
        self.clock.secret()
    }

    /// Id, version, times and maker of a resource that this decision makes, as its messages tell them.
    #[must_use]
    pub fn meta_of_new(&self) -> Meta {
        let attribution = self.caller().attribution();
        Meta {
            id: self.resource_id.clone(),
            version: 1,
            created_at: self.now,
            last_modified_at: self.now,
            created_by: Some(attribution.clone()),
            last_modified_by: Some(attribution),
        }
    }

    /// Sends a message if the decision stands.
    pub fn emit(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// Notes that `lookup` will be needed, so that it is fetched together with what is missed next.
    pub fn want(&self, lookup: Lookup) {
        if !self.facts.0.contains_key(&lookup) {
            let mut missing = self.missing.borrow_mut();
            if !missing.contains(&lookup) {
                missing.push(lookup);
            }
        }
    }

    /// All that a lookup finds, decoded as `T` (any type that reads the view's JSON).
    pub fn find_all<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        lookup: Lookup,
    ) -> Decision<Arc<Vec<Stored<T>>>> {
        let Some(fact) = self.facts.0.get(&lookup) else {
            self.want(lookup);
            return Err(Stop::Missing);
        };
        fact.decoded(|texts| texts.iter().map(|t| Stored::from_json(t)).collect::<Result<Vec<_>, _>>())
            .map_err(|error| {
                tracing::error!(kind = %lookup.kind, %error, "a peer's resource could not be read");
                Stop::Refused(ApiError::general())
            })
    }

    /// The first that a lookup finds.
    pub fn find<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        lookup: Lookup,
    ) -> Decision<Option<Found<T>>> {
        let all = self.find_all::<T>(lookup)?;
        Ok(if all.is_empty() { None } else { Some(Found(all)) })
    }

    /// The resource of that id.
    pub fn by_id<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        kind: Kind,
        id: &Id,
    ) -> Decision<Option<Found<T>>> {
        self.find(Lookup::new(kind, LookupBy::Id(id.clone())))
    }

    /// The resource that holds a unique value, like a product by sku.
    pub fn by_claim<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        kind: Kind,
        name: impl Into<Cow<'static, str>>,
        value: &str,
    ) -> Decision<Option<Found<T>>> {
        self.find(Lookup::new(kind, LookupBy::Claim(Claim::new(name, value))))
    }

    /// The resources that a predicate of the `where` language meets, at most 500.
    pub fn matching<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        kind: Kind,
        predicate: impl Into<String>,
        limit: u32,
    ) -> Decision<Arc<Vec<Stored<T>>>> {
        self.find_all(Lookup::new(kind, LookupBy::Where { predicate: predicate.into(), limit }))
    }

    /// The lookup that a resource identifier stands for.
    #[must_use]
    pub fn lookup_of(kind: Kind, identifier: &ResourceIdentifier) -> Lookup {
        Lookup::new(
            kind,
            match identifier.by() {
                By::Id(id) => LookupBy::Id(id.clone()),
                By::Key(key) => LookupBy::Claim(Claim::new("key", key)),
            },
        )
    }

    /// The resource that an identifier of a body names; 400 `ReferencedResourceNotFound` without one.
    pub fn resolve<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        kind: Kind,
        identifier: &ResourceIdentifier,
    ) -> Decision<Found<T>> {
        identifier.expect(kind)?;
        self.find(Self::lookup_of(kind, identifier))?.ok_or_else(|| {
            Stop::Refused(match identifier.by() {
                By::Id(id) => ApiError::referenced_not_found(kind.type_id(), ("id", id.as_str())),
                By::Key(key) => ApiError::referenced_not_found(kind.type_id(), ("key", key)),
            })
        })
    }

    /// A reference to what an identifier names, which must exist.
    pub fn reference(&self, kind: Kind, identifier: &ResourceIdentifier) -> Decision<Reference> {
        let found = self.resolve::<serde::de::IgnoredAny>(kind, identifier)?;
        Ok(Reference::new(kind, found.id().clone()))
    }

    /// [`Context::reference`] of an optional identifier.
    pub fn reference_opt(
        &self,
        kind: Kind,
        identifier: Option<&ResourceIdentifier>,
    ) -> Decision<Option<Reference>> {
        identifier.map(|identifier| self.reference(kind, identifier)).transpose()
    }

    /// A reference to the channel that an identifier names, which must have that role.
    pub fn channel(&self, identifier: &ResourceIdentifier, role: ChannelRole) -> Decision<Reference> {
        let channel = self.resolve::<Channel>(Kind::Channel, identifier)?;
        let reference = Reference::new(Kind::Channel, channel.id().clone());
        if channel.roles.contains(&role) {
            return Ok(reference);
        }
        let message = format!("The channel '{}' lacks the role '{}'.", channel.key, role.as_str());
        Err(ApiError::new(Code::MissingRoleOnChannel, message)
            .with("channel", serde_json::json!(reference))
            .with("missingRole", role.as_str())
            .into())
    }

    /// Refuses the decision with `ReferencedResourceNotFound` when it is made, unless the resource exists. Other than
    /// [`Context::reference`] this stops nothing, so that many cost no more rounds than one.
    pub fn must_exist(&self, kind: Kind, id: &Id) {
        self.want(Lookup::new(kind, LookupBy::Id(id.clone())));
        self.expected.borrow_mut().push((kind, id.clone()));
    }

    /// Whether all that was expected exists.
    pub(crate) fn check_expected(&self) -> Decision<()> {
        for (kind, id) in self.expected.borrow().iter() {
            if self.by_id::<serde::de::IgnoredAny>(*kind, id)?.is_none() {
                return Err(ApiError::referenced_not_found(kind.type_id(), ("id", id.as_str())).into());
            }
        }
        Ok(())
    }

    /// The key reference of the store that an identifier names.
    pub fn store_reference(&self, identifier: &ResourceIdentifier) -> Decision<KeyReference> {
        #[derive(serde::Deserialize)]
        struct Keyed {
            key: Key,
        }
        let store = self.resolve::<Keyed>(Kind::Store, identifier)?;
        Ok(KeyReference::store(store.key.clone()))
    }

    /// The project's settings.
    pub fn project(&self) -> Decision<Found<api::project::Project>> {
        let lookup = project_lookup(self.project_key());
        self.find(lookup)?.ok_or_else(|| {
            Stop::Refused(ApiError::new(
                Code::ResourceNotFound,
                format!("The project '{}' was not found.", self.project_key()),
            ))
        })
    }

    /// Notes that [`Context::project`] will be needed.
    pub fn want_project(&self) {
        self.want(project_lookup(self.project_key()));
    }

    /// What is left of the context: the messages, and what is still to be fetched.
    pub(crate) fn finish(self) -> (Vec<Message>, Vec<Lookup>) {
        (self.messages, self.missing.into_inner())
    }
}

/// The question for a project's settings.
#[must_use]
pub fn project_lookup(key: &str) -> Lookup {
    // A project key is never empty, so this is always an id.
    let id = Id::parse(key).unwrap_or_else(|| uuid::Uuid::nil().into());
    Lookup::new(Kind::Project, LookupBy::Id(id))
}

/// A resource that a look-up found.
pub struct Found<T>(Arc<Vec<Stored<T>>>);

impl<T> Clone for Found<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> std::ops::Deref for Found<T> {
    type Target = Stored<T>;
    #[allow(clippy::indexing_slicing, reason = "only made from lists that are not empty")]
    fn deref(&self) -> &Stored<T> {
        &self.0[0]
    }
}
