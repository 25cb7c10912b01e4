//! The managed database and broker: one node each, with a volume.
//!
//! They are told what they need by the environment that their official images (mongo, apache/kafka) read.

use super::pod::{self, Rhythm};
use super::{Child, Context, Lifetime};
use crate::edges::{KAFKA_PORT, MONGODB_PORT};
use crate::labels::{self, Component};
use crate::names;
use crds::{Broker, Database, Resources};
use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EnvVar, PersistentVolumeClaimVolumeSource, PodSpec, PodTemplateSpec,
    ResourceRequirements, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

const KAFKA_DATA: &str = "/var/lib/kafka/data";

/// Starts the broker if its volume has room for a few pages of each of its files. It maps them into memory, so without
/// room it ends with a memory fault, and nobody would read in its last words that the disk is full.
const WITH_ROOM: &str = r#"{ read -r _ && read -r _ size _ free _; } < <(df -Pk "$1")
if [ "${free:-4096}" -lt 4096 ]; then
  echo "its volume ($1) has no space left: $free of $size KiB are free" >&2
  exit 1
fi
exec /etc/kafka/docker/run
"#;

/// What is different between the two.
struct Node {
    label: &'static str,
    component: Component,
    name: String,
    image: String,
    /// What the image is told to run instead of its own command.
    args: Option<Vec<String>>,
    /// The user of the image.
    user: i64,
    port: u16,
    env: Vec<EnvVar>,
    /// Where the volume is.
    data: &'static str,
    /// Directories that the image writes to besides.
    scratch: Vec<(Volume, VolumeMount)>,
    resources: ResourceRequirements,
    /// Seconds until it is killed.
    grace: i64,
}

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    if let Database::Managed { .. } = cx.stack.database {
        children.push(one(cx, mongodb(cx)));
    }
    if let Broker::Managed { .. } = cx.stack.broker {
        children.push(one(cx, kafka(cx)));
    }
}

fn mongodb(cx: &Context<'_>) -> Node {
    let secret = names::mongodb_root(cx.name());
    Node {
        label: "mongodb",
        component: Component::Database,
        name: names::mongodb(cx.name()),
        image: cx.release.mongodb_image.clone(),
        args: None,
        user: 999,
        port: MONGODB_PORT,
        env: vec![
            pod::secret_env("MONGO_INITDB_ROOT_USERNAME", &secret, "username"),
            pod::secret_env("MONGO_INITDB_ROOT_PASSWORD", &secret, "password"),
        ],
        data: "/data/db",
        scratch: vec![
            pod::scratch("tmp", "/tmp", "256Mi"),
            pod::scratch("configdb", "/data/configdb", "16Mi"),
        ],
        resources: pod::resources(&Resources::default(), "100m", "256Mi", "1Gi"),
        grace: 60,
    }
}

fn kafka(cx: &Context<'_>) -> Node {
    use pod::env;
    let name = names::kafka(cx.name());
    let address = format!("{name}.{}.svc:{KAFKA_PORT}", cx.identity.namespace);
    Node {
        label: "kafka",
        component: Component::Broker,
        image: cx.release.kafka_image.clone(),
        args: Some(["bash", "-c", WITH_ROOM, "kafka", KAFKA_DATA].map(str::to_owned).to_vec()),
        user: 1000,
        port: KAFKA_PORT,
        env: vec![
            env("CLUSTER_ID", cx.secrets.kafka_cluster_id()),
            env("KAFKA_NODE_ID", "1"),
            env("KAFKA_PROCESS_ROLES", "broker,controller"),
            env("KAFKA_LISTENERS", format!("PLAINTEXT://:{KAFKA_PORT},CONTROLLER://localhost:9093")),
            env("KAFKA_ADVERTISED_LISTENERS", format!("PLAINTEXT://{address}")),
            env("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"),
            env("KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER"),
            env("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@localhost:9093"),
            env("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "1"),
            env("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1"),
            env("KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", "1"),
            env("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0"),
            // Topics are made by the operator, with their settings.
            env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false"),
            // Not the volume's root, where a file system keeps things of its own.
            env("KAFKA_LOG_DIRS", "/var/lib/kafka/data/log"),
            env("KAFKA_HEAP_OPTS", "-Xms256m -Xmx512m"),
            // Told to the pod's log; else it fills files that nobody reads, until the pod is evicted.
            env("KAFKA_LOG4J_OPTS", "-Dlog4j2.configurationFile=/etc/kafka/docker/tools-log4j2.yaml"),
            env("KAFKA_GC_LOG_OPTS", "-Xlog:disable -Xlog:all=warning:stderr"),
            env("LOG_DIR", "/tmp/kafka"),
        ],
        data: KAFKA_DATA,
        scratch: vec![
            pod::scratch("tmp", "/tmp", "256Mi"),
            // The image writes its configuration when it starts.
            pod::scratch("config", "/opt/kafka/config", "16Mi"),
        ],
        resources: pod::resources(&Resources::default(), "100m", "512Mi", "1Gi"),
        grace: 60,
        name,
    }
}

fn one(cx: &Context<'_>, node: Node) -> Child {
    let pods = labels::selector(cx.name(), node.label);
    let metadata = cx.metadata(&node.name, node.label, node.component);
    let labels = metadata.labels.clone();
    let set = StatefulSet {
        spec: Some(StatefulSetSpec {
            replicas: Some(1),
            service_name: Some(node.name.clone()),
            revision_history_limit: Some(5),
            selector: LabelSelector { match_labels: Some(pods), match_expressions: None },
            update_strategy: Some(StatefulSetUpdateStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: None,
            }),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta { labels, ..Default::default() }),
                spec: Some(pod(cx, node)),
            },
            ..Default::default()
        }),
        ..Default::default()
    };
    Child::new(&set, metadata, Lifetime::Owned, cx.identity)
}

fn pod(cx: &Context<'_>, node: Node) -> PodSpec {
    let claim = PersistentVolumeClaimVolumeSource { claim_name: names::volume(&node.name), read_only: None };
    let data = Volume { name: "data".to_owned(), persistent_volume_claim: Some(claim), ..Default::default() };
    let (mut volumes, mut mounts) = (vec![data], vec![pod::mount("data", node.data, false)]);
    for (volume, mount) in node.scratch {
        volumes.push(volume);
        mounts.push(mount);
    }
    let probe = |period, failures| pod::tcp_probe(node.label, &Rhythm { period, timeout: 3, failures });
    let container = Container {
        name: node.label.to_owned(),
        image: Some(node.image),
        args: node.args,
        image_pull_policy: Some(cx.release.pull_policy.as_str().to_owned()),
        env: Some(node.env),
        ports: Some(vec![ContainerPort {
            name: Some(node.label.to_owned()),
            container_port: node.port.into(),
            protocol: Some("TCP".to_owned()),
            ..Default::default()
        }]),
        // Five minutes to recover its data.
        startup_probe: Some(probe(2, 150)),
        liveness_probe: Some(probe(10, 6)),
        readiness_probe: Some(probe(5, 2)),
        resources: Some(node.resources),
        termination_message_policy: Some(pod::LAST_WORDS.to_owned()),
        security_context: Some(pod::container_security()),
        volume_mounts: Some(mounts),
        ..Default::default()
    };
    PodSpec {
        service_account_name: Some(node.name),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        security_context: Some(pod::security(node.user)),
        termination_grace_period_seconds: Some(node.grace),
        containers: vec![container],
        volumes: Some(volumes),
        ..Default::default()
    }
}
