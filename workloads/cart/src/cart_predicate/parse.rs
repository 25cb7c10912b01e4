//! The text of a cart predicate as a tree: recursive descent, bounded in depth.

use super::{Comparison, Expr, LineFunction, Lines, Literal, Operand};
use rust_decimal::Decimal;

const MAX_DEPTH: usize = 32;
const MAX_ITEMS: usize = 500;

/// What a cart has, under the names of the predicate language.
const CART_FIELDS: &[&str] = &[
    "id",
    "key",
    "customer",
    "customerId",
    "customerEmail",
    "customerGroup",
    "anonymousId",
    "store",
    "totalPrice",
    "taxedPrice",
    "currency",
    "country",
    "locale",
    "origin",
    "cartState",
    "taxMode",
    "inventoryMode",
    "shippingMode",
    "shippingAddress",
    "billingAddress",
    "shippingInfo",
    "shippingRateInput",
    "custom",
    "totalLineItemQuantity",
];
/// What a line has.
const LINE_FIELDS: &[&str] = &[
    "id",
    "key",
    "sku",
    "product",
    "productId",
    "productKey",
    "productType",
    "variant",
    "attributes",
    "quantity",
    "price",
    "totalPrice",
    "money",
    "slug",
    "name",
    "custom",
    "supplyChannel",
    "distributionChannel",
    "taxCategory",
    "taxRate",
    "priceMode",
    "inventoryMode",
];

pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    in_lines: bool,
}

type Parsed<T> = Result<T, String>;

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0, in_lines: false }
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
        Err(format!("expected {what} at character {}, but found {found}", self.at + 1))
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
            return Err(format!("a predicate nests at most {MAX_DEPTH} levels"));
        }
        let mut left = self.all()?;
        let mut parts = 0;
        while self.keyword("or") {
            parts += 1;
            if parts > MAX_ITEMS {
                return Err(format!("a predicate has at most {MAX_ITEMS} parts"));
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
                return Err(format!("a predicate has at most {MAX_ITEMS} parts"));
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
        if let Some((function, lines)) = line_function(name) {
            if self.in_lines || !self.symbol("(") {
                return self.expected("'(' of a function over the cart's lines");
            }
            self.in_lines = true;
            let inner = self.closed()?;
            self.in_lines = false;
            return Ok(Operand::Lines(function, lines, Box::new(inner)));
        }
        let steps: Vec<String> = name.split('.').map(|step| step.trim_matches('`').to_owned()).collect();
        let known = if self.in_lines { LINE_FIELDS } else { CART_FIELDS };
        match steps.first() {
            Some(first) if known.contains(&first.as_str()) && steps.iter().all(|step| !step.is_empty()) => {
                Ok(Operand::Path(steps))
            }
            _ => Err(format!("there is no field '{name}'")),
        }
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
                let Some(literal) = self.literal()? else { return self.expected("a value") };
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
            if !all && !self.keyword("any") {
                return self.expected("'all' or 'any'");
            }
            return Ok(Expr::Contains { operand, items: self.items()?, all });
        }
        let negated = self.keyword("not");
        if self.keyword("in") {
            return Ok(Expr::In { operand, items: self.items()?, negated });
        }
        self.expected("a comparison")
    }

    fn items(&mut self) -> Parsed<Vec<Literal>> {
        if !self.symbol("(") {
            return self.expected("'('");
        }
        let mut items = Vec::new();
        loop {
            match self.literal()? {
                Some(literal) if items.len() < MAX_ITEMS => items.push(literal),
                Some(_) => return Err(format!("a list has at most {MAX_ITEMS} values")),
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

fn line_function(name: &str) -> Option<(LineFunction, Lines)> {
    Some(match name {
        "lineItemCount" => (LineFunction::Count, Lines::Products),
        "lineItemTotal" => (LineFunction::Total, Lines::Products),
        "lineItemExists" => (LineFunction::Exists, Lines::Products),
        "forAllLineItems" => (LineFunction::ForAll, Lines::Products),
        "customLineItemCount" => (LineFunction::Count, Lines::Custom),
        "customLineItemTotal" => (LineFunction::Total, Lines::Custom),
        "customLineItemExists" => (LineFunction::Exists, Lines::Custom),
        "forAllCustomLineItems" => (LineFunction::ForAll, Lines::Custom),
        _ => return None,
    })
}
