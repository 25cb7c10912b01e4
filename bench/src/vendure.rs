//! The same scenarios against Vendure's shop API.

use crate::http::Connection;
use crate::scenario::Name;
use anyhow::Result;

/// One round. Vendure is measured by its own small driver in `bench/peers/`, because its sessions live in
/// cookies; the loops here cover what needs no session.
pub(crate) async fn once(name: Name, connection: &mut Connection, n: usize) -> Result<()> {
    anyhow::ensure!(name == Name::ProjectionByKey, "only reads are measured here");
    let query = format!("{{\"query\":\"{{ product(slug: \\\"bench-{n}\\\") {{ id name slug variants {{ id sku priceWithTax }} }} }}\"}}");
    connection.post("/shop-api", query).await?.expect(200)?;
    Ok(())
}
