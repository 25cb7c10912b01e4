//! Which service serves a path.

use api::{Kind, ServiceName};

/// First path segments that the gateway serves itself, so that no project can have such a key. The
/// manifest's validation refuses them too.
pub const RESERVED: &[&str] =
    &["api", "oauth", "openapi.json", ".well-known", "docs", "console", "health", "metrics", "graphql"];

/// The service of a path of segments behind the project key; `None` if no service serves it.
#[must_use]
pub fn service_of(segments: &[&str]) -> Option<ServiceName> {
    match segments {
        [] => Some(ServiceName::Project),
        ["me"] => Some(ServiceName::Customer),
        ["me", what, ..] => match *what {
            "carts" | "active-cart" => Some(ServiceName::Cart),
            "orders" => Some(ServiceName::Order),
            "signup" | "login" | "password" | "email" => Some(ServiceName::Customer),
            _ => None,
        },
        ["login"] => Some(ServiceName::Customer),
        ["in-store", _, rest @ ..] if !rest.is_empty() => service_of(rest),
        ["product-projections", ..] => Some(ServiceName::Product),
        [path, ..] => {
            Kind::ALL.iter().find(|kind| !kind.path().is_empty() && kind.path() == *path).map(|k| k.service())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_to_the_service_that_owns_the_thing() {
        for (path, service) in [
            ("", Some(ServiceName::Project)),
            ("carts/key=x", Some(ServiceName::Cart)),
            ("me", Some(ServiceName::Customer)),
            ("me/active-cart", Some(ServiceName::Cart)),
            ("me/orders/1", Some(ServiceName::Order)),
            ("in-store/key=berlin/carts", Some(ServiceName::Cart)),
            ("product-projections/1", Some(ServiceName::Product)),
            ("api-clients", Some(ServiceName::Account)),
            ("custom-objects/a/b", Some(ServiceName::Project)),
            ("me/nonsense", None),
            ("nonsense", None),
            ("in-store/key=berlin", None),
        ] {
            let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
            assert_eq!(service_of(&segments), service, "{path}");
        }
    }
}
