//! A closed-loop load driver: a number of clients, each of which sends its next request when the last one
//! was answered, for a bounded time, to a server on this machine.
//!
//! It knows the scenarios of `docs/benchmarks.md` and prints one JSON line per run, which `bench/run.mjs`
//! gathers into the table. A run with an error exits with 1.

mod flash;
mod http;
mod report;
mod scenario;
mod seed;
mod shop;
mod target;
mod vendure;

use clap::Parser;
use std::process::ExitCode;
use std::time::Duration;

/// Sends bounded load to a server on this machine and prints one JSON line.
#[derive(Parser)]
struct Cli {
    /// What to do
    #[arg(value_enum)]
    scenario: scenario::Name,
    /// The server's address: of this machine, or of the testbed's nodes
    #[arg(long, default_value = "127.0.0.1")]
    host: std::net::Ipv4Addr,
    /// The server's port
    #[arg(long)]
    port: u16,
    /// Whose API it speaks
    #[arg(long, value_enum, default_value_t = target::Flavour::Commerce)]
    flavour: target::Flavour,
    /// The project key
    #[arg(long, default_value = "bench")]
    project: String,
    /// Client id and secret, `id:secret`; none for servers without tokens
    #[arg(long, env = "BENCH_CREDENTIALS", hide_env_values = true)]
    credentials: Option<String>,
    /// The internal token that a gateway would send along, for a proxy in its place
    #[arg(long, env = "BENCH_CALLER", hide_env_values = true)]
    caller: Option<String>,
    /// Clients at the same time
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    clients: u16,
    /// Seconds of load after one second of warming up
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Products to make (`seed`) or to choose among
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    products: u32,
    /// Buyers of the flash sale
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    buyers: u32,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(line) => {
            println!("{line}");
            if line["errors"] == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether load may go there: to this machine, or into the range that RFC 2544 sets aside for tests of networks, in which
/// the testbed has its nodes.
fn is_ours(host: std::net::Ipv4Addr) -> bool {
    host.is_loopback() || matches!(host.octets(), [198, 18 | 19, ..])
}

fn run(cli: &Cli) -> anyhow::Result<serde_json::Value> {
    let load = scenario::Load {
        clients: usize::from(cli.clients),
        time: Duration::from_secs(cli.seconds),
        products: usize::try_from(cli.products)?,
        buyers: usize::try_from(cli.buyers)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        anyhow::ensure!(
            is_ours(cli.host),
            "{} is neither of this machine nor of the testbed's nodes",
            cli.host
        );
        let mut target = target::Target::new(cli.flavour, (cli.host, cli.port).into(), &cli.project);
        match (&cli.credentials, &cli.caller) {
            (Some(credentials), _) => target.log_in(credentials).await?,
            (None, Some(caller)) => target.pose_as(caller)?,
            (None, None) => {}
        }
        scenario::run(cli.scenario, target, load).await
    })
}
