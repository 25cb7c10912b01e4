//! What every pod has: a restricted security context, scratch space, probes, and environment.

use crate::labels::Labels;
use crds::Resources;
use k8s_openapi::api::core::v1::{
    Capabilities, EmptyDirVolumeSource, EnvVar, EnvVarSource, HTTPGetAction, KeyToPath, PodSecurityContext,
    Probe, ResourceRequirements, SeccompProfile, SecretKeySelector, SecretVolumeSource, SecurityContext,
    TCPSocketAction, TopologySpreadConstraint, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;

/// The user of our own image.
pub(super) const USER: i64 = 65532;
/// Read by the pod's group alone.
const GROUP_ONLY: i32 = 0o440;

/// Passes Pod Security's `restricted`.
pub(super) fn security(user: i64) -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(user),
        run_as_group: Some(user),
        fs_group: Some(user),
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
        ..Default::default()
    }
}

/// Passes Pod Security's `restricted`, and nothing can be written outside of volumes.
pub(super) fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
        ..Default::default()
    }
}

/// A variable with a value that anybody may read.
pub(super) fn env(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.into()), value_from: None }
}

/// A variable from a Secret.
pub(super) fn secret_env(name: &str, secret: &str, key: &str) -> EnvVar {
    let selector = SecretKeySelector { name: secret.to_owned(), key: key.to_owned(), optional: None };
    let source = EnvVarSource { secret_key_ref: Some(selector), ..Default::default() };
    EnvVar { name: name.to_owned(), value: None, value_from: Some(source) }
}

/// An empty directory, gone with the pod.
pub(super) fn scratch(name: &str, path: &str, size: &str) -> (Volume, VolumeMount) {
    let source = EmptyDirVolumeSource { size_limit: Some(Quantity(size.to_owned())), ..Default::default() };
    let volume = Volume { name: name.to_owned(), empty_dir: Some(source), ..Default::default() };
    (volume, mount(name, path, false))
}

/// One key of a Secret as a file of that name in the directory `path`.
pub(super) fn secret_file(name: &str, secret: &str, key: &str, path: &str) -> (Volume, VolumeMount) {
    let source = SecretVolumeSource {
        secret_name: Some(secret.to_owned()),
        items: Some(vec![KeyToPath { key: key.to_owned(), path: key.to_owned(), mode: None }]),
        default_mode: Some(GROUP_ONLY),
        optional: None,
    };
    let volume = Volume { name: name.to_owned(), secret: Some(source), ..Default::default() };
    (volume, mount(name, path, true))
}

/// A volume's place in the container.
pub(super) fn mount(name: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..Default::default()
    }
}

/// A container that fails leaves the end of its log where its pod's status shows it.
pub(super) const LAST_WORDS: &str = "FallbackToLogsOnError";

/// How often a probe asks, and how many failures in a row count.
pub(super) struct Rhythm {
    pub(super) period: i32,
    pub(super) timeout: i32,
    pub(super) failures: i32,
}

/// Asks over HTTP at a named port.
pub(super) fn http_probe(path: &str, port: &str, rhythm: &Rhythm) -> Probe {
    let get = HTTPGetAction {
        path: Some(path.to_owned()),
        port: IntOrString::String(port.to_owned()),
        ..Default::default()
    };
    Probe { http_get: Some(get), ..probe(rhythm) }
}

/// Connects to a named port.
pub(super) fn tcp_probe(port: &str, rhythm: &Rhythm) -> Probe {
    let socket = TCPSocketAction { port: IntOrString::String(port.to_owned()), host: None };
    Probe { tcp_socket: Some(socket), ..probe(rhythm) }
}

fn probe(rhythm: &Rhythm) -> Probe {
    Probe {
        period_seconds: Some(rhythm.period),
        timeout_seconds: Some(rhythm.timeout),
        failure_threshold: Some(rhythm.failures),
        ..Default::default()
    }
}

/// Over nodes and zones, as evenly as the cluster allows, per revision of the pods.
pub(super) fn spread(pods: &Labels) -> Vec<TopologySpreadConstraint> {
    let over = |key: &str| TopologySpreadConstraint {
        max_skew: 1,
        topology_key: key.to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(LabelSelector { match_labels: Some(pods.clone()), match_expressions: None }),
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        ..Default::default()
    };
    vec![over("kubernetes.io/hostname"), over("topology.kubernetes.io/zone")]
}

/// CPU and memory: what is given, and else what a small shop needs. A request is left out where only a limit
/// is given, because the cluster takes the limit for it; a limit where a request is given, lest it be less.
pub(super) fn resources(given: &Resources, cpu: &str, memory: &str, limit: &str) -> ResourceRequirements {
    let requests = given.requests.clone().unwrap_or_default();
    let limits = given.limits.clone().unwrap_or_default();
    let text = |given: Option<crds::Quantity>, default: Option<&str>| {
        given.map(|quantity| quantity.0).or(default.map(str::to_owned)).map(Quantity)
    };
    let unless = |given: bool, default| (!given).then_some(default);
    let map = |cpu: Option<Quantity>, memory: Option<Quantity>| {
        let both = [("cpu", cpu), ("memory", memory)].into_iter();
        let both = both.filter_map(|(name, quantity)| Some((name.to_owned(), quantity?)));
        Some(both.collect::<BTreeMap<_, _>>()).filter(|both| !both.is_empty())
    };
    let memory_limit = text(limits.memory.clone(), unless(requests.memory.is_some(), limit));
    ResourceRequirements {
        requests: map(
            text(requests.cpu, unless(limits.cpu.is_some(), cpu)),
            text(requests.memory, unless(limits.memory.is_some(), memory)),
        ),
        limits: map(text(limits.cpu, None), memory_limit),
        claims: None,
    }
}
