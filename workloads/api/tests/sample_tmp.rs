use commerce_api as api;
fn read<T: serde::de::DeserializeOwned>(name: &str) -> Vec<T> {
    let p = format!("{}/../commerce/sample/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(p).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"))
}
#[test]
fn all() {
    for t in read::<api::tax_category::TaxCategoryDraft>("tax-categories") {
        for r in t.rates {
            if !r.sub_rates.is_empty() {
                let s = r.sub_rates.iter().fold(api::Rate::ZERO, |s, p| s.plus(p.amount).unwrap());
                assert_eq!(Some(s), r.amount);
            }
        }
    }
    read::<api::zone::ZoneDraft>("zones");
    read::<api::shipping_method::ShippingMethodDraft>("shipping-methods");
    read::<api::category::CategoryDraft>("categories");
    read::<api::product_type::ProductTypeDraft>("product-types");
    for p in read::<api::product::ProductDraft>("products") {
        for v in p.variants.into_iter().chain(p.master_variant) {
            for d in v.prices {
                let id = api::Id::parse("x").unwrap();
                d.into_price(id, None, None, None).unwrap();
            }
        }
    }
}
