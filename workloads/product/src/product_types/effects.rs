//! What changes of a product type do to its existing products.

use super::ProductTypes;
use super::nesting::Nesting;
use crate::products::Products;
use crate::query::{all_ids, quoted};
use api::product_variant::Attribute;
use api::{Kind, Result};
use kit::http::RequestInfo;
use kit::resource::{Collection, Edit};
use kit::store::{DocKey, Selector};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A change of attribute values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Effect {
    /// The attribute has another name.
    Rename { from: String, to: String },
    /// The attribute is gone.
    Remove { name: String },
    /// An enum value has another key.
    EnumKey { name: String, from: String, to: String },
    /// An enum value has another label.
    EnumLabel { name: String, key: String, label: Value },
    /// Enum values are gone, and attributes that are left without any.
    RemoveEnumValues { name: String, keys: Vec<String> },
}

impl Effect {
    /// Changes the attributes of one owner. Doing it again changes nothing.
    pub(super) fn on(&self, attributes: &mut Vec<Attribute>) {
        match self {
            Self::Rename { from, to } => {
                if attributes.iter().any(|a| a.name == *to) {
                    attributes.retain(|a| a.name != *from);
                }
                attributes.iter_mut().filter(|a| a.name == *from).for_each(|a| a.name.clone_from(to));
            }
            Self::Remove { name } => attributes.retain(|a| a.name != *name),
            Self::EnumKey { name, from, to } => {
                each_value(attributes, name, |value| {
                    if is_key(value, from) {
                        value["key"] = to.as_str().into();
                    }
                });
            }
            Self::EnumLabel { name, key, label } => {
                each_value(attributes, name, |value| {
                    if is_key(value, key) {
                        value["label"] = label.clone();
                    }
                });
            }
            Self::RemoveEnumValues { name, keys } => {
                let gone = |value: &Value| keys.iter().any(|key| is_key(value, key));
                attributes.retain_mut(|attribute| {
                    if attribute.name != *name {
                        return true;
                    }
                    match &mut attribute.value {
                        Value::Array(values) => {
                            let before = values.len();
                            values.retain(|value| !gone(value));
                            !values.is_empty() || before == 0
                        }
                        value => !gone(value),
                    }
                });
            }
        }
    }
}

fn is_key(value: &Value, key: &str) -> bool {
    value.get("key").and_then(Value::as_str) == Some(key)
}

/// Calls `change` with the value of the attribute, or each of its values if it is a set.
fn each_value(attributes: &mut [Attribute], name: &str, mut change: impl FnMut(&mut Value)) {
    for attribute in attributes.iter_mut().filter(|a| a.name == name) {
        match &mut attribute.value {
            Value::Array(values) => values.iter_mut().filter(|v| v.is_object()).for_each(&mut change),
            value if value.is_object() => change(value),
            _ => {}
        }
    }
}

/// Carries out what a product type still has to do to its products.
pub(crate) async fn recover(
    types: &Collection<ProductTypes>,
    products: &Collection<Products>,
    key: DocKey,
) -> Result<()> {
    let request = RequestInfo::system(&key.project, "product-type-change");
    let selector = Selector::Id(key.id.clone());
    let store = &types.deps.store;
    let Some(document) = store
        .get(&key.project, Kind::ProductType, &selector)
        .await
        .map_err(|e| kit::resource::store_error(&e))?
    else {
        return Ok(());
    };
    let effects = types.state(&document)?.hidden.effects;
    let nesting = Nesting::of(types, &key.project, &key.id).await?;
    for product_type in nesting.types() {
        let predicate = format!("productType(id = {})", quoted(product_type.as_str()));
        for id in all_ids(&products.deps, &key.project, Kind::Product, &predicate).await? {
            let seen = Edit { visible: true, ..Edit::internal() };
            products
                .edit(&request, &Selector::Id(id), &seen, |product, _| {
                    nesting.on_product(&effects, &mut product.body);
                    product.body.master_data.note_changes();
                    Ok(())
                })
                .await?;
        }
    }
    types
        .edit(&request, &selector, &Edit::internal(), |state, _| {
            // More may have been noted meanwhile; those stay due.
            state.hidden.effects.drain(..effects.len().min(state.hidden.effects.len()));
            if state.hidden.effects.is_empty() {
                state.due_at = None;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn attribute(name: &str, value: Value) -> Attribute {
        Attribute { name: name.to_owned(), value }
    }

    fn after(effect: &Effect, attributes: &[Attribute]) -> Vec<Attribute> {
        let mut once = attributes.to_vec();
        effect.on(&mut once);
        let mut twice = once.clone();
        effect.on(&mut twice);
        assert_eq!(once, twice, "an effect that is repeated changes nothing");
        once
    }

    #[test]
    fn a_renamed_attribute_keeps_its_value() {
        let rename = Effect::Rename { from: "a1".into(), to: "b1".into() };
        assert_eq!(after(&rename, &[attribute("a1", json!(1))]), [attribute("b1", json!(1))]);
    }

    #[test]
    fn keys_and_labels_change_in_single_values_and_in_sets() {
        let before = [
            attribute("size", json!({"key": "s", "label": "S"})),
            attribute("set", json!([{"key": "s", "label": "S"}])),
        ];
        let key = Effect::EnumKey { name: "size".into(), from: "s".into(), to: "small".into() };
        assert_eq!(after(&key, &before)[0].value, json!({"key": "small", "label": "S"}));
        let label = Effect::EnumLabel { name: "set".into(), key: "s".into(), label: json!("Small") };
        assert_eq!(after(&label, &before)[1].value, json!([{"key": "s", "label": "Small"}]));
    }

    #[test]
    fn an_attribute_whose_values_are_all_removed_is_gone() {
        let before = [
            attribute("size", json!({"key": "s", "label": "S"})),
            attribute("sizes", json!([{"key": "s", "label": "S"}, {"key": "m", "label": "M"}])),
        ];
        let remove = |name: &str| Effect::RemoveEnumValues { name: name.into(), keys: vec!["s".into()] };
        assert_eq!(after(&remove("size"), &before).len(), 1);
        assert_eq!(after(&remove("sizes"), &before)[1].value, json!([{"key": "m", "label": "M"}]));
    }
}
