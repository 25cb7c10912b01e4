//! Java, and Apache Kafka's jars, fetched once by Maven into the cache.

use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::progress::Step;
use crate::{build, cache};

const POM: &str = include_str!("../../kafka/pom.xml");
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// What it takes to run Kafka's programs.
pub(super) struct Kafka {
    java: PathBuf,
    class_path: OsString,
    /// Kafka's classes as Java wants them, if they were prepared: this halves the start.
    pub(super) archive: PathBuf,
}

impl Kafka {
    pub(super) fn find() -> Result<Self> {
        let java = build::on_path("java").context(
            "there is no `java` on the PATH, which Apache Kafka needs for the tests.\n\
             `scripts/setup.sh kafka` installs one; or install a Java runtime of version 17 or newer",
        )?;
        let jars = fetched()?;
        // An archive is good for the Java that made it.
        let runtime = java.canonicalize()?;
        let mut hasher = DefaultHasher::new();
        (&runtime, fs::metadata(&runtime)?.modified()?).hash(&mut hasher);
        let archive = jars.with_extension(format!("{:016x}.jsa", hasher.finish()));
        let mut class_path = jars.into_os_string();
        class_path.push("/*");
        Ok(Self { java, class_path, archive })
    }

    /// Options of Java for starting fast, as all that runs here is short; then the class path.
    pub(super) fn options(&self) -> Vec<OsString> {
        let mut archive = OsString::from("-XX:SharedArchiveFile=");
        archive.push(&self.archive);
        let options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m"];
        // Neither of these writes where nobody would clear it away.
        let options = options.into_iter().chain(["-XX:-UsePerfData", "-Djava.io.tmpdir=."]);
        let mut options: Vec<_> = options.map(OsString::from).collect();
        if self.archive.exists() {
            options.push(archive);
        }
        options.extend([OsString::from("-cp"), self.class_path.clone()]);
        options
    }

    pub(super) fn java(&self) -> &Path {
        &self.java
    }
}

fn fetched() -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    (POM, COPY).hash(&mut hasher);
    let testbed = cache::made(&cache::dir()?.join("testbed"))?;
    let jars = testbed.join(format!("kafka-{:016x}", hasher.finish()));
    if jars.is_dir() {
        return Ok(jars);
    }
    let _alone = cache::lock(&testbed.join("kafka.lock"))?;
    if jars.is_dir() {
        return Ok(jars); // another process fetched them while we waited
    }
    let work = testbed.join("build-kafka");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    cache::made(&work)?;
    fs::write(work.join("pom.xml"), POM)?;
    let maven = build::on_path("mvn").context(
        "there is no `mvn` on the PATH, which fetches Apache Kafka for the tests.\n\
         `scripts/setup.sh kafka` installs Maven",
    )?;
    let mut step = Step::start("fetching Apache Kafka (once)");
    let mut command = Command::new(maven);
    command.current_dir(&work).args(["--batch-mode", "--no-transfer-progress", COPY]);
    command.args(["-DincludeScope=runtime", "-DoutputDirectory=lib"]);
    build::run(&mut command, &work.join("build.log"), &mut step)?;
    fs::rename(work.join("lib"), &jars)?;
    fs::remove_dir_all(&work)?;
    step.done();
    Ok(jars)
}
