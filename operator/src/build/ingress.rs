//! The Ingress in front of the gateway.

use super::service::GATEWAY_PORT;
use super::{Child, Context, Lifetime};
use crate::names;
use crds::{Route, ServiceName};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
    IngressSpec, IngressTLS, ServiceBackendPort,
};

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    let (Route::Ingress { class, tls }, Some(host)) = (&cx.stack.edge.route, &cx.stack.edge.host) else {
        return;
    };
    let name = names::service(cx.name(), ServiceName::Gateway);
    let backend = IngressServiceBackend {
        name: name.clone(),
        port: Some(ServiceBackendPort { number: Some(GATEWAY_PORT.into()), name: None }),
    };
    let path = HTTPIngressPath {
        path: Some("/".to_owned()),
        path_type: "Prefix".to_owned(),
        backend: IngressBackend { service: Some(backend), resource: None },
    };
    let spec = IngressSpec {
        ingress_class_name: class.clone(),
        tls: tls.as_ref().map(|secret| {
            vec![IngressTLS { hosts: Some(vec![host.clone()]), secret_name: Some(secret.name.clone()) }]
        }),
        rules: Some(vec![IngressRule {
            host: Some(host.clone()),
            http: Some(HTTPIngressRuleValue { paths: vec![path] }),
        }]),
        default_backend: None,
    };
    let ingress = Ingress { spec: Some(spec), ..Default::default() };
    let metadata = cx.of_service(&name, ServiceName::Gateway);
    children.push(Child::new(&ingress, metadata, Lifetime::Owned, cx.identity));
}
