//! Objects as people read and apply them: YAML, one document per object.

use super::Child;
use serde_json::Value;

/// What stands for a secret value.
const HIDDEN: &str = "<hidden>";

/// All children as one YAML text. With `redact`, the values of Secrets are replaced, which makes them
/// unfit to be applied, as intended.
#[must_use]
pub fn render(children: &[Child], redact: bool) -> String {
    let documents: Vec<String> = children.iter().map(|child| one(child, redact)).collect();
    documents.join("---\n")
}

/// One child as a YAML document.
#[must_use]
pub fn one(child: &Child, redact: bool) -> String {
    let mut object = child.to_json();
    if redact && child.kind() == "Secret" {
        for side in ["data", "stringData"] {
            for value in object.get_mut(side).and_then(Value::as_object_mut).into_iter().flatten() {
                *value.1 = Value::String(HIDDEN.to_owned());
            }
        }
    }
    // Text, numbers, lists and objects alone, which YAML can always say.
    serde_yaml::to_string(&object).unwrap_or_default()
}
