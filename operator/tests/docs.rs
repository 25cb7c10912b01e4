//! The handbook's tables of conditions, reasons, events and metrics are those of the code.

#![allow(clippy::panic, clippy::unwrap_used, reason = "test code")]

use commerce_operator::metrics::Metrics;
use commerce_operator::reasons::{CONDITIONS, EVENTS, REASONS};
use std::path::Path;
use std::time::Duration;

/// The text with the table between the markers of `name` made anew.
fn with_table(text: &str, name: &str, heading: &str, rows: &[(&str, &str)]) -> String {
    let (start, end) = (format!("<!-- generated: {name} -->\n"), "<!-- end -->");
    let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("no marker '{name}'"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("the table '{name}' has no end"));
    let rows: String = rows.iter().map(|(word, meaning)| format!("| `{word}` | {meaning} |\n")).collect();
    format!("{before}{start}| {heading} | meaning |\n|---|---|\n{rows}{end}{after}")
}

/// Names of metrics and what they mean, as Prometheus reads them.
fn metrics() -> Vec<(String, String)> {
    let metrics = Metrics::new();
    // What has labels is told once it has a value.
    metrics.passed("ok", Duration::ZERO);
    metrics.wrote("apply");
    metrics.watch_failed("Secret");
    metrics.stack_ready("namespace", "name", Some(true));
    let text = metrics.text();
    let help = text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' '));
    help.map(|(name, meaning)| {
        let counts = text.contains(&format!("# TYPE {name} counter"));
        (format!("{name}{}", if counts { "_total" } else { "" }), meaning.to_owned())
    })
    .collect()
}

#[test]
fn the_handbook_explains_every_condition_reason_event_and_metric() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
    let stands = std::fs::read_to_string(&path).unwrap();
    let metrics = metrics();
    let metrics: Vec<(&str, &str)> = metrics.iter().map(|(n, m)| (n.as_str(), m.as_str())).collect();
    let tables = [
        ("conditions", "type", CONDITIONS),
        ("reasons", "reason", REASONS),
        ("events", "reason", EVENTS),
        ("metrics", "metric of the operator", &metrics),
    ];
    let fresh = tables
        .iter()
        .fold(stands.clone(), |text, (name, heading, rows)| with_table(&text, name, heading, rows));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, fresh).unwrap();
        return;
    }
    assert!(
        stands == fresh,
        "docs/operating.md is not what the code says: UPDATE_GOLDEN=1 cargo test -p commerce-operator --test docs"
    );
}

#[test]
fn the_chart_installs_the_definition_that_the_types_give() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/commerce-operator/files/commercestacks.yaml");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, crds::yaml()).unwrap();
        return;
    }
    assert!(
        std::fs::read_to_string(&path).unwrap() == crds::yaml(),
        "the chart's copy is stale: UPDATE_GOLDEN=1 cargo test -p commerce-operator --test docs"
    );
}
