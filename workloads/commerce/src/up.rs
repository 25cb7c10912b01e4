//! `commerce up`: a manifest becomes a running stack in this process.

use crate::listen::{asked_to_stop, bind, serve};
use crate::wiring::Stack;
use crate::{Failure, declared, sample};
use axum::Router;
use axum::routing::get;
use clap::Args;
use crds::ValidatedStack;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long requests that are under way may take once the stack is asked to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Options of `commerce up`.
#[derive(Args)]
pub(crate) struct Options {
    /// The CommerceStack manifest
    #[arg(short = 'f', long = "file", env = "COMMERCE_MANIFEST")]
    file: PathBuf,
    /// Where clients reach the API
    #[arg(long, env = "COMMERCE_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where /metrics and /health answer; port 0 takes a free one
    #[arg(long, env = "COMMERCE_INTERNAL_LISTEN", default_value = "127.0.0.1:0")]
    internal_listen: SocketAddr,
    /// Where data and credentials are kept
    #[arg(long, env = "COMMERCE_DATA_DIR", default_value = ".commerce")]
    data_dir: PathBuf,
    /// Forget all data at the end; credentials stay in the data directory
    #[arg(long, env = "COMMERCE_EPHEMERAL")]
    ephemeral: bool,
}

/// Runs until it is asked to stop.
pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    let manifest = read_manifest(&options.file)?;
    let _lock = adapters::lock_data_dir(&options.data_dir).map_err(Failure::run)?;
    let temporary = if options.ephemeral { Some(temporary_dir(&options.data_dir)?) } else { None };
    let dir = temporary.as_ref().map_or(options.data_dir.as_path(), |t| t.path());
    let listener = bind(options.listen, "--listen").await?;
    let internal = bind(options.internal_listen, "--internal-listen").await?;
    let address = listener.local_addr().map_err(Failure::run)?;
    let internal_address = internal.local_addr().map_err(Failure::run)?;
    let url = format!("http://{address}");

    let stack = Stack::embedded(dir)?;
    let (declared, files) = declared::of_manifest(&manifest, &options.data_dir, &url)?;
    for keeper in declared::KEEPERS {
        declared::bring(stack.peers.as_ref(), keeper, &declared).await.map_err(|error| {
            Failure::Run(format!("what the manifest declares could not be made ({keeper}): {error}"))
        })?;
    }
    let stop = CancellationToken::new();
    let public = tokio::spawn(serve(listener, stack.public.clone(), stop.clone(), DRAIN));
    let inside = tokio::spawn(serve(internal, internal_routes(&stack), stop.clone(), DRAIN));
    tracing::info!(%internal_address, "metrics are served");

    let loading = load_samples(&stack, &manifest, dir);
    let signal = asked_to_stop()?;
    tokio::pin!(signal);
    let loaded = tokio::select! {
        loaded = loading => loaded,
        () = &mut signal => Err(Failure::Run("stopped while sample data was loaded".to_owned())),
    };
    if loaded.is_ok() {
        announce(&manifest, &url, &files, internal_address);
        signal.await;
        eprintln!("stopping: finishing what is under way");
    }
    stop.cancel();
    let _ = tokio::join!(public, inside);
    stack.stop().await;
    loaded
}

/// Prints the API description without serving it.
pub(crate) async fn openapi() -> Result<(), Failure> {
    use tower::ServiceExt;
    let dir = tempfile::tempdir().map_err(Failure::run)?;
    let stack = Stack::embedded(dir.path())?;
    let request = axum::extract::Request::builder()
        .uri("/openapi.json")
        .body(axum::body::Body::empty())
        .map_err(Failure::run)?;
    let response = match stack.public.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let body = axum::body::to_bytes(response.into_body(), 1 << 26).await.map_err(Failure::run)?;
    let text: serde_json::Value = serde_json::from_slice(&body).map_err(Failure::run)?;
    let pretty = serde_json::to_string_pretty(&text).map_err(Failure::run)?;
    // A closed pipe is the reader's choice, not an error.
    let _ = writeln!(std::io::stdout(), "{pretty}");
    stack.stop().await;
    Ok(())
}

fn read_manifest(path: &Path) -> Result<ValidatedStack, Failure> {
    crds::open(path).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::Use(lines.join("\nerror: "))
    })
}

fn temporary_dir(data_dir: &Path) -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("ephemeral-")
        .tempdir_in(data_dir)
        .map_err(|e| Failure::Run(format!("{}: cannot be written: {e}", data_dir.display())))
}

/// Loads the sample data of each project that wants it, once per data directory.
async fn load_samples(stack: &Stack, manifest: &ValidatedStack, dir: &Path) -> Result<(), Failure> {
    for project in manifest.projects.iter().filter(|p| p.sample_data) {
        let done = dir.join(format!("{}.sample-data-loaded", project.key));
        if done.exists() {
            continue;
        }
        eprintln!("loading the sample catalogue of project '{}' …", project.key);
        let made = sample::load(&sample::Inside(stack), &project.key).await?;
        std::fs::write(&done, "")
            .map_err(|e| Failure::Run(format!("{}: cannot be written: {e}", done.display())))?;
        eprintln!("loaded {made} resources");
    }
    Ok(())
}

fn internal_routes(stack: &Stack) -> Router {
    let metrics = std::sync::Arc::clone(&stack.metrics);
    Router::new()
        .route("/metrics", get(move || async move { metrics.render() }))
        .route("/health", get(|| async { "UP" }))
}

fn announce(manifest: &ValidatedStack, url: &str, files: &[PathBuf], internal: SocketAddr) {
    let mut text = format!("CommerceStack '{}' is up at {url}\n\n", manifest.name);
    for project in &manifest.projects {
        text.push_str(&format!("  project      {}\n", project.key));
    }
    for file in files {
        text.push_str(&format!("  credentials  {}\n", file.display()));
    }
    text.push_str(&format!("  health       {url}/api/v1/services/health\n"));
    text.push_str(&format!("  metrics      http://{internal}/metrics\n"));
    if let Some(file) = files.first() {
        text.push_str(&format!(
            "\nTry it:\n\n  . {file}\n  TOKEN=$(curl -s -u $CTP_CLIENT_ID:$CTP_CLIENT_SECRET -d grant_type=client_credentials \\\n    $CTP_AUTH_URL/oauth/token | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n  curl -s -H \"Authorization: Bearer $TOKEN\" $CTP_API_URL/$CTP_PROJECT_KEY/product-projections?limit=1\n\nCtrl-C stops it; the data stays.\n",
            file = shell_path(file),
        ));
    }
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// A path that `.` finds: without a slash the shell would search its PATH.
fn shell_path(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains('/') { text } else { format!("./{text}") }
}
