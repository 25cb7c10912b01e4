//! The one list of a stack's topics and their settings.

use crds::ValidatedTopics;
use std::collections::BTreeMap;
use std::time::Duration;

/// How a topic must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPlan {
    /// The name without the stack's prefix.
    pub name: String,
    /// How many partitions it has at least.
    pub partitions: u32,
    /// How many copies each partition has.
    pub replication_factor: u32,
    /// The settings that are ours, by the names that Kafka has for them. Others are not touched.
    pub config: BTreeMap<String, String>,
}

/// The setting that says how many copies must have an event before it counts as written.
pub(super) const MIN_IN_SYNC: &str = "min.insync.replicas";

/// Pings prove that the bus works now; nobody reads old ones.
const PING_RETENTION: Duration = Duration::from_secs(60 * 60);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// The last event of each key, for ever.
    Latest,
    /// Every event, for the retention that the manifest asks for.
    All,
    /// Every event, for an hour at most.
    Recent,
}

const TOPICS: [(&str, Keeps); 10] = [
    ("account", Keeps::Latest),
    ("project", Keeps::Latest),
    ("customer", Keeps::All),
    ("product", Keeps::All),
    ("inventory", Keeps::All),
    ("cart", Keeps::All),
    ("order", Keeps::All),
    ("service-ping", Keeps::Recent),
    ("service-pong", Keeps::Recent),
    ("dead-letter", Keeps::All),
];

/// The topics of a stack.
#[must_use]
pub fn topics_of(settings: &ValidatedTopics) -> Vec<TopicPlan> {
    TOPICS.iter().map(|(name, keeps)| topic(name, *keeps, settings)).collect()
}

fn topic(name: &str, keeps: Keeps, settings: &ValidatedTopics) -> TopicPlan {
    let mut config = BTreeMap::new();
    let mut set = |name: &str, value: String| config.insert(name.to_owned(), value);
    if keeps == Keeps::Latest {
        set("cleanup.policy", "compact".to_owned());
    } else {
        let bound = if keeps == Keeps::Recent { PING_RETENTION } else { Duration::MAX };
        set("cleanup.policy", "delete".to_owned());
        set("retention.ms", settings.retention.min(bound).as_millis().to_string());
    }
    let copies = settings.replication_factor;
    if copies > 1 {
        // A majority: an event that was acknowledged survives the loss of a broker. While too few are up,
        // events wait in the outboxes.
        set(MIN_IN_SYNC, (copies / 2 + 1).to_string());
    }
    TopicPlan { name: name.to_owned(), partitions: settings.partitions, replication_factor: copies, config }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(manifest: &str) -> Vec<TopicPlan> {
        let text = format!(
            "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\nmetadata: {{name: shop}}\nspec:\n  kafka:\n    \
             external: {{bootstrapServers: 'kafka:9092'}}\n    topics: {manifest}\n"
        );
        topics_of(&crds::validate(&crds::load(&text, "test").unwrap()).unwrap().topics)
    }

    fn setting<'a>(topics: &'a [TopicPlan], topic: &str, name: &str) -> Option<&'a str> {
        topics.iter().find(|plan| plan.name == topic).unwrap().config.get(name).map(String::as_str)
    }

    #[test]
    fn what_every_replica_reads_whole_is_compacted_and_the_rest_is_kept_for_a_time() {
        let topics = topics("{retention: 7d}");
        assert_eq!(topics.len(), 10);
        for compacted in ["account", "project"] {
            assert_eq!(setting(&topics, compacted, "cleanup.policy"), Some("compact"));
            assert_eq!(setting(&topics, compacted, "retention.ms"), None);
        }
        assert_eq!(setting(&topics, "order", "cleanup.policy"), Some("delete"));
        assert_eq!(setting(&topics, "order", "retention.ms"), Some("604800000"));
        assert_eq!(setting(&topics, "service-ping", "retention.ms"), Some("3600000"));
    }

    #[test]
    fn a_majority_of_copies_must_have_an_event() {
        for (copies, least) in [(1, None), (2, Some("2")), (3, Some("2")), (5, Some("3"))] {
            let topics = topics(&format!("{{replicationFactor: {copies}}}"));
            assert_eq!(setting(&topics, "cart", MIN_IN_SYNC), least, "{copies} copies");
        }
    }
}
