//! The suite that every driver of the [`Store`] port must pass.
//!
//! A driver's test names an async function that gives a fresh, empty store opened for [`kinds`] and a
//! guard that keeps its server or directory alive:
//!
//! ```ignore
//! conformance::store_conformance!(make_store);
//! ```
//!
//! Each case is an async function that takes the store and panics where the store breaks the contract.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    missing_docs,
    reason = "this is test code: the cases' names say what they show"
)]

mod claims;
mod life;
mod outbox;
mod query;
mod reading;

pub use claims::*;
pub use life::*;
pub use outbox::*;
pub use query::*;
pub use reading::*;

use api::{Id, Kind, Timestamp};
use kit::bus::Event;
use kit::store::{
    Claim, DocKey, Document, KindSchema, MAIN, Published, Selector, Store, StoreError, View, Visibility,
    Write,
};
use std::sync::Arc;

/// Stamps one `#[tokio::test]` for each case.
#[macro_export]
macro_rules! store_conformance {
    ($make:path) => {
        $crate::store_conformance!($make:
            a_document_is_inserted_replaced_and_deleted
            an_insert_is_refused_when_the_document_exists
            a_write_with_a_stale_rev_is_refused_and_changes_nothing
            of_many_writers_of_one_rev_exactly_one_wins
            of_many_inserts_of_one_id_exactly_one_wins
            every_part_of_the_envelope_is_kept
            documents_of_other_projects_and_kinds_are_apart
            a_document_that_is_too_large_is_refused_and_others_are_not
            any_json_comes_back_byte_for_byte
            optional_views_come_and_go
            pending_documents_are_seen_by_get_alone
            several_views_come_in_the_order_of_the_selectors
            a_store_answers_a_ping
            a_document_is_found_by_its_claims
            a_taken_value_is_refused_and_the_loser_changes_nothing
            a_replacement_that_meets_a_taken_value_changes_nothing
            claims_are_released_by_a_change_and_by_a_deletion
            a_claim_moves_from_one_document_to_another
            a_pending_document_holds_its_claims
            the_same_value_may_be_claimed_elsewhere
            of_two_writers_for_one_value_exactly_one_wins
            overlapping_claims_in_any_order_never_deadlock
            events_stay_in_order_until_they_are_published
            publishing_does_not_touch_the_document
            events_of_a_deleted_document_stay_until_they_are_published
            a_new_document_of_an_old_id_queues_behind_the_old_ones_events
            a_late_relay_removes_nothing_of_a_new_document_of_an_old_id
            a_relay_beside_a_writer_loses_nothing
            due_documents_come_earliest_first
            filters_choose_documents
            results_are_sorted_and_ties_go_by_id
            pages_cut_the_results_and_counts_do_not
            queries_see_the_chosen_view_of_live_documents_only
            paging_by_id_beside_writers_sees_each_old_document_once
            a_query_ends_at_its_time_limit
        );
    };
    ($make:path: $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            if let Some((store, _guard)) = $crate::store::Made::made($make().await) {
                $crate::store::$case(store).await;
            }
        }
    )*};
}

/// What the named function gives: a store and its guard, or `None` where there is no server to test on
/// (after having said so; in CI it panics instead).
pub trait Made {
    /// Keeps the server or directory alive.
    type Guard;
    /// The store, if there is one.
    fn made(self) -> Option<(Arc<dyn Store>, Self::Guard)>;
}

impl<G> Made for (Arc<dyn Store>, G) {
    type Guard = G;
    fn made(self) -> Option<(Arc<dyn Store>, G)> {
        Some(self)
    }
}

impl<G> Made for Option<(Arc<dyn Store>, G)> {
    type Guard = G;
    fn made(self) -> Option<(Arc<dyn Store>, G)> {
        self
    }
}

/// What a store under test must be opened for.
#[must_use]
pub fn kinds() -> Vec<KindSchema> {
    vec![
        KindSchema { kind: Kind::Cart, views: &[MAIN], indexes: &["customerId"] },
        KindSchema { kind: Kind::Category, views: &[MAIN], indexes: &["key", "parent.id"] },
        KindSchema { kind: Kind::Product, views: &[MAIN, "staged", "current"], indexes: &["key"] },
    ]
}

/// The project of most cases.
const SHOP: &str = "shop";

type SharedStore = Arc<dyn Store>;

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn by_id(text: &str) -> Selector {
    Selector::Id(id(text))
}

/// A live cart in its first version.
fn cart(name: &str, served: &str) -> Document {
    Document {
        key: DocKey { project: SHOP.to_owned(), kind: Kind::Cart, id: id(name) },
        visibility: Visibility::Live,
        rev: 1,
        version: 1,
        views: vec![View { name: MAIN, served: served.to_owned() }],
        hidden: None,
        claims: Vec::new(),
        change_seq: 0,
        message_seq: 0,
        due_at: None,
    }
}

/// The same with claims, given as `name=value`.
fn claiming(name: &str, claims: &[&str]) -> Document {
    let claims = claims.iter().map(|text| claim(text)).collect();
    Document { claims, ..cart(name, &format!(r#"{{"id":"{name}"}}"#)) }
}

fn claim(text: &str) -> Claim {
    let (name, value) = text.split_once('=').unwrap();
    Claim::new(name.to_owned(), value)
}

/// The document as its next write has it.
fn next(document: &Document) -> Document {
    Document { rev: document.rev + 1, version: document.version + 1, ..document.clone() }
}

fn deleted(document: &Document) -> Document {
    Document { visibility: Visibility::Deleted, claims: Vec::new(), ..next(document) }
}

fn inserting(document: &Document) -> Write {
    Write { expected_rev: None, document: document.clone(), events: Vec::new() }
}

/// Replaces the document of the rev before.
fn replacing(document: &Document) -> Write {
    Write { expected_rev: Some(document.rev - 1), document: document.clone(), events: Vec::new() }
}

async fn insert(store: &SharedStore, document: &Document) {
    store.write(inserting(document)).await.unwrap();
}

async fn replace(store: &SharedStore, document: &Document) {
    store.write(replacing(document)).await.unwrap();
}

async fn get(store: &SharedStore, name: &str) -> Option<Document> {
    store.get(SHOP, Kind::Cart, &by_id(name)).await.unwrap()
}

/// The id of the cart that holds a claim.
async fn holder(store: &SharedStore, text: &str) -> Option<String> {
    let found = store.get(SHOP, Kind::Cart, &Selector::Claim(claim(text))).await.unwrap();
    found.map(|document| document.key.id.as_str().to_owned())
}

fn event(document: &Document, change_seq: i64) -> Event {
    let key = &document.key;
    Event {
        id: format!("{}-{change_seq}", key.id),
        topic: "cart".to_owned(),
        kind: "cart.updated".to_owned(),
        key: format!("{}/{}/{}", key.project, key.kind, key.id),
        change_seq,
        time: Timestamp::from_millis(1_700_000_000_000 + change_seq),
        data: format!(r#"{{"n":{change_seq},"text":"ü \"quoted\" \\ \u0000"}}"#),
    }
}

fn is_conflict<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict))
}
