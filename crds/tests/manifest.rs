//! What a manifest may say: tables of good and bad ones, through the same two steps that a user's
//! manifest goes through.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use commerce_crds::{
    Broker, Database, ManifestError, Route, Scale, ServiceName, ValidatedStack, Volume, load, open, validate,
};
use std::time::Duration;

fn manifest(spec: &str) -> String {
    format!(
        "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\nmetadata: {{name: shop}}\nspec: {spec}\n"
    )
}

fn valid(spec: &str) -> ValidatedStack {
    validate(&load(&manifest(spec), "stack.yaml").unwrap()).unwrap()
}

/// All complaints about a spec, whether the strict reading or the rules make them.
fn complaints(spec: &str) -> Vec<String> {
    let text = manifest(spec);
    match load(&text, "stack.yaml") {
        Err(ManifestError::Field { invalid, .. }) => vec![invalid.to_string()],
        Err(other) => vec![other.to_string()],
        Ok(stack) => match validate(&stack) {
            Ok(_) => vec![],
            Err(broken) => broken.iter().map(ToString::to_string).collect(),
        },
    }
}

#[test]
fn an_empty_spec_is_a_working_stack() {
    let without_spec = "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\nmetadata: {name: shop}\n";
    let stack = validate(&load(without_spec, "stack.yaml").unwrap()).unwrap();
    assert_eq!(stack, valid("{}"));
    let [project] = stack.projects.as_slice() else { panic!("one project") };
    assert_eq!((project.key.as_str(), project.name.as_str(), project.sample_data), ("shop", "shop", false));
    assert_eq!((&project.currencies, &project.countries), (&vec!["EUR".to_owned()], &vec!["DE".to_owned()]));
    let [admin] = project.api_clients.as_slice() else { panic!("one client") };
    assert_eq!((admin.name.as_str(), admin.label.as_str()), ("admin", "shop-admin"));
    assert_eq!(admin.scope("shop"), "manage_project:shop manage_api_clients:shop");
    assert_eq!(admin.access_token_validity_seconds, 172_800);
    let volume = Volume { storage: "10Gi".to_owned(), class: None };
    assert_eq!(stack.database, Database::Managed(volume.clone()));
    assert_eq!(stack.broker, Broker::Managed(volume));
    assert_eq!(stack.topics.retention, Duration::from_secs(7 * 24 * 60 * 60));
    assert_eq!(stack.enabled().count(), ServiceName::ALL.len());
}

#[test]
fn everything_of_the_design_is_taken() {
    let stack = valid(
        r#"
  image: registry.example.com/commerce:0.1.0
  projects:
    - {key: a_b, currencies: [EUR, JPY], countries: [DE, "NO"], languages: [en, de-AT], sampleData: true,
       apiClients: [{name: web, scopes: [view_products, create_anonymous_token], accessTokenValiditySeconds: 3600}]}
    - {key: second, name: The second}
  gateway: {host: shop.example.com, httpRoute: {parentRefs: [{name: public, namespace: edge}]}}
  mongodb: {external: {uriSecretRef: {name: mongo, key: uri}}}
  kafka:
    external: {bootstrapServers: "k1:9092, k2:9092", authSecretRef: {name: sasl}, tls: {}}
    topics: {partitions: 12, replicationFactor: 3, retention: 36h}
  defaults: {replicas: 2, resources: {requests: {cpu: 0.5m, memory: 64Mi}, limits: {cpu: 2}}}
  services:
    cart: {replicas: 3}
    product: {autoscaling: {minReplicas: 2, maxReplicas: 20, cpuUtilization: 70}}
    order: {enabled: false, image: other:1}
  deletionPolicy: Delete
  operation: {paused: true}"#,
    );
    assert_eq!(stack.projects[0].api_clients[0].label, "a-b-web");
    assert!(matches!(stack.edge.route, Route::HttpRoute { .. }));
    assert!(
        matches!(&stack.broker, Broker::External { bootstrap_servers, .. } if bootstrap_servers[1] == "k2:9092")
    );
    let scale = |name| stack.services[&name].scale;
    assert_eq!(scale(ServiceName::Cart), Scale::Fixed(3));
    assert_eq!(scale(ServiceName::Customer), Scale::Fixed(2));
    assert_eq!(scale(ServiceName::Product), Scale::Auto { min: 2, max: 20, cpu_utilization: 70 });
    assert!(!stack.services[&ServiceName::Order].enabled && stack.paused);
}

