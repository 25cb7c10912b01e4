//! What a customer may consist of: the form of e-mails and keys, and a bound on everything.

use api::customer::Customer;
use api::{Address, ApiError, Key, Result};

/// Addresses of one customer.
pub(crate) const ADDRESSES: usize = 500;
/// Groups that are assigned to one customer.
pub(crate) const GROUPS: usize = 500;
/// Stores of one customer.
pub(crate) const STORES: usize = 500;
/// Characters of a text of one line.
const TEXT: usize = 1024;
/// Characters of a unique text.
const UNIQUE: usize = 256;

/// Refuses more of something than is kept.
pub(crate) fn at_most(what: &str, count: usize, most: usize) -> Result<()> {
    if count <= most {
        return Ok(());
    }
    let message = format!("A customer has at most {most} {what}, but {count} were given.");
    Err(ApiError::new(api::Code::MaxResourceLimitExceeded, message))
}

/// Refuses a text that is longer than a line.
fn line(field: &str, text: Option<&str>) -> Result<()> {
    bounded(field, text, TEXT)
}

fn bounded(field: &str, text: Option<&str>, most: usize) -> Result<()> {
    match text {
        Some(text) if text.len() > most && text.chars().count() > most => {
            Err(ApiError::invalid_input(format!("The value of '{field}' has more than {most} characters.")))
        }
        _ => Ok(()),
    }
}

/// Refuses what cannot be an e-mail address: 3 to 256 characters with one part on either side of an `@`.
pub(crate) fn email(email: &str) -> Result<()> {
    bounded("email", Some(email), UNIQUE)?;
    let parts = email.rsplit_once('@').filter(|(name, host)| !name.is_empty() && !host.is_empty());
    if parts.is_none() || email.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(ApiError::invalid_field("email", email));
    }
    Ok(())
}

/// Refuses an address with endless texts or a key that is none.
pub(crate) fn address(address: &Address) -> Result<()> {
    if let Some(key) = &address.key
        && Key::parse(key).is_none()
    {
        return Err(ApiError::invalid_field("address.key", key.as_str()));
    }
    let fields = serde_json::to_value(address).unwrap_or_default();
    for (name, value) in fields.as_object().into_iter().flatten() {
        line(name, value.as_str())?;
    }
    Ok(())
}

/// Refuses a customer with endless texts or lists, or with two addresses of one key.
pub(crate) fn customer(customer: &Customer) -> Result<()> {
    let unique = [("customerNumber", &customer.customer_number), ("externalId", &customer.external_id)];
    for (field, text) in unique {
        bounded(field, text.as_deref(), UNIQUE)?;
    }
    let lines = [
        ("firstName", &customer.first_name),
        ("lastName", &customer.last_name),
        ("middleName", &customer.middle_name),
        ("title", &customer.title),
        ("salutation", &customer.salutation),
        ("companyName", &customer.company_name),
        ("vatId", &customer.vat_id),
    ];
    for (field, text) in lines {
        line(field, text.as_deref())?;
    }
    at_most("addresses", customer.addresses.len(), ADDRESSES)?;
    at_most("stores", customer.stores.len(), STORES)?;
    at_most("customer groups", customer.customer_group_assignments.len(), GROUPS)?;
    let mut keys: Vec<&str> =
        customer.addresses.iter().filter_map(|address| address.key.as_deref()).collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair.first() == pair.last()).and_then(<[&str]>::first) {
        Some(key) => Err(ApiError::duplicate_field("addresses.key", *key)),
        None => Ok(()),
    }
}

/// Refuses a group's name that is empty or endless.
pub(crate) fn group_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(ApiError::required_field("groupName"));
    }
    bounded("name", Some(name), UNIQUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_mail_addresses_have_two_parts_and_no_spaces() {
        for good in ["a@b", "Ida.Lind+x@example.org", "\"a@b\"@example.org", "ü@münchen.de"] {
            assert_eq!(email(good), Ok(()), "{good}");
        }
        for bad in ["", "a", "@", "a@", "@b", "a b@c", "a@b\n", "a@\u{0}b"] {
            assert_eq!(email(bad).unwrap_err().code(), api::Code::InvalidField, "{bad}");
        }
        assert_eq!(email(&format!("{}@b", "x".repeat(300))).unwrap_err().code(), api::Code::InvalidInput);
    }
}
