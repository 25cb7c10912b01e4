//! Types: which custom fields resources may have.
//!
//! A Type that some resource uses, whichever service owns it, cannot be deleted.

mod fields;
mod usage;

use crate::references::{quoted_list, refuse_while_referenced};
use crate::settings::some;
use api::type_definition::{FieldDefinition, Type, TypeAction, TypeDraft};
use api::{ApiError, Kind};
use kit::resource::{Context, Decision, Lookup, LookupBy, Rules, State};
use kit::store::Claim;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// The resources and parts of resources that may have custom fields.
const RESOURCE_TYPE_IDS: &[&str] = &[
    "address",
    "approval-flow",
    "approval-rule",
    "asset",
    "associate-role",
    "business-unit",
    "cart-discount",
    "category",
    "channel",
    "custom-line-item",
    "customer",
    "customer-group",
    "discount-code",
    "inventory-entry",
    "line-item",
    "order",
    "order-delivery",
    "order-edit",
    "order-parcel",
    "order-return-item",
    "payment",
    "payment-interface-interaction",
    "payment-method",
    "payment-method-info",
    "product-price",
    "product-selection",
    "product-tailoring",
    "quote",
    "recurring-order",
    "reservation",
    "review",
    "shipping",
    "shipping-method",
    "shopping-list",
    "shopping-list-text-line-item",
    "standalone-price",
    "store",
    "transaction",
];

/// How many names of fields are asked for in one predicate, so that it stays within the length of one.
const NAMES_AT_ONCE: usize = 100;

/// The rules of types.
pub(crate) struct Types;

impl Rules for Types {
    type Body = Type;
    type Hidden = ();
    type Draft = TypeDraft;
    type Action = TypeAction;

    const KIND: Kind = Kind::Type;
    const EVENTS_CARRY_STATE: bool = true;

    fn create(draft: &TypeDraft, cx: &mut Context<'_>) -> Decision<(Type, ())> {
        let ids = some("resourceTypeIds", &draft.resource_type_ids)?;
        if let Some(unknown) = ids.iter().find(|id| !RESOURCE_TYPE_IDS.contains(&id.as_str())) {
            return Err(ApiError::invalid_field("resourceTypeIds", unknown.as_str()).into());
        }
        let mut names = HashSet::new();
        for definition in &draft.field_definitions {
            fields::check(definition)?;
            if !names.insert(definition.name.as_str()) {
                return Err(
                    ApiError::duplicate_field("fieldDefinitions.name", definition.name.as_str()).into()
                );
            }
        }
        refuse_conflicts(&draft.field_definitions, &ids, cx)?;
        let body = Type {
            key: draft.key.clone(),
            name: draft.name.clone(),
            description: draft.description.clone(),
            resource_type_ids: ids,
            field_definitions: draft.field_definitions.clone(),
        };
        Ok((body, ()))
    }

    fn apply(state: &mut State<Self>, action: &TypeAction, cx: &mut Context<'_>) -> Decision<()> {
        match action {
            TypeAction::ChangeKey { key } => state.key.clone_from(key),
            TypeAction::ChangeName { name } => {
                if name.is_empty() {
                    return Err(ApiError::invalid_field("name", Map::new()).into());
                }
                state.name.clone_from(name);
            }
            TypeAction::SetDescription { description } => state.description.clone_from(description),
            TypeAction::AddFieldDefinition { field_definition: new } => {
                fields::check(new)?;
                if state.field_definitions.iter().any(|definition| definition.name == new.name) {
                    return Err(ApiError::duplicate_field("fieldDefinitions.name", new.name.as_str()).into());
                }
                refuse_conflicts(std::slice::from_ref(new), &state.resource_type_ids, cx)?;
                state.field_definitions.push(new.clone());
            }
            TypeAction::RemoveFieldDefinition { field_name } => {
                fields::named(&mut state.body, field_name)?;
                state.field_definitions.retain(|definition| definition.name != *field_name);
            }
            TypeAction::ChangeFieldDefinitionLabel { field_name, label }
            | TypeAction::ChangeLabel { field_name, label } => {
                fields::named(&mut state.body, field_name)?.label.clone_from(label);
            }
            TypeAction::ChangeFieldDefinitionOrder { field_names } => {
                let definitions = fields::ordered(&state.field_definitions, field_names, |d| &d.name);
                state.field_definitions =
                    definitions.ok_or_else(|| ApiError::invalid_field("fieldNames", field_names.clone()))?;
            }
            TypeAction::AddEnumValue { field_name, value } => {
                fields::plain(&mut state.body, field_name)?.add(value)?;
            }
            TypeAction::AddLocalizedEnumValue { field_name, value } => {
                fields::localized(&mut state.body, field_name)?.add(value)?;
            }
            TypeAction::ChangeEnumValueLabel { field_name, value } => {
                fields::plain(&mut state.body, field_name)?.relabel(value)?;
            }
            TypeAction::ChangeLocalizedEnumValueLabel { field_name, value } => {
                fields::localized(&mut state.body, field_name)?.relabel(value)?;
            }
            TypeAction::ChangeEnumValueOrder { field_name, keys } => {
                fields::plain(&mut state.body, field_name)?.reorder(keys)?;
            }
            TypeAction::ChangeLocalizedEnumValueOrder { field_name, keys } => {
                fields::localized(&mut state.body, field_name)?.reorder(keys)?;
            }
            TypeAction::ChangeInputHint { field_name, input_hint } => {
                fields::named(&mut state.body, field_name)?.input_hint = *input_hint;
            }
        }
        Ok(())
    }

    fn delete(state: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        let by = state.resource_type_ids.iter().flat_map(|id| usage::places(id, state.meta.id.as_str()));
        refuse_while_referenced(Kind::Type, by, cx)
    }

    fn claims(body: &Type) -> Vec<Claim> {
        vec![Claim::new("key", body.key.as_str())]
    }

    fn user_identifiers(body: &Type) -> Map<String, Value> {
        Map::from_iter([("key".to_owned(), Value::from(&body.key))])
    }
}

/// Refuses fields that another type for one of the same resources has with another kind of value.
fn refuse_conflicts(definitions: &[FieldDefinition], ids: &[String], cx: &Context<'_>) -> Decision<()> {
    let ids_listed = quoted_list(ids.iter().map(String::as_str));
    let lookups: Vec<Lookup> = definitions
        .chunks(NAMES_AT_ONCE)
        .map(|some| {
            let names = quoted_list(some.iter().map(|definition| definition.name.as_str()));
            let predicate = format!(
                "resourceTypeIds contains any ({ids_listed}) and fieldDefinitions(name in ({names}))"
            );
            Lookup::new(Kind::Type, LookupBy::Where { predicate, limit: 500 })
        })
        .collect();
    lookups.iter().for_each(|lookup| cx.want(lookup.clone()));
    for lookup in lookups {
        let others = cx.find_all::<Type>(lookup)?;
        for other in others.iter().filter(|other| *other.id() != cx.resource_id) {
            for theirs in &other.field_definitions {
                let ours = definitions.iter().find(|ours| ours.name == theirs.name);
                if ours.is_some_and(|ours| !fields::is_same(&ours.field_type, &theirs.field_type)) {
                    return Err(ApiError::invalid_operation(format!(
                        "The field '{}' must have the same type as in the type '{}', which is for the same \
                         resources.",
                        theirs.name, other.key
                    ))
                    .into());
                }
            }
        }
    }
    Ok(())
}
