//! `testbed run` as scripts use it: the command finds the servers, its code is ours, and nothing stays behind.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Child;
use std::thread;
use std::time::Duration;

use common::{World, assert_end, runs, signal};

const NOTHING: &[PathBuf] = &[];

fn first_line(child: &mut Child) -> String {
    BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap()
}

#[test]
fn the_command_finds_the_server_and_its_exit_code_is_passed_on() {
    let world = World::new("exit-code");
    let mut testbed = world.run("echo \"$MONGODB_URI\"; exit 7").spawn().unwrap();
    let uri = first_line(&mut testbed);
    assert!(uri.starts_with("mongodb://127.0.0.1:"), "{uri}");
    assert_eq!(testbed.wait().unwrap().code(), Some(7));
    assert_eq!(world.left_behind(), NOTHING);
}

#[test]
fn a_signal_reaches_the_command_and_the_servers_end_after_it() {
    let world = World::new("signal");
    let mut testbed = world.run("echo ready; exec sleep 600").spawn().unwrap();
    first_line(&mut testbed);
    let servers = world.servers(2);
    assert!(servers.iter().all(|pid| runs(*pid)));
    signal("TERM", &testbed);
    assert_eq!(testbed.wait().unwrap().code(), Some(128 + 15));
    assert!(!servers.iter().any(|pid| runs(*pid)));
    assert_eq!(world.left_behind(), NOTHING);
}

#[test]
fn an_interrupt_while_the_servers_start_leaves_nothing_behind() {
    let world = World::new("interrupt");
    let mut testbed = world.testbed(&["run", "--", "sleep", "600"]).spawn().unwrap();
    // etcd, the API server, Kafka, PostgreSQL and FerretDB; the controllers come seconds later.
    let servers = world.servers(5);
    signal("INT", &testbed);
    assert_eq!(testbed.wait().unwrap().code(), Some(130));
    assert!(!servers.iter().any(|pid| runs(*pid)));
    assert_eq!(world.left_behind(), NOTHING);
}

#[test]
fn what_a_killed_testbed_left_behind_is_cleared_away_by_the_next_one() {
    let world = World::new("killed");
    let mut killed = world.run("echo ready; exec sleep 5").spawn().unwrap();
    first_line(&mut killed);
    let orphans = world.servers(2);
    killed.kill().unwrap();
    killed.wait().unwrap();
    thread::sleep(Duration::from_millis(100));
    assert!(orphans.iter().all(|pid| runs(*pid)), "if they ended by themselves, this test shows nothing");

    assert!(world.run("exit 0").status().unwrap().success());
    assert_end(&orphans);
    assert_eq!(world.left_behind(), NOTHING);
}

#[test]
fn servers_that_are_given_are_used_and_none_is_started() {
    let world = World::new("given");
    let kubeconfig = world.file("kubeconfig", "apiVersion: v1\n");
    let script = "echo \"$KUBECONFIG $KAFKA_BROKER $MONGODB_URI\"; exec sleep 600";
    let mut testbed = world.testbed(&["run", "--", "sh", "-c", script]);
    testbed.env("KUBECONFIG", &kubeconfig).env("KAFKA_BROKER", "b:9092").env("MONGODB_URI", "mongodb://m");
    let mut testbed = testbed.spawn().unwrap();
    assert_eq!(first_line(&mut testbed), format!("{} b:9092 mongodb://m", kubeconfig.display()));
    assert_eq!(world.left_behind(), NOTHING);
    signal("TERM", &testbed);
    testbed.wait().unwrap();
}

#[test]
fn a_kubeconfig_that_does_not_exist_is_an_error_that_names_it() {
    let world = World::new("no-kubeconfig");
    let mut testbed = world.testbed(&["run", "--only", "kubernetes", "--", "true"]);
    let output = testbed.env("KUBECONFIG", "/nowhere/config").stderr(std::process::Stdio::piped()).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("KUBECONFIG names /nowhere/config"), "{said}");
}
