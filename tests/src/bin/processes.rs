//! `processes MANIFEST -- COMMAND`: runs every service of a manifest as processes of their own, two of each (or as many
//! as `PROCESSES_EACH` says), and a command beside them with the `CTP_*` variables of its first API client. Sample
//! data is not loaded: the testbed's database shows behaviour, not speed. In `PROCESSES` the command finds, as JSON,
//! where each process is and the directory of their keys.
//!
//! Kafka and the database are those of the environment (`testbed run`), or started for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "it is a part of the tests")]

use commerce_tests::processes::{Plan, Processes, Servers, declared_client};
use crds::ServiceName;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((manifest, [dashes, program, rest @ ..])) = arguments.split_first() else { return usage() };
    if dashes != "--" {
        return usage();
    }
    let manifest = crds::open(Path::new(manifest)).expect("the manifest is valid");
    let projects: Vec<Value> = manifest
        .projects
        .iter()
        .map(|project| {
            let clients = project.api_clients.iter().map(|client| {
                let scopes: Vec<&str> = client.scopes.iter().map(String::as_str).collect();
                declared_client(&project.key, &client.name, &scopes)
            });
            json!({
                "key": project.key, "name": project.name, "currencies": project.currencies,
                "countries": project.countries, "languages": project.languages, "apiClients": clients.collect::<Vec<_>>(),
            })
        })
        .collect();
    let (servers, start) = (Servers::shared(), Instant::now());
    let replicas = std::env::var("PROCESSES_EACH").map_or(2, |each| each.parse().expect("a number"));
    let enabled: Vec<&str> = manifest.enabled().map(ServiceName::as_str).collect();
    let stack = Processes::start(&servers, &Plan { projects, services: &enabled, replicas }).await;
    eprintln!("processes: all are ready after {:.1} s", start.elapsed().as_secs_f64());

    let first = manifest.projects.first().expect("a stack has a project");
    let client = first.api_clients.first().expect("the project has an API client");
    let mut env = stack.env(&first.key, &client.name, 0);
    env.insert("CTP_SCOPES".to_owned(), client.scope(&first.key));
    env.insert("PROCESSES".to_owned(), stack.told().to_string());
    let status = Command::new(program).args(rest).envs(&env).status().expect("the command can be run");
    if !status.success() {
        eprintln!("{}", stack.tails());
    }
    for line in stack.errors().iter().take(20) {
        eprintln!("processes: {line}");
    }
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn usage() -> ExitCode {
    eprintln!("usage: processes MANIFEST -- COMMAND [ARGUMENT…]");
    ExitCode::from(2)
}
