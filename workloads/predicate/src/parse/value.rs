//! Values: strings, numbers, booleans, variables, lists; and the values of `var.<name>` parameters.

use super::scan::{Expected, Scan};
use super::{MAX_ITEMS, MAX_LENGTH};
use crate::ast::{Literal, Term, Terms};
use crate::bind::Given;
use crate::error::SyntaxError;

const VALUE: Expected<'static> = &["string", "number", "'true'", "'false'", "':'"];

impl Scan<'_> {
    pub(super) fn term(&mut self) -> Result<Term, SyntaxError> {
        self.space();
        if self.take(':') {
            return Ok(Term::Variable(self.variable()?));
        }
        Ok(Term::Literal(self.literal()?))
    }

    pub(super) fn numeric_term(&mut self) -> Result<Term, SyntaxError> {
        self.space();
        let start = self.position;
        match self.term()? {
            Term::Literal(Literal::Text(_) | Literal::Boolean(_)) => {
                Err(self.unexpected_at(start, &["number", "':'"]))
            }
            term => Ok(term),
        }
    }

    fn variable(&mut self) -> Result<String, SyntaxError> {
        let word = self.word();
        if word.is_empty() {
            return Err(self.unexpected(&["name of a variable"]));
        }
        self.position += word.len();
        Ok(word.to_owned())
    }

    pub(super) fn terms(&mut self) -> Result<Terms, SyntaxError> {
        self.space();
        if self.take(':') {
            return Ok(Terms::Variable(self.variable()?));
        }
        self.require('(', &["'('", "':'"])?;
        let mut items = Vec::new();
        loop {
            self.space();
            if items.len() == MAX_ITEMS {
                return Err(self.fail(self.position, format!("Lists have at most {MAX_ITEMS} values")));
            }
            items.push(self.term()?);
            self.space();
            if self.take(')') {
                return Ok(Terms::Items(items));
            }
            self.require(',', &["','", "')'"])?;
        }
    }

    fn literal(&mut self) -> Result<Literal, SyntaxError> {
        match self.peek() {
            Some('"') => self.string(),
            Some('-' | '0'..='9') => self.number(),
            Some('t' | 'T' | 'f' | 'F') => {
                let word = self.one_of(&["true", "false"])?;
                Ok(Literal::Boolean(word == "true"))
            }
            _ => Err(self.unexpected(VALUE)),
        }
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        if !self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Err(self.unexpected(&["digit"]));
        }
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.position += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Literal, SyntaxError> {
        let start = self.position;
        let mut whole = true;
        self.take('-');
        self.digits()?;
        if self.take('.') {
            whole = false;
            self.digits()?;
        }
        if self.take('e') || self.take('E') {
            whole = false;
            let _ = self.take('+') || self.take('-');
            self.digits()?;
        }
        self.boundary(&["digit", "white space"])?;
        let text = self.text.get(start..self.position).unwrap_or_default();
        if whole && let Ok(n) = text.parse() {
            return Ok(Literal::Integer(n));
        }
        match text.parse::<f64>() {
            Ok(n) if n.is_finite() => Ok(Literal::Decimal(n)),
            _ => Err(self.fail(start, "Number out of range")),
        }
    }

    fn string(&mut self) -> Result<Literal, SyntaxError> {
        self.take('"');
        let mut text = String::new();
        loop {
            let at = self.position;
            match self.bump() {
                None => return Err(self.unexpected(&["'\"'"])),
                Some('"') => return Ok(Literal::Text(text)),
                Some('\\') => text.push(self.escape(at)?),
                Some(c) => text.push(c),
            }
        }
    }

    /// The character that an escape stands for, after its backslash at `start`.
    fn escape(&mut self, start: usize) -> Result<char, SyntaxError> {
        let at = self.position;
        Ok(match self.bump() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let high = self.hex()?;
                let code = if (0xd800..0xdc00).contains(&high) && self.rest().starts_with("\\u") {
                    self.position += 2;
                    let low = self.hex()?;
                    // A low half that is none lands outside of what `from_u32` takes, or is refused here.
                    if !(0xdc00..0xe000).contains(&low) {
                        return Err(self.fail(start, "Invalid Unicode escape"));
                    }
                    0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
                } else {
                    high
                };
                char::from_u32(code).ok_or_else(|| self.fail(start, "Invalid Unicode escape"))?
            }
            _ => {
                return Err(self
                    .unexpected_at(at, &["'\"'", "'\\'", "'/'", "'b'", "'f'", "'n'", "'r'", "'t'", "'u'"]));
            }
        })
    }

    fn hex(&mut self) -> Result<u32, SyntaxError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|c| c.to_digit(16));
            let Some(digit) = digit else { return Err(self.unexpected(&["hexadecimal digit"])) };
            self.position += 1;
            code = code * 16 + digit;
        }
        Ok(code)
    }

    /// A list in parentheses or brackets that is the whole text, as the value of a variable.
    fn given_list(&mut self) -> Option<Vec<Given>> {
        self.space();
        let close = if self.take('(') {
            ')'
        } else if self.take('[') {
            ']'
        } else {
            return None;
        };
        let mut items = Vec::new();
        self.space();
        let mut done = self.take(close);
        while !done {
            self.space();
            let start = self.position;
            items.push(match self.literal().ok()? {
                Literal::Text(text) => Given::Exact(Literal::Text(text)),
                _ => Given::Loose(self.text.get(start..self.position)?.to_owned()),
            });
            self.space();
            done = self.take(close);
            if !done && !self.take(',') {
                return None;
            }
        }
        self.space();
        self.peek().is_none().then_some(items)
    }
}

/// The values that one `var.<name>=<text>` brings: a list `("a", "b")` or `["a", "b"]`, a quoted string, or
/// else the bare text, whose kind is decided by the field that it is compared with.
pub(crate) fn variable_values(text: &str) -> Vec<Given> {
    if text.len() <= 4 * MAX_LENGTH {
        let mut scan = Scan::new(text);
        scan.space();
        match scan.peek() {
            Some('(' | '[') => {
                if let Some(items) = scan.given_list() {
                    return items;
                }
            }
            Some('"') => {
                if let Ok(literal) = scan.string() {
                    scan.space();
                    if scan.peek().is_none() {
                        return vec![Given::Exact(literal)];
                    }
                }
            }
            _ => {}
        }
    }
    vec![Given::Loose(text.to_owned())]
}
