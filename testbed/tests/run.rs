//! `testbed run` as scripts use it: the command finds the server, its code is ours, and nothing stays behind.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Prints the server's address, then the ids of the testbed's children other than this shell: the server's.
const REPORT: &str =
    r#"echo "$MONGODB_URI"; cat /proc/"$PPID"/task/*/children | tr ' ' '\n' | grep . | grep -vx "$$"; "#;

fn testbed(script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testbed"));
    command.args(["run", "--", "sh", "-c", &format!("{REPORT}{script}")]).stdout(Stdio::piped());
    command
}

/// The address and the process id of the server that `testbed` reports.
fn report(testbed: &mut Child) -> (String, u32) {
    let mut lines = BufReader::new(testbed.stdout.take().unwrap()).lines();
    (lines.next().unwrap().unwrap(), lines.next().unwrap().unwrap().parse().unwrap())
}

fn runs(pid: u32) -> bool {
    // A process that has ended but is not yet waited for has no executable any more.
    fs::read_link(format!("/proc/{pid}/exe")).is_ok()
}

fn assert_ends(pid: u32) {
    let began = Instant::now();
    while runs(pid) {
        assert!(began.elapsed() < Duration::from_secs(10), "the server (process {pid}) still runs");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_command_finds_the_server_and_its_exit_code_is_passed_on() {
    let mut testbed = testbed("exit 7").spawn().unwrap();
    let (uri, server) = report(&mut testbed);
    assert!(uri.starts_with("mongodb://127.0.0.1:"), "{uri}");
    assert_eq!(testbed.wait().unwrap().code(), Some(7));
    assert!(!runs(server));
}

#[test]
fn a_signal_reaches_the_command_and_the_server_ends_after_it() {
    let mut testbed = testbed("exec sleep 600").spawn().unwrap();
    let (_, server) = report(&mut testbed);
    assert!(runs(server));
    Command::new("sh").args(["-c", "kill -TERM $0", &testbed.id().to_string()]).status().unwrap();
    assert_eq!(testbed.wait().unwrap().code(), Some(128 + 15));
    assert!(!runs(server));
}

#[test]
fn what_a_killed_testbed_left_behind_is_ended_by_the_next_one() {
    let mut killed = testbed("exec sleep 3").spawn().unwrap();
    let (_, orphan) = report(&mut killed);
    killed.kill().unwrap();
    killed.wait().unwrap();

    let mut next = testbed("exit 0").spawn().unwrap();
    let (_, server) = report(&mut next);
    assert!(next.wait().unwrap().success());
    assert_ends(orphan);
    assert_ends(server);
}
