//! Who may depend on whom among our own crates, read from `cargo metadata`.
//!
//! `api` ← `predicate` ← `pricing`; `api`, `predicate` ← `kit` ← each service ← `commerce`; `kit` ← `adapters` ←
//! `commerce`; `crds` ← `operator` and ← `commerce`. So a service reaches another one through `Peers` alone, and
//! only the binary knows which driver is behind a port.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// All services that are designed; those that are not built yet simply do not occur.
const SERVICES: &[&str] = &[
    "account",
    "project",
    "customer",
    "product",
    "inventory",
    "cart",
    "order",
    "payment",
    "delivery",
    "notification",
    "audit",
    "gateway",
];

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: String,
    to: String,
    /// A dev-dependency: it reaches tests, never what is shipped.
    dev: bool,
}

#[derive(Debug)]
struct Graph {
    members: BTreeSet<String>,
    edges: BTreeSet<Edge>,
}

impl Graph {
    /// From the JSON of `cargo metadata --no-deps`.
    fn from_metadata(metadata: &Value) -> Self {
        let packages = metadata["packages"].as_array().expect("packages");
        let members: BTreeSet<String> = packages.iter().map(|package| house_name(&package["name"])).collect();
        let edges = packages.iter().flat_map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            dependencies.iter().map(|dependency| Edge {
                from: house_name(&package["name"]),
                to: house_name(&dependency["name"]),
                dev: dependency["kind"] == "dev",
            })
        });
        // A path tells ours from a crate of the registry that happens to have one of our names.
        let ours =
            packages.iter().flat_map(|package| package["dependencies"].as_array().expect("dependencies"));
        let ours: BTreeSet<String> = ours
            .filter(|dependency| dependency["path"].is_string())
            .map(|ours| house_name(&ours["name"]))
            .collect();
        let edges = edges.filter(|edge| ours.contains(&edge.to)).collect();
        Self { members, edges }
    }

    /// One line for each edge and member that the rules do not allow.
    fn violations(&self) -> Vec<String> {
        let unknown = self.members.iter().filter(|member| rule(member).is_none()).map(|member| {
            format!("`{member}` has no rule: say in tests/tests/layering.rs what it may depend on")
        });
        let forbidden = self.edges.iter().filter_map(|edge| {
            let rule = rule(&edge.from)?;
            let allowed = rule.may_use.contains(&edge.to.as_str())
                || edge.dev && (rule.tests_may_use.contains(&edge.to.as_str()) || edge.to == "testbed");
            let kind = if edge.dev { "dev-depends" } else { "depends" };
            (!allowed).then(|| format!("`{}` {kind} on `{}`: {}", edge.from, edge.to, rule.because))
        });
        unknown.chain(forbidden).collect()
    }
}

/// `commerce-cart` is `cart` among us, as in the workspace's dependencies.
fn house_name(package: &Value) -> String {
    let name = package.as_str().expect("a package's name");
    name.strip_prefix("commerce-").unwrap_or(name).to_owned()
}

struct Rule {
    may_use: Vec<&'static str>,
    /// Besides `may_use`, and `testbed`, which every test may use and nothing else.
    tests_may_use: Vec<&'static str>,
    because: &'static str,
}

