//! Every object of every example, as a file to review: what a change of ours does to a cluster is seen in
//! the change of these.
//!
//! `UPDATE_GOLDEN=1 cargo test -p commerce-operator --test golden` writes them anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

#[path = "build/fixture.rs"]
mod fixture;

use commerce_operator::build::render_one;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const HOW: &str = "if it is meant, write the files anew with \
                   `UPDATE_GOLDEN=1 cargo test -p commerce-operator --test golden` and review their change";

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Path under the directory and text of all files that there must be.
fn wanted() -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    for example in fixture::examples() {
        for child in fixture::children(&fixture::example(&example)) {
            let file = PathBuf::from(&example).join(format!("{}-{}.yaml", child.kind(), child.name()));
            assert!(
                files.insert(file.clone(), render_one(&child, false)).is_none(),
                "{} twice",
                file.display()
            );
        }
    }
    files
}

fn present() -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for example in std::fs::read_dir(directory()).into_iter().flatten() {
        let example = example.unwrap();
        for file in std::fs::read_dir(example.path()).unwrap() {
            files.insert(PathBuf::from(example.file_name()).join(file.unwrap().file_name()));
        }
    }
    files
}

#[test]
fn every_object_of_every_example_is_as_reviewed() {
    let wanted = wanted();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        write(&wanted);
    }
    let mut complaints = Vec::new();
    for (file, text) in &wanted {
        match std::fs::read_to_string(directory().join(file)) {
            Err(_) => complaints.push(format!("{}: is not there", file.display())),
            Ok(old) if old != *text => {
                complaints.push(format!("{}:\n{}", file.display(), difference(&old, text)));
            }
            Ok(_) => {}
        }
    }
    let stale = present().into_iter().filter(|file| !wanted.contains_key(file));
    complaints
        .extend(stale.map(|file| format!("{}: is of an object that is not made any more", file.display())));
    let shown: Vec<&str> = complaints.iter().take(10).map(String::as_str).collect();
    assert!(complaints.is_empty(), "{} golden files differ; {HOW}\n\n{}", complaints.len(), shown.join("\n"));
}

fn write(wanted: &BTreeMap<PathBuf, String>) {
    for file in present().iter().filter(|file| !wanted.contains_key(*file)) {
        std::fs::remove_file(directory().join(file)).unwrap();
    }
    for (file, text) in wanted {
        let path = directory().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// The lines between the first and the last that differ.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    let side = |sign: &str, lines: &[&str]| -> String {
        lines[start..lines.len() - end].iter().map(|line| format!("  {sign} {line}\n")).collect()
    };
    format!("  line {}:\n{}{}", start + 1, side("-", &old), side("+", &new))
}

#[test]
fn a_difference_shows_the_lines_that_differ_alone() {
    assert_eq!(difference("a\nb\nc\nd\n", "a\nx\ny\nc\nd\n"), "  line 2:\n  - b\n  + x\n  + y\n");
    assert_eq!(difference("a\n", "a\nb\n"), "  line 2:\n  + b\n");
}
