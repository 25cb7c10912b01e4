//! A service: its public and internal routes, its description and its background work.

use crate::Boxed;
use crate::bus::{Event, EventBus, Follower};
use crate::clock::Clock;
use crate::consumer::{self, Handler};
use crate::follow::{self, Gate};
use crate::http::{Failure, MAX_BODY_BYTES, Reply, RequestInfo, json, ok};
use crate::peers::Peers;
use crate::recovery::{self, Recover};
use crate::relay::Relay;
use crate::resource::{
    Collection, FollowUp, LookupBatch, Lookups, Mine, Operation, Parts, Presenter, Rules, Schemas,
    mine_routes, routes,
};
use crate::store::{KindSchema, Store};
use crate::telemetry::Metrics;
use api::{ApiError, Kind, ServiceName};
use axum::Router;
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a service is made of; cheap to clone.
#[derive(Clone)]
pub struct Deps {
    /// Which service.
    pub service: ServiceName,
    /// Its database.
    pub store: Arc<dyn Store>,
    /// The stack's event log.
    pub bus: Arc<dyn EventBus>,
    /// The other services.
    pub peers: Arc<dyn Peers>,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// The relay of its outbox.
    pub relay: Relay,
    /// The process's metrics.
    pub metrics: Arc<Metrics>,
}

/// A service, ready to be served.
pub struct Service {
    /// Which one.
    pub name: ServiceName,
    /// What the gateway routes to. Requests carry a [`RequestInfo`].
    pub public: Router,
    /// What peers call; never reachable from outside. `/description` gives `{paths, schemas}` of the
    /// public routes.
    pub internal: Router,
    /// Background work; each ends when the token it is given is cancelled.
    pub tasks: Vec<Task>,
    /// What must have happened before the service may serve.
    pub gates: Vec<Gate>,
}

/// Background work of a service.
pub type Task = Box<dyn FnOnce(CancellationToken) -> Boxed<'static, ()> + Send>;

/// The schema of a kind's documents, for opening the store.
#[must_use]
pub fn kind_schema<R: Rules>() -> KindSchema {
    KindSchema { kind: R::KIND, views: R::VIEWS, indexes: R::INDEXES }
}

/// Builds a [`Service`] out of kinds of resource and routes of its own.
pub struct ServiceBuilder {
    deps: Deps,
    public: Router,
    internal: Router,
    parts: Parts,
    tasks: Vec<Task>,
    gates: Vec<Gate>,
    recover: HashMap<Kind, Recover>,
    lookups: Arc<Lookups>,
}

impl ServiceBuilder {
    /// Starts a service whose store holds these kinds.
    #[must_use]
    pub fn new(deps: Deps, schemas: &Schemas) -> Self {
        let lookups = Arc::new(Lookups::new(deps.clone(), schemas));
        let answering = Arc::clone(&lookups);
        let internal = Router::new().route(
            "/lookup",
            post(move |request: RequestInfo, body: Bytes| async move {
                let batch: LookupBatch = json(&body)?;
                let answers = answering.answer(request.project(), &batch.lookups).await?;
                Reply::Ok(ok(lookup_answer(&answers)))
            }),
        );
        let builder = Self {
            deps,
            public: Router::new(),
            internal,
            parts: Parts::default(),
            tasks: Vec::new(),
            gates: Vec::new(),
            recover: HashMap::new(),
            lookups,
        };
        builder.health().pong()
    }

    /// The collection of a kind, with the service's look-ups.
    #[must_use]
    pub fn open<R: Rules>(&self) -> Arc<Collection<R>> {
        Arc::new(Collection::new(self.deps.clone(), Arc::clone(&self.lookups)))
    }

    /// The same with something that answers add.
    #[must_use]
    pub fn open_presented<R: Rules>(&self, presenter: Presenter) -> Arc<Collection<R>> {
        let collection = Collection::new(self.deps.clone(), Arc::clone(&self.lookups));
        Arc::new(collection.presented_by(presenter))
    }

