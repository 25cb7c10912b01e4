//! A guest becomes a customer: the orders that were made as the guest become the customer's (contract §8).
//! May be repeated; an order that has a customer already is left alone.

use crate::decisions::Plan;
use crate::orders::{Orders, carry_out};
use api::internal::order::AdoptOrders;
use api::order::Order;
use api::{Result, Stored};
use kit::http::RequestInfo;
use kit::peers::internal;
use kit::resource::{Access, Collection, Context, Decision, Edit, ListRequest, State, equals};
use kit::store::Selector;

/// Orders of one page; a session that made more is taken page by page.
const PAGE: u32 = 100;
/// Pages of one call. A session has a handful of orders; the bound keeps a call from running for ever.
const MAX_PAGES: usize = 50;

/// Gives all orders of the anonymous session to the customer.
pub(crate) async fn adopt(
    orders: &Collection<Orders>,
    request: &RequestInfo,
    by: &AdoptOrders,
) -> Result<()> {
    let edit = Edit { expected_version: None, access: Access::PROJECT, visible: true };
    for _ in 0..MAX_PAGES {
        let filters = vec![equals("anonymousId = :value", &by.anonymous_id)?];
        let list = ListRequest { filters, sort: Vec::new(), limit: PAGE, offset: 0, count_to: None };
        let page = orders.page(request, list, &Access::PROJECT).await?.results;
        for text in &page {
            let order: Stored<Order> = Stored::from_json(text).map_err(|e| internal(&e))?;
            let selector = Selector::Id(order.meta.id);
            orders.edit(request, &selector, &edit, |state, cx| assign(state, by, cx)).await?;
        }
        // An order leaves the filter when it is adopted, so the next page is again the first.
        if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            break;
        }
    }
    Ok(())
}

fn assign(state: &mut State<Orders>, by: &AdoptOrders, cx: &mut Context<'_>) -> Decision<()> {
    if state.anonymous_id.as_ref() != Some(&by.anonymous_id) || state.customer_id.is_some() {
        return Ok(());
    }
    let plan = Plan::assigned(&state.body, Some(&by.customer_id), by.customer_group.clone());
    carry_out(state, plan, cx)
}
