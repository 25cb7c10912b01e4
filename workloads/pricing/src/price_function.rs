//! The price functions of shipping tiers: `(50 * x) + 4000`.
//!
//! A formula has numbers, `x`, `+ - * /` and parentheses. It is worked out in exact fractions and only the
//! result is rounded, half to even. Length and depth are bounded; what leaves 128 bits on the way is
//! `MoneyOverflow`.

use api::{ApiError, Result, RoundingMode};

const MAX_LENGTH: usize = 256;
const MAX_DEPTH: usize = 32;

/// A formula over the score `x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula(Vec<Step>);

/// A step of a stack machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Number(Fraction),
    X,
    Negate,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Formula {
    /// Reads a formula; `InvalidField` if it is none.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_LENGTH {
            let message = format!("A price function has at most {MAX_LENGTH} characters.");
            return Err(ApiError::invalid_input(message));
        }
        let mut parser = Parser { rest: text.as_bytes(), steps: Vec::new() };
        parser
            .sum(0)
            .filter(|()| parser.peek().is_none())
            .ok_or_else(|| ApiError::invalid_field("priceFunction.function", text))?;
        Ok(Self(parser.steps))
    }

    /// The value at a score, rounded half to even. `InvalidOperation` where it divides by zero.
    pub fn at(&self, score: i64) -> Result<i64> {
        let mut stack: Vec<Fraction> = Vec::new();
        for step in &self.0 {
            let value = match step {
                Step::Number(number) => *number,
                Step::X => Fraction::whole(score.into()),
                Step::Negate => pop(&mut stack)?.negate()?,
                binary => {
                    let right = pop(&mut stack)?;
                    let left = pop(&mut stack)?;
                    match binary {
                        Step::Add => left.plus(right)?,
                        Step::Subtract => left.plus(right.negate()?)?,
                        Step::Multiply => left.times(right)?,
                        _ => left.times(right.inverse()?)?,
                    }
                }
            };
            stack.push(value);
        }
        let result = pop(&mut stack)?;
        RoundingMode::HalfEven.divide(result.top, result.bottom).ok_or_else(ApiError::money_overflow)
    }
}

/// The parser leaves no formula that runs out of values.
fn pop(stack: &mut Vec<Fraction>) -> Result<Fraction> {
    stack.pop().ok_or_else(ApiError::general)
}

/// A fraction in lowest terms with a positive bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fraction {
    top: i128,
    bottom: i128,
}

impl Fraction {
    fn whole(top: i128) -> Self {
        Self { top, bottom: 1 }
    }

    /// `None` is what left 128 bits.
    fn new(top: Option<i128>, bottom: Option<i128>) -> Result<Self> {
        let reduced = || {
            let (top, bottom) = (top?, bottom?);
            let (top, bottom) =
                if bottom < 0 { (top.checked_neg()?, bottom.checked_neg()?) } else { (top, bottom) };
            let (mut a, mut b) = (top.unsigned_abs(), bottom.unsigned_abs());
            while b != 0 {
                (a, b) = (b, a % b);
            }
            let divisor = i128::try_from(a.max(1)).ok()?;
            Some(Self { top: top / divisor, bottom: bottom / divisor })
        };
        reduced().ok_or_else(ApiError::money_overflow)
    }

    fn plus(self, other: Self) -> Result<Self> {
        let left = self.top.checked_mul(other.bottom);
        let right = other.top.checked_mul(self.bottom);
        let top = left.zip(right).and_then(|(left, right)| left.checked_add(right));
        Self::new(top, self.bottom.checked_mul(other.bottom))
    }

    fn times(self, other: Self) -> Result<Self> {
        Self::new(self.top.checked_mul(other.top), self.bottom.checked_mul(other.bottom))
    }

    fn negate(self) -> Result<Self> {
        Self::new(self.top.checked_neg(), Some(self.bottom))
    }

    fn inverse(self) -> Result<Self> {
        if self.top == 0 {
            return Err(ApiError::invalid_operation("A price function divides by zero for this score."));
        }
        Self::new(Some(self.bottom), Some(self.top))
    }
}

