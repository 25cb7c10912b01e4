//! Rules that depend on resources of other services, which here are a table of facts.

use super::*;
use api::{Id, Timestamp};
use kit::clock::SystemClock;
use kit::http::RequestInfo;
use kit::resource::{Facts, Lookup, LookupBy, Stop};
use kit::store::Visibility;
use serde_json::json;

const META: &str =
    r#""version":1,"createdAt":"2024-01-01T00:00:00.000Z","lastModifiedAt":"2024-01-01T00:00:00.000Z""#;

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

/// Knows resources by their id and by a key that is `key-` and the id.
fn facts() -> Facts {
    let mut facts = Facts::default();
    let state = |name: &str, rest: &str| {
        format!(r#"{{"id":"{name}",{META},"key":"key-{name}","roles":[],"builtIn":false,{rest}}}"#)
    };
    let field = r#"{"name":"note","label":{},"required":false,"type":{"name":"String"}}"#;
    for (kind, name, text) in [
        (
            Kind::ProductType,
            "pt",
            format!(r#"{{"id":"pt",{META},"name":"t","description":"","attributes":[]}}"#),
        ),
        (Kind::CustomerGroup, "vip", format!(r#"{{"id":"vip",{META},"name":"vip"}}"#)),
        (Kind::Channel, "shop", format!(r#"{{"id":"shop",{META}}}"#)),
        (
            Kind::Type,
            "ct",
            format!(
                r#"{{"id":"ct",{META},"key":"key-ct","name":{{}},"resourceTypeIds":["product-price"],"fieldDefinitions":[{field}]}}"#
            ),
        ),
        (
            Kind::State,
            "first",
            state(
                "first",
                r#""type":"ProductState","initial":true,"transitions":[{"typeId":"state","id":"second"}]"#,
            ),
        ),
        (Kind::State, "second", state("second", r#""type":"ProductState","initial":false,"transitions":[]"#)),
        (Kind::State, "order", state("order", r#""type":"OrderState","initial":true"#)),
    ] {
        facts.learn(Lookup::new(kind, LookupBy::Id(id(name))), vec![text.clone()]);
        facts.learn(Lookup::new(kind, LookupBy::Claim(Claim::new("key", format!("key-{name}")))), vec![text]);
    }
    facts.learn(Lookup::new(Kind::Channel, LookupBy::Id(id("gone"))), Vec::new());
    facts
}

fn with_context<T>(run: impl FnOnce(&mut Context<'_>) -> Decision<T>) -> api::Result<T> {
    let (facts, request) = (facts(), RequestInfo::system("demo", "test"));
    let mut cx = Context::new(Timestamp::from_millis(0), id("p"), &request, &SystemClock, &facts);
    run(&mut cx).map_err(|stop| match stop {
        Stop::Refused(error) => error,
        Stop::Missing => panic!("the table of facts lacks what the rule asks for"),
    })
}

fn product(prices: &Value) -> api::Result<State<Products>> {
    let draft = json!({
        "productType": {"id": "pt"}, "name": {}, "slug": {"en": "p1"}, "masterVariant": {"prices": prices},
    });
    let draft: ProductDraft = serde_json::from_value(draft).unwrap();
    with_context(|cx| {
        let (body, hidden) = Products::create(&draft, cx)?;
        let mut state =
            State { body, hidden, visibility: Visibility::Live, due_at: None, meta: views::meta_of_new(cx) };
        Products::settle(&mut state, cx)?;
        Ok(state)
    })
}

fn apply(state: &mut State<Products>, action: Value) -> api::Result<()> {
    let action: ProductAction = serde_json::from_value(action).unwrap();
    with_context(|cx| Products::apply(state, &action, cx))
}

fn euros(rest: Value) -> Value {
    let mut price = json!({"value": {"currencyCode": "EUR", "centAmount": 1}});
    if let (Value::Object(price), Value::Object(rest)) = (&mut price, rest) {
        price.extend(rest);
    }
    price
}

#[test]
fn prices_name_their_group_and_channel_by_id_or_key_and_keep_references() {
    let scoped =
        euros(json!({"customerGroup": {"key": "key-vip"}, "channel": {"typeId": "channel", "id": "shop"}}));
    let state = product(&json!([scoped])).unwrap();
    let price = &state.master_data.current.master_variant.prices[0];
    assert_eq!(price.customer_group.as_ref().unwrap().id, id("vip"));
    assert_eq!(price.channel.as_ref().unwrap().id, id("shop"));
    let error = product(&json!([euros(json!({"channel": {"id": "gone"}}))])).err().unwrap();
    assert_eq!(error.code(), api::Code::ReferencedResourceNotFound);
}

#[test]
fn custom_fields_of_prices_are_set_and_removed() {
    let custom = json!({"type": {"key": "key-ct"}, "fields": {"note": "a"}});
    let mut state = product(&json!([euros(json!({"custom": custom}))])).unwrap();
    let price = state.master_data.staged.master_variant.prices[0].id.clone();
    let set = |value: &str| json!({"action": "setProductPriceCustomField", "priceId": price, "name": "note", "value": value, "staged": false});
    apply(&mut state, set("b")).unwrap();
    for data in [&state.master_data.staged, &state.master_data.current] {
        assert_eq!(data.master_variant.prices[0].custom.as_ref().unwrap().fields["note"], "b");
    }
    apply(&mut state, json!({"action": "setProductPriceCustomType", "priceId": price})).unwrap();
    assert!(state.master_data.staged.master_variant.prices[0].custom.is_none());
    assert!(state.master_data.current.master_variant.prices[0].custom.is_some());
    assert!(apply(&mut state, set("c")).is_err(), "the staged price has no custom type any more");
}

#[test]
fn states_follow_their_transitions_unless_forced() {
    let mut state = product(&json!([])).unwrap();
    let to = |name: &str| json!({"action": "transitionState", "state": {"id": name}});
    let forced = |name: &str| json!({"action": "transitionState", "state": {"id": name}, "force": true});
    let code = |result: api::Result<()>| result.err().map(|error| error.code());
    assert_eq!(
        code(apply(&mut state, to("second"))),
        Some(api::Code::InvalidOperation),
        "not an initial state"
    );
    assert_eq!(
        code(apply(&mut state, forced("order"))),
        Some(api::Code::InvalidOperation),
        "not for products"
    );
    apply(&mut state, to("first")).unwrap();
    apply(&mut state, to("second")).unwrap();
    assert_eq!(code(apply(&mut state, to("first"))), Some(api::Code::InvalidOperation), "no such transition");
    apply(&mut state, forced("first")).unwrap();
    assert_eq!(state.body.state.as_ref().unwrap().id, id("first"));
    apply(&mut state, json!({"action": "transitionState"})).unwrap();
    assert_eq!(state.body.state, None);
}

#[test]
fn all_actions_of_the_api_are_read() {
    for action in [
        json!({"action": "setSKU", "variantId": 1}),
        json!({"action": "addVariant"}),
        json!({"action": "addPrice", "sku": "x", "price": euros(json!({}))}),
        json!({"action": "setAssetCustomType", "variantId": 1, "assetKey": "key", "type": {"key": "ct"}, "fields": {"a": 1}}),
        json!({"action": "setAssetCustomField", "variantId": 1, "assetId": "id", "name": "a", "value": 1}),
        json!({"action": "publish", "scope": null}),
        json!({"action": "setProductVariantKey", "variantId": 1, "sku": null, "key": null}),
    ] {
        serde_json::from_value::<ProductAction>(action.clone())
            .unwrap_or_else(|error| panic!("{action}: {error}"));
    }
    for bad in
        [json!({"action": "addPrice", "variantId": 1}), json!({"action": "setSku"}), json!({"action": "fly"})]
    {
        assert!(serde_json::from_value::<ProductAction>(bad).is_err());
    }
}
