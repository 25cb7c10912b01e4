//! Where values of one product type stand within the values of others: types nest types.

use super::{Effect, ProductTypes};
use crate::query::{all_ids, quoted};
use api::product::Product;
use api::product_type::{AttributeType, ProductType};
use api::product_variant::Attribute;
use api::{Id, Kind, Result};
use kit::resource::{Collection, Context, Decision, Lookup, LookupBy, store_error};
use kit::store::Selector;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

/// The predicate for the product types that nest the one of this id, by themselves or in sets.
pub(super) fn nests(id: &str) -> String {
    let id = quoted(id);
    format!("attributes(type(typeReference(id = {id}) or elementType(typeReference(id = {id}))))")
}

/// The type that an attribute nests.
fn nested(of: &AttributeType) -> Option<&Id> {
    match of.element() {
        AttributeType::Nested { type_reference } => Some(&type_reference.id),
        _ => None,
    }
}

/// The attributes of one type that nest another one.
fn nesting<'t>(outer: &'t ProductType, inner: &Id) -> impl Iterator<Item = (&'t str, &'t AttributeType)> {
    let inner = inner.clone();
    let all =
        outer.attributes.iter().filter(move |definition| nested(&definition.attribute_type) == Some(&inner));
    all.map(|definition| (definition.name.as_str(), &definition.attribute_type))
}

/// A product type with those that nest it, directly or through others.
pub(super) struct Nesting {
    changed: Id,
    /// For each of them the attributes that lead to it, with the types that these nest.
    holders: HashMap<Id, Vec<(String, Id)>>,
}

impl Nesting {
    /// All that nest the type of this id.
    pub(super) async fn of(types: &Collection<ProductTypes>, project: &str, id: &Id) -> Result<Self> {
        let mut holders = HashMap::from([(id.clone(), Vec::new())]);
        let mut open = vec![id.clone()];
        while let Some(inner) = open.pop() {
            for outer in all_ids(&types.deps, project, Kind::ProductType, &nests(inner.as_str())).await? {
                let selector = Selector::Id(outer.clone());
                let found = types.deps.store.get(project, Kind::ProductType, &selector).await;
                let Some(document) = found.map_err(|e| store_error(&e))? else { continue };
                let state = types.state(&document)?;
                let mut names: Vec<String> =
                    nesting(&state.body, &inner).map(|(name, _)| name.to_owned()).collect();
                // Its products may still have the name that an attribute had before.
                for effect in state.hidden.effects.iter().rev() {
                    if let Effect::Rename { from, to } = effect
                        && names.contains(to)
                    {
                        names.push(from.clone());
                    }
                }
                if !holders.contains_key(&outer) {
                    open.push(outer.clone());
                }
                let names = names.into_iter().map(|name| (name, inner.clone()));
                holders.entry(outer).or_insert_with(Vec::new).extend(names);
            }
        }
        Ok(Self { changed: id.clone(), holders })
    }

    /// The types whose products can have values of the changed one.
    pub(super) fn types(&self) -> impl Iterator<Item = &Id> {
        self.holders.keys()
    }

    /// Changes both versions of a product of one of these types.
    pub(super) fn on_product(&self, effects: &[Effect], product: &mut Product) {
        let of = &product.product_type.id;
        for data in [&mut product.master_data.staged, &mut product.master_data.current] {
            self.on(effects, of, &mut data.attributes);
            data.all_variants_mut().for_each(|variant| self.on(effects, of, &mut variant.attributes));
        }
    }

    /// Changes the attributes of one owner, and those within them.
    fn on(&self, effects: &[Effect], of: &Id, attributes: &mut Vec<Attribute>) {
        if *of == self.changed {
            effects.iter().for_each(|effect| effect.on(attributes));
        }
        for (name, inner) in self.holders.get(of).into_iter().flatten() {
            for attribute in attributes.iter_mut().filter(|attribute| attribute.name == *name) {
                self.on_value(effects, inner, &mut attribute.value);
            }
        }
    }

    /// Changes a list of attributes, or each list of a set of them.
    fn on_value(&self, effects: &[Effect], of: &Id, value: &mut Value) {
        if let Ok(mut attributes) = Vec::<Attribute>::deserialize(&*value) {
            self.on(effects, of, &mut attributes);
            if let Ok(changed) = serde_json::to_value(attributes) {
                *value = changed;
            }
        } else if let Value::Array(lists) = value {
            lists.iter_mut().for_each(|list| self.on_value(effects, of, list));
        }
    }
}

/// Predicates for the products in which an attribute of the type that is decided about meets `attribute`, a condition
/// on name and value. Within sets of nested attributes, and deeper than one type in another, any value is taken for
/// one that does.
pub(super) fn products_with(attribute: &str, cx: &Context<'_>) -> Decision<Vec<String>> {
    let changed = &cx.resource_id;
    let mut predicates = vec![in_products(changed, attribute)];
    let (mut seen, mut open) = (vec![changed.clone()], vec![changed.clone()]);
    while !open.is_empty() {
        for inner in &open {
            let predicate = nests(inner.as_str());
            cx.want(Lookup::new(Kind::ProductType, LookupBy::Where { predicate, limit: 500 }));
        }
        for inner in std::mem::take(&mut open) {
            for outer in cx.matching::<ProductType>(Kind::ProductType, nests(inner.as_str()), 500)?.iter() {
                for (name, of) in nesting(outer, &inner) {
                    let value = match of {
                        AttributeType::Nested { .. } if inner == *changed => format!("value({attribute})"),
                        _ => "value is not empty".to_owned(),
                    };
                    predicates.push(in_products(outer.id(), &format!("name = {} and {value}", quoted(name))));
                }
                if !seen.contains(outer.id()) {
                    seen.push(outer.id().clone());
                    open.push(outer.id().clone());
                }
            }
        }
    }
    Ok(predicates)
}

fn in_products(product_type: &Id, attribute: &str) -> String {
    let attribute = format!("attributes({attribute})");
    let data = |version: &str| {
        format!("{version}({attribute} or masterVariant({attribute}) or variants({attribute}))")
    };
    let (staged, current) = (data("staged"), data("current"));
    format!("productType(id = {}) and masterData({staged} or {current})", quoted(product_type.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(text: &str) -> Id {
        Id::parse(text).unwrap()
    }

    #[test]
    fn values_are_changed_wherever_a_type_is_nested() {
        let holders = HashMap::from([
            (id("part"), vec![("parts".to_owned(), id("part"))]),
            (id("box"), vec![("content".to_owned(), id("part"))]),
            (id("pallet"), vec![("boxes".to_owned(), id("box"))]),
        ]);
        let nesting = Nesting { changed: id("part"), holders };
        let rename = [Effect::Rename { from: "size".into(), to: "extent".into() }];
        let value = |name: &str| {
            let part =
                json!([{"name": name, "value": 1}, {"name": "parts", "value": [{"name": name, "value": 2}]}]);
            let set = json!([[{"name": "content", "value": [part, []]}, {"name": "size", "value": 3}]]);
            json!([{"name": "boxes", "value": set}, {"name": "size", "value": 4}])
        };
        let mut attributes: Vec<Attribute> = serde_json::from_value(value("size")).unwrap();
        for _ in 0..2 {
            nesting.on(&rename, &id("pallet"), &mut attributes);
            assert_eq!(
                serde_json::to_value(&attributes).unwrap(),
                value("extent"),
                "only where it is nested"
            );
        }
    }
}
