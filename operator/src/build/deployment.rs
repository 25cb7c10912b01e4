//! A Deployment per service: the one binary, told by its environment which service it is.

use super::pod::{self, Rhythm};
use super::secret::CA;
use super::{Child, Context, Lifetime};
use crate::edges::{INTERNAL_PORT, PUBLIC_PORT, has_database, is_declared_to};
use crate::labels;
use crate::names;
use crds::{Scale, ServiceName};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, ContainerPort, EnvVar, PodSpec, PodTemplateSpec, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;

/// What `commerce serve` may take to stop, with some to spare: 5 s until others notice, 65 s for requests, of which the
/// gateway lets none take longer than 60, and then its last events.
const GRACE: i64 = 90;
/// The directory of everything that is mounted.
const MOUNTS: &str = "/etc/commerce";

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    let made: Vec<Child> = cx.stack.enabled().map(|service| one(cx, service, children)).collect();
    children.extend(made);
}

fn one(cx: &Context<'_>, service: ServiceName, made: &[Child]) -> Child {
    let name = names::service(cx.name(), service);
    let pods = labels::selector(cx.name(), service.as_str());
    let spec = DeploymentSpec {
        replicas: match cx.stack.services.get(&service).map(|service| service.scale) {
            Some(Scale::Fixed(replicas)) => i32::try_from(replicas).ok(),
            // The autoscaler's.
            _ => None,
        },
        revision_history_limit: Some(5),
        selector: LabelSelector { match_labels: Some(pods), match_expressions: None },
        strategy: Some(DeploymentStrategy {
            type_: Some("RollingUpdate".to_owned()),
            rolling_update: Some(RollingUpdateDeployment {
                max_unavailable: Some(IntOrString::Int(0)),
                max_surge: Some(IntOrString::Int(1)),
            }),
        }),
        template: PodTemplateSpec {
            metadata: Some(ObjectMeta {
                labels: cx.of_service("", service).labels,
                annotations: Some(checksums(cx, service, made)).filter(|sums| !sums.is_empty()),
                ..Default::default()
            }),
            spec: Some(pod(cx, service, &name)),
        },
        ..Default::default()
    };
    let deployment = Deployment { spec: Some(spec), ..Default::default() };
    Child::new(&deployment, cx.of_service(&name, service), Lifetime::Owned, cx.identity)
}

/// Secrets that a process reads only when it starts, so that a change of them restarts it. Keys, trust and
/// declared.json are followed while it runs.
fn checksums(cx: &Context<'_>, service: ServiceName, made: &[Child]) -> BTreeMap<String, String> {
    let mut read = vec![("kafka", names::kafka(cx.name()))];
    if has_database(service) {
        read.push(("mongodb", names::mongodb_access(cx.name(), service)));
    }
    let sum = |(what, secret): (&str, String)| {
        let made = made.iter().find(|child| child.kind() == "Secret" && child.name() == secret)?;
        let digest = made.digest_of("data");
        Some((format!("checksum.commercestack.io/{what}"), digest.chars().take(16).collect()))
    };
    read.into_iter().filter_map(sum).collect()
}

fn pod(cx: &Context<'_>, service: ServiceName, name: &str) -> PodSpec {
    let (volumes, mounts) = volumes(cx, service).into_iter().unzip();
    let settings = cx.stack.services.get(&service);
    let resources = settings.map(|settings| settings.resources.clone()).unwrap_or_default();
    let container = Container {
        name: "commerce".to_owned(),
        image: Some(cx.image(service).to_owned()),
        image_pull_policy: Some(cx.release.pull_policy.as_str().to_owned()),
        args: Some(vec!["serve".to_owned(), service.to_string()]),
        env: Some(environment(cx, service)),
        ports: Some(vec![port("http", PUBLIC_PORT), port("internal", INTERNAL_PORT)]),
        // A minute to start; then three misses.
        startup_probe: Some(pod::http_probe(
            "/livez",
            "internal",
            &Rhythm { period: 1, timeout: 2, failures: 60 },
        )),
        liveness_probe: Some(pod::http_probe(
            "/livez",
            "internal",
            &Rhythm { period: 10, timeout: 5, failures: 3 },
        )),
        readiness_probe: Some(pod::http_probe(
            "/readyz",
            "internal",
            &Rhythm { period: 2, timeout: 2, failures: 2 },
        )),
        resources: Some(pod::resources(&resources, "50m", "64Mi", "256Mi")),
        termination_message_policy: Some(pod::LAST_WORDS.to_owned()),
        security_context: Some(pod::container_security()),
        volume_mounts: Some(mounts),
        ..Default::default()
    };
    PodSpec {
        service_account_name: Some(name.to_owned()),
        automount_service_account_token: Some(false),
        // Addresses come from the environment and DNS, not from a variable for each Service there is.
        enable_service_links: Some(false),
        security_context: Some(pod::security(pod::USER)),
        termination_grace_period_seconds: Some(GRACE),
        topology_spread_constraints: Some(pod::spread(&labels::selector(cx.name(), service.as_str()))),
        containers: vec![container],
        volumes: Some(volumes),
        ..Default::default()
    }
}

