//! Every rule of a manifest, and every default: the same on a laptop and in a cluster.
//!
//! All broken rules are reported, not the first alone, each with the path of its field. The numeric
//! bounds are checked here again although the schema has them, so that this is all anyone needs.

mod backing;
pub(crate) mod names;
mod project;
mod service;

pub use names::RESERVED_PROJECT_KEYS;
pub use project::SCOPES;

use crate::error::InvalidSpec;
use crate::manifest::{CommerceStack, Gateway};
use crate::validated::{Edge, Route, ValidatedStack};
use std::fmt::Display;

/// The broken rules so far.
#[derive(Default)]
pub(crate) struct Report(Vec<InvalidSpec>);

impl Report {
    fn refuse(&mut self, path: impl Display, message: impl Into<String>) {
        self.0.push(InvalidSpec::new(path.to_string(), message));
    }

    /// Refuses the field unless `good`.
    fn demand(&mut self, good: bool, path: impl Display, message: impl Into<String>) {
        if !good {
            self.refuse(path, message);
        }
    }

    /// An optional whole number within bounds, or its default.
    fn number(&mut self, given: Option<i32>, default: u32, low: u32, high: u32, path: impl Display) -> u32 {
        let Some(given) = given else { return default };
        match u32::try_from(given) {
            Ok(number) if (low..=high).contains(&number) => number,
            _ => {
                self.refuse(path, format!("must be {low} to {high}, but is {given}"));
                default
            }
        }
    }

    /// At most one alternative of a choice.
    fn at_most_one(&mut self, given: &[(&str, bool)], path: &str) {
        let named: Vec<&str> = given.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
        if named.len() > 1 {
            let all: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
            self.refuse(path, format!("has {}; give only one of {}", named.join(" and "), all.join(", ")));
        }
    }
}

/// Applies every rule and default to a manifest.
///
/// # Errors
/// All rules that it breaks, in the order of the manifest; never an empty list.
pub fn validate(stack: &CommerceStack) -> Result<ValidatedStack, Vec<InvalidSpec>> {
    let report = &mut Report::default();
    let spec = &stack.spec;
    let name = stack.metadata.name.clone().unwrap_or_default();
    // A Service's name must begin with a letter, and every name of a stack begins with the stack's.
    if !names::is_label(&name, 40) || name.starts_with(|first: char| first.is_ascii_digit()) {
        let rule = "a stack name: up to 40 lower-case letters, digits and hyphens, beginning with a letter \
                    and ending with a letter or digit";
        report.refuse("metadata.name", names::wrong(&name, rule));
    }
    if let Some(namespace) = stack.metadata.namespace.as_deref().filter(|name| !names::is_label(name, 63)) {
        let rule = "a namespace: up to 63 lower-case letters, digits and hyphens";
        report.refuse("metadata.namespace", names::wrong(namespace, rule));
    }
    image(spec.image.as_deref(), "spec.image", report);
    let projects = project::projects(&name, &spec.projects, report);
    let edge = edge(spec.gateway.clone().unwrap_or_default(), report);
    let database = backing::database(spec.mongodb.clone().unwrap_or_default(), report);
    let (broker, topics) = backing::broker(spec.kafka.clone().unwrap_or_default(), report);
    let services = service::services(spec.defaults.as_ref(), spec.services.as_ref(), report);
    let operation = spec.operation.clone().unwrap_or_default();
    let rotation =
        report.number(operation.secrets_rotation, 0, 0, 1_000_000, "spec.operation.secretsRotation");
    if !report.0.is_empty() {
        return Err(std::mem::take(&mut report.0));
    }
    Ok(ValidatedStack {
        name,
        namespace: stack.metadata.namespace.clone(),
        image: spec.image.clone(),
        projects,
        edge,
        database,
        broker,
        topics,
        services,
        deletion_policy: spec.deletion_policy.unwrap_or_default(),
        paused: operation.paused.unwrap_or(false),
        upgrades: operation.upgrades.unwrap_or_default(),
        secrets_rotation: rotation,
    })
}

fn image(given: Option<&str>, path: &str, report: &mut Report) {
    if let Some(image) = given.filter(|image| !names::is_image(image)) {
        report.refuse(
            path,
            names::wrong(
                image,
                "an image: a name such as registry.example.com/commerce:0.1.0 of up to 512 characters",
            ),
        );
    }
}

fn edge(gateway: Gateway, report: &mut Report) -> Edge {
    let Gateway { host, scheme, ingress, http_route } = gateway;
    if let Some(host) = host.as_deref().filter(|host| !names::is_host(host)) {
        report.refuse(
            "spec.gateway.host",
            names::wrong(host, "a host name such as shop.example.com (no scheme, port or path)"),
        );
    }
    report
        .at_most_one(&[("ingress", ingress.is_some()), ("httpRoute", http_route.is_some())], "spec.gateway");
    let route = match (ingress, http_route) {
        (_, Some(route)) => {
            let path = "spec.gateway.httpRoute.parentRefs";
            let count = route.parent_refs.len();
            report.demand((1..=32).contains(&count), path, "must name 1 to 32 Gateways");
            for (index, parent) in route.parent_refs.iter().enumerate() {
                let object = |report: &mut Report, field: &str, name: &str| {
                    let good = names::is_object(name);
                    report.demand(good, format_args!("{path}[{index}].{field}"), names::not_an_object(name));
                };
                object(report, "name", &parent.name);
                parent.namespace.iter().for_each(|name| object(report, "namespace", name));
                parent.section_name.iter().for_each(|name| object(report, "sectionName", name));
            }
            Route::HttpRoute { parents: route.parent_refs }
        }
        (Some(ingress), None) => {
            report.demand(host.is_some(), "spec.gateway.host", "is missing; an ingress needs a host name");
            if let Some(class) = ingress.class_name.as_deref().filter(|class| !names::is_object(class)) {
                report.refuse("spec.gateway.ingress.className", names::not_an_object(class));
            }
            if let Some(tls) = ingress.tls_secret_ref.as_ref().filter(|tls| !names::is_object(&tls.name)) {
                report.refuse("spec.gateway.ingress.tlsSecretRef.name", names::not_an_object(&tls.name));
            }
            Route::Ingress { class: ingress.class_name, tls: ingress.tls_secret_ref }
        }
        (None, None) => Route::None,
    };
    Edge { host, scheme: scheme.unwrap_or_default(), route }
}
