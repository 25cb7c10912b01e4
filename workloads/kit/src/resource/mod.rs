//! The resource engine: the life that every resource of the API lives, written once.
//!
//! A resource is made from a draft, read by id or key, listed with a predicate, changed by a list of
//! update actions under a version, deleted under a version, and every change is told to the others.
//! A service supplies only what is a resource's own, as [`Rules`]; [`Collection`] derives the rest and
//! [`crate::ServiceBuilder::collection`] the routes and their description.
//!
//! Rules are synchronous and pure: state and input in, state and messages out. What they need to know
//! of other resources they ask of the [`Context`], which answers from what is already fetched; an
//! unanswered question ends the decision with [`Stop::Missing`], the engine fetches all that was asked
//! in one batch per service, and decides again on a fresh clone.

mod collection;
mod context;
mod custom;
mod decide;
mod edit;
mod expand;
mod facts;
mod list;
mod lookup;
mod model;
mod openapi;
mod routes;

pub use collection::{Access, Collection, FollowUp, Owner, Presenter, Snapshot, UpdateRequest};
pub use context::{Context, Decision, Found, Stop, project_lookup};
pub use custom::{set_field as set_custom_field, set_type as set_custom_type};
pub use edit::{Edit, Edited};
pub use expand::expand;
pub use facts::{Facts, Lookup, LookupBy};
pub use list::{ListRequest, equals, page_body};
pub use lookup::{LookupBatch, Lookups, store_error};
pub use model::{Schemas, model_of_body};
pub use openapi::{Operation, Parts};
pub use routes::{Mine, mine_routes, refuse_others};

pub(crate) use routes::routes;

