//! The MongoDB store on a real server: what the port promises, and what is this driver's own.
//!
//! `MONGODB_URI` names the server; without it the tests say that they were skipped, and fail in CI.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests, and helpers of tests, may"
)]

mod claims;
mod harness;
mod outbox;
mod queries;
mod security;

/// The port's conformance suite.
mod conformance {
    use crate::harness::TestDb;
    use commerce_adapters::store::mongodb::MongoOptions;
    use kit::store::Store;
    use std::sync::Arc;

    async fn fresh() -> Option<(Arc<dyn Store>, TestDb)> {
        let db = TestDb::fresh()?;
        let store = db.open_with(&conformance::store::kinds(), MongoOptions::default()).await;
        Some((Arc::new(store), db))
    }

    conformance::store_conformance!(fresh);
}
