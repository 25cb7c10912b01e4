//! A closed-loop load driver: a number of clients, each of which sends its next request when the last one
//! was answered, for a bounded time, to a server on this machine.
//!
//! It knows the scenarios of `docs/benchmarks.md` and prints one JSON line per run, which `bench/run.sh`
//! gathers into the table.

mod http;
mod scenario;
mod target;
mod vendure;

use clap::Parser;
use std::time::Duration;

/// Sends bounded load to a server on this machine and prints one JSON line.
#[derive(Parser)]
struct Cli {
    /// What to do
    #[arg(value_enum)]
    scenario: scenario::Name,
    /// The server's port on the loopback address
    #[arg(long)]
    port: u16,
    /// Whose API it speaks
    #[arg(long, value_enum, default_value_t = target::Flavour::Commerce)]
    flavour: target::Flavour,
    /// The project key
    #[arg(long, default_value = "bench")]
    project: String,
    /// Client id and secret, `id:secret`; none for servers without tokens
    #[arg(long, env = "BENCH_CREDENTIALS")]
    credentials: Option<String>,
    /// Clients at the same time
    #[arg(long, default_value_t = 32)]
    clients: usize,
    /// Seconds of load, at most 60
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Products to make before (`seed`), or to choose among
    #[arg(long, default_value_t = 100)]
    products: usize,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    anyhow::ensure!(cli.seconds <= 60 && cli.clients <= 512, "at most 60 seconds and 512 clients");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let line = runtime.block_on(async {
        let target = target::Target::connect(cli.flavour, cli.port, &cli.project, cli.credentials.as_deref()).await?;
        scenario::run(cli.scenario, target, cli.clients, Duration::from_secs(cli.seconds), cli.products).await
    })?;
    println!("{line}");
    Ok(())
}
