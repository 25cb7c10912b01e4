//! Limits of quantities, which inventory keeps and carts hold to.

use crate::shop::Shop;
use api::ServiceName;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn limits_count_while_inventory_answers_and_carts_go_on_without_it() {
    let shop = Shop::open().await;
    let limits = json!({"version": 1, "actions": [{"action": "setInventoryLimits", "maxCartQuantity": 1}]});
    assert_eq!(shop.send("POST", "/inventory/key=stock-a", Some(limits)).await.0, 200);
    let draft = json!({"currency": "EUR", "lineItems": [{"sku": "a", "quantity": 2}]});
    let (status, body) = shop.send("POST", "/carts", Some(draft.clone())).await;
    assert_eq!((status, &body["errors"][0]["code"]), (400, &json!("LineItemQuantityAboveLimit")));
    shop.take_away(ServiceName::Inventory);
    assert_eq!(shop.create("/carts", draft).await["lineItems"][0]["quantity"], 2);
}
