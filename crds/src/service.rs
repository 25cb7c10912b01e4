//! The services of a stack and what can be set for each of them.

use crate::rules::{IMAGE, QUANTITY, always_on, rule, rule_at, within_limit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

macro_rules! services {
    ($($(#[doc = $doc:literal])* $variant:ident = $field:ident, $always_on:literal;)*) => {
        /// A service of the stack.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ServiceName { $($(#[doc = $doc])* $variant),* }

        impl ServiceName {
            /// All services that there are.
            pub const ALL: &'static [ServiceName] = &[$(Self::$variant),*];
            /// The name in the manifest, in commands and in the names of objects.
            #[must_use]
            pub fn as_str(self) -> &'static str { match self { $(Self::$variant => stringify!($field)),* } }
            /// Whether the stack cannot do without it.
            #[must_use]
            pub fn always_on(self) -> bool { match self { $(Self::$variant => $always_on),* } }
        }

        /// Settings of single services, by name.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        #[schemars(extend("x-kubernetes-validations" = always_on()))]
        pub struct Services {$(
            $(#[doc = $doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<Service>,
        )*}

        impl Services {
            /// The settings of one service, if there are any.
            #[must_use]
            pub fn get(&self, name: ServiceName) -> Option<&Service> {
                match name { $(ServiceName::$variant => self.$field.as_ref()),* }
            }
        }
    };
}

services! {
    /// API clients, tokens and keys. Always on.
    Account = account, true;
    /// Project settings, types, states, stores, channels and custom objects. Always on.
    Project = project, true;
    /// Customers and customer groups.
    Customer = customer, false;
    /// Product types, categories, products and projections.
    Product = product, false;
    /// Inventory entries and reservations.
    Inventory = inventory, false;
    /// Carts, tax categories, shipping methods and zones.
    Cart = cart, false;
    /// Orders and their checkout.
    Order = order, false;
    /// The edge: routing, authentication and limits. Always on.
    Gateway = gateway, true;
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Settings of one service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    rule("!(has(self.replicas) && has(self.autoscaling))", "give only one of replicas and autoscaling"),
]))]
pub struct Service {
    /// Whether it runs. Switching a service off closes its routes with a clear 404; account, project and
    /// gateway cannot be switched off. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The container image of this service. Default: the image of the stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), extend("pattern" = IMAGE))]
    pub image: Option<String>,
    /// The number of pods. Excludes autoscaling. Default: defaults.replicas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub replicas: Option<i32>,
    /// Lets the number of pods follow the load. Excludes replicas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    /// CPU and memory of each pod. Default: defaults.resources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

/// What holds for every service that does not say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    /// The number of pods of each service. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub replicas: Option<i32>,
    /// CPU and memory of each pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

/// Lets the number of pods follow the load.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    rule_at(".maxReplicas", "!has(self.minReplicas) || self.minReplicas <= self.maxReplicas", "must not be less than minReplicas"),
]))]
pub struct Autoscaling {
    /// The least number of pods. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub min_replicas: Option<i32>,
    /// The greatest number of pods.
    #[schemars(range(min = 1, max = 100))]
    pub max_replicas: i32,
    /// The CPU utilization to aim at, in percent of the request. Default: 70.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub cpu_utilization: Option<i32>,
}

/// CPU and memory of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [within_limit("cpu"), within_limit("memory")]))]
pub struct Resources {
    /// What is set aside for a pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Amounts>,
    /// What a pod may use at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Amounts>,
}

/// An amount of CPU and of memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Amounts {
    /// Cores, such as 250m or 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Bytes, such as 64Mi.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

/// A Kubernetes quantity, written as text (`250m`, `64Mi`) or as a whole number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Quantity(pub String);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;
        impl Visitor<'_> for TextOrNumber {
            type Value = Quantity;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity such as 250m, 64Mi or 2")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Quantity, E> {
                Ok(Quantity(text.to_owned()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Quantity, E> {
                Ok(Quantity(number.to_string()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Quantity, E> {
                Ok(Quantity(number.to_string()))
            }
        }
        deserializer.deserialize_any(TextOrNumber)
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"x-kubernetes-int-or-string": true, "pattern": QUANTITY, "maxLength": 40})
    }
    fn inline_schema() -> bool {
        true
    }
}
