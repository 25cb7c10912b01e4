//! The command line of the operator.

use anyhow::Context;
use clap::{Parser, Subcommand, ValueEnum};
use commerce_operator::build::{self, Capabilities, Identity, Inputs, KafkaAuth, MongoUri, RootSeed};
use commerce_operator::config::{Config, Lease};
use commerce_operator::release::{PullPolicy, RENDERER, Release};
use commerce_operator::{RunError, run};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Runs commerce stacks: makes of each CommerceStack the objects, topics, users and Secrets of a running back end.
///
/// Exit codes: 0 done or stopped as asked, 1 failed, 2 wrong arguments or manifest, 3 leadership lost.
#[derive(Parser)]
#[command(name = "commerce-operator", version, about, long_about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Looks after the CommerceStacks of a cluster, or of one namespace.
    Run(Run),
    /// Prints the CustomResourceDefinition of CommerceStack.
    Crd,
    /// Prints the objects that a manifest becomes, without a cluster. The values of Secrets are hidden.
    Render(Render),
}

#[derive(clap::Args)]
struct Images {
    /// The image of the services, where a manifest names no other.
    #[arg(long, env = "COMMERCE_IMAGE", default_value = concat!("commerce:", env!("CARGO_PKG_VERSION")))]
    commerce_image: String,
    /// The image of the managed MongoDB.
    #[arg(long, env = "MONGODB_IMAGE", default_value = "mongo:8.0")]
    mongodb_image: String,
    /// The image of the managed Kafka.
    #[arg(long, env = "KAFKA_IMAGE", default_value = "apache/kafka:4.1.0")]
    kafka_image: String,
    /// When nodes pull images.
    #[arg(long, env = "IMAGE_PULL_POLICY", value_enum, default_value_t = PullPolicy::IfNotPresent)]
    image_pull_policy: PullPolicy,
}

impl Images {
    fn release(self) -> Release {
        Release {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            image: self.commerce_image,
            mongodb_image: self.mongodb_image,
            kafka_image: self.kafka_image,
            pull_policy: self.image_pull_policy,
            renderer: RENDERER,
        }
    }
}

#[derive(clap::Args)]
struct Run {
    /// The one namespace to look after; empty for the whole cluster.
    #[arg(long, env = "WATCH_NAMESPACE", default_value = "")]
    watch_namespace: String,
    /// The namespace of the Lease that elects the leader; default: the operator's own.
    #[arg(long, env = "LEASE_NAMESPACE", default_value = "")]
    lease_namespace: String,
    /// Who this operator is, in the Lease and in events: the name of its pod.
    #[arg(long, env = "POD_NAME", default_value = "commerce-operator")]
    identity: String,
    /// Where metrics and probes are served.
    #[arg(long, env = "METRICS_ADDRESS", default_value = "0.0.0.0:8080")]
    metrics_address: SocketAddr,
    /// How many stacks are worked on at once.
    #[arg(long, env = "WORKERS", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: u16,
    /// The format of the log.
    #[arg(long, env = "COMMERCE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// What is logged: a level, or targets with levels.
    #[arg(long, env = "COMMERCE_LOG", default_value = "info")]
    log: String,
    #[command(flatten)]
    images: Images,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(clap::Args)]
struct Render {
    /// The manifest.
    #[arg(short = 'f', long = "file", value_name = "MANIFEST")]
    file: PathBuf,
    /// Renders as for a cluster that serves the Gateway API.
    #[arg(long)]
    gateway_api: bool,
    /// Shows the values of Secrets, too: what a stack would get, never what one has. They derive from a seed that
    /// everybody knows, and placeholders stand for what the manifest refers to, so do not apply them.
    #[arg(long)]
    show_secrets: bool,
    #[command(flatten)]
    images: Images,
}

/// Failures with an exit code of their own.
enum Failed {
    Wrong(anyhow::Error),
    LeadershipLost,
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Crd => {
            print!("{}", crds::yaml());
            Ok(())
        }
        Command::Render(render) => print_objects(render),
        Command::Run(run) => operate(run),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed::Wrong(error)) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
        Err(Failed::LeadershipLost) => {
            eprintln!("{}", RunError::LeadershipLost);
            ExitCode::from(3)
        }
        Err(Failed::Other(error)) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print_objects(render: Render) -> Result<(), Failed> {
    let stack = crds::open(&render.file).map_err(|broken| {
        let lines: Vec<String> = broken.iter().map(ToString::to_string).collect();
        Failed::Wrong(anyhow::anyhow!(lines.join("\n")))
    })?;
    let identity = Identity {
        namespace: stack.namespace.clone().unwrap_or_else(|| "default".to_owned()),
        name: stack.name.clone(),
        uid: "00000000-0000-0000-0000-000000000000".to_owned(),
        generation: 1,
    };
    // What the manifest refers to is not at hand. Placeholders stand for it, so that every object is shown.
    let mut inputs = Inputs::new(RootSeed::new([0; 32]));
    inputs.available = Capabilities { http_route: render.gateway_api };
    inputs.mongodb_uri = MongoUri::parse(b"mongodb://placeholder:placeholder@mongodb.invalid:27017").ok();
    inputs.mongodb_ca = Some("placeholder".to_owned());
    inputs.kafka_auth = KafkaAuth::parse(b"placeholder", b"placeholder", None).ok();
    inputs.kafka_ca = Some("placeholder".to_owned());
    let children = build::build(&stack, &identity, &inputs, &render.images.release());
    if render.show_secrets {
        println!(
            "# These secrets derive from a seed that everybody knows. Look at them, but do not apply them."
        );
    }
    print!("{}", build::render(&children, !render.show_secrets));
    Ok(())
}

fn operate(run: Run) -> Result<(), Failed> {
    log(run.log_format, &run.log).map_err(Failed::Wrong)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(serve(run))
}

async fn serve(arguments: Run) -> Result<(), Failed> {
    let mut kube_config =
        kube::Config::infer().await.context("cannot find out how to reach the API server")?;
    // Requests are repeated by the operator itself, within their deadlines.
    kube_config.default_retry = false;
    let own_namespace = kube_config.default_namespace.clone();
    let client = kube::Client::try_from(kube_config).context("cannot reach the API server")?;
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let mut config = Config::new(arguments.images.release());
    config.watch_namespace = given(arguments.watch_namespace);
    config.lease = Some(Lease::new(given(arguments.lease_namespace).unwrap_or(own_namespace)));
    config.identity = arguments.identity;
    config.metrics_address = Some(arguments.metrics_address);
    config.workers = usize::from(arguments.workers);
    config.queue.bulk_limit = (config.workers * 3 / 4).max(1);

    let shutdown = CancellationToken::new();
    let asked = shutdown.clone();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("cannot listen to signals")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        asked.cancel();
    });
    match run(client, config, shutdown).await {
        Ok(()) => Ok(()),
        Err(RunError::LeadershipLost) => Err(Failed::LeadershipLost),
        Err(error) => Err(Failed::Other(error.into())),
    }
}

fn log(format: LogFormat, levels: &str) -> anyhow::Result<()> {
    // The client logs whole answers that it cannot decode, and such may hold Secrets.
    let levels = format!("{levels},kube_client=off");
    let filter =
        EnvFilter::try_new(&levels).context("--log must be a level such as info, or targets with levels")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
