//! What every pod is held to: Pod Security's `restricted` and more, probes, and the environment that the
//! binary reads.

use crate::fixture::{CA, children, example, examples, find, stack};
use crate::strategies::any_stack;
use commerce_operator::build::Child;
use proptest::prelude::*;
use serde_json::{Value, json};

fn pods(children: &[Child]) -> Vec<(String, Value)> {
    let pods = children.iter().filter_map(|child| {
        let pod = child.object.data.pointer("/spec/template/spec")?;
        Some((format!("{} {}", child.kind(), child.name()), pod.clone()))
    });
    pods.collect()
}

fn container(pod: &Value) -> &Value {
    let [container] = pod["containers"].as_array().unwrap().as_slice() else { panic!("one container") };
    container
}

fn env<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    container(pod)["env"].as_array().unwrap().iter().find(|one| one["name"] == name)
}

fn service(children: &[Child], name: &str) -> Value {
    find(children, "Deployment", &format!("shop-{name}")).object.data["spec"]["template"]["spec"].clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_pod_of_any_stack_is_restricted(stack in any_stack()) {
        for (name, pod) in pods(&children(&stack)) {
            let security = &pod["securityContext"];
            prop_assert_eq!(&security["runAsNonRoot"], &json!(true), "{}", name);
            prop_assert!(security["runAsUser"].as_i64().is_some_and(|user| user > 0), "{}", name);
            prop_assert_eq!(&security["seccompProfile"]["type"], &json!("RuntimeDefault"));
            prop_assert_eq!(&pod["automountServiceAccountToken"], &json!(false));
            let container = container(&pod);
            let security = &container["securityContext"];
            prop_assert_eq!(&security["allowPrivilegeEscalation"], &json!(false));
            prop_assert_eq!(&security["readOnlyRootFilesystem"], &json!(true));
            prop_assert_eq!(&security["capabilities"], &json!({"drop": ["ALL"]}));
            prop_assert!(container["resources"].is_object());
            for volume in pod["volumes"].as_array().unwrap() {
                prop_assert!(volume.get("hostPath").is_none(), "{}", name);
            }
            // Mounts and volumes belong together, and a variable is given once.
            let names = |of: &Value| {
                let mut names: Vec<String> = of.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
                names.sort();
                names
            };
            prop_assert_eq!(names(&pod["volumes"]), names(&container["volumeMounts"]));
            let variables = names(&container["env"]);
            let mut distinct = variables.clone();
            distinct.dedup();
            prop_assert_eq!(variables, distinct);
        }
    }

    #[test]
    fn what_a_pod_refers_to_is_made(stack in any_stack()) {
        let children = children(&stack);
        let has = |kind: &str, name: &str, key: Option<&str>| children.iter().any(|child| {
            child.kind() == kind && child.name() == name && key.is_none_or(|key| child.object.data["data"].get(key).is_some())
        });
        for (name, pod) in pods(&children) {
            prop_assert!(has("ServiceAccount", pod["serviceAccountName"].as_str().unwrap(), None), "{}", name);
            for variable in container(&pod)["env"].as_array().unwrap() {
                if let Some(reference) = variable.pointer("/valueFrom/secretKeyRef") {
                    prop_assert!(has("Secret", reference["name"].as_str().unwrap(), reference["key"].as_str()), "{}: {}", name, reference);
                }
            }
            for volume in pod["volumes"].as_array().unwrap() {
                if let Some(secret) = volume.get("secret") {
                    prop_assert!(has("Secret", secret["secretName"].as_str().unwrap(), secret["items"][0]["key"].as_str()), "{}: {}", name, secret);
                }
                if let Some(map) = volume.get("configMap") {
                    prop_assert!(has("ConfigMap", map["name"].as_str().unwrap(), None));
                }
                if let Some(claim) = volume.get("persistentVolumeClaim") {
                    prop_assert!(has("PersistentVolumeClaim", claim["claimName"].as_str().unwrap(), None));
                }
            }
        }
    }
}

