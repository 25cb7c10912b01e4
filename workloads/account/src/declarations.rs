//! What the manifest declared of each project when it was last applied.

use crate::{Account, STACK};
use api::{Id, Kind, Result};
use kit::peers::internal;
use kit::resource::{Context, Decision, RouteSet, Rules, State, store_error};
use kit::store::{Claim, MAIN, Query, Selector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The rules of declarations: written by `POST /declare` alone.
pub(crate) struct Declarations;

/// The state of one project, under its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Declaration {
    /// The project's key.
    pub(crate) project: String,
    /// Of its API clients as they were declared; empty once it is shut.
    pub(crate) hash: String,
    /// It was taken out of the manifest: no client of it gets a token.
    pub(crate) closed: bool,
}

impl Declaration {
    /// No client of the project gets a token any more; those that are out still stand.
    pub(crate) fn closing(project: &str) -> Self {
        Self { project: project.to_owned(), hash: "closing".to_owned(), closed: true }
    }

    /// No token of the project stands.
    pub(crate) fn shut(project: &str) -> Self {
        Self { hash: String::new(), ..Self::closing(project) }
    }

    /// See [`Declaration::shut`].
    pub(crate) fn is_shut(&self) -> bool {
        self.closed && self.hash.is_empty()
    }
}

/// [`Declaration`] in the making.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NewDeclaration(pub(crate) Declaration);

impl Rules for Declarations {
    type Body = Declaration;
    type Hidden = ();
    type Draft = NewDeclaration;
    type Action = api::internal::Never;

    const KIND: Kind = Kind::Declaration;
    const ROUTES: RouteSet = RouteSet::NONE;

    fn create(draft: &NewDeclaration, _: &mut Context<'_>) -> Decision<(Declaration, ())> {
        Ok((draft.0.clone(), ()))
    }

    fn apply(_: &mut State<Self>, action: &api::internal::Never, _: &mut Context<'_>) -> Decision<()> {
        match *action {}
    }

    fn id(draft: &NewDeclaration, _: &Context<'_>) -> Option<Id> {
        Id::parse(&draft.0.project)
    }

    fn claims(_: &Declaration) -> Vec<Claim> {
        Vec::new()
    }
}

impl Account {
    /// What is remembered of a project; `None` if no manifest ever named it.
    pub(crate) async fn declaration(&self, project: &str) -> Result<Option<Declaration>> {
        let Some(selector) = Id::parse(project).map(Selector::Id) else { return Ok(None) };
        let found = self.deps.store.view(STACK, Kind::Declaration, &selector, MAIN).await;
        let Some(text) = found.map_err(|e| store_error(&e))? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|e| internal(&e))
    }

    /// What is remembered of every project.
    pub(crate) async fn declared_projects(&self) -> Result<Vec<Declaration>> {
        let query = Query {
            project: STACK.to_owned(),
            kind: Kind::Declaration,
            view: MAIN,
            filters: Vec::new(),
            sort: Vec::new(),
            limit: 500,
            offset: 0,
            count_to: None,
            time_limit: Duration::from_secs(5),
        };
        let page = self.deps.store.query(query).await.map_err(|e| store_error(&e))?;
        page.results.iter().map(|text| serde_json::from_str(text).map_err(|e| internal(&e))).collect()
    }
}
