//! `testbed up`, `status` and `down`: servers held by a process in the background.
//!
//! `up` starts that process (`testbed hold`), shows its progress until all servers answer, and leaves it behind. It
//! has its own process group, no terminal, and does not mind a hangup.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use commerce_testbed::process::Process;
use commerce_testbed::{Part, Server, VARIABLES, cache, dir};

use super::Wanted;
use super::signals::Signals;
use super::state::{self, State};

/// Starts the servers in the background, or finds them running; prints their variables.
pub async fn up(wanted: &Wanted) -> Result<u8> {
    let mut signals = Signals::listen()?;
    let at = state::dir()?;
    let _alone = cache::lock(&at.with_extension("lock"))?;
    let log = at.join("log");
    // The holder of an `up` that was killed may still be starting; then we wait for that one.
    let holder = match State::read()? {
        Some(state) => state.owner()?,
        None => start_holder(wanted, &log)?,
    };
    let mut said = File::open(&log)?;
    let servers = loop {
        let mut news = Vec::new();
        said.read_to_end(&mut news)?;
        if let Some(state) = State::read()?.filter(|state| !state.servers.is_empty()) {
            break state.servers;
        }
        std::io::stderr().write_all(&news)?;
        if !holder.lives() {
            bail!("the servers did not come up");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
            (_, code) = signals.next() => {
                holder.end("TERM")?;
                return Ok(code);
            }
        }
    };
    let nodes = servers.iter().find(|server| server.part == Part::Nodes);
    let nodes = nodes.and_then(|server| server.value.parse().ok()).unwrap_or(0);
    if wanted.nodes > nodes {
        bail!("a testbed is up, but with {nodes} nodes; `testbed down` ends it, then bring up what you need");
    }
    if let Some(missing) = wanted.parts.iter().find(|part| servers.iter().all(|server| server.part != **part))
    {
        bail!("a testbed is up, but without {missing}; `testbed down` ends it, then bring up what you need");
    }
    print_exports(&servers);
    Ok(0)
}

fn start_holder(wanted: &Wanted, log: &Path) -> Result<Process> {
    let out = File::create(log)?;
    let only: Vec<_> = wanted.parts.iter().map(ToString::to_string).collect();
    let mut command = Command::new(std::env::current_exe()?);
    // What these name may be an earlier testbed's, in a shell that outlived it.
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    let holder = command
        .args(["hold", "--only", &only.join(","), "--nodes", &wanted.nodes.to_string()])
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .spawn()
        .context("cannot start the process that holds the servers")?;
    Process::with_pid(holder.id()).context("the process that holds the servers ended at once")
}

/// Holds the servers until a signal tells it to end.
pub async fn hold(wanted: &Wanted) -> Result<u8> {
    let mut signals = Signals::listen()?;
    State::of_this(Vec::new())?.write()?;
    let bed = signals.start_bed(wanted).await?;
    State::of_this(bed.servers())?.write()?;
    while signals.next().await.0 == "HUP" {}
    drop(bed);
    fs::remove_dir_all(state::dir()?)?;
    Ok(0)
}

/// Says what runs.
pub fn status() -> Result<u8> {
    let Some(state) = State::read()? else {
        println!("no testbed is up");
        return Ok(1);
    };
    let owner = state.owner()?.pid();
    if state.servers.is_empty() {
        println!("a testbed is being started (process {owner})");
        return Ok(1);
    }
    println!("up since {} (process {owner})", state.since()?);
    let mut all_answer = true;
    for server in &state.servers {
        let answers = server.addresses.iter().all(|address| answers(address));
        all_answer &= answers;
        let says = if answers { "answers" } else { "does not answer" };
        let (part, addresses) = (server.part, server.addresses.join(","));
        println!("{part:<12}{addresses:<24} {says:<18}{}={}", server.variable, server.value);
    }
    Ok(u8::from(!all_answer))
}

/// Ends what `up` started.
pub fn down() -> Result<u8> {
    match State::read()? {
        Some(state) => {
            let owner = state.owner()?;
            owner.end("TERM")?;
            println!("the testbed of process {} is down", owner.pid());
        }
        None => println!("no testbed was up"),
    }
    let up = state::dir()?;
    fs::remove_dir_all(&up)?;
    dir::sweep_all()?;
    Ok(0)
}

fn answers(address: &str) -> bool {
    let addresses = address.to_socket_addrs().into_iter().flatten();
    addresses.into_iter().any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok())
}

fn print_exports(servers: &[Server]) {
    for server in servers {
        // In single quotes, a shell takes everything as it is but these quotes.
        println!("export {}='{}'", server.variable, server.value.replace('\'', r"'\''"));
    }
}
