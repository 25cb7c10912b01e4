//! `null` is absent: in drafts and update actions every property that may be left out may be `null`, however deep it
//! stands. What may be left out is read from the schemas.

#![allow(clippy::panic, reason = "tests end where something is not as expected")]

use commerce_api as api;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Makes instances of schemas.
struct Samples {
    definitions: Map<String, Value>,
    /// The definitions that are being looked into, so that those that hold themselves end.
    open: Vec<String>,
}

impl Samples {
    /// The definition that a schema refers to, and its name.
    fn target(&self, schema: &Value) -> Option<(String, Value)> {
        let name = schema.get("$ref")?.as_str()?.rsplit('/').next()?;
        Some((name.to_owned(), self.definitions[name].clone()))
    }

    /// The schemas of which a value meets one.
    fn choices(schema: &Value) -> Option<Vec<Value>> {
        let all = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
        Some(all.iter().filter(|one| one["type"] != "null").cloned().collect())
    }

    /// The properties of an object, with those of what it is made of, and which of them are required.
    fn properties(&self, schema: &Value) -> (Map<String, Value>, Vec<Value>) {
        let mut properties = schema["properties"].as_object().cloned().unwrap_or_default();
        let mut required = schema["required"].as_array().cloned().unwrap_or_default();
        let parts = schema["allOf"].as_array().into_iter().flatten().cloned();
        for part in parts.chain(self.target(schema).map(|(_, part)| part)) {
            let (more, also) = self.properties(&part);
            properties.extend(more);
            required.extend(also);
        }
        (properties, required)
    }

