//! What the manifest declares: projects and API clients, brought to the services that keep them.
//!
//! In `commerce up` it is built from the manifest, with the credentials kept in files that only the owner can
//! read; in a cluster the operator writes it and [`crate::serve`] follows the file. From there on it is one way.

use crate::Failure;
use api::ServiceName;
use api::internal::account::DeclaredClient;
use api::internal::declared::{Declared, DeclaredProject};
use crds::{ValidatedClient, ValidatedProject, ValidatedStack};
use kit::clock::{Clock, SystemClock};
use kit::http::RequestInfo;
use kit::peers::{self, Peers};
use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The services that take their part of it, in this order.
pub(crate) const KEEPERS: [ServiceName; 2] = [ServiceName::Project, ServiceName::Account];

/// Brings it to one of the [`KEEPERS`].
pub(crate) async fn bring(peers: &dyn Peers, to: ServiceName, declared: &Declared) -> api::Result<()> {
    peers::call(peers, to, "/declare", &RequestInfo::system("*", "declare"), declared).await
}

/// What a manifest declares, and the files `<dir>/<project>-<client>.env` with the credentials of its API
/// clients, which are written, in the manifest's order.
pub(crate) fn of_manifest(
    manifest: &ValidatedStack,
    dir: &Path,
    url: &str,
) -> Result<(Declared, Vec<PathBuf>), Failure> {
    let (mut declared, mut files) = (Declared::default(), Vec::new());
    for project in &manifest.projects {
        let mut api_clients = Vec::new();
        for client in &project.api_clients {
            let path = dir.join(format!("{}.env", client.label));
            let (id, secret) = credentials(&path)?;
            write_env(&path, project, client, &id, &secret, url)?;
            files.push(path);
            api_clients.push(DeclaredClient {
                name: client.name.clone(),
                id,
                secret,
                scopes: client.scopes.clone(),
                access_token_validity_seconds: Some(client.access_token_validity_seconds),
                refresh_token_validity_seconds: Some(client.refresh_token_validity_seconds),
            });
        }
        // The manifest's validation has checked these, so nothing is lost here.
        declared.projects.push(DeclaredProject {
            key: project.key.clone(),
            name: project.name.clone(),
            currencies: project.currencies.iter().filter_map(|c| api::CurrencyCode::parse(c)).collect(),
            countries: project.countries.iter().filter_map(|c| api::CountryCode::parse(c)).collect(),
            languages: project.languages.iter().filter_map(|l| api::Locale::parse(l)).collect(),
            api_clients,
        });
    }
    Ok((declared, files))
}

/// The id and secret of an earlier start, or new ones.
fn credentials(path: &Path) -> Result<(String, String), Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::Run(format!("{}: cannot be read: {error}", path.display()))),
    };
    let values: HashMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let known = |name: &str| values.get(name).map(|v| (*v).to_owned()).filter(|v| v.len() >= 16);
    Ok(match (known("CTP_CLIENT_ID"), known("CTP_CLIENT_SECRET")) {
        (Some(id), Some(secret)) => (id, secret),
        _ => (SystemClock.secret(), SystemClock.secret()),
    })
}

fn write_env(
    path: &Path,
    project: &ValidatedProject,
    client: &ValidatedClient,
    id: &str,
    secret: &str,
    url: &str,
) -> Result<(), Failure> {
    let text = format!(
        "CTP_PROJECT_KEY={}\nCTP_CLIENT_ID={id}\nCTP_CLIENT_SECRET={secret}\nCTP_AUTH_URL={url}\nCTP_API_URL={url}\nCTP_SCOPES=\"{}\"\n",
        project.key,
        client.scope(&project.key),
    );
    let failed =
        |error: std::io::Error| Failure::Run(format!("{}: cannot be written: {error}", path.display()));
    // Written beside and renamed, so that a crash leaves either the old file or the new one.
    let beside = path.with_extension("env.new");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}
