//! Imported orders on values: what is taken as it comes, what is worked out, what is refused.

use super::order;
use api::order::{Order, OrderImportDraft};
use api::{ApiError, Code, Id, Kind, Timestamp};
use kit::clock::SystemClock;
use kit::http::RequestInfo;
use kit::resource::{Context, Facts, Lookup, LookupBy, Stop};
use kit::store::Claim;
use serde_json::{Value, json};

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn eur(cents: i64) -> Value {
    json!({"currencyCode": "EUR", "centAmount": cents})
}

/// A draft of one line of two chairs, and more.
fn draft(more: &Value) -> Value {
    let mut draft = json!({"totalPrice": eur(4999), "lineItems": [line(&json!({}))]});
    draft.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    draft
}

fn line(more: &Value) -> Value {
    let mut line = json!({"name": {"en": "Old chair"}, "variant": {"sku": "chair"}, "quantity": 2, "price": {"value": eur(2500)}});
    line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    line
}

fn custom_line(more: &Value) -> Value {
    let mut line = json!({"name": {"en": "Fee"}, "slug": "fee", "quantity": 1, "money": eur(-100)});
    line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    line
}

fn vat() -> Value {
    json!({"name": "VAT", "amount": 0.19, "includedInPrice": true, "country": "DE"})
}

/// Chairs (published), stools (only prepared), two supply channels of which a store has one, a customer in a group.
fn facts() -> Facts {
    let mut facts = Facts::default();
    let mut learn = |kind: Kind, name: &str, claim: Option<(&'static str, &str)>, body: Value| {
        let at = "2024-01-01T00:00:00.000Z";
        let mut all = json!({"id": name, "version": 1, "createdAt": at, "lastModifiedAt": at});
        all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        facts.learn(Lookup::new(kind, LookupBy::Id(id(name))), vec![all.to_string()]);
        if let Some((field, value)) = claim {
            let by = LookupBy::Claim(Claim::new(field, value));
            facts.learn(Lookup::new(kind, by), vec![all.to_string()]);
        }
    };
    let state =
        |key: &str, of: &str| json!({"key": key, "type": of, "initial": key == "Initial", "builtIn": false});
    learn(Kind::State, "initial", Some(("key", "Initial")), state("Initial", "LineItemState"));
    learn(Kind::State, "sent", Some(("key", "sent")), state("sent", "LineItemState"));
    learn(Kind::State, "archived", Some(("key", "archived")), state("archived", "OrderState"));
    let price = json!({"id": "p", "value": {"type": "centPrecision", "currencyCode": "EUR", "centAmount": 3000, "fractionDigits": 2}});
    let data = |name: &str, skus: &[&str]| {
        let variant = |(at, sku): (usize, &&str)| json!({"id": at + 1, "sku": sku, "prices": [price], "attributes": [{"name": "wood", "value": "oak"}]});
        let mut variants: Vec<Value> = skus.iter().enumerate().map(variant).collect();
        let master = variants.remove(0);
        json!({"name": {"en": name}, "slug": {"en": name}, "masterVariant": master, "variants": variants})
    };
    let product = json!({"key": "seats", "productType": {"typeId": "product-type", "id": "pt"}, "masterData": {
        "published": true, "hasStagedChanges": true, "current": data("new", &["chair"]), "staged": data("next", &["chair", "stool"])}});
    learn(Kind::Product, "seats", Some(("sku", "chair")), product.clone());
    learn(Kind::Product, "seats", Some(("sku", "stool")), product);
    for (name, role) in
        [("north", "InventorySupply"), ("south", "InventorySupply"), ("web", "ProductDistribution")]
    {
        learn(Kind::Channel, name, None, json!({"key": name, "roles": [role]}));
    }
    let store = json!({"key": "berlin", "countries": [{"code": "DE"}], "supplyChannels": [{"typeId": "channel", "id": "north"}]});
    learn(Kind::Store, "berlin", Some(("key", "berlin")), store);
    let group = json!({"typeId": "customer-group", "id": "vip"});
    learn(Kind::Customer, "ada", None, json!({"customerGroup": group}));
    learn(Kind::CustomerGroup, "staff", None, json!({}));
    let missing = [
        (Kind::Product, LookupBy::Claim(Claim::new("sku", "ghost"))),
        (Kind::Customer, LookupBy::Id(id("nobody"))),
        (Kind::Store, LookupBy::Claim(Claim::new("key", "nowhere"))),
    ];
    for (kind, by) in missing {
        facts.learn(Lookup::new(kind, by), Vec::new());
    }
    facts
}

