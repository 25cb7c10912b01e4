//! Logic, fields and operators. `or` binds loosest, then `and`, then `not(…)`, parentheses and fields.

use super::scan::{Expected, Scan, is_name_char};
use crate::ast::{Circle, Comparison, Expr, Parsed, Quantifier, Shape, Term, Terms, Test};
use crate::error::SyntaxError;

const CONDITION: Expected<'static> = &["field name", "'not'", "'('"];
const SYMBOLS: Expected<'static> = &["'='", "'!='", "'<>'", "'<'", "'>'", "'<='", "'>='", "'('"];
const WORDS: &[&str] = &["in", "not", "contains", "is", "within"];

impl Scan<'_> {
    /// The whole text.
    pub(super) fn predicate(&mut self) -> Result<Parsed, SyntaxError> {
        let expr = self.any()?;
        self.space();
        if self.peek().is_some() {
            return Err(self.no_keyword(&["and", "or"], &["end of input"]));
        }
        Ok(expr)
    }

    fn any(&mut self) -> Result<Parsed, SyntaxError> {
        self.chain("or", Self::all, Expr::Or)
    }

    fn all(&mut self) -> Result<Parsed, SyntaxError> {
        self.chain("and", Self::condition, Expr::And)
    }

    fn chain(
        &mut self,
        keyword: &str,
        part: fn(&mut Self) -> Result<Parsed, SyntaxError>,
        join: fn(Vec<Parsed>) -> Parsed,
    ) -> Result<Parsed, SyntaxError> {
        let first = part(self)?;
        let mut more = Vec::new();
        loop {
            self.space();
            if !self.keyword(keyword) {
                break;
            }
            more.push(part(self)?);
        }
        if more.is_empty() {
            return Ok(first);
        }
        more.insert(0, first);
        Ok(join(more))
    }

    fn condition(&mut self) -> Result<Parsed, SyntaxError> {
        self.space();
        if self.take('(') {
            return self.group();
        }
        if self.keyword("not") {
            self.require('(', &["'('"])?;
            return Ok(Expr::Not(Box::new(self.group()?)));
        }
        let name = self.name(CONDITION)?;
        self.space();
        Ok(Expr::Field { name, shape: Shape::Any, test: self.test()? })
    }

    /// A condition after its opening parenthesis, with the closing one.
    fn group(&mut self) -> Result<Parsed, SyntaxError> {
        let inner = self.deeper(Self::any)?;
        self.space();
        if self.take(')') { Ok(inner) } else { Err(self.no_keyword(&["and", "or"], &["')'"])) }
    }

    pub(super) fn name(&mut self, expected: Expected<'_>) -> Result<String, SyntaxError> {
        if self.take('`') {
            return self.quoted_name();
        }
        let word = self.word();
        if word.is_empty() {
            return Err(self.unexpected(expected));
        }
        self.position += word.len();
        Ok(word.to_owned())
    }

    /// A name after its opening backtick. Control characters are in no field that a store could look up.
    fn quoted_name(&mut self) -> Result<String, SyntaxError> {
        let rest = self.rest();
        let name = rest.split(|c: char| c == '`' || c.is_control()).next().unwrap_or_default();
        self.position += name.len();
        if name.is_empty() {
            return Err(self.unexpected(&["field name"]));
        }
        if self.take('`') { Ok(name.to_owned()) } else { Err(self.unexpected(&["'`'"])) }
    }

    fn test(&mut self) -> Result<Test<Term, Terms>, SyntaxError> {
        for (symbol, comparison) in [
            ("<>", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("!=", Comparison::NotEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("=", Comparison::Equal),
        ] {
            if self.rest().starts_with(symbol) {
                self.position += symbol.len();
                return Ok(Test::Compare(comparison, self.term()?));
            }
        }
        if self.take('!') {
            return Err(self.unexpected(&["'='"]));
        }
        if self.take('(') {
            return Ok(Test::Nested(Box::new(self.group()?)));
        }
        for word in WORDS {
            if self.keyword(word) {
                return self.worded(word);
            }
        }
        Err(self.no_keyword(WORDS, SYMBOLS))
    }

    fn worded(&mut self, word: &str) -> Result<Test<Term, Terms>, SyntaxError> {
        self.space();
        match word {
            "in" => Ok(Test::In { negated: false, items: self.terms()? }),
            "not" => {
                self.one_of(&["in"])?;
                Ok(Test::In { negated: true, items: self.terms()? })
            }
            "contains" => {
                let all = self.one_of(&["all", "any"])? == "all";
                let quantifier = if all { Quantifier::All } else { Quantifier::Any };
                Ok(Test::Contains(quantifier, self.terms()?))
            }
            "is" => {
                let mut found = self.one_of(&["not", "empty", "defined"])?;
                let negated = found == "not";
                if negated {
                    self.space();
                    found = self.one_of(&["empty", "defined"])?;
                }
                Ok(if found == "empty" { Test::Empty { negated } } else { Test::Defined { negated } })
            }
            _ => {
                self.one_of(&["circle"])?;
                self.require('(', &["'('"])?;
                let longitude = self.numeric_term()?;
                self.require(',', &["','"])?;
                let latitude = self.numeric_term()?;
                self.require(',', &["','"])?;
                let radius = self.numeric_term()?;
                self.require(')', &["')'"])?;
                Ok(Test::Within(Circle { longitude, latitude, radius }))
            }
        }
    }

    /// Fails when a number or a word runs on into more characters.
    pub(super) fn boundary(&self, expected: Expected<'_>) -> Result<(), SyntaxError> {
        if self.peek().is_some_and(is_name_char) { Err(self.unexpected(expected)) } else { Ok(()) }
    }
}
