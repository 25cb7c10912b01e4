//! The text of predicates: what parses, what does not, and how errors are worded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use commerce_predicate::{MAX_DEPTH, MAX_ITEMS, MAX_LENGTH, parse};

fn printed(text: &str) -> String {
    parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).to_string()
}

fn refused(text: &str) -> String {
    parse(text).map(|p| panic!("{text} parsed as {p}")).unwrap_err().to_string()
}

#[test]
fn every_operator_parses() {
    for text in [
        r#"key = "a""#,
        r#"key != "a""#,
        "version < 5",
        "version <= -5",
        "version > 5.5",
        "version >= 1e300",
        "isActive = true",
        "key = :key",
        r#"key in ("a", 1, true, :b)"#,
        "key not in :keys",
        r#"roles contains any ("a", "b")"#,
        "roles contains all :roles",
        "roles is empty",
        "roles is not empty",
        "key is defined",
        "key is not defined",
        "geoLocation within circle(13.3777, 52.51627, 1000)",
        "geoLocation within circle(:lon, :lat, :radius)",
        r#"masterData(current(name(en = "Tea") and slug(de-AT = "tee")))"#,
        "not(a = 1)",
        "a = 1 and b = 2 or c = 3",
        "(a = 1 or b = 2) and c = 3",
        "`a name with spaces and \"quotes\"` = 1",
    ] {
        assert_eq!(printed(text), text);
    }
}

#[test]
fn keywords_are_case_insensitive_and_white_space_is_free() {
    assert_eq!(
        printed("\n\t( A=1 AND\r\nNOT\x0c( b<>TRUE ))Or c Not In(\"x\")"),
        r#"(A = 1 and not(b != true)) or c not in ("x")"#
            .replace("(A = 1 and not(b != true))", "A = 1 and not(b != true)")
    );
    assert_eq!(printed("a IS NOT Defined"), "a is not defined");
    assert_eq!(printed("x CONTAINS All(1)"), "x contains all (1)");
    assert_eq!(printed("x WITHIN Circle ( 1 , 2 , 3 )"), "x within circle(1, 2, 3)");
}

#[test]
fn and_binds_tighter_than_or() {
    assert_eq!(parse("a=1 or b=2 and c=3").unwrap(), parse("a=1 or (b=2 and c=3)").unwrap());
    assert_ne!(parse("a=1 or b=2 and c=3").unwrap(), parse("(a=1 or b=2) and c=3").unwrap());
}

#[test]
fn keywords_can_be_field_names() {
    for text in ["in in (1)", "is is defined", "and = 1 and or = 2", "contains contains any (1)", "`not` = 1"]
    {
        assert_eq!(printed(text), text);
    }
}

