//! What may be done to a cart that is ordered, merged, locked or frozen.

use super::Held;
use api::ApiError;
use api::cart::{CartAction, CartState, FreezeStrategy};
use kit::resource::{Context, Decision};

/// The permission to lock and unlock carts.
pub(super) const LOCKING: &str = "manage_locked_carts";

/// Refuses an action that the cart's state does not allow.
pub(super) fn check(cart: &Held, action: &CartAction, cx: &Context<'_>) -> Decision<()> {
    match cart.cart_state {
        CartState::Active => {}
        CartState::Frozen => {
            let hard = cart.freeze_strategy == Some(FreezeStrategy::HardFreeze);
            if is_refused_while_frozen(action, hard) {
                return Err(
                    ApiError::invalid_operation("The cart is frozen, so this action is refused.").into()
                );
            }
        }
        state @ (CartState::Merged | CartState::Ordered) => {
            let message = format!("The cart is in the state '{state:?}' and cannot be changed any more.");
            return Err(ApiError::invalid_operation(message).into());
        }
    }
    match action {
        CartAction::LockCart {} | CartAction::UnlockCart {} => {
            Ok(cx.caller().require(&[LOCKING.to_owned()])?)
        }
        _ => check_lock(cart, cx),
    }
}

/// Refuses other clients than the one that locked the cart.
pub(super) fn check_lock(cart: &Held, cx: &Context<'_>) -> Decision<()> {
    match &cart.lock {
        Some(lock) if lock.client_id != cx.caller().client_id => {
            Err(ApiError::invalid_operation("The cart is locked by another API client.").into())
        }
        _ => Ok(()),
    }
}

fn is_refused_while_frozen(action: &CartAction, hard: bool) -> bool {
    use CartAction as A;
    match action {
        A::AddLineItem(_)
        | A::ChangeLineItemQuantity { .. }
        | A::RemoveLineItem { .. }
        | A::SetLineItemDistributionChannel { .. }
        | A::SetLineItemSupplyChannel { .. }
        | A::AddCustomLineItem(_)
        | A::ChangeCustomLineItemQuantity { .. }
        | A::ChangeCustomLineItemMoney { .. }
        | A::ChangeCustomLineItemPriceMode { .. }
        | A::RemoveCustomLineItem { .. }
        | A::ChangeTaxMode { .. }
        | A::SetLineItemPrice { .. }
        | A::SetLineItemTotalPrice { .. } => true,
        A::SetShippingMethod { .. }
        | A::SetCustomShippingMethod { .. }
        | A::AddShippingMethod(_)
        | A::AddCustomShippingMethod(_)
        | A::RemoveShippingMethod { .. } => hard,
        _ => false,
    }
}
