//! The cursor over the text: white space, keywords, names, and errors that say what was expected.

use super::MAX_DEPTH;
use crate::error::SyntaxError;

/// What is expected at a place, for the error.
pub(super) type Expected<'e> = &'e [&'e str];

/// A cursor over the text of a predicate. `position` is always on a character boundary.
pub(super) struct Scan<'t> {
    pub(super) text: &'t str,
    pub(super) position: usize,
    depth: usize,
}

pub(super) fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, position: 0, depth: 0 }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.position += c.len_utf8();
        Some(c)
    }

    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n' | '\x0c')) {
            self.position += 1;
        }
    }

    /// Takes the character if it comes next.
    pub(super) fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.position += c.len_utf8();
        }
        found
    }

    /// Takes the character, white space before it allowed, or fails.
    pub(super) fn require(&mut self, c: char, expected: Expected<'_>) -> Result<(), SyntaxError> {
        self.space();
        if self.take(c) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// The characters of a name from here on, possibly none.
    pub(super) fn word(&self) -> &'t str {
        let rest = self.rest();
        rest.split(|c| !is_name_char(c)).next().unwrap_or_default()
    }

    /// Takes the keyword, in any case, if it comes next as a whole word.
    pub(super) fn keyword(&mut self, keyword: &str) -> bool {
        let word = self.word();
        let found = word.eq_ignore_ascii_case(keyword);
        if found {
            self.position += word.len();
        }
        found
    }

    /// Takes one of the keywords, or fails at the first character that none of them has.
    pub(super) fn one_of<'k>(&mut self, keywords: &[&'k str]) -> Result<&'k str, SyntaxError> {
        for keyword in keywords {
            if self.keyword(keyword) {
                return Ok(keyword);
            }
        }
        Err(self.no_keyword(keywords, &[]))
    }

    /// The error where none of the keywords, and none of the other tokens, comes next.
    pub(super) fn no_keyword(&self, keywords: Expected<'_>, others: Expected<'_>) -> SyntaxError {
        let word = self.word().to_ascii_lowercase();
        let common = |k: &str| k.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
        let longest = keywords.iter().map(|k| common(k)).max().unwrap_or(0);
        if longest == 0 {
            let quoted: Vec<String> = keywords.iter().map(|k| format!("'{k}'")).collect();
            let all: Vec<&str> = others.iter().copied().chain(quoted.iter().map(String::as_str)).collect();
            return self.unexpected(&all);
        }
        let mut next: Vec<String> = Vec::new();
        for keyword in keywords.iter().filter(|k| common(k) == longest) {
            let text =
                keyword.get(longest..longest + 1).map_or("white space".to_owned(), |c| format!("'{c}'"));
            if !next.contains(&text) {
                next.push(text);
            }
        }
        let next: Vec<&str> = next.iter().map(String::as_str).collect();
        self.unexpected_at(self.position + longest, &next)
    }

    pub(super) fn unexpected(&self, expected: Expected<'_>) -> SyntaxError {
        self.unexpected_at(self.position, expected)
    }

    pub(super) fn unexpected_at(&self, offset: usize, expected: Expected<'_>) -> SyntaxError {
        let found = match self.text.get(offset..).and_then(|rest| rest.chars().next()) {
            None => "Unexpected end of input".to_owned(),
            Some(c) if c.is_control() => format!("Invalid input '{}'", c.escape_default()),
            Some(c) => format!("Invalid input '{c}'"),
        };
        let expected = match expected {
            [] => String::new(),
            [one] => format!(", expected {one}"),
            [many @ .., last] => format!(", expected {} or {last}", many.join(", ")),
        };
        SyntaxError::at(self.text, offset, found + &expected)
    }

    pub(super) fn fail(&self, offset: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError::at(self.text, offset, message.into())
    }

    /// Runs `inner` one level deeper.
    pub(super) fn deeper<R>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<R, SyntaxError>,
    ) -> Result<R, SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(self.fail(self.position, format!("Predicates nest at most {MAX_DEPTH} levels deep")));
        }
        self.depth += 1;
        let result = inner(self)?;
        self.depth -= 1;
        Ok(result)
    }
}
