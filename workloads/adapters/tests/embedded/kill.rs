//! Kill -9 in the middle of writes: nothing that was answered is lost, nothing is half written.
//!
//! A child process (this test binary again) writes and says on its output what was answered; the parent
//! kills it at some moment, opens the file and looks.

use crate::{bus, store};
use api::{Id, Kind, Timestamp};
use conformance::store::kinds;
use kit::bus::{Event, EventBus};
use kit::store::{Claim, DocKey, Document, MAIN, Selector, Store, Unpublished, View, Visibility, Write};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The directory in which the child works.
const DIR: &str = "COMMERCE_KILL_TEST_DIR";
/// What distinguishes the names of one round.
const ROUND: &str = "COMMERCE_KILL_TEST_ROUND";
const ROUNDS: u64 = 30;
/// Answers after which the rounds mean something; a busy machine takes more of them.
const ENOUGH: usize = 500;
/// A document is deleted by this write.
const LAST: i64 = 6;

fn of_child(name: &str) -> String {
    std::env::var(name).expect("started by its parent")
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).expect("the parent listens");
}

/// Runs the child test `name` for some milliseconds after its first answer; gives what it said.
fn run_and_kill(name: &str, dir: &Path, round: u64) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", name, "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    let (started, first) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut lines = Vec::new();
        for line in BufReader::new(out).lines() {
            let line = line.unwrap();
            if let Some(line) = line.strip_prefix("done ") {
                lines.push(line.to_owned());
                let _ = started.send(());
            }
        }
        lines
    });
    let begun = first.recv_timeout(Duration::from_secs(60));
    // Spread over the phases of a group commit and of a checkpoint.
    std::thread::sleep(Duration::from_micros(round * 7_919 % 40_000));
    child.kill().unwrap();
    child.wait().unwrap();
    begun.expect("the child wrote nothing");
    reader.join().unwrap()
}

fn name(round: &str, task: u64, series: u64) -> String {
    format!("{round}-{task}-{series}")
}

