//! Numbers of JSON against numbers of predicates, without rounding an integer to a float.

use crate::ast::Literal;
use serde_json::Number;
use std::cmp::Ordering;

/// How the stored number compares with the literal; `None` when the literal is none.
pub(crate) fn compare(stored: &Number, literal: &Literal) -> Option<Ordering> {
    match (stored.as_i64(), literal) {
        (Some(a), Literal::Integer(b)) => Some(a.cmp(b)),
        (Some(a), Literal::Decimal(b)) => integer_with_decimal(a, *b),
        (None, Literal::Integer(b)) => integer_with_decimal(*b, stored.as_f64()?).map(Ordering::reverse),
        (None, Literal::Decimal(b)) => stored.as_f64()?.partial_cmp(b),
        (_, Literal::Text(_) | Literal::Boolean(_)) => None,
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the decimal is whole and within i64 where it is cast")]
fn integer_with_decimal(a: i64, b: f64) -> Option<Ordering> {
    const LOWEST: f64 = -9_223_372_036_854_775_808.0;
    const ABOVE: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() {
        return None;
    }
    if b < LOWEST {
        return Some(Ordering::Greater);
    }
    if b >= ABOVE {
        return Some(Ordering::Less);
    }
    let whole = b.trunc();
    Some(a.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&b).unwrap_or(Ordering::Equal)))
}

#[cfg(test)]
mod tests {
    use super::integer_with_decimal;
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn integers_beyond_the_precision_of_floats_stay_exact() {
        let max = i64::MAX;
        assert_eq!(integer_with_decimal(max, 9_223_372_036_854_775_808.0), Some(Less));
        assert_eq!(integer_with_decimal(i64::MIN, -9_223_372_036_854_775_808.0), Some(Equal));
        assert_eq!(integer_with_decimal(9_007_199_254_740_993, 9_007_199_254_740_992.0), Some(Greater));
    }

    #[test]
    fn fractions_decide_between_equal_whole_parts() {
        assert_eq!(integer_with_decimal(1, 1.5), Some(Less));
        assert_eq!(integer_with_decimal(-1, -1.5), Some(Greater));
        assert_eq!(integer_with_decimal(0, -0.0), Some(Equal));
        assert_eq!(integer_with_decimal(0, -0.5), Some(Greater));
    }
}