use crate::http::Params;
use crate::store::{Claim, MAIN, View, Visibility};
use api::{ApiError, Id, Key, Kind, Meta, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::{Deref, DerefMut};

/// A kind of resource: how a draft becomes one and what each update action does to it.
pub trait Rules: Send + Sync + Sized + 'static {
    /// The resource's own fields, as clients see them.
    type Body: Serialize + DeserializeOwned + JsonSchema + Clone + PartialEq + Send + Sync + 'static;
    /// What is stored beside the body and no client may see; `()` for most.
    type Hidden: Serialize + DeserializeOwned + Default + Clone + PartialEq + Send + Sync + 'static;
    /// What a resource is made from.
    type Draft: DeserializeOwned + JsonSchema + Send + Sync + 'static;
    /// What changes it; serde-tagged by `action`.
    type Action: DeserializeOwned + JsonSchema + Send + Sync + 'static;

    /// The kind: type id, path, scopes, owner.
    const KIND: Kind;
    /// The views, [`MAIN`] first.
    const VIEWS: &'static [&'static str] = &[MAIN];
    /// Dotted paths of text fields that queries often ask for by equality.
    const INDEXES: &'static [&'static str] = &[];
    /// Which of the derived routes exist.
    const ROUTES: RouteSet = RouteSet::ALL;
    /// How items are addressed beside `{id}` and `key={key}`: the name in the path segment, `order-number`,
    /// and the claim that it stands for, `orderNumber`.
    const SELECTORS: &'static [(&'static str, &'static str)] = &[];
    /// Permissions that let read beside the kind's own `view_…`.
    const READ_ALSO: &'static [&'static str] = &[];
    /// Path segments `name={value}` that read the most recently modified resource which meets a predicate
    /// over `:value`: `("customer-id", "customerId = :value and …")`.
    const LATEST: &'static [(&'static str, &'static str)] = &[];
    /// What belongs to the store `:value`, as a predicate.
    const IN_STORE: &'static str = "store(key = :value)";
    /// The query parameters that the kind's [`Presenter`] reads, with their types, for the API description.
    const QUERY: &'static [(&'static str, &'static str)] = &[];
    /// Whether deletions take `dataErasure`, see [`Params::check_data_erasure`].
    const DATA_ERASURE: bool = false;
    /// Whether change events carry the whole resource, for topics that others keep a copy of.
    const EVENTS_CARRY_STATE: bool = false;

    /// Makes the resource. May set `hidden` and emit messages on the context.
    fn create(draft: &Self::Draft, cx: &mut Context<'_>) -> Decision<(Self::Body, Self::Hidden)>;

    /// Asks ([`Context::want`]) for what the actions of an update will need, so that many actions cost no
    /// more rounds than one. Decides nothing.
    fn foresee(_state: &State<Self>, _actions: &[Self::Action], _cx: &Context<'_>) {}

    /// Applies one update action.
    fn apply(state: &mut State<Self>, action: &Self::Action, cx: &mut Context<'_>) -> Decision<()>;

    /// Runs once after creation and after all actions: derived fields, totals, invariants.
    fn settle(_state: &mut State<Self>, _cx: &mut Context<'_>) -> Decision<()> {
        Ok(())
    }

    /// Refuses a deletion, or emits its message.
    fn delete(_state: &State<Self>, _cx: &mut Context<'_>) -> Decision<()> {
        Ok(())
    }

    /// The unique values that the resource holds.
    fn claims(body: &Self::Body) -> Vec<Claim>;

    /// The unique values that the hidden part holds.
    fn hidden_claims(_hidden: &Self::Hidden) -> Vec<Claim> {
        Vec::new()
    }

    /// What the user knows the resource by, for `resourceUserProvidedIdentifiers` of messages.
    fn user_identifiers(_body: &Self::Body) -> serde_json::Map<String, serde_json::Value> {
        serde_json::Map::new()
    }

    /// The error for a unique value that another resource holds.
    fn taken(claim: &Claim) -> ApiError {
        ApiError::duplicate_field(&claim.name, claim.value.as_str())
    }

    /// The texts of all views. The default has the main one only.
    fn views(meta: &Meta, body: &Self::Body) -> serde_json::Result<Vec<View>> {
        Ok(vec![View { name: MAIN, served: api::meta::join(meta, body)? }])
    }

    /// Refuses bad values of [`Rules::QUERY`] before anything is written, and where nothing is presented that needs them.
    fn check_query(_params: &Params) -> api::Result<()> {
        Ok(())
    }

    /// The id of a new resource, where it is not a fresh one.
    fn id(_draft: &Self::Draft, _cx: &Context<'_>) -> Option<Id> {
        None
    }

    /// Whose it is, for the `me` views.
    fn belongs_to(_body: &Self::Body, _owner: &Owner) -> bool {
        false
    }

    /// Whether it belongs to a store, for in-store paths; says the same as [`Rules::IN_STORE`].
    fn is_in_store(_body: &Self::Body, _store: &Key) -> bool {
        false
    }

    /// Binds a draft to the store of the path that it was sent to.
    fn bind_to_store(_draft: &mut Self::Draft, _store: &Key) {}
}

/// A resource in the hands of its rules: what clients see, what they do not, and its life.
pub struct State<R: Rules> {
    /// The resource's own fields.
    pub body: R::Body,
    /// What no client may see.
    pub hidden: R::Hidden,
    /// Whether clients see it at all.
    pub visibility: Visibility,
    /// When the recovery loop should look at it.
    pub due_at: Option<Timestamp>,
    /// Id, version and times as they stand; the engine moves them on.
    pub meta: Meta,
}

impl<R: Rules> Clone for State<R> {
    fn clone(&self) -> Self {
        Self {
            body: self.body.clone(),
            hidden: self.hidden.clone(),
            visibility: self.visibility,
            due_at: self.due_at,
            meta: self.meta.clone(),
        }
    }
}

impl<R: Rules> Deref for State<R> {
    type Target = R::Body;
    fn deref(&self) -> &R::Body {
        &self.body
    }
}

impl<R: Rules> DerefMut for State<R> {
    fn deref_mut(&mut self) -> &mut R::Body {
        &mut self.body
    }
}

/// Which of the derived routes a kind has.
#[derive(Debug, Clone, Copy)]
pub struct RouteSet {
    /// `POST` on the collection.
    pub create: bool,
    /// `POST` on an item.
    pub update: bool,
    /// `DELETE` on an item.
    pub delete: bool,
    /// Deletion demands `version`.
    pub delete_by_version: bool,
    /// Items are addressed by `key={key}` too.
    pub by_key: bool,
    /// `GET` on the collection and on items.
    pub read: bool,
}

impl RouteSet {
    /// Everything.
    pub const ALL: RouteSet = RouteSet {
        create: true,
        update: true,
        delete: true,
        delete_by_version: true,
        by_key: true,
        read: true,
    };
    /// Nothing derived: the service adds routes of its own.
    pub const NONE: RouteSet = RouteSet {
        create: false,
        update: false,
        delete: false,
        delete_by_version: false,
        by_key: false,
        read: false,
    };
}
