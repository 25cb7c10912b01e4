//! What the status of a Deployment, StatefulSet or Job says, in a few bytes.

use super::seen::Seen;
use serde::Deserialize;

/// The part of a workload's spec that matters here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadSpec {
    replicas: Option<u32>,
}

/// The part of a workload's status that matters here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadStatus {
    observed_generation: Option<i64>,
    replicas: u32,
    ready_replicas: u32,
    updated_replicas: u32,
    conditions: Vec<WorkloadCondition>,
}

/// A condition of a workload.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WorkloadCondition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    message: String,
}

/// How far a workload is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Pods that are wanted.
    pub wanted: u32,
    /// Pods that are ready.
    pub ready: u32,
    /// Whether all pods are of the newest template and none is left of an older one.
    pub rolled_out: bool,
    /// Whether a task came to its end.
    pub complete: bool,
    /// What keeps pods from being made, in the cluster's words.
    pub trouble: Option<Box<str>>,
}

impl Readiness {
    /// Reads a workload of kind `kind`.
    #[must_use]
    pub fn of<const METADATA: bool>(kind: &str, workload: &Seen<METADATA>) -> Self {
        let status = &workload.status;
        let is_true = |name: &str| status.conditions.iter().find(|c| c.kind == name && c.status == "True");
        if kind == "Job" {
            let trouble = is_true("Failed").map(|c| crate::failure::short(&c.message).into());
            return Self { complete: is_true("Complete").is_some(), trouble, ..Self::default() };
        }
        let wanted = workload.spec.replicas.unwrap_or(1);
        let observed = status.observed_generation >= workload.metadata.generation;
        let stuck = status.conditions.iter().find(|c| c.kind == "Progressing" && c.status == "False");
        Self {
            wanted,
            ready: status.ready_replicas,
            rolled_out: observed && status.updated_replicas == wanted && status.replicas == wanted,
            complete: false,
            trouble: is_true("ReplicaFailure").or(stuck).map(|c| crate::failure::short(&c.message).into()),
        }
    }

    /// Whether every wanted pod is ready and of the newest template.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.rolled_out && self.ready >= self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(kind: &str, object: serde_json::Value) -> Readiness {
        let seen: Seen<false> = serde_json::from_value(object).unwrap();
        Readiness::of(kind, &seen)
    }

    #[test]
    fn a_deployment_is_ready_when_its_newest_pods_are_and_no_older_ones_are_left() {
        let deployment = |observed: i64, updated: u32, all: u32, ready: u32| {
            read(
                "Deployment",
                json!({"metadata": {"name": "a", "generation": 2}, "spec": {"replicas": 3, "template": {}},
                    "status": {"observedGeneration": observed, "replicas": all, "updatedReplicas": updated, "readyReplicas": ready}}),
            )
        };
        assert!(deployment(2, 3, 3, 3).is_ready());
        assert!(!deployment(1, 3, 3, 3).is_ready(), "the controller has not seen the newest spec");
        assert!(!deployment(2, 2, 3, 3).is_ready());
        assert!(!deployment(2, 3, 4, 3).is_ready());
        assert!(!deployment(2, 3, 3, 2).is_ready());
    }

    #[test]
    fn a_fresh_workload_without_status_is_not_ready() {
        let fresh = read("Deployment", json!({"metadata": {"name": "a", "generation": 1}, "spec": {}}));
        assert_eq!((fresh.wanted, fresh.ready, fresh.is_ready()), (1, 0, false));
    }

    #[test]
    fn what_keeps_pods_away_is_told() {
        let stuck = read(
            "Deployment",
            json!({"metadata": {"name": "a"}, "spec": {},
                "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]}}),
        );
        assert_eq!(stuck.trouble.as_deref(), Some("exceeded quota"));
        let job = read(
            "Job",
            json!({"metadata": {"name": "a"}, "spec": {}, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}),
        );
        assert!(job.complete);
    }
}
