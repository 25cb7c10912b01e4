//! The checkout: the saga that makes an order of a cart. Nothing lost, nothing oversold.
//!
//! 1. The cart service works the cart out anew and checks it; nothing is written.
//! 2. The order is written, pending, with all that it will be, claiming the cart and the order number: of
//!    any number of concurrent requests for one cart exactly one goes on.
//! 3. The inventory takes the stock of every line. 4. The cart is marked as ordered, under its version.
//!    Both are idempotent by the order's id and refused after the deadline.
//! 5. The order becomes visible by a compare-and-set: the only commit point.
//!
//! To undo, the order is first set to `Unwinding` by another compare-and-set, so that a request that
//! stalled cannot commit any more; then stock and cart are released, and the claims go last. An order that is
//! still pending at its deadline is undone by the recovery loop. After the commit nothing must be done:
//! the inventory is told that its marks may go, and asks by itself if that is lost.
//!
//! The snapshot comes before the pending write because that write then says everything recovery must
//! know: which stock and which cart to release.
//!
//! An order that is imported from another system is made by the same saga; it has no cart, so the first and the
//! fourth step are left out.

use crate::confirmations::Confirmations;
use crate::journal::Phase;
use crate::new_order::{Making, NewOrder, Source, entries, stock_lines};
use crate::orders::{Orders, told};
use api::cart::Cart;
use api::internal::cart::{OrderCart, PrepareCart, ReleaseCart};
use api::internal::inventory::{Release, Reserve};
use api::order::{Order, OrderFromCartDraft, OrderImportDraft};
use api::reference::By;
use api::{ApiError, Code, Id, Kind, Result, ServiceName, Stored, Timestamp};
use kit::http::RequestInfo;
use kit::peers::{call, internal};
use kit::recovery::Recover;
use kit::resource::{Access, Collection, Context, Edit, Facts, Lookups, State, Stop};
use kit::store::{Selector, Visibility};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::sync::Arc;

/// How long making an order may take. A crash blocks the cart for as long.
const SAGA_MS: i64 = 30_000;
/// When undoing is tried again if a service cannot be reached.
const AGAIN_MS: i64 = 5_000;

/// Makes orders.
pub(crate) struct Checkout {
    orders: Arc<Collection<Orders>>,
    lookups: Arc<Lookups>,
    confirmations: Confirmations,
}

/// Why an order was not made.
enum Halt {
    /// A step refused, and no step before it left anything.
    Clean(ApiError),
    /// Something was done, or it is not known.
    Undo(ApiError),
}

/// What undoing found.
enum Undone {
    /// The order is gone.
    Gone,
    /// It had become visible: its JSON text.
    Stands(String),
}

impl Checkout {
    pub(crate) fn new(
        orders: Arc<Collection<Orders>>,
        lookups: Arc<Lookups>,
        confirmations: Confirmations,
    ) -> Self {
        Self { orders, lookups, confirmations }
    }

    /// Makes an order of the cart that the draft names, which must be one of those that the path shows (the cart
    /// service sees the same caller); gives its JSON text.
    pub(crate) async fn place(
        self: &Arc<Self>,
        request: RequestInfo,
        draft: OrderFromCartDraft,
        access: &Access,
    ) -> Result<String> {
        let clock = &self.orders.deps.clock;
        let now = clock.now();
        let (order_id, deadline) = (clock.new_id(now), now.plus_millis(SAGA_MS));
        let cart_id = self.cart_id(&request, &draft, access, &order_id, now).await?;
        let own = access.owner.is_some();
        let prepare =
            PrepareCart { cart_id, version: draft.version, order_id: order_id.clone(), deadline, own };
        let cart: Box<RawValue> = self.call(ServiceName::Cart, "/prepare", &request, &prepare).await?;
        let cart: Stored<Cart> = Stored::from_json(cart.get()).map_err(|e| internal(&e))?;
        let source = Source::Cart { draft: Box::new(draft), cart: Box::new(cart) };
        self.make(request, now, Making { id: order_id, deadline, source }).await
    }

