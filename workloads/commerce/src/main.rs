//! The one binary: the whole stack on a laptop, or one service of it in a cluster, and tools around it.

mod client;
mod declared;
mod events;
mod listen;
mod sample;
mod seed;
mod serve;
mod up;
mod wiring;

use clap::{Parser, Subcommand, ValueEnum};
use kit::telemetry::LogFormat;
use std::process::ExitCode;

/// A commerce back end that speaks the commercetools HTTP API.
#[derive(Parser)]
#[command(name = "commerce", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How log lines look
    #[arg(long, env = "COMMERCE_LOG_FORMAT", value_enum, default_value_t = Format::Pretty, global = true)]
    log_format: Format,
    /// What is logged, as in RUST_LOG: `info`, or `warn,commerce_kit=debug`
    #[arg(long, env = "COMMERCE_LOG", default_value = "warn", global = true)]
    log: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Pretty,
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the stack of a manifest in this process, with its data in a directory
    Up(up::Options),
    /// Runs one service of a stack in this process, on MongoDB and Kafka
    Serve(Box<serve::Options>),
    /// Loads the sample catalogue into a project of a running stack, create-only
    Seed(seed::Options),
    /// Tools for the event log of a stack
    #[command(subcommand)]
    Events(events::Command),
    /// Prints the API description (OpenAPI 3.1) of all services
    Openapi,
    /// Asks a running stack how it is; exits 0 if every service is up
    Healthcheck(client::Options),
}

/// Where there is one core, one thread: tasks take turns on it, so that what several requests have to say to one
/// connection goes out together, and nobody wakes a thread that only takes the core away.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = match std::thread::available_parallelism() {
        Ok(cores) if cores.get() == 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build()
}

/// Exit codes: 0 well, 1 failed, 2 wrong use (a manifest, an option).
fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = match cli.log_format {
        Format::Pretty => LogFormat::Pretty,
        Format::Json => LogFormat::Json,
    };
    if let Err(error) = kit::telemetry::init_logs(format, &cli.log) {
        eprintln!("error: {error}");
        return ExitCode::from(2);
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime could not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Up(options) => up::run(options).await,
            Command::Serve(options) => serve::run(*options).await,
            Command::Seed(options) => seed::run(options).await,
            Command::Events(command) => events::run(command).await,
            Command::Openapi => up::openapi().await,
            Command::Healthcheck(options) => client::healthcheck(options).await,
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Use(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
        Err(Failure::Run(message)) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Why a command failed; one line that says what, where and how to mend it.
pub(crate) enum Failure {
    /// What was asked for cannot be done.
    Use(String),
    /// It could, but did not work.
    Run(String),
}

impl Failure {
    pub(crate) fn run(message: impl std::fmt::Display) -> Self {
        Self::Run(message.to_string())
    }
}
