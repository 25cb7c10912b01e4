//! Instants in predicates, brought to the form in which the API stores them.

/// `2024-01-01T00:00:00.000Z` for any ISO 8601 date and time with an offset; `None` for other texts. Digits
/// beyond milliseconds are dropped.
pub(crate) fn stored_form(text: &str) -> Option<String> {
    // The shortest is `2024-01-01T00Z`; this keeps the parser away from nearly everything else.
    let bytes = text.as_bytes();
    if !(14..=64).contains(&bytes.len()) || !bytes.first()?.is_ascii_digit() || !text.contains('-') {
        return None;
    }
    let instant: jiff::Timestamp = text.parse().ok()?;
    let at = jiff::tz::Offset::UTC.to_datetime(instant);
    if !(0..=9999).contains(&at.year()) {
        return None;
    }
    Some(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    ))
}

#[cfg(test)]
mod tests {
    use super::stored_form;

    #[test]
    fn instants_of_any_precision_and_offset_take_the_stored_form() {
        let stored = |text| stored_form(text).unwrap();
        assert_eq!(stored("2024-02-29T23:30:00Z"), "2024-02-29T23:30:00.000Z");
        assert_eq!(stored("2024-02-29T23:30:00.5+02:00"), "2024-02-29T21:30:00.500Z");
        assert_eq!(stored("2024-02-29T23:30:00.123999Z"), "2024-02-29T23:30:00.123Z");
    }

    #[test]
    fn dates_times_and_other_texts_stay_as_they_are() {
        for text in ["2024-02-29", "23:30:00", "hello-there-world", "2024-02-30T00:00:00Z", "", "１２３４５-"]
        {
            assert_eq!(stored_form(text), None, "{text}");
        }
    }
}
