//! Answering look-ups: in the own store, or at the service that owns the kind.

use super::facts::{Facts, Lookup, LookupBy};
use super::model::Schemas;
use crate::http::RequestInfo;
use crate::peers::{self, internal};
use crate::service::Deps;
use crate::store::{Query, Selector};
use api::{ApiError, Kind, Result, ServiceName};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::timeout;

/// The most lookups of one batch.
const MAX_LOOKUPS: usize = 2_000;
/// How long a decision waits for an answer that it can do without.
const PATIENCE: Duration = Duration::from_secs(1);

/// The body of the internal route `/lookup`.
#[derive(Debug, Serialize, Deserialize)]
pub struct LookupBatch {
    /// The questions; all of kinds that the service owns.
    pub lookups: Vec<Lookup>,
}

/// Answers look-ups for one service.
pub struct Lookups {
    deps: Deps,
    /// The views of the kinds that this service owns, and what their fields are.
    kinds: HashMap<Kind, (&'static [&'static str], predicate::Model)>,
}

impl Lookups {
    /// Look-ups into the store of `deps` for these kinds.
    pub fn new(deps: Deps, schemas: &Schemas) -> Self {
        Self { deps, kinds: schemas.models() }
    }

    /// Fetches all of `wanted`: what is the own service's from its store, the rest from the peers, one
    /// call each, at the same time.
    pub async fn fetch(&self, request: &RequestInfo, wanted: Vec<Lookup>, facts: &mut Facts) -> Result<()> {
        if wanted.len() + facts.0.len() > MAX_LOOKUPS {
            return Err(ApiError::new(
                api::Code::QueryComplexityLimitExceeded,
                format!("A request may refer to at most {MAX_LOOKUPS} other resources."),
            ));
        }
        let (own, others): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|lookup| lookup.kind.service() == self.deps.service);
        if !own.is_empty() {
            let answers = self.answer(request.project(), &own).await?;
            own.into_iter().zip(answers).for_each(|(lookup, texts)| facts.learn(lookup, texts));
        }
        let mut by_service: BTreeMap<(ServiceName, bool), Vec<Lookup>> = BTreeMap::new();
        for lookup in others {
            by_service.entry((lookup.kind.service(), lookup.optional)).or_default().push(lookup);
        }
        let calls = by_service.into_iter().map(|((service, optional), lookups)| async move {
            let body = LookupBatch { lookups };
            let answers = self.ask(service, request, &body);
            let answers = if optional {
                let in_time =
                    timeout(PATIENCE, answers).await.unwrap_or_else(|_| Err(ApiError::unavailable()));
                in_time.or_else(|error| {
                    tracing::debug!(%service, %error, "a decision goes on without an answer");
                    if error.status() < 500 { Err(error) } else { Ok(vec![Vec::new(); body.lookups.len()]) }
                })?
            } else {
                answers.await?
            };
            if answers.len() != body.lookups.len() {
                return Err(internal(&"a peer answered another number of look-ups than it was asked"));
            }
            Ok(body.lookups.into_iter().zip(answers))
        });
        for answered in futures::future::try_join_all(calls).await? {
            for (lookup, texts) in answered {
                facts.learn(
                    lookup,
                    texts.into_iter().map(|raw| Box::<str>::from(raw).into_string()).collect(),
                );
            }
        }
        Ok(())
    }

    async fn ask(
        &self,
        service: ServiceName,
        request: &RequestInfo,
        body: &LookupBatch,
    ) -> Result<Vec<Vec<Box<RawValue>>>> {
        peers::call(self.deps.peers.as_ref(), service, "/lookup", request, body).await
    }

    /// Answers look-ups of the own kinds, in their order.
    pub async fn answer(&self, project: &str, lookups: &[Lookup]) -> Result<Vec<Vec<String>>> {
        if lookups.len() > MAX_LOOKUPS {
            return Err(ApiError::invalid_input(format!("More than {MAX_LOOKUPS} look-ups in one call.")));
        }
        let mut answers: Vec<Vec<String>> = vec![Vec::new(); lookups.len()];
        // Point reads of one kind and view go to the store together.
        let mut points: HashMap<(Kind, &'static str), Vec<(usize, Selector)>> = HashMap::new();
        for (at, lookup) in lookups.iter().enumerate() {
            let (views, model) = self.kinds.get(&lookup.kind).ok_or_else(|| {
                internal(&format_args!("{} was asked for a {}", self.deps.service, lookup.kind))
            })?;
            let view =
                views.iter().copied().find(|v| *v == lookup.view).ok_or_else(|| {
                    internal(&format_args!("a {} has no view '{}'", lookup.kind, lookup.view))
                })?;
            match &lookup.by {
                LookupBy::Id(id) => {
                    points.entry((lookup.kind, view)).or_default().push((at, Selector::Id(id.clone())));
                }
                LookupBy::Claim(claim) => {
                    points.entry((lookup.kind, view)).or_default().push((at, Selector::Claim(claim.clone())));
                }
                LookupBy::Where { predicate, limit } => {
                    answers[at] = self.matching(project, lookup.kind, view, model, predicate, *limit).await?;
                }
            }
        }
        for ((kind, view), wanted) in points {
            let (places, selectors): (Vec<usize>, Vec<Selector>) = wanted.into_iter().unzip();
            let texts =
                self.deps.store.views(project, kind, selectors, view).await.map_err(|e| store_error(&e))?;
            for (place, text) in places.into_iter().zip(texts) {
                answers[place].extend(text);
            }
        }
        Ok(answers)
    }

    async fn matching(
        &self,
        project: &str,
        kind: Kind,
        view: &'static str,
        model: &predicate::Model,
        text: &str,
        limit: u32,
    ) -> Result<Vec<String>> {
        let mut filters = Vec::new();
        if !text.is_empty() {
            let mut bound = predicate::parse(text)
                .map_err(|e| internal(&e))?
                .bind(&HashMap::new())
                .map_err(|e| internal(&e))?;
            bound.check(model).map_err(|e| internal(&e))?;
            filters.push(bound);
        }
        let query = Query {
            project: project.to_owned(),
            kind,
            view,
            filters,
            sort: Vec::new(),
            limit: limit.min(500),
            offset: 0,
            count_to: None,
            time_limit: Duration::from_secs(5),
        };
        Ok(self.deps.store.query(query).await.map_err(|e| store_error(&e))?.results)
    }
}

/// The error that clients see when the store fails; the log has the cause.
pub fn store_error(error: &crate::store::StoreError) -> ApiError {
    use crate::store::StoreError;
    match error {
        StoreError::TimedOut => ApiError::new(
            api::Code::QueryTimedOut,
            "The query took too long. Narrow it down, or ask for fewer results.",
        ),
        StoreError::TooLarge => ApiError::new(
            api::Code::ResourceSizeLimitExceeded,
            "The resource would be larger than 16 MB. Store less in it.",
        ),
        StoreError::Conflict | StoreError::Claimed(_) | StoreError::Failed(_) => {
            tracing::error!(%error, "the store could not serve a request");
            ApiError::unavailable()
        }
    }
}
