//! The names of everything that belongs to a stack. Each is a function of the stack's name and namespace
//! alone, so what was made once is found again.

use crds::ServiceName;
use sha2::{Digest, Sha256};

/// The label that every object of a stack carries, with the stack's name.
pub const STACK_LABEL: &str = "commercestack.io/stack";

/// The label of objects that hold data or guard it.
pub const GUARD_LABEL: &str = "commercestack.io/guards";

/// The greatest length of what becomes a DNS label or the value of a label.
pub const MAX_LABEL: usize = 63;

/// The NetworkPolicy that closes what no other one opens: `shop-default-deny`.
#[must_use]
pub fn default_deny(stack: &str) -> String {
    format!("{stack}-default-deny")
}

/// The NetworkPolicy of the Jobs that load sample data: `shop-seed`.
#[must_use]
pub fn seed_policy(stack: &str) -> String {
    format!("{stack}-seed")
}

/// Deployment, ServiceAccount, policies and the gateway's Service: `shop-cart`.
#[must_use]
pub fn service(stack: &str, service: ServiceName) -> String {
    format!("{stack}-{service}")
}

/// The headless Service that names the pods of a service: `shop-cart-pods`.
#[must_use]
pub fn pods(stack: &str, service: ServiceName) -> String {
    format!("{stack}-{service}-pods")
}

/// The Secret from whose seed every other secret derives: `shop-root`.
#[must_use]
pub fn root(stack: &str) -> String {
    format!("{stack}-root")
}

/// The Secret with a service's own signing key: `shop-cart-identity`.
#[must_use]
pub fn identity(stack: &str, service: ServiceName) -> String {
    format!("{stack}-{service}-identity")
}

/// The Secret with a service's database user: `shop-cart-mongodb`.
#[must_use]
pub fn mongodb_access(stack: &str, service: ServiceName) -> String {
    format!("{stack}-{service}-mongodb")
}

/// The ConfigMap with every service's public key: `shop-trust`.
#[must_use]
pub fn trust(stack: &str) -> String {
    format!("{stack}-trust")
}

/// The Secret with declared.json: `shop-declared`.
#[must_use]
pub fn declared(stack: &str) -> String {
    format!("{stack}-declared")
}

/// The managed MongoDB: `shop-mongodb`.
#[must_use]
pub fn mongodb(stack: &str) -> String {
    format!("{stack}-mongodb")
}

/// The Secret with the managed MongoDB's administrator: `shop-mongodb-root`.
#[must_use]
pub fn mongodb_root(stack: &str) -> String {
    format!("{stack}-mongodb-root")
}

/// The managed Kafka, and the Secret with how to reach the broker: `shop-kafka`.
#[must_use]
pub fn kafka(stack: &str) -> String {
    format!("{stack}-kafka")
}

/// The Secret with the credentials of an API client: `shop-client-demo-admin`.
#[must_use]
pub fn client(stack: &str, label: &str) -> String {
    format!("{stack}-client-{label}")
}

/// The Job that loads the sample catalogue of a project: `shop-seed-demo`.
#[must_use]
pub fn seed(stack: &str, project: &str) -> String {
    bounded(&format!("{stack}-seed-{}", project.replace('_', "-")), project)
}

/// The volume claim of a managed single node: `data-shop-mongodb-0`.
#[must_use]
pub fn volume(stateful_set: &str) -> String {
    format!("data-{stateful_set}-0")
}

/// What the names of a stack's databases and database users begin with: `cs_0123456789_`. A database's name
/// holds no dots and few characters, hence a hash.
#[must_use]
pub fn database_prefix(namespace: &str, stack: &str) -> String {
    let hash = hex(&Sha256::digest(format!("{namespace}/{stack}")));
    format!("cs_{}_", &hash[..10])
}

/// The database of a service, and the user who may use it.
#[must_use]
pub fn database(namespace: &str, stack: &str, service: ServiceName) -> String {
    format!("{}{service}", database_prefix(namespace, stack))
}

/// What the names of a stack's topics begin with: `default.shop.`.
#[must_use]
pub fn topic_prefix(namespace: &str, stack: &str) -> String {
    format!("{namespace}.{stack}.")
}

/// A name cut to a DNS label's length; what was cut stays distinct by a hash of `distinct`.
fn bounded(name: &str, distinct: &str) -> String {
    // Different keys may look alike once their underscores are hyphens.
    if name.len() <= MAX_LABEL && !distinct.contains('_') {
        return name.to_owned();
    }
    let hash = hex(&Sha256::digest(distinct));
    let cut: String = name.chars().take(MAX_LABEL - 9).collect();
    format!("{}-{}", cut.trim_end_matches('-'), &hash[..8])
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
