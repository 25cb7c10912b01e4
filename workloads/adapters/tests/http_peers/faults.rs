//! Replicas that come and go, under load: what may be repeated never fails, and what may not is sent once.

use crate::world::{World, call};
use api::ServiceName;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use commerce_adapters::peers::http::{HttpPeers, NOT_SERVED};
use kit::peers::{Call, Peers};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

type Count = Arc<AtomicUsize>;

/// Counts its calls and takes a few milliseconds for each.
fn counting(count: &Count) -> Router {
    let count = Arc::clone(count);
    let handler = move || {
        count.fetch_add(1, Ordering::Relaxed);
        async {
            tokio::time::sleep(Duration::from_millis(3)).await;
            "null"
        }
    };
    Router::new().route("/work", post(handler))
}

/// Accepts connections and cuts them off as soon as something comes.
fn cuts_off(world: &World, replica: u8) -> Count {
    let listener = std::net::TcpListener::bind(world.address(replica)).unwrap();
    let count = Count::default();
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut buffer = [0; 1024];
            // The preface and the settings come first; then a request.
            let mut seen = 0;
            while let Ok(n) = std::io::Read::read(&mut stream, &mut buffer) {
                seen += n;
                if n == 0 || seen > 100 {
                    break;
                }
            }
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    count
}

/// Speaks as much of HTTP/2 as it takes to say of every request that it was not looked at: by RST_STREAM with
/// REFUSED_STREAM, or by a GOAWAY that leaves the request out.
fn refuses(world: &World, replica: u8, by_goaway: bool) -> Count {
    use std::io::{Read, Write};
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const HEADERS: u8 = 1;
    let listener = std::net::TcpListener::bind(world.address(replica)).unwrap();
    let count = Count::default();
    let counted = Arc::clone(&count);
    let talk = move |mut stream: std::net::TcpStream| -> std::io::Result<()> {
        stream.read_exact(&mut [0; 24])?; // the preface
        stream.write_all(&SETTINGS)?;
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head)?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            stream.read_exact(&mut vec![0; usize::try_from(length).unwrap()])?;
            if head[3] != HEADERS {
                continue;
            }
            counted.fetch_add(1, Ordering::Relaxed);
            if by_goaway {
                stream.write_all(&[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
                std::thread::sleep(Duration::from_millis(50));
                return Ok(());
            }
            stream.write_all(&[0, 0, 4, 3, 0, head[5], head[6], head[7], head[8], 0, 0, 0, 7])?;
        }
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let talk = talk.clone();
            std::thread::spawn(move || talk(stream));
        }
    });
    count
}

/// Sixteen callers, each of which calls until it is told to stop; gives the calls that failed and all.
struct Load {
    stop: tokio_util::sync::CancellationToken,
    callers: JoinSet<(usize, usize)>,
}

impl Load {
    fn start(peers: &Arc<HttpPeers>, idempotent: bool) -> Self {
        let stop = tokio_util::sync::CancellationToken::new();
        let mut callers = JoinSet::new();
        for _ in 0..16 {
            let (peers, stop) = (Arc::clone(peers), stop.clone());
            callers.spawn(async move {
                let (mut failed, mut all) = (0, 0);
                while !stop.is_cancelled() {
                    let call = Call { idempotent, ..call("/work") };
                    failed += usize::from(peers.call(ServiceName::Cart, call).await.is_err());
                    all += 1;
                    // A call that is refused at once waits for nothing, so nobody else would have a turn.
                    tokio::task::yield_now().await;
                }
                (failed, all)
            });
        }
        Self { stop, callers }
    }

    async fn stop(mut self) -> (usize, usize) {
        self.stop.cancel();
        let mut sum = (0, 0);
        while let Some(Ok((failed, all))) = self.callers.join_next().await {
            sum = (sum.0 + failed, sum.1 + all);
        }
        sum
    }
}

async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// Waits until a replica has had so many calls.
async fn calls_reach(count: &Count, wanted: usize) {
    let reached = async {
        while count.load(Ordering::Relaxed) < wanted {
            pause(20).await;
        }
    };
    let patience = Duration::from_secs(60);
    assert!(tokio::time::timeout(patience, reached).await.is_ok(), "{count:?} of {wanted} calls");
}

#[tokio::test]
async fn replicas_share_the_calls() {
    let world = World::new();
    let counts: Vec<Count> = (0..3).map(|_| Count::default()).collect();
    let _replicas: Vec<_> =
        counts.iter().zip(1..).map(|(count, at)| world.start(at, counting(count))).collect();
    let load = Load::start(&Arc::new(world.peers(&[1, 2, 3])), true);
    calls_reach(&counts[0], 500).await;
    let (failed, all) = load.stop().await;
    let shares: Vec<usize> = counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
    assert_eq!(failed, 0);
    assert_eq!(shares.iter().sum::<usize>(), all);
    // At least half of what would be fair, on a machine that may favour one of them for a while.
    assert!(shares.iter().all(|share| share * 6 > all), "{shares:?}");
}

#[tokio::test]
async fn a_replica_that_is_killed_under_load_fails_no_call_that_may_be_repeated() {
    let world = World::new();
    let (one, other) = (Count::default(), Count::default());
    let (killed, _stays) = (world.start(1, counting(&one)), world.start(2, counting(&other)));
    let peers = Arc::new(world.peers(&[1, 2]));
    let load = Load::start(&peers, true);
    pause(300).await;
    killed.kill();
    pause(700).await;
    // It comes back and is found again.
    let before = one.load(Ordering::Relaxed);
    let _back = world.start(1, counting(&one));
    calls_reach(&one, before + 50).await;
    let (failed, all) = load.stop().await;
    assert_eq!(failed, 0, "of {all}");
}

