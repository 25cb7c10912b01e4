//! What the reviews of a product or channel come to. Worked out anew from the reviews themselves after each change of
//! one, before that is answered; the version of what is reviewed stays.
//!
//! A review notes whose statistics it made stale, and is due again soon, so that a crash in between leaves nothing
//! behind. Only the deletion of a review, if the process ends right after it, waits for the next one's change.

use crate::products::Products;
use crate::reviews::Reviews;
use api::internal::project::ReviewedChannel;
use api::review::ReviewRatingStatistics;
use api::{Id, Kind, Reference, Result, ServiceName};
use kit::http::RequestInfo;
use kit::peers::{call, internal};
use kit::recovery::Recover;
use kit::resource::{Access, Collection, Edit, Edited, FollowUp, ListRequest, equals, store_error};
use kit::store::{Selector, Visibility};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::Arc;

/// Reviews read at a time.
const PAGE: u32 = 500;

/// What follows the change of a review.
pub(crate) fn follow_up(products: &Arc<Collection<Products>>) -> FollowUp<Reviews> {
    let products = Arc::clone(products);
    Arc::new(move |reviews, request, edited: Edited<Reviews>| {
        let products = Arc::clone(&products);
        Box::pin(async move {
            let review = &edited.state;
            let gone = review.visibility == Visibility::Deleted;
            let stale =
                if gone { review.target.iter().cloned().collect() } else { review.hidden.stale.clone() };
            refresh(reviews, &products, request, (&review.meta.id, gone), &stale).await?;
            Ok(edited)
        })
    })
}

/// Finishes what a crash left.
pub(crate) fn recover(reviews: &Arc<Collection<Reviews>>, products: &Arc<Collection<Products>>) -> Recover {
    let (reviews, products) = (Arc::clone(reviews), Arc::clone(products));
    Arc::new(move |key| {
        let (reviews, products) = (Arc::clone(&reviews), Arc::clone(&products));
        Box::pin(async move {
            let selector = Selector::Id(key.id.clone());
            let found = reviews.deps.store.get(&key.project, Kind::Review, &selector).await;
            let Some(document) = found.map_err(|e| store_error(&e))? else { return Ok(()) };
            let stale = reviews.state(&document)?.hidden.stale;
            let request = RequestInfo::system(&key.project, "review-statistics");
            refresh(&reviews, &products, &request, (&key.id, false), &stale).await
        })
    })
}

/// Works the statistics of all of `stale` out, and notes in the review that they are fresh.
async fn refresh(
    reviews: &Collection<Reviews>,
    products: &Collection<Products>,
    request: &RequestInfo,
    (review, gone): (&Id, bool),
    stale: &[Reference],
) -> Result<()> {
    if stale.is_empty() {
        return Ok(());
    }
    for target in stale {
        let mut written = of(reviews, request, &target.id).await?;
        loop {
            write(products, request, target, &written).await?;
            // Another review may have changed meanwhile, and been overtaken.
            let now = of(reviews, request, &target.id).await?;
            if now == written {
                break;
            }
            written = now;
        }
    }
    if !gone {
        let (selector, edit) = (Selector::Id(review.clone()), Edit::internal());
        let noted = reviews.edit(request, &selector, &edit, |review, _| {
            review.hidden.stale.retain(|target| !stale.contains(target));
            review.due_at = review.due_at.filter(|_| !review.hidden.stale.is_empty());
            Ok(())
        });
        noted.await?;
    }
    Ok(())
}

/// What the reviews of that product or channel come to now.
async fn of(
    reviews: &Collection<Reviews>,
    request: &RequestInfo,
    target: &Id,
) -> Result<Option<ReviewRatingStatistics>> {
    #[derive(Deserialize)]
    struct Rated {
        rating: i32,
    }
    let predicate = "target(id = :value) and includedInStatistics = true and rating is defined";
    let mut ratings = Vec::new();
    loop {
        let filters = vec![equals(predicate, target.as_str())?];
        let offset = u32::try_from(ratings.len()).map_err(|e| internal(&e))?;
        let list = ListRequest { filters, sort: Vec::new(), limit: PAGE, offset, count_to: None };
        let page = reviews.page(request, list, &Access::PROJECT).await?.results;
        for text in &page {
            let Rated { rating } = serde_json::from_str(text).map_err(|e| internal(&e))?;
            ratings.push(rating);
        }
        if page.len() < PAGE as usize {
            return Ok(ReviewRatingStatistics::of(&ratings));
        }
    }
}

async fn write(
    products: &Collection<Products>,
    request: &RequestInfo,
    target: &Reference,
    statistics: &Option<ReviewRatingStatistics>,
) -> Result<()> {
    if target.type_id == Kind::Channel {
        let reviewed = ReviewedChannel { channel_id: target.id.clone(), statistics: statistics.clone() };
        let peers = products.deps.peers.as_ref();
        return call::<IgnoredAny>(peers, ServiceName::Project, "/review-statistics", request, &reviewed)
            .await
            .map(drop);
    }
    let (selector, edit) = (Selector::Id(target.id.clone()), Edit::internal());
    let written = products.edit(request, &selector, &edit, |product, _| {
        product.review_rating_statistics.clone_from(statistics);
        Ok(())
    });
    written.await.map(drop)
}
