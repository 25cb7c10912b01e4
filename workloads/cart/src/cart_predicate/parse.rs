//! The text of a cart predicate as a tree: recursive descent, bounded in depth.

use super::fields::{self, Kind};
use super::{Comparison, Expr, Function, Literal, Operand, Parts, PredicateError};
use rust_decimal::Decimal;

const MAX_DEPTH: usize = 32;
const MAX_ITEMS: usize = 500;

pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Inside of a function: over these.
    parts: Option<Parts>,
}

type Parsed<T> = Result<T, PredicateError>;

fn unreadable<T>(message: String) -> Parsed<T> {
    Err(PredicateError::Syntax(message))
}

fn meaningless<T>(message: String) -> Parsed<T> {
    Err(PredicateError::Semantic(message))
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0, parts: None }
    }

    pub(super) fn whole(mut self) -> Parsed<Expr> {
        let expr = self.any()?;
        self.skip();
        if self.rest().is_empty() { Ok(expr) } else { self.expected("the end") }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn expected<T>(&self, what: &str) -> Parsed<T> {
        let found: String = self.rest().chars().take(20).collect();
        let found = if found.is_empty() { "the end".to_owned() } else { format!("'{found}'") };
        unreadable(format!("expected {what} at character {}, but found {found}", self.at + 1))
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        self.skip();
        let found = self.rest().starts_with(symbol);
        self.at += if found { symbol.len() } else { 0 };
        found
    }

    /// A name of letters, digits, `_`, `-` and dots, or of anything in backticks.
    fn name(&mut self) -> Option<&'a str> {
        self.skip();
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '`')))
            .unwrap_or(rest.len());
        let word = &rest[..end];
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return None;
        }
        self.at += end;
        Some(word)
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let before = self.at;
        if self.name().is_some_and(|name| name.eq_ignore_ascii_case(keyword)) {
            return true;
        }
        self.at = before;
        false
    }

    fn any(&mut self) -> Parsed<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return unreadable(format!("a predicate nests at most {MAX_DEPTH} levels"));
        }
        let mut left = self.all()?;
        let mut parts = 0;
        while self.keyword("or") {
            parts += 1;
            if parts > MAX_ITEMS {
                return unreadable(format!("a predicate has at most {MAX_ITEMS} parts"));
            }
            left = Expr::Or(Box::new(left), Box::new(self.all()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn all(&mut self) -> Parsed<Expr> {
        let mut left = self.one()?;
        let mut parts = 0;
        while self.keyword("and") {
            parts += 1;
            if parts > MAX_ITEMS {
                return unreadable(format!("a predicate has at most {MAX_ITEMS} parts"));
            }
            left = Expr::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Parsed<Expr> {
        if self.keyword("not") {
            if !self.symbol("(") {
                return self.expected("'('");
            }
            let inner = self.closed()?;
            return Ok(Expr::Not(Box::new(inner)));
        }
        if self.symbol("(") {
            return self.closed();
        }
        let operand = self.operand()?;
        self.test(operand)
    }

    /// The rest of a parenthesis.
    fn closed(&mut self) -> Parsed<Expr> {
        let inner = self.any()?;
        if self.symbol(")") { Ok(inner) } else { self.expected("')'") }
    }

    fn operand(&mut self) -> Parsed<Operand> {
        if let Some(literal) = self.literal()? {
            return Ok(Operand::Literal(literal));
        }
        let Some(name) = self.name() else { return self.expected("a field, a value or '('") };
        if self.symbol("(") {
            return self.function(name);
        }
        match fields::field(self.parts, name) {
            Some(field) => Ok(field),
            None => meaningless(format!("The field '{name}' does not exist.")),
        }
    }

    /// The rest of a function over parts of the cart.
    fn function(&mut self, name: &str) -> Parsed<Operand> {
        let Some((function, parts)) = function(name) else {
            return meaningless(format!("The function '{name}' does not exist."));
        };
        if self.parts.is_some() {
            return meaningless(format!("The function '{name}' does not exist inside of another function."));
        }
        self.parts = Some(parts);
        let inner = self.closed()?;
        self.parts = None;
        Ok(Operand::Parts(function, parts, Box::new(inner)))
    }

    fn test(&mut self, operand: Operand) -> Parsed<Expr> {
        for (symbol, comparison) in [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<>", Comparison::NotEqual),
            ("!=", Comparison::NotEqual),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ] {
            if self.symbol(symbol) {
                let literal = self.value()?;
                let kind = kind_of(&operand);
                let is_ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
                if !kind.compares_with(&literal) || (kind == Kind::Boolean && is_ordered) {
                    return meaningless(different(&literal));
                }
                return Ok(Expr::Compare(operand, comparison, literal));
            }
        }
        if self.keyword("is") {
            let negated = self.keyword("not");
            if self.keyword("defined") {
                return Ok(Expr::Defined { operand, negated });
            }
            if self.keyword("empty") {
                return Ok(Expr::Empty { operand, negated });
            }
            return self.expected("'defined' or 'empty'");
        }
        if self.keyword("contains") {
            let all = self.keyword("all");
            let any = !all && self.keyword("any");
            let items = if all || any { self.items()? } else { vec![self.value()?] };
            let element = match kind_of(&operand) {
                Kind::Texts => Kind::Text,
                Kind::Any => Kind::Any,
                _ => return meaningless("Only a set contains values.".to_owned()),
            };
            check_items(element, &items)?;
            return Ok(Expr::Contains { operand, items, all: !any });
        }
        let before = self.at;
        let negated = self.keyword("not");
        if self.keyword("in") {
            let items = self.items()?;
            check_items(kind_of(&operand), &items)?;
            return Ok(Expr::In { operand, items, negated });
        }
        self.at = before;
        let alone = matches!(&operand, Operand::Literal(_) | Operand::Parts(..));
        if alone && kind_of(&operand) == Kind::Boolean {
            return Ok(Expr::Is(operand));
        }
        self.expected("a comparison")
    }

    fn value(&mut self) -> Parsed<Literal> {
        match self.literal()? {
            Some(literal) => Ok(literal),
            None => self.expected("a value"),
        }
    }

    fn items(&mut self) -> Parsed<Vec<Literal>> {
        if !self.symbol("(") {
            return self.expected("'('");
        }
        let mut items = Vec::new();
        loop {
            match self.literal()? {
                Some(literal) if items.len() < MAX_ITEMS => items.push(literal),
                Some(_) => return unreadable(format!("a list has at most {MAX_ITEMS} values")),
                None => return self.expected("a value"),
            }
            if self.symbol(")") {
                return Ok(items);
            }
            if !self.symbol(",") {
                return self.expected("',' or ')'");
            }
        }
    }

    fn literal(&mut self) -> Parsed<Option<Literal>> {
        self.skip();
        if self.rest().starts_with('"') {
            return self.text_literal().map(|text| Some(Literal::Text(text)));
        }
        for (word, value) in [("true", true), ("false", false)] {
            if self.keyword(word) {
                return Ok(Some(Literal::Boolean(value)));
            }
        }
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '.'))).unwrap_or(rest.len());
        if end == 0 || rest.starts_with('.') {
            return Ok(None);
        }
        match rest[..end].parse::<Decimal>() {
            Ok(number) => {
                self.at += end;
                Ok(Some(Literal::Number(number)))
            }
            Err(_) => self.expected("a number"),
        }
    }

    /// A text in double quotes, with the escapes of JSON.
    fn text_literal(&mut self) -> Parsed<String> {
        let mut stream = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        match stream.next() {
            Some(Ok(text)) => {
                self.at += stream.byte_offset();
                Ok(text)
            }
            _ => self.expected("a text in double quotes"),
        }
    }
}

fn function(name: &str) -> Option<(Function, Parts)> {
    Some(match name {
        "lineItemCount" => (Function::Count, Parts::Lines),
        "lineItemTotal" => (Function::Total, Parts::Lines),
        "lineItemNetTotal" => (Function::NetTotal, Parts::Lines),
        "lineItemGrossTotal" => (Function::GrossTotal, Parts::Lines),
        "lineItemExists" => (Function::Exists, Parts::Lines),
        "forAllLineItems" => (Function::ForAll, Parts::Lines),
        "customLineItemCount" => (Function::Count, Parts::CustomLines),
        "customLineItemTotal" => (Function::Total, Parts::CustomLines),
        "customLineItemNetTotal" => (Function::NetTotal, Parts::CustomLines),
        "customLineItemGrossTotal" => (Function::GrossTotal, Parts::CustomLines),
        "customLineItemExists" => (Function::Exists, Parts::CustomLines),
        "forAllCustomLineItems" => (Function::ForAll, Parts::CustomLines),
        "shippingInfoExists" => (Function::Exists, Parts::Shipping),
        "forAllShippingInfos" => (Function::ForAll, Parts::Shipping),
        _ => return None,
    })
}

fn kind_of(operand: &Operand) -> Kind {
    match operand {
        Operand::Literal(Literal::Text(_)) => Kind::Text,
        Operand::Literal(Literal::Number(_)) => Kind::Number,
        Operand::Literal(Literal::Boolean(_)) => Kind::Boolean,
        Operand::Path(_, kind) => *kind,
        Operand::Attribute(..) => Kind::Any,
        Operand::Parts(Function::Count, ..) => Kind::Number,
        Operand::Parts(Function::Total | Function::NetTotal | Function::GrossTotal, ..) => Kind::Money,
        Operand::Parts(Function::Exists | Function::ForAll, ..) => Kind::Boolean,
    }
}

fn check_items(kind: Kind, items: &[Literal]) -> Parsed<()> {
    match items.iter().find(|item| !kind.compares_with(item)) {
        Some(item) => meaningless(different(item)),
        None => Ok(()),
    }
}

fn different(literal: &Literal) -> String {
    let value = match literal {
        Literal::Text(text) => format!("\"{text}\""),
        Literal::Number(number) => number.to_string(),
        Literal::Boolean(value) => value.to_string(),
    };
    format!("The value {value} is not of the kind that it is compared with.")
}
