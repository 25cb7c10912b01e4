//! The aggregated health: what each service says over its internal route, and whether its ping came back
//! over the event bus.

use crate::{Edge, Parts};
use api::ServiceName;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kit::bus::{Event, Follower};
use kit::http::{RequestInfo, reply};
use kit::peers;
use kit::service::PING;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a request for the health waits for pongs.
const PATIENCE: Duration = Duration::from_secs(2);
/// Requests within this time share one round of pings.
const FRESH: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Round {
    id: String,
    sent: Option<Instant>,
    /// Milliseconds until the pong came.
    pongs: HashMap<ServiceName, u64>,
}

/// Asks and remembers.
pub(crate) struct Health {
    parts: Parts,
    round: Mutex<Round>,
    came: tokio::sync::Notify,
    asking: tokio::sync::Mutex<()>,
}

impl Health {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            parts,
            round: Mutex::default(),
            came: tokio::sync::Notify::new(),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    fn learn(&self, event: &Event) {
        #[derive(Deserialize)]
        struct Pong {
            service: ServiceName,
            ping: String,
        }
        let Ok(pong) = serde_json::from_str::<Pong>(&event.data) else { return };
        let mut round = self.round.lock().unwrap_or_else(PoisonError::into_inner);
        if pong.ping == round.id
            && let Some(sent) = round.sent
        {
            let took = u64::try_from(sent.elapsed().as_millis()).unwrap_or(u64::MAX);
            round.pongs.entry(pong.service).or_insert(took);
            drop(round);
            self.came.notify_waiters();
        }
    }

    /// Pings all services and gives, for each that answered, how many milliseconds it took.
    async fn ping(&self) -> HashMap<ServiceName, u64> {
        let _one_at_a_time = self.asking.lock().await;
        {
            let round = self.round.lock().unwrap_or_else(PoisonError::into_inner);
            if round.sent.is_some_and(|sent| sent.elapsed() < FRESH) {
                return round.pongs.clone();
            }
        }
        let now = self.parts.clock.now();
        let id = self.parts.clock.new_id(now).to_string();
        *self.round.lock().unwrap_or_else(PoisonError::into_inner) =
            Round { id: id.clone(), sent: Some(Instant::now()), pongs: HashMap::new() };
        let ping = Event {
            id,
            topic: PING.to_owned(),
            kind: "service.ping".to_owned(),
            key: "gateway".to_owned(),
            change_seq: 0,
            time: now,
            data: "{}".to_owned(),
        };
        match tokio::time::timeout(PATIENCE, self.parts.bus.publish(vec![ping])).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "a ping could not be sent");
                return HashMap::new();
            }
            Err(_) => return HashMap::new(),
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let came = self.came.notified();
            let pongs = self.round.lock().unwrap_or_else(PoisonError::into_inner).pongs.clone();
            if pongs.len() >= self.parts.services.len() || Instant::now() >= deadline {
                return pongs;
            }
            let _ = tokio::time::timeout(deadline.saturating_duration_since(Instant::now()), came).await;
        }
    }

    async fn ask(&self, service: ServiceName) -> Value {
        let request = RequestInfo::system("*", "health");
        let asked = peers::call::<Value>(self.parts.peers.as_ref(), service, "/health", &request, &());
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                tracing::debug!(%service, %error, "a service did not say how it is");
                json!({"reason": "it cannot be reached"})
            }
            Err(_) => json!({"reason": format!("no answer within {} s", PATIENCE.as_secs())}),
        }
    }
}

/// Reads pongs.
pub(crate) fn listener(health: &Arc<Health>) -> Follower {
    let health = Arc::clone(health);
    Arc::new(move |event| health.learn(event))
}

/// The state of one service in the answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: ServiceName,
    status: &'static str,
    #[serde(flatten)]
    said: Value,
    ping: Value,
}

/// `GET /api/v1/services/health`: 200 if every service is up, else 503.
pub(crate) async fn answer(State(edge): State<Arc<Edge>>) -> Response {
    let health = &edge.health;
    let (pongs, answers) = tokio::join!(
        health.ping(),
        futures::future::join_all(edge.parts.services.iter().map(|service| health.ask(*service)))
    );
    let rows: Vec<Row> = edge
        .parts
        .services
        .iter()
        .zip(answers)
        .map(|(service, mut said)| {
            let pong = pongs.get(service);
            let up = said.get("status").and_then(Value::as_str) == Some("UP") && pong.is_some();
            if let Some(said) = said.as_object_mut() {
                said.remove("status");
            }
            let ping = match pong {
                Some(took) => json!({"status": "UP", "roundTripMs": took}),
                None => json!({"status": "DOWN"}),
            };
            Row { name: *service, status: if up { "UP" } else { "DOWN" }, said, ping }
        })
        .collect();
    let all = rows.iter().all(|row| row.status == "UP");
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({"status": if all { "UP" } else { "DOWN" }, "services": rows});
    reply(status, body.to_string())
}