#[tokio::test]
async fn a_replica_that_drains_under_load_fails_no_call_at_all() {
    let world = World::new();
    let (one, other) = (Count::default(), Count::default());
    let (mut drained, _stays) = (world.start(1, counting(&one)), world.start(2, counting(&other)));
    let load = Load::start(&Arc::new(world.peers(&[1, 2])), false);
    pause(300).await;
    drained.drain();
    pause(700).await;
    let (failed, all) = load.stop().await;
    assert_eq!(failed, 0, "of {all}");
    assert_eq!(one.load(Ordering::Relaxed) + other.load(Ordering::Relaxed), all, "each was done once");
}

#[tokio::test]
async fn a_call_that_must_not_be_repeated_is_sent_once() {
    let world = World::new();
    let (cut, count) = (cuts_off(&world, 1), Count::default());
    let _stays = world.start(2, counting(&count));
    let peers = world.peers(&[1, 2]);
    let (mut failed, all) = (0, 40);
    for _ in 0..all {
        let once = Call { idempotent: false, ..call("/work") };
        failed += usize::from(peers.call(ServiceName::Cart, once).await.is_err());
    }
    assert!(failed > 0, "some were cut off");
    assert_eq!(count.load(Ordering::Relaxed) + failed, all);
    assert!(cut.load(Ordering::Relaxed) >= failed);
}

#[tokio::test]
async fn a_replica_that_loses_every_call_is_left_alone_soon() {
    let world = World::new();
    let (cut, count) = (cuts_off(&world, 1), Count::default());
    let _stays = world.start(2, counting(&count));
    let peers = world.peers(&[1, 2]);
    for _ in 0..200 {
        peers.call(ServiceName::Cart, call("/work")).await.unwrap();
    }
    let tries = cut.load(Ordering::Relaxed);
    assert!((1..=15).contains(&tries), "{tries}");
    assert_eq!(count.load(Ordering::Relaxed), 200);
}

#[tokio::test]
async fn retries_stay_a_small_part_of_the_calls_when_a_whole_service_is_in_trouble() {
    let world = World::new();
    let (seen, start) = (Count::default(), std::time::Instant::now());
    // Every second answer is cut off in the middle: no breaker opens, and all of it may be repeated.
    let handler = {
        let seen = Arc::clone(&seen);
        move || {
            let nth = seen.fetch_add(1, Ordering::Relaxed);
            async move {
                let lost =
                    futures::stream::once(async { Err::<bytes::Bytes, _>(std::io::Error::other("cut")) });
                if nth.is_multiple_of(2) { axum::body::Body::from_stream(lost) } else { "null".into() }
            }
        }
    };
    let _replica = world.start(1, Router::new().route("/work", post(handler)));
    let peers = world.peers(&[1]);
    let all = 300;
    let mut failed = 0;
    for _ in 0..all {
        failed += usize::from(peers.call(ServiceName::Cart, call("/work")).await.is_err());
    }
    let retries = seen.load(Ordering::Relaxed) - all;
    // What the budget allows: a part of the calls, and some every second for who calls seldom.
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
    let allowed = all / 5 + 10 * (seconds + 2);
    assert!(0 < retries && retries <= allowed, "{retries} retries of {all} calls in {seconds} s");
    assert!(failed > 0 || allowed > all / 2, "{failed} failed, {retries} retries in {seconds} s");
}

#[tokio::test]
async fn a_replica_that_says_it_does_nothing_now_is_passed_over() {
    let world = World::new();
    let (asked, count) = (Count::default(), Count::default());
    let counted = Arc::clone(&asked);
    let refusing = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { (StatusCode::SERVICE_UNAVAILABLE, [(NOT_SERVED, "true")], "") }
    };
    let _starting = world.start(1, Router::new().route("/work", post(refusing)));
    let _serving = world.start(2, counting(&count));
    let peers = world.peers(&[1, 2]);
    for _ in 0..50 {
        let once = Call { idempotent: false, ..call("/work") };
        peers.call(ServiceName::Cart, once).await.unwrap();
    }
    let asked = asked.load(Ordering::Relaxed);
    assert!((1..=5).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_replica_that_was_away_for_long_is_there_when_the_other_one_goes() {
    let (world, count) = (World::new(), Count::default());
    let other = world.start(2, counting(&count));
    let peers = world.peers(&[1, 2]);
    // Long enough that it is left alone for seconds.
    let start = std::time::Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        peers.call(ServiceName::Cart, call("/work")).await.unwrap();
    }
    let _back = world.start(1, counting(&count));
    other.kill();
    for _ in 0..20 {
        peers.call(ServiceName::Cart, call("/work")).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_that_was_refused_unseen_goes_to_another_replica() {
    for by_goaway in [false, true] {
        let (world, count) = (World::new(), Count::default());
        let refused = refuses(&world, 1, by_goaway);
        let _serving = world.start(2, counting(&count));
        let peers = world.peers(&[1, 2]);
        for _ in 0..30 {
            let once = Call { idempotent: false, ..call("/work") };
            peers.call(ServiceName::Cart, once).await.unwrap();
        }
        assert_eq!(count.load(Ordering::Relaxed), 30);
        assert!(refused.load(Ordering::Relaxed) > 0, "by GOAWAY: {by_goaway}");
    }
}
