//! The definition that is shipped is the one that the types give, and reads like documentation.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use commerce_crds::{CommerceStack, yaml};
use kube::CustomResourceExt;
use serde_json::Value;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/commercestacks.yaml");

#[test]
fn the_shipped_definition_is_fresh() {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(FILE, yaml()).unwrap();
    }
    let shipped = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        shipped == yaml(),
        "crds/commercestacks.yaml is not what the types give; write it anew with \
         `UPDATE_GOLDEN=1 cargo test -p commerce-crds --test definition`, or with \
         `commerce-operator crd > crds/commercestacks.yaml`"
    );
}

fn schema() -> Value {
    let definition = serde_json::to_value(CommerceStack::crd()).unwrap();
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        walk(field, &format!("{path}.{name}"), visit);
    }
    if schema["items"].is_object() {
        walk(&schema["items"], &format!("{path}[]"), visit);
    }
}

#[test]
fn every_field_is_explained() {
    let mut mute = Vec::new();
    walk(&schema(), "", &mut |path, field| {
        let explained = field["description"].as_str().is_some_and(|text| text.len() > 10);
        if !explained && !path.is_empty() && !path.ends_with(']') {
            mute.push(path.to_owned());
        }
    });
    assert!(mute.is_empty(), "without a description: {mute:#?}");
}

#[test]
fn every_list_and_text_of_the_spec_is_bounded() {
    let mut endless = Vec::new();
    walk(&schema()["properties"]["spec"], "spec", &mut |path, field| {
        let bounded = match field["type"].as_str() {
            Some("array") => field["maxItems"].is_u64(),
            Some("string") => field["maxLength"].is_u64() || field["enum"].is_array(),
            Some("integer") => field["minimum"].is_number() && field["maximum"].is_number(),
            Some("object") => field["properties"].is_object() && field["additionalProperties"].is_null(),
            _ => true,
        };
        if !bounded {
            endless.push(path.to_owned());
        }
    });
    assert!(endless.is_empty(), "without a bound: {endless:#?}");
}

#[test]
fn kubectl_get_shows_what_matters() {
    let definition = CommerceStack::crd().spec;
    let columns = definition.versions[0].additional_printer_columns.clone().unwrap();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["Ready", "Status", "Services", "Version", "Endpoint", "Age"]);
    assert_eq!(definition.names.short_names.unwrap(), ["cstack"]);
    assert_eq!(definition.names.categories.unwrap(), ["commerce"]);
}
