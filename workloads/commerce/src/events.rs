//! `commerce events`: tools for the event log of a stack.

use crate::Failure;
use crate::serve::kafka::KafkaOptions;
use adapters::bus::kafka::KafkaBus;
use clap::{Args, Subcommand};

/// The tools.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Publishes events again that were parked because their handling kept failing, each to its own topic
    Redrive(Redrive),
}

/// Options of `commerce events redrive`.
#[derive(Args)]
#[command(after_help = "Environment only: KAFKA_PASSWORD.")]
pub(crate) struct Redrive {
    #[command(flatten)]
    kafka: KafkaOptions,
    /// At most so many events
    #[arg(long, default_value_t = 10_000)]
    limit: usize,
}

/// Runs one of them.
pub(crate) async fn run(command: Command) -> Result<(), Failure> {
    let Command::Redrive(options) = command;
    let password = std::env::var("KAFKA_PASSWORD").ok().filter(|value| !value.is_empty());
    let config = options.kafka.check("commerce-events".to_owned(), password)?;
    let bus = KafkaBus::open(&config).map_err(|error| Failure::Use(error.to_string()))?;
    let done = kit::redrive::redrive(&bus, options.limit).await.map_err(Failure::run)?;
    eprintln!("published {} events again", done.published);
    if done.unreadable > 0 {
        eprintln!("passed over {} letters that hold no event", done.unreadable);
    }
    Ok(())
}
