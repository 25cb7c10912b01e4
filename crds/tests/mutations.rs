//! No text makes reading a manifest panic, hang or answer in more than one line per error.

use commerce_crds::{load, locate, validate};
use proptest::prelude::*;

const GOOD: &str = r#"apiVersion: commercestack.io/v1alpha1
kind: CommerceStack
metadata: {name: shop, labels: {team: a}}
spec:
  image: registry.example.com/commerce:0.1.0
  projects:
    - key: demo
      currencies: [EUR, USD]
      countries: &lands [DE, US]
      languages: [en, de-AT]
      apiClients:
        - {name: admin, scopes: [manage_project], accessTokenValiditySeconds: 3600}
    - {key: two, countries: *lands}
  gateway: {host: shop.example.com, ingress: {className: nginx}}
  mongodb: {managed: {storage: 10Gi}}
  kafka:
    external: {bootstrapServers: "kafka:9092", authSecretRef: {name: sasl}, tls: {}}
    topics: {partitions: 6, replicationFactor: 1, retention: 7d}
  defaults: {replicas: 1, resources: {requests: {cpu: 50m, memory: 64Mi}}}
  services:
    cart: {replicas: 3}
    product: {autoscaling: {minReplicas: 2, maxReplicas: 20}}
  deletionPolicy: Retain
"#;

/// What YAML or a rule might stumble over.
const PIECES: &[&str] = &[
    "null",
    "~",
    "''",
    "[]",
    "{}",
    "-1",
    "0",
    "1e999",
    ".nan",
    ".inf",
    "99999999999999999999",
    "true",
    "!!binary x",
    "!tag",
    "&a",
    "*a",
    "*lands",
    "---\n",
    "...\n",
    "|\n",
    ">\n",
    "? ",
    ": ",
    "- ",
    "\t",
    "\u{0}",
    "\u{feff}",
    "€",
    "\u{1f600}",
    "\"",
    "'",
    "%YAML 9.9\n",
    "<<: *lands",
    "spec",
    "[",
    "{",
    "]",
    "}",
    "#",
    "2026-01-01",
    "0x10",
    "1.5.5",
    "\r\n",
];

fn survives(text: &str) -> Result<(), TestCaseError> {
    match load(text, "f.yaml") {
        Err(error) => prop_assert!(!error.to_string().contains('\n'), "{error}"),
        Ok(stack) => {
            if let Err(broken) = validate(&stack) {
                prop_assert!(!broken.is_empty());
                for one in broken {
                    prop_assert!(!one.to_string().contains('\n'), "{one}");
                    let _ = locate(text, &one.path);
                }
            }
        }
    }
    Ok(())
}

/// `GOOD` with one stretch of characters replaced.
fn replaced(text: &str, at: usize, length: usize, piece: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = at % (chars.len() + 1);
    let end = (at + length).min(chars.len());
    chars[..at].iter().copied().chain(piece.chars()).chain(chars[end..].iter().copied()).collect()
}

#[test]
fn the_manifest_that_is_mutated_is_good() {
    validate(&load(GOOD, "f.yaml").unwrap()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_manifest_is_taken_or_refused_in_one_line(
        edits in prop::collection::vec((any::<usize>(), 0..30_usize, prop::sample::select(PIECES)), 1..4)
    ) {
        let text = edits.iter().fold(GOOD.to_owned(), |text, (at, length, piece)| replaced(&text, *at, *length, piece));
        survives(&text)?;
    }

    #[test]
    fn a_manifest_with_other_values_is_taken_or_refused_in_one_line(
        line in 0..24_usize, value in "\\PC{0,40}", quoted in any::<bool>()
    ) {
        let value = if quoted { serde_json::to_string(&value).unwrap() } else { value };
        let lines: Vec<String> = GOOD.lines().enumerate().map(|(index, text)| match text.split_once(':') {
            Some((name, _)) if index == line => format!("{name}: {value}"),
            _ => text.to_owned(),
        }).collect();
        survives(&lines.join("\n"))?;
    }

    #[test]
    fn any_text_is_taken_or_refused_in_one_line(text in any::<String>()) {
        survives(&text)?;
    }
}
