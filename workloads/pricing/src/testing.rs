//! Values that the unit tests share.

use api::tax_category::{Rate, SubRate, TaxRate};
use api::{CountryCode, CurrencyCode, Id, Money, Price, Timestamp, TypedMoney};

pub fn eur(cents: i64) -> TypedMoney {
    Money::new(cents, CurrencyCode::parse("EUR").unwrap()).into()
}

pub fn usd(cents: i64) -> TypedMoney {
    Money::new(cents, CurrencyCode::parse("USD").unwrap()).into()
}

pub fn precise_eur(amount: i64, digits: u8) -> TypedMoney {
    let draft = serde_json::json!({
        "type": "highPrecision", "currencyCode": "EUR", "preciseAmount": amount, "fractionDigits": digits
    });
    TypedMoney::try_from(serde_json::from_value::<api::TypedMoneyDraft>(draft).unwrap()).unwrap()
}

pub fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

pub fn country(text: &str) -> CountryCode {
    CountryCode::parse(text).unwrap()
}

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn price(name: &str, cents: i64) -> Price {
    Price::plain(id(name), eur(cents))
}

pub fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

/// A German rate.
pub fn tax(amount: &str, included: bool) -> TaxRate {
    TaxRate {
        id: Some(id("rate")),
        key: None,
        name: "VAT".to_owned(),
        amount: rate(amount),
        included_in_price: included,
        country: country("DE"),
        state: None,
        sub_rates: Vec::new(),
    }
}

/// A rate of these parts.
pub fn tax_of_parts(parts: &[(&str, &str)], included: bool) -> TaxRate {
    let sub_rates: Vec<SubRate> = parts
        .iter()
        .map(|(name, amount)| SubRate { name: (*name).to_owned(), amount: rate(amount) })
        .collect();
    let amount = sub_rates.iter().fold(Rate::ZERO, |sum, part| sum.plus(part.amount).unwrap());
    TaxRate { amount, sub_rates, ..tax("0", included) }
}