    /// Makes an order of another system's; gives its JSON text.
    pub(crate) async fn import(
        self: &Arc<Self>,
        request: RequestInfo,
        draft: OrderImportDraft,
    ) -> Result<String> {
        let clock = &self.orders.deps.clock;
        let now = clock.now();
        let source = Source::Import(Box::new(draft));
        let making = Making { id: clock.new_id(now), deadline: now.plus_millis(SAGA_MS), source };
        self.make(request, now, making).await
    }

    /// The id of the cart; one that is named by key is looked up.
    async fn cart_id(
        &self,
        request: &RequestInfo,
        draft: &OrderFromCartDraft,
        access: &Access,
        order_id: &Id,
        now: Timestamp,
    ) -> Result<Id> {
        let cart = match (&draft.cart, &draft.id) {
            (Some(cart), _) => cart,
            (None, Some(id)) => return Ok(id.clone()),
            (None, None) => return Err(ApiError::invalid_json("cart: missing field")),
        };
        cart.expect(Kind::Cart)?;
        let key = match cart.by() {
            By::Id(id) => return Ok(id.clone()),
            By::Key(key) => key,
        };
        let mut facts = Facts::default();
        self.lookups.fetch(request, vec![Context::lookup_of(Kind::Cart, cart)], &mut facts).await?;
        let cx = Context::new(now, order_id.clone(), request, self.orders.deps.clock.as_ref(), &facts);
        match cx.reference(Kind::Cart, cart) {
            Ok(reference) => Ok(reference.id),
            Err(Stop::Refused(_)) if *access != Access::PROJECT => Err(ApiError::key_not_found(key)),
            Err(Stop::Refused(error)) => Err(error),
            Err(Stop::Missing) => Err(internal(&"a cart that was looked up is not known")),
        }
    }

    async fn make(self: &Arc<Self>, request: RequestInfo, now: Timestamp, making: Making) -> Result<String> {
        let checkout = Arc::clone(self);
        // A client that hangs up leaves no order half made until the deadline.
        let made = tokio::spawn(async move { checkout.run(&request, now, making).await });
        made.await.unwrap_or_else(|error| Err(internal(&error)))
    }

    async fn run(&self, request: &RequestInfo, now: Timestamp, making: Making) -> Result<String> {
        let id = making.id.clone();
        let cart_version = match &making.source {
            Source::Cart { cart, .. } => cart.meta.version,
            Source::Import(_) => 0,
        };
        let new = NewOrder { making: Some(making) };
        let pending = self.orders.create_as(request, now, &new, Visibility::Pending).await?.state;
        match self.steps(request, cart_version, pending).await {
            Ok(json) => Ok(json),
            Err(Halt::Clean(error)) => {
                self.remove(request, &id).await.unwrap_or_else(|e| undone_later(&id, &e));
                Err(error)
            }
            Err(Halt::Undo(error)) => match self.undo(request, &id).await {
                Ok(Undone::Stands(json)) => Ok(json),
                Ok(Undone::Gone) => Err(error),
                Err(trouble) => {
                    undone_later(&id, &trouble);
                    Err(error)
                }
            },
        }
    }

    /// Everything after the order was written as pending. The version is that of the cart, if there is one.
    async fn steps(
        &self,
        request: &RequestInfo,
        cart_version: i64,
        pending: State<Orders>,
    ) -> Result<String, Halt> {
        let (order_id, deadline) = (pending.meta.id.clone(), deadline_of(&pending));
        let (lines, entries) = (stock_lines(&pending.body), entries(&pending.body));
        if !lines.is_empty() {
            let reserve = Reserve { order_id: order_id.clone(), deadline, lines };
            self.call::<IgnoredAny>(ServiceName::Inventory, "/reserve", request, &reserve)
                .await
                // The inventory keeps nothing of an order that it is short for.
                .map_err(|e| if e.code() == Code::OutOfStock { Halt::Clean(e) } else { Halt::Undo(e) })?;
        }
        if let Some(cart) = &pending.body.cart {
            let mark = OrderCart {
                cart_id: cart.id.clone(),
                version: cart_version,
                order_id: order_id.clone(),
                deadline,
            };
            self.call::<IgnoredAny>(ServiceName::Cart, "/order", request, &mark).await.map_err(Halt::Undo)?;
        }
        let mut order = pending;
        order.hidden.saga = None;
        order.due_at = None;
        let what = if order.cart.is_some() { "OrderCreated" } else { "OrderImported" };
        let message = told(what, &order.meta, &order.body);
        match self.orders.publish(request, order, &[message]).await {
            Ok(Some(made)) => {
                self.confirmations.send(request.project(), order_id, entries);
                Ok(made.json)
            }
            Ok(None) => Err(Halt::Undo(ApiError::unavailable())),
            Err(error) => Err(Halt::Undo(error)),
        }
    }

