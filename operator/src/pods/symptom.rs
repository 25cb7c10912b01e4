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
/// How long what a container ended of says something about the one that runs now. Longer than the longest pause
/// between restarts, which is five minutes.
const RECENT: SignedDuration = SignedDuration::from_mins(6);

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
    finished_at: Option<Timestamp>,
}

/// Why a pod does not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Symptom {
    /// The cluster knows.
    Told(String),
    /// It runs; only the process itself knows, at `address`. If it does not tell, all that is known is why the one
    /// before it ended.
    Ask { address: IpAddr, before: Option<String> },
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
    let mut unready = status.container_statuses.iter().filter(|container| !container.ready);
    let running = unready.find(|container| container.state.running.is_some())?;
    let before = running.ended_before(now);
    let started = running.state.running.as_ref().and_then(|running| running.started_at);
    let old = started.is_some_and(|started| now.duration_since(started) > YOUNG);
    match status.pod_ip.filter(|_| old) {
        Some(address) => Some(Symptom::Ask { address, before }),
        None => before.map(Symptom::Told),
    }
}

impl ContainerStatus {
    fn symptom(&self) -> Option<Symptom> {
        let ended = self.state.terminated.as_ref().or(self.last_state.terminated.as_ref());
        let ended = ended.filter(|ended| ended.exit_code != 0);
        let Some(waiting) = &self.state.waiting else {
            // It runs again, or is about to.
            let text = self.state.terminated.as_ref().and(ended).map(Terminated::text);
            return text.map(Symptom::Told);
        };
        match waiting.reason.as_str() {
            "" | "ContainerCreating" | "PodInitializing" => None,
            "CrashLoopBackOff" => Some(Symptom::Told(ended.map_or_else(
                || text("its container ends again and again", &waiting.message),
                Terminated::text,
            ))),
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => Some(told(
                &format!("its image {} cannot be had ({})", self.image, waiting.reason),
                &waiting.message,
            )),
            other => Some(told(&format!("its container cannot start ({other})"), &waiting.message)),
        }
    }

    /// Why the process before the running one ended, if that failed and was not long ago.
    fn ended_before(&self, now: Timestamp) -> Option<String> {
        let ended = self.last_state.terminated.as_ref().filter(|ended| ended.exit_code != 0)?;
        ended.finished_at.is_some_and(|at| now.duration_since(at) < RECENT).then(|| ended.text())
    }
}

impl Terminated {
    fn text(&self) -> String {
        let what = if self.reason == "OOMKilled" {
            "its container used more memory than it may (OOMKilled)".to_owned()
        } else {
            format!("its container ends again and again, last with exit code {}", self.exit_code)
        };
        text(&what, last_line(&self.message))
    }
}

/// The last line that says something: a log ends with why the process did. Java goes on with where it was.
fn last_line(text: &str) -> &str {
    let says = |line: &&str| !line.is_empty() && !line.starts_with("at ") && !line.starts_with("... ");
    text.lines().map(str::trim).rfind(says).unwrap_or_default()
}

fn told(what: &str, more: &str) -> Symptom {
    Symptom::Told(text(what, more))
}

fn text(what: &str, more: &str) -> String {
    short(&if more.is_empty() { what.to_owned() } else { format!("{what}: {more}") })
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
    fn where_a_java_program_was_is_left_out_of_its_last_words() {
        let log =
            "[main] fatal\nCaused by: java.io.IOException: no space\n\tat a.B.c(B.java:1)\n\t... 2 more\n";
        let crashed = json!({"terminated": {"exitCode": 1, "message": log}});
        let text = text(json!({"containerStatuses": [{"state": crashed}]}));
        assert!(text.ends_with("exit code 1: Caused by: java.io.IOException: no space"), "{text}");
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
            Some(Symptom::Ask { address: "10.0.0.7".parse().unwrap(), before: None })
        );
        assert_eq!(of(running("False", "2026-01-01T00:00:58Z")), None);
        assert_eq!(of(running("True", "2026-01-01T00:00:40Z")), None);
    }

    #[test]
    fn a_process_that_runs_again_is_known_by_how_the_one_before_it_ended() {
        let again = |since: &str, ended: &str| {
            json!({"phase": "Running", "podIP": "10.0.0.7", "conditions": [{"type": "Ready", "status": "False"}],
                "containerStatuses": [{"state": {"running": {"startedAt": since}},
                    "lastState": {"terminated": {"exitCode": 1, "message": "no space left", "finishedAt": ended}}}]})
        };
        let before = "its container ends again and again, last with exit code 1: no space left".to_owned();
        assert_eq!(
            of(again("2026-01-01T00:00:58Z", "2026-01-01T00:00:57Z")),
            Some(Symptom::Told(before.clone())),
            "also while the new one is young"
        );
        assert_eq!(
            of(again("2026-01-01T00:00:40Z", "2026-01-01T00:00:39Z")),
            Some(Symptom::Ask { address: "10.0.0.7".parse().unwrap(), before: Some(before) })
        );
        assert_eq!(of(again("2026-01-01T00:00:58Z", "2025-12-31T23:00:00Z")), None, "that was long ago");
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
