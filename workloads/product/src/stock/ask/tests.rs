use super::super::{FRESH, Stock};
use super::*;
use bytes::Bytes;
use kit::Boxed;
use kit::peers::Call;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// An inventory of some entries, which answers as the real one does.
#[derive(Default)]
struct Inventory {
    entries: Mutex<Vec<Value>>,
    calls: AtomicUsize,
    hangs: AtomicBool,
}

impl Inventory {
    fn holds(&self, sku: &str, channel: Option<&str>, quantity: i64) {
        let mut entries = self.entries.lock().unwrap();
        let mut entry = json!({
            "id": format!("e{:05}", entries.len()), "version": 3, "createdAt": "2024-01-01T00:00:00.000Z",
            "lastModifiedAt": "2024-01-01T00:00:00.000Z", "sku": sku, "quantityOnStock": quantity,
            "availableQuantity": quantity,
        });
        if let Some(id) = channel {
            entry["supplyChannel"] = json!({"typeId": "channel", "id": id});
        }
        entries.push(entry);
    }

    fn answer(&self, lookup: &Lookup) -> Vec<Value> {
        let LookupBy::Where { predicate, limit } = &lookup.by else { panic!("{lookup:?}") };
        assert!(predicate.len() <= predicate::MAX_LENGTH);
        let bound = predicate::parse(predicate).unwrap().bind(&HashMap::new()).unwrap();
        let entries = self.entries.lock().unwrap();
        entries.iter().filter(|entry| bound.matches(entry)).take(*limit as usize).cloned().collect()
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Peers for Inventory {
    fn call(&self, to: ServiceName, call: Call) -> Boxed<'_, Result<Bytes>> {
        assert_eq!((to, call.path), (ServiceName::Inventory, "/lookup"));
        self.calls.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            if self.hangs.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            let batch: LookupBatch = serde_json::from_slice(&call.body).unwrap();
            let answers: Vec<Vec<Value>> = batch.lookups.iter().map(|lookup| self.answer(lookup)).collect();
            Ok(serde_json::to_vec(&answers).unwrap().into())
        })
    }
}

/// A stock whose time stands still but for `pass`.
struct Still {
    stock: Stock,
    passed: Arc<Mutex<Duration>>,
}

impl Still {
    fn pass(&self, time: Duration) {
        *self.passed.lock().unwrap() += time;
    }
}

fn stock(inventory: &Arc<Inventory>) -> Still {
    let (start, passed) = (Instant::now(), Arc::new(Mutex::new(Duration::ZERO)));
    let later = Arc::clone(&passed);
    let now = Arc::new(move || start + *later.lock().unwrap());
    let (stock, task) = Stock::at(now, Arc::clone(inventory) as Arc<dyn Peers>);
    tokio::spawn(task(CancellationToken::new()));
    Still { stock, passed }
}

async fn of(still: &Still, sku: &str) -> Value {
    let fragment = still.stock.of("demo", &[sku]).await.remove(0);
    fragment.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn a_skus_availability_is_what_its_entries_say_in_total_and_by_channel() {
    let inventory = Arc::new(Inventory::default());
    inventory.holds("both", None, 12);
    inventory.holds("both", Some("c1"), 0);
    inventory.holds("channel \"only\"", Some("c1"), -1);
    let stock = stock(&inventory);
    let none_left = |id: &str, left: i64| json!({"c1": {"isOnStock": false, "availableQuantity": left, "id": id, "version": 3}});
    assert_eq!(
        of(&stock, "both").await,
        json!({"isOnStock": true, "availableQuantity": 12, "id": "e00000", "version": 3,
            "channels": none_left("e00001", 0)})
    );
    assert_eq!(of(&stock, "channel \"only\"").await, json!({"channels": none_left("e00002", -1)}));
    assert_eq!(of(&stock, "unknown").await, Value::Null);
    assert_eq!(of(&stock, &"long".repeat(100)).await, Value::Null);
}

#[tokio::test]
async fn inventory_is_asked_again_after_a_second() {
    let inventory = Arc::new(Inventory::default());
    let stock = stock(&inventory);
    assert_eq!(of(&stock, "a").await, Value::Null);
    inventory.holds("a", None, 1);
    assert_eq!(of(&stock, "a").await, Value::Null);
    assert_eq!(inventory.calls(), 1);
    stock.pass(FRESH);
    assert_eq!(of(&stock, "a").await["availableQuantity"], 1);
}

#[tokio::test]
async fn a_page_is_asked_in_one_call_and_reads_at_a_time_share_calls() {
    let inventory = Arc::new(Inventory::default());
    let skus: Vec<String> = (0..1_000).map(|sku| format!("sku-{sku}")).collect();
    skus.iter().for_each(|sku| inventory.holds(sku, None, 1));
    let stock = stock(&inventory);
    let page: Vec<&str> = skus.iter().map(String::as_str).collect();
    let found = stock.stock.of("demo", &page).await;
    assert!(found.iter().all(Option::is_some) && found.len() == 1_000);
    assert_eq!(inventory.calls(), 1);
    stock.pass(FRESH);
    let reads = (0..500).map(|read| of(&stock, page[read % 50]));
    assert!(futures::future::join_all(reads).await.iter().all(Value::is_object));
    // The first read's, and one for all that came meanwhile.
    assert!(inventory.calls() <= 3, "{}", inventory.calls());
}

#[tokio::test]
async fn a_sku_may_have_more_entries_than_one_look_up_gives() {
    let inventory = Arc::new(Inventory::default());
    (0..1_200).for_each(|channel| inventory.holds("a and id > 1", Some(&format!("c{channel}")), 1));
    let stock = stock(&inventory);
    assert_eq!(of(&stock, "a and id > 1").await["channels"].as_object().unwrap().len(), 1_200);
}

#[tokio::test]
async fn a_hanging_inventory_delays_one_read_and_what_was_known_stands() {
    let inventory = Arc::new(Inventory::default());
    inventory.holds("a", None, 1);
    let stock = stock(&inventory);
    let known = of(&stock, "a").await;
    inventory.hangs.store(true, Ordering::Relaxed);
    stock.pass(FRESH);
    assert_eq!(of(&stock, "a").await, known);
    assert_eq!(inventory.calls(), 2);
    assert_eq!(of(&stock, "a").await, known);
    assert_eq!(inventory.calls(), 2, "the next one need not wait");
    assert_eq!(of(&stock, "new").await, Value::Null);
}
