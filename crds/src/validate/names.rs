//! The forms of names and values. Each check is bounded by the length that it allows.

/// Project keys that would collide with the gateway's own routes.
pub const RESERVED_PROJECT_KEYS: [&str; 24] = [
    "api",
    "apis",
    "assets",
    "auth",
    "console",
    "debug",
    "docs",
    "events",
    "favicon",
    "health",
    "healthz",
    "internal",
    "jwks",
    "livez",
    "metrics",
    "oauth",
    "openapi",
    "openid",
    "ping",
    "readyz",
    "static",
    "status",
    "version",
    "well-known",
];

/// Two to 36 of `[a-z0-9_-]`, beginning and ending with a letter or digit: what commercetools allows,
/// less the ends that would make no name of a Secret.
pub(crate) fn is_project_key(text: &str) -> bool {
    text.len() >= 2 && enclosed(text, 36, |b| b == b'-' || b == b'_')
}

/// A DNS label (RFC 1123) of at most `max` bytes.
pub(crate) fn is_label(text: &str, max: usize) -> bool {
    enclosed(text, max.min(63), |b| b == b'-')
}

/// The name of a Kubernetes object: DNS labels joined by dots.
pub(crate) fn is_object(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|label| is_label(label, 63))
}

/// A host name in lower case.
pub(crate) fn is_host(text: &str) -> bool {
    is_object(text)
}

/// `host:port`, where the host may be an IPv4 address or a name.
pub(crate) fn is_server(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        is_host(&host.to_ascii_lowercase())
            && port.len() <= 5
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

/// The characters of an image reference. The registry knows the rest.
pub(crate) fn is_image(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"._:/@-".contains(&b);
    (1..=512).contains(&text.len()) && text.bytes().all(inner) && text.as_bytes()[0].is_ascii_alphanumeric()
}

/// A key in a Secret.
pub(crate) fn is_secret_key(text: &str) -> bool {
    (1..=253).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// `en` or `de-AT`.
pub(crate) fn is_language(text: &str) -> bool {
    let (language, country) = text.split_once('-').map_or((text, None), |(l, c)| (l, Some(c)));
    let letters = language.len() == 2 && language.bytes().all(|b| b.is_ascii_lowercase());
    letters && country.is_none_or(is_country)
}

/// Two upper-case letters.
pub(crate) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}

/// A currency that ISO 4217 knows.
pub(crate) fn is_currency(text: &str) -> bool {
    text.len() == 3 && iso_currency::Currency::from_code(text).is_some()
}

/// A positive Kubernetes quantity: digits, perhaps a fraction, perhaps a suffix.
pub(crate) fn is_quantity(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(w, f)| (w, Some(f)));
    let digits = |part: &str| (1..=18).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let positive = number.bytes().any(|b| (b'1'..=b'9').contains(&b));
    let known = ["", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"];
    digits(whole) && fraction.is_none_or(digits) && positive && known.contains(&suffix)
}

/// A quantity in billionths, to compare it; the greatest number stands for all beyond.
pub(crate) fn billionths(quantity: &str) -> u128 {
    let end = quantity.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(quantity.len());
    let (number, suffix) = quantity.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let base = format!("{whole}{fraction:0<9.9}").parse().unwrap_or(u128::MAX);
    let times = match suffix {
        "m" => return base / 1000,
        "k" => 1000,
        "M" => 1000_u128.pow(2),
        "G" => 1000_u128.pow(3),
        "T" => 1000_u128.pow(4),
        "P" => 1000_u128.pow(5),
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        "Pi" => 1 << 50,
        _ => 1,
    };
    base.saturating_mul(times)
}

fn enclosed(text: &str, max: usize, inner: impl Fn(u8) -> bool) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last()).is_some_and(|(a, z)| alphanumeric(*a) && alphanumeric(*z));
    ends && bytes.len() <= max && bytes.iter().all(|b| alphanumeric(*b) || inner(*b))
}

/// "'x' is not …", with a long or strange value shortened and escaped.
pub(crate) fn wrong(given: &str, what: &str) -> String {
    if given.is_empty() {
        return format!("is empty, which is not {what}");
    }
    format!("'{}' is not {what}", short(given))
}

/// A value in an error: escaped, at most 48 characters.
pub(crate) fn short(given: &str) -> String {
    let mut text: String = given.chars().take(48).flat_map(char::escape_debug).collect();
    if given.chars().nth(48).is_some() {
        text.push('…');
    }
    text
}

pub(crate) fn not_an_object(given: &str) -> String {
    wrong(given, "the name of a Kubernetes object: lower-case letters, digits, hyphens and dots")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_across_their_suffixes() {
        let ascending = [
            "1m", "250m", "0.3", "1", "1.5", "1k", "1Ki", "64M", "64Mi", "0.5Gi", "1Gi", "1T", "1Ti", "1P",
            "1Pi",
        ];
        assert!(ascending.map(billionths).is_sorted_by(|one, next| one < next));
        for (one, other) in [("1000m", "1"), ("0.5", "500m"), ("1024Ki", "1Mi"), ("2", "2.000")] {
            assert_eq!(billionths(one), billionths(other), "{one} {other}");
        }
        assert_eq!(billionths("999999999999999999Pi"), u128::MAX);
    }
}