    /// An instance with nothing in it that may be left out.
    fn least(&self, schema: &Value) -> Value {
        if let Some((name, target)) = self.target(schema).filter(|_| schema.get("properties").is_none()) {
            return if name == "ResourceIdentifier" { json!({"id": "a"}) } else { self.least(&target) };
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(value) = schema["enum"].as_array().and_then(|values| values.first()) {
            return value.clone();
        }
        let choice = Self::choices(schema).and_then(|choices| choices.into_iter().next());
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
        match (choice, kind) {
            (Some(choice), _) => self.joined(schema, self.least(&choice)),
            (None, Some("string")) => match (schema["pattern"].as_str(), schema["format"].as_str()) {
                (Some("^[A-Z]{3}$"), _) => json!("EUR"),
                (Some("^[A-Z]{2}$"), _) => json!("DE"),
                (_, Some("date")) => json!("2024-12-31"),
                (_, Some("date-time")) => json!("2024-12-31T00:00:00.000Z"),
                _ => json!("aa"),
            },
            (None, Some("boolean")) => json!(true),
            (None, Some("integer" | "number")) => json!(1),
            (None, Some("array")) => {
                let count = schema["minItems"].as_u64().unwrap_or(0);
                (0..count).map(|_| self.least(&schema["items"])).collect()
            }
            (None, Some("object")) => self.joined(schema, json!({})),
            _ => json!("any"),
        }
    }

    /// An object with the required properties of the schema beside its own.
    fn joined(&self, schema: &Value, mut value: Value) -> Value {
        let (properties, required) = self.properties(schema);
        for (name, property) in properties {
            if required.contains(&json!(name)) && value.is_object() {
                value[&name] = self.least(&property);
            }
        }
        value
    }

    /// Instances with one property each that is `null` although it may be left out.
    fn with_nulls(&mut self, schema: &Value) -> Vec<Value> {
        if let Some((name, target)) = self.target(schema).filter(|_| schema.get("properties").is_none()) {
            if name == "ResourceIdentifier" || self.open.contains(&name) {
                return Vec::new();
            }
            self.open.push(name);
            let cases = self.with_nulls(&target);
            self.open.pop();
            return cases;
        }
        let (properties, required) = self.properties(schema);
        let base = self.least(schema);
        let mut cases = Vec::new();
        let mut with = |name: &str, value: Value| {
            let mut case = base.clone();
            case[name] = value;
            cases.push(case);
        };
        for (name, property) in &properties {
            if !required.contains(&json!(name)) {
                with(name, Value::Null);
            }
            self.with_nulls(property).into_iter().for_each(|case| with(name, case));
        }
        for choice in Self::choices(schema).unwrap_or_default() {
            let more = self.with_nulls(&choice);
            cases.extend(more.into_iter().map(|case| self.joined(schema, case)));
        }
        if schema["items"].is_object() {
            let items = schema["items"].clone();
            cases.extend(self.with_nulls(&items).into_iter().map(|case| json!([case])));
        }
        if schema["additionalProperties"].is_object() {
            let values = schema["additionalProperties"].clone();
            cases.extend(self.with_nulls(&values).into_iter().map(|case| json!({"aa": case})));
        }
        cases
    }
}

/// What of a type is refused because it is `null`.
fn refused<T: JsonSchema + DeserializeOwned>() -> Vec<String> {
    let mut generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let schema = generator.subschema_for::<T>().to_value();
    let mut samples = Samples { definitions: generator.take_definitions(true), open: Vec::new() };
    let least = samples.least(&schema);
    if let Err(error) = serde_json::from_value::<T>(least.clone()) {
        panic!("{}: {least}: {error}", std::any::type_name::<T>());
    }
    let cases = samples.with_nulls(&schema);
    assert!(!cases.is_empty(), "{} has nothing that may be left out", std::any::type_name::<T>());
    let read = |case: Value| {
        let error = serde_json::from_value::<T>(case.clone()).err()?;
        Some(format!("{}: {case}: {error}", std::any::type_name::<T>()))
    };
    cases.into_iter().filter_map(read).collect()
}

macro_rules! refused {
    ($($type:ty),* $(,)?) => { [$(refused::<$type>()),*].concat() };
}

#[test]
fn what_may_be_left_out_may_be_null() {
    let refused: Vec<String> = refused![
        api::account::ApiClientDraft,
        api::cart::CartAction,
        api::cart::CartDraft,
        api::cart::CartReplicateDraft,
        api::cart::MergeCartDraft,
        api::cart::MyCartDraft,
        api::category::CategoryAction,
        api::category::CategoryDraft,
        api::channel::ChannelAction,
        api::channel::ChannelDraft,
        api::custom_object::CustomObjectDraft,
        api::customer::CustomerAction,
        api::customer::CreateEmailToken,
        api::customer::CreatePasswordToken,
        api::customer::CustomerDraft,
        api::customer::CustomerSignin,
        api::customer::MyCustomerDraft,
        api::customer::MyCustomerSignin,
        api::customer::ResetPassword,
        api::customer_group::CustomerGroupAction,
        api::customer_group::CustomerGroupDraft,
        api::inventory::InventoryEntryAction,
        api::inventory::InventoryEntryDraft,
        api::order::OrderAction,
        api::order::OrderFromCartDraft,
        api::order::OrderImportDraft,
        api::product::ProductAction,
        api::product::ProductDraft,
        api::product_type::ProductTypeAction,
        api::product_type::ProductTypeDraft,
        api::project::ProjectAction,
        api::review::ReviewAction,
        api::review::ReviewDraft,
        api::shipping_method::ShippingMethodAction,
        api::shipping_method::ShippingMethodDraft,
        api::state::StateAction,
        api::state::StateDraft,
        api::store::StoreAction,
        api::store::StoreDraft,
        api::tax_category::TaxCategoryAction,
        api::tax_category::TaxCategoryDraft,
        api::type_definition::TypeAction,
        api::type_definition::TypeDraft,
        api::zone::ZoneAction,
        api::zone::ZoneDraft,
    ];
    assert!(refused.is_empty(), "{}\n{}", refused.len(), refused.join("\n"));
}
