//! What answers add to the stored texts of products and projections: to each variant its selected
//! price, if the request asks for one, and its availability.
//!
//! Both are found in one pass over the text and copied in as they stand; no tree is made of it.

use crate::dimensions::Dimensions;
use crate::selection::{self, Selection};
use crate::stock::{Fragment, Stock};
use api::{Result, Timestamp};
use kit::clock::Clock;
use kit::http::{Params, RequestInfo};
use kit::resource::Presenter;
use std::borrow::Cow;
use std::sync::Arc;

/// Something that an answer adds to a variant.
#[derive(Debug, PartialEq)]
pub(crate) struct Addition<'a> {
    /// Where in the text; right behind a member of the variant.
    pub(crate) place: usize,
    /// What.
    pub(crate) what: What<'a>,
}

/// What an answer adds.
#[derive(Debug, PartialEq)]
pub(crate) enum What<'a> {
    /// The selected price, as its text.
    Price(&'a str),
    /// The availability of this SKU.
    Availability(Cow<'a, str>),
}

/// Adds to answers.
pub(crate) struct Answers {
    clock: Arc<dyn Clock>,
    stock: Stock,
}

impl Answers {
    /// With the stock that `stock` knows.
    pub(crate) fn new(clock: Arc<dyn Clock>, stock: Stock) -> Self {
        Self { clock, stock }
    }

    /// The text as clients get it: of a projection, a product or a page of either.
    pub(crate) async fn present(
        &self,
        request: &RequestInfo,
        params: &Params,
        dimensions: &Dimensions,
        text: String,
    ) -> Result<String> {
        let additions = additions(params, self.clock.now(), &text)?;
        let skus: Vec<&str> = additions.iter().filter_map(Addition::sku).collect();
        let mut stock = self.stock.of(request.project(), &skus).await;
        for fragment in stock.iter_mut().flatten() {
            if let Some(narrowed) = dimensions.narrow_stock(fragment)? {
                *fragment = narrowed.into();
            }
        }
        Ok(splice(&text, &additions, &stock))
    }

    /// For the derived routes.
    pub(crate) fn presenter(self: &Arc<Self>) -> Presenter {
        let answers = Arc::clone(self);
        Arc::new(move |request, params, text| {
            let answers = Arc::clone(&answers);
            Box::pin(async move { answers.present(request, params, &Dimensions::default(), text).await })
        })
    }
}

impl Addition<'_> {
    fn sku(&self) -> Option<&str> {
        match &self.what {
            What::Availability(sku) => Some(sku),
            What::Price(_) => None,
        }
    }
}

/// What is to be added to the text, by ascending places.
fn additions<'a>(params: &Params, now: Timestamp, text: &'a str) -> Result<Vec<Addition<'a>>> {
    let selection = if params.is_empty() { None } else { Selection::parse(params)? };
    selection::additions(selection.as_ref(), now, text).map_err(|error| kit::peers::internal(&error))
}

/// The text with the additions; `stock` is that of the SKUs among them, in their order.
pub(crate) fn splice(text: &str, additions: &[Addition<'_>], stock: &[Fragment]) -> String {
    const PRICE: &str = ",\"price\":";
    const AVAILABILITY: &str = ",\"availability\":";
    let added = || {
        let mut stock = stock.iter();
        additions.iter().filter_map(move |addition| match &addition.what {
            What::Price(price) => Some((addition.place, PRICE, *price)),
            What::Availability(_) => Some((addition.place, AVAILABILITY, stock.next()?.as_deref()?)),
        })
    };
    let size: usize = added().map(|(_, name, value)| name.len() + value.len()).sum();
    let mut out = String::with_capacity(text.len() + size);
    let mut from = 0;
    for (place, name, value) in added() {
        out.push_str(text.get(from..place).unwrap_or_default());
        out.push_str(name);
        out.push_str(value);
        from = place;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}
