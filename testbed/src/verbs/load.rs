//! `testbed load`: images for the nodes of a testbed.

use std::path::PathBuf;

use anyhow::{Context, Result};
use commerce_testbed::{Kubernetes, Part};

use super::state::State;

/// Takes the images of `archives` to the nodes.
pub fn load(archives: &[PathBuf]) -> Result<u8> {
    let kubernetes = match Kubernetes::from_env()? {
        Some(given) => given,
        None => Kubernetes::given(of_background()?.context(
            "there is no cluster to load images to: KUBECONFIG is not set, and none is up; \
             `testbed up --nodes 2` starts one",
        )?),
    };
    kubernetes.load(archives)?;
    Ok(0)
}

fn of_background() -> Result<Option<PathBuf>> {
    let servers = State::read()?.map(|state| state.servers).unwrap_or_default();
    Ok(servers.into_iter().find(|server| server.part == Part::Kubernetes).map(|server| server.value.into()))
}
