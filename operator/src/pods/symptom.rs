//! What the status of a pod says about why it does not serve. Pure.

use crate::failure::short;
use jiff::{SignedDuration, Timestamp};
use kube::core::{NotUsed, Object};
use serde::Deserialize;
use std::net::IpAddr;

/// A pod with only what matters here; the rest is not even decoded.
pub type Pod = Object<NotUsed, PodStatus>;

/// A process that has only just started is not asked why it is not ready.
const YOUNG: SignedDuration = SignedDuration::from_secs(8);

/// The part of a pod's status that matters here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    phase: String,
    message: String,
    #[serde(rename = "podIP")]
    pod_ip: Option<IpAddr>,
    conditions: Vec<PodCondition>,
    init_container_statuses: Vec<ContainerStatus>,
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct PodCondition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    message: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    ready: bool,
    image: String,
    state: ContainerState,
    last_state: ContainerState,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ContainerState {
    waiting: Option<Waiting>,
    running: Option<Started>,
    terminated: Option<Terminated>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Waiting {
    reason: String,
    message: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Started {
    started_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Terminated {
    exit_code: i32,
    reason: String,
    message: String,
}

/// Why a pod does not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Symptom {
    /// The cluster knows.
    Told(String),
    /// It runs; only the process itself knows, at this address.
    Ask(IpAddr),
}

/// Why `pod` does not serve; nothing if it does, is being deleted, or has only just started.
#[must_use]
pub fn symptom(pod: &Pod, now: Timestamp) -> Option<Symptom> {
    if pod.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let status = pod.status.as_ref()?;
    let says = |kind: &str, value: &str| {
        status.conditions.iter().find(|condition| condition.kind == kind && condition.status == value)
    };
    if let Some(unscheduled) = says("PodScheduled", "False") {
        return Some(told("no node takes its pod", &unscheduled.message));
    }
    if status.phase == "Failed" && !status.message.is_empty() {
        return Some(told("its pod failed", &status.message));
    }
    let mut containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    if let Some(symptom) = containers.find_map(ContainerStatus::symptom) {
        return Some(symptom);
    }
    if says("Ready", "True").is_some() {
        return None;
    }
    let running = status.container_statuses.iter().filter(|container| !container.ready);
    let mut since = running.filter_map(|container| container.state.running.as_ref()?.started_at);
    let old = since.next().is_some_and(|since| now.duration_since(since) > YOUNG);
    status.pod_ip.filter(|_| old).map(Symptom::Ask)
}

impl ContainerStatus {
    fn symptom(&self) -> Option<Symptom> {
        let ended = self.state.terminated.as_ref().or(self.last_state.terminated.as_ref());
        let ended = ended.filter(|ended| ended.exit_code != 0);
        let Some(waiting) = &self.state.waiting else {
            // It runs again, or is about to.
            return self.state.terminated.as_ref().and(ended).map(Terminated::symptom);
        };
        match waiting.reason.as_str() {
            "" | "ContainerCreating" | "PodInitializing" => None,
            "CrashLoopBackOff" => Some(ended.map_or_else(
                || told("its container ends again and again", &waiting.message),
                Terminated::symptom,
            )),
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => Some(told(
                &format!("its image {} cannot be had ({})", self.image, waiting.reason),
                &waiting.message,
            )),
            other => Some(told(&format!("its container cannot start ({other})"), &waiting.message)),
        }
    }
}

impl Terminated {
    fn symptom(&self) -> Symptom {
        let what = if self.reason == "OOMKilled" {
            "its container used more memory than it may (OOMKilled)".to_owned()
        } else {
            format!("its container ends again and again, last with exit code {}", self.exit_code)
        };
        told(&what, last_line(&self.message))
    }
}

/// The last line that says something: a log ends with why the process did.
fn last_line(text: &str) -> &str {
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default()
}

fn told(what: &str, more: &str) -> Symptom {
    let text = if more.is_empty() { what.to_owned() } else { format!("{what}: {more}") };
    Symptom::Told(short(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: &str = "2026-01-01T00:01:00Z";

    fn of(status: Value) -> Option<Symptom> {
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}});
        pod["status"] = status;
        symptom(&serde_json::from_value(pod).unwrap(), NOW.parse().unwrap())
    }

    fn text(status: Value) -> String {
        match of(status) {
            Some(Symptom::Told(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pod_that_no_node_takes_says_what_the_scheduler_says() {
        let text = text(json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available: 2 Insufficient memory."}]}));
        assert_eq!(text, "no node takes its pod: 0/2 nodes are available: 2 Insufficient memory.");
    }

    #[test]
    fn an_image_that_cannot_be_had_is_named() {
        let text = text(json!({"phase": "Pending", "containerStatuses": [
            {"image": "example.com/a:1", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}}]}));
        assert_eq!(text, "its image example.com/a:1 cannot be had (ImagePullBackOff): not found");
    }

    #[test]
    fn a_container_that_ends_again_and_again_says_the_last_line_of_its_log() {
        let crashed = json!({"terminated": {"exitCode": 2, "reason": "Error", "message": "starting\nerror: PORT: no number\n\n"}});
        let expected = "its container ends again and again, last with exit code 2: error: PORT: no number";
        let waiting = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}});
        assert_eq!(text(json!({"containerStatuses": [{"state": waiting, "lastState": crashed}]})), expected);
        assert_eq!(text(json!({"containerStatuses": [{"state": crashed}]})), expected);
        let killed = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}});
        assert!(
            text(json!({"containerStatuses": [{"state": waiting, "lastState": killed}]})).contains("memory")
        );
    }

    #[test]
    fn a_container_without_its_secret_says_so() {
        let text = text(json!({"containerStatuses": [{"state":
            {"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"a\" not found"}}}]}));
        assert_eq!(text, "its container cannot start (CreateContainerConfigError): secret \"a\" not found");
    }

    #[test]
    fn a_running_pod_that_is_not_ready_is_asked_once_it_had_time_to_start() {
        let running = |ready: &str, since: &str| {
            json!({"phase": "Running", "podIP": "10.0.0.7", "conditions": [{"type": "Ready", "status": ready}],
                "containerStatuses": [{"ready": ready == "True", "state": {"running": {"startedAt": since}}}]})
        };
        assert_eq!(
            of(running("False", "2026-01-01T00:00:40Z")),
            Some(Symptom::Ask("10.0.0.7".parse().unwrap()))
        );
        assert_eq!(of(running("False", "2026-01-01T00:00:58Z")), None);
        assert_eq!(of(running("True", "2026-01-01T00:00:40Z")), None);
    }

    #[test]
    fn a_fresh_pod_has_no_symptom() {
        assert_eq!(of(json!({"phase": "Pending"})), None);
        assert_eq!(
            of(json!({"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]})),
            None
        );
    }
}
