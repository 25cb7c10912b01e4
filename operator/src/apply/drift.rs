//! Who took which field: read from the `managedFields` that were seen before the repair and those after it.

use crate::world::fields::{contains, display, is_ours, leaves};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::Value;

/// Fields that somebody took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The manager, and how it wrote: `kubectl-edit`.
    pub by: String,
    /// The first field.
    pub field: String,
    /// How many more.
    pub more: usize,
}

/// Compares our fields after a repair with those at the time of the drift. None if nothing was taken.
#[must_use]
pub fn taken(seen: &[ManagedFieldsEntry], own_now: &Value) -> Option<Taken> {
    let none = Value::Null;
    let own_then = seen.iter().find(|entry| is_ours(entry)).and_then(|entry| entry.fields_v1.as_ref());
    let own_then = own_then.map_or(&none, |fields| &fields.0);
    let lost: Vec<Vec<&str>> = leaves(own_now).into_iter().filter(|path| !contains(own_then, path)).collect();
    let others: Vec<&ManagedFieldsEntry> = seen.iter().filter(|entry| !is_ours(entry)).collect();
    let owner = |path: &[&str]| {
        others.iter().find(|entry| entry.fields_v1.as_ref().is_some_and(|fields| contains(&fields.0, path)))
    };
    let first = lost.iter().find(|path| owner(path).is_some()).or(lost.first())?;
    // Who removes a field leaves no trace of it, but was the last to write.
    let latest = || others.iter().max_by_key(|entry| entry.time.as_ref().map(|time| time.0));
    let by = owner(first).or_else(latest).and_then(|entry| entry.manager.clone());
    Some(Taken {
        by: by.unwrap_or_else(|| "somebody".to_owned()),
        field: display(first),
        more: lost.len() - 1,
    })
}

impl Taken {
    /// In one line.
    #[must_use]
    pub fn tell(&self) -> String {
        let more = if self.more == 0 { String::new() } else { format!(" and {} more", self.more) };
        format!("{}{more} changed by {}", self.field, self.by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::MANAGER;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, Time};
    use serde_json::json;

    fn entry(manager: &str, operation: &str, second: i64, fields: Value) -> ManagedFieldsEntry {
        ManagedFieldsEntry {
            manager: Some(manager.into()),
            operation: Some(operation.into()),
            time: Some(Time(jiff::Timestamp::from_second(second).unwrap())),
            fields_v1: Some(FieldsV1(fields)),
            ..Default::default()
        }
    }

    fn whole() -> Value {
        json!({"f:spec": {"f:replicas": {}, "f:template": {"f:image": {}}}})
    }

    #[test]
    fn who_changed_a_field_owns_it_now() {
        let seen = [
            entry("kubectl-create", "Update", 9, json!({"f:metadata": {}})),
            entry("kubectl-edit", "Update", 5, json!({"f:spec": {"f:replicas": {}}})),
            entry(MANAGER, "Apply", 1, json!({"f:spec": {"f:template": {"f:image": {}}}})),
        ];
        let taken = taken(&seen, &whole()).unwrap();
        assert_eq!(taken.tell(), "spec.replicas changed by kubectl-edit");
    }

    #[test]
    fn who_removed_a_field_was_the_last_to_write() {
        let seen = [
            entry("early", "Update", 5, json!({"f:status": {}})),
            entry("kubectl-patch", "Update", 7, json!({"f:metadata": {}})),
            entry(MANAGER, "Apply", 1, json!({"f:spec": {"f:template": {}}})),
        ];
        assert_eq!(
            taken(&seen, &whole()).unwrap().tell(),
            "spec.replicas and 1 more changed by kubectl-patch"
        );
    }

    #[test]
    fn managed_fields_that_were_cleared_are_told_too() {
        assert_eq!(taken(&[], &whole()).unwrap().by, "somebody");
        assert_eq!(taken(&[entry(MANAGER, "Apply", 1, whole())], &whole()), None);
    }
}
