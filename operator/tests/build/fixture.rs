//! The examples as stacks, with fixed inputs in place of what a cluster would give.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "shared by several test programs")]

use commerce_operator::build::{
    Capabilities, Child, Identity, Inputs, KafkaAuth, MongoUri, Release, RootSeed, build,
};
use commerce_operator::release::{PullPolicy, RENDERER};
use crds::{Broker, Database, ValidatedStack, load, validate};
use std::path::{Path, PathBuf};

/// What an authority's certificate looks like from afar.
pub const CA: &str = "-----BEGIN CERTIFICATE-----\nZXhhbXBsZQ==\n-----END CERTIFICATE-----\n";
pub const NAMESPACE: &str = "shops";

/// Keys of Secrets whose values anybody may know.
pub const PUBLIC: [&str; 11] = [
    "database",
    "username",
    "broker",
    "mechanism",
    "ca.crt",
    "CTP_PROJECT_KEY",
    "CTP_CLIENT_ID",
    "CTP_AUTH_URL",
    "CTP_API_URL",
    "CTP_SCOPES",
    "declared.json",
];

pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The names of all examples, in order.
pub fn examples() -> Vec<String> {
    let files = std::fs::read_dir(directory()).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    assert!(names.len() >= 6, "{names:?}");
    names
}

pub fn example(name: &str) -> ValidatedStack {
    crds::open(&directory().join(format!("{name}.yaml")))
        .unwrap_or_else(|errors| panic!("{name}: {errors:?}"))
}

/// A stack named `shop` of this spec in YAML.
pub fn stack(spec: &str) -> ValidatedStack {
    named("shop", spec)
}

pub fn named(name: &str, spec: &str) -> ValidatedStack {
    let text = format!(
        "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\nmetadata: {{name: {name}}}\nspec: {spec}\n"
    );
    validate(&load(&text, "spec").unwrap_or_else(|error| panic!("{error}")))
        .unwrap_or_else(|broken| panic!("{broken:?}"))
}

pub fn identity(stack: &ValidatedStack) -> Identity {
    Identity {
        namespace: NAMESPACE.into(),
        name: stack.name.clone(),
        uid: "5f0c6e0a-52f8-4a3c-9d2b-0a1b2c3d4e5f".into(),
        generation: 1,
    }
}

pub fn inputs(stack: &ValidatedStack) -> Inputs {
    let mut inputs = Inputs::new(RootSeed::new(*b"a seed of 32 bytes for all tests"));
    inputs.available = Capabilities { http_route: true };
    inputs.operator_namespace = Some("commerce-system".into());
    if let Database::External { ca, .. } = &stack.database {
        let uri = b"mongodb://admin:admin-password@mongodb-0.example.com:27017,mongodb-1.example.com:27018/?replicaSet=rs0&tls=true&authSource=admin";
        inputs.mongodb_uri = Some(MongoUri::parse(uri).unwrap());
        inputs.mongodb_ca = ca.is_some().then(|| CA.into());
    }
    if let Broker::External { auth, tls, .. } = &stack.broker {
        inputs.kafka_auth =
            auth.is_some().then(|| KafkaAuth::parse(b"shop", b"kafka-password", None).unwrap());
        inputs.kafka_ca = tls.as_ref().and_then(|tls| tls.ca_secret_ref.as_ref()).map(|_| CA.into());
    }
    inputs
}

pub fn release() -> Release {
    Release {
        version: "0.1.0".into(),
        image: "registry.example.com/commerce:0.1.0".into(),
        mongodb_image: "mongo:8.0".into(),
        kafka_image: "apache/kafka:4.1.0".into(),
        pull_policy: PullPolicy::IfNotPresent,
        renderer: RENDERER,
    }
}

pub fn children(stack: &ValidatedStack) -> Vec<Child> {
    build(stack, &identity(stack), &inputs(stack), &release())
}

/// The one child of this kind and name.
pub fn find<'a>(children: &'a [Child], kind: &str, name: &str) -> &'a Child {
    let mut found = children.iter().filter(|child| child.kind() == kind && child.name() == name);
    let child = found.next().unwrap_or_else(|| panic!("no {kind} {name}"));
    assert!(found.next().is_none(), "{kind} {name} twice");
    child
}
