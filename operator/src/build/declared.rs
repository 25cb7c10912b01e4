//! What the manifest declares, as the services read it: projects, and API clients with their credentials.

use crate::inputs::RootSeed;
use crate::secrets::Secrets;
use crds::{ValidatedClient, ValidatedProject, ValidatedStack};
use serde::Serialize;

/// The scope that loading sample data takes.
const MANAGE: &str = "manage_project";
/// A client that the operator adds where no declared one may load sample data. The blank keeps it apart from
/// every name that a manifest can give.
const SEED_NAME: &str = "sample data";

#[derive(Serialize)]
struct Declared<'a> {
    projects: Vec<Project<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Project<'a> {
    key: &'a str,
    name: &'a str,
    currencies: &'a [String],
    countries: &'a [String],
    languages: &'a [String],
    api_clients: Vec<Client<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Client<'a> {
    name: &'a str,
    id: String,
    secret: String,
    scopes: Vec<&'a str>,
    access_token_validity_seconds: u32,
    refresh_token_validity_seconds: u32,
}

/// The text of declared.json. The services follow the file, so pods need not restart for it.
///
/// The clients of the rotation before are declared, too: who has read their credentials goes on with them, and with the
/// tokens that they gave, until the next rotation.
pub(super) fn json(stack: &ValidatedStack, root: &RootSeed) -> String {
    let rotation = stack.secrets_rotation;
    let rotations = rotation.saturating_sub(1)..=rotation;
    let projects = stack
        .projects
        .iter()
        .map(|project| Project {
            key: &project.key,
            name: &project.name,
            currencies: &project.currencies,
            countries: &project.countries,
            languages: &project.languages,
            api_clients: rotations.clone().flat_map(|n| clients(project, &Secrets::new(root, n))).collect(),
        })
        .collect();
    serde_json::to_string(&Declared { projects }).unwrap_or_default()
}

fn clients<'a>(project: &'a ValidatedProject, secrets: &Secrets<'_>) -> Vec<Client<'a>> {
    let mut clients: Vec<Client<'a>> = project
        .api_clients
        .iter()
        .map(|client| Client {
            name: &client.name,
            id: secrets.client_id(&client.label),
            secret: secrets.client_secret(&client.label).expose().to_owned(),
            scopes: client.scopes.iter().map(String::as_str).collect(),
            access_token_validity_seconds: client.access_token_validity_seconds,
            refresh_token_validity_seconds: client.refresh_token_validity_seconds,
        })
        .collect();
    if let Some(Seeder::Own(label)) = seeder(project) {
        clients.push(Client {
            name: SEED_NAME,
            id: secrets.client_id(&label),
            secret: secrets.client_secret(&label).expose().to_owned(),
            scopes: vec![MANAGE],
            access_token_validity_seconds: 3600,
            refresh_token_validity_seconds: 3600,
        });
    }
    clients
}

/// Who loads the sample data of a project.
pub(super) enum Seeder<'a> {
    /// The first declared client that may.
    Declared(&'a ValidatedClient),
    /// A client of its own; its credentials derive by this label.
    Own(String),
}

/// Who loads the sample data of a project, if it has any.
pub(super) fn seeder(project: &ValidatedProject) -> Option<Seeder<'_>> {
    let may = |client: &&ValidatedClient| client.scopes.iter().any(|scope| scope == MANAGE);
    project.sample_data.then(|| match project.api_clients.iter().find(may) {
        Some(client) => Seeder::Declared(client),
        // No label of a manifest's client holds a blank.
        None => Seeder::Own(format!("{} {SEED_NAME}", project.key)),
    })
}
