//! The handbook's tables of conditions, reasons and events are those of the code.

#![allow(clippy::panic, clippy::unwrap_used, reason = "test code")]

use commerce_operator::reasons::{CONDITIONS, EVENTS, REASONS};
use std::path::Path;

/// The text with the table between the markers of `name` made anew.
fn with_table(text: &str, name: &str, heading: &str, rows: &[(&str, &str)]) -> String {
    let (start, end) = (format!("<!-- generated: {name} -->\n"), "<!-- end -->");
    let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("no marker '{name}'"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("the table '{name}' has no end"));
    let rows: String = rows.iter().map(|(word, meaning)| format!("| `{word}` | {meaning} |\n")).collect();
    format!("{before}{start}| {heading} | meaning |\n|---|---|\n{rows}{end}{after}")
}

#[test]
fn the_handbook_explains_every_condition_reason_and_event() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
    let stands = std::fs::read_to_string(&path).unwrap();
    let fresh =
        [("conditions", "type", CONDITIONS), ("reasons", "reason", REASONS), ("events", "reason", EVENTS)]
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
