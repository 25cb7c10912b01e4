//! `testbed run -- COMMAND`: runs a command with real servers at its side.
//!
//! The command finds the servers in its environment (`MONGODB_URI`); its exit code becomes ours. However it
//! ends, the servers are taken down after it.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use commerce_testbed::MongoServer;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

/// Real servers for tests.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start the servers, run COMMAND with MONGODB_URI set, stop the servers; exits with COMMAND's code.
    Run {
        /// The command and its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let Verb::Run { command } = Arguments::parse().verb;
    match run(&command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("testbed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(command: &[String]) -> Result<u8> {
    // From here on these signals end the command, and us only after it.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;

    let mut server = tokio::task::spawn_blocking(MongoServer::start);
    let server = tokio::select! {
        server = &mut server => server??,
        // What is half built or half started now, the next start clears away.
        _ = interrupt.recv() => std::process::exit(130),
        _ = terminate.recv() => std::process::exit(143),
        _ = hangup.recv() => std::process::exit(129),
    };

    let (program, arguments) = command.split_first().context("no command")?;
    let mut child = Command::new(program)
        .args(arguments)
        .env("MONGODB_URI", server.uri())
        .spawn()
        .with_context(|| format!("cannot run {program}"))?;
    let mut interrupts = 0;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = interrupt.recv() => {
                interrupts += 1;
                // The first Ctrl-C of a terminal has reached the command as well; who sends us the signal alone,
                // or asks again, wants it passed on.
                if interrupts > 1 || !at_terminal() {
                    pass_on("INT", &child).await;
                }
            }
            _ = terminate.recv() => pass_on("TERM", &child).await,
            _ = hangup.recv() => pass_on("HUP", &child).await,
        }
    };
    drop(server);
    Ok(code_of(status))
}

fn at_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdin())
}

async fn pass_on(name: &str, child: &Child) {
    let Some(pid) = child.id() else { return };
    // It may have ended by itself.
    let _ = Command::new("/bin/sh")
        .args(["-c", r#"kill -s "$0" "$1" 2>/dev/null"#, name, &pid.to_string()])
        .status()
        .await;
}

/// The code that a shell would report: 128 and the signal's number for a command that was killed.
fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
