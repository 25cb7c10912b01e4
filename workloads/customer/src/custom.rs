//! Custom fields that tell the world of their changes.

use api::type_definition::{SetCustomField, SetCustomType};
use api::{CustomFields, Id, Message};
use kit::resource::{Context, Decision, set_custom_field, set_custom_type};

/// Whose custom fields these are: how messages begin, and the address if it is one's.
#[derive(Clone, Copy)]
pub(crate) struct Of<'a> {
    /// The resource type id that Types name.
    pub(crate) type_id: &'static str,
    /// What message types begin with.
    pub(crate) prefix: &'static str,
    /// The address, where it is one's.
    pub(crate) address_id: Option<&'a Id>,
}

impl Of<'_> {
    fn message(&self, what: &str) -> Message {
        Message::new(format!("{}{what}", self.prefix)).with("addressId", self.address_id)
    }
}

/// `setCustomType`.
pub(crate) fn set_type(
    custom: &mut Option<CustomFields>,
    set: &SetCustomType,
    of: Of<'_>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let before = custom.clone();
    set_custom_type(custom, set, of.type_id, cx)?;
    if *custom == before {
        return Ok(());
    }
    let message = match custom {
        Some(now) => of.message("CustomTypeSet").with("customFields", now),
        None => of.message("CustomTypeRemoved"),
    };
    cx.emit(message.with("previousTypeId", before.map(|b| b.type_ref.id)));
    Ok(())
}

/// `setCustomField`.
pub(crate) fn set_field(
    custom: &mut Option<CustomFields>,
    set: &SetCustomField,
    of: Of<'_>,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let value =
        |custom: &Option<CustomFields>| custom.as_ref().and_then(|c| c.fields.get(&set.name).cloned());
    let before = value(custom);
    set_custom_field(custom, set, cx)?;
    let now = value(custom);
    if now == before {
        return Ok(());
    }
    let message = match (&before, &now) {
        (None, _) => of.message("CustomFieldAdded"),
        (Some(_), Some(_)) => of.message("CustomFieldChanged").with("previousValue", before),
        (Some(_), None) => of.message("CustomFieldRemoved"),
    };
    cx.emit(message.with("name", &set.name).with("value", now));
    Ok(())
}