    /// Undoes an order unless it has become visible. May be repeated, and taken over by another process.
    async fn undo(&self, request: &RequestInfo, order_id: &Id) -> Result<Undone> {
        let selector = Selector::Id(order_id.clone());
        let fenced = self
            .orders
            .edit(request, &selector, &Edit::internal(), |state, cx| {
                if state.visibility == Visibility::Pending {
                    if let Some(saga) = &mut state.hidden.saga {
                        saga.phase = Phase::Unwinding;
                    }
                    state.due_at = Some(cx.now.plus_millis(AGAIN_MS));
                }
                Ok(())
            })
            .await?;
        let Some(fenced) = fenced else { return Ok(Undone::Gone) };
        if fenced.state.visibility == Visibility::Live {
            return Ok(Undone::Stands(fenced.json));
        }
        let (order, deadline) = (&fenced.state.body, deadline_of(&fenced.state));
        tokio::try_join!(
            self.release_stock(request, order_id, deadline, order),
            self.release_cart(request, order_id, deadline, order),
        )?;
        self.remove(request, order_id).await?;
        Ok(Undone::Gone)
    }

    async fn release_stock(
        &self,
        request: &RequestInfo,
        order_id: &Id,
        deadline: Timestamp,
        order: &Order,
    ) -> Result<()> {
        let release = Release { order_id: order_id.clone(), deadline, entries: entries(order) };
        if release.entries.is_empty() {
            return Ok(());
        }
        self.call::<IgnoredAny>(ServiceName::Inventory, "/release", request, &release).await.map(drop)
    }

    async fn release_cart(
        &self,
        request: &RequestInfo,
        order_id: &Id,
        deadline: Timestamp,
        order: &Order,
    ) -> Result<()> {
        let Some(cart) = &order.cart else { return Ok(()) };
        let release = ReleaseCart { cart_id: cart.id.clone(), order_id: order_id.clone(), deadline };
        self.call::<IgnoredAny>(ServiceName::Cart, "/release", request, &release).await.map(drop)
    }

    /// Takes a pending order away, and with it its claims.
    async fn remove(&self, request: &RequestInfo, order_id: &Id) -> Result<()> {
        let selector = Selector::Id(order_id.clone());
        let edit = Edit::internal();
        let removed = self.orders.edit(request, &selector, &edit, |state, _| {
            if state.visibility == Visibility::Pending {
                state.visibility = Visibility::Deleted;
            }
            Ok(())
        });
        removed.await.map(drop)
    }

    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        to: ServiceName,
        path: &'static str,
        request: &RequestInfo,
        body: &impl serde::Serialize,
    ) -> Result<T> {
        call(self.orders.deps.peers.as_ref(), to, path, request, body).await
    }
}

/// The deadline of the order's saga.
fn deadline_of(state: &State<Orders>) -> Timestamp {
    state.hidden.saga.map_or(state.meta.created_at, |saga| saga.deadline)
}

fn undone_later(order_id: &Id, error: &ApiError) {
    tracing::warn!(order = %order_id, %error, "an order could not be undone; recovery will do it");
}

/// Undoes orders that are still pending at their deadline.
pub(crate) fn recovery(checkout: Arc<Checkout>) -> Recover {
    Arc::new(move |key| {
        let checkout = Arc::clone(&checkout);
        Box::pin(async move {
            let request = RequestInfo::system(&key.project, "order-recovery");
            checkout.undo(&request, &key.id).await.map(drop)
        })
    })
}