fn import(draft: &Value) -> Result<Order, ApiError> {
    let draft: OrderImportDraft = serde_json::from_value(draft.clone()).unwrap();
    let (facts, request) = (facts(), RequestInfo::system("demo", "test"));
    let now = Timestamp::from_millis(1_800_000_000_000);
    let cx = Context::new(now, id("order"), &request, &SystemClock, &facts);
    match order(&draft, &cx) {
        Ok(order) => Ok(order),
        Err(Stop::Refused(error)) => Err(error),
        Err(Stop::Missing) => panic!("a fact is missing in the table"),
    }
}

fn refusal(draft: &Value) -> Code {
    import(draft).expect_err(&draft.to_string()).code()
}

#[test]
fn totals_are_taken_as_they_come_and_lines_have_the_prices_of_the_draft() {
    let taxed = json!({"totalNet": eur(4200), "totalGross": eur(4999), "taxPortions": [{"rate": 0.19, "amount": eur(799)}]});
    let order =
        import(&draft(&json!({"taxedPrice": taxed, "completedAt": "2019-05-01T10:00:00.000Z"}))).unwrap();
    assert_eq!(order.total_price.cent_amount, 4999, "not the sum of the lines");
    let taxed = order.taxed_price.unwrap();
    assert_eq!((taxed.total_net.cent_amount, taxed.total_tax.cent_amount), (4200, 799));
    assert_eq!(order.completed_at, Timestamp::parse("2019-05-01T10:00:00.000Z"));
    let line = &order.line_items[0];
    assert_eq!((line.price.value.cent_amount, line.total_price.cent_amount), (2500, 5000));
    assert_eq!(
        (line.state.len(), line.state[0].quantity, line.state[0].state.id.as_str()),
        (1, 2, "initial")
    );
    assert_eq!((order.cart, order.order_number, line.taxed_price.clone()), (None, None, None));
}

#[test]
fn a_tax_rate_gives_its_line_and_shipping_a_taxed_price_and_the_order_none() {
    let mut given = draft(
        &json!({"lineItems": [line(&json!({"taxRate": vat()}))], "customLineItems": [custom_line(&json!({"taxRate": vat()}))]}),
    );
    given["shippingInfo"] = json!({"shippingMethodName": "Coach", "price": eur(595), "shippingRate": {"price": eur(595)}, "taxRate": vat()});
    let order = import(&given).unwrap();
    let gross_and_net = |taxed: Option<&api::cart::TaxedPrice>| {
        taxed.map(|taxed| (taxed.total_gross.cent_amount, taxed.total_net.cent_amount))
    };
    assert_eq!(gross_and_net(order.line_items[0].taxed_price.as_ref()), Some((5000, 4202)));
    assert_eq!(gross_and_net(order.custom_line_items[0].taxed_price.as_ref()), Some((-100, -84)));
    assert_eq!(gross_and_net(order.taxed_shipping_price.as_ref()), Some((595, 500)));
    assert_eq!(order.taxed_price, None);
}

#[test]
fn a_variant_keeps_what_the_draft_does_not_say_and_may_be_one_that_is_not_published() {
    let order = import(&draft(&json!({}))).unwrap();
    let held = &order.line_items[0];
    assert_eq!((held.product_id.as_str(), held.variant.id), ("seats", 1));
    assert_eq!((held.name.len(), held.product_slug.as_ref().unwrap()["en"].as_str()), (1, "new"));
    assert_eq!(held.variant.prices[0].value.cent_amount, 3000);
    let own = json!({"sku": "stool", "prices": [{"value": eur(1)}], "attributes": [], "images": []});
    let order = import(&draft(&json!({"lineItems": [line(&json!({"variant": own}))]}))).unwrap();
    let held = &order.line_items[0];
    assert_eq!((held.variant.id, held.product_slug.as_ref().unwrap()["en"].as_str()), (2, "next"));
    assert_eq!((held.variant.prices[0].value.cent_amount, held.variant.attributes.len()), (1, 0));
    let by_id = line(&json!({"productId": "seats", "variant": {"id": 2}}));
    let order = import(&draft(&json!({"lineItems": [by_id]}))).unwrap();
    assert_eq!(order.line_items[0].variant.sku.as_deref(), Some("stool"));
}

#[test]
fn states_addresses_details_and_deliveries_are_those_of_the_draft() {
    let states = json!([{"quantity": 2, "state": {"typeId": "state", "key": "sent"}}]);
    let details = json!({"targets": [{"addressKey": "home", "quantity": 2}]});
    let mut given =
        draft(&json!({"lineItems": [line(&json!({"state": states, "shippingDetails": details}))],
        "itemShippingAddresses": [{"key": "home", "country": "DE"}], "shippingAddress": {"country": "DE"},
        "state": {"typeId": "state", "id": "archived"}, "orderState": "Complete", "orderNumber": "old-7"}));
    let delivery = json!({"key": "first", "items": [], "parcels": [{"key": "box"}]});
    given["shippingInfo"] = json!({"shippingMethodName": "Coach", "price": eur(1), "shippingRate": {"price": eur(1)}, "deliveries": [delivery]});
    let order = import(&given).unwrap();
    let line = &order.line_items[0];
    assert_eq!(
        (line.state[0].state.id.as_str(), line.shipping_details.as_ref().unwrap().valid),
        ("sent", true)
    );
    assert_eq!(
        (order.state.unwrap().id.as_str(), order.order_number.as_deref()),
        ("archived", Some("old-7"))
    );
    let deliveries = &order.shipping_info.unwrap().deliveries;
    assert_eq!(deliveries[0].parcels[0].key.as_ref().unwrap().as_str(), "box");
}