    /// The same with something that follows changes by clients.
    #[must_use]
    pub fn open_followed<R: Rules>(&self, follow_up: FollowUp<R>) -> Arc<Collection<R>> {
        let collection = Collection::new(self.deps.clone(), Arc::clone(&self.lookups));
        Arc::new(collection.followed_by(follow_up))
    }

    /// The look-ups of the service, for routes of its own.
    #[must_use]
    pub fn lookups(&self) -> Arc<Lookups> {
        Arc::clone(&self.lookups)
    }

    /// The schemas of the description, for operations of the service's own.
    pub fn parts(&mut self) -> &mut Parts {
        &mut self.parts
    }

    /// Adds the derived routes of a kind.
    #[must_use]
    pub fn collection<R: Rules>(mut self, collection: &Arc<Collection<R>>) -> Self {
        self.public = self.public.merge(routes(collection, &mut self.parts));
        self
    }

    /// Adds the derived `me` routes of a kind.
    #[must_use]
    pub fn mine<R: Mine>(mut self, collection: &Arc<Collection<R>>) -> Self {
        self.public = self.public.merge(mine_routes(collection, &mut self.parts));
        self
    }

    /// Adds a public route of the service's own. `operation.path` says `{projectKey}` where the route
    /// has `{project}`; a path that differs otherwise (`key={key}`) is given as `route`.
    #[must_use]
    pub fn route(mut self, route: &str, operations: &[Operation], handler: MethodRouter) -> Self {
        operations.iter().for_each(|operation| self.parts.add(operation));
        self.public = self.public.route(route, handler);
        self
    }

    /// Adds an internal route.
    #[must_use]
    pub fn internal(mut self, route: &str, handler: MethodRouter) -> Self {
        self.internal = self.internal.route(route, handler);
        self
    }

    /// Has the recovery loop hand due documents of `kind` to `recover`.
    #[must_use]
    pub fn recover(mut self, kind: Kind, recover: Recover) -> Self {
        self.recover.insert(kind, recover);
        self
    }

    /// Consumes topics in the group `<service>.<name>`.
    #[must_use]
    pub fn consume(mut self, name: &str, topics: Vec<&'static str>, handler: Handler) -> Self {
        let (bus, group) = (Arc::clone(&self.deps.bus), format!("{}.{name}", self.deps.service));
        self.tasks.push(Box::new(move |stop| Box::pin(consumer::consume(bus, group, topics, handler, stop))));
        self
    }

    /// Reads a topic whole, without a group, and keeps up with it. The service is not ready before.
    #[must_use]
    pub fn follow(mut self, topic: &'static str, follower: Follower) -> Self {
        let gate = Gate::new(topic);
        self.gates.push(gate.clone());
        self.tasks.push(follow::follow(Arc::clone(&self.deps.bus), topic, follower, gate));
        self
    }

    /// Adds background work.
    #[must_use]
    pub fn task(mut self, task: Task) -> Self {
        self.tasks.push(task);
        self
    }

    /// The service.
    #[must_use]
    pub fn build(mut self) -> Service {
        if !self.recover.is_empty() {
            let (store, clock) = (Arc::clone(&self.deps.store), Arc::clone(&self.deps.clock));
            let handlers = std::mem::take(&mut self.recover);
            self.tasks.push(Box::new(move |stop| Box::pin(recovery::run(store, clock, handlers, stop))));
        }
        let no_route = |uri: axum::http::Uri| async move { Failure(ApiError::no_route(uri.path())) };
        let metrics = Arc::clone(&self.deps.metrics);
        let service = self.deps.service.as_str();
        let measured = axum::middleware::from_fn(move |request, next| {
            measure(Arc::clone(&metrics), service, request, next)
        });
        // A layer on nothing is refused by axum.
        let public = if self.public.has_routes() { self.public.route_layer(measured) } else { self.public };
        let public = public.fallback(no_route).method_not_allowed_fallback(no_route);
        let description: Bytes = self.parts.finish().to_string().into();
        let internal = self
            .internal
            .route("/description", post(move || async move { ok(description) }))
            .layer(axum::extract::DefaultBodyLimit::max(MAX_BODY_BYTES))
            .fallback(no_route);
        Service {
            name: self.deps.service,
            public: public.layer(axum::extract::DefaultBodyLimit::max(MAX_BODY_BYTES)),
            internal,
            tasks: self.tasks,
            gates: self.gates,
        }
    }

