//! Every Secret of a stack but the one with its seed: signing keys, database users, the broker's
//! credentials, declared.json, and the credentials of API clients.
//!
//! All values derive from the seed or are copied from Secrets that the user made.

use super::declared::{self, Seeder};
use super::{Child, Context, Identity, Lifetime};
use crate::access::{DatabaseAccess, MONGODB_ROOT};
use crate::inputs::RootSeed;
use crate::labels::{self, Component};
use crate::names;
use crds::{Database, ServiceName, ValidatedProject};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

/// The key of an authority's certificates in every Secret that has them.
pub(super) const CA: &str = "ca.crt";

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    for service in cx.stack.enabled() {
        let key = cx.secrets.identity(service.as_str()).private();
        let metadata = cx.of_service(&names::identity(cx.name(), service), service);
        children.push(child(cx, metadata, [("key", key.expose().to_owned())], Lifetime::Owned));
    }
    if let Some(database) = &cx.database {
        children.extend(cx.keepers().filter_map(|service| database_user(cx, database, service)));
        children.extend(administrator(cx, database));
    }
    children.push(broker(cx));
    let json = declared::json(cx.stack, &cx.inputs.root);
    children.push(child(
        cx,
        cx.of_stack(&names::declared(cx.name())),
        [("declared.json", json)],
        Lifetime::Owned,
    ));
    for project in &cx.stack.projects {
        clients(cx, project, children);
    }
}

/// The Secret with the seed. It is an input of [`super::build`], so no output of it: the operator makes it
/// once, with random bytes, and never again while the stack's data exists.
#[must_use]
pub fn root_secret(identity: &Identity, seed: &RootSeed) -> Child {
    let labels = labels::guarding(labels::all(&identity.name, "config", Component::Config));
    let metadata =
        ObjectMeta { name: Some(names::root(&identity.name)), labels: Some(labels), ..Default::default() };
    let data = BTreeMap::from([("seed".to_owned(), ByteString(seed.bytes().to_vec()))]);
    let secret = Secret { data: Some(data), type_: Some("Opaque".to_owned()), ..Default::default() };
    Child::new(&secret, metadata, Lifetime::Retained, identity)
}

fn child<const N: usize>(
    cx: &Context<'_>,
    metadata: ObjectMeta,
    data: [(&str, String); N],
    lifetime: Lifetime,
) -> Child {
    of_data(cx, metadata, data.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(), lifetime)
}

fn of_data(
    cx: &Context<'_>,
    metadata: ObjectMeta,
    data: BTreeMap<String, String>,
    lifetime: Lifetime,
) -> Child {
    let data = data.into_iter().map(|(key, value)| (key, ByteString(value.into_bytes()))).collect();
    let secret = Secret { data: Some(data), type_: Some("Opaque".to_owned()), ..Default::default() };
    Child::new(&secret, metadata, lifetime, cx.identity)
}

fn database_user(cx: &Context<'_>, access: &DatabaseAccess, service: ServiceName) -> Option<Child> {
    let user = access.users.iter().find(|user| user.service == service)?;
    let uri = access.admin.for_user(user.credentials.as_ref(), &user.database);
    let mut data = BTreeMap::from([
        ("uri".to_owned(), uri.expose().to_owned()),
        ("database".to_owned(), user.database.clone()),
    ]);
    if let Some(credentials) = &user.credentials {
        data.insert("username".to_owned(), credentials.username.clone());
        data.insert("password".to_owned(), credentials.password.expose().to_owned());
    }
    data.extend(access.ca.clone().map(|ca| (CA.to_owned(), ca)));
    let metadata = cx.of_service(&names::mongodb_access(cx.name(), service), service);
    Some(of_data(cx, metadata, data, Lifetime::Owned))
}

/// The managed database's administrator: with it, people reach the data also when the stack is gone.
fn administrator(cx: &Context<'_>, access: &DatabaseAccess) -> Option<Child> {
    let Database::Managed { .. } = cx.stack.database else { return None };
    let metadata = cx.metadata(&names::mongodb_root(cx.name()), "mongodb", Component::Database);
    let data = [
        ("username", MONGODB_ROOT.to_owned()),
        ("password", cx.secrets.database_root_password().expose().to_owned()),
        ("uri", access.admin.expose().to_owned()),
    ];
    Some(child(cx, guarding(metadata), data, cx.lifetime_of_data()))
}

pub(super) fn guarding(metadata: ObjectMeta) -> ObjectMeta {
    ObjectMeta { labels: metadata.labels.map(labels::guarding), ..metadata }
}

fn broker(cx: &Context<'_>) -> Child {
    let mut data = BTreeMap::from([("broker".to_owned(), cx.broker.bootstrap())]);
    if let Some(auth) = &cx.broker.auth {
        data.insert("username".to_owned(), auth.username.clone());
        data.insert("password".to_owned(), auth.password.expose().to_owned());
        data.insert("mechanism".to_owned(), auth.mechanism.as_str().to_owned());
    }
    data.extend(cx.broker.ca.clone().map(|ca| (CA.to_owned(), ca)));
    of_data(cx, cx.of_stack(&names::kafka(cx.name())), data, Lifetime::Owned)
}

fn clients(cx: &Context<'_>, project: &ValidatedProject, children: &mut Vec<Child>) {
    let mut push = |name: String, label: &str, scope: String| {
        let data = [
            ("CTP_PROJECT_KEY", project.key.clone()),
            ("CTP_CLIENT_ID", cx.secrets.client_id(label)),
            ("CTP_CLIENT_SECRET", cx.secrets.client_secret(label).expose().to_owned()),
            ("CTP_AUTH_URL", cx.endpoint.clone()),
            ("CTP_API_URL", cx.endpoint.clone()),
            ("CTP_SCOPES", scope),
        ];
        children.push(child(cx, cx.of_stack(&name), data, Lifetime::Owned));
    };
    for client in &project.api_clients {
        push(names::client(cx.name(), &client.label), &client.label, client.scope(&project.key));
    }
    if let Some(Seeder::Own(label)) = declared::seeder(project) {
        push(names::seed(cx.name(), &project.key), &label, format!("manage_project:{}", project.key));
    }
}