#[test]
fn strings_take_the_escapes_of_json() {
    assert_eq!(
        parse(r#"a = "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#).unwrap(),
        parse("a = \"\\\"\\\\/\u{8}\u{c}\n\r\té😀\"").unwrap()
    );
    assert!(refused(r#"a = "\ud83d""#).contains("Invalid Unicode escape"));
    assert!(refused(r#"a = "\ud83d\u0041""#).contains("Invalid Unicode escape"));
    assert!(refused(r#"a = "\x""#).contains("Invalid input 'x', expected '\"', '\\'"));
    assert!(refused(r#"a = "\u12g4""#).contains("Invalid input 'g', expected hexadecimal digit"));
}

#[test]
fn an_error_names_the_first_character_that_does_not_fit_and_what_would() {
    assert_eq!(
        refused("masterData il (1)"),
        "Syntax error while parsing 'where'. Invalid input 'l', expected 'n' or 's' (line 1, column 13):\n\
         masterData il (1)\n            ^"
    );
}

#[test]
fn an_error_at_the_end_points_behind_the_text() {
    assert_eq!(
        refused("key =  "),
        "Syntax error while parsing 'where'. Unexpected end of input, expected string, number, 'true', 'false' \
         or ':' (line 1, column 8):\nkey =  \n       ^"
    );
}

#[test]
fn an_error_in_a_later_line_shows_that_line() {
    assert_eq!(
        refused("a = 1\r\nand\tb ~ 2\r\nand c = 3"),
        "Syntax error while parsing 'where'. Invalid input '~', expected '=', '!=', '<>', '<', '>', '<=', '>=', \
         '(', 'in', 'not', 'contains', 'is' or 'within' (line 2, column 7):\nand\tb ~ 2\n   \t  ^"
    );
}

#[test]
fn broken_predicates_are_refused_with_a_place() {
    for (text, message, column) in [
        ("", "Unexpected end of input, expected field name, 'not' or '('", 1),
        ("   ", "Unexpected end of input, expected field name, 'not' or '('", 4),
        ("a", "Unexpected end of input, expected '='", 2),
        ("a.b = 1", "Invalid input '.', expected '='", 2),
        ("a = 'x'", "Invalid input ''', expected string", 5),
        ("a = 1 b = 2", "Invalid input 'b', expected end of input, 'and' or 'or'", 7),
        ("a = 1 an b = 2", "Invalid input ' ', expected 'd'", 9),
        ("a = 1 and", "Unexpected end of input, expected field name", 10),
        ("a = 1)", "Invalid input ')', expected end of input", 6),
        ("(a = 1", "Unexpected end of input, expected ')', 'and' or 'or'", 7),
        ("a(b = 1", "Unexpected end of input, expected ')'", 8),
        ("a()", "Invalid input ')', expected field name", 3),
        ("not a = 1", "Invalid input 'a', expected '('", 5),
        ("a in ()", "Invalid input ')', expected string", 7),
        ("a in (1", "Unexpected end of input, expected ',' or ')'", 8),
        ("a in 1", "Invalid input '1', expected '(' or ':'", 6),
        ("a inn (1)", "Invalid input 'n', expected white space", 5),
        ("a ! 1", "Invalid input ' ', expected '='", 4),
        ("a = \"x", "Unexpected end of input, expected '\"'", 7),
        ("a = 1.", "Unexpected end of input, expected digit", 7),
        ("a = 12x", "Invalid input 'x', expected digit or white space", 7),
        ("a = 1e999", "Number out of range", 5),
        ("a = -", "Unexpected end of input, expected digit", 6),
        ("a = truth", "Invalid input 't', expected 'e'", 8),
        ("a = :", "Unexpected end of input, expected name of a variable", 6),
        ("a contains (1)", "Invalid input '(', expected 'all' or 'any'", 12),
        ("a is nothing", "Invalid input 'h', expected white space", 9),
        ("a is undefined", "Invalid input 'u', expected 'not', 'empty' or 'defined'", 6),
        ("a within circle(1, 2)", "Invalid input ')', expected ','", 21),
        ("a within circle(\"1\", 2, 3)", "Invalid input '\"', expected number or ':'", 17),
        ("`` = 1", "Invalid input '`', expected field name", 2),
        ("`a = 1", "Unexpected end of input, expected '`'", 7),
        ("ä = 1", "Invalid input 'ä', expected field name", 1),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.message.starts_with(message), "{text}: {error}");
        assert_eq!((error.line, error.column), (1, column), "{text}: {error}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |n: usize| format!("{}a = 1{}", "a(".repeat(n), ")".repeat(n));
    let grouped = |n: usize| format!("{}a = 1{}", "not(".repeat(n), ")".repeat(n));
    parse(&nested(MAX_DEPTH)).unwrap();
    parse(&grouped(MAX_DEPTH)).unwrap();
    assert!(refused(&nested(MAX_DEPTH + 1)).contains("at most 32 levels deep (line 1, column 67)"));
    assert!(refused(&"(".repeat(MAX_LENGTH)).contains("at most 32 levels deep"));
}

#[test]
fn length_is_bounded() {
    let padded = |n: usize| format!("a = \"{}\"", "ä".repeat(n - 6));
    parse(&padded(MAX_LENGTH)).unwrap();
    assert_eq!(
        refused(&padded(MAX_LENGTH + 1)),
        "Syntax error while parsing 'where'. Predicates have at most 16384 characters (line 1, column 16385)"
    );
    refused(&"x".repeat(50_000_000));
}

#[test]
fn lists_are_bounded() {
    let list = |n: usize| format!("a in ({})", vec!["1"; n].join(","));
    parse(&list(MAX_ITEMS)).unwrap();
    assert!(refused(&list(MAX_ITEMS + 1)).contains("Lists have at most 500 values"));
}

#[test]
fn a_chain_as_long_as_the_text_allows_parses() {
    let chain = ["a=1"; 2000].join(" or ");
    assert_eq!(printed(&chain).matches("or").count(), 1999);
}
