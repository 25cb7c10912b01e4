//! What a broker may be asked to be: its users, its TLS, its limits; written as the broker's properties.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::path::Path;

use crate::ports::Port;

/// How clients tell who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sasl {
    /// SASL/PLAIN.
    Plain,
    /// SASL/SCRAM-SHA-256.
    ScramSha256,
    /// SASL/SCRAM-SHA-512.
    ScramSha512,
}

impl Sasl {
    /// The mechanism's registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// What the broker is to be; by default open to all, without TLS.
#[derive(Debug, Clone, Default)]
pub struct KafkaOptions {
    pub(super) ip: Option<Ipv4Addr>,
    pub(super) sasl: Option<Sasl>,
    pub(super) users: Vec<(String, String)>,
    pub(super) tls: bool,
    properties: Vec<(String, String)>,
}

impl KafkaOptions {
    /// Admits only users who tell their name and password by `mechanism`. May be called once per user.
    #[must_use]
    pub fn user(mut self, mechanism: Sasl, name: &str, password: &str) -> Self {
        self.sasl = Some(mechanism);
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// Listens at another of this machine's addresses instead of the loopback interface's, as
    /// [`crate::Kubernetes::machine`] is one. A certificate is for that address, too.
    #[must_use]
    pub fn listen_on(mut self, ip: Ipv4Addr) -> Self {
        self.ip = Some(ip);
        self
    }

    /// Speaks TLS, with a certificate of an authority made for this broker.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Refuses batches larger than this.
    #[must_use]
    pub fn message_max_bytes(self, bytes: u32) -> Self {
        self.property("message.max.bytes", &bytes.to_string())
    }

    /// Sets any property of the broker.
    #[must_use]
    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.properties.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether users are part of the stored metadata, which must then be formatted with them.
    pub(super) fn stores_users(&self) -> bool {
        matches!(self.sasl, Some(Sasl::ScramSha256 | Sasl::ScramSha512))
    }

    /// The text of server.properties for one node that is broker and controller, with its data in `dir`. Clients
    /// have a listener of their own: what this node tells itself needs neither users nor TLS.
    pub(super) fn render(&self, dir: &Path, [client, controller, internal]: &[Port; 3]) -> String {
        let protocol = match (self.sasl.is_some(), self.tls) {
            (false, false) => "PLAINTEXT",
            (false, true) => "SSL",
            (true, false) => "SASL_PLAINTEXT",
            (true, true) => "SASL_SSL",
        };
        let (client, controller, internal) = (client.address(), controller.address(), internal.address());
        let mut text = format!(
            "process.roles=broker,controller\n\
             node.id=1\n\
             controller.quorum.voters=1@{controller}\n\
             controller.listener.names=CONTROLLER\n\
             inter.broker.listener.name=INTERNAL\n\
             listeners=CLIENT://{client},CONTROLLER://{controller},INTERNAL://{internal}\n\
             advertised.listeners=CLIENT://{client},INTERNAL://{internal}\n\
             listener.security.protocol.map=CLIENT:{protocol},CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT\n\
             log.dirs={}\n",
            dir.join("data").display(),
        );
        text.push_str(ONE_NODE);
        if let Some(sasl) = self.sasl {
            let name = sasl.name();
            let _ = writeln!(text, "sasl.enabled.mechanisms={name}");
            let module =
                if sasl == Sasl::Plain { "plain.PlainLoginModule" } else { "scram.ScramLoginModule" };
            let users: String = match sasl {
                Sasl::Plain => {
                    self.users.iter().map(|(user, word)| format!(" user_{user}=\"{word}\"")).collect()
                }
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "listener.name.client.{}.sasl.jaas.config=org.apache.kafka.common.security.{module} required{users};",
                name.to_lowercase(),
            );
        }
        if self.tls {
            let store = dir.join("server.pem");
            let _ = writeln!(text, "ssl.keystore.type=PEM\nssl.keystore.location={}", store.display());
        }
        for (name, value) in &self.properties {
            let _ = writeln!(text, "{name}={value}");
        }
        text
    }
}

/// No topic but those that were created, as in production; else what one node of a test needs: nothing waits for
/// other nodes, and a node that was killed comes back soon.
const ONE_NODE: &str = "\
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
";