#[test]
fn an_empty_block_or_list_means_its_default() {
    let blocks =
        "{projects: [], gateway: {}, mongodb: {}, kafka: {topics: {}}, defaults: {}, services: {cart: {}}}";
    assert_eq!(valid(blocks), valid("{}"));
    assert_eq!(valid("\n  projects:\n  kafka:\n  services:\n    cart:\n"), valid("{}"));
}

#[test]
fn what_is_wrong_is_told_with_its_path_and_remedy() {
    let project = |fields: &str| format!("{{projects: [{{key: demo, {fields}}}]}}");
    let client = |fields: &str| project(&format!("apiClients: [{{name: web, {fields}}}]"));
    let table: Vec<(String, &str)> = vec![
        (
            "{proyects: []}".into(),
            "spec.proyects: unknown field 'proyects'; did you mean 'projects'? known are: ",
        ),
        (
            "{services: {carts: {replicas: 3}}}".into(),
            "spec.services.carts: unknown service 'carts'; did you mean 'cart'? known are: account, ",
        ),
        (
            "{services: {cart: {replica: 3}}}".into(),
            "spec.services.cart.replica: unknown field 'replica'; did you mean 'replicas'?",
        ),
        (
            "{services: {cart: {replicas: three}}}".into(),
            "spec.services.cart.replicas: must be a whole number, but is the text 'three'",
        ),
        (
            "{services: {cart: {replicas: 2.5}}}".into(),
            "spec.services.cart.replicas: must be a whole number, but is the number 2.5",
        ),
        ("{services: {cart: {replicas: 101}}}".into(), "spec.services.cart.replicas: must be 1 to 100"),
        (
            "{services: {cart: {replicas: 99999999999999999999}}}".into(),
            "stack.yaml:4:36: is not a readable YAML file: spec.services.cart.replicas: the number 99999999999999999999 is too large",
        ),
        (
            "{services: {gateway: {enabled: false}}}".into(),
            "spec.services.gateway.enabled: must be true or absent",
        ),
        (
            "{services: {cart: {replicas: 1, autoscaling: {maxReplicas: 2}}}}".into(),
            "spec.services.cart: has replicas and autoscaling; give only one of replicas, autoscaling",
        ),
        (
            "{services: {cart: {autoscaling: {}}}}".into(),
            "spec.services.cart.autoscaling.maxReplicas: is missing",
        ),
        (
            "{services: {cart: {autoscaling: {minReplicas: 3, maxReplicas: 2}}}}".into(),
            "spec.services.cart.autoscaling.maxReplicas: is 2, less than minReplicas 3",
        ),
        ("{image: 'two words'}".into(), "spec.image: 'two words' is not an image"),
        (
            "{defaults: {resources: {limits: {memory: lots}}}}".into(),
            "spec.defaults.resources.limits.memory: 'lots' is not a quantity",
        ),
        (
            "{defaults: {resources: {limits: {cpu: 0.5}}}}".into(),
            "spec.defaults.resources.limits.cpu: must be a quantity such as 250m",
        ),
        (
            "{services: {cart: {resources: {requests: {memory: 1Gi}, limits: {memory: 1000M}}}}}".into(),
            "spec.services.cart.resources.requests.memory: is 1Gi, more than limits.memory 1000M",
        ),
        ("[]".into(), "spec: must be an object, but is a list"),
        ("{projects: {demo: {}}}".into(), "spec.projects: must be a list, but is an object"),
        ("{projects: [demo]}".into(), "spec.projects[0]: must be an object, but is the text 'demo'"),
        ("{projects: [{name: x}]}".into(), "spec.projects[0].key: is missing"),
        (
            "{projects: [{key: 12}]}".into(),
            "spec.projects[0].key: must be text (put it into quotes), but is the number 12",
        ),
        ("{projects: [{key: x}]}".into(), "spec.projects[0].key: 'x' is not a project key: 2 to 36 "),
        ("{projects: [{key: Demo}]}".into(), "spec.projects[0].key: 'Demo' is not a project key"),
        ("{projects: [{key: -demo}]}".into(), "spec.projects[0].key: '-demo' is not a project key"),
        (format!("{{projects: [{{key: {}}}]}}", "x".repeat(5000)), "spec.projects[0].key: 'xxxx"),
        (
            "{projects: [{key: oauth}]}".into(),
            "spec.projects[0].key: 'oauth' is reserved for the gateway's own routes",
        ),
        (
            "{projects: [{key: aa}, {key: aa}]}".into(),
            "spec.projects[1].key: 'aa' is the key of spec.projects[0] already",
        ),
        (
            project("currencies: [EURO]"),
            "spec.projects[0].currencies[0]: 'EURO' is not a currency of ISO 4217",
        ),
        (project("currencies: [EUR, QQQ]"), "spec.projects[0].currencies[1]: 'QQQ' is not a currency"),
        (project("currencies: [EUR, EUR]"), "spec.projects[0].currencies[1]: 'EUR' is given twice"),
        (
            project("countries: [Germany]"),
            "spec.projects[0].countries[0]: 'Germany' is not a country of ISO 3166-1",
        ),
        (project("languages: [EN]"), "spec.projects[0].languages[0]: 'EN' is not a language"),
        (project("languages: [en_US]"), "spec.projects[0].languages[0]: 'en_US' is not a language"),
        (
            project("sampleData: 'yes'"),
            "spec.projects[0].sampleData: must be true or false, but is the text 'yes'",
        ),
        (project("name: ''"), "spec.projects[0].name: must have 1 to 256 characters"),
        (
            client("scopes: []"),
            "spec.projects[0].apiClients[0].scopes: is empty; an API client needs at least one scope",
        ),
        (project("apiClients: [{name: web}]"), "spec.projects[0].apiClients[0].scopes: is missing"),
        (
            client("scopes: [manage_product]"),
            "spec.projects[0].apiClients[0].scopes[0]: unknown scope 'manage_product'; did you mean 'manage_products'?",
        ),
        (
            client("scopes: ['view_products:demo']"),
            "spec.projects[0].apiClients[0].scopes[0]: 'view_products:demo' names a project; write 'view_products' alone",
        ),
        (
            client("scopes: [manage_project, manage_project]"),
            "spec.projects[0].apiClients[0].scopes[1]: 'manage_project' is given twice",
        ),
        (
            client("scopes: [manage_project], accessTokenValiditySeconds: 60"),
            "spec.projects[0].apiClients[0].accessTokenValiditySeconds: must be 3600 to 604800",
        ),
        (
            project("apiClients: [{name: Web, scopes: [manage_project]}]"),
            "spec.projects[0].apiClients[0].name: 'Web' is not a client name",
        ),
        (
            project("apiClients: [{name: aa, scopes: [view_types]}, {name: aa, scopes: [view_types]}]"),
            "spec.projects[0].apiClients[1].name: 'aa' is the name of apiClients[0] already",
        ),
        (
            "{projects: [{key: a-b, apiClients: [{name: c, scopes: [view_types]}]}, \
             {key: aa}, {key: a_b, apiClients: [{name: c, scopes: [view_types]}]}]}"
                .into(),
            "spec.projects[2].apiClients[0].name: its credentials would be named 'a-b-c' like those of spec.projects[0].apiClients[0]",
        ),
        (
            "{mongodb: {managed: {}, external: {uriSecretRef: {name: a, key: b}}}}".into(),
            "spec.mongodb: has managed and external",
        ),
        ("{mongodb: {external: {}}}".into(), "spec.mongodb.external.uriSecretRef: is missing"),
        (
            "{mongodb: {managed: {storage: big}}}".into(),
            "spec.mongodb.managed.storage: 'big' is not a size, such as 10Gi",
        ),
        (
            "{kafka: {managed: {storageClassName: Fast}}}".into(),
            "spec.kafka.managed.storageClassName: 'Fast' is not",
        ),
        ("{mongodb: {managed: {storage: 0Gi}}}".into(), "spec.mongodb.managed.storage: '0Gi' is not a size"),
        (
            "{kafka: {strimzi: {cluster: c}, managed: {}}}".into(),
            "spec.kafka: has managed and strimzi; give only one of managed, external, strimzi",
        ),
        (
            "{kafka: {external: {bootstrapServers: kafka}}}".into(),
            "spec.kafka.external.bootstrapServers: 'kafka' is not a server: host:port",
        ),
        (
            "{kafka: {topics: {retention: forever}}}".into(),
            "spec.kafka.topics.retention: 'forever' is not a duration",
        ),
        ("{kafka: {topics: {retention: 7€}}}".into(), "spec.kafka.topics.retention: '7€' is not a duration"),
        (
            "{kafka: {topics: {replicationFactor: 3}}}".into(),
            "spec.kafka.topics.replicationFactor: must be 1, because the managed Kafka has one node",
        ),
        (
            "{gateway: {host: 'https://shop.example.com'}}".into(),
            "spec.gateway.host: 'https://shop.example.com' is not a host name",
        ),
        ("{gateway: {ingress: {}}}".into(), "spec.gateway.host: is missing; an ingress needs a host name"),
        (
            "{gateway: {host: a.b, ingress: {}, httpRoute: {parentRefs: [{name: a}]}}}".into(),
            "spec.gateway: has ingress and httpRoute",
        ),
        (
            "{gateway: {httpRoute: {parentRefs: []}}}".into(),
            "spec.gateway.httpRoute.parentRefs: must name 1 to 32 Gateways",
        ),
        (
            "{deletionPolicy: Retian}".into(),
            "spec.deletionPolicy: unknown value 'Retian'; did you mean 'Retain'? known are: Retain, Delete",
        ),
        (
            "{operation: {paused: 1}}".into(),
            "spec.operation.paused: must be true or false, but is the number 1",
        ),
    ];
    for (spec, expected) in table {
        let found = complaints(&spec);
        assert_eq!(found.len(), 1, "{expected}\n{found:#?}");
        assert!(found[0].starts_with(expected), "expected: {expected}\n   found: {}", found[0]);
        assert!(!found[0].contains('\n') && found[0].len() < 3000, "{}", found[0]);
    }
}

