//! The command line, as far as it needs no cluster.

#![allow(clippy::unwrap_used, reason = "test code")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::process::{Command, Output};

const EXTERNAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/external.yaml");

fn operator(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_commerce-operator")).args(arguments).output().unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = operator(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_definition_is_printed() {
    assert_eq!(printed(&["crd"]), crds::yaml());
}

#[test]
fn rendering_hides_the_values_of_secrets_unless_it_is_told_to_show_them() {
    let password = STANDARD.encode("placeholder");
    let hidden = printed(&["render", "-f", EXTERNAL]);
    assert!(hidden.contains("password: <hidden>") && !hidden.contains(&password), "{hidden}");
    let shown = printed(&["render", "-f", EXTERNAL, "--show-secrets"]);
    assert!(shown.starts_with("# ") && shown.contains("do not apply"), "{shown}");
    assert!(!shown.contains("<hidden>") && shown.contains(&password), "{shown}");
    assert_eq!(hidden.matches("\nkind: ").count(), shown.matches("\nkind: ").count());
}

#[test]
fn what_cannot_be_rendered_is_named_and_is_wrong_use() {
    let missing = operator(&["render", "-f", "no-such-file.yaml"]);
    let said = String::from_utf8(missing.stderr).unwrap();
    assert_eq!(missing.status.code(), Some(2), "{said}");
    assert!(said.contains("no-such-file.yaml"), "{said}");
}
