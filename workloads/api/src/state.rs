//! States: the steps of user-defined workflows of orders, line items, products and others.

use crate::{Key, LocalizedString, Reference, ResourceIdentifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The key of the built-in `LineItemState` that new line items are in.
pub const INITIAL: &str = "Initial";

/// A state of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct State {
    pub key: Key,
    #[serde(rename = "type")]
    pub state_type: StateType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    pub initial: bool,
    /// Part of the project: neither deleted nor given another key.
    pub built_in: bool,
    #[serde(default)]
    pub roles: Vec<StateRole>,
    /// Where it may go: without the list anywhere within the type, with an empty one nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transitions: Option<Vec<Reference>>,
}

impl State {
    /// Whether a resource in this state may go to `to` without force.
    #[must_use]
    pub fn leads_to(&self, to: &crate::Id) -> bool {
        self.transitions.as_ref().is_none_or(|transitions| transitions.iter().any(|t| t.id == *to))
    }
}

/// What is in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum StateType {
    OrderState,
    RecurringOrderState,
    LineItemState,
    ProductState,
    ReviewState,
    PaymentState,
    QuoteRequestState,
    StagedQuoteState,
    QuoteState,
}

/// What being in a state means beside its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the API's own names")]
pub enum StateRole {
    ReviewIncludedInStatistics,
    Return,
}

impl StateRole {
    /// The type of the states that it is for.
    #[must_use]
    pub fn of(self) -> StateType {
        match self {
            Self::ReviewIncludedInStatistics => StateType::ReviewState,
            Self::Return => StateType::LineItemState,
        }
    }
}

/// What a state is made from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the API's own property names")]
pub struct StateDraft {
    pub key: Key,
    #[serde(rename = "type")]
    pub state_type: StateType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<LocalizedString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<LocalizedString>,
    /// By default `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial: Option<bool>,
    #[serde(default, deserialize_with = "crate::null_as_default")]
    pub roles: Vec<StateRole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transitions: Option<Vec<ResourceIdentifier>>,
}

/// The update actions of states.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[allow(missing_docs, reason = "the API's own names")]
pub enum StateAction {
    ChangeKey {
        key: Key,
    },
    ChangeType {
        #[serde(rename = "type")]
        state_type: StateType,
    },
    ChangeInitial {
        initial: bool,
    },
    SetName {
        name: Option<LocalizedString>,
    },
    SetDescription {
        description: Option<LocalizedString>,
    },
    SetRoles {
        #[serde(default, deserialize_with = "crate::null_as_default")]
        roles: Vec<StateRole>,
    },
    AddRoles {
        roles: Vec<StateRole>,
    },
    RemoveRoles {
        roles: Vec<StateRole>,
    },
    SetTransitions {
        transitions: Option<Vec<ResourceIdentifier>>,
    },
}
