//! What shoppers do, in the commercetools API: it goes to ours and to the mock alike.

use crate::http::{Answer, Connection, Versioned};
use crate::target::Target;
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// What clients know of the catalogue before they start.
pub(crate) struct Catalogue {
    items: Vec<Item>,
    shipping_method: String,
    products: usize,
}

/// A product, and the sku of its master variant.
#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) sku: String,
}

impl Catalogue {
    /// Reads the first page of products; `products` is how many there are.
    pub(crate) async fn read(target: &Target, products: usize) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Projection {
            id: String,
            master_variant: Variant,
        }
        #[derive(Deserialize)]
        struct Variant {
            sku: String,
        }
        #[derive(Deserialize)]
        struct Page {
            results: Vec<Projection>,
        }
        let mut connection = target.open().await?;
        let page: Page =
            connection.get(&target.path("/product-projections?limit=500")).await?.expect(200)?.json()?;
        let items: Vec<Item> =
            page.results.into_iter().map(|p| Item { id: p.id, sku: p.master_variant.sku }).collect();
        let items: Vec<Item> = items.into_iter().filter(|i| !i.sku.starts_with("bench-flash")).collect();
        anyhow::ensure!(!items.is_empty(), "there are no products: seed first");
        let method: Versioned =
            connection.get(&target.path("/shipping-methods/key=bench")).await?.expect(200)?.json()?;
        Ok(Self { items, shipping_method: method.id, products: products.max(1) })
    }

    /// The same catalogue, of which everybody wants one thing.
    pub(crate) fn only(self, item: Item) -> Self {
        Self { items: vec![item], ..self }
    }

    fn item(&self, at: usize) -> Result<&Item> {
        self.items.get(at % self.items.len()).context("no products")
    }
}

pub(crate) async fn projection_by_key(
    target: &Target,
    catalogue: &Catalogue,
    c: &mut Connection,
    at: usize,
) -> Result<()> {
    let n = at % catalogue.products;
    let path = target.path(&format!("/product-projections/key=bench-{n}?priceCurrency=EUR&priceCountry=DE"));
    c.get(&path).await?.expect(200)?;
    Ok(())
}

pub(crate) async fn projection_by_id(
    target: &Target,
    catalogue: &Catalogue,
    c: &mut Connection,
    at: usize,
) -> Result<()> {
    let path = target.path(&format!("/product-projections/{}", catalogue.item(at)?.id));
    c.get(&path).await?.expect(200)?;
    Ok(())
}

/// A page beyond the limit.
pub(crate) async fn refused(target: &Target, c: &mut Connection) -> Result<()> {
    c.get(&target.path("/products?limit=501")).await?.expect(400)?;
    Ok(())
}

pub(crate) async fn cart_and_line(
    target: &Target,
    catalogue: &Catalogue,
    c: &mut Connection,
    at: usize,
) -> Result<()> {
    let cart = create_cart(target, c).await?;
    add_line(target, c, &cart, &format!("bench-{}-1", at % catalogue.products)).await?;
    Ok(())
}

/// All six calls of a guest's checkout: product, cart, line, address, shipping method, order. Gives the answer
/// of the last, which may be a refusal.
pub(crate) async fn checkout(
    target: &Target,
    catalogue: &Catalogue,
    c: &mut Connection,
    at: usize,
) -> Result<Answer> {
    projection_by_id(target, catalogue, c, at).await?;
    let cart = create_cart(target, c).await?;
    let cart = add_line(target, c, &cart, &catalogue.item(at)?.sku).await?;
    let address = json!({"country": "DE", "firstName": "Ada", "lastName": "Load", "streetName": "Ring", "streetNumber": "1",
                         "postalCode": "10115", "city": "Berlin", "email": "ada@example.com"});
    let cart = update(target, c, &cart, &json!({"action": "setShippingAddress", "address": address})).await?;
    let method = json!({"typeId": "shipping-method", "id": catalogue.shipping_method});
    let cart =
        update(target, c, &cart, &json!({"action": "setShippingMethod", "shippingMethod": method})).await?;
    let order = json!({"cart": {"typeId": "cart", "id": cart.id}, "version": cart.version});
    c.post(&target.path("/orders"), order.to_string()).await
}

async fn create_cart(target: &Target, c: &mut Connection) -> Result<Versioned> {
    let draft = json!({"currency": "EUR", "country": "DE", "inventoryMode": "ReserveOnOrder"});
    c.create(&target.path("/carts"), &draft).await.context("create the cart")
}

async fn add_line(target: &Target, c: &mut Connection, cart: &Versioned, sku: &str) -> Result<Versioned> {
    update(target, c, cart, &json!({"action": "addLineItem", "sku": sku, "quantity": 1})).await
}

async fn update(target: &Target, c: &mut Connection, cart: &Versioned, action: &Value) -> Result<Versioned> {
    let body = json!({"version": cart.version, "actions": [action]}).to_string();
    let answer = c.post(&target.path(&format!("/carts/{}", cart.id)), body).await?;
    answer.expect(200).with_context(|| format!("{} on the cart", action["action"]))?.json()
}
