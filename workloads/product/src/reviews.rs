//! Reviews of products and channels.

use crate::workflow;
use api::review::{Review, ReviewAction, ReviewDraft};
use api::state::{State as Workflow, StateRole, StateType};
use api::{ApiError, Kind, Message, Reference, ResourceIdentifier, Stored};
use kit::resource::{Context, Decision, Found, Rules, State, set_custom_field, set_custom_type};
use kit::store::Claim;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The longest `uniquenessValue`, in bytes: it becomes an index key.
const MAX_UNIQUENESS_VALUE: usize = 256;
/// What custom types name reviews.
const TYPE_ID: &str = "review";

/// When the recovery loop looks after statistics that are not fresh yet.
const REFRESH_MS: i64 = 15_000;

/// The rules of reviews.
pub(crate) struct Reviews;

/// What of a review no client sees.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReviewHidden {
    /// Whose statistics are to be worked out anew.
    pub(crate) stale: Vec<Reference>,
}

impl ReviewHidden {
    /// Notes that the statistics of what is reviewed are not fresh.
    fn note(&mut self, review: &Review) {
        self.stale.extend(counted(review).cloned());
        self.stale.sort_by(|a, b| a.id.cmp(&b.id));
        self.stale.dedup();
    }
}

/// Whose statistics the review is part of.
fn counted(review: &Review) -> Option<&Reference> {
    review.target.as_ref().filter(|_| review.included_in_statistics && review.rating.is_some())
}

impl Rules for Reviews {
    type Body = Review;
    type Hidden = ReviewHidden;
    type Draft = ReviewDraft;
    type Action = ReviewAction;

    const KIND: Kind = Kind::Review;
    const DATA_ERASURE: bool = true;
    const INDEXES: &'static [&'static str] = &["target.id"];

    fn create(draft: &ReviewDraft, cx: &mut Context<'_>) -> Decision<(Review, ReviewHidden)> {
        want_all(draft, cx);
        check_rating(draft.rating)?;
        if draft.title.is_none() && draft.text.is_none() && draft.rating.is_none() {
            return Err(ApiError::invalid_input(
                "A review has at least one of 'title', 'text' and 'rating'.",
            )
            .into());
        }
        if let Some(value) = &draft.uniqueness_value
            && (value.is_empty() || value.len() > MAX_UNIQUENESS_VALUE)
        {
            return Err(ApiError::invalid_field("uniquenessValue", value.as_str()).into());
        }
        let state = match &draft.state {
            Some(state) => Some(workflow::state_of(StateType::ReviewState, state, cx)?),
            None => None,
        };
        let review = Review {
            key: draft.key.clone(),
            uniqueness_value: draft.uniqueness_value.clone(),
            locale: draft.locale.clone(),
            author_name: draft.author_name.clone(),
            title: draft.title.clone(),
            text: draft.text.clone(),
            target: target(draft.target.as_ref(), cx)?,
            included_in_statistics: state.as_ref().is_none_or(counts),
            rating: draft.rating,
            state: state.as_ref().map(workflow::reference),
            customer: cx.reference_opt(Kind::Customer, draft.customer.as_ref())?,
            custom: cx.custom(draft.custom.as_ref(), TYPE_ID)?,
        };
        let stored = Stored { meta: cx.meta_of_new(), body: review.clone() };
        let stored = stored.to_json().ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        cx.emit(Message::new("ReviewCreated").with("review", stored));
        let mut hidden = ReviewHidden::default();
        hidden.note(&review);
        Ok((review, hidden))
    }

    fn foresee(_review: &State<Self>, actions: &[ReviewAction], cx: &Context<'_>) {
        for action in actions {
            match action {
                ReviewAction::SetTarget { target: Some(to) } => want_target(to, cx),
                ReviewAction::SetCustomer { customer: Some(to) } => {
                    cx.want(Context::lookup_of(Kind::Customer, to));
                }
                ReviewAction::TransitionState { state: to, .. } => {
                    cx.want(Context::lookup_of(Kind::State, to));
                }
                _ => {}
            }
        }
    }

    fn apply(review: &mut State<Self>, action: &ReviewAction, cx: &mut Context<'_>) -> Decision<()> {
        use ReviewAction as A;
        let before = counted(review).cloned();
        match action {
            A::SetKey { key } => review.key.clone_from(key),
            A::SetLocale { locale } => review.locale.clone_from(locale),
            A::SetAuthorName { author_name } => review.author_name.clone_from(author_name),
            A::SetTitle { title } => review.title.clone_from(title),
            A::SetText { text } => review.text.clone_from(text),
            A::SetRating { rating } => set_rating(review, *rating, cx)?,
            A::SetTarget { target: to } => review.target = target(to.as_ref(), cx)?,
            A::SetCustomer { customer } => {
                review.customer = cx.reference_opt(Kind::Customer, customer.as_ref())?;
            }
            A::TransitionState { state: to, force } => transition(review, to, force.unwrap_or(false), cx)?,
            A::SetCustomType(set) => set_custom_type(&mut review.custom, set, TYPE_ID, cx)?,
            A::SetCustomField(set) => set_custom_field(&mut review.custom, set, cx)?,
        }
        if before.as_ref() != counted(review) || matches!(action, A::SetRating { .. }) {
            review.hidden.stale.extend(before);
            let State { body, hidden, .. } = review;
            hidden.note(body);
        }
        Ok(())
    }

    fn settle(review: &mut State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        if !review.hidden.stale.is_empty() {
            review.due_at = Some(cx.now.plus_millis(REFRESH_MS));
        }
        Ok(())
    }

    fn claims(review: &Review) -> Vec<Claim> {
        let key = review.key.iter().map(|key| Claim::new("key", key.as_str()));
        let value = review.uniqueness_value.iter().map(|value| Claim::new("uniquenessValue", value));
        key.chain(value).collect()
    }

    fn user_identifiers(review: &Review) -> Map<String, Value> {
        review.key.iter().map(|key| ("key".to_owned(), key.into())).collect()
    }
}

