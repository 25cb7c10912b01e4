//! One connection to a database server as a user who may administer users.

use super::error::{Failure, unreachable};
use crate::backends::{BackendFinding, DatabasePlan, Tools, reach::reach};
use crate::inputs::Credentials;
use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::{
    AuthMechanism, ClientOptions, Credential, ServerAddress, Tls as MongoTls, TlsOptions,
};
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many commands to one server run at the same time: a slow one takes no more of everybody's turns.
const TURNS: usize = 8;

pub(super) struct Server {
    client: Client,
    /// Without credentials, for logins of others.
    options: ClientOptions,
    ca_pem: Option<String>,
    hosts: String,
    tools: Arc<Tools>,
    turns: Semaphore,
    /// Why it can no longer be used, once that is so.
    lost: OnceLock<BackendFinding>,
    /// Whether the connection string has a user: else the server asks nobody for a password.
    pub(super) asks_for_passwords: bool,
    /// Whether rights are given by roles. FerretDB 1 has none: who logs in may do everything.
    pub(super) has_roles: bool,
    /// When which password is to be tried again.
    checks: Mutex<HashMap<String, Check>>,
}

struct Check {
    password: String,
    due: Instant,
}

impl Server {
    /// Connects, logs in, and asks what kind of server it is.
    pub(super) async fn open(plan: &DatabasePlan, tools: Arc<Tools>) -> Result<Self, BackendFinding> {
        let limits = tools.limits;
        let mut options = options(plan, limits.operation).await?;
        let addresses = addresses(&options)?;
        let hosts = addresses.join(",");
        reach(&addresses, limits.connect).await.map_err(|why| unreachable(&hosts, &why))?;
        options.app_name = Some("commerce-operator".to_owned());
        options.max_pool_size = Some(4);
        options.min_pool_size = Some(0);
        options.max_idle_time = Some(Duration::from_secs(60));
        options.connect_timeout = Some(limits.connect);
        options.server_selection_timeout = Some(limits.operation);
        let asks_for_passwords = options.credential.is_some();
        let client = connect(options.clone(), plan.ca_pem.as_deref())
            .map_err(|failure| failure.finding("fit the connection string", &hosts))?;
        options.credential = None;
        let mut server = Self {
            client,
            options,
            ca_pem: plan.ca_pem.clone(),
            hosts,
            tools,
            turns: Semaphore::new(TURNS),
            lost: OnceLock::new(),
            asks_for_passwords,
            has_roles: true,
            checks: Mutex::default(),
        };
        let build = server.run("admin", doc! { "buildInfo": 1 }).await;
        let build = build.map_err(|failure| server.finding(&failure, "say what it is"))?;
        server.has_roles = !build.contains_key("ferretdbVersion");
        Ok(server)
    }

    /// Why this client can no longer be used, if so.
    pub(super) fn lost(&self) -> Option<&BackendFinding> {
        self.lost.get()
    }

    pub(super) fn finding(&self, failure: &Failure, doing: &str) -> BackendFinding {
        let problem = failure.finding(doing, &self.hosts);
        match problem {
            // Whoever waits for a turn need not find out the same.
            BackendFinding::MongoUnreachable { .. } | BackendFinding::MongoAuthenticationFailed { .. } => {
                self.lost.get_or_init(|| problem).clone()
            }
            _ => problem,
        }
    }

    /// Runs a command that changes nothing.
    pub(super) async fn run(&self, database: &str, command: Document) -> Result<Document, Failure> {
        let _turn = self.turns.acquire().await;
        let _turn_of_all = self.tools.gate.acquire().await;
        if self.lost().is_some() {
            return Err(Failure::Lost);
        }
        // The time includes finding a server, which takes all of the driver's own limit when there is none.
        let patience = self.tools.limits.operation + Duration::from_secs(1);
        match timeout(patience, self.client.database(database).run_command(command)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Failure::TooSlow),
        }
    }

    /// Runs a command that changes something.
    pub(super) async fn write(&self, database: &str, command: Document) -> Result<Document, Failure> {
        self.tools.counts.mongo_writes.add();
        self.run(database, command).await
    }

    /// Whether the password is to be tried. One that the server vouches for, by a mark, is tried now and then,
    /// to find that somebody has changed it; the first time is spread, so that a restart is no storm.
    pub(super) fn is_check_due(&self, user: &Credentials, vouched: bool) -> bool {
        let mut checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        let password = super::users::fingerprint(user);
        match checks.get(&user.username) {
            Some(check) if check.password == password => check.due <= Instant::now(),
            _ if vouched => {
                let share = u32::from_str_radix(password.get(..4).unwrap_or_default(), 16).unwrap_or(0);
                let due = Instant::now() + self.tools.limits.login_check * share / 0x1_0000;
                checks.insert(user.username.clone(), Check { password, due });
                false
            }
            _ => true,
        }
    }

    /// Notes that the user can log in with this password now.
    pub(super) fn checked(&self, user: &Credentials) {
        let due = Instant::now() + self.tools.limits.login_check;
        let check = Check { password: super::users::fingerprint(user), due };
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).insert(user.username.clone(), check);
    }

    /// Whether the user can log in. An error says nothing about the password.
    pub(super) async fn can_log_in(&self, database: &str, user: &Credentials) -> Result<bool, Failure> {
        self.tools.counts.mongo_logins.add();
        let _turn = self.turns.acquire().await;
        let _turn_of_all = self.tools.gate.acquire().await;
        let mut options = self.options.clone();
        options.max_pool_size = Some(1);
        options.credential = Some(
            Credential::builder()
                .username(user.username.clone())
                .password(user.password.expose().to_owned())
                .source(database.to_owned())
                .build(),
        );
        let client = connect(options, self.ca_pem.as_deref())?;
        // What the answer is does not matter: the driver logs in before it asks.
        let database = client.database(database);
        let attempt = timeout(self.tools.limits.operation, database.run_command(doc! { "ping": 1 })).await;
        let outcome = match attempt.map_err(|_| Failure::TooSlow).and_then(|answer| Ok(answer?)) {
            Ok(_) => Ok(true),
            Err(failure) if failure.is_wrong_password() => Ok(false),
            Err(failure) => Err(failure),
        };
        client.shutdown().immediate(true).await;
        outcome
    }
}