/// Recursive descent; `None` is text that is no formula.
struct Parser<'a> {
    rest: &'a [u8],
    steps: Vec<Step>,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn next_if(&mut self, wanted: &[u8]) -> Option<u8> {
        let found = self.peek().filter(|byte| wanted.contains(byte))?;
        self.rest = &self.rest[1..];
        Some(found)
    }

    fn sum(&mut self, depth: usize) -> Option<()> {
        self.product(depth)?;
        while let Some(sign) = self.next_if(b"+-") {
            self.product(depth)?;
            self.steps.push(if sign == b'+' { Step::Add } else { Step::Subtract });
        }
        Some(())
    }

    fn product(&mut self, depth: usize) -> Option<()> {
        self.factor(depth)?;
        while let Some(sign) = self.next_if(b"*/") {
            self.factor(depth)?;
            self.steps.push(if sign == b'*' { Step::Multiply } else { Step::Divide });
        }
        Some(())
    }

    fn factor(&mut self, depth: usize) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        if self.next_if(b"-").is_some() {
            self.factor(depth + 1)?;
            self.steps.push(Step::Negate);
        } else if self.next_if(b"(").is_some() {
            self.sum(depth + 1)?;
            self.next_if(b")")?;
        } else if self.next_if(b"x").is_some() {
            self.steps.push(Step::X);
        } else {
            let number = self.number()?;
            self.steps.push(Step::Number(number));
        }
        Some(())
    }

    /// Digits, with a decimal point and more digits if need be.
    fn number(&mut self) -> Option<Fraction> {
        let whole = self.digits();
        let point = !whole.is_empty() && self.rest.first() == Some(&b'.');
        let part = if point {
            self.rest = &self.rest[1..];
            self.digits()
        } else {
            &[]
        };
        if whole.is_empty() || (point && part.is_empty()) || whole.len() + part.len() > 30 {
            return None;
        }
        let top = whole.iter().chain(part).fold(0_i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        let places = u32::try_from(part.len()).ok()?;
        Fraction::new(Some(top), 10_i128.checked_pow(places)).ok()
    }

    fn digits(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Code;

    fn at(formula: &str, score: i64) -> Result<i64, Code> {
        Formula::parse(formula).and_then(|f| f.at(score)).map_err(|error| error.code())
    }

    #[test]
    fn a_formula_follows_the_rules_of_arithmetic() {
        for (formula, score, expected) in [
            ("(50 * x) + 4000", 7, 4350),
            ("4000+50*x", 7, 4350),
            ("x", 3, 3),
            ("10 - 2 - 3", 0, 5),
            ("100 / 5 / 2", 0, 10),
            ("-(x - 10) * 2", 4, 12),
            ("2 * -x", 3, -6),
            ("  ( ( x ) )  ", 9, 9),
            ("1.5 * x", 4, 6),
        ] {
            assert_eq!(at(formula, score), Ok(expected), "{formula}");
        }
    }

    #[test]
    fn only_the_result_is_rounded_and_half_to_even() {
        assert_eq!(at("x / 3 * 3", 1), Ok(1));
        assert_eq!(at("x / 2", 1), Ok(0));
        assert_eq!(at("x / 2", 3), Ok(2));
        assert_eq!(at("x / 2", -3), Ok(-2));
        assert_eq!(at("x / 3", 2), Ok(1));
    }

    #[test]
    fn what_is_no_formula_is_refused() {
        for text in [
            "",
            " ",
            "(50 * x",
            "50 * x)",
            "x x",
            "2x",
            "x +",
            "* x",
            "y",
            "1e3",
            "x ^ 2",
            ".5",
            "5.",
            "(200 * x) - 1)",
            "é",
        ] {
            assert_eq!(at(text, 1), Err(Code::InvalidField), "{text}");
        }
    }

    #[test]
    fn length_depth_and_size_are_bounded() {
        assert_eq!(at(&format!("{}x{}", "(".repeat(31), ")".repeat(31)), 1), Ok(1));
        assert_eq!(at(&format!("{}x{}", "(".repeat(32), ")".repeat(32)), 1), Err(Code::InvalidField));
        assert_eq!(at(&format!("{}x", "-".repeat(200)), 1), Err(Code::InvalidField));
        assert_eq!(at(&"1+".repeat(200), 1), Err(Code::InvalidInput));
        assert_eq!(at("x * x * x", i64::MAX), Err(Code::MoneyOverflow));
        assert_eq!(at("x * 2", i64::MAX), Err(Code::MoneyOverflow));
        assert_eq!(at("-x", i64::MIN), Err(Code::MoneyOverflow));
        assert_eq!(at(&"9".repeat(31), 1), Err(Code::InvalidField));
    }

    #[test]
    fn a_division_by_zero_is_an_error_not_a_crash() {
        assert_eq!(at("1 / (x - 1)", 1), Err(Code::InvalidOperation));
        assert_eq!(at("1 / (x - 1)", 2), Ok(1));
    }
}
