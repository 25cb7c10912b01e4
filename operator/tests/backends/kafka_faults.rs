//! What a pass says when the broker is away, silent, or does not trust it.

use crate::support::{PATIENCE, on_broker, quick, reasons, settled, topic};
use commerce_operator::backends::{BackendFinding, BackendPlan, Backends, Limits, Tls};
use commerce_operator::inputs::KafkaAuth;
use std::net::TcpListener;
use std::time::Duration;
use testbed::{KafkaOptions, KafkaServer, Sasl};

async fn start(options: KafkaOptions) -> KafkaServer {
    tokio::task::spawn_blocking(move || KafkaServer::start_with(&options).unwrap()).await.unwrap()
}

fn cart(address: &str) -> BackendPlan {
    on_broker(address, "a.shop.", vec![topic("cart", 1, &[("retention.ms", "1000")])])
}

async fn only(backends: &Backends, plan: &BackendPlan) -> BackendFinding {
    let [finding] = &backends.reconcile(plan).await[..] else { panic!("one finding") };
    finding.clone()
}

#[tokio::test]
async fn a_broker_that_goes_away_is_a_finding_in_time_and_comes_back_without_a_restart() {
    let mut kafka = start(KafkaOptions::default()).await;
    let (backends, plan) = (Backends::new(quick()), cart(kafka.address()));
    backends.reconcile(&plan).await;
    settled(&backends, &plan).await;

    kafka.stop().unwrap();
    let finding = only(&backends, &plan).await;
    assert_eq!(finding.reason(), "KafkaUnreachable");
    assert!(finding.message().contains(kafka.address()), "{finding}");
    assert_eq!(only(&backends, &plan).await.reason(), "KafkaUnreachable");

    // Deletion does not wait for it.
    let report = backends.remove(&plan).await;
    assert_eq!(report.removed, Vec::<String>::new());
    let [(what, why)] = &report.left[..] else { panic!("{report:?}") };
    assert!(what == "topic a.shop.cart" && why.contains("cannot be reached"), "{report:?}");

    let kafka = tokio::task::spawn_blocking(move || {
        kafka.resume().unwrap();
        kafka
    });
    let kafka = kafka.await.unwrap();
    settled(&backends, &plan).await;
    assert_eq!(backends.remove(&plan).await.removed, ["topic a.shop.cart"]);
    drop(kafka);
}

#[tokio::test]
async fn a_server_that_accepts_and_then_says_nothing_costs_ten_seconds_once_for_all_and_delays_no_other() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let backends = Backends::new(Limits { retry_first: Duration::from_secs(60), ..Limits::default() });
    let stuck: Vec<_> = (0..200)
        .map(|_| {
            let (backends, plan) = (backends.clone(), cart(&address));
            tokio::spawn(async move { backends.reconcile(&plan).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(only(&backends, &cart(&closed)).await.message().contains("does not accept connections"));
    assert!(stuck.iter().all(|stack| !stack.is_finished()), "the other did not wait for these");
    // One after the other, two hundred of them would take half an hour.
    let found = tokio::time::timeout(PATIENCE, futures::future::join_all(stuck)).await.unwrap();
    for findings in found {
        assert_eq!(reasons(&findings.unwrap()), ["KafkaUnreachable"]);
    }
}

#[tokio::test]
async fn wrong_credentials_and_a_wrong_authority_are_told_apart_and_never_shown() {
    let kafka = start(KafkaOptions::default().user(Sasl::ScramSha512, "shop", "right-hunter2").tls()).await;
    let ca = std::fs::read_to_string(kafka.ca_file().unwrap()).unwrap();
    let backends = Backends::new(quick());
    let plan = |ca: Option<&str>, mechanism: &str, password: &str| {
        let mut plan = cart(kafka.address());
        let broker = plan.broker.as_mut().unwrap();
        broker.tls = ca.map(|ca| Tls { ca_pem: Some(ca.to_owned()).filter(|ca| !ca.is_empty()) });
        let auth = KafkaAuth::parse(b"shop", password.as_bytes(), Some(mechanism.as_bytes()));
        broker.sasl = Some(auth.unwrap());
        plan
    };
    let right = ("SCRAM-SHA-512", "right-hunter2");
    for (plan, reason, text) in [
        (plan(Some(&ca), right.0, "wrong-hunter2"), "KafkaAuthenticationFailed", "credentials"),
        (plan(Some(&ca), "PLAIN", right.1), "KafkaAuthenticationFailed", "PLAIN"),
        (plan(Some(""), right.0, right.1), "KafkaUnreachable", "certificate"),
        (plan(None, right.0, right.1), "KafkaUnreachable", "speaks TLS"),
        (plan(Some("no certificate"), right.0, right.1), "KafkaRefused", "PEM"),
    ] {
        let finding = only(&backends, &plan).await;
        assert_eq!(finding.reason(), reason, "{finding}");
        assert!(finding.message().contains(text) && !finding.message().contains("hunter2"), "{finding}");
        assert!(!finding.message().contains('\n'), "{finding}");
        assert!(!format!("{plan:?}").contains("hunter2"));
    }
    let right = plan(Some(&ca), right.0, right.1);
    assert_eq!(reasons(&backends.reconcile(&right).await), ["TopicCreated"]);
    settled(&backends, &right).await;
}

#[tokio::test]
async fn a_user_without_rights_is_told_which_ones_are_missing() {
    let options = KafkaOptions::default()
        .user(Sasl::Plain, "boss", "boss-hunter2")
        .user(Sasl::Plain, "guest", "guest-hunter2")
        .property("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer")
        .property("super.users", "User:boss;User:ANONYMOUS");
    let kafka = start(options).await;
    let backends = Backends::new(quick());
    let plan = |user: &str| {
        let mut plan = cart(kafka.address());
        let password = format!("{user}-hunter2");
        let auth = KafkaAuth::parse(user.as_bytes(), password.as_bytes(), Some(b"PLAIN")).unwrap();
        plan.broker.as_mut().unwrap().sasl = Some(auth);
        plan
    };

    let finding = only(&backends, &plan("guest")).await;
    assert_eq!(finding.reason(), "KafkaForbidden");
    assert!(finding.message().contains("grant it Create"), "{finding}");

    backends.reconcile(&plan("boss")).await;
    settled(&backends, &plan("boss")).await;
    // It exists, and the guest may not even see it.
    assert_eq!(only(&backends, &plan("guest")).await.reason(), "KafkaForbidden");
    let report = backends.remove(&plan("guest")).await;
    assert!(report.removed.is_empty() && !report.left.is_empty(), "{report:?}");
    // Two users, two clients; a right that is missing is no reason for a new one.
    assert_eq!(backends.clients().kafka_opened, 2);
}
