//! The kinds of object that a stack is made of: how each is addressed, watched and ordered.

use kube::core::ApiResource;

/// A kind of child object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The plural.
    pub plural: &'static str,
    /// Children of a wave are written at once, those of a later wave after them.
    pub wave: u8,
    /// Whether its status tells if the stack is ready, so that it is watched with it.
    pub workload: bool,
    /// Whether a cluster may lack it.
    pub optional: bool,
}

const fn kind(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    wave: u8,
) -> Kind {
    Kind { group, version, kind, plural, wave, workload: false, optional: false }
}

const fn workload(group: &'static str, of: &'static str, plural: &'static str, wave: u8) -> Kind {
    Kind { workload: true, ..kind(group, "v1", of, plural, wave) }
}

/// Every kind, in no order that matters. What pods need comes in an earlier wave than they, and what needs
/// workloads in a later one.
pub const KINDS: [Kind; 13] = [
    kind("", "v1", "ServiceAccount", "serviceaccounts", 0),
    kind("", "v1", "Secret", "secrets", 0),
    kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", 0),
    kind("", "v1", "ConfigMap", "configmaps", 0),
    kind("", "v1", "Service", "services", 0),
    kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", 0),
    workload("apps", "StatefulSet", "statefulsets", 1),
    workload("apps", "Deployment", "deployments", 1),
    workload("batch", "Job", "jobs", 2),
    kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", 0),
    kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", 2),
    kind("networking.k8s.io", "v1", "Ingress", "ingresses", 0),
    Kind { optional: true, ..kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", 0) },
];

/// The greatest wave.
pub const LAST_WAVE: u8 = 2;

/// A kind by its place in [`KINDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(u8);

impl KindId {
    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).take(KINDS.len()).map(Self)
    }

    /// The kind of this name in this API version.
    #[must_use]
    pub fn find(api_version: &str, kind: &str) -> Option<Self> {
        Self::all().find(|id| id.get().kind == kind && id.api_version() == api_version)
    }

    /// The kind.
    #[must_use]
    pub fn get(self) -> &'static Kind {
        &KINDS[usize::from(self.0)]
    }

    /// Its place in [`KINDS`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// `v1`, `apps/v1`, …
    #[must_use]
    pub fn api_version(self) -> String {
        let kind = self.get();
        if kind.group.is_empty() {
            kind.version.to_owned()
        } else {
            format!("{}/{}", kind.group, kind.version)
        }
    }

    /// How a client addresses it.
    #[must_use]
    pub fn resource(self) -> ApiResource {
        let kind = self.get();
        ApiResource {
            group: kind.group.to_owned(),
            version: kind.version.to_owned(),
            api_version: self.api_version(),
            kind: kind.kind.to_owned(),
            plural: kind.plural.to_owned(),
        }
    }

    /// The kind `Secret`.
    #[must_use]
    pub fn secret() -> Self {
        Self(1)
    }

    /// The kind `PersistentVolumeClaim`.
    #[must_use]
    pub fn volume_claim() -> Self {
        Self(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_what_an_object_says_of_itself() {
        assert_eq!(KindId::secret().get().kind, "Secret");
        assert_eq!(KindId::find("v1", "Secret"), Some(KindId::secret()));
        assert_eq!(KindId::volume_claim().get().kind, "PersistentVolumeClaim");
        assert_eq!(KindId::find("apps/v1", "Deployment").unwrap().get().plural, "deployments");
        assert_eq!(KindId::find("v1", "Pod"), None);
        assert!(KINDS.iter().all(|kind| kind.wave <= LAST_WAVE));
    }
}
