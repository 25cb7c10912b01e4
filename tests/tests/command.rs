//! The command line: what cannot work is one line that says what, where and how to mend it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use commerce_tests::{Stack, commerce, manifest};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

fn up(file: &Path, data: &Path, listen: &str) -> Output {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    commerce(&["up", "-f", &text(file), "--data-dir", &text(data), "--listen", listen])
}

#[track_caller]
fn fails(output: &Output, code: i32, parts: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for part in parts {
        assert!(said.contains(part), "'{said}' does not say '{part}'");
    }
    assert!(said.starts_with("error: ") && !said.contains("panicked"), "{said}");
}

#[test]
fn a_manifest_that_breaks_a_rule_is_refused_with_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let good = manifest(&["shop"]);
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        let file = dir.path().join("stack.yaml");
        std::fs::write(&file, bad.to_string()).unwrap();
        up(&file, &dir.path().join("data"), "127.0.0.1:0")
    };
    fails(&with(&|m| m["spec"]["colour"] = "blue".into()), 2, &["stack.yaml", "colour"]);
    fails(&with(&|m| m["spec"]["services"]["carts"] = serde_json::json!({})), 2, &["carts", "cart"]);
    fails(
        &with(&|m| m["spec"]["projects"][0]["currencies"][0] = "EUROS".into()),
        2,
        &["currencies", "EUROS"],
    );
    fails(&with(&|m| m["spec"]["projects"][0]["key"] = "oauth".into()), 2, &["key", "oauth"]);
    fails(&with(&|m| m["spec"]["projects"][0]["key"] = "x".repeat(300).into()), 2, &["key"]);
    fails(&up(Path::new("no-such.yaml"), &dir.path().join("data"), "127.0.0.1:0"), 2, &["no-such.yaml"]);
}

#[test]
fn a_taken_port_and_a_data_directory_in_use_are_named() {
    let stack = Stack::start(&["shop"]);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("stack.yaml");
    std::fs::write(&file, manifest(&["shop"]).to_string()).unwrap();
    let address = stack.url.strip_prefix("http://").unwrap();
    fails(&up(&file, &dir.path().join("data"), address), 1, &[address, "in use", "--listen"]);
    fails(&up(&file, &stack.data_dir(), "127.0.0.1:0"), 1, &[stack.data_dir().to_str().unwrap(), "in use"]);
}

#[test]
fn a_data_directory_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("stack.yaml");
    std::fs::write(&file, manifest(&["shop"]).to_string()).unwrap();
    let occupied = dir.path().join("occupied");
    std::fs::write(&occupied, "not a directory").unwrap();
    fails(&up(&file, &occupied, "127.0.0.1:0"), 1, &["occupied"]);
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("cart.db"), "this is not a database, whatever its name says").unwrap();
    fails(&up(&file, &data, "127.0.0.1:0"), 1, &["cart.db"]);
}

#[test]
fn the_credentials_are_for_the_owner_alone_and_stay_over_a_restart() {
    let mut stack = Stack::start(&["shop"]);
    let before = stack.env("shop", "admin");
    for name in
        ["CTP_PROJECT_KEY", "CTP_CLIENT_ID", "CTP_CLIENT_SECRET", "CTP_AUTH_URL", "CTP_API_URL", "CTP_SCOPES"]
    {
        assert!(before.get(name).is_some_and(|v| !v.is_empty()), "{name} is missing");
    }
    let mode = std::fs::metadata(stack.data_dir().join("shop-admin.env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(stack.stop(), Some(0));
    stack.restart();
    let after = stack.env("shop", "admin");
    assert_eq!(before["CTP_CLIENT_SECRET"], after["CTP_CLIENT_SECRET"]);
    assert_eq!(after["CTP_API_URL"], stack.url);
}

#[test]
fn the_api_description_is_printed_and_the_health_is_asked() {
    let printed = commerce(&["openapi"]);
    assert!(printed.status.success());
    let description: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    let stack = Stack::start(&["shop"]);
    let well = commerce(&["healthcheck", "--url", &stack.url]);
    assert!(well.status.success(), "{}", String::from_utf8_lossy(&well.stderr));
    assert!(String::from_utf8_lossy(&well.stdout).lines().all(|line| line.ends_with("UP")));
    let away = commerce(&["healthcheck", "--url", "http://127.0.0.1:9"]);
    fails(&away, 1, &["127.0.0.1:9", "does not answer"]);
}
