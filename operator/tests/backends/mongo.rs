//! What a pass does to database users.

use crate::support::{on_server, quick, reasons, settled, user};
use commerce_operator::backends::{BackendFinding, BackendPlan, Backends, Limits, UserPlan};
use mongodb::Client;
use mongodb::bson::{Document, doc};
use testbed::MongoServer;

const ADMIN: (&str, &str) = ("root", "admin-hunter2");

async fn start() -> MongoServer {
    let server = || MongoServer::start_with_auth(ADMIN.0, ADMIN.1).unwrap();
    tokio::task::spawn_blocking(server).await.unwrap()
}

/// Writes one document as the user, who lives in the database of the same name.
async fn writes(server: &MongoServer, name: &str, password: &str) -> bool {
    let address = server.address();
    let uri = format!("mongodb://{name}:{password}@{address}/{name}?directConnection=true&authSource={name}");
    let client = Client::with_uri_str(uri).await.unwrap();
    let collection = client.database(name).collection::<Document>("things");
    collection.insert_one(doc! { "of": name }).await.is_ok()
}

async fn as_admin(server: &MongoServer, database: &str, command: Document) {
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    client.database(database).run_command(command).await.unwrap();
}

async fn databases(server: &MongoServer) -> Vec<String> {
    let client = Client::with_uri_str(server.uri()).await.unwrap();
    client.list_database_names().await.unwrap()
}

fn created(name: &str) -> BackendFinding {
    BackendFinding::UserCreated { user: name.into() }
}

fn password_of(name: &str) -> BackendFinding {
    BackendFinding::UserRepaired { user: name.into(), what: "password".into() }
}

#[tokio::test]
async fn each_service_gets_a_user_that_is_made_again_or_set_back_when_somebody_meddles() {
    let server = start().await;
    let plan = on_server(server.uri(), vec![user("cs_a_cart", "p-cart"), user("cs_a_order", "p-order")]);
    let backends = Backends::new(quick());

    assert_eq!(backends.reconcile(&plan).await, [created("cs_a_cart"), created("cs_a_order")]);
    assert!(writes(&server, "cs_a_cart", "p-cart").await);
    assert!(!writes(&server, "cs_a_cart", "p-order").await);

    // Passes that find nothing write nothing, also those of another process.
    let (restarted, before) = (Backends::new(quick()), backends.counts().mongo_writes.get());
    for backends in [&backends, &backends, &restarted, &restarted] {
        assert_eq!(backends.reconcile(&plan).await, []);
    }
    assert_eq!((backends.counts().mongo_writes.get(), restarted.counts().mongo_writes.get()), (before, 0));

    as_admin(&server, "cs_a_cart", doc! { "updateUser": "cs_a_cart", "pwd": "stolen" }).await;
    as_admin(&server, "cs_a_order", doc! { "dropUser": "cs_a_order" }).await;
    let mut findings = backends.reconcile(&plan).await;
    findings.sort_by_key(BackendFinding::message);
    assert_eq!(findings, [password_of("cs_a_cart"), created("cs_a_order")]);
    assert!(writes(&server, "cs_a_cart", "p-cart").await);
    assert!(writes(&server, "cs_a_order", "p-order").await);

    // A new password in the plan is set, whatever the last check said.
    let patient = Backends::new(Limits::default());
    assert_eq!(patient.reconcile(&plan).await, []);
    let rotated = on_server(server.uri(), vec![user("cs_a_cart", "p-new"), user("cs_a_order", "p-order")]);
    assert_eq!(patient.reconcile(&rotated).await, [password_of("cs_a_cart")]);
    assert!(writes(&server, "cs_a_cart", "p-new").await);
    let logins = patient.counts().mongo_logins.get();
    assert_eq!(patient.reconcile(&rotated).await, []);
    assert_eq!(patient.counts().mongo_logins.get(), logins, "a password is not tried on every pass");
}

