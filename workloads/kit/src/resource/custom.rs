//! Custom fields: checked against their Type when they are set (contract §0, §10).

use super::context::{Context, Decision, Stop};
use api::date::is_time_of_day;
use api::type_definition::{FieldDefinition, FieldType, SetCustomField, SetCustomType, Type, is_locale};
use api::{
    ApiError, CalendarDate, CustomFields, CustomFieldsDraft, Kind, Reference, ResourceIdentifier, TypedMoney,
    TypedMoneyDraft,
};
use serde_json::{Map, Value, json};

impl Context<'_> {
    /// Checks the custom fields of a draft for a resource of `resource_type_id` ("order" serves carts
    /// and orders).
    pub fn custom(
        &self,
        draft: Option<&CustomFieldsDraft>,
        resource_type_id: &str,
    ) -> Decision<Option<CustomFields>> {
        let Some(draft) = draft else { return Ok(None) };
        let definition = self.resolve::<Type>(Kind::Type, &draft.type_ref)?;
        if !definition.resource_type_ids.iter().any(|id| id == resource_type_id) {
            return Err(ApiError::invalid_operation(format!(
                "The type '{}' is not for resources of type '{resource_type_id}'; it is for: {}.",
                definition.key,
                definition.resource_type_ids.join(", ")
            ))
            .into());
        }
        let mut fields = Map::new();
        for (name, value) in &draft.fields {
            if !value.is_null() {
                fields.insert(name.clone(), checked(&definition.field_definitions, name, value, self)?);
            }
        }
        for definition in &definition.field_definitions {
            if definition.required && !fields.contains_key(&definition.name) {
                return Err(ApiError::required_field(&definition.name).into());
            }
        }
        Ok(Some(CustomFields { type_ref: Reference::new(Kind::Type, definition.id().clone()), fields }))
    }
}

/// `setCustomType`: sets type and fields anew, or removes both.
pub fn set_type(
    custom: &mut Option<CustomFields>,
    action: &SetCustomType,
    resource_type_id: &str,
    cx: &Context<'_>,
) -> Decision<()> {
    *custom = cx.custom(action.draft().as_ref(), resource_type_id)?;
    Ok(())
}

/// `setCustomField`: sets one field, or removes it; removing one that is not set is refused.
pub fn set_field(
    custom: &mut Option<CustomFields>,
    action: &SetCustomField,
    cx: &Context<'_>,
) -> Decision<()> {
    let Some(custom) = custom else {
        return Err(ApiError::invalid_operation(
            "The resource has no custom type. Set one with 'setCustomType' first.",
        )
        .into());
    };
    let definition = cx.by_id::<Type>(Kind::Type, &custom.type_ref.id)?.ok_or_else(|| {
        Stop::Refused(ApiError::referenced_not_found("type", ("id", custom.type_ref.id.as_str())))
    })?;
    match action.value.as_ref().filter(|v| !v.is_null()) {
        Some(value) => {
            let value = checked(&definition.field_definitions, &action.name, value, cx)?;
            custom.fields.insert(action.name.clone(), value);
        }
        None => {
            let required = definition.field_definitions.iter().any(|d| d.name == action.name && d.required);
            if required {
                return Err(ApiError::required_field(&action.name).into());
            }
            if custom.fields.remove(&action.name).is_none() {
                return Err(ApiError::invalid_operation(format!(
                    "The custom field '{}' is not set.",
                    action.name
                ))
                .into());
            }
        }
    }
    Ok(())
}

fn checked(
    definitions: &[FieldDefinition],
    name: &str,
    value: &Value,
    cx: &Context<'_>,
) -> Result<Value, ApiError> {
    let field = format!("custom.fields.{name}");
    let definition = definitions
        .iter()
        .find(|d| d.name == name)
        .ok_or_else(|| ApiError::invalid_field(&field, value.clone()))?;
    stored(&definition.field_type, value, cx).ok_or_else(|| ApiError::invalid_field(&field, value.clone()))
}

/// The value as it is stored if it is of the type. What it refers to must exist.
fn stored(field_type: &FieldType, value: &Value, cx: &Context<'_>) -> Option<Value> {
    let good = match field_type {
        FieldType::String => value.is_string(),
        FieldType::Number => value.is_number(),
        FieldType::Boolean => value.is_boolean(),
        FieldType::LocalizedString => {
            value.as_object()?.iter().all(|(locale, text)| is_locale(locale) && text.is_string())
        }
        FieldType::Enum { values } => values.iter().any(|v| Some(v.key.as_str()) == value.as_str()),
        FieldType::LocalizedEnum { values } => values.iter().any(|v| Some(v.key.as_str()) == value.as_str()),
        FieldType::Date => CalendarDate::parse(value.as_str()?).is_some(),
        FieldType::Time => is_time_of_day(value.as_str()?),
        FieldType::DateTime => {
            return api::Timestamp::parse(value.as_str()?).map(|t| Value::String(t.to_string()));
        }
        FieldType::Money => {
            let draft: TypedMoneyDraft = serde_json::from_value(value.clone()).ok()?;
            return serde_json::to_value(TypedMoney::try_from(draft).ok()?).ok();
        }
        FieldType::Reference { reference_type_id } => {
            let id = ResourceIdentifier::of_value(reference_type_id, value)?.id?;
            if let Some(kind) = Kind::from_type_id(reference_type_id) {
                cx.must_exist(kind, &id);
            }
            return Some(json!({"typeId": reference_type_id, "id": id}));
        }
        FieldType::Set { element_type } => {
            let mut stored_items: Vec<Value> = Vec::new();
            for item in value.as_array()? {
                let item = stored(element_type, item, cx)?;
                if !stored_items.contains(&item) {
                    stored_items.push(item);
                }
            }
            return Some(Value::Array(stored_items));
        }
    };
    good.then(|| value.clone())
}
