//! What shoppers do, in Vendure's shop API. A guest is a session: the token that answers the first request
//! without one.

use crate::http::{Answer, Connection};
use anyhow::{Context, Result};
use hyper::header::HeaderValue;
use serde_json::{Value, json};

const PRODUCT: &str = "query P($slug: String!) { product(slug: $slug) { id name slug description
  variants { id sku name price priceWithTax currencyCode stockLevel } } }";
const ADD: &str =
    "mutation A($id: ID!) { it: addItemToOrder(productVariantId: $id, quantity: 1) { __typename ...O
  ... on ErrorResult { message } } }";
const ADDRESS: &str = "mutation S($customer: CreateCustomerInput!, $address: CreateAddressInput!) {
  customer: setCustomerForOrder(input: $customer) { __typename ... on ErrorResult { message } }
  it: setOrderShippingAddress(input: $address) { __typename ...O ... on ErrorResult { message } } }";
const SHIPPING: &str =
    "mutation M($id: [ID!]!) { it: setOrderShippingMethod(shippingMethodId: $id) { __typename ...O
  ... on ErrorResult { message } } }";
const ARRANGE: &str = "mutation T { it: transitionOrderToState(state: \"ArrangingPayment\") { __typename ...O
  ... on ErrorResult { message } } }";
const PAY: &str = "mutation Y($input: PaymentInput!) { it: addPaymentToOrder(input: $input) { __typename ...O
  ... on ErrorResult { message } } }";
const ORDER: &str = " fragment O on Order { id code state active subTotalWithTax shippingWithTax totalWithTax
  lines { id quantity linePriceWithTax productVariant { id sku } } }";

/// A product by slug.
pub(crate) async fn product(c: &mut Connection, n: usize) -> Result<Value> {
    let answer = ask(c, PRODUCT, &json!({"slug": format!("bench-{n}")})).await?;
    let data = data(&answer)?;
    let product = data.get("product").filter(|p| p.is_object()).context("no such product")?;
    Ok(product.clone())
}

/// A guest's checkout in six requests: product, line, customer and address, shipping method, state, payment.
pub(crate) async fn checkout(c: &mut Connection, n: usize) -> Result<()> {
    c.authorize(None);
    let product = product(c, n).await?;
    let answer = ask_for_order(c, ADD, &json!({"id": product["variants"][0]["id"]}), "AddingItems").await?;
    let session = answer.session.context("no session")?;
    let bearer = [b"Bearer ".as_slice(), session.as_bytes()].concat();
    c.authorize(Some(HeaderValue::from_bytes(&bearer)?));
    let customer = json!({"firstName": "Ada", "lastName": "Load", "emailAddress": "ada@example.com"});
    let address = json!({"fullName": "Ada Load", "streetLine1": "Ring 1", "postalCode": "10115", "city": "Berlin", "countryCode": "DE"});
    ask_for_order(c, ADDRESS, &json!({"customer": customer, "address": address}), "AddingItems").await?;
    ask_for_order(c, SHIPPING, &json!({"id": ["1"]}), "AddingItems").await?;
    ask_for_order(c, ARRANGE, &json!({}), "ArrangingPayment").await?;
    ask_for_order(c, PAY, &json!({"input": {"method": "bench", "metadata": {}}}), "PaymentSettled").await?;
    Ok(())
}

async fn ask(c: &mut Connection, query: &str, variables: &Value) -> Result<Answer> {
    let fragment = if query.contains("...O") { ORDER } else { "" };
    let body = json!({"query": format!("{query}{fragment}"), "variables": variables});
    c.post("/shop-api", body.to_string()).await?.expect(200)
}

/// A mutation whose `it` must be an order in this state: GraphQL answers refusals with 200, too.
async fn ask_for_order(c: &mut Connection, query: &str, variables: &Value, state: &str) -> Result<Answer> {
    let answer = ask(c, query, variables).await?;
    let data = data(&answer)?;
    let as_wanted = data["it"]["__typename"] == "Order" && data["it"]["state"] == state;
    anyhow::ensure!(as_wanted, "expected an order in {state}: {}", answer.start());
    Ok(answer)
}

fn data(answer: &Answer) -> Result<Value> {
    let mut body: Value = answer.json()?;
    anyhow::ensure!(body.get("errors").is_none(), "refused: {}", answer.start());
    Ok(body["data"].take())
}
