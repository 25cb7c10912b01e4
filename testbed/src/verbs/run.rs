//! `testbed run -- COMMAND`: its exit code becomes ours; however it ends, the servers are taken down after it.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use anyhow::{Context, Result};
use tokio::process::{Child, Command};

use super::Wanted;
use super::signals::Signals;

pub async fn run(wanted: &Wanted, command: &[String]) -> Result<u8> {
    // From here on these signals end the command, and us only after it.
    let mut signals = Signals::listen()?;
    let bed = signals.start_bed(wanted).await?;
    let (program, arguments) = command.split_first().context("no command")?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(bed.servers().into_iter().map(|server| (server.variable, server.value)))
        .spawn()
        .with_context(|| format!("cannot run {program}"))?;
    let mut interrupts = 0;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            (name, _) = signals.next() => {
                // The first Ctrl-C of a terminal has reached the command as well; who sends us the signal alone,
                // or asks again, wants it passed on.
                interrupts += u32::from(name == "INT");
                if name != "INT" || interrupts > 1 || !at_terminal() {
                    pass_on(name, &child).await;
                }
            }
        }
    };
    drop(bed);
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
