//! How the operator itself reaches a stack's database and broker, and which users it makes there.
//!
//! The services reach them by the Secrets that [`crate::build`] makes from the same values.

use crate::build::Identity;
use crate::edges::{KAFKA_PORT, MONGODB_PORT, has_database};
use crate::inputs::{Credentials, Inputs, KafkaAuth, MongoUri};
use crate::names;
use crate::secrets::Secrets;
use crds::{Broker, Database, ServiceName, ValidatedStack};

/// The name of the managed database's administrator.
pub const MONGODB_ROOT: &str = "root";

/// The database server and what must be there.
#[derive(Debug, Clone)]
pub struct DatabaseAccess {
    /// The administrator's connection string.
    pub admin: MongoUri,
    /// PEM certificates of the authority to trust.
    pub ca: Option<String>,
    /// A user for each service that keeps data, also for those that are off: their data stays.
    pub users: Vec<DatabaseUser>,
}

/// A service's database and its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUser {
    /// The service.
    pub service: ServiceName,
    /// The database, in which the user lives, too.
    pub database: String,
    /// The user; none where the server asks for no password.
    pub credentials: Option<Credentials>,
}

/// The broker.
#[derive(Debug, Clone)]
pub struct BrokerAccess {
    /// `host:port`, at least one.
    pub servers: Vec<String>,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// PEM certificates of the authority to trust; none means the public ones.
    pub ca: Option<String>,
    /// The user.
    pub auth: Option<KafkaAuth>,
}

impl BrokerAccess {
    /// The servers as clients are told them.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        self.servers.join(",")
    }
}

/// The database of a stack; none if it is external and its connection string could not be read.
#[must_use]
pub fn database(stack: &ValidatedStack, identity: &Identity, inputs: &Inputs) -> Option<DatabaseAccess> {
    let (admin, ca) = match &stack.database {
        Database::External { .. } => (inputs.mongodb_uri.clone()?, inputs.mongodb_ca.clone()),
        Database::Managed { .. } => {
            let root = Credentials {
                username: MONGODB_ROOT.to_owned(),
                password: Secrets::new(&inputs.root, 0).database_root_password(),
            };
            let host =
                format!("{}.{}.svc:{MONGODB_PORT}", names::mongodb(&identity.name), identity.namespace);
            (MongoUri::of_administrator(root, host), None)
        }
    };
    let keepers = ServiceName::ALL.iter().copied().filter(|service| has_database(*service));
    let users = keepers.map(|service| user(service, &admin, identity, inputs)).collect();
    Some(DatabaseAccess { admin, ca, users })
}

fn user(service: ServiceName, admin: &MongoUri, identity: &Identity, inputs: &Inputs) -> DatabaseUser {
    let database = names::database(&identity.namespace, &identity.name, service);
    let credentials = admin.credentials().map(|_| Credentials {
        username: database.clone(),
        password: Secrets::new(&inputs.root, 0).database_password(service.as_str()),
    });
    DatabaseUser { service, database, credentials }
}

/// The broker of a stack.
#[must_use]
pub fn broker(stack: &ValidatedStack, identity: &Identity, inputs: &Inputs) -> BrokerAccess {
    let plain = |host: String| BrokerAccess {
        servers: vec![format!("{host}.{}.svc:{KAFKA_PORT}", identity.namespace)],
        tls: false,
        ca: None,
        auth: None,
    };
    match &stack.broker {
        Broker::Managed { .. } => plain(names::kafka(&identity.name)),
        Broker::Strimzi { cluster } => plain(format!("{cluster}-kafka-bootstrap")),
        Broker::External { bootstrap_servers, auth, tls } => BrokerAccess {
            servers: bootstrap_servers.clone(),
            tls: tls.is_some(),
            ca: inputs.kafka_ca.clone().filter(|_| tls.is_some()),
            auth: inputs.kafka_auth.clone().filter(|_| auth.is_some()),
        },
    }
}
