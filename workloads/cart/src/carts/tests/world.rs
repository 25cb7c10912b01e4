//! A small world to try rules in: what other services would answer.

#![allow(clippy::needless_pass_by_value, reason = "`json!` values are made for the call")]

use crate::carts::known::PUBLISHED;
use crate::carts::{Carts, Held, limits};
use api::cart::{CartAction, CartDraft};
use api::internal::inventory::EntryName;
use api::{ApiError, Caller, Id, Kind, Scopes, Timestamp};
use kit::clock::SystemClock;
use kit::http::RequestInfo;
use kit::resource::{Context, Decision, Facts, Lookup, LookupBy, Rules, State, Stop, project_lookup};
use kit::store::{Claim, Visibility};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) struct World {
    facts: Facts,
    pub(super) client: &'static str,
    pub(super) scopes: &'static str,
}

pub(super) fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn stored(id: &str, body: &Value) -> String {
    let mut all = json!({"id": id, "version": 1, "createdAt": "2026-01-01T00:00:00.000Z", "lastModifiedAt": "2026-01-01T00:00:00.000Z"});
    all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    all.to_string()
}

pub(super) fn eur(cents: i64) -> Value {
    json!({"type": "centPrecision", "currencyCode": "EUR", "centAmount": cents, "fractionDigits": 2})
}

pub(super) fn money(cents: i64) -> Value {
    json!({"currencyCode": "EUR", "centAmount": cents})
}

fn price(id: &str, cents: i64, rest: &Value) -> Value {
    let mut price = json!({"id": id, "value": eur(cents)});
    price.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    price
}

impl World {
    /// Nothing is known at all.
    pub(super) fn empty() -> Self {
        Self {
            facts: Facts::default(),
            client: "client",
            scopes: "manage_project:demo manage_locked_carts:demo",
        }
    }

    /// A project; chairs at 10.00 (from five on 8.99; 11.00 in France; 7.00 for the group `vip`), stones at
    /// 1.08; 19 % in Germany and 20 %, included, in Austria; shipping to Germany for 4.95, free from 100.00.
    pub(super) fn new() -> Self {
        let mut world = Self::empty();
        world.project(&json!({}));
        world.by_key(Kind::State, "Initial", "initial", &json!({"key": "Initial"}));
        world.product("chair", 1000);
        world.product("stone", 108);
        world.missing_product("ghost");
        world.taxes_in_germany(&json!(0.19));
        world.by_key(Kind::Zone, "zone", "zone", &json!({"name": "DE", "locations": [{"country": "DE"}]}));
        world.method(&json!({}));
        let vip = json!({"typeId": "customer-group", "id": "vip"});
        world.by_id(Kind::Customer, "anna", &json!({"email": "anna@example.org", "customerGroup": vip}));
        world.by_id(Kind::Customer, "bert", &json!({"email": "bert@example.org"}));
        world.facts.learn(Lookup::new(Kind::Customer, LookupBy::Id(id("nobody"))), Vec::new());
        world
    }

    /// The project, with more settings.
    pub(super) fn project(&mut self, rest: &Value) {
        let mut project = json!({"key": "demo", "name": "Demo", "countries": ["DE"], "currencies": ["EUR"], "languages": ["en"],
            "messages": {"enabled": false}, "carts": {"deleteDaysAfterLastModification": 90}});
        project.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        self.facts.learn(project_lookup("demo"), vec![stored("demo", &project)]);
    }

    pub(super) fn taxes_in_germany(&mut self, amount: &Value) {
        let rates = json!([{"id": "r-de", "name": "VAT", "amount": amount, "includedInPrice": false, "country": "DE"},
            {"id": "r-at", "name": "USt", "amount": 0.2, "includedInPrice": true, "country": "AT"}]);
        self.by_key(Kind::TaxCategory, "tc", "tc", &json!({"name": "all", "rates": rates}));
    }

    pub(super) fn method(&mut self, rest: &Value) {
        let rate = json!({"price": eur(495), "freeAbove": eur(10_000), "tiers": []});
        let mut method = json!({"name": "Parcel", "taxCategory": {"typeId": "tax-category", "id": "tc"}, "active": true,
            "isDefault": true, "zoneRates": [{"zone": {"typeId": "zone", "id": "zone"}, "shippingRates": [rate]}]});
        method.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        self.by_key(Kind::ShippingMethod, "parcel", "parcel", &method);
    }

    /// The shipping method was deleted.
    pub(super) fn no_method(&mut self) {
        self.facts.learn(Lookup::new(Kind::ShippingMethod, LookupBy::Id(id("parcel"))), Vec::new());
    }

    pub(super) fn by_id(&mut self, kind: Kind, name: &str, body: &Value) {
        self.facts.learn(Lookup::new(kind, LookupBy::Id(id(name))), vec![stored(name, body)]);
    }

    fn by_key(&mut self, kind: Kind, key: &str, name: &str, body: &Value) {
        self.by_id(kind, name, body);
        self.facts
            .learn(Lookup::new(kind, LookupBy::Claim(Claim::new("key", key))), vec![stored(name, body)]);
    }

    /// A published product of that SKU and id, in the category `furniture`.
    pub(super) fn product(&mut self, name: &str, cents: i64) {
        self.product_with(name, cents, &json!({}));
    }

