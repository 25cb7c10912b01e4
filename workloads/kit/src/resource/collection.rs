//! The resources of one kind: made, read, changed and deleted.

use super::Rules;
use super::edit::{Edit, Edited};
use super::lookup::{Lookups, store_error};
use crate::Boxed;
use crate::http::{Params, RequestInfo};
use crate::service::Deps;
use crate::store::{MAIN, Selector, Visibility, Write};
use api::{ApiError, Id, Key, Meta, Result, Timestamp};
use predicate::Model;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use std::sync::Arc;

/// Whose resources a `me` path shows: the identity of the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Owner {
    /// A customer.
    Customer(Id),
    /// An anonymous session.
    Anonymous(String),
}

impl Owner {
    /// The identity of the token; 403 without one.
    pub fn of(request: &RequestInfo) -> Result<Self> {
        let caller = &request.caller;
        match (&caller.customer_id, &caller.anonymous_id) {
            (Some(id), _) => Ok(Self::Customer(id.clone())),
            (None, Some(id)) => Ok(Self::Anonymous(id.clone())),
            (None, None) => Err(ApiError::new(
                api::Code::InsufficientScope,
                "Insufficient scope. One of the following scopes is missing: customer_id, anonymous_id.",
            )),
        }
    }
}

/// Which resources of a kind a path shows; others are not found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Only this owner's.
    pub owner: Option<Owner>,
    /// Only those of this store.
    pub store: Option<Key>,
}

impl Access {
    /// All of the project.
    pub const PROJECT: Self = Self { owner: None, store: None };

    /// What a path shows: all of the project, or of the store that it names.
    #[must_use]
    pub fn of(request: &RequestInfo) -> Self {
        Self { owner: None, store: request.caller.store.clone() }
    }

    /// Of what a path shows, the token's own; 403 for tokens of nobody.
    pub fn own(request: &RequestInfo) -> Result<Self> {
        Ok(Self { owner: Some(Owner::of(request)?), ..Self::of(request) })
    }

    /// Whether the path shows this resource.
    pub fn shows<R: Rules>(&self, body: &R::Body) -> bool {
        self.owner.as_ref().is_none_or(|owner| R::belongs_to(body, owner))
            && self.store.as_ref().is_none_or(|store| R::is_in_store(body, store))
    }
}

/// The body of an update.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
// Named after its actions: the gateway merges the schemas of all services by their names.
#[schemars(rename = "{A}UpdateRequest")]
pub struct UpdateRequest<A> {
    /// The version that the sender knows.
    pub version: i64,
    /// In order; all or nothing; at most 500.
    #[schemars(length(max = 500))]
    pub actions: Vec<A>,
}

/// The most actions of one update (contract §0).
const MAX_ACTIONS: usize = 500;

/// A resource as clients see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The id.
    pub id: Id,
    /// The version.
    pub version: i64,
    /// The JSON text.
    pub json: String,
}

/// What answers of a kind add to the stored text, such as selected prices. Also gets list answers, whose
/// resources stand in `results`.
pub type Presenter =
    Arc<dyn for<'a> Fn(&'a RequestInfo, &'a Params, String) -> Boxed<'a, Result<String>> + Send + Sync>;

/// What follows a change by a client before it is answered, where rules alone cannot do it; gives what is answered.
pub type FollowUp<R> = Arc<
    dyn for<'a> Fn(&'a Collection<R>, &'a RequestInfo, Edited<R>) -> Boxed<'a, Result<Edited<R>>>
        + Send
        + Sync,
>;

/// The resources of one kind.
pub struct Collection<R: Rules> {
    /// What the service is made of.
    pub deps: Deps,
    pub(crate) lookups: Arc<Lookups>,
    pub(crate) model: Model,
    presenter: Option<Presenter>,
    follow_up: Option<FollowUp<R>>,
    rules: PhantomData<fn() -> R>,
}

impl<R: Rules> Collection<R> {
    /// The collection in the service's store.
    pub fn new(deps: Deps, lookups: Arc<Lookups>) -> Self {
        Self {
            deps,
            lookups,
            model: super::model::model_of::<R>(),
            presenter: None,
            follow_up: None,
            rules: PhantomData,
        }
    }

    /// The same with something that answers add.
    #[must_use]
    pub fn presented_by(mut self, presenter: Presenter) -> Self {
        self.presenter = Some(presenter);
        self
    }

    /// The same with something that follows changes by clients.
    #[must_use]
    pub fn followed_by(mut self, follow_up: FollowUp<R>) -> Self {
        self.follow_up = Some(follow_up);
        self
    }

    async fn follow(&self, request: &RequestInfo, edited: Edited<R>) -> Result<Snapshot> {
        let edited = match &self.follow_up {
            Some(follow_up) => follow_up(self, request, edited).await?,
            None => edited,
        };
        Ok(edited.into_snapshot())
    }

    /// The text of an answer, with what the kind's answers add to what is stored.
    pub(crate) async fn present(
        &self,
        request: &RequestInfo,
        params: &Params,
        json: String,
    ) -> Result<String> {
        match &self.presenter {
            Some(present) => present(request, params, json).await,
            None => Ok(json),
        }
    }

