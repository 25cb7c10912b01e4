//! Properties over generated predicates.

use commerce_predicate::{
    Circle, Comparison, Expr, Literal, Parsed, Quantifier, Shape, Term, Terms, Test, parse,
};
use proptest::prelude::*;

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<String>().prop_map(Literal::Text),
        any::<i64>().prop_map(Literal::Integer),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Literal::Decimal),
        any::<bool>().prop_map(Literal::Boolean),
    ]
}

fn term() -> impl Strategy<Value = Term> {
    prop_oneof![3 => literal().prop_map(Term::Literal), 1 => "[-_A-Za-z0-9]{1,8}".prop_map(Term::Variable)]
}

fn number() -> impl Strategy<Value = Term> {
    prop_oneof![
        any::<i64>().prop_map(|n| Term::Literal(Literal::Integer(n))),
        (-1e9..1e9).prop_map(|n| Term::Literal(Literal::Decimal(n))),
        "[a-z]{1,8}".prop_map(Term::Variable)
    ]
}

fn terms() -> impl Strategy<Value = Terms> {
    prop_oneof![
        3 => prop::collection::vec(term(), 1..4).prop_map(Terms::Items),
        1 => "[-_A-Za-z0-9]{1,8}".prop_map(Terms::Variable)
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[-_A-Za-z0-9]{1,8}", "(?i)not|and|or|in|is|true", "[^`\\pC]{1,8}"]
        .prop_filter("no control characters", |n: &String| !n.chars().any(char::is_control))
}

fn leaf() -> impl Strategy<Value = Test<Term, Terms>> {
    let comparison = prop::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ]);
    prop_oneof![
        (comparison, term()).prop_map(|(op, value)| Test::Compare(op, value)),
        (any::<bool>(), terms()).prop_map(|(negated, items)| Test::In { negated, items }),
        (prop::sample::select(vec![Quantifier::Any, Quantifier::All]), terms())
            .prop_map(|(quantifier, items)| Test::Contains(quantifier, items)),
        any::<bool>().prop_map(|negated| Test::Empty { negated }),
        any::<bool>().prop_map(|negated| Test::Defined { negated }),
        (number(), number(), number()).prop_map(|(longitude, latitude, radius)| Test::Within(Circle {
            longitude,
            latitude,
            radius
        })),
    ]
}

fn field(test: impl Strategy<Value = Test<Term, Terms>>) -> impl Strategy<Value = Parsed> {
    (name(), test).prop_map(|(name, test)| Expr::Field { name, shape: Shape::Any, test })
}

fn expr() -> impl Strategy<Value = Parsed> {
    field(leaf()).prop_recursive(5, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.clone().prop_map(|e| Expr::Not(Box::new(e))),
            field(inner.prop_map(|e| Test::Nested(Box::new(e)))),
        ]
    })
}

/// Texts near the language, so that the parser is met in its depths and not only at its door.
fn almost() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        prop::sample::select(vec![
            "and", "or", "not", "in", "is", "contains", "all", "any", "empty", "defined", "within", "circle",
            "(", ")", ",", "=", "!=", "<>", "<", ">", "<=", ">=", "!", ":", "`", "\"", "\\", "\\u",
            "\\ud800", "true", "false", "1", "-", "1.5", "1e5", "a", "b-c", " ", "\n", "\t", "é", "😀",
            "\"x\"", ":v", "\u{0}"
        ])
        .prop_map(str::to_owned),
        "\\PC{0,3}",
    ];
    prop::collection::vec(token, 0..30).prop_map(|tokens| tokens.join(" ").replace("  ", ""))
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same_tree(tree in expr()) {
        let text = tree.to_string();
        match parse(&text) {
            Ok(parsed) => prop_assert_eq!(parsed.expr(), &tree, "{}", text),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = parse(&text).map_err(|e| e.to_string());
    }

    #[test]
    fn no_text_near_the_language_makes_the_parser_panic(text in almost()) {
        match parse(&text) {
            Ok(parsed) => prop_assert_eq!(parse(&parsed.to_string()), Ok(parsed)),
            Err(error) => {
                let lines = text.split('\n').count();
                prop_assert!(error.line >= 1 && error.line <= lines, "{}", error);
                prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1, "{}", error);
            }
        }
    }
}
