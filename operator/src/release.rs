//! What of the operator's own goes into pods: images, and the edition of the rules that make the objects.
//!
//! A stack is pinned to the release in its status; an upgraded operator renders it with that one until the
//! stack follows. So an upgrade of the operator alone changes no pod template.

use crds::ReleaseStatus;

/// The edition of the rules in [`crate::build`]. Raise it together with any change that would alter a pod
/// template for unchanged inputs, and keep the old way for stacks that are pinned to a lower one.
pub const RENDERER: u32 = 1;

/// A release of the services and of what is run beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The version of the services, shown in the status and in labels.
    pub version: String,
    /// The image of the services, where the manifest names no other.
    pub image: String,
    /// The image of the managed MongoDB.
    pub mongodb_image: String,
    /// The image of the managed Kafka.
    pub kafka_image: String,
    /// When nodes pull images.
    pub pull_policy: PullPolicy,
    /// The edition of the rules, see [`RENDERER`].
    pub renderer: u32,
}

/// When nodes pull images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
#[clap(rename_all = "verbatim")]
pub enum PullPolicy {
    /// At every start of a container.
    Always,
    /// When the node does not have the image.
    #[default]
    IfNotPresent,
    /// Not at all.
    Never,
}

impl PullPolicy {
    /// The word that Kubernetes has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }

    fn parse(text: &str) -> Self {
        [Self::Always, Self::Never].into_iter().find(|one| one.as_str() == text).unwrap_or_default()
    }
}

impl Release {
    /// The release that a status pins a stack to.
    ///
    /// What an older status does not say is taken from `own`, the operator's release.
    #[must_use]
    pub fn pinned(status: &ReleaseStatus, own: &Self) -> Self {
        let or = |given: &str, own: &str| if given.is_empty() { own.to_owned() } else { given.to_owned() };
        Self {
            version: or(&status.version, &own.version),
            image: or(&status.image, &own.image),
            mongodb_image: or(&status.mongodb_image, &own.mongodb_image),
            kafka_image: or(&status.kafka_image, &own.kafka_image),
            pull_policy: PullPolicy::parse(&status.pull_policy),
            renderer: u32::try_from(status.renderer).unwrap_or(own.renderer).clamp(1, RENDERER),
        }
    }

    /// As the status records it.
    #[must_use]
    pub fn status(&self) -> ReleaseStatus {
        ReleaseStatus {
            version: self.version.clone(),
            image: self.image.clone(),
            mongodb_image: self.mongodb_image.clone(),
            kafka_image: self.kafka_image.clone(),
            pull_policy: self.pull_policy.as_str().to_owned(),
            renderer: i32::try_from(self.renderer).unwrap_or(i32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Release {
        Release {
            version: "2.0.0".into(),
            image: "commerce:2".into(),
            mongodb_image: "mongo:8".into(),
            kafka_image: "kafka:4".into(),
            pull_policy: PullPolicy::Never,
            renderer: RENDERER,
        }
    }

    #[test]
    fn a_release_survives_the_status() {
        let other = Release { version: "9".into(), pull_policy: PullPolicy::Always, ..own() };
        assert_eq!(Release::pinned(&own().status(), &other), own());
    }

    #[test]
    fn what_a_status_does_not_say_is_the_operators_own() {
        let status =
            ReleaseStatus { version: "1.0.0".into(), image: "commerce:1".into(), ..Default::default() };
        let pinned = Release::pinned(&status, &own());
        assert_eq!((pinned.image.as_str(), pinned.kafka_image.as_str()), ("commerce:1", "kafka:4"));
    }
}
