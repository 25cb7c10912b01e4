//! Carts: lines with prices, taxes, shipping and totals, worked out to the cent after every change.

mod actions;
mod addresses;
mod create;
mod custom_lines;
mod details;
mod fields;
mod guard;
mod hidden;
pub(crate) mod holds;
mod known;
mod limits;
mod lines;
mod owner;
mod prices;
mod settle;
pub(crate) mod ship;
mod shippings;
mod taxable;
mod taxes;

pub(crate) mod adopt;
pub(crate) mod checkout;
pub(crate) mod prepare;
pub(crate) mod replicate;
pub(crate) mod retention;
pub(crate) mod routes;

#[cfg(test)]
mod tests;

use api::cart::{Cart, CartAction, CartDraft, MY_CART_ACTIONS, MyCartDraft, TaxMode};
use api::{ApiError, Key, Kind, ResourceIdentifier};
use hidden::CartHidden;
use kit::resource::{Context, Decision, Lookup, LookupBy, Mine, Owner, RouteSet, Rules, State};
use kit::store::Claim;
use serde_json::{Map, Value};

/// The rules of carts.
pub struct Carts;

/// A cart in the hands of its rules.
pub(crate) type Held = State<Carts>;

/// What the customer's active cart is, beside being theirs: the most recently modified of these.
pub(crate) const ACTIVE: &str = "cartState = \"Active\" and origin = \"Customer\"";

impl Rules for Carts {
    type Body = Cart;
    type Hidden = CartHidden;
    type Draft = CartDraft;
    type Action = CartAction;

    const KIND: Kind = Kind::Cart;
    const DATA_ERASURE: bool = true;
    const INDEXES: &'static [&'static str] = &["customerId", "anonymousId"];
    const LATEST: &'static [(&'static str, &'static str)] =
        &[("customer-id", "customerId = :value and cartState = \"Active\" and origin = \"Customer\"")];

    fn create(draft: &CartDraft, cx: &mut Context<'_>) -> Decision<(Cart, CartHidden)> {
        create::cart(draft, cx)
    }

    fn foresee(cart: &Held, actions: &[CartAction], cx: &Context<'_>) {
        let mut adds = false;
        for action in actions {
            match action {
                CartAction::AddLineItem(draft) => {
                    adds = true;
                    create::want_line(draft, cx);
                }
                CartAction::AddCustomLineItem(draft) => {
                    adds = true;
                    if let Some(category) = &draft.tax_category {
                        cx.want(Context::lookup_of(Kind::TaxCategory, category));
                    }
                }
                CartAction::ChangeLineItemQuantity { line_item_id, line_item_key, quantity: 1.., .. } => {
                    want_line(cart, line_item_id.as_ref(), line_item_key.as_ref(), cx);
                }
                CartAction::SetShippingMethod { shipping_method: Some(method), .. } => {
                    cx.want(Context::lookup_of(Kind::ShippingMethod, method));
                }
                CartAction::SetShippingAddress { address: Some(_) } if cart.tax_mode == TaxMode::Platform => {
                    for line in &cart.line_items {
                        cx.want(known::product_by_id(&line.product_id));
                    }
                }
                CartAction::AddShippingMethod(add) => {
                    cx.want(Context::lookup_of(Kind::ShippingMethod, &add.new.shipping_method));
                }
                CartAction::SetLocale { .. } | CartAction::SetShippingRateInput { .. } => cx.want_project(),
                CartAction::SetCustomerId { customer_id: Some(id) } => {
                    cx.want(Lookup::new(Kind::Customer, LookupBy::Id(id.clone())));
                }
                _ => {}
            }
        }
        if adds && cart.line_items.is_empty() && cart.custom_line_items.is_empty() {
            known::want_initial_state(cx);
        }
    }

    fn apply(cart: &mut Held, action: &CartAction, cx: &mut Context<'_>) -> Decision<()> {
        actions::apply(cart, action, cx)
    }

    fn settle(cart: &mut Held, cx: &mut Context<'_>) -> Decision<()> {
        settle::settle(cart, cx)
    }

    fn delete(cart: &Held, cx: &mut Context<'_>) -> Decision<()> {
        guard::check_lock(cart, cx)
    }

    fn claims(cart: &Cart) -> Vec<Claim> {
        cart.key.iter().map(|key| Claim::new("key", key.as_str())).collect()
    }

    fn user_identifiers(cart: &Cart) -> Map<String, Value> {
        cart.key.iter().map(|key| ("key".to_owned(), key.into())).collect()
    }

    fn belongs_to(cart: &Cart, owner: &Owner) -> bool {
        match owner {
            Owner::Customer(id) => cart.customer_id.as_ref() == Some(id),
            Owner::Anonymous(id) => cart.anonymous_id.as_ref() == Some(id),
        }
    }

    fn is_in_store(cart: &Cart, store: &Key) -> bool {
        cart.store.as_ref().is_some_and(|held| held.key == *store)
    }

    fn bind_to_store(draft: &mut CartDraft, store: &Key) {
        draft.store = Some(ResourceIdentifier::by_key(Kind::Store, store));
    }
}

fn want_line(cart: &Held, id: Option<&api::Id>, key: Option<&Key>, cx: &Context<'_>) {
    if let Ok(at) = cart.find_line(id, key) {
        cx.want(known::product_by_id(&cart.line_items[at].product_id));
        limits::want(&cart.line_items[at], cx);
    }
}

impl Mine for Carts {
    type MyDraft = MyCartDraft;
    const MY_SCOPE: &'static str = "manage_my_orders";
    const MY_ACTIONS: &'static [&'static str] = MY_CART_ACTIONS;
    const MY_ROUTES: RouteSet = RouteSet { by_key: false, ..RouteSet::ALL };

    fn my_draft(draft: MyCartDraft, owner: &Owner) -> CartDraft {
        let mut draft = CartDraft::from(draft);
        match owner {
            Owner::Customer(id) => draft.customer_id = Some(id.clone()),
            Owner::Anonymous(id) => draft.anonymous_id = Some(id.clone()),
        }
        draft
    }

    fn check_my_draft(draft: &MyCartDraft) -> api::Result<()> {
        refuse_disabled(draft.tax_mode)
    }

    fn my_action(action: CartAction) -> api::Result<CartAction> {
        if let CartAction::ChangeTaxMode { tax_mode } = &action {
            refuse_disabled(Some(*tax_mode))?;
        }
        let mut action = action.without_merchant_fields();
        // Nor may a guest bring a tax rate for shipping, or say when it arrives.
        if let CartAction::SetShippingMethod { external_tax_rate, estimated_delivery, .. } = &mut action {
            *external_tax_rate = None;
            *estimated_delivery = None;
        }
        Ok(action)
    }
}

/// Taxes are not switched off by those who would pay them.
fn refuse_disabled(mode: Option<TaxMode>) -> api::Result<()> {
    if mode == Some(TaxMode::Disabled) {
        return Err(ApiError::invalid_field("taxMode", "Disabled"));
    }
    Ok(())
}
