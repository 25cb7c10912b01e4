//! The HTTPRoute in front of the gateway, where the cluster knows the Gateway API. Without it the route is
//! left out; the status says so.

use super::service::GATEWAY_PORT;
use super::{Child, Context, Lifetime};
use crate::names;
use crds::{ParentRef, Route, ServiceName};
use kube::core::TypeMeta;
use serde_json::{Map, Value, json};

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    let Route::HttpRoute { parents } = &cx.stack.edge.route else { return };
    if !cx.inputs.available.http_route {
        return;
    }
    let name = names::service(cx.name(), ServiceName::Gateway);
    let mut spec = Map::new();
    spec.insert("parentRefs".to_owned(), parents.iter().map(parent).collect());
    if let Some(host) = &cx.stack.edge.host {
        spec.insert("hostnames".to_owned(), json!([host]));
    }
    let backend = json!({"group": "", "kind": "Service", "name": name, "port": GATEWAY_PORT, "weight": 1});
    let prefix = json!({"path": {"type": "PathPrefix", "value": "/"}});
    spec.insert("rules".to_owned(), json!([{"matches": [prefix], "backendRefs": [backend]}]));
    let types =
        TypeMeta { api_version: "gateway.networking.k8s.io/v1".to_owned(), kind: "HTTPRoute".to_owned() };
    let data = json!({"spec": spec});
    let metadata = cx.of_service(&name, ServiceName::Gateway);
    children.push(Child::raw(types, "httproutes", data, metadata, Lifetime::Owned, cx.identity));
}

fn parent(given: &ParentRef) -> Value {
    let mut parent = Map::new();
    parent.insert("group".to_owned(), json!("gateway.networking.k8s.io"));
    parent.insert("kind".to_owned(), json!("Gateway"));
    parent.insert("name".to_owned(), json!(given.name));
    parent.extend(given.namespace.as_ref().map(|name| ("namespace".to_owned(), json!(name))));
    parent.extend(given.section_name.as_ref().map(|name| ("sectionName".to_owned(), json!(name))));
    Value::Object(parent)
}
