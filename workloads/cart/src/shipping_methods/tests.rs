use super::*;
use api::ApiError;
use kit::clock::SystemClock;
use kit::http::RequestInfo;
use kit::resource::{Facts, Lookup, LookupBy, Stop};
use kit::store::Visibility;
use serde_json::{Value, json};

/// A tax category `tc` and zones `north` and `south`; `nowhere` is none.
fn with<T>(rule: impl FnOnce(&mut Context<'_>) -> Decision<T>) -> Result<T, ApiError> {
    let mut facts = Facts::default();
    for (kind, name) in [(Kind::TaxCategory, "tc"), (Kind::Zone, "north"), (Kind::Zone, "south")] {
        let meta = json!({"id": name, "version": 1, "createdAt": "2026-01-01T00:00:00.000Z", "lastModifiedAt": "2026-01-01T00:00:00.000Z"});
        let id = api::Id::parse(name).unwrap();
        facts.learn(Lookup::new(kind, LookupBy::Id(id)), vec![meta.to_string()]);
    }
    facts.learn(Lookup::new(Kind::Zone, LookupBy::Id(api::Id::parse("nowhere").unwrap())), Vec::new());
    let request = RequestInfo::system("demo", "test");
    let now = api::Timestamp::from_millis(0);
    let mut cx = Context::new(now, api::Id::parse("m").unwrap(), &request, &SystemClock, &facts);
    match rule(&mut cx) {
        Ok(value) => Ok(value),
        Err(Stop::Refused(error)) => Err(error),
        Err(Stop::Missing) => panic!("a fact is missing in the table"),
    }
}

fn rate(cents: i64, currency: &str) -> Value {
    json!({"price": {"currencyCode": currency, "centAmount": cents}})
}

fn draft(zone_rates: &Value, predicate: &Value) -> ShippingMethodDraft {
    serde_json::from_value(
        json!({"name": "Parcel", "isDefault": false, "taxCategory": {"id": "tc"}, "zoneRates": zone_rates,
        "predicate": predicate}),
    )
    .unwrap()
}

fn create(zone_rates: &Value, predicate: &Value) -> Result<ShippingMethod, ApiError> {
    with(|cx| Ok(ShippingMethods::create(&draft(zone_rates, predicate), cx)?.0))
}

#[test]
fn a_method_has_one_rate_per_zone_and_currency() {
    let zone = |zone: &str, rates: &[Value]| json!({"zone": {"id": zone}, "shippingRates": rates});
    let good = create(
        &json!([zone("north", &[rate(1, "EUR"), rate(2, "USD")]), zone("south", &[rate(3, "EUR")])]),
        &Value::Null,
    );
    let good = good.unwrap();
    assert!(good.active);
    assert_eq!(good.zone_rates.iter().map(|zone| zone.shipping_rates.len()).collect::<Vec<_>>(), [2, 1]);
    for (rates, code) in [
        (json!([zone("north", &[rate(1, "EUR"), rate(2, "EUR")])]), api::Code::DuplicateField),
        (json!([zone("north", &[]), zone("north", &[])]), api::Code::DuplicateField),
        (json!([zone("north", &[rate(-1, "EUR")])]), api::Code::InvalidField),
        (json!([zone("nowhere", &[])]), api::Code::ReferencedResourceNotFound),
    ] {
        assert_eq!(create(&rates, &Value::Null).unwrap_err().code(), code, "{rates}");
    }
}

#[test]
fn a_zone_comes_with_its_rates() {
    let read = |rates: Value| {
        let zone = json!({"zone": {"id": "north"}, "shippingRates": rates});
        serde_json::from_value::<api::shipping_method::ZoneRateDraft>(zone)
    };
    assert!(read(json!([])).is_ok());
    assert!(read(Value::Null).is_err());
    let without =
        serde_json::from_value::<api::shipping_method::ZoneRateDraft>(json!({"zone": {"id": "north"}}));
    assert!(without.is_err());
}

#[test]
fn a_predicate_must_be_one() {
    let refused = |text: &str| create(&json!([]), &json!(text)).unwrap_err();
    let unreadable = refused("country = ");
    assert_eq!(unreadable.code(), api::Code::SyntaxError);
    assert_eq!(unreadable.message(), "Syntax error while parsing predicate.");
    for text in ["colour = \"red\"", "count(1 = 1) = 1", "country = 5", "totalPrice > 5"] {
        assert_eq!(refused(text).code(), api::Code::SemanticError, "{text}");
    }
    let kept = create(&json!([]), &json!("country  =  \"DE\"")).unwrap().predicate;
    assert_eq!(kept.as_deref(), Some("country  =  \"DE\""));
}

#[test]
fn rates_are_added_and_removed_by_what_they_are() {
    let method = create(&json!([{"zone": {"id": "north"}, "shippingRates": []}]), &Value::Null).unwrap();
    let apply = |body: &ShippingMethod, action: Value| {
        let action: ShippingMethodAction = serde_json::from_value(action).unwrap();
        with(|cx| {
            let meta = cx.meta_of_new();
            let mut state = State::<ShippingMethods> {
                body: body.clone(),
                hidden: (),
                visibility: Visibility::Live,
                due_at: None,
                meta,
            };
            ShippingMethods::apply(&mut state, &action, cx)?;
            Ok(state.body)
        })
    };
    let add = |zone: &str| json!({"action": "addShippingRate", "zone": {"id": zone}, "shippingRate": rate(495, "EUR")});
    let remove = |cents: i64| json!({"action": "removeShippingRate", "zone": {"id": "north"}, "shippingRate": rate(cents, "EUR")});
    let with_rate = apply(&method, add("north")).unwrap();
    assert_eq!(apply(&method, add("south")).unwrap_err().code(), api::Code::InvalidOperation);
    assert_eq!(apply(&with_rate, remove(494)).unwrap_err().code(), api::Code::InvalidOperation);
    assert_eq!(apply(&with_rate, remove(495)).unwrap(), method);
}