fn event(name: &str, n: i64) -> Event {
    Event {
        id: format!("{name}-{n}"),
        topic: "cart".to_owned(),
        kind: "cart.updated".to_owned(),
        key: name.to_owned(),
        change_seq: n,
        // Not old enough to be let go of.
        time: Timestamp::from_millis(i64::MAX),
        data: format!(r#"{{"n":{n}}}"#),
    }
}

fn write(name: &str, n: i64) -> Write {
    let served = format!(r#"{{"id":"{name}","n":{n},"text":"{}"}}"#, "x".repeat(900));
    let document = Document {
        key: DocKey { project: "shop".to_owned(), kind: Kind::Cart, id: Id::parse(name).unwrap() },
        visibility: if n == LAST { Visibility::Deleted } else { Visibility::Live },
        rev: n,
        version: n,
        views: vec![View { name: MAIN, served }],
        hidden: Some(format!(r#"{{"n":{n}}}"#)),
        claims: vec![Claim::new("fixed", name), Claim::new("moving", format!("{name}-{n}"))],
        change_seq: n,
        message_seq: n,
        due_at: None,
    };
    Write { expected_rev: (n > 1).then_some(n - 1), document, events: vec![event(name, n)] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run as a child process by the test below"]
async fn store_child() {
    // Ends the line that the test runner has begun.
    say("");
    let store = std::sync::Arc::new(store::open(Path::new(&of_child(DIR)), &kinds()));
    let tasks = (0..8_u64).map(|task| {
        let store = std::sync::Arc::clone(&store);
        tokio::spawn(async move {
            for series in 0.. {
                let name = name(&of_child(ROUND), task, series);
                for n in 1..=LAST {
                    store.write(write(&name, n)).await.unwrap();
                    say(&format!("done {name} {n}"));
                }
            }
        })
    });
    futures::future::join_all(tasks.collect::<Vec<_>>()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_killed_keeps_all_that_it_answered_and_nothing_by_halves() {
    let dir = TempDir::new().unwrap();
    let mut answered_in_all = 0;
    let mut round = 0;
    while round < ROUNDS || answered_in_all < ENOUGH {
        assert!(round < 20 * ROUNDS, "too few writes to mean anything: {answered_in_all}");
        round += 1;
        let lines = run_and_kill("kill::store_child", dir.path(), round);
        answered_in_all += lines.len();
        let mut answered: BTreeMap<String, i64> = BTreeMap::new();
        for line in &lines {
            let (name, n) = line.split_once(' ').unwrap();
            answered.insert(name.to_owned(), n.parse().unwrap());
        }
        let store = store::open(dir.path(), &kinds());
        let mut outboxes: HashMap<String, Vec<Event>> = HashMap::new();
        loop {
            let unpublished = store.unpublished(None, 10_000).await.unwrap();
            if unpublished.is_empty() {
                break;
            }
            let published = unpublished.iter().filter_map(Unpublished::published);
            store.published(published.collect()).await.unwrap();
            for entry in unpublished {
                outboxes.entry(entry.key.id.as_str().to_owned()).or_default().extend(entry.events);
            }
        }
        for (name, n) in &answered {
            let told = outboxes.get(name).map_or(0, Vec::len);
            assert!(told >= usize::try_from(*n).unwrap(), "round {round}: {name} lost an answered write");
        }
        for (name, events) in outboxes {
            let n = i64::try_from(events.len()).unwrap();
            assert!(
                events.iter().enumerate().all(|(at, e)| *e == event(&name, i64::try_from(at).unwrap() + 1))
            );
            let get =
                async |claim: Claim| store.get("shop", Kind::Cart, &Selector::Claim(claim)).await.unwrap();
            let expected = (n < LAST).then(|| write(&name, n).document);
            let id = Selector::Id(Id::parse(&name).unwrap());
            assert_eq!(store.get("shop", Kind::Cart, &id).await.unwrap(), expected, "round {round}: {name}");
            assert_eq!(get(Claim::new("fixed", name.as_str())).await, expected, "round {round}: {name}");
            assert_eq!(get(Claim::new("moving", format!("{name}-{n}"))).await, expected);
            assert_eq!(get(Claim::new("moving", format!("{name}-{}", n - 1))).await, None);
        }
    }
    let db = rusqlite::Connection::open(dir.path().join("store.sqlite")).unwrap();
    let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run as a child process by the test below"]
async fn bus_child() {
    say("");
    let bus = std::sync::Arc::new(bus::open(Path::new(&of_child(DIR))));
    let mut consumer = bus.join("group", &["cart"]).await.unwrap();
    let tasks = (0..4).map(|task| {
        let bus = std::sync::Arc::clone(&bus);
        tokio::spawn(async move {
            let key = name(&of_child(ROUND), task, 0);
            for n in 1.. {
                bus.publish(vec![event(&key, 2 * n - 1), event(&key, 2 * n)]).await.unwrap();
                say(&format!("done published {key} {}", 2 * n));
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    loop {
        let deliveries = consumer.next(50).await.unwrap();
        for delivery in &deliveries {
            say(&format!("done handled {} {}", delivery.event.key, delivery.event.change_seq));
        }
        consumer.commit(&deliveries).await.unwrap();
        for delivery in &deliveries {
            say(&format!("done committed {} {}", delivery.event.key, delivery.event.change_seq));
        }
        assert!(!tasks.iter().any(tokio::task::JoinHandle::is_finished), "a publisher failed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_is_killed_keeps_all_events_and_delivers_what_was_not_committed() {
    let dir = TempDir::new().unwrap();
    // By key, over all rounds: the highest number that was published, handled, committed.
    let mut said: HashMap<String, HashMap<String, i64>> = HashMap::new();
    let (mut round, mut published) = (0, 0);
    while round < ROUNDS || published < ENOUGH {
        assert!(round < 20 * ROUNDS, "too few events to mean anything: {published}");
        round += 1;
        for line in run_and_kill("kill::bus_child", dir.path(), round) {
            let words: Vec<&str> = line.split(' ').collect();
            let [what, key, n] = words[..] else { panic!("{line}") };
            published += 2 * usize::from(what == "published");
            let highest = said.entry(what.to_owned()).or_default().entry(key.to_owned()).or_insert(0);
            *highest = (*highest).max(n.parse().unwrap());
        }
    }
    let bus = bus::open(dir.path());
    let read = async |group: &str| {
        let mut consumer = bus.join(group, &["cart"]).await.unwrap();
        let mut numbers: HashMap<String, Vec<i64>> = HashMap::new();
        while let Ok(more) = tokio::time::timeout(Duration::from_millis(300), consumer.next(1000)).await {
            for delivery in more.unwrap() {
                numbers.entry(delivery.event.key).or_default().push(delivery.event.change_seq);
            }
        }
        numbers
    };
    let all = read("everything").await;
    for (key, numbers) in &all {
        let count = i64::try_from(numbers.len()).unwrap();
        assert!(numbers.iter().copied().eq(1..=count), "{key} has no gaps: {numbers:?}");
        assert_eq!(count % 2, 0, "{key}: what is published together is there together");
    }
    for (key, n) in &said["published"] {
        assert!(all[key].len() >= usize::try_from(*n).unwrap(), "{key}: an answered event is lost");
    }
    let rest = read("group").await;
    for (key, numbers) in &all {
        let first = rest.get(key).map_or_else(|| numbers.len() + 1, |rest| usize::try_from(rest[0]).unwrap());
        let first = i64::try_from(first).unwrap();
        let of = |what: &str| said.get(what).and_then(|keys| keys.get(key)).copied().unwrap_or(0);
        assert!(
            first <= of("handled").max(of("committed")) + 1 || rest.is_empty(),
            "{key}: skipped from {first}"
        );
        assert!(first > of("committed"), "{key}: {first} had been committed");
    }
}
