//! What a service publishes, as its tests hear it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kit::bus::{Event, EventBus, Follower};
use kit::clock::{Clock, SystemClock};
use kit::store::Store;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long what happens in the background may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks for it.
const LOOK: Duration = Duration::from_millis(5);

/// Hears every event of a topic whose service has this store.
pub struct Listener {
    topic: String,
    store: Arc<dyn Store>,
    bus: Arc<dyn EventBus>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Listener {
    /// Hears what is published from now on.
    pub async fn start(topic: &str, store: Arc<dyn Store>, bus: Arc<dyn EventBus>) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        let hear: Follower = Arc::new(move |event: &Event| heard.lock().unwrap().push(event.clone()));
        bus.follow(topic, hear).await.unwrap();
        Self { topic: topic.to_owned(), store, bus, events }
    }

    /// All messages so far, also of what was written just now.
    pub async fn messages(&self) -> Vec<Value> {
        tokio::time::timeout(PATIENCE, self.hear_all()).await.unwrap();
        let data = |event: &Event| serde_json::from_str::<Value>(&event.data).unwrap();
        self.events().iter().flat_map(|event| data(event)["messages"].as_array().unwrap().clone()).collect()
    }

    /// The types of all messages so far.
    pub async fn message_types(&self) -> Vec<String> {
        self.messages().await.iter().map(|message| message["type"].as_str().unwrap().to_owned()).collect()
    }

    fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// Waits until the relay has nothing left, and what it published was heard: an event behind all of them is.
    async fn hear_all(&self) {
        while !self.store.unpublished(None, 1).await.unwrap().is_empty() {
            tokio::time::sleep(LOOK).await;
        }
        let time = SystemClock.now();
        let id = SystemClock.new_id(time).to_string();
        let last = Event {
            id: id.clone(),
            topic: self.topic.clone(),
            kind: "test.last".into(),
            key: "last".into(),
            change_seq: 0,
            time,
            data: json!({"messages": []}).to_string(),
        };
        self.bus.publish(vec![last]).await.unwrap();
        while !self.events().iter().any(|event| event.id == id) {
            tokio::time::sleep(LOOK).await;
        }
    }
}