    /// `/health`: whether the database and the bus answer.
    fn health(self) -> Self {
        let deps = self.deps.clone();
        self.internal(
            "/health",
            post(move || async move {
                let (store, bus) = tokio::join!(deps.store.ping(), deps.bus.ping());
                let state = |ok: bool| if ok { "UP" } else { "DOWN" };
                let body = serde_json::json!({
                    "status": state(store.is_ok() && bus.is_ok()),
                    "store": state(store.is_ok()),
                    "bus": state(bus.is_ok()),
                    "version": env!("CARGO_PKG_VERSION"),
                });
                ok(body.to_string())
            }),
        )
    }

    /// Answers each `service-ping` with a `service-pong`.
    fn pong(self) -> Self {
        let deps = self.deps.clone();
        let handler: Handler = Arc::new(move |ping: Event| {
            let deps = deps.clone();
            Box::pin(async move {
                let pong = Event {
                    id: deps.clock.new_id(ping.time).to_string(),
                    topic: PONG.to_owned(),
                    kind: "service.pong".to_owned(),
                    key: deps.service.as_str().to_owned(),
                    change_seq: 0,
                    time: deps.clock.now(),
                    data: serde_json::json!({"service": deps.service, "ping": ping.id}).to_string(),
                };
                deps.bus.publish(vec![pong]).await.map_err(|e| e.to_string())
            })
        });
        self.consume("ping", vec![PING], handler)
    }
}

/// The topic on which the gateway asks whether services are alive.
pub const PING: &str = "service-ping";
/// The topic on which they answer.
pub const PONG: &str = "service-pong";

/// `[[…], [], …]` of texts that are JSON already.
fn lookup_answer(answers: &[Vec<String>]) -> String {
    let size: usize = answers.iter().flatten().map(|t| t.len() + 1).sum();
    let mut text = String::with_capacity(size + answers.len() * 3 + 2);
    text.push('[');
    for (at, texts) in answers.iter().enumerate() {
        text.push_str(if at > 0 { ",[" } else { "[" });
        for (at, one) in texts.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(one);
        }
        text.push(']');
    }
    text.push(']');
    text
}

/// On an answer that no route of a router gave: what the metrics call its route instead.
#[derive(Debug, Clone, Copy)]
pub struct Route(pub &'static str);

/// A middleware that counts what it answers, by the route's pattern or what [`Route`] says.
pub async fn measure(
    metrics: Arc<Metrics>,
    service: &'static str,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    let start = std::time::Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<axum::extract::MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = match (&route, response.extensions().get::<Route>()) {
        (Some(pattern), _) => pattern.as_str(),
        (None, Some(Route(name))) => name,
        (None, None) => "",
    };
    metrics.observe(service, method.as_str(), route, response.status().as_u16(), start.elapsed());
    response
}

/// The withdrawal of tokens that an event of the topic `account` tells of.
#[must_use]
pub fn revocation_of(event: &Event) -> Option<api::internal::account::Revocation> {
    if event.kind != "revocation.created" {
        return None;
    }
    #[derive(serde::Deserialize)]
    struct Data {
        obj: api::internal::account::Revocation,
    }
    serde_json::from_str::<Data>(&event.data).ok().map(|data| data.obj)
}
