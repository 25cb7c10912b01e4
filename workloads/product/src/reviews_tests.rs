//! Rules that depend on resources of other services, which here are a table of facts.

use super::*;
use api::{Code, Id, Timestamp};
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
        format!(r#"{{"id":"{name}",{META},"key":"key-{name}","builtIn":false,{rest}}}"#)
    };
    let shown =
        r#""type":"ReviewState","initial":false,"roles":["ReviewIncludedInStatistics"],"transitions":[]"#;
    let fresh =
        r#""type":"ReviewState","initial":true,"roles":[],"transitions":[{"typeId":"state","id":"shown"}]"#;
    let field = r#"{"name":"note","label":{},"required":false,"type":{"name":"String"}}"#;
    for (kind, name, text) in [
        (Kind::Product, "shoe", format!(r#"{{"id":"shoe",{META}}}"#)),
        (Kind::Channel, "shop", format!(r#"{{"id":"shop",{META}}}"#)),
        (Kind::Customer, "ida", format!(r#"{{"id":"ida",{META}}}"#)),
        (
            Kind::Type,
            "ct",
            format!(
                r#"{{"id":"ct",{META},"key":"key-ct","name":{{}},"resourceTypeIds":["review"],"fieldDefinitions":[{field}]}}"#
            ),
        ),
        (Kind::State, "fresh", state("fresh", fresh)),
        (Kind::State, "shown", state("shown", shown)),
        (Kind::State, "order", state("order", r#""type":"OrderState","initial":true,"roles":[]"#)),
    ] {
        facts.learn(Lookup::new(kind, LookupBy::Id(id(name))), vec![text.clone()]);
        facts.learn(Lookup::new(kind, LookupBy::Claim(Claim::new("key", format!("key-{name}")))), vec![text]);
    }
    facts.learn(Lookup::new(Kind::Product, LookupBy::Id(id("gone"))), Vec::new());
    facts
}

fn with_context<T>(run: impl FnOnce(&mut Context<'_>) -> Decision<T>) -> api::Result<T> {
    let (facts, request) = (facts(), RequestInfo::system("demo", "test"));
    let mut cx = Context::new(Timestamp::from_millis(0), id("r"), &request, &SystemClock, &facts);
    run(&mut cx).map_err(|stop| match stop {
        Stop::Refused(error) => error,
        Stop::Missing => panic!("the table of facts lacks what the rule asks for"),
    })
}

fn made(draft: Value) -> api::Result<State<Reviews>> {
    let draft: ReviewDraft = serde_json::from_value(draft).unwrap();
    with_context(|cx| {
        let (body, hidden) = Reviews::create(&draft, cx)?;
        Ok(State { body, hidden, visibility: Visibility::Live, due_at: None, meta: cx.meta_of_new() })
    })
}

fn refused(draft: Value) -> Code {
    made(draft).err().unwrap().code()
}

fn apply(review: &mut State<Reviews>, action: Value) -> Result<(), Code> {
    let action: ReviewAction = serde_json::from_value(action).unwrap();
    with_context(|cx| Reviews::apply(review, &action, cx)).map_err(|error| error.code())
}

#[test]
fn a_review_is_of_a_product_or_a_channel_and_the_type_must_be_said() {
    for (target, id_of, kind) in [
        (json!({"typeId": "product", "key": "key-shoe"}), "shoe", Kind::Product),
        (json!({"typeId": "channel", "id": "shop"}), "shop", Kind::Channel),
    ] {
        let review = made(json!({"title": "Good", "target": target})).unwrap();
        assert_eq!(review.target, Some(Reference::new(kind, id(id_of))));
    }
    for (target, code) in [
        (json!({"typeId": "product", "id": "gone"}), Code::ReferencedResourceNotFound),
        (json!({"typeId": "category", "id": "shoe"}), Code::InvalidJsonInput),
        (json!({"id": "shoe"}), Code::InvalidJsonInput),
    ] {
        assert_eq!(refused(json!({"title": "Good", "target": target})), code, "{target}");
    }
}

#[test]
fn a_review_counts_in_statistics_unless_its_state_lacks_the_role() {
    let counts = |state: Value| made(json!({"rating": 1, "state": state})).unwrap().included_in_statistics;
    assert!(made(json!({"rating": 1})).unwrap().included_in_statistics);
    assert!(counts(json!({"id": "shown"})));
    assert!(!counts(json!({"typeId": "state", "key": "key-fresh"})));
    assert_eq!(refused(json!({"rating": 1, "state": {"id": "order"}})), Code::InvalidOperation);
}

#[test]
fn states_follow_their_transitions_unless_forced() {
    let mut review = made(json!({"rating": 1})).unwrap();
    let to = |name: &str| json!({"action": "transitionState", "state": {"id": name}});
    let forced = |name: &str| json!({"action": "transitionState", "state": {"id": name}, "force": true});
    assert_eq!(apply(&mut review, to("shown")), Err(Code::InvalidOperation), "not an initial state");
    assert_eq!(apply(&mut review, forced("order")), Err(Code::InvalidOperation), "not for reviews");
    apply(&mut review, to("fresh")).unwrap();
    assert!(!review.included_in_statistics);
    apply(&mut review, to("shown")).unwrap();
    assert!(review.included_in_statistics);
    apply(&mut review, to("shown")).unwrap();
    assert_eq!(apply(&mut review, to("fresh")), Err(Code::InvalidOperation), "no such transition");
    apply(&mut review, forced("fresh")).unwrap();
    assert_eq!(review.body.state, Some(Reference::new(Kind::State, id("fresh"))));
}

#[test]
fn custom_fields_and_the_customer_are_set_and_removed() {
    let custom = json!({"type": {"key": "key-ct"}, "fields": {"note": "a"}});
    let mut review = made(json!({"text": "", "customer": {"id": "ida"}, "custom": custom})).unwrap();
    assert_eq!(review.customer, Some(Reference::new(Kind::Customer, id("ida"))));
    apply(&mut review, json!({"action": "setCustomField", "name": "note", "value": "b"})).unwrap();
    assert_eq!(review.custom.as_ref().unwrap().fields["note"], "b");
    apply(&mut review, json!({"action": "setCustomType"})).unwrap();
    apply(&mut review, json!({"action": "setCustomer"})).unwrap();
    assert_eq!((&review.custom, &review.customer), (&None, &None));
}

#[test]
fn a_review_notes_whose_statistics_it_changes() {
    let stale = |review: &State<Reviews>| -> Vec<String> {
        review.hidden.stale.iter().map(|target| target.id.to_string()).collect()
    };
    let mut review = made(json!({"rating": 5, "target": {"typeId": "product", "id": "shoe"}})).unwrap();
    assert_eq!(stale(&review), ["shoe"]);
    review.hidden.stale.clear();
    apply(&mut review, json!({"action": "setText", "text": "Good."})).unwrap();
    assert!(stale(&review).is_empty());
    apply(&mut review, json!({"action": "setTarget", "target": {"typeId": "channel", "id": "shop"}}))
        .unwrap();
    assert_eq!(stale(&review), ["shoe", "shop"]);
    review.hidden.stale.clear();
    apply(&mut review, json!({"action": "setRating"})).unwrap();
    assert_eq!(stale(&review), ["shop"]);
    review.hidden.stale.clear();
    apply(&mut review, json!({"action": "setTarget"})).unwrap();
    assert!(stale(&review).is_empty(), "without a rating it is part of none");
}
