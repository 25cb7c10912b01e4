//! The MongoDB-protocol server as tests use it: alone, with users, killed and resumed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use commerce_testbed::MongoServer;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};

async fn collection(uri: &str) -> Collection<Document> {
    Client::with_uri_str(uri).await.unwrap().database("here").collection("documents")
}

#[tokio::test]
async fn each_server_is_empty_and_gone_when_dropped() {
    let (first, second) = (MongoServer::start().unwrap(), MongoServer::start().unwrap());
    collection(first.uri()).await.insert_one(doc! { "_id": 1 }).await.unwrap();
    assert_eq!(collection(second.uri()).await.count_documents(doc! {}).await.unwrap(), 0);

    let pid = first.pid().unwrap();
    drop(first);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test]
async fn a_killed_server_comes_back_with_its_data_where_it_was() {
    let mut server = MongoServer::start().unwrap();
    let documents = collection(&format!("{}&serverSelectionTimeoutMS=1000", server.uri())).await;
    documents.insert_one(doc! { "_id": 1 }).await.unwrap();
    server.stop().unwrap();
    documents.count_documents(doc! {}).await.unwrap_err();
    server.resume().unwrap();
    assert_eq!(collection(server.uri()).await.count_documents(doc! {}).await.unwrap(), 1);
}

#[tokio::test]
async fn a_server_with_users_admits_only_them() {
    let server = MongoServer::start_with_auth("root", "a-password").unwrap();
    collection(server.uri()).await.insert_one(doc! { "_id": 1 }).await.unwrap();

    let stranger = format!("mongodb://{}/?directConnection=true", server.address());
    collection(&stranger).await.insert_one(doc! { "_id": 2 }).await.unwrap_err();
    let impostor = server.uri().replace("a-password", "another");
    collection(&impostor).await.insert_one(doc! { "_id": 2 }).await.unwrap_err();

    let root = Client::with_uri_str(server.uri()).await.unwrap();
    let create = doc! { "createUser": "cart", "pwd": "cart-password", "roles": [] };
    root.database("carts").run_command(create).await.unwrap();
    let cart =
        format!("mongodb://cart:cart-password@{}/?directConnection=true&authSource=carts", server.address());
    collection(&cart).await.insert_one(doc! { "_id": 3 }).await.unwrap();
    root.database("carts").run_command(doc! { "dropUser": "cart" }).await.unwrap();
    collection(&cart).await.insert_one(doc! { "_id": 4 }).await.unwrap_err();
}
