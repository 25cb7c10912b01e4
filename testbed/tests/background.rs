//! `testbed up`, `status` and `down`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{World, assert_end, runs};

const NOTHING: &[PathBuf] = &[];

impl World {
    fn says(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.testbed(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }
}

#[test]
fn what_is_up_is_found_by_a_shell_and_by_status_until_it_is_down() {
    let world = World::new("up");
    assert_eq!(world.says(&["status"]), (Some(1), "no testbed is up\n".to_owned()));

    let mut up = world.testbed(&["up", "--only", "mongodb"]);
    let up = up.env("MONGODB_URI", "mongodb://of.an.earlier.testbed").output().unwrap();
    assert_eq!(up.status.code(), Some(0));
    let exports = String::from_utf8(up.stdout).unwrap();
    let shell =
        Command::new("sh").args(["-c", &format!("{exports} printf %s \"$MONGODB_URI\"")]).output().unwrap();
    let uri = String::from_utf8(shell.stdout).unwrap();
    assert!(uri.starts_with("mongodb://127.0.0.1:"), "{exports}");

    let (code, status) = world.says(&["status"]);
    assert_eq!(code, Some(0), "{status}");
    assert!(status.starts_with("up since 2"), "{status}");
    assert!(status.contains("answers") && status.contains(&uri), "{status}");

    let servers = world.servers(2);
    assert_eq!(world.says(&["up", "--only", "mongodb"]), (Some(0), exports), "a second time finds the first");
    assert_eq!(world.says(&["up", "--only", "kafka"]).0, Some(1), "what runs has no Kafka");
    assert_eq!(world.servers(2), servers);

    assert_eq!(world.says(&["down"]).0, Some(0));
    assert!(!servers.iter().any(|pid| runs(*pid)));
    assert_eq!(world.left_behind(), NOTHING);
    assert_eq!(world.says(&["status"]).0, Some(1));
    assert_eq!(world.says(&["down"]), (Some(0), "no testbed was up\n".to_owned()));
}

#[test]
fn status_tells_of_a_server_that_does_not_answer() {
    let world = World::new("silent");
    world.says(&["up", "--only", "mongodb"]);
    let servers = world.servers(2);
    let answers = |pid: &&u32| fs::read_link(format!("/proc/{pid}/exe")).unwrap().ends_with("ferretdb");
    let server = servers.iter().find(answers).unwrap();
    Command::new("kill").args(["-KILL", &server.to_string()]).status().unwrap();
    // Its socket may outlive it by a moment.
    let began = Instant::now();
    let status = loop {
        let (code, status) = world.says(&["status"]);
        if code == Some(1) {
            break status;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{status}");
    };
    assert!(status.contains("does not answer"), "{status}");
}

#[test]
fn down_clears_away_what_a_killed_holder_left_behind() {
    let world = World::new("holder");
    world.says(&["up", "--only", "mongodb"]);
    let (_, status) = world.says(&["status"]);
    let holder = status.split("(process ").nth(1).unwrap().split(')').next().unwrap();
    Command::new("kill").args(["-KILL", holder]).status().unwrap();
    assert_end(&[holder.parse().unwrap()]);
    let orphans = world.servers(2);

    assert_eq!(world.says(&["status"]).0, Some(1));
    assert_eq!(world.says(&["down"]).0, Some(0));
    assert_end(&orphans);
    assert_eq!(world.left_behind(), NOTHING);
}
