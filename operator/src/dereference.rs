//! The step that reads what a spec refers to. It judges nothing: what is absent is told as absent.

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::names;
use crate::world::StackKey;
use crate::world::record::version;
use crds::{Broker, Database, ValidatedStack};
use k8s_openapi::api::core::v1::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What the spec refers to, as it was read.
#[derive(Default)]
pub struct Dereferenced {
    /// The Secret from which all others derive.
    pub root: Option<Secret>,
    /// The Secrets that the spec names; none for one that does not exist.
    pub secrets: BTreeMap<String, Option<Secret>>,
}

impl Dereferenced {
    /// The versions of the Secrets that the spec names; 0 for one that does not exist.
    #[must_use]
    pub fn versions(&self) -> BTreeMap<String, u64> {
        let version = |secret: &Option<Secret>| secret.as_ref().map_or(0, |secret| version(&secret.metadata));
        self.secrets.iter().map(|(name, secret)| (name.clone(), version(secret))).collect()
    }
}

impl fmt::Debug for Dereferenced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.secrets.iter().map(|(name, secret)| (name, secret.is_some()))).finish()
    }
}

/// The names of the Secrets that a spec refers to.
#[must_use]
pub fn references(stack: &ValidatedStack) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Database::External { uri, ca, .. } = &stack.database {
        names.insert(uri.name.clone());
        names.extend(ca.iter().map(|ca| ca.name.clone()));
    }
    if let Broker::External { auth, tls, .. } = &stack.broker {
        names.extend(auth.iter().map(|auth| auth.name.clone()));
        names.extend(tls.iter().filter_map(|tls| tls.ca_secret_ref.as_ref()).map(|ca| ca.name.clone()));
    }
    names
}

/// Reads everything at once.
///
/// # Errors
/// A request failed. What does not exist is no error.
pub async fn dereference(
    cluster: &Cluster,
    key: &StackKey,
    stack: &ValidatedStack,
) -> Result<Dereferenced, Failure> {
    let root = names::root(&key.name);
    let read = references(stack).into_iter().map(|name| async move {
        let secret = cluster.secret(&key.namespace, &name).await?;
        Ok::<_, Failure>((name, secret))
    });
    let (root, secrets) =
        tokio::try_join!(cluster.secret(&key.namespace, &root), futures::future::try_join_all(read))?;
    Ok(Dereferenced { root, secrets: secrets.into_iter().collect() })
}
