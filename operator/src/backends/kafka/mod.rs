//! Topics and consumer groups on Apache Kafka.

mod client;
mod diagnose;
mod picture;
mod remove;
mod settings;
mod topics;

use super::pool::{Fingerprint, Memory, Pool};
use super::{BackendFinding, BrokerPlan, RemovalReport, Tools};
use client::Broker;
use std::sync::Arc;

pub(super) struct Kafka {
    pool: Pool<Broker>,
    tools: Arc<Tools>,
}

impl Kafka {
    pub(super) fn new(tools: Arc<Tools>) -> Self {
        Self { pool: Pool::new(tools.limits.pool()), tools }
    }

    pub(super) async fn reconcile(&self, plan: &BrokerPlan) -> Vec<BackendFinding> {
        let key = key(plan);
        let open = Broker::open(plan, Arc::clone(&self.tools));
        let broker = match self.pool.get(key, Memory::Trusted, open).await {
            Ok(broker) => broker,
            Err(problem) => return vec![problem],
        };
        let mut findings = Vec::new();
        if let Err(problem) = topics::reconcile(&broker, plan, &mut findings).await {
            findings.push(problem);
        }
        self.close_if_lost(key, &broker).await;
        findings
    }

    /// Ends within the limit for removals, whatever the broker does.
    pub(super) async fn remove(&self, plan: &BrokerPlan) -> RemovalReport {
        let mut report = RemovalReport::default();
        // `.` would be the prefix of nobody, and an empty one that of everybody.
        if plan.topic_prefix.len() < 2 || !plan.topic_prefix.ends_with('.') {
            report.left("topics and consumer groups".to_owned(), "their prefix is not known");
            return report;
        }
        let work = async {
            let open = Broker::open(plan, Arc::clone(&self.tools));
            match self.pool.get(key(plan), Memory::Ignored, open).await {
                Ok(broker) => {
                    remove::remove(&broker, plan, &mut report).await;
                    self.close_if_lost(key(plan), &broker).await;
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

    async fn close_if_lost(&self, key: Fingerprint, broker: &Arc<Broker>) {
        if let Some(problem) = broker.lost() {
            self.pool.fail(key, broker, problem).await;
        }
    }
}

fn key(plan: &BrokerPlan) -> Fingerprint {
    let tls = match &plan.tls {
        None => ["plain", ""],
        Some(tls) => ["tls", tls.ca_pem.as_deref().unwrap_or_default()],
    };
    let sasl = plan.sasl.as_ref().map_or(["", "", ""], |sasl| {
        [sasl.mechanism.as_str(), sasl.username.as_str(), sasl.password.expose()]
    });
    Fingerprint::of([plan.bootstrap.join(",").as_str()].into_iter().chain(tls).chain(sasl))
}
