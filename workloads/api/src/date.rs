//! Dates without a time and times without a date, as the API writes them: `2024-12-31`, `14:00:00.000`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

/// A day of the calendar, `YYYY-MM-DD`. Days sort as their texts do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CalendarDate(String);

impl CalendarDate {
    /// Checks the form, and that there is such a day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let form = text.len() == 10
            && text
                .bytes()
                .enumerate()
                .all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
        (form && text.parse::<jiff::civil::Date>().is_ok()).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text is a time of day: hours and minutes, with or without seconds and their fraction, and nothing that
/// the parser would also take, such as a date before it.
#[must_use]
pub fn is_time_of_day(text: &str) -> bool {
    let form = text.len() <= 18
        && text.bytes().enumerate().all(|(at, b)| {
            if at == 2 || at == 5 { b == b':' } else { b.is_ascii_digit() || (at == 8 && b == b'.') }
        });
    form && text.len() >= 5 && text.parse::<jiff::civil::Time>().is_ok()
}

impl<'de> Deserialize<'de> for CalendarDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format_args!("'{text}' is not a date; dates look like 2024-12-31"))
        })
    }
}

impl JsonSchema for CalendarDate {
    fn schema_name() -> Cow<'static, str> {
        "Date".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date"})
    }
    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        assert_eq!(CalendarDate::parse("2024-02-29").unwrap().as_str(), "2024-02-29");
        for bad in
            ["2023-02-29", "2024-2-9", "20240229", "2024-02-29T00:00:00", "", "+2024-2-29", "２０24-02"]
        {
            assert_eq!(CalendarDate::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_times_of_a_day_are_times() {
        for good in ["14:00", "14:00:01", "23:59:59.999", "00:00:00.000000000"] {
            assert!(is_time_of_day(good), "{good}");
        }
        for bad in [
            "",
            "14",
            "1400",
            "24:00",
            "14:60:00",
            "14:00:00Z",
            "14:00:00+01:00",
            "T14:00:00",
            "2024-01-01T14:00:00",
            "14:00:00.",
            "14:00:00.0000000000",
        ] {
            assert!(!is_time_of_day(bad), "{bad}");
        }
    }
}
