//! The scenarios, and the closed loop that most of them run in.

use crate::http::Connection;
use crate::report::{Tally, micros};
use crate::shop::{self, Catalogue};
use crate::target::{Flavour, Target};
use crate::{flash, seed, vendure};
use anyhow::Result;
use clap::ValueEnum;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A client that met so many errors gives up: the run is lost anyway.
const ENOUGH_ERRORS: usize = 10;
/// Before the measured time starts: connections, caches and just-in-time compilers get warm.
const WARM_UP: Duration = Duration::from_secs(1);

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Makes a catalogue: tax category, zone, shipping method, product type, products with stock
    Seed,
    /// Reads product projections by key with price selection (Vendure: products by slug)
    ProjectionByKey,
    /// Asks for a page beyond the limit, which a service refuses without a look at its database
    Refused,
    /// Reads product projections by id
    ProjectionById,
    /// Makes a cart and adds a line item
    CartAndLine,
    /// The six calls of a guest's checkout, spread over all products
    Checkout,
    /// As many checkouts as `--buyers` says, all of one SKU that has half as many units
    FlashSale,
}

/// How much of it.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) clients: usize,
    pub(crate) time: Duration,
    pub(crate) products: usize,
    pub(crate) buyers: usize,
}

/// Runs one and gives the JSON line.
pub(crate) async fn run(name: Name, target: Target, load: Load) -> Result<Value> {
    match (name, target.flavour) {
        (Name::Seed, Flavour::Commerce) => seed::seed(&target, load.clients, load.products).await,
        (Name::FlashSale, Flavour::Commerce) => flash::flash_sale(&target, load.clients, load.buyers).await,
        (Name::ProjectionByKey | Name::Checkout, _)
        | (Name::ProjectionById | Name::CartAndLine | Name::Refused, Flavour::Commerce) => {
            closed_loop(name, target, load).await
        }
        (_, Flavour::Vendure) => anyhow::bail!("{name:?} is not there for Vendure"),
    }
}

async fn closed_loop(name: Name, target: Target, load: Load) -> Result<Value> {
    let catalogue = match (target.flavour, name) {
        (Flavour::Vendure, _) | (_, Name::Refused) => None,
        (Flavour::Commerce, _) => Some(Arc::new(Catalogue::read(&target, load.products).await?)),
    };
    let from = Instant::now() + WARM_UP;
    let to = from + load.time;
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..load.clients {
        let round =
            Round { name, target: target.clone(), catalogue: catalogue.clone(), products: load.products };
        tasks.spawn(one_client(round, client, from, to));
    }
    let mut all = Tally::default();
    while let Some(done) = tasks.join_next().await {
        all.add(done?);
    }
    Ok(all.line(&format!("{name:?}"), load.clients, load.time))
}

/// Round after round until the end; counts those that ended in the measured time.
async fn one_client(round: Round, client: usize, from: Instant, to: Instant) -> Tally {
    let mut tally = Tally::default();
    let mut connection = None;
    // Odd steps from different starts: the clients visit all products and do not walk in line.
    let mut at = client.wrapping_mul(7919);
    while tally.errors < ENOUGH_ERRORS {
        let began = Instant::now();
        if began >= to {
            break;
        }
        at = at.wrapping_add(101);
        match round.once(&mut connection, at).await {
            Ok(()) => {
                tally.rounds += 1;
                let ended = Instant::now();
                if ended >= from && ended < to {
                    tally.latencies.push(micros(ended - began));
                }
            }
            Err(error) => {
                tally.error(&error);
                connection = None;
            }
        }
    }
    tally
}

struct Round {
    name: Name,
    target: Target,
    catalogue: Option<Arc<Catalogue>>,
    products: usize,
}

impl Round {
    async fn once(&self, connection: &mut Option<Connection>, at: usize) -> Result<()> {
        let c = match connection {
            Some(open) => open,
            None => connection.insert(self.target.open().await?),
        };
        let Some(catalogue) = &self.catalogue else {
            let n = at % self.products;
            return match self.name {
                Name::Refused => shop::refused(&self.target, c).await,
                Name::Checkout => vendure::checkout(c, n).await,
                _ => vendure::product(c, n).await.map(drop),
            };
        };
        match self.name {
            Name::ProjectionByKey => shop::projection_by_key(&self.target, catalogue, c, at).await,
            Name::ProjectionById => shop::projection_by_id(&self.target, catalogue, c, at).await,
            Name::CartAndLine => shop::cart_and_line(&self.target, catalogue, c, at).await,
            Name::Checkout => shop::checkout(&self.target, catalogue, c, at).await?.expect(201).map(drop),
            Name::Seed | Name::FlashSale | Name::Refused => anyhow::bail!("not a loop over a catalogue"),
        }
    }
}