fn rule(member: &str) -> Option<Rule> {
    let pure = "it is values and rules, below all that does I/O";
    let rule = |may_use: &[&'static str], tests_may_use: &[&'static str], because| {
        Some(Rule { may_use: may_use.to_vec(), tests_may_use: tests_may_use.to_vec(), because })
    };
    match member {
        "api" => rule(&[], &[], pure),
        "predicate" => rule(&["api"], &[], pure),
        "pricing" => rule(&["api", "predicate"], &[], pure),
        "kit" => rule(
            &["api", "predicate"],
            &["adapters"],
            "it owns the ports and knows neither services nor drivers",
        ),
        "conformance" => rule(&["api", "predicate", "kit"], &[], "it tests ports, whatever is behind them"),
        "adapters" => {
            rule(&["api", "predicate", "kit"], &["conformance"], "a driver knows its port, not who uses it")
        }
        "crds" => rule(&[], &[], "the manifest's types stand alone"),
        "operator" => rule(&["crds"], &[], "it knows the manifest, and services only as images"),
        "testbed" => rule(&[], &[], "it starts servers and knows nothing of ours"),
        "bench" => rule(&[], &[], "it sends load over HTTP and knows nothing of ours"),
        "commerce" => {
            let all =
                ["crds", "api", "predicate", "pricing", "kit", "adapters"].iter().chain(SERVICES).copied();
            let because = "the binary wires what is shipped; the testbed is for its tests";
            Some(Rule { may_use: all.collect(), tests_may_use: vec![], because })
        }
        // The package that this test is in: its scenarios go across everything.
        "tests" => {
            let all = ["crds", "api", "predicate", "pricing", "kit", "adapters", "commerce", "testbed"];
            let all = all.iter().chain(SERVICES).copied();
            Some(Rule {
                may_use: all.collect(),
                tests_may_use: vec![],
                because: "scenarios do not test the operator",
            })
        }
        service if SERVICES.contains(&service) => rule(
            &["api", "predicate", "pricing", "kit"],
            &["adapters", "conformance"],
            "a service reaches other services through `Peers`, and its store through `Store`",
        ),
        _ => None,
    }
}

fn metadata_of_this_workspace() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn graph(edges: &[(&str, &str, bool)]) -> Graph {
    let edges: BTreeSet<Edge> = edges
        .iter()
        .map(|(from, to, dev)| Edge { from: (*from).into(), to: (*to).into(), dev: *dev })
        .collect();
    let members = edges.iter().flat_map(|edge| [edge.from.clone(), edge.to.clone()]).collect();
    Graph { members, edges }
}

#[test]
fn our_crates_depend_on_each_other_only_as_designed() {
    let graph = Graph::from_metadata(&metadata_of_this_workspace());
    let violations = graph.violations();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn the_check_sees_the_edges_that_are_there() {
    let graph = Graph::from_metadata(&metadata_of_this_workspace());
    for (from, to) in [("kit", "api"), ("commerce", "adapters"), ("commerce", "cart")] {
        let edge = Edge { from: from.into(), to: to.into(), dev: false };
        assert!(graph.edges.contains(&edge), "{edge:?} is missing from {:?}", graph.edges);
    }
}

#[test]
fn a_service_that_uses_another_service_or_a_driver_is_named() {
    let bad = graph(&[("cart", "kit", false), ("cart", "product", false), ("order", "adapters", false)]);
    let violations = bad.violations();
    assert_eq!(violations.len(), 2, "{violations:?}");
    assert!(
        violations[0]
            .starts_with("`cart` depends on `product`: a service reaches other services through `Peers`")
    );
    assert!(violations[1].starts_with("`order` depends on `adapters`: "));
}

#[test]
fn a_layer_that_uses_the_one_above_it_is_named() {
    for (from, to) in [("api", "predicate"), ("predicate", "kit"), ("kit", "adapters"), ("adapters", "cart")]
    {
        let violations = graph(&[(from, to, false)]).violations();
        assert_eq!(violations.len(), 1);
        assert!(violations[0].starts_with(&format!("`{from}` depends on `{to}`")), "{violations:?}");
    }
}

#[test]
fn drivers_and_the_testbed_are_for_a_services_tests_only() {
    assert_eq!(
        graph(&[("cart", "adapters", true), ("cart", "testbed", true)]).violations(),
        Vec::<String>::new()
    );
    assert_eq!(graph(&[("cart", "testbed", false)]).violations().len(), 1);
    assert_eq!(graph(&[("cart", "product", true)]).violations().len(), 1);
    assert_eq!(graph(&[("commerce", "testbed", false)]).violations().len(), 1);
}

#[test]
fn a_crate_without_a_rule_is_named() {
    let violations = graph(&[("commerce", "storefront", false)]).violations();
    assert!(violations.iter().any(|line| line.starts_with("`storefront` has no rule")), "{violations:?}");
}