#[tokio::test]
async fn removal_takes_the_users_and_databases_of_one_stack_and_of_no_neighbour() {
    let server = start().await;
    let backends = Backends::new(quick());
    let mine = on_server(server.uri(), vec![user("cs_a_cart", "p"), user("cs_a_order", "p")]);
    let other = on_server(server.uri(), vec![user("cs_b_cart", "p"), user("cs_b_order", "p")]);
    for plan in [&mine, &other] {
        backends.reconcile(plan).await;
    }
    assert!(writes(&server, "cs_a_cart", "p").await);
    assert!(writes(&server, "cs_b_cart", "p").await);

    let retained = BackendPlan { delete: false, ..mine.clone() };
    assert_eq!(backends.remove(&retained).await, Default::default());
    let report = backends.remove(&mine).await;
    assert_eq!(report.left, []);
    for what in ["database user cs_a_cart", "database cs_a_cart", "database user cs_a_order"] {
        assert!(report.removed.iter().any(|removed| removed == what), "{report:?}");
    }
    let left = databases(&server).await;
    assert!(!left.iter().any(|name| name == "cs_a_cart") && left.iter().any(|name| name == "cs_b_cart"));
    assert!(!writes(&server, "cs_a_cart", "p").await);
    assert!(writes(&server, "cs_b_cart", "p").await);
    settled(&backends, &other).await;
    assert_eq!(backends.remove(&mine).await, Default::default());

    // No plan, however wrong, takes the server's own databases.
    let wrong = on_server(server.uri(), vec![UserPlan { database: "admin".into(), credentials: None }]);
    assert_eq!(backends.remove(&wrong).await.left.len(), 1);
    settled(&backends, &other).await;
}

#[tokio::test]
async fn a_server_without_passwords_gets_no_users_and_still_loses_its_databases() {
    let server = tokio::task::spawn_blocking(|| MongoServer::start().unwrap()).await.unwrap();
    let backends = Backends::new(quick());
    let plan = on_server(server.uri(), vec![UserPlan { database: "cs_a_cart".into(), credentials: None }]);
    assert_eq!(backends.reconcile(&plan).await, []);
    as_admin(&server, "cs_a_cart", doc! { "insert": "things", "documents": [{ "a": 1 }] }).await;
    assert_eq!(backends.remove(&plan).await.removed, ["database cs_a_cart"]);
    assert_eq!(databases(&server).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_goes_away_is_a_finding_in_time_and_comes_back_without_a_restart() {
    let mut server = start().await;
    let (backends, plan) =
        (Backends::new(quick()), on_server(server.uri(), vec![user("cs_a_cart", "p-hunter2")]));
    backends.reconcile(&plan).await;

    server.stop().unwrap();
    let findings = backends.reconcile(&plan).await;
    assert_eq!(reasons(&findings), ["MongoUnreachable"]);
    assert!(findings[0].message().contains(&server.address()), "{}", findings[0]);
    assert!(!findings[0].message().contains("hunter2"), "{}", findings[0]);

    let report = backends.remove(&plan).await;
    assert_eq!((report.removed.len(), report.left.len()), (0, 2), "{report:?}");

    let server = tokio::task::spawn_blocking(move || {
        server.resume().unwrap();
        server
    });
    let server = server.await.unwrap();
    settled(&backends, &plan).await;
    assert!(writes(&server, "cs_a_cart", "p-hunter2").await);
}

#[tokio::test]
async fn a_wrong_administrator_or_connection_string_is_told_and_never_shown() {
    let server = start().await;
    let address = server.address();
    let backends = Backends::new(quick());
    for (uri, reason) in [
        (format!("mongodb://root:wrong-hunter2@{address}/?authSource=admin"), "MongoAuthenticationFailed"),
        (format!("mongodb://nobody:hunter2@{address}/?directConnection=true"), "MongoAuthenticationFailed"),
        (format!("{}&tls=true", server.uri()), "MongoUnreachable"),
        ("mongodb://root:hunter2@no-such-host.invalid/".to_owned(), "MongoUnreachable"),
        ("mongodb+srv://root:hunter2@no-such-host.invalid/".to_owned(), "MongoUnreachable"),
        ("mongodb://root:hunter2@127.0.0.1:1/".to_owned(), "MongoUnreachable"),
        (format!("mongodb://root:hunter2@{address}/?nonsense=hunter2"), ""),
        ("postgres://root:hunter2@host/".to_owned(), "MongoRefused"),
        (format!("{}&tls=true&tlsCAFile=/etc/passwd", server.uri()), "MongoRefused"),
        (
            format!(
                "mongodb://{address}/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s"
            ),
            "MongoRefused",
        ),
        ("mongodb://root:hunter2@%2Ftmp%2Fmongodb.sock/".to_owned(), "MongoRefused"),
    ] {
        let plan = on_server(&uri, vec![user("cs_a_cart", "p-hunter2")]);
        let findings = backends.reconcile(&plan).await;
        let [finding] = &findings[..] else { panic!("{uri}: {findings:?}") };
        if !reason.is_empty() {
            assert_eq!(finding.reason(), reason, "{uri}: {finding}");
        }
        assert!(finding.is_problem() && !finding.message().contains("hunter2"), "{finding}");
        assert!(!format!("{plan:?}").contains("hunter2"));
    }
}
