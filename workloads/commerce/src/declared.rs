//! What the manifest declares: projects and API clients, brought to the services, with the credentials kept
//! in files that only the owner can read.

use crate::Failure;
use crate::wiring::Stack;
use api::ServiceName;
use api::internal::account::{DeclareClients, DeclaredClient};
use api::internal::project::DeclareProject;
use crds::{ValidatedClient, ValidatedProject, ValidatedStack};
use kit::clock::{Clock, SystemClock};
use kit::http::RequestInfo;
use kit::peers;
use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Makes what the manifest declares, and writes `<dir>/<project>-<client>.env` for each API client. Gives
/// the files' paths in the manifest's order.
pub(crate) async fn apply(
    stack: &Stack,
    manifest: &ValidatedStack,
    dir: &Path,
    url: &str,
) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for project in &manifest.projects {
        let request = RequestInfo::system(&project.key, "declare");
        declare_project(stack, project, &request).await?;
        let mut clients = Vec::new();
        for client in &project.api_clients {
            let path = dir.join(format!("{}.env", client.label));
            let (id, secret) = credentials(&path)?;
            write_env(&path, project, client, &id, &secret, url)?;
            files.push(path);
            clients.push(DeclaredClient {
                name: client.name.clone(),
                id,
                secret,
                scopes: client.scopes.clone(),
                access_token_validity_seconds: Some(client.access_token_validity_seconds),
                refresh_token_validity_seconds: Some(client.refresh_token_validity_seconds),
            });
        }
        let declare = DeclareClients { project: project.key.clone(), clients };
        peers::call::<()>(stack.peers.as_ref(), ServiceName::Account, "/declare", &request, &declare)
            .await
            .map_err(|e| {
            Failure::Run(format!("the API clients of project '{}' could not be made: {e}", project.key))
        })?;
    }
    Ok(files)
}

async fn declare_project(
    stack: &Stack,
    project: &ValidatedProject,
    request: &RequestInfo,
) -> Result<(), Failure> {
    // The manifest's validation has checked these, so nothing is lost here.
    let declare = DeclareProject {
        key: project.key.clone(),
        name: project.name.clone(),
        currencies: project.currencies.iter().filter_map(|c| api::CurrencyCode::parse(c)).collect(),
        countries: project.countries.iter().filter_map(|c| api::CountryCode::parse(c)).collect(),
        languages: project.languages.iter().filter_map(|l| api::Locale::parse(l)).collect(),
    };
    peers::call::<()>(stack.peers.as_ref(), ServiceName::Project, "/declare", request, &declare)
        .await
        .map_err(|e| Failure::Run(format!("the project '{}' could not be made: {e}", project.key)))
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