#[test]
fn the_group_is_the_customers_unless_the_draft_names_one() {
    let group = |more: &Value| import(&draft(more)).unwrap().customer_group.unwrap().id.to_string();
    assert_eq!(group(&json!({"customerId": "ada"})), "vip");
    let staff = json!({"typeId": "customer-group", "id": "staff"});
    assert_eq!(group(&json!({"customerId": "ada", "customerGroup": staff})), "staff");
}

#[test]
fn what_the_order_names_must_exist_and_fit() {
    let lines = |more: &Value| draft(&json!({"lineItems": [line(more)]}));
    let supply = |channel: &str| json!({"supplyChannel": {"typeId": "channel", "id": channel}});
    let in_store = |channel: &str| {
        let mut draft = lines(&supply(channel));
        draft["store"] = json!({"typeId": "store", "key": "berlin"});
        draft
    };
    assert!(import(&in_store("north")).is_ok());
    for (draft, code) in [
        (lines(&json!({"variant": {"sku": "ghost"}})), Code::ReferencedResourceNotFound),
        (lines(&json!({"variant": {"id": 9}, "productId": "seats"})), Code::ReferencedResourceNotFound),
        (lines(&json!({"productId": "other"})), Code::ReferencedResourceNotFound),
        (lines(&json!({"variant": {"id": 1}})), Code::RequiredField),
        (lines(&json!({"variant": {}, "productId": "seats"})), Code::RequiredField),
        (lines(&supply("web")), Code::MissingRoleOnChannel),
        (in_store("south"), Code::InvalidOperation),
        (draft(&json!({"store": {"key": "berlin"}, "country": "FR"})), Code::CountryNotConfiguredInStore),
        (draft(&json!({"store": {"key": "nowhere"}})), Code::ReferencedResourceNotFound),
        (draft(&json!({"customerId": "nobody"})), Code::ReferencedResourceNotFound),
        (draft(&json!({"state": {"id": "sent"}})), Code::InvalidOperation),
    ] {
        assert_eq!(refusal(&draft), code, "{draft}");
    }
}

#[test]
fn an_order_has_a_line_one_currency_and_takes_no_units_from_carts() {
    let lines = |more: &Value| draft(&json!({"lineItems": [line(more)]}));
    let dollars = json!({"currencyCode": "USD", "centAmount": 1});
    let many: Vec<Value> = (0..501).map(|_| line(&json!({}))).collect();
    for (draft, code) in [
        (draft(&json!({"lineItems": []})), Code::RequiredField),
        (draft(&json!({"lineItems": many})), Code::InvalidOperation),
        (
            draft(&json!({"itemShippingAddresses": vec![json!({"key": "a", "country": "DE"}); 501]})),
            Code::InvalidOperation,
        ),
        (lines(&json!({"price": {"value": dollars}})), Code::InvalidField),
        (draft(&json!({"customLineItems": [custom_line(&json!({"money": dollars}))]})), Code::InvalidField),
        (draft(&json!({"customLineItems": [custom_line(&json!({"slug": "a b"}))]})), Code::InvalidField),
        (draft(&json!({"inventoryMode": "ReserveOnCart"})), Code::InvalidField),
        (lines(&json!({"inventoryMode": "ReserveOnCart"})), Code::InvalidField),
        (
            draft(&json!({"lineItems": [line(&json!({"key": "k1"})), line(&json!({"key": "k1"}))]})),
            Code::DuplicateField,
        ),
        (draft(&json!({"orderNumber": ""})), Code::InvalidField),
        (lines(&json!({"quantity": i64::MAX})), Code::MoneyOverflow),
        (lines(&json!({"state": [{"quantity": 1, "state": {"key": "sent"}}]})), Code::InvalidOperation),
        (
            lines(&json!({"shippingDetails": {"targets": [{"addressKey": "home", "quantity": 1}]}})),
            Code::InvalidOperation,
        ),
    ] {
        assert_eq!(refusal(&draft), code, "{draft}");
    }
    let alone =
        import(&json!({"totalPrice": eur(-100), "customLineItems": [custom_line(&json!({}))]})).unwrap();
    assert_eq!(alone.custom_line_items[0].total_price.cent_amount, -100);
}