    /// Makes a resource.
    pub async fn create(&self, request: &RequestInfo, draft: &R::Draft) -> Result<Snapshot> {
        let now = self.deps.clock.now();
        let edited = self.create_as(request, now, draft, Visibility::Live).await?;
        self.follow(request, edited).await
    }

    /// Makes a resource with a given visibility; a saga makes pending ones.
    pub async fn create_as(
        &self,
        request: &RequestInfo,
        now: Timestamp,
        draft: &R::Draft,
        visibility: Visibility,
    ) -> Result<Edited<R>> {
        let id = self.deps.clock.new_id(now);
        let mut facts = super::Facts::default();
        let attribution = request.caller.attribution();
        let (state, messages) = super::decide::decide(
            &self.lookups,
            self.deps.clock.as_ref(),
            request,
            now,
            &id,
            &mut facts,
            |cx| {
                let id = R::id(draft, cx).unwrap_or_else(|| id.clone());
                cx.resource_id = id.clone();
                let meta = Meta {
                    id,
                    version: 1,
                    created_at: now,
                    last_modified_at: now,
                    created_by: Some(attribution.clone()),
                    last_modified_by: Some(attribution.clone()),
                };
                let (body, hidden) = R::create(draft, cx)?;
                let mut state = super::State { body, hidden, visibility, due_at: None, meta };
                R::settle(&mut state, cx)?;
                Ok(state)
            },
        )
        .await?;
        self.insert(request, state, messages).await
    }

    /// Writes a resource that was decided about elsewhere (a saga, a declared project) for the first time.
    pub async fn insert(
        &self,
        request: &RequestInfo,
        state: super::State<R>,
        messages: Vec<api::Message>,
    ) -> Result<Edited<R>> {
        let (document, events) =
            self.document(request, &state, None, &messages, super::edit::Change::Created)?;
        let json = document.view(MAIN).unwrap_or_default().to_owned();
        self.deps
            .store
            .write(Write { expected_rev: None, document, events })
            .await
            .map_err(|error| self.write_error(error))?;
        self.deps.relay.wake(R::KIND);
        Ok(Edited { json, state, changed: true })
    }

    /// The JSON text of a resource, if there is one.
    pub async fn get(
        &self,
        request: &RequestInfo,
        selector: &Selector,
        access: &Access,
    ) -> Result<Option<String>> {
        let found = self
            .deps
            .store
            .view(request.project(), R::KIND, selector, MAIN)
            .await
            .map_err(|e| store_error(&e))?;
        match found {
            Some(json) if *access != Access::PROJECT => {
                let body: R::Body = serde_json::from_str(&json).map_err(|e| crate::peers::internal(&e))?;
                Ok(access.shows::<R>(&body).then_some(json))
            }
            found => Ok(found),
        }
    }

    /// A resource that clients see, in the hands of its rules, if there is one.
    pub async fn find(
        &self,
        request: &RequestInfo,
        selector: &Selector,
        access: &Access,
    ) -> Result<Option<super::State<R>>> {
        let found = self.deps.store.get(request.project(), R::KIND, selector).await;
        let live = found.map_err(|e| store_error(&e))?.filter(|held| held.visibility == Visibility::Live);
        let state = live.map(|document| self.state(&document)).transpose()?;
        Ok(state.filter(|state| access.shows::<R>(&state.body)))
    }

    /// Applies update actions under a version.
    pub async fn update(
        &self,
        request: &RequestInfo,
        selector: &Selector,
        access: &Access,
        update: &UpdateRequest<R::Action>,
    ) -> Result<Option<Snapshot>> {
        if update.actions.len() > MAX_ACTIONS {
            return Err(ApiError::new(
                api::Code::MaxResourceLimitExceeded,
                format!(
                    "An update takes at most {MAX_ACTIONS} actions, but {} were sent.",
                    update.actions.len()
                ),
            )
            .with("exceededResource", R::KIND.type_id()));
        }
        let edit = Edit { expected_version: Some(update.version), access: access.clone(), visible: true };
        let edited = self
            .edit(request, selector, &edit, |state, cx| {
                R::foresee(state, &update.actions, cx);
                for action in &update.actions {
                    R::apply(state, action, cx)?;
                }
                if !update.actions.is_empty() {
                    R::settle(state, cx)?;
                }
                Ok(())
            })
            .await?;
        match edited {
            Some(edited) => self.follow(request, edited).await.map(Some),
            None => Ok(None),
        }
    }

    /// Deletes a resource, under a version if one is given.
    pub async fn delete(
        &self,
        request: &RequestInfo,
        selector: &Selector,
        access: &Access,
        version: Option<i64>,
    ) -> Result<Option<Snapshot>> {
        let edit = Edit { expected_version: version, access: access.clone(), visible: true };
        let edited = self
            .edit(request, selector, &edit, |state, cx| {
                R::delete(state, cx)?;
                state.visibility = Visibility::Deleted;
                Ok(())
            })
            .await?;
        match edited {
            Some(edited) => self.follow(request, edited).await.map(Some),
            None => Ok(None),
        }
    }
}
