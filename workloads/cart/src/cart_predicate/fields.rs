//! The fields of the predicate language: where they are in the JSON of a cart, and what kind of value they have.

use super::{Literal, Operand, Parts};
use api::CurrencyCode;
use rust_decimal::Decimal;

/// What kind of value a field has, as far as it is known before there is a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Boolean,
    Money,
    /// A set of texts.
    Texts,
    /// Custom fields and attributes: their own definitions say.
    Any,
    /// Has parts, and is only there or not.
    Object,
}

impl Kind {
    /// Whether a value of this kind is compared with that literal; an amount only with one of a currency.
    pub(super) fn compares_with(self, literal: &Literal) -> bool {
        match (self, literal) {
            (Self::Any, _)
            | (Self::Text, Literal::Text(_))
            | (Self::Number, Literal::Number(_))
            | (Self::Boolean, Literal::Boolean(_)) => true,
            (Self::Money, Literal::Text(text)) => amount(text).is_some(),
            _ => false,
        }
    }
}

/// An amount like `12.50 EUR`.
pub(super) fn amount(text: &str) -> Option<(Decimal, CurrencyCode)> {
    let (amount, code) = text.split_once(' ')?;
    Some((amount.parse().ok()?, CurrencyCode::parse(code)?))
}

/// The field of that name, in the cart itself or in one of its parts.
pub(super) fn field(parts: Option<Parts>, name: &str) -> Option<Operand> {
    let names: Vec<&str> = name.split('.').map(|name| name.trim_matches('`')).collect();
    if names.iter().any(|name| name.is_empty()) {
        return None;
    }
    if let (Some(Parts::Lines), ["attributes", name, rest @ ..]) = (parts, names.as_slice()) {
        let rest = rest.iter().map(|name| (*name).to_owned()).collect();
        return Some(Operand::Attribute((*name).to_owned(), rest));
    }
    let (path, kind) = match parts {
        None => cart(&names),
        Some(Parts::Lines) => line(&names),
        Some(Parts::CustomLines) => custom_line(&names),
        Some(Parts::Shipping) => shipping(&names),
    }?;
    Some(Operand::Path(path.into_iter().map(str::to_owned).collect(), kind))
}

/// Steps of the JSON, and the kind of value there.
type Field<'a> = (Vec<&'a str>, Kind);

/// A field of something that is under that step.
fn under<'a>(step: &'a str, field: Option<Field<'a>>) -> Option<Field<'a>> {
    let (mut path, kind) = field?;
    path.insert(0, step);
    Some((path, kind))
}

fn at<'a>(path: impl Into<Vec<&'a str>>, kind: Kind) -> Option<Field<'a>> {
    Some((path.into(), kind))
}

fn cart<'a>(names: &[&'a str]) -> Option<Field<'a>> {
    match names {
        [
            name @ ("key" | "customerId" | "customerEmail" | "anonymousId" | "country" | "locale" | "origin"
            | "cartState" | "taxMode" | "inventoryMode" | "shippingMode"),
        ] => at([*name], Kind::Text),
        ["currency"] => at(["totalPrice", "currencyCode"], Kind::Text),
        ["totalLineItemQuantity"] => at(["totalLineItemQuantity"], Kind::Number),
        ["customer", "id"] => at(["customerId"], Kind::Text),
        ["customer", "email"] => at(["customerEmail"], Kind::Text),
        ["customer", "customerGroup", rest @ ..] | ["customerGroup", rest @ ..] => {
            under("customerGroup", reference(rest))
        }
        ["store"] => at(["store"], Kind::Object),
        ["store", "key"] => at(["store", "key"], Kind::Text),
        ["totalPrice", rest @ ..] => under("totalPrice", money(rest)),
        ["taxedPrice"] => at(["taxedPrice"], Kind::Object),
        ["taxedPrice", "net", rest @ ..] => under("taxedPrice", under("totalNet", money(rest))),
        ["taxedPrice", "gross", rest @ ..] => under("taxedPrice", under("totalGross", money(rest))),
        [name @ ("shippingAddress" | "billingAddress"), rest @ ..] => under(name, address(rest)),
        ["shippingInfo"] => at(["shippingInfo"], Kind::Object),
        ["shippingInfo", rest @ ..] => under("shippingInfo", shipping(rest)),
        ["shippingRateInput"] => at(["shippingRateInput"], Kind::Object),
        ["shippingRateInput", name @ ("type" | "key")] => at(["shippingRateInput", *name], Kind::Text),
        ["shippingRateInput", "score"] => at(["shippingRateInput", "score"], Kind::Number),
        ["custom", rest @ ..] => custom(rest),
        _ => None,
    }
}

