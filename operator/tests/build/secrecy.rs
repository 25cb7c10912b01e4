//! Nothing secret is anywhere but in Secrets.

use crate::fixture::{PUBLIC, children, example, examples, identity, inputs};
use crate::strategies::any_stack;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use commerce_operator::build::{Child, render};
use crds::ValidatedStack;
use proptest::prelude::*;

/// Every secret value that a stack has, as it is and in base64.
fn secrets(stack: &ValidatedStack, children: &[Child]) -> Vec<String> {
    let mut all =
        vec![STANDARD.encode(inputs(stack).root.bytes()), "admin-password".into(), "kafka-password".into()];
    for child in children.iter().filter(|child| child.kind() == "Secret") {
        for (key, value) in child.object.data["data"].as_object().unwrap() {
            if !PUBLIC.contains(&key.as_str()) {
                let encoded = value.as_str().unwrap().to_owned();
                all.push(String::from_utf8(STANDARD.decode(&encoded).unwrap()).unwrap());
                all.push(encoded);
            }
        }
    }
    assert!(all.iter().all(|secret| secret.len() >= 14), "too short to search for");
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_object_but_a_secret_holds_a_secret_value(stack in any_stack()) {
        let children = children(&stack);
        let secrets = secrets(&stack, &children);
        for child in children.iter().filter(|child| child.kind() != "Secret") {
            let text = child.to_json().to_string();
            for secret in &secrets {
                prop_assert!(!text.contains(secret.as_str()), "{} shows a secret", child.id());
            }
        }
    }
}

#[test]
fn rendering_hides_secret_values_unless_told() {
    for name in examples() {
        let stack = example(&name);
        let children = children(&stack);
        let (hidden, shown) = (render(&children, true), render(&children, false));
        let secrets = secrets(&stack, &children);
        assert!(secrets.iter().all(|secret| !hidden.contains(secret.as_str())), "{name}");
        assert!(secrets.iter().any(|secret| shown.contains(secret.as_str())), "{name}");
        assert_eq!(hidden.matches("\nkind: ").count(), children.len(), "one document per object");
    }
}

#[test]
fn a_service_never_gets_the_administrators_password() {
    for name in examples() {
        let stack = example(&name);
        let children = children(&stack);
        let access = commerce_operator::access::database(&stack, &identity(&stack), &inputs(&stack)).unwrap();
        let password = access.admin.credentials().unwrap().password.expose().to_owned();
        for child in children
            .iter()
            .filter(|child| child.kind() == "Secret" && !child.name().ends_with("-mongodb-root"))
        {
            for value in child.object.data["data"].as_object().unwrap().values() {
                let text = String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap();
                assert!(!text.contains(&password), "{}", child.id());
            }
        }
    }
}

#[test]
fn inputs_show_nothing_when_they_are_printed() {
    let stack = example("external");
    let printed = format!("{:?}", inputs(&stack));
    for secret in ["admin-password", "kafka-password", "a seed of 32"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
