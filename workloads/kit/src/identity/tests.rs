//! Tokens between two workloads with keys in files, and a clock that the test moves.

use super::*;
use crate::clock::Clock;
use api::{Id, ServiceName, Timestamp};
use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use tower::ServiceExt;

struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
    fn new_id(&self, _: Timestamp) -> Id {
        unreachable!("no ids are made")
    }
    fn secret(&self) -> String {
        unreachable!("no secrets are made")
    }
}

/// Key files of workloads; the seed of each is a byte repeated.
struct Files {
    dir: tempfile::TempDir,
    clock: Arc<Hands>,
}

impl Files {
    fn new() -> Self {
        let files = Self {
            dir: tempfile::tempdir().unwrap(),
            clock: Arc::new(Hands(AtomicI64::new(1_700_000_000_000))),
        };
        std::fs::create_dir(files.dir.path().join("trust")).unwrap();
        files.trust_in(ServiceName::Gateway, &[1]);
        files
    }

    fn trust_in(&self, name: ServiceName, seeds: &[u8]) {
        let lines: Vec<String> = seeds
            .iter()
            .map(|seed| STANDARD.encode(SigningKey::from_bytes(&[*seed; 32]).verifying_key().as_bytes()))
            .collect();
        std::fs::write(self.dir.path().join("trust").join(name.as_str()), lines.join("\n")).unwrap();
    }

    fn seed(&self, seed: u8) -> PathBuf {
        let path = self.dir.path().join("key");
        std::fs::write(&path, STANDARD.encode([seed; 32]) + "\n").unwrap();
        path
    }

    fn signer(&self, name: ServiceName, seed: u8) -> Signer {
        Signer::open(name, &self.seed(seed), self.clock.clone()).unwrap()
    }

    fn trust(&self, own: ServiceName) -> Trust {
        Trust::open(own, &self.dir.path().join("trust"), self.clock.clone()).unwrap()
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

fn text(signer: &Signer, to: ServiceName, caller: Option<&Arc<Caller>>) -> String {
    signer.token(to, caller).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_call_carries_its_caller_and_names_who_calls() {
    let files = Files::new();
    let caller = Arc::new(Caller { customer_id: Id::parse("c1"), ..Caller::system("shop") });
    let token = text(&files.signer(ServiceName::Gateway, 1), ServiceName::Cart, Some(&caller));
    let verified = files.trust(ServiceName::Cart).verify(&token).unwrap();
    assert_eq!(verified, Verified { from: ServiceName::Gateway, caller: Some(caller) });
}

#[test]
fn a_token_is_worth_nothing_at_another_service() {
    let files = Files::new();
    let token = text(&files.signer(ServiceName::Gateway, 1), ServiceName::Cart, None);
    assert_eq!(files.trust(ServiceName::Order).verify(&token), None);
}

#[test]
fn a_token_of_another_key_or_of_an_untrusted_workload_is_refused() {
    let files = Files::new();
    let trust = files.trust(ServiceName::Cart);
    assert_eq!(trust.verify(&text(&files.signer(ServiceName::Gateway, 2), ServiceName::Cart, None)), None);
    assert_eq!(trust.verify(&text(&files.signer(ServiceName::Order, 1), ServiceName::Cart, None)), None);
    for nonsense in ["", "a.b.c", "x".repeat(100_000).as_str()] {
        assert_eq!(trust.verify(nonsense), None);
    }
}

#[test]
fn a_token_lives_a_minute_also_where_it_is_remembered() {
    let files = Files::new();
    let (signer, trust) = (files.signer(ServiceName::Gateway, 1), files.trust(ServiceName::Cart));
    let token = text(&signer, ServiceName::Cart, None);
    assert!(trust.verify(&token).is_some());
    files.pass(30);
    assert_eq!(text(&signer, ServiceName::Cart, None), token, "the token is used again");
    files.pass(15);
    assert_ne!(text(&signer, ServiceName::Cart, None), token, "a new one is made in time");
    assert!(trust.verify(&token).is_some());
    files.pass(30);
    assert_eq!(trust.verify(&token), None);
    assert_eq!(files.trust(ServiceName::Cart).verify(&token), None);
}

#[test]
fn a_key_is_changed_for_another_without_a_refused_call() {
    let files = Files::new();
    let (signer, trust) = (files.signer(ServiceName::Gateway, 1), files.trust(ServiceName::Cart));
    let old = text(&signer, ServiceName::Cart, None);
    files.trust_in(ServiceName::Gateway, &[1, 9]);
    files.seed(9);
    signer.reload().unwrap();
    let new = text(&signer, ServiceName::Cart, None);
    assert_ne!(old, new);
    // It learns the new key from the first token that is signed with it.
    assert!(trust.verify(&new).is_some() && trust.verify(&old).is_some());
    files.trust_in(ServiceName::Gateway, &[9]);
    trust.reload().unwrap();
    assert!(trust.verify(&new).is_some());
    assert_eq!(trust.verify(&old), None, "the old key is out");
}

#[test]
fn broken_key_files_leave_the_last_keys_and_are_never_quoted() {
    let files = Files::new();
    let (signer, trust) = (files.signer(ServiceName::Gateway, 1), files.trust(ServiceName::Cart));
    std::fs::write(files.dir.path().join("key"), "s3cret").unwrap();
    std::fs::write(files.dir.path().join("trust/gateway"), "s3cret").unwrap();
    for error in [signer.reload().unwrap_err(), trust.reload().unwrap_err()] {
        assert!(matches!(error, KeyError::Content(_)) && !format!("{error}{error:?}").contains("s3cret"));
    }
    assert!(trust.verify(&text(&signer, ServiceName::Cart, None)).is_some());
}

#[tokio::test]
async fn the_guard_lets_nothing_through_without_a_token() {
    let files = Files::new();
    let who = |info: RequestInfo| async move { format!("{} {}", info.project(), info.correlation_id) };
    let router = guard(Router::new().route("/who", get(who)), &Arc::new(files.trust(ServiceName::Cart)));
    let call = |token: Option<String>| {
        let mut request = Request::builder().uri("/who").header(CORRELATION_HEADER, "trace-1");
        if let Some(token) = token {
            request = request.header(HEADER, token);
        }
        let router = router.clone();
        async move {
            let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            let status = response.status();
            let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
            (status, String::from_utf8_lossy(&body).into_owned())
        }
    };
    let signer = files.signer(ServiceName::Gateway, 1);
    let shop = Arc::new(Caller::system("shop"));
    let served = call(Some(text(&signer, ServiceName::Cart, Some(&shop)))).await;
    assert_eq!(served, (StatusCode::OK, "shop trace-1".to_owned()));
    for bad in [None, Some("x.y.z".to_owned()), Some(text(&signer, ServiceName::Order, Some(&shop)))] {
        let (status, body) = call(bad).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(body.contains("invalid_token"), "{body}");
    }
}