fn line<'a>(names: &[&'a str]) -> Option<Field<'a>> {
    match names {
        [
            name @ ("id" | "key" | "productId" | "productKey" | "priceMode" | "lineItemMode"
            | "inventoryMode"),
        ] => at([*name], Kind::Text),
        ["sku"] => at(["variant", "sku"], Kind::Text),
        ["variant", name @ ("sku" | "key")] => at(["variant", *name], Kind::Text),
        ["variant", "id"] => at(["variant", "id"], Kind::Number),
        ["product", "id"] => at(["productId"], Kind::Text),
        ["product", "key"] => at(["productKey"], Kind::Text),
        ["productType", rest @ ..] => under("productType", reference(rest)),
        ["categories", "id"] => at(["categories", "id"], Kind::Texts),
        [name @ ("name" | "productSlug"), locale] => at([*name, *locale], Kind::Text),
        ["quantity"] => at(["quantity"], Kind::Number),
        ["price", "country"] => at(["price", "country"], Kind::Text),
        ["price", name @ ("customerGroup" | "channel"), rest @ ..] => {
            under("price", under(name, reference(rest)))
        }
        ["price", "value", rest @ ..] | ["price", rest @ ..] => under("price", under("value", money(rest))),
        ["totalPrice", rest @ ..] => under("totalPrice", money(rest)),
        [name @ ("supplyChannel" | "distributionChannel"), rest @ ..] => under(name, reference(rest)),
        ["taxRate", rest @ ..] => under("taxRate", tax_rate(rest)),
        ["custom", rest @ ..] => custom(rest),
        _ => None,
    }
}

fn custom_line<'a>(names: &[&'a str]) -> Option<Field<'a>> {
    match names {
        [name @ ("id" | "key" | "slug" | "priceMode")] => at([*name], Kind::Text),
        ["name", locale] => at(["name", *locale], Kind::Text),
        ["quantity"] => at(["quantity"], Kind::Number),
        [name @ ("money" | "totalPrice"), rest @ ..] => under(name, money(rest)),
        ["taxCategory", rest @ ..] => under("taxCategory", reference(rest)),
        ["taxRate", rest @ ..] => under("taxRate", tax_rate(rest)),
        ["custom", rest @ ..] => custom(rest),
        _ => None,
    }
}

fn shipping<'a>(names: &[&'a str]) -> Option<Field<'a>> {
    match names {
        [name @ ("shippingMethodName" | "shippingMethodState")] => at([*name], Kind::Text),
        [name @ ("shippingMethod" | "taxCategory"), rest @ ..] => under(name, reference(rest)),
        ["price", rest @ ..] => under("price", money(rest)),
        ["shippingRate", name @ ("price" | "freeAbove"), rest @ ..] => {
            under("shippingRate", under(name, money(rest)))
        }
        ["taxRate", rest @ ..] => under("taxRate", tax_rate(rest)),
        _ => None,
    }
}

fn reference<'a>(names: &[&'a str]) -> Option<Field<'a>> {
    match names {
        [] => at([], Kind::Object),
        ["id"] => at(["id"], Kind::Text),
        _ => None,
    }
}

fn money<'a>(names: &[&'a str]) -> Option<Field<'a>> {
    match names {
        [] => at([], Kind::Money),
        ["centAmount"] => at(["centAmount"], Kind::Number),
        ["currencyCode" | "currency"] => at(["currencyCode"], Kind::Text),
        _ => None,
    }
}

fn tax_rate<'a>(names: &[&'a str]) -> Option<Field<'a>> {
    match names {
        [] => at([], Kind::Object),
        [name @ ("name" | "country" | "state" | "key")] => at([*name], Kind::Text),
        ["amount"] => at(["amount"], Kind::Number),
        ["includedInPrice"] => at(["includedInPrice"], Kind::Boolean),
        _ => None,
    }
}

fn address<'a>(names: &[&'a str]) -> Option<Field<'a>> {
    match names {
        [] => at([], Kind::Object),
        [
            name @ ("id"
            | "key"
            | "country"
            | "state"
            | "region"
            | "city"
            | "postalCode"
            | "streetName"
            | "streetNumber"
            | "additionalStreetInfo"
            | "additionalAddressInfo"
            | "title"
            | "salutation"
            | "firstName"
            | "lastName"
            | "company"
            | "department"
            | "building"
            | "apartment"
            | "pOBox"
            | "phone"
            | "mobile"
            | "email"
            | "fax"
            | "externalId"),
        ] => at([*name], Kind::Text),
        ["custom", rest @ ..] => custom(rest),
        _ => None,
    }
}

/// A custom field is named without the `fields` in between, too.
fn custom<'a>(names: &[&'a str]) -> Option<Field<'a>> {
    match names {
        [] => at(["custom"], Kind::Object),
        ["type", rest @ ..] => under("custom", under("type", reference(rest))),
        ["fields", rest @ ..] | rest => at([&["custom", "fields"][..], rest].concat(), Kind::Any),
    }
}
