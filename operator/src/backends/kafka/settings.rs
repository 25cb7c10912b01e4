//! Whether the settings of a topic are ours, and what to write if not. Pure.
//!
//! The client's alter call (AlterConfigs; rdkafka 0.39 has no incremental one) replaces all settings of a
//! topic. So what others have set is read and written back with ours. A setting that somebody changes in the
//! moment between is lost; the incremental call of a later client would close that gap.

use rdkafka::admin::{ConfigEntry, ConfigSource};
use std::collections::BTreeMap;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every setting of ours holds.
    Right,
    /// Some do not; writing `all` mends that and keeps the settings of others.
    Wrong { all: BTreeMap<String, String>, what: String },
    /// The broker shows no settings: it forbids that, or the topic has just gone.
    Unreadable,
    /// A setting of others has a value that is not shown, so writing would erase it.
    Hidden(String),
}

/// Compares what holds with what is wanted. A default of the broker that happens to be right is right.
pub(super) fn judge(wanted: &BTreeMap<String, String>, entries: &[ConfigEntry]) -> Verdict {
    if entries.is_empty() {
        return Verdict::Unreadable;
    }
    let value_of =
        |name: &str| entries.iter().find(|entry| entry.name == name).and_then(|entry| entry.value.as_deref());
    let wrong: Vec<String> = wanted
        .iter()
        .filter(|(name, value)| value_of(name) != Some(value))
        .map(|(name, value)| format!("{name} from {} to {value}", value_of(name).unwrap_or("nothing")))
        .collect();
    if wrong.is_empty() {
        return Verdict::Right;
    }
    let mut all = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.source == ConfigSource::DynamicTopic) {
        match &entry.value {
            _ if wanted.contains_key(&entry.name) => {}
            Some(value) => drop(all.insert(entry.name.clone(), value.clone())),
            None => return Verdict::Hidden(entry.name.clone()),
        }
    }
    all.extend(wanted.clone());
    Verdict::Wrong { all, what: wrong.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, value: Option<&str>, source: ConfigSource) -> ConfigEntry {
        ConfigEntry {
            name: name.into(),
            value: value.map(Into::into),
            is_default: source == ConfigSource::Default,
            source,
            is_read_only: false,
            is_sensitive: value.is_none(),
        }
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn wanted() -> BTreeMap<String, String> {
        map(&[("cleanup.policy", "delete"), ("retention.ms", "1000")])
    }

    #[test]
    fn a_default_that_is_what_we_want_is_left_alone() {
        let entries = [
            entry("cleanup.policy", Some("delete"), ConfigSource::Default),
            entry("retention.ms", Some("1000"), ConfigSource::DynamicTopic),
            entry("max.message.bytes", Some("5"), ConfigSource::DynamicTopic),
        ];
        assert_eq!(judge(&wanted(), &entries), Verdict::Right);
    }

    #[test]
    fn what_others_have_set_on_the_topic_is_written_back_and_defaults_are_not() {
        let entries = [
            entry("cleanup.policy", Some("delete"), ConfigSource::Default),
            entry("retention.ms", Some("7"), ConfigSource::DynamicTopic),
            entry("max.message.bytes", Some("5"), ConfigSource::DynamicTopic),
            entry("segment.bytes", Some("9"), ConfigSource::StaticBroker),
            entry("flush.ms", Some("9"), ConfigSource::DynamicDefaultBroker),
        ];
        let Verdict::Wrong { all, what } = judge(&wanted(), &entries) else {
            panic!("retention.ms is wrong")
        };
        let kept = [("cleanup.policy", "delete"), ("max.message.bytes", "5"), ("retention.ms", "1000")];
        assert_eq!(all, map(&kept));
        assert_eq!(what, "retention.ms from 7 to 1000");
    }

    #[test]
    fn a_setting_whose_value_is_not_shown_is_never_erased() {
        let entries = [
            entry("retention.ms", Some("7"), ConfigSource::DynamicTopic),
            entry("vendor.key", None, ConfigSource::DynamicTopic),
        ];
        assert_eq!(judge(&wanted(), &entries), Verdict::Hidden("vendor.key".into()));
    }

    #[test]
    fn no_settings_at_all_say_nothing() {
        assert_eq!(judge(&wanted(), &[]), Verdict::Unreadable);
    }
}