fn port(name: &str, port: u16) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: port.into(),
        protocol: Some("TCP".to_owned()),
        ..Default::default()
    }
}

fn environment(cx: &Context<'_>, service: ServiceName) -> Vec<EnvVar> {
    use pod::{env, secret_env};
    let mut all = vec![
        env("PORT", PUBLIC_PORT.to_string()),
        env("INTERNAL_PORT", INTERNAL_PORT.to_string()),
        env("LISTEN_ADDRESS", "0.0.0.0"),
        env("PEERS", peers(cx, service)),
        env("PEER_PORT", PUBLIC_PORT.to_string()),
        env("PEER_INTERNAL_PORT", INTERNAL_PORT.to_string()),
        env("INTERNAL_KEY_FILE", format!("{MOUNTS}/identity/key")),
        env("INTERNAL_TRUST_DIR", format!("{MOUNTS}/trust")),
        env("COMMERCE_LOG_FORMAT", "json"),
        env("COMMERCE_LOG", "info"),
        env("KAFKA_BROKER", cx.broker.bootstrap()),
        env("KAFKA_TOPIC_PREFIX", names::topic_prefix(&cx.identity.namespace, cx.name())),
    ];
    if has_database(service) {
        let secret = names::mongodb_access(cx.name(), service);
        all.push(secret_env("MONGODB_URI", &secret, "uri"));
        all.push(env("MONGODB_DATABASE", names::database(&cx.identity.namespace, cx.name(), service)));
        if cx.database.as_ref().is_some_and(|access| access.ca.is_some()) {
            all.push(env("MONGODB_CA_FILE", format!("{MOUNTS}/mongodb/{CA}")));
        }
    }
    if cx.broker.tls {
        all.push(env("KAFKA_TLS", "true"));
    }
    if cx.broker.ca.is_some() {
        all.push(env("KAFKA_CA_FILE", format!("{MOUNTS}/kafka/{CA}")));
    }
    if let Some(auth) = &cx.broker.auth {
        let secret = names::kafka(cx.name());
        all.push(env("KAFKA_SASL_MECHANISM", auth.mechanism.as_str()));
        all.push(secret_env("KAFKA_USERNAME", &secret, "username"));
        all.push(secret_env("KAFKA_PASSWORD", &secret, "password"));
    }
    if is_declared_to(service) {
        all.push(env("DECLARED_FILE", format!("{MOUNTS}/declared/declared.json")));
    }
    all
}

/// The other services that are on, by the headless Services that name their ready pods.
fn peers(cx: &Context<'_>, service: ServiceName) -> String {
    let others = cx.stack.enabled().filter(|other| *other != service && *other != ServiceName::Gateway);
    let others: Vec<String> =
        others.map(|other| format!("{other}={}", names::pods(cx.name(), other))).collect();
    others.join(",")
}

fn volumes(cx: &Context<'_>, service: ServiceName) -> Vec<(Volume, VolumeMount)> {
    let stack = cx.name();
    let trust = ConfigMapVolumeSource { name: names::trust(stack), ..Default::default() };
    let trust = Volume { name: "trust".to_owned(), config_map: Some(trust), ..Default::default() };
    let at = |place: &str| format!("{MOUNTS}/{place}");
    let file = |name: &str, secret: String, key: &str| pod::secret_file(name, &secret, key, &at(name));
    let mut all = vec![
        pod::scratch("tmp", "/tmp", "64Mi"),
        file("identity", names::identity(stack, service), "key"),
        (trust, pod::mount("trust", &at("trust"), true)),
    ];
    if cx.broker.ca.is_some() {
        all.push(file("kafka", names::kafka(stack), CA));
    }
    if has_database(service) && cx.database.as_ref().is_some_and(|access| access.ca.is_some()) {
        all.push(file("mongodb", names::mongodb_access(stack, service), CA));
    }
    if is_declared_to(service) {
        all.push(file("declared", names::declared(stack), "declared.json"));
    }
    all
}
