//! Where customers find the pages of a store's shop: checked URLs, each with its own action and message.

use api::store::{StoreAction as A, Storefront};
use api::{ApiError, Message, Result};
use kit::resource::{Context, Decision};

/// A field: its name, the variable that it must have if it is a template, and where it stands.
type Field = (&'static str, Option<&'static str>, fn(&mut Storefront) -> &mut Option<String>);

const FIELDS: [Field; 10] = [
    ("checkoutUrlTemplate", Some("checkoutId"), |urls| &mut urls.checkout_url_template),
    ("orderUrlTemplate", Some("orderId"), |urls| &mut urls.order_url_template),
    ("termsOfServiceUrl", None, |urls| &mut urls.terms_of_service_url),
    ("privacyPolicyUrl", None, |urls| &mut urls.privacy_policy_url),
    ("refundPolicyUrl", None, |urls| &mut urls.refund_policy_url),
    ("shippingPolicyUrl", None, |urls| &mut urls.shipping_policy_url),
    ("cookiePolicyUrl", None, |urls| &mut urls.cookie_policy_url),
    ("imprintUrl", None, |urls| &mut urls.imprint_url),
    ("faqUrl", None, |urls| &mut urls.faq_url),
    ("contactUrl", None, |urls| &mut urls.contact_url),
];

/// What a draft says, if it says something.
pub(crate) fn checked(draft: Option<Storefront>) -> Result<Option<Storefront>> {
    let mut urls = draft.unwrap_or_default();
    for (name, variable, place) in FIELDS {
        let given = place(&mut urls).take();
        *place(&mut urls) = url(name, variable, given)?;
    }
    Ok(some(urls))
}

/// The actions that set one field; other actions change nothing.
pub(crate) fn apply(storefront: &mut Option<Storefront>, action: &A, cx: &mut Context<'_>) -> Decision<()> {
    let (action, to) = match action {
        A::SetCheckoutUrlTemplate { checkout_url_template: to } => ("checkoutUrlTemplate", to),
        A::SetOrderUrlTemplate { order_url_template: to } => ("orderUrlTemplate", to),
        A::SetTermsOfServiceUrl { terms_of_service_url: to } => ("termsOfServiceUrl", to),
        A::SetPrivacyPolicyUrl { privacy_policy_url: to } => ("privacyPolicyUrl", to),
        A::SetRefundPolicyUrl { refund_policy_url: to } => ("refundPolicyUrl", to),
        A::SetShippingPolicyUrl { shipping_policy_url: to } => ("shippingPolicyUrl", to),
        A::SetCookiePolicyUrl { cookie_policy_url: to } => ("cookiePolicyUrl", to),
        A::SetImprintUrl { imprint_url: to } => ("imprintUrl", to),
        A::SetFaqUrl { faq_url: to } => ("faqUrl", to),
        A::SetContactUrl { contact_url: to } => ("contactUrl", to),
        _ => return Ok(()),
    };
    for (name, variable, place) in FIELDS.into_iter().filter(|(name, ..)| *name == action) {
        let mut urls = storefront.take().unwrap_or_default();
        let to = url(name, variable, to.clone())?;
        if *place(&mut urls) != to {
            cx.emit(Message::new(message_of(name)).with(name, &to));
            *place(&mut urls) = to;
        }
        *storefront = some(urls);
    }
    Ok(())
}

/// `StoreFaqUrlSet` for `faqUrl`.
fn message_of(name: &str) -> String {
    let mut rest = name.chars();
    let first: String = rest.next().map(|first| first.to_ascii_uppercase()).into_iter().collect();
    format!("Store{first}{}Set", rest.as_str())
}

fn some(urls: Storefront) -> Option<Storefront> {
    (urls != Storefront::default()).then_some(urls)
}

/// The value of a field; an empty text is none.
fn url(name: &str, variable: Option<&str>, given: Option<String>) -> Result<Option<String>> {
    let Some(text) = given.filter(|text| !text.is_empty()) else { return Ok(None) };
    let good =
        variable.map_or_else(|| is_absolute(&text, &["https"]), |variable| has_variable(&text, variable));
    if good { Ok(Some(text)) } else { Err(ApiError::invalid_field(name, text)) }
}

/// One of the schemes, a host, and no spaces.
pub(crate) fn is_absolute(url: &str, schemes: &[&str]) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let has_host = !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']);
    schemes.iter().any(|one| scheme.eq_ignore_ascii_case(one))
        && has_host
        && !url.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether a template of RFC 6570 has an expression of that variable: `{orderId}`, `{?orderId,lang}`, `{orderId:8}`.
fn has_variable(template: &str, variable: &str) -> bool {
    let expressions = template.split('{').skip(1).map(|rest| rest.split_once('}').map(|(inner, _)| inner));
    let mut found = false;
    for expression in expressions {
        let Some(expression) = expression else { return false };
        let names = expression.trim_start_matches(['+', '#', '.', '/', ';', '?', '&']).split(',');
        found |= names.map(|name| name.split([':', '*']).next()).any(|name| name == Some(variable));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_absolute_and_secure() {
        for good in
            ["https://shop.example/terms", "HTTPS://shop.example", "https://shop.example:8443/a?b=c#d"]
        {
            assert!(is_absolute(good, &["https"]), "{good}");
        }
        for bad in [
            "http://shop.example",
            "https:/shop.example",
            "https://",
            "https:///terms",
            "/terms",
            "shop.example",
            "https://shop.example/a b",
        ] {
            assert!(!is_absolute(bad, &["https"]), "{bad}");
        }
    }

    #[test]
    fn templates_have_their_variable() {
        for good in [
            "https://shop.example/{orderId}",
            "https://shop.example/o{?lang,orderId}",
            "https://shop.example/{orderId:8}/{+path}",
        ] {
            assert!(has_variable(good, "orderId"), "{good}");
        }
        for bad in [
            "https://shop.example/",
            "https://shop.example/orderId",
            "https://shop.example/{checkoutId}",
            "https://shop.example/{orderId}/{x",
            "https://shop.example/{myorderId}",
        ] {
            assert!(!has_variable(bad, "orderId"), "{bad}");
        }
    }
}