#[test]
fn all_broken_rules_are_told_at_once() {
    let found = complaints(
        "{projects: [{key: api, currencies: [XY], languages: [e]}], mongodb: {managed: {storage: x}}}",
    );
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[test]
fn lists_are_bounded() {
    let many =
        |count: usize, entry: fn(usize) -> String| (0..count).map(entry).collect::<Vec<_>>().join(", ");
    let projects = many(101, |i| format!("{{key: p-{i:03}}}"));
    assert_eq!(
        complaints(&format!("{{projects: [{projects}]}}")),
        ["spec.projects: has 101 entries; at most 100 are allowed"]
    );
    let clients = many(101, |i| format!("{{name: c-{i}, scopes: [view_types]}}"));
    let path = "spec.projects[0].apiClients";
    assert_eq!(
        complaints(&format!("{{projects: [{{key: demo, apiClients: [{clients}]}}]}}")),
        [format!("{path}: has 101 entries; at most 100 are allowed")]
    );
}

#[test]
fn what_the_services_are_told_fits_into_one_secret() {
    let clients = |scope: &str| {
        let clients: Vec<String> = (0..100).map(|n| format!("{{name: c-{n}, scopes: [{scope}]}}")).collect();
        let clients = clients.join(", ");
        let projects: Vec<String> =
            (0..20).map(|n| format!("{{key: p-{n}, apiClients: [{clients}]}}")).collect();
        format!("{{projects: [{}]}}", projects.join(", "))
    };
    assert!(complaints(&clients("view_types")).is_empty());
    let [refused] = complaints(&clients("view_types, manage_project")).try_into().unwrap();
    assert!(refused.starts_with("spec.projects: declares about "), "{refused}");
}

#[test]
fn a_stack_whose_name_makes_no_project_key_needs_projects() {
    let named = |name: &str, spec: &str| {
        let text = manifest(spec).replace("name: shop", &format!("name: {name}"));
        validate(&load(&text, "stack.yaml").unwrap()).map_err(|broken| broken[0].to_string())
    };
    let reserved = named("api", "{}").unwrap_err();
    assert!(
        reserved.starts_with("spec.projects: 'api' is reserved")
            && reserved.ends_with("give spec.projects a key")
    );
    assert!(named("api", "{projects: [{key: demo}]}").is_ok());
    assert!(named("Shop", "{}").unwrap_err().starts_with("metadata.name: 'Shop' is not a stack name"));
    assert!(named(&"x".repeat(41), "{projects: [{key: demo}]}").unwrap_err().starts_with("metadata.name: "));
}

#[test]
fn the_examples_are_valid() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for file in std::fs::read_dir(&examples).unwrap() {
        open(&file.unwrap().path()).unwrap_or_else(|broken| panic!("{broken:?}"));
    }
    let minimal = open(&examples.join("minimal.yaml")).unwrap();
    assert_eq!(minimal, valid("{}"));
    let quickstart = open(&examples.join("quickstart.yaml")).unwrap();
    let [project] = quickstart.projects.as_slice() else { panic!("one project") };
    assert!(project.sample_data && project.key == "demo" && project.currencies == ["EUR", "USD"]);
    assert_eq!(project.api_clients[0].scopes, ["manage_project", "manage_api_clients"]);
}
