//! A server that admits only users, on a server of its own.

use crate::harness::*;
use bson::doc;
use commerce_adapters::store::mongodb::{MongoOptions, MongoStore, OpenError};
use kit::store::{KindSchema, MAIN, Store};
use mongodb::Client;
use testbed::MongoServer;

const ADMIN: &str = "admin-s3cret";
const PASSWORD: &str = "k3pt-s3cret";
const KINDS: [KindSchema; 1] = [KindSchema { kind: KIND, views: &[MAIN], indexes: &["key"] }];

/// The URI of a service's own user, who is known to its database alone.
fn uri(server: &MongoServer, user: &str, password: &str) -> String {
    format!("mongodb://{user}:{password}@{}/shop?directConnection=true&authSource=shop", server.address())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_a_password_is_let_in_and_no_other() {
    let server = tokio::task::spawn_blocking(|| MongoServer::start_with_auth("root", ADMIN).unwrap());
    let server = server.await.unwrap();
    let root = Client::with_uri_str(server.uri()).await.unwrap();
    let roles: Vec<String> = Vec::new();
    let user = doc! {"createUser": "shop", "pwd": PASSWORD, "roles": roles};
    root.database("shop").run_command(user).await.unwrap();

    let right = uri(&server, "shop", PASSWORD);
    let store = MongoStore::open(&right, "shop", &KINDS, MongoOptions::default()).await.unwrap();
    store.ping().await.unwrap();
    let first = document("a", 1, &[("key", "tea")]);
    write(&store, first.clone(), vec![event(&first, 1)]).await.unwrap();
    assert_eq!(by_key(&store, "tea").await.as_deref(), Some("a"));
    store.published(vec![out(&first, 1)]).await.unwrap();
    assert!(store.unpublished(None, 10).await.unwrap().is_empty());

    let wrong = uri(&server, "shop", "wr0ng-s3cret");
    let unknown = uri(&server, "nobody", PASSWORD);
    let nobody = format!("mongodb://{}/?directConnection=true", server.address());
    for uri in [wrong, unknown, nobody] {
        let error = MongoStore::open(&uri, "shop", &KINDS, MongoOptions::default()).await.err().unwrap();
        assert!(matches!(error, OpenError::Credentials(_)), "{error:?}");
        let text = format!("{error} {error:?}");
        assert!(text.contains("refused the credentials") && !text.contains("s3cret"), "{text}");
    }
}
