//! Users and databases on MongoDB, or on a server that speaks its protocol.

mod client;
mod error;
mod remove;
mod users;

use super::pool::{Fingerprint, Memory, Pool};
use super::{BackendFinding, DatabasePlan, RemovalReport, Tools};
use client::Server;
use std::sync::Arc;

pub(super) struct Mongo {
    pool: Pool<Server>,
    tools: Arc<Tools>,
}

impl Mongo {
    pub(super) fn new(tools: Arc<Tools>) -> Self {
        Self { pool: Pool::new(tools.limits.pool()), tools }
    }

    pub(super) async fn reconcile(&self, plan: &DatabasePlan) -> Vec<BackendFinding> {
        let key = key(plan);
        let open = Server::open(plan, Arc::clone(&self.tools));
        let server = match self.pool.get(key, Memory::Trusted, open).await {
            Ok(server) => server,
            Err(problem) => return vec![problem],
        };
        let mut findings = Vec::new();
        if let Err(problem) = users::reconcile(&server, plan, &mut findings).await {
            findings.push(problem);
        }
        self.close_if_lost(key, &server).await;
        findings
    }

    /// Ends within the limit for removals, whatever the server does.
    pub(super) async fn remove(&self, plan: &DatabasePlan) -> RemovalReport {
        let mut report = RemovalReport::default();
        let work = async {
            let open = Server::open(plan, Arc::clone(&self.tools));
            match self.pool.get(key(plan), Memory::Ignored, open).await {
                Ok(server) => {
                    remove::remove(&server, plan, &mut report).await;
                    self.close_if_lost(key(plan), &server).await;
                }
                Err(why) => remove::planned(plan).into_iter().for_each(|what| report.left(what, &why)),
            }
        };
        if tokio::time::timeout(self.tools.limits.removal, work).await.is_err() {
            report.overdue(remove::planned(plan));
        }
        report
    }

    pub(super) fn clients(&self) -> (usize, u64) {
        (self.pool.open(), self.pool.opened())
    }

    async fn close_if_lost(&self, key: Fingerprint, server: &Arc<Server>) {
        if let Some(problem) = server.lost() {
            self.pool.fail(key, server, problem).await;
        }
    }
}

fn key(plan: &DatabasePlan) -> Fingerprint {
    Fingerprint::of([plan.admin_uri.expose(), plan.ca_pem.as_deref().unwrap_or_default()])
}
