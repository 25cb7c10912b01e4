//! Stores: the languages, countries and channels of a part of the project.

use crate::references::{quoted, refuse_while_referenced};
use crate::settings::distinct;
use crate::storefront;
use api::channel::{Channel, ChannelRole};
use api::reference::By;
use api::store::{ProductSelectionSettingDraft, Store, StoreAction, StoreDraft};
use api::{ApiError, Code, Kind, Locale, LocalizedString, Message, Reference, ResourceIdentifier};
use kit::resource::{Context, Decision, Rules, State, project_lookup, set_custom_field, set_custom_type};
use kit::store::Claim;
use serde::Serialize;
use serde_json::{Map, Value};

/// The rules of stores.
pub(crate) struct Stores;

impl Rules for Stores {
    type Body = Store;
    type Hidden = ();
    type Draft = StoreDraft;
    type Action = StoreAction;

    const KIND: Kind = Kind::Store;
    const EVENTS_CARRY_STATE: bool = true;

    fn create(draft: &StoreDraft, cx: &mut Context<'_>) -> Decision<(Store, ())> {
        let channels_named = draft.distribution_channels.iter().chain(&draft.supply_channels);
        channels_named.for_each(|channel| cx.want(Context::lookup_of(Kind::Channel, channel)));
        if let Some(custom) = &draft.custom {
            cx.want(Context::lookup_of(Kind::Type, &custom.type_ref));
        }
        if !draft.languages.is_empty() {
            cx.want(project_lookup(cx.project_key()));
        }
        no_product_selections(&draft.product_selections)?;
        let store = Store {
            key: draft.key.clone(),
            name: draft.name.clone(),
            languages: languages(&draft.languages, cx)?,
            countries: distinct(&draft.countries),
            distribution_channels: channels(
                &draft.distribution_channels,
                ChannelRole::ProductDistribution,
                cx,
            )?,
            supply_channels: channels(&draft.supply_channels, ChannelRole::InventorySupply, cx)?,
            product_selections: Vec::new(),
            custom: cx.custom(draft.custom.as_ref(), "store")?,
            storefront: storefront::checked(draft.storefront.clone())?,
        };
        cx.emit(
            Message::new("StoreCreated")
                .with("name", &store.name)
                .with("languages", &store.languages)
                .with("countries", &store.countries)
                .with("distributionChannels", &store.distribution_channels)
                .with("supplyChannels", &store.supply_channels)
                .with("productSelections", &store.product_selections)
                .with("custom", &store.custom),
        );
        Ok((store, ()))
    }

    fn apply(store: &mut State<Self>, action: &StoreAction, cx: &mut Context<'_>) -> Decision<()> {
        match action {
            StoreAction::SetName { name } => {
                if *name != store.name {
                    let each: Option<Vec<_>> = name.as_ref().map(|name| name.iter().map(one_text).collect());
                    cx.emit(Message::new("StoreNameSet").with("name", name).with("nameAllLocales", each));
                    store.name.clone_from(name);
                }
            }
            StoreAction::SetLanguages { languages: to } => {
                let to = languages(to, cx)?;
                change(&mut store.languages, to, "Languages", cx);
            }
            StoreAction::SetCountries { countries } => {
                change(&mut store.countries, distinct(countries), "Countries", cx);
            }
            StoreAction::AddCountry { country } => {
                let to = with(&store.countries, country);
                change(&mut store.countries, to, "Countries", cx);
            }
            StoreAction::RemoveCountry { country } => {
                let to = without(&store.countries, country);
                change(&mut store.countries, to, "Countries", cx);
            }
            StoreAction::SetDistributionChannels { distribution_channels } => {
                let to = channels(distribution_channels, ChannelRole::ProductDistribution, cx)?;
                change(&mut store.distribution_channels, to, "DistributionChannels", cx);
            }
            StoreAction::AddDistributionChannel { distribution_channel } => {
                let added = channel(distribution_channel, ChannelRole::ProductDistribution, cx)?;
                let to = with(&store.distribution_channels, &added);
                change(&mut store.distribution_channels, to, "DistributionChannels", cx);
            }
            StoreAction::RemoveDistributionChannel { distribution_channel } => {
                let to = without(
                    &store.distribution_channels,
                    &cx.reference(Kind::Channel, distribution_channel)?,
                );
                change(&mut store.distribution_channels, to, "DistributionChannels", cx);
            }
            StoreAction::SetSupplyChannels { supply_channels } => {
                let to = channels(supply_channels, ChannelRole::InventorySupply, cx)?;
                change(&mut store.supply_channels, to, "SupplyChannels", cx);
            }
            StoreAction::AddSupplyChannel { supply_channel } => {
                let added = channel(supply_channel, ChannelRole::InventorySupply, cx)?;
                let to = with(&store.supply_channels, &added);
                change(&mut store.supply_channels, to, "SupplyChannels", cx);
            }
            StoreAction::RemoveSupplyChannel { supply_channel } => {
                let to = without(&store.supply_channels, &cx.reference(Kind::Channel, supply_channel)?);
                change(&mut store.supply_channels, to, "SupplyChannels", cx);
            }
            StoreAction::SetProductSelections { product_selections } => {
                no_product_selections(product_selections)?;
            }
            StoreAction::AddProductSelection(named) | StoreAction::ChangeProductSelectionActive(named) => {
                no_product_selections(std::slice::from_ref(named))?;
            }
            // No store has one, and to remove what is not there has no effect.
            StoreAction::RemoveProductSelection { .. } => {}
            StoreAction::SetCustomType(action) => set_custom_type(&mut store.custom, action, "store", cx)?,
            StoreAction::SetCustomField(action) => set_custom_field(&mut store.custom, action, cx)?,
            action => storefront::apply(&mut store.storefront, action, cx)?,
        }
        Ok(())
    }