async fn options(plan: &DatabasePlan, patience: Duration) -> Result<ClientOptions, BackendFinding> {
    let refused = |message: &str| Err(BackendFinding::MongoRefused { message: message.to_owned() });
    // For mongodb+srv this asks DNS.
    let parsed = timeout(patience, ClientOptions::parse(plan.admin_uri.expose())).await;
    let options = match parsed {
        Ok(Ok(options)) => options,
        Ok(Err(error)) if matches!(error.kind.as_ref(), mongodb::error::ErrorKind::DnsResolve { .. }) => {
            return Err(unreachable("the name in the connection string", "DNS has no SRV record for it"));
        }
        Ok(Err(_)) => {
            return refused(
                "the connection string of MongoDB cannot be read: write \
                 mongodb://USER:PASSWORD@HOST:PORT/?OPTIONS, with special characters percent-encoded",
            );
        }
        Err(_) => return Err(unreachable("the name in the connection string", "DNS does not answer")),
    };
    // The string comes from a tenant: it must not lead to files or credentials of the operator's own pod.
    if let Some(MongoTls::Enabled(tls)) = &options.tls
        && (tls.ca_file_path.is_some() || tls.cert_key_file_path.is_some())
    {
        return refused(
            "the connection string of MongoDB names a file (tlsCAFile or tlsCertificateKeyFile), and the operator \
             reads none: give the authority's certificates by spec.mongodb.external.caSecretRef",
        );
    }
    let mechanism = options.credential.as_ref().and_then(|credential| credential.mechanism.as_ref());
    let known = [AuthMechanism::ScramSha1, AuthMechanism::ScramSha256, AuthMechanism::Plain];
    if mechanism.is_some_and(|mechanism| !known.contains(mechanism)) {
        return refused(
            "the connection string of MongoDB asks for an authMechanism that the operator does not use: it knows \
             SCRAM-SHA-256, SCRAM-SHA-1 and PLAIN",
        );
    }
    Ok(options)
}

fn addresses(options: &ClientOptions) -> Result<Vec<String>, BackendFinding> {
    let address = |address: &ServerAddress| match address {
        ServerAddress::Tcp { host, port } if host.contains(':') && !host.starts_with('[') => {
            Some(format!("[{host}]:{}", port.unwrap_or(27017)))
        }
        ServerAddress::Tcp { host, port } => Some(format!("{host}:{}", port.unwrap_or(27017))),
        _ => None,
    };
    let addresses: Option<Vec<String>> = options.hosts.iter().map(address).collect();
    addresses.ok_or_else(|| BackendFinding::MongoRefused {
        message: "the connection string of MongoDB names a socket file: give host:port".to_owned(),
    })
}

fn connect(mut options: ClientOptions, ca_pem: Option<&str>) -> Result<Client, Failure> {
    let Some(ca_pem) = ca_pem else { return Ok(Client::with_options(options)?) };
    let mut tls = match options.tls.take() {
        Some(MongoTls::Enabled(tls)) => tls,
        _ => TlsOptions::default(),
    };
    // The driver takes certificates from a file alone, which it reads while the client is made.
    let file = CaFile::write(ca_pem).map_err(|error| Failure::Driver(error.into()))?;
    tls.ca_file_path = Some(file.0.clone());
    options.tls = Some(MongoTls::Enabled(tls));
    Ok(Client::with_options(options)?)
}

/// A file that is gone when this is dropped.
struct CaFile(PathBuf);

impl CaFile {
    fn write(pem: &str) -> std::io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("commerce-operator-{}-{count}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let file_guard = Self(path);
        file.write_all(pem.as_bytes())?;
        Ok(file_guard)
    }
}

impl Drop for CaFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
