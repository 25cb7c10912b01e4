//! `testbed`: real servers for tests, beside one command (`run`) or in the background (`up`, `status`, `down`).
//!
//! Programs find the servers in their environment: `KUBECONFIG` (with `TESTBED_NODES`), `KAFKA_BROKER`, `MONGODB_URI`.
//! What is set there already names a server that runs elsewhere: `run` uses it as it is and starts none for it. `up`
//! starts its own.

mod verbs;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use commerce_testbed::Part;
use verbs::Wanted;

/// Real servers for tests.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start the servers, run COMMAND with the variables that name them, stop them; exits with COMMAND's code.
    Run {
        #[command(flatten)]
        parts: Parts,
        /// The command and its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<String>,
    },
    /// Start the servers in the background and print their variables for a shell: eval "$(testbed up)".
    Up {
        #[command(flatten)]
        parts: Parts,
    },
    /// Say what `up` started, since when it runs and whether it answers; exits with 0 if all of it does, else with 1.
    Status,
    /// Take images to the nodes of the cluster that KUBECONFIG names, or that `up` started.
    Load {
        /// OCI archives; the images get the names that stand in there.
        #[arg(value_name = "ARCHIVE", required = true)]
        archives: Vec<PathBuf>,
    },
    /// Stop what `up` started, and clear away what killed testbeds left behind.
    Down,
    /// Print where a program is that scripts need, built first if the cache has none.
    Path { program: Program },
    /// What `up` leaves in the background: holds the servers until it is told to end.
    #[command(hide = true)]
    Hold {
        #[command(flatten)]
        parts: Parts,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Program {
    Ferretdb,
    Helm,
    Kubectl,
}

impl Program {
    fn path(self) -> Result<PathBuf> {
        match self {
            Self::Ferretdb => commerce_testbed::ferretdb(),
            Self::Helm => commerce_testbed::helm(),
            Self::Kubectl => commerce_testbed::kubectl(),
        }
    }
}

#[derive(Debug, clap::Args)]
struct Parts {
    /// What to start; all by default.
    #[arg(long, value_name = "PARTS", value_delimiter = ',', value_enum)]
    only: Vec<Part>,
    /// How many nodes the Kubernetes cluster has, on which pods run; takes root.
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=8))]
    nodes: u8,
}

impl Parts {
    fn chosen(self) -> Wanted {
        let parts = if self.only.is_empty() { Part::value_variants().to_vec() } else { self.only };
        Wanted { parts, nodes: self.nodes }
    }
}

fn main() -> ExitCode {
    match act(Arguments::parse().verb) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("testbed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn act(verb: Verb) -> Result<u8> {
    match verb {
        Verb::Run { parts, command } => verbs::run(&parts.chosen(), &command).await,
        Verb::Up { parts } => verbs::up(&parts.chosen()).await,
        Verb::Status => verbs::status(),
        Verb::Load { archives } => verbs::load(&archives),
        Verb::Down => verbs::down(),
        Verb::Path { program } => {
            println!("{}", program.path()?.display());
            Ok(0)
        }
        Verb::Hold { parts } => verbs::hold(&parts.chosen()).await,
    }
}
