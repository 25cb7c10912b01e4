//! The rules that the API server keeps itself: patterns, and expressions in CEL.
//!
//! They are the part of [`crate::validate`] that a schema can say, so that most mistakes never reach the
//! cluster; `validate` remains the whole truth. Lists and texts are bounded, which bounds the cost of every
//! expression. A rule with `oldSelf` holds for changes alone.

use crate::ServiceName;
use crate::validate::RESERVED_PROJECT_KEYS;
use kube::core::Rule;
use serde_json::{Value, json};

/// A DNS label.
pub(crate) const LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// The name of an object, or a host: DNS labels joined by dots.
pub(crate) const OBJECT: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// A key in a Secret.
pub(crate) const SECRET_KEY: &str = "^[-._a-zA-Z0-9]+$";
/// An image reference, loosely: the registry knows the rest.
pub(crate) const IMAGE: &str = "^[a-zA-Z0-9][-a-zA-Z0-9._:/@]*$";
/// A quantity that is not negative.
pub(crate) const QUANTITY: &str = r"^[0-9]{1,18}(\.[0-9]{1,18})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$";
/// `host:port`, several separated by commas.
pub(crate) const SERVERS: &str =
    "^[a-zA-Z0-9][-.a-zA-Z0-9]*:[0-9]{1,5}( *, *[a-zA-Z0-9][-.a-zA-Z0-9]*:[0-9]{1,5})*$";
/// A duration of one unit.
pub(crate) const RETENTION: &str = "^[0-9]+[smhd]$";
/// A project key.
pub(crate) const PROJECT_KEY: &str = "^[a-z0-9][-_a-z0-9]*[a-z0-9]$";
/// A currency of ISO 4217, by form.
pub(crate) const CURRENCY: &str = "^[A-Z]{3}$";
/// A country of ISO 3166-1, by form.
pub(crate) const COUNTRY: &str = "^[A-Z]{2}$";
/// A language.
pub(crate) const LANGUAGE: &str = "^[a-z]{2}(-[A-Z]{2})?$";
/// A scope without a project key.
pub(crate) const SCOPE: &str = "^(manage|view|create|introspect)_[a-z_]+$";

/// One expression and what to say when it is false.
pub(crate) fn rule(rule: &str, message: &str) -> Value {
    json!({"rule": rule, "message": message})
}

/// An expression that is about the field at `path`, such as `.topics.partitions`.
pub(crate) fn rule_at(path: &str, rule: &str, message: &str) -> Value {
    json!({"rule": rule, "message": message, "fieldPath": path})
}

/// The items of a list of short texts.
pub(crate) fn items(pattern: &str, longest: u32) -> Value {
    json!({"type": "string", "pattern": pattern, "maxLength": longest})
}

/// Names of children are made of the stack's name and must stay DNS labels.
pub(crate) fn stack_name() -> Rule {
    Rule::new("self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')").message(
        "metadata.name must have up to 40 lower-case letters, digits and hyphens, begin with a letter and end with a letter or digit",
    )
}

/// A stack without projects has one that is named like the stack.
pub(crate) fn default_project() -> Rule {
    let name = "self.metadata.name";
    let given = "(has(self.spec.projects) && self.spec.projects.size() > 0)";
    let reserved = reserved();
    let rule = format!("{given} || ({name}.size() >= 2 && {name}.size() <= 36 && !({name} in [{reserved}]))");
    Rule::new(rule).message(
        "the project of a stack without spec.projects is named like the stack, but this name is no project key; give spec.projects a key",
    )
    .field_path(".spec.projects")
}

/// A project key must not collide with the gateway's own routes.
pub(crate) fn not_reserved() -> Value {
    rule(
        &format!("!(self in [{}])", reserved()),
        "this key is reserved for the gateway's own routes; choose another",
    )
}

fn reserved() -> String {
    RESERVED_PROJECT_KEYS.map(|key| format!("'{key}'")).join(", ")
}

/// Services that a stack cannot do without.
pub(crate) fn always_on() -> Vec<Value> {
    let needed = ServiceName::ALL.iter().filter(|service| service.always_on());
    needed
        .map(|service| {
            rule_at(
                &format!(".{service}.enabled"),
                &format!("!has(self.{service}) || !has(self.{service}.enabled) || self.{service}.enabled"),
                &format!("a stack cannot run without its {service} service; leave it out"),
            )
        })
        .collect()
}

/// A pod cannot be given more than it may use.
pub(crate) fn within_limit(field: &str) -> Value {
    let lacks = |side: &str| format!("!has(self.{side}) || !has(self.{side}.{field})");
    let amount = |side: &str| format!("quantity(string(self.{side}.{field}))");
    let (request, limit) = ("requests", "limits");
    rule_at(
        &format!(".{request}.{field}"),
        &format!(
            "{} || {} || {}.compareTo({}) <= 0",
            lacks(request),
            lacks(limit),
            amount(request),
            amount(limit)
        ),
        &format!("must not be more than limits.{field}"),
    )
}

/// What cannot be changed once a stack has data.
pub(crate) fn of_spec() -> Vec<Value> {
    let same = |block: &str, choice: &str| {
        let has = |side: &str| format!("(has({side}.{block}) && has({side}.{block}.{choice}))");
        format!("{} == {}", has("self"), has("oldSelf"))
    };
    let number = |side: &str| {
        let path = format!("{side}.kafka.topics");
        format!("(has({side}.kafka) && has({path}) && has({path}.partitions) ? {path}.partitions : 6)")
    };
    let size = |side: &str, block: &str| {
        let path = format!("{side}.{block}.managed");
        format!(
            "quantity(has({side}.{block}) && has({path}) && has({path}.storage) ? {path}.storage : '10Gi')"
        )
    };
    let class = |side: &str, block: &str| {
        let path = format!("{side}.{block}.managed");
        let given = format!("has({side}.{block}) && has({path}) && has({path}.storageClassName)");
        format!("({given} ? {path}.storageClassName : '')")
    };
    let same_class = |block: &str| {
        rule_at(
            &format!(".{block}.managed.storageClassName"),
            &format!("{} == {}", class("self", block), class("oldSelf", block)),
            "cannot be changed, because volumes cannot be moved; make a new stack",
        )
    };
    let grows = |block: &str| format!("{}.compareTo({}) >= 0", size("self", block), size("oldSelf", block));
    vec![
        rule_at(
            ".mongodb",
            &same("mongodb", "external"),
            "cannot be switched between managed and external, because the stack's data would stay behind; make a new stack",
        ),
        rule_at(
            ".kafka",
            &format!("{} && {}", same("kafka", "external"), same("kafka", "strimzi")),
            "cannot be switched between managed, external and strimzi, because the stack's events would stay behind; make a new stack",
        ),
        rule_at(
            ".kafka.topics.partitions",
            &format!("{} >= {}", number("self"), number("oldSelf")),
            "cannot be lowered, because Kafka cannot",
        ),
        rule_at(".mongodb.managed.storage", &grows("mongodb"), "cannot shrink, because volumes cannot"),
        rule_at(".kafka.managed.storage", &grows("kafka"), "cannot shrink, because volumes cannot"),
        same_class("mongodb"),
        same_class("kafka"),
    ]
}
