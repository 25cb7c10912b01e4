//! Faults at chosen steps of the order service: its calls to peers and its writes, counted from 1.

use api::{ApiError, Result, ServiceName};
use bytes::Bytes;
use futures::future::BoxFuture;
use kit::peers::{Call, Peers};
use kit::store::{DocKey, Document, Page, Published, Query, Selector, Store, StoreError, Unpublished, Write};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// What happens at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It never reaches the other side, and fails.
    Lost,
    /// It is done, but the answer is lost.
    Unanswered,
    /// It is done twice; the second answer counts.
    Twice,
    /// The process ends before it.
    CrashBefore,
    /// The process ends right after it.
    CrashAfter,
    /// It is held up until [`Faults::resume`].
    Stalled,
}

/// The plan: which step has which fault.
#[derive(Default)]
pub struct Faults {
    plan: Mutex<(usize, Vec<(usize, Fault)>)>,
    go_on: Notify,
}

impl Faults {
    /// Starts to count anew.
    pub fn plan(&self, plan: &[(usize, Fault)]) {
        *self.plan.lock().unwrap() = (0, plan.to_vec());
    }

    /// The steps that were taken since the plan was made.
    pub fn steps(&self) -> usize {
        self.plan.lock().unwrap().0
    }

    /// Lets a stalled step go on.
    pub fn resume(&self) {
        self.go_on.notify_one();
    }

    fn next(&self) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap();
        plan.0 += 1;
        let step = plan.0;
        plan.1.iter().find(|(at, _)| *at == step).map(|(_, fault)| *fault)
    }

    async fn apply<'a, T, E>(
        &self,
        failure: impl FnOnce() -> E,
        act: impl Fn() -> BoxFuture<'a, Result<T, E>>,
    ) -> Result<T, E> {
        match self.next() {
            None => act().await,
            Some(Fault::Lost) => Err(failure()),
            Some(Fault::Unanswered) => {
                let _ = act().await;
                Err(failure())
            }
            Some(Fault::Twice) => {
                let _ = act().await;
                act().await
            }
            Some(Fault::CrashBefore) => std::future::pending().await,
            Some(Fault::CrashAfter) => {
                let _ = act().await;
                std::future::pending().await
            }
            Some(Fault::Stalled) => {
                self.go_on.notified().await;
                act().await
            }
        }
    }
}

/// Peers whose calls may go wrong. Confirmations are behind the checkout's back and not counted.
pub struct FaultyPeers {
    pub inner: Arc<dyn Peers>,
    pub faults: Arc<Faults>,
}

impl Peers for FaultyPeers {
    fn call(&self, to: ServiceName, call: Call) -> BoxFuture<'_, Result<Bytes>> {
        Box::pin(async move {
            if call.path == "/confirm" {
                return self.inner.call(to, call).await;
            }
            self.faults.apply(ApiError::unavailable, || self.inner.call(to, call.clone())).await
        })
    }
}

/// A store whose writes may go wrong.
pub struct FaultyStore {
    pub inner: Arc<dyn Store>,
    pub faults: Arc<Faults>,
}

type Stored<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl Store for FaultyStore {
    fn get(&self, project: &str, kind: api::Kind, selector: &Selector) -> Stored<'_, Option<Document>> {
        self.inner.get(project, kind, selector)
    }

    fn view(
        &self,
        project: &str,
        kind: api::Kind,
        selector: &Selector,
        view: &'static str,
    ) -> Stored<'_, Option<String>> {
        self.inner.view(project, kind, selector, view)
    }

    fn views(
        &self,
        project: &str,
        kind: api::Kind,
        selectors: Vec<Selector>,
        view: &'static str,
    ) -> Stored<'_, Vec<Option<String>>> {
        self.inner.views(project, kind, selectors, view)
    }

    fn write(&self, write: Write) -> Stored<'_, ()> {
        Box::pin(async move {
            let failure = || StoreError::Failed("a fault of the test".to_owned());
            self.faults.apply(failure, || self.inner.write(write.clone())).await
        })
    }

    fn query(&self, query: Query) -> Stored<'_, Page> {
        self.inner.query(query)
    }

    fn due(&self, kinds: Vec<api::Kind>, now: api::Timestamp, limit: u32) -> Stored<'_, Vec<DocKey>> {
        self.inner.due(kinds, now, limit)
    }

    fn unpublished(&self, kinds: Option<Vec<api::Kind>>, limit: u32) -> Stored<'_, Vec<Unpublished>> {
        self.inner.unpublished(kinds, limit)
    }

    fn published(&self, up_to: Vec<Published>) -> Stored<'_, ()> {
        self.inner.published(up_to)
    }

    fn ping(&self) -> Stored<'_, ()> {
        self.inner.ping()
    }
}
