//! Which service serves a path.

use api::in_store::has_twin;
use api::{Key, Kind, ServiceName};

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
        ["product-projections", ..] => Some(ServiceName::Product),
        [path, ..] => {
            Kind::ALL.iter().find(|kind| !kind.path().is_empty() && kind.path() == *path).map(|k| k.service())
        }
    }
}

/// The store of a path of segments behind the project key, and the segments of the path that it is the twin of;
/// `None` if it is no store's.
#[must_use]
pub fn in_store<'a>(segments: &'a [&'a str]) -> Option<(Key, &'a [&'a str])> {
    let ["in-store", store, behind @ ..] = segments else { return None };
    let store = store.strip_prefix("key=").and_then(Key::parse)?;
    has_twin(behind).then_some((store, behind))
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
            ("product-projections/1", Some(ServiceName::Product)),
            ("api-clients", Some(ServiceName::Account)),
            ("custom-objects/a/b", Some(ServiceName::Project)),
            ("me/nonsense", None),
            ("nonsense", None),
            ("in-store/key=berlin/carts", None),
        ] {
            let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
            assert_eq!(service_of(&segments), service, "{path}");
        }
    }

    #[test]
    fn paths_of_stores_are_twins_of_others() {
        let split = |path: &'static str| -> Vec<&str> { path.split('/').collect() };
        let path = split("in-store/key=berlin/carts/key=x");
        let (store, behind) = in_store(&path).expect("a path of a store");
        assert_eq!((store.as_str(), behind), ("berlin", ["carts", "key=x"].as_slice()));
        for none in
            ["carts/key=x", "in-store/berlin/carts", "in-store/key=b/carts", "in-store/key=berlin/zones"]
        {
            assert!(in_store(&split(none)).is_none(), "{none}");
        }
    }
}
