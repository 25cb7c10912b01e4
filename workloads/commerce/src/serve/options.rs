//! What `commerce serve` is told, by flags or by the environment, and its checks. Nothing is connected here.

use crate::Failure;
use crate::serve::kafka::KafkaOptions;
use adapters::bus::kafka::KafkaConfig;
use adapters::peers::http::PeerAddresses;
use api::ServiceName;
use clap::Args;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Options of `commerce serve`.
#[derive(Args)]
#[command(
    after_help = "Environment only, as they are secret: MONGODB_URI (the database, with credentials), KAFKA_PASSWORD."
)]
pub(crate) struct Options {
    /// The service: account, project, customer, product, inventory, cart, order, or gateway
    #[arg(value_parser = service)]
    service: ServiceName,
    /// The address of both ports
    #[arg(long, env = "LISTEN_ADDRESS", default_value = "0.0.0.0")]
    listen_address: IpAddr,
    /// Where public routes answer: the API at the gateway, else what the gateway calls
    #[arg(long, env = "PORT", default_value_t = 8080)]
    port: u16,
    /// Where peers call, and where /metrics, /livez and /readyz answer
    #[arg(long, env = "INTERNAL_PORT", default_value_t = 9090)]
    internal_port: u16,
    /// The service's database on the server of MONGODB_URI
    #[arg(long, env = "MONGODB_DATABASE")]
    mongodb_database: Option<String>,
    /// Certificate authorities of the database, a PEM file; implies TLS
    #[arg(long, env = "MONGODB_CA_FILE")]
    mongodb_ca_file: Option<PathBuf>,
    #[command(flatten)]
    kafka: KafkaOptions,
    /// The services that are on and their hosts: account=HOST[|HOST…],cart=HOST…; a name stands for all of
    /// its addresses
    #[arg(long, env = "PEERS", default_value = "")]
    peers: String,
    /// The port of the others' public routes
    #[arg(long, env = "PEER_PORT", default_value_t = 8080)]
    peer_port: u16,
    /// The port of the others' internal routes
    #[arg(long, env = "PEER_INTERNAL_PORT", default_value_t = 9090)]
    peer_internal_port: u16,
    /// The workload's own key: an Ed25519 seed, 32 bytes in base64; read again when it changes
    #[arg(long, env = "INTERNAL_KEY_FILE")]
    internal_key_file: Option<PathBuf>,
    /// A file for each service that is trusted, named like it, with its public key; read again when it changes
    #[arg(long, env = "INTERNAL_TRUST_DIR")]
    internal_trust_dir: Option<PathBuf>,
    /// What the manifest declares (account and project only); applied when it changes
    #[arg(long, env = "DECLARED_FILE")]
    declared_file: Option<PathBuf>,
    /// Seconds between failing /readyz and closing the ports, once asked to stop: until others have noticed
    #[arg(long, env = "DRAIN_DELAY", default_value_t = 5)]
    drain_delay: u64,
    /// Seconds that requests under way may take after that; the gateway answers each within 60
    #[arg(long, env = "DRAIN_TIMEOUT", default_value_t = 65)]
    drain_timeout: u64,
}

/// What was told, checked.
pub(crate) struct Config {
    pub(crate) service: ServiceName,
    pub(crate) public: SocketAddr,
    pub(crate) internal: SocketAddr,
    /// `None` for the gateway, which keeps nothing.
    pub(crate) database: Option<Database>,
    pub(crate) kafka: KafkaConfig,
    pub(crate) peers: PeerAddresses,
    pub(crate) peer_port: u16,
    pub(crate) peer_internal_port: u16,
    pub(crate) key_file: PathBuf,
    pub(crate) trust_dir: PathBuf,
    pub(crate) declared_file: Option<PathBuf>,
    pub(crate) drain_delay: Duration,
    pub(crate) drain_timeout: Duration,
}

/// Where a service keeps its data.
pub(crate) struct Database {
    pub(crate) uri: String,
    pub(crate) name: String,
    pub(crate) ca_file: Option<PathBuf>,
}

/// What the environment says that no flag may.
pub(crate) struct Secrets {
    pub(crate) mongodb_uri: Option<String>,
    pub(crate) kafka_password: Option<String>,
}

impl Secrets {
    pub(crate) fn of_environment() -> Self {
        let secret = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self { mongodb_uri: secret("MONGODB_URI"), kafka_password: secret("KAFKA_PASSWORD") }
    }
}

fn service(name: &str) -> Result<ServiceName, String> {
    let all = || ServiceName::ALL.iter().map(|service| service.as_str()).collect::<Vec<_>>().join(", ");
    ServiceName::parse(name).ok_or_else(|| format!("there is no such service; there are {}", all()))
}

impl Options {
    /// Checks what can be checked without a connection.
    pub(crate) fn check(self, secrets: Secrets) -> Result<Config, Failure> {
        let service = self.service;
        let needed = |name: &str, what: &str| Failure::Use(format!("{name} is not set: {what}"));
        // Zero stands for any port that is free, so two of them are two ports.
        if self.port == self.internal_port && self.port != 0 {
            let port = self.port;
            return Err(Failure::Use(format!("PORT and INTERNAL_PORT are both {port}; choose two ports")));
        }
        let peers =
            PeerAddresses::parse(&self.peers).map_err(|error| Failure::Use(format!("PEERS: {error}")))?;
        for always in [ServiceName::Account, ServiceName::Project] {
            if service == ServiceName::Gateway && !peers.services().any(|on| on == always) {
                return Err(Failure::Use(format!(
                    "PEERS: '{always}' is missing; no stack can do without it"
                )));
            }
        }
        let kafka = self.kafka.check(format!("commerce-{service}"), secrets.kafka_password)?;
        let database = match service {
            ServiceName::Gateway => None,
            _ => Some(Database {
                uri: secrets.mongodb_uri.ok_or_else(|| {
                    needed("MONGODB_URI", "the service keeps its data there, e.g. mongodb://host:27017")
                })?,
                name: self
                    .mongodb_database
                    .filter(|name| !name.is_empty())
                    .ok_or_else(|| needed("MONGODB_DATABASE", "each service has a database of its own"))?,
                ca_file: self.mongodb_ca_file,
            }),
        };
        Ok(Config {
            service,
            public: SocketAddr::new(self.listen_address, self.port),
            internal: SocketAddr::new(self.listen_address, self.internal_port),
            database,
            kafka,
            peers,
            peer_port: self.peer_port,
            peer_internal_port: self.peer_internal_port,
            key_file: self
                .internal_key_file
                .ok_or_else(|| needed("INTERNAL_KEY_FILE", "calls to other services are signed with it"))?,
            trust_dir: self
                .internal_trust_dir
                .ok_or_else(|| needed("INTERNAL_TRUST_DIR", "callers are known by the keys in it"))?,
            declared_file: self.declared_file,
            drain_delay: Duration::from_secs(self.drain_delay),
            drain_timeout: Duration::from_secs(self.drain_timeout),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Command;

    #[test]
    fn draining_waits_for_longer_than_the_gateway_lets_a_request_take() {
        let command = Options::augment_args(Command::new("serve"));
        let drain = command.get_arguments().find(|argument| argument.get_id() == "drain_timeout");
        let default =
            drain.and_then(|argument| argument.get_default_values().first()?.to_str()?.parse().ok());
        assert!(default.map(Duration::from_secs) > Some(gateway::Limits::default().time), "{default:?}");
    }
}
