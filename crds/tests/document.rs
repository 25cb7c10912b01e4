//! What a text must be to be read as a manifest, and what is said when it is not.

use commerce_crds::{CommerceStack, Location, ManifestError, load, open, validate};
use kube::CustomResourceExt;

fn manifest(spec: &str) -> String {
    format!(
        "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\nmetadata: {{name: shop}}\nspec: {spec}\n"
    )
}

#[test]
fn a_text_that_is_no_manifest_is_refused_in_one_line() {
    let head = "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\n";
    let named = format!("{head}metadata: {{name: shop}}\n");
    let table: Vec<(String, &str)> = vec![
        (String::new(), "f.yaml: holds no manifest"),
        ("# nothing\n---\n# here\n".into(), "f.yaml: holds no manifest"),
        (format!("{named}---\n{named}"), "f.yaml: holds several documents"),
        ("hello".into(), "f.yaml:1:1: manifest: must be an object with apiVersion"),
        ("a: [".into(), "f.yaml:2:1: is not a readable YAML file: "),
        ("\t- a\n b".into(), "f.yaml:1:1: is not a readable YAML file: "),
        ("a: *unknown".into(), "f.yaml:1:4: is not a readable YAML file: unknown anchor"),
        (format!("{named}kind: Other\n"), "f.yaml:4:1: is not a readable YAML file: 'kind' is given twice"),
        (
            format!("{named}1: x\n"),
            "f.yaml:4:1: is not a readable YAML file: invalid type: integer `1`, expected a field name",
        ),
        (format!("{named}spec: !Secret x\n"), "f.yaml:4:7: is not a readable YAML file: "),
        (
            named.replace("CommerceStack", "Deployment"),
            "f.yaml:2:1: kind: is the text 'Deployment'; write 'kind: CommerceStack'",
        ),
        (
            named.replace("v1alpha1", "v9"),
            "f.yaml:1:1: apiVersion: is the text 'commercestack.io/v9'; write 'apiVersion: commercestack.io/v1alpha1'",
        ),
        (
            "kind: CommerceStack".into(),
            "f.yaml: apiVersion: is missing; write 'apiVersion: commercestack.io/v1alpha1'",
        ),
        (head.into(), "f.yaml: metadata: is missing"),
        (format!("{head}metadata: {{}}"), "f.yaml:3:1: metadata.name: is missing"),
        (format!("{head}metadata: {{name: 1}}"), "f.yaml:3:12: metadata.name: must be text"),
        (
            format!("{head}metadata: {{nme: shop}}"),
            "f.yaml:3:12: metadata.nme: unknown field 'nme'; did you mean 'name'?",
        ),
        (
            format!("{named}\"a\\nb\": 1\n"),
            "f.yaml: a\\nb: unknown field 'a\\nb'; known are: apiVersion, kind, metadata, spec",
        ),
        (
            format!("{head}metadata: {{name: shop, labels: {{a: 1}}}}"),
            "f.yaml:3:33: metadata.labels.a: invalid type: integer `1`, expected a string",
        ),
        (format!("{named}specs: {{}}\n"), "f.yaml:4:1: specs: unknown field 'specs'; did you mean 'spec'?"),
    ];
    for (text, expected) in table {
        let found = load(&text, "f.yaml").unwrap_err().to_string();
        assert!(found.starts_with(expected), "expected: {expected}\n   found: {found}");
        assert!(!found.contains('\n'), "{found}");
    }
}

#[test]
fn an_error_names_the_line_of_the_field() {
    let text = "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\nmetadata:\n  name: shop\nspec:\n  projects:\n    - key: demo\n    - key: two\n      colour: red\n";
    let error = load(text, "stack.yaml").unwrap_err();
    let ManifestError::Field { location, .. } = &error else { panic!("{error}") };
    assert_eq!(*location, Some(Location { line: 9, column: 7 }));
    assert!(error.to_string().starts_with("stack.yaml:9:7: spec.projects[1].colour: unknown field 'colour'"));
}

#[test]
fn what_a_cluster_prints_can_be_read_back() {
    let text = "apiVersion: commercestack.io/v1alpha1\nkind: CommerceStack\nmetadata:\n  name: shop\n  namespace: team\n  uid: 1f\n  generation: 3\n  creationTimestamp: '2026-01-01T00:00:00Z'\n  labels: {a: b}\nspec: {}\nstatus: {observedGeneration: 3, ofANewerRelease: true}\n";
    let stack = load(text, "stack.yaml").unwrap();
    assert_eq!(stack.status, None);
    assert_eq!(validate(&stack).unwrap().namespace.as_deref(), Some("team"));
}

#[test]
fn huge_nested_and_exploding_documents_are_refused_quickly() {
    let refused = |text: &str| load(text, "f.yaml").unwrap_err().to_string();
    assert!(refused(&"#".repeat((1 << 20) + 1)).contains("is larger than 1 MiB"));
    assert!(refused(&manifest(&"[".repeat(500_000))).contains("is not a readable YAML file"));
    assert!(
        refused(&manifest(&format!("{}{}", "[".repeat(60), "]".repeat(60)))).contains("nested too deeply")
    );
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    assert!(refused(&bomb).contains("grows too large"), "{}", refused(&bomb));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a, ".repeat(50));
    assert!(refused(&long).contains("grows too large"));
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_reason() {
    let missing = open(std::path::Path::new("no-such-file.yaml")).unwrap_err();
    assert_eq!(missing.len(), 1);
    assert!(missing[0].to_string().starts_with("no-such-file.yaml: cannot be read: "));
    let directory = open(std::path::Path::new(".")).unwrap_err();
    assert!(directory[0].to_string().starts_with(".: cannot be read: "));
}

#[test]
fn the_resource_definition_is_structural_and_names_what_users_type() {
    let crd = CommerceStack::crd();
    assert_eq!(crd.spec.names.short_names.as_deref(), Some(&["cstack".to_owned()][..]));
    assert_eq!(crd.spec.names.categories.as_deref(), Some(&["commerce".to_owned()][..]));
    let columns: Vec<_> = crd.spec.versions[0]
        .additional_printer_columns
        .iter()
        .flatten()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(columns, ["Ready", "Status", "Services", "Version", "Endpoint", "Age"]);
    let schema = serde_json::to_string(&crd.spec.versions[0].schema).unwrap();
    for forbidden in
        ["\"$ref\"", "\"oneOf\"", "\"anyOf\"", "\"additionalProperties\":false", "\"format\":\"uint"]
    {
        assert!(!schema.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn brackets_hidden_from_a_naive_count_end_too() {
    let text = manifest(&format!("\n{}\n{}", " [ #]\n".repeat(19_000), " x,".repeat(300_000)));
    let start = std::time::Instant::now();
    load(&text, "f.yaml").unwrap_err();
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}