    /// The same with other properties.
    pub(super) fn product_with(&mut self, name: &str, cents: i64, rest: &Value) {
        let group = json!({"typeId": "customer-group", "id": "vip"});
        let prices = json!([
            price(
                "p",
                cents,
                &json!({"tiers": [{"minimumQuantity": 5, "value": eur(cents - cents / 10 - 1)}]})
            ),
            price("p-fr", cents + 100, &json!({"country": "FR"})),
            price("p-vip", cents - 30, &json!({"customerGroup": group})),
        ]);
        let variant =
            json!({"id": 1, "sku": name, "prices": prices, "attributes": [], "images": [], "assets": []});
        let mut product = json!({"productType": {"typeId": "product-type", "id": "pt"}, "name": {"en": name}, "slug": {"en": name},
            "published": true, "hasStagedChanges": false, "taxCategory": {"typeId": "tax-category", "id": "tc"},
            "categories": [{"typeId": "category", "id": "furniture"}], "masterVariant": variant, "variants": []});
        product.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        self.current(name, &[stored(name, &product)]);
    }

    pub(super) fn missing_product(&mut self, name: &str) {
        self.current(name, &[]);
        self.facts.learn(Lookup::new(Kind::Product, LookupBy::Id(id(name))), Vec::new());
    }

    /// Products that only their full view shows: they are not published.
    pub(super) fn unpublish(&mut self, name: &str) {
        self.current(name, &[]);
        let data = json!({"masterVariant": {"id": 1}, "variants": []});
        let product =
            json!({"taxCategory": {"typeId": "tax-category", "id": "tc"}, "masterData": {"current": data}});
        self.by_id(Kind::Product, name, &product);
    }

    fn current(&mut self, name: &str, texts: &[String]) {
        for by in [LookupBy::Id(id(name)), LookupBy::Claim(Claim::new("sku", name))] {
            self.facts.learn(Lookup::new(Kind::Product, by).of_view(PUBLISHED), texts.to_vec());
        }
        self.stock(name, None, &json!(null));
    }

    /// The inventory entry of a SKU and supply channel; `null` for none.
    pub(super) fn stock(&mut self, sku: &str, channel: Option<&str>, entry: &Value) {
        let entry = (!entry.is_null()).then(|| stored("entry", entry));
        let name = EntryName { sku: sku.to_owned(), supply_channel: channel.map(id) };
        self.facts.learn(limits::lookup(&name), entry.into_iter().collect());
    }

    /// Runs a rule; what it misses must be in the table.
    pub(super) fn with<T>(&self, rule: impl FnOnce(&mut Context<'_>) -> Decision<T>) -> Result<T, ApiError> {
        let mut caller = Caller::system("demo");
        (caller.client_id, caller.scopes) = (self.client.to_owned(), Scopes::of_project(self.scopes, "demo"));
        let request = RequestInfo { caller: Arc::new(caller), correlation_id: "test".into() };
        let now = Timestamp::from_millis(1_800_000_000_000);
        let mut cx = Context::new(now, id("cart"), &request, &SystemClock, &self.facts);
        match rule(&mut cx) {
            Ok(value) => Ok(value),
            Err(Stop::Refused(error)) => Err(error),
            Err(Stop::Missing) => panic!("a fact is missing in the table"),
        }
    }

    pub(super) fn create(&self, draft: Value) -> Result<Held, ApiError> {
        self.create_of(&serde_json::from_value(draft).unwrap())
    }

    /// Without the lines that cannot be had, as a cart is replicated.
    pub(super) fn replicate(&self, draft: Value) -> Result<Held, ApiError> {
        let draft: CartDraft = serde_json::from_value(draft).unwrap();
        self.create_of(&CartDraft { leave_out_invalid: true, ..draft })
    }

    fn create_of(&self, draft: &CartDraft) -> Result<Held, ApiError> {
        self.with(|cx| {
            let (body, hidden) = Carts::create(draft, cx)?;
            let meta = cx.meta_of_new();
            let mut cart = State::<Carts> { body, hidden, visibility: Visibility::Live, due_at: None, meta };
            Carts::settle(&mut cart, cx)?;
            Ok(cart)
        })
    }

    /// A cart in EUR for Germany with these lines.
    pub(super) fn cart(&self, lines: Value) -> Held {
        self.create(json!({"currency": "EUR", "country": "DE", "lineItems": lines})).unwrap()
    }

    pub(super) fn update(&self, cart: &Held, actions: Value) -> Result<Held, ApiError> {
        let actions: Vec<CartAction> = serde_json::from_value(actions).unwrap();
        self.with(|cx| {
            let mut cart = cart.clone();
            Carts::foresee(&cart, &actions, cx);
            for action in &actions {
                Carts::apply(&mut cart, action, cx)?;
            }
            Carts::settle(&mut cart, cx)?;
            Ok(cart)
        })
    }
}

/// Net, gross and tax.
pub(super) fn sums(cart: &Held) -> (i64, i64, i64) {
    let taxed = cart.taxed_price.as_ref().unwrap();
    (taxed.total_net.cent_amount, taxed.total_gross.cent_amount, taxed.total_tax.cent_amount)
}
