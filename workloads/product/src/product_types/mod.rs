//! Product types: which attributes products have.
//!
//! An attribute of one name has one type in all product types of the project. Changes that touch values
//! of existing products are noted as [`Effect`]s in the hidden state and carried out by the recovery
//! loop right after the write, so a crash loses none.

mod definitions;
mod effects;
mod enums;
mod nesting;

pub(crate) use effects::{Effect, recover};

use crate::query::quoted;
use api::product_type::{
    AttributeConstraint, AttributeDefinition, ProductType, ProductTypeAction, ProductTypeDraft,
};
use api::{ApiError, Code, Kind, Result};
use kit::resource::{Context, Decision, Rules, State};
use kit::store::Claim;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// The rules of product types.
pub(crate) struct ProductTypes;

/// What of a product type no client sees.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// What existing products still have to be changed by, in order.
    pub(crate) effects: Vec<Effect>,
}

impl Rules for ProductTypes {
    type Body = ProductType;
    type Hidden = Pending;
    type Draft = ProductTypeDraft;
    type Action = ProductTypeAction;

    const KIND: Kind = Kind::ProductType;

    fn create(draft: &ProductTypeDraft, cx: &mut Context<'_>) -> Decision<(ProductType, Pending)> {
        let mut product_type = ProductType {
            key: draft.key.clone(),
            name: draft.name.clone(),
            description: draft.description.clone(),
            attributes: Vec::new(),
        };
        for attribute in &draft.attributes {
            let definition = definitions::checked(attribute, cx)?;
            definitions::add(&mut product_type, definition, cx)?;
        }
        definitions::refuse_conflicts(&product_type.attributes, cx)?;
        Ok((product_type, Pending::default()))
    }

    fn apply(state: &mut State<Self>, action: &ProductTypeAction, cx: &mut Context<'_>) -> Decision<()> {
        use ProductTypeAction as A;
        match action {
            A::SetKey { key } => state.key.clone_from(key),
            A::ChangeName { name } => state.name.clone_from(name),
            A::ChangeDescription { description } => state.description.clone_from(description),
            A::AddAttributeDefinition { attribute } => {
                let definition = definitions::checked(attribute, cx)?;
                definitions::refuse_conflicts(std::slice::from_ref(&definition), cx)?;
                definitions::add(&mut state.body, definition, cx)?;
            }
            A::RemoveAttributeDefinition { name } => {
                find(&mut state.body, name)?;
                state.attributes.retain(|definition| definition.name != *name);
                note(state, cx, Effect::Remove { name: name.clone() });
            }
            A::ChangeAttributeName { attribute_name, new_attribute_name } => {
                rename(state, attribute_name, new_attribute_name, cx)?;
            }
            A::ChangeLabel { attribute_name, label } => {
                find(&mut state.body, attribute_name)?.label.clone_from(label);
            }
            A::SetInputTip { attribute_name, input_tip } => {
                find(&mut state.body, attribute_name)?.input_tip.clone_from(input_tip);
            }
            A::ChangeInputHint { attribute_name, new_value } => {
                find(&mut state.body, attribute_name)?.input_hint = *new_value;
            }
            A::ChangeIsSearchable { attribute_name, is_searchable } => {
                find(&mut state.body, attribute_name)?.is_searchable = *is_searchable;
            }
            A::ChangeAttributeConstraint { attribute_name, new_value } => {
                loosen(find(&mut state.body, attribute_name)?, *new_value)?;
            }
            A::ChangeAttributeOrder { attributes } => {
                let names: Vec<&str> = attributes.iter().map(|a| a.name.as_str()).collect();
                reorder(&mut state.body, &names)?;
            }
            A::ChangeAttributeOrderByName { attribute_names } => {
                let names: Vec<&str> = attribute_names.iter().map(String::as_str).collect();
                reorder(&mut state.body, &names)?;
            }
            action => {
                if let Some(effect) = enums::apply(&mut state.body, action, cx)? {
                    note(state, cx, effect);
                }
            }
        }
        Ok(())
    }

    fn delete(state: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        let id = quoted(state.meta.id.as_str());
        let products = format!("productType(id = {id})");
        let nesting = format!("{} and id != {id}", nesting::nests(state.meta.id.as_str()));
        cx.want(kit::resource::Lookup::new(
            Kind::ProductType,
            kit::resource::LookupBy::Where { predicate: nesting.clone(), limit: 1 },
        ));
        for (kind, predicate) in [(Kind::Product, products), (Kind::ProductType, nesting)] {
            if !cx.matching::<IgnoredAny>(kind, predicate, 1)?.is_empty() {
                return Err(ApiError::reference_exists("product-type", kind.type_id()).into());
            }
        }
        Ok(())
    }

    fn claims(product_type: &ProductType) -> Vec<Claim> {
        product_type.key.iter().map(|key| Claim::new("key", key.as_str())).collect()
    }

    fn user_identifiers(product_type: &ProductType) -> serde_json::Map<String, serde_json::Value> {
        product_type.key.iter().map(|key| ("key".to_owned(), key.into())).collect()
    }
}

/// Has existing products changed by `effect`.
fn note(state: &mut State<ProductTypes>, cx: &Context<'_>, effect: Effect) {
    state.hidden.effects.push(effect);
    state.due_at = Some(cx.now);
}

/// The definition of that name.
fn find<'t>(product_type: &'t mut ProductType, name: &str) -> Result<&'t mut AttributeDefinition> {
    let type_name = product_type.name.clone();
    product_type.attributes.iter_mut().find(|definition| definition.name == name).ok_or_else(|| {
        ApiError::new(
            Code::AttributeNameDoesNotExist,
            format!("Attribute definition for '{name}' does not exist on type '{type_name}'."),
        )
        .with("invalidAttributeName", name)
    })
}

fn rename(state: &mut State<ProductTypes>, from: &str, to: &str, cx: &Context<'_>) -> Decision<()> {
    let mut renamed = find(&mut state.body, from)?.clone();
    if from == to {
        return Ok(());
    }
    definitions::check_name(to)?;
    if state.definition(to).is_some() {
        return Err(definitions::exists_already(&state.body, to, cx).into());
    }
    to.clone_into(&mut renamed.name);
    definitions::refuse_conflicts(std::slice::from_ref(&renamed), cx)?;
    *find(&mut state.body, from)? = renamed;
    note(state, cx, Effect::Rename { from: from.to_owned(), to: to.to_owned() });
    Ok(())
}

/// Constraints may only be given up, and only those on single attributes.
fn loosen(definition: &mut AttributeDefinition, constraint: AttributeConstraint) -> Result<()> {
    use AttributeConstraint::{None, SameForAll, Unique};
    match (definition.attribute_constraint, constraint) {
        (before, after) if before == after => Ok(()),
        (SameForAll | Unique, None) => {
            definition.attribute_constraint = None;
            Ok(())
        }
        (before, after) => Err(ApiError::invalid_operation(format!(
            "The constraint of attribute '{}' cannot be changed from {before:?} to {after:?}; only SameForAll \
             and Unique can be changed, to None.",
            definition.name
        ))),
    }
}

fn reorder(product_type: &mut ProductType, names: &[&str]) -> Result<()> {
    let mut ordered = Vec::with_capacity(names.len());
    for name in names {
        let definition = find(product_type, name)?.clone();
        if !ordered.contains(&definition) {
            ordered.push(definition);
        }
    }
    if ordered.len() != product_type.attributes.len() || names.len() != ordered.len() {
        return Err(ApiError::invalid_operation(
            "The new order must name each attribute of the product type exactly once.",
        ));
    }
    product_type.attributes = ordered;
    Ok(())
}
