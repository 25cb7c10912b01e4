//! Apache Kafka in KRaft mode: one node that is broker and controller.

mod jars;
mod options;

use std::fmt::Write;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use jars::Kafka;
pub use options::{KafkaOptions, Sasl};

use crate::certificates::Authority;
use crate::dir::Dir;
use crate::instance::{Instance, Launch};
use crate::ports::Port;
use crate::progress::Step;
use crate::{bed, cache};

/// Long, as a busy machine takes ten times what an idle one does.
const PATIENCE: Duration = Duration::from_secs(180);
const CLUSTER: &str = "Y29tbWVyY2VzdGFjay10YQ";

/// A running broker without topics; it stops, and its data goes, when this is dropped.
#[derive(Debug)]
pub struct KafkaServer {
    address: String,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    broker: Instance,
    starts: usize,
    ports: [Port; 3],
}

impl KafkaServer {
    /// Starts a broker on the loopback interface that is open to all; fetches it first if the cache has none.
    ///
    /// Blocks: some seconds.
    ///
    /// # Errors
    /// If it cannot be fetched (no Maven, no network) or does not come up: with what the tool or the broker said.
    pub fn start() -> Result<Self> {
        Self::start_with(&KafkaOptions::default())
    }

    /// Starts a broker with users, TLS or limits.
    ///
    /// # Errors
    /// As [`KafkaServer::start`].
    pub fn start_with(options: &KafkaOptions) -> Result<Self> {
        Self::start_fetched(options).context("no Kafka broker")
    }

    /// The broker that `KAFKA_BROKER` names, as under `testbed run`; else one of our own.
    ///
    /// # Errors
    /// As [`KafkaServer::start`].
    pub fn from_env_or_start() -> Result<Self> {
        Self::from_env().map_or_else(Self::start, Ok)
    }

    /// The broker that `KAFKA_BROKER` names, if it is set.
    pub fn from_env() -> Option<Self> {
        bed::given("KAFKA_BROKER").map(|address| Self { address, own: None })
    }

    /// Fetches what is not in the cache.
    pub(crate) fn prepare() -> Result<()> {
        archived().map(drop)
    }

    fn start_fetched(options: &KafkaOptions) -> Result<Self> {
        let own = Own::start(&archived()?, options, None)?;
        Ok(Self { address: own.ports[0].address().to_string(), own: Some(own) })
    }

    /// The broker's address, `HOST:PORT`, or several of them, comma separated.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The file with the certificate of the authority that the broker's own was signed by, if it speaks TLS.
    pub fn ca_file(&self) -> Option<PathBuf> {
        let file = self.own.as_ref()?.broker.dir().join("ca.crt");
        file.is_file().then_some(file)
    }

    /// Kills the broker; its data stays.
    ///
    /// # Errors
    /// If the broker is not our own.
    pub fn stop(&mut self) -> Result<()> {
        self.own()?.broker.stop();
        Ok(())
    }

    /// Starts the broker again after [`KafkaServer::stop`], on its port and data, and waits until it is ready.
    ///
    /// # Errors
    /// If the broker is not our own or does not come up.
    pub fn resume(&mut self) -> Result<()> {
        let own = self.own()?;
        if own.broker.pid().is_none() {
            own.broker.resume()?;
            own.wait()?;
        }
        Ok(())
    }

    fn own(&mut self) -> Result<&mut Own> {
        self.own.as_mut().context("this broker was given, so it is not ours to stop; use KafkaServer::start")
    }
}

impl Own {
    fn start(kafka: &Kafka, options: &KafkaOptions, archive: Option<&Path>) -> Result<Self> {
        let ip = options.ip.unwrap_or(Ipv4Addr::LOCALHOST);
        let ports = [Port::free()?.on(ip), Port::free()?, Port::free()?];
        let dir = Dir::new("kafka")?;
        if options.tls {
            let authority = Authority::new()?;
            let server = authority.identity(&[&ip.to_string()])?;
            fs::write(dir.join("ca.crt"), authority.certificate())?;
            fs::write(dir.join("server.pem"), [server.key, server.certificate].concat())?;
        }
        fs::write(dir.join("server.properties"), options.render(dir.path(), &ports))?;
        format_storage(kafka, options, &dir)?;
        let mut launch = Launch::new(kafka.java());
        if let Some(archive) = archive {
            launch = launch.arg_path("-XX:ArchiveClassesAtExit=", archive);
        }
        let launch = launch
            .args(kafka.options())
            // Little is said beside the line that we wait for, which comes from the first of these.
            .arg("-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info")
            .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .args(["kafka.Kafka", "server.properties"]);
        let mut own = Self { broker: Instance::start(dir, launch)?, starts: 0, ports };
        own.wait()?;
        Ok(own)
    }

    fn wait(&mut self) -> Result<()> {
        self.starts += 1;
        self.broker.wait_for_lines(PATIENCE, self.starts, "Kafka Server started")
    }
}

/// Kafka with its classes archived, for which a broker has to run once.
fn archived() -> Result<Kafka> {
    let kafka = Kafka::find()?;
    if kafka.archive.exists() {
        return Ok(kafka);
    }
    let _alone = cache::lock(&kafka.archive.with_extension("lock"))?;
    if kafka.archive.exists() {
        return Ok(kafka);
    }
    let step = Step::start("preparing Apache Kafka (once)");
    let part = kafka.archive.with_extension("part");
    let mut own = Own::start(&kafka, &KafkaOptions::default(), Some(&part))?;
    own.broker.finish("TERM", PATIENCE)?;
    // A Java that cannot do this starts slowly; an archive that is none, it passes over.
    if !part.exists() {
        fs::write(&part, "")?;
    }
    fs::rename(part, &kafka.archive)?;
    step.done();
    Ok(kafka)
}

/// What `kafka-storage format` does. Without users in the metadata, that is one small file, and no Java to wait for.
fn format_storage(kafka: &Kafka, options: &KafkaOptions, dir: &Dir) -> Result<()> {
    if !options.stores_users() {
        let data = cache::made(&dir.join("data"))?;
        fs::write(data.join("meta.properties"), format!("version=1\ncluster.id={CLUSTER}\nnode.id=1\n"))?;
        return Ok(());
    }
    let mechanism = options.sasl.map(Sasl::name).unwrap_or_default();
    let mut arguments = format!("kafka.tools.StorageTool format -t {CLUSTER} -c server.properties");
    for (name, password) in &options.users {
        write!(arguments, " --add-scram \"{mechanism}=[name={name},password={password}]\"")?;
    }
    // In a file, as everybody may read the arguments of a process.
    let file = dir.join("format.arguments");
    fs::write(&file, arguments)?;
    let output = Command::new(kafka.java())
        .current_dir(dir.path())
        .args(kafka.options())
        .arg("@format.arguments")
        .stdin(Stdio::null())
        .output()?;
    fs::remove_file(file)?;
    ensure!(output.status.success(), "cannot format: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
