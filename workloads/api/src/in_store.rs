//! Paths of stores: `/{projectKey}/in-store/key={storeKey}/…` is the twin of `/{projectKey}/…` that shows and makes
//! only what belongs to the store.

/// Whether a path has a twin in stores (contract, Appendix A). `segments` are those behind the project key.
#[must_use]
pub fn has_twin(segments: &[&str]) -> bool {
    match segments {
        ["me", "carts", "replicate"] | ["orders", "import"] => false,
        ["me", "orders", one] => !one.contains('='),
        ["login" | "me"]
        | ["carts" | "customers" | "orders", ..]
        | ["me", "active-cart" | "carts" | "orders" | "signup" | "login" | "password" | "email", ..]
        | ["product-projections", _]
        | ["shipping-methods", "matching-cart"] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_have_the_documented_paths_only() {
        for (path, expected) in [
            ("carts", true),
            ("carts/customer-id={customerId}/merge", true),
            ("orders/order-number=1", true),
            ("orders/import", false),
            ("me/carts/{id}", true),
            ("product-projections/key=x", true),
            ("shipping-methods/matching-cart", true),
            ("product-projections", false),
            ("shipping-methods", false),
            ("me/carts/replicate", false),
            ("me/orders/order-number=1", false),
            ("products", false),
            ("", false),
        ] {
            let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
            assert_eq!(has_twin(&segments), expected, "{path}");
        }
    }
}