#[test]
fn every_server_has_its_three_probes_and_time_to_stop() {
    for example_name in examples() {
        for (name, pod) in pods(&children(&example(&example_name))) {
            if name.starts_with("Job") {
                continue;
            }
            let container = container(&pod);
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
                assert!(container[probe].is_object(), "{name} has no {probe}");
            }
            assert!(pod["terminationGracePeriodSeconds"].as_i64().unwrap() >= 45);
        }
    }
}

#[test]
fn a_service_is_told_what_it_needs_and_no_more() {
    let children = children(&stack("{}"));
    let cart = service(&children, "cart");
    let value = |name: &str| env(&cart, name).map(|one| one["value"].as_str().unwrap_or("").to_owned());
    let of = |name: &str| value(name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(container(&cart)["args"], json!(["serve", "cart"]));
    assert_eq!((of("PORT").as_str(), of("INTERNAL_PORT").as_str()), ("8080", "9090"));
    assert_eq!(of("KAFKA_BROKER"), "shop-kafka.shops.svc:9092");
    assert_eq!(of("KAFKA_TOPIC_PREFIX"), "shops.shop.");
    assert!(of("MONGODB_DATABASE").starts_with("cs_") && of("MONGODB_DATABASE").ends_with("_cart"));
    assert_eq!(of("INTERNAL_KEY_FILE"), "/etc/commerce/identity/key");
    assert_eq!(of("INTERNAL_TRUST_DIR"), "/etc/commerce/trust");
    for absent in ["DECLARED_FILE", "KAFKA_TLS", "KAFKA_CA_FILE", "KAFKA_USERNAME", "MONGODB_CA_FILE"] {
        assert!(value(absent).is_none(), "{absent}");
    }
    for taker in ["account", "project"] {
        let pod = service(&children, taker);
        assert_eq!(env(&pod, "DECLARED_FILE").unwrap()["value"], "/etc/commerce/declared/declared.json");
    }
    assert!(env(&service(&children, "gateway"), "MONGODB_URI").is_none());
}

#[test]
fn an_encrypted_broker_and_database_are_told_with_their_authorities() {
    let children = children(&example("external"));
    let pod = service(&children, "order");
    let value = |name: &str| env(&pod, name).unwrap()["value"].as_str().unwrap().to_owned();
    assert_eq!(
        (value("KAFKA_TLS").as_str(), value("KAFKA_SASL_MECHANISM").as_str()),
        ("true", "SCRAM-SHA-512")
    );
    assert_eq!(value("KAFKA_CA_FILE"), "/etc/commerce/kafka/ca.crt");
    assert_eq!(value("MONGODB_CA_FILE"), "/etc/commerce/mongodb/ca.crt");
    let data = &find(&children, "Secret", "shop-order-mongodb").object.data["data"];
    let text = |key: &str| {
        use base64::Engine;
        let bytes = base64::engine::general_purpose::STANDARD.decode(data[key].as_str().unwrap()).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(text("ca.crt"), CA);
    let (user, password) = (text("username"), text("password"));
    assert_eq!(
        text("uri"),
        format!(
            "mongodb://{user}:{password}@mongodb-0.example.com:27017,mongodb-1.example.com:27018/{user}?replicaSet=rs0&tls=true&authSource={user}"
        )
    );
}

#[test]
fn resources_have_defaults_that_never_contradict_what_is_given() {
    let given = |resources: &str| {
        let children = children(&stack(&format!("{{services: {{cart: {{resources: {resources}}}}}}}")));
        container(&service(&children, "cart"))["resources"].clone()
    };
    assert_eq!(
        given("{}"),
        json!({"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}})
    );
    assert_eq!(given("{requests: {memory: 1Gi}}"), json!({"requests": {"cpu": "50m", "memory": "1Gi"}}));
    assert_eq!(given("{limits: {memory: 32Mi, cpu: 1}}"), json!({"limits": {"cpu": "1", "memory": "32Mi"}}));
}
