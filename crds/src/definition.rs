//! The CustomResourceDefinition as YAML, which the chart and `kubectl apply` take.

use crate::CommerceStack;
use kube::CustomResourceExt;
use serde_json::Value;

/// What `crds/commercestacks.yaml` holds. A test compares the two.
#[must_use]
pub fn yaml() -> String {
    // The definition is made of texts, numbers and lists alone, which JSON and YAML can always say.
    let mut definition = serde_json::to_value(CommerceStack::crd()).unwrap_or_default();
    unwrap_lines(&mut definition);
    let text = serde_yaml::to_string(&definition).unwrap_or_default();
    format!("# Generated from the types in crds/src by `commerce-operator crd`. Do not edit.\n{text}")
}

/// Comments are wrapped in our sources; `kubectl explain` wraps descriptions by itself.
fn unwrap_lines(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(unwrap_lines),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "description" => {
                        let paragraphs: Vec<String> =
                            text.split("\n\n").map(|lines| lines.replace('\n', " ")).collect();
                        *text = paragraphs.join("\n\n");
                    }
                    other => unwrap_lines(other),
                }
            }
        }
        _ => {}
    }
}