/// Asks for everything that the draft refers to at once.
fn want_all(draft: &ReviewDraft, cx: &Context<'_>) {
    draft.target.iter().for_each(|target| want_target(target, cx));
    draft.state.iter().for_each(|state| cx.want(Context::lookup_of(Kind::State, state)));
    draft.customer.iter().for_each(|customer| cx.want(Context::lookup_of(Kind::Customer, customer)));
    draft.custom.iter().for_each(|custom| cx.want(Context::lookup_of(Kind::Type, &custom.type_ref)));
}

fn want_target(identifier: &ResourceIdentifier, cx: &Context<'_>) {
    if let Ok(kind) = target_kind(identifier) {
        cx.want(Context::lookup_of(kind, identifier));
    }
}

fn target(identifier: Option<&ResourceIdentifier>, cx: &Context<'_>) -> Decision<Option<Reference>> {
    let Some(identifier) = identifier else { return Ok(None) };
    Ok(Some(cx.reference(target_kind(identifier)?, identifier)?))
}

/// What is reviewed; here the `typeId` cannot be left out.
fn target_kind(identifier: &ResourceIdentifier) -> api::Result<Kind> {
    match identifier.type_id.as_deref().and_then(Kind::from_type_id) {
        Some(kind @ (Kind::Product | Kind::Channel)) => Ok(kind),
        _ => Err(ApiError::invalid_json("target.typeId: expected 'product' or 'channel'")),
    }
}

fn check_rating(rating: Option<i32>) -> api::Result<()> {
    match rating {
        Some(rating) if !(-100..=100).contains(&rating) => Err(ApiError::invalid_field("rating", rating)),
        _ => Ok(()),
    }
}

/// Whether reviews in this state are part of the target's statistics.
fn counts(state: &Found<Workflow>) -> bool {
    state.roles.contains(&StateRole::ReviewIncludedInStatistics)
}

fn set_rating(review: &mut Review, rating: Option<i32>, cx: &mut Context<'_>) -> Decision<()> {
    check_rating(rating)?;
    let old = std::mem::replace(&mut review.rating, rating);
    if old != rating {
        cx.emit(
            Message::new("ReviewRatingSet")
                .with("oldRating", old)
                .with("newRating", rating)
                .with("includedInStatistics", review.included_in_statistics)
                .with("target", &review.target),
        );
    }
    Ok(())
}

fn transition(
    review: &mut Review,
    to: &ResourceIdentifier,
    force: bool,
    cx: &mut Context<'_>,
) -> Decision<()> {
    let Some(found) = workflow::next(StateType::ReviewState, review.state.as_ref(), to, force, cx)? else {
        return Ok(());
    };
    let old_state = review.state.replace(workflow::reference(&found));
    let old_included = std::mem::replace(&mut review.included_in_statistics, counts(&found));
    cx.emit(
        Message::new("ReviewStateTransition")
            .with("oldState", old_state)
            .with("newState", &review.state)
            .with("oldIncludedInStatistics", old_included)
            .with("newIncludedInStatistics", review.included_in_statistics)
            .with("target", &review.target)
            .with("force", force),
    );
    Ok(())
}

#[cfg(test)]
#[path = "reviews_tests.rs"]
mod tests;
