//! A real API server takes what we make: the definition with its rules, every example, and every object of
//! every example; and refuses what the rules forbid, with the path.
//!
//! Pods are made of every pod template in a namespace that enforces the Pod Security level `restricted`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "build/fixture.rs"]
mod fixture;
#[path = "accepted/rules.rs"]
mod rules;

use commerce_operator::build::{Child, build, root_secret};
use crds::CommerceStack;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};
use std::time::Duration;

/// Stands in for the Gateway API's own definition.
const HTTP_ROUTES: &str = include_str!("support/http_routes.yaml");

#[test]
fn a_real_server_takes_what_we_make_and_refuses_what_the_rules_forbid() {
    // Starting servers blocks, so it comes before the runtime.
    let cluster = testbed::Kubernetes::from_env_or_start().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = Kubeconfig::read_from(cluster.kubeconfig_path()).unwrap();
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
        let client = Client::try_from(config).unwrap();
        let text =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../crds/commercestacks.yaml"));
        define(&client, &text.unwrap()).await;
        define(&client, HTTP_ROUTES).await;
        passed("the definition is accepted");
        the_examples_are_accepted(&client).await;
        passed("the examples are accepted");
        rules::what_the_rules_forbid_is_refused_with_its_path(&client).await;
        passed("what the rules forbid is refused with its path");
        rules::what_cannot_be_changed_is_refused_with_its_path(&client).await;
        passed("what cannot be changed is refused with its path");
        for example in fixture::examples() {
            every_object_is_accepted_and_applying_it_again_changes_nothing(&client, &example).await;
        }
        passed("every object is accepted, and applying it again changes nothing");
    });
    drop(cluster);
}

fn passed(what: &str) {
    println!("ok: {what}");
}

fn us() -> PatchParams {
    PatchParams::apply("commerce-operator").force()
}

async fn define(client: &Client, text: &str) {
    let definition: CustomResourceDefinition = serde_yaml::from_str(text).unwrap();
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let name = definition.metadata.name.clone().unwrap();
    api.patch(&name, &us(), &Patch::Apply(&definition)).await.unwrap();
    for _ in 0..100 {
        let status = api.get(&name).await.unwrap().status.unwrap_or_default();
        let mut conditions = status.conditions.into_iter().flatten();
        if conditions.any(|condition| condition.type_ == "Established" && condition.status == "True") {
            // The server publishes the schema a moment later.
            tokio::time::sleep(Duration::from_millis(500)).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{name} was not established");
}

fn stacks(client: &Client) -> Api<CommerceStack> {
    Api::namespaced(client.clone(), "default")
}

fn manifest(name: &str, spec: &str) -> Value {
    let spec: Value = serde_yaml::from_str(spec).unwrap();
    json!({"apiVersion": "commercestack.io/v1alpha1", "kind": "CommerceStack", "metadata": {"name": name}, "spec": spec})
}

/// What the server says to a manifest.
async fn offer(client: &Client, manifest: &Value, dry: bool) -> Result<(), String> {
    let name = manifest["metadata"]["name"].as_str().unwrap();
    let mut params = us();
    params.dry_run = dry;
    let answer = stacks(client).patch(name, &params, &Patch::Apply(manifest)).await;
    answer.map(drop).map_err(|error| match error {
        kube::Error::Api(status) => status.message.clone(),
        other => panic!("{other}"),
    })
}

async fn the_examples_are_accepted(client: &Client) {
    for name in fixture::examples() {
        let text = std::fs::read_to_string(fixture::directory().join(format!("{name}.yaml"))).unwrap();
        let manifest: Value = serde_yaml::from_str(&text).unwrap();
        offer(client, &manifest, true).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

async fn every_object_is_accepted_and_applying_it_again_changes_nothing(client: &Client, example: &str) {
    let stack = fixture::example(example);
    let namespace = format!("accepted-{example}");
    let restricted = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": namespace, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
    namespaces.patch(&namespace, &us(), &Patch::Apply(&restricted)).await.unwrap();
    let mut identity = fixture::identity(&stack);
    identity.namespace = namespace.clone();
    let inputs = fixture::inputs(&stack);
    // The objects must have a living owner, or the garbage collector takes them.
    let stacks: Api<CommerceStack> = Api::namespaced(client.clone(), &namespace);
    let text = std::fs::read_to_string(fixture::directory().join(format!("{example}.yaml"))).unwrap();
    let manifest: Value = serde_yaml::from_str(&text).unwrap();
    let owner = stacks.patch(&stack.name, &us(), &Patch::Apply(&manifest)).await.unwrap();
    identity.uid = owner.metadata.uid.unwrap();
    let mut children = build(&stack, &identity, &inputs, &fixture::release());
    children.insert(0, root_secret(&identity, &inputs.root));
    for child in &children {
        let api = api(client, child);
        let first = apply(&api, child).await;
        if !child.is_create_only() {
            let second = apply(&api, child).await;
            assert_eq!(ours(&first), ours(&second), "{} changes when it is applied again", child.id());
        }
        pod_is_admitted(client, &namespace, child).await;
    }
    namespaces.delete(&namespace, &Default::default()).await.unwrap();
}

fn api(client: &Client, child: &Child) -> Api<DynamicObject> {
    let id = child.id();
    Api::namespaced_with(client.clone(), &id.namespace, &id.api_resource())
}

async fn apply(api: &Api<DynamicObject>, child: &Child) -> DynamicObject {
    let mut params = us();
    // Strict: a field that the server does not know is an error.
    params.field_validation = Some(kube::api::ValidationDirective::Strict);
    let applied = api.patch(child.name(), &params, &Patch::Apply(&child.object)).await;
    applied.unwrap_or_else(|error| panic!("{}: {error}", child.id()))
}

/// Our entry of the managed fields, and the generation: what a repeated apply must leave alone.
fn ours(object: &DynamicObject) -> (Option<i64>, Value) {
    let entries = object.metadata.managed_fields.iter().flatten();
    let entries = entries.filter(|entry| entry.manager.as_deref() == Some("commerce-operator"));
    (object.metadata.generation, serde_json::to_value(entries.collect::<Vec<_>>()).unwrap())
}

/// A bare pod of the template passes admission in the restricted namespace.
async fn pod_is_admitted(client: &Client, namespace: &str, child: &Child) {
    let Some(template) = child.object.data.pointer("/spec/template") else { return };
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a-pod", "labels": template["metadata"]["labels"]}, "spec": template["spec"]});
    let pod = serde_json::from_value(pod).unwrap();
    let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(client.clone(), namespace);
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    pods.create(&dry, &pod).await.unwrap_or_else(|error| panic!("a pod of {}: {error}", child.id()));
}
