//! Admits the MongoDB-protocol server: optimistic concurrency must hold on it before any suite runs there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::future::try_join_all;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};

use commerce_testbed::MongoServer;

const WRITERS: i32 = 8;
const ROUNDS: i32 = 200;

async fn collection(server: &MongoServer) -> Collection<Document> {
    Client::with_uri_str(server.uri()).await.unwrap().database("race").collection("documents")
}

/// Each round, all writers try to move the document from the version that the round begins with.
async fn winners_per_round<W, F>(documents: &Collection<Document>, write: W) -> Vec<usize>
where
    W: Fn(Collection<Document>, i32, i32) -> F,
    F: Future<Output = mongodb::error::Result<bool>> + Send + 'static,
{
    documents.insert_one(doc! { "_id": "one", "version": 0, "writer": -1 }).await.unwrap();
    let mut winners = Vec::new();
    for version in 0..ROUNDS {
        let writers = (0..WRITERS).map(|writer| tokio::spawn(write(documents.clone(), version, writer)));
        let won = try_join_all(writers).await.unwrap().into_iter().map(|won| won.unwrap());
        winners.push(won.filter(|won| *won).count());
    }
    winners
}

async fn assert_every_round_had_one_winner(documents: &Collection<Document>, winners: &[usize]) {
    let wrong = winners.iter().filter(|count| **count != 1).count();
    assert_eq!(wrong, 0, "{wrong} of {ROUNDS} rounds had not exactly one winner: {winners:?}");
    let document = documents.find_one(doc! { "_id": "one" }).await.unwrap().unwrap();
    assert_eq!(document.get_i32("version").unwrap(), ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_updates_that_name_one_version_exactly_one_wins() {
    let server = MongoServer::start().unwrap();
    let documents = collection(&server).await;
    let winners = winners_per_round(&documents, |documents, version, writer| async move {
        let change = doc! { "$set": { "version": version + 1, "writer": writer } };
        let result = documents.update_one(doc! { "_id": "one", "version": version }, change).await?;
        Ok(result.modified_count == 1)
    })
    .await;
    assert_every_round_had_one_winner(&documents, &winners).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_find_and_modifies_that_name_one_version_exactly_one_wins() {
    let server = MongoServer::start().unwrap();
    let documents = collection(&server).await;
    let winners = winners_per_round(&documents, |documents, version, writer| async move {
        let change = doc! { "$set": { "version": version + 1, "writer": writer } };
        Ok(documents.find_one_and_update(doc! { "_id": "one", "version": version }, change).await?.is_some())
    })
    .await;
    assert_every_round_had_one_winner(&documents, &winners).await;
}