    fn delete(store: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        let key = quoted(store.key.as_str());
        let by = [Kind::Cart, Kind::Order].map(|kind| (kind, format!("store(key = {key})")));
        refuse_while_referenced(Kind::Store, by, cx)?;
        cx.emit(Message::new("StoreDeleted"));
        Ok(())
    }

    fn claims(store: &Store) -> Vec<Claim> {
        vec![Claim::new("key", store.key.as_str())]
    }

    fn user_identifiers(store: &Store) -> Map<String, Value> {
        Map::from_iter([("key".to_owned(), Value::from(&store.key))])
    }
}

/// A text in one language by itself.
fn one_text((locale, text): (&Locale, &String)) -> LocalizedString {
    LocalizedString::from([(locale.clone(), text.clone())])
}

/// Sets a list and tells what came and what went; another order alone is no news.
fn change<T: PartialEq + Serialize>(list: &mut Vec<T>, to: Vec<T>, what: &str, cx: &mut Context<'_>) {
    let some =
        |values: Vec<&T>| (!values.is_empty()).then(|| serde_json::to_value(values).unwrap_or_default());
    let added = some(to.iter().filter(|value| !list.contains(value)).collect());
    let removed = some(list.iter().filter(|value| !to.contains(value)).collect());
    if added.is_some() || removed.is_some() {
        cx.emit(
            Message::new(format!("Store{what}Changed"))
                .with(&format!("added{what}"), added)
                .with(&format!("removed{what}"), removed),
        );
    }
    *list = to;
}

fn with<T: Clone + PartialEq>(list: &[T], value: &T) -> Vec<T> {
    let mut list = list.to_vec();
    if !list.contains(value) {
        list.push(value.clone());
    }
    list
}

fn without<T: Clone + PartialEq>(list: &[T], value: &T) -> Vec<T> {
    list.iter().filter(|one| *one != value).cloned().collect()
}

/// The languages, all of which must be the project's.
fn languages(given: &[Locale], cx: &Context<'_>) -> Decision<Vec<Locale>> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let project = cx.project()?;
    let foreign: Vec<&str> =
        given.iter().filter(|l| !project.languages.contains(l)).map(Locale::as_str).collect();
    if !foreign.is_empty() {
        let message = "The project is not configured for given languages.";
        return Err(ApiError::new(Code::ProjectNotConfiguredForLanguages, message)
            .with("languages", foreign)
            .into());
    }
    Ok(distinct(given))
}

fn channels(given: &[ResourceIdentifier], role: ChannelRole, cx: &Context<'_>) -> Decision<Vec<Reference>> {
    given.iter().for_each(|one| cx.want(Context::lookup_of(Kind::Channel, one)));
    let references = given.iter().map(|one| channel(one, role, cx)).collect::<Decision<Vec<_>>>()?;
    Ok(distinct(&references))
}

/// A reference to a channel that has the role.
fn channel(identifier: &ResourceIdentifier, role: ChannelRole, cx: &Context<'_>) -> Decision<Reference> {
    let found = cx.resolve::<Channel>(Kind::Channel, identifier)?;
    if found.roles.contains(&role) {
        return Ok(Reference::new(Kind::Channel, found.id().clone()));
    }
    let (by, text) = match identifier.by() {
        By::Id(id) => ("id", id.as_str()),
        By::Key(key) => ("key", key),
    };
    let message =
        format!("Given channel with {by} '{text}' does not have the required role {}.", role.as_str());
    let channel = serde_json::json!({"typeId": Kind::Channel.type_id(), by: text});
    Err(ApiError::new(Code::MissingRoleOnChannel, message)
        .with("channel", channel)
        .with("missingRole", role.as_str())
        .into())
}

/// There are none, so each one that is named cannot be found.
fn no_product_selections(named: &[ProductSelectionSettingDraft]) -> Result<(), ApiError> {
    match named.first().map(|first| first.product_selection.by()) {
        None => Ok(()),
        Some(By::Id(id)) => Err(ApiError::referenced_not_found("product-selection", ("id", id.as_str()))),
        Some(By::Key(key)) => Err(ApiError::referenced_not_found("product-selection", ("key", key))),
    }
}
