//! Project settings: read and changed under `/{projectKey}`, made by a declaration (see `declare`).

use crate::references::quoted_list;
use crate::storefront::is_absolute;
use api::internal::project::DeclareProject;
use api::inventory::RESERVATION_MINUTES;
use api::project::{
    BusinessUnitConfiguration, CartsConfiguration, ExternalOAuth, MessagesConfiguration, Project,
    ProjectAction, ProjectAnswer, ShippingRateInputType,
};
use api::{ApiError, Code, Id, Kind, Locale, Result, Stored};
use axum::extract::Path;
use axum::routing::{get, post};
use bytes::Bytes;
use kit::http::{Reply, RequestInfo, json, ok};
use kit::peers::internal;
use kit::resource::{
    Access, Collection, Context, Decision, Operation, RouteSet, Rules, State, UpdateRequest,
};
use kit::service::ServiceBuilder;
use kit::store::{Claim, Selector};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;

/// Days that carts and shopping lists may be kept after their last change.
const KEPT_DAYS: std::ops::RangeInclusive<u32> = 1..=365_250;
/// Days of carts where nobody says otherwise.
const CART_DAYS: u32 = 90;
/// Days that messages may be kept, and how long they are where nobody says otherwise.
const MESSAGE_DAYS: std::ops::RangeInclusive<u32> = 1..=90;
const DEFAULT_MESSAGE_DAYS: u32 = 15;

/// The rules of project settings.
pub(crate) struct Projects;

/// What of a project no client sees.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProjectHidden {
    /// What the manifest said the last time.
    pub(crate) declared: Option<DeclareProject>,
    /// The authorization header of [`Project::external_oauth`] as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_oauth_header: Option<String>,
}

impl Rules for Projects {
    type Body = Project;
    type Hidden = ProjectHidden;
    type Draft = DeclareProject;
    type Action = ProjectAction;

    const KIND: Kind = Kind::Project;
    const ROUTES: RouteSet = RouteSet::NONE;
    const EVENTS_CARRY_STATE: bool = true;

    fn create(draft: &DeclareProject, _cx: &mut Context<'_>) -> Decision<(Project, ProjectHidden)> {
        Ok((new_project(draft), ProjectHidden { declared: Some(draft.clone()), ..ProjectHidden::default() }))
    }

    fn apply(project: &mut State<Self>, action: &ProjectAction, cx: &mut Context<'_>) -> Decision<()> {
        match action {
            ProjectAction::ChangeName { name } => {
                if name.is_empty() {
                    return Err(ApiError::invalid_field("name", "").into());
                }
                project.name.clone_from(name);
            }
            ProjectAction::ChangeCountries { countries } => project.countries = some("countries", countries)?,
            ProjectAction::ChangeCurrencies { currencies } => {
                project.currencies = some("currencies", currencies)?;
            }
            ProjectAction::ChangeLanguages { languages } => {
                change_languages(&mut project.body, languages, cx)?;
            }
            ProjectAction::ChangeMessagesEnabled { messages_enabled } => {
                project.messages.enabled = *messages_enabled;
            }
            ProjectAction::ChangeMessagesConfiguration { messages_configuration: new } => {
                let days = new.delete_days_after_creation.unwrap_or(DEFAULT_MESSAGE_DAYS);
                within("messagesConfiguration.deleteDaysAfterCreation", days, &MESSAGE_DAYS)?;
                project.messages =
                    MessagesConfiguration { enabled: new.enabled, delete_days_after_creation: Some(days) };
            }
            ProjectAction::ChangeCartsConfiguration { carts_configuration: new } => {
                let days = new.delete_days_after_last_modification.unwrap_or(CART_DAYS);
                within("cartsConfiguration.deleteDaysAfterLastModification", days, &KEPT_DAYS)?;
                project.carts =
                    CartsConfiguration { delete_days_after_last_modification: Some(days), ..new.clone() };
            }
            ProjectAction::ChangeCountryTaxRateFallbackEnabled { country_tax_rate_fallback_enabled } => {
                project.carts.country_tax_rate_fallback_enabled = *country_tax_rate_fallback_enabled;
            }
            ProjectAction::ChangePriceRoundingMode { price_rounding_mode } => {
                project.carts.price_rounding_mode = Some(*price_rounding_mode);
            }
            ProjectAction::ChangeTaxRoundingMode { tax_rounding_mode } => {
                project.carts.tax_rounding_mode = Some(*tax_rounding_mode);
            }
            ProjectAction::ChangeShoppingListsConfiguration { shopping_lists_configuration: new } => {
                let days = new.delete_days_after_last_modification;
                within("shoppingListsConfiguration.deleteDaysAfterLastModification", days, &KEPT_DAYS)?;
                project.shopping_lists = Some(new.clone());
            }
            ProjectAction::SetShippingRateInputType { shipping_rate_input_type } => {
                if let Some(ShippingRateInputType::CartClassification { values }) = shipping_rate_input_type {
                    let mut keys = HashSet::new();
                    for value in values {
                        if !keys.insert(value.key.as_str()) {
                            let field = "shippingRateInputType.values.key";
                            return Err(ApiError::duplicate_field(field, value.key.as_str()).into());
                        }
                    }
                }
                project.shipping_rate_input_type.clone_from(shipping_rate_input_type);
            }
            ProjectAction::SetReservationExpirationInMinutes {
                reservation_expiration_in_minutes: minutes,
            } => {
                let given = minutes.unwrap_or(1);
                within("reservationExpirationInMinutes", given, &RESERVATION_MINUTES)?;
                project.inventory.reservation_expiration_in_minutes = *minutes;
            }
            ProjectAction::SetReleaseExpiredReservations { release_expired_reservations } => {
                project.inventory.release_expired_reservations = *release_expired_reservations;
            }
            ProjectAction::SetExternalOAuth { external_oauth } => {
                project.hidden.external_oauth_header =
                    external_oauth.as_ref().map(|given| given.authorization_header.clone());
                project.external_oauth = external_oauth.as_ref().map(shown).transpose()?;
            }
            ProjectAction::ChangeMyBusinessUnitStatusOnCreation { status } => {
                project.business_units =
                    Some(BusinessUnitConfiguration { my_business_unit_status_on_creation: *status });
            }
            ProjectAction::SetDiscountsConfiguration { discounts_configuration } => {
                project.discounts.clone_from(discounts_configuration);
            }
            ProjectAction::SetProductCatalogModel { product_catalog_model } => {
                project.product_catalog_model = Some(*product_catalog_model);
            }
        }
        Ok(())
    }

    fn claims(_project: &Project) -> Vec<Claim> {
        Vec::new()
    }

    fn id(draft: &DeclareProject, _cx: &Context<'_>) -> Option<Id> {
        Id::parse(&draft.key)
    }
}

/// The settings of a new project.
fn new_project(declared: &DeclareProject) -> Project {
    let DeclareProject { key, name, currencies, countries, languages } = declared.clone();
    Project {
        key,
        name,
        countries: distinct(&countries),
        currencies: distinct(&currencies),
        languages: distinct(&languages),
        trial_until: None,
        messages: MessagesConfiguration {
            enabled: false,
            delete_days_after_creation: Some(DEFAULT_MESSAGE_DAYS),
        },
        carts: CartsConfiguration {
            delete_days_after_last_modification: Some(CART_DAYS),
            country_tax_rate_fallback_enabled: false,
            price_rounding_mode: None,
            tax_rounding_mode: None,
        },
        shopping_lists: None,
        shipping_rate_input_type: None,
        external_oauth: None,
        business_units: None,
        inventory: api::project::InventoryConfiguration::default(),
        discounts: api::project::DiscountsConfiguration::default(),
        product_catalog_model: None,
    }
}

/// What answers show of an introspection endpoint: of a header that is long enough the last characters, of others
/// nothing.
fn shown(given: &ExternalOAuth) -> Result<ExternalOAuth> {
    if !is_absolute(&given.url, &["https", "http"]) {
        return Err(ApiError::invalid_field("externalOAuth.url", given.url.as_str()));
    }
    let header: Vec<char> = given.authorization_header.chars().collect();
    if header.len() < 3 || header.first() == Some(&' ') || header.last() == Some(&' ') {
        return Err(ApiError::invalid_field("externalOAuth.authorizationHeader", "****"));
    }
    let end = if header.len() < 16 { &[][..] } else { header.get(header.len() - 4..).unwrap_or_default() };
    let authorization_header = format!("****{}", end.iter().collect::<String>());
    Ok(ExternalOAuth { url: given.url.clone(), authorization_header })
}

/// Changes the languages; one that a store uses cannot go.
pub(crate) fn change_languages(project: &mut Project, to: &[Locale], cx: &Context<'_>) -> Decision<()> {
    if to.is_empty() {
        return Err(ApiError::invalid_operation("A project must have at least one language.").into());
    }
    let languages = distinct(to);
    let gone: Vec<&str> =
        project.languages.iter().filter(|l| !languages.contains(l)).map(Locale::as_str).collect();
    if !gone.is_empty() {
        let predicate = format!("languages contains any ({})", quoted_list(gone));
        if !cx.matching::<IgnoredAny>(Kind::Store, predicate, 1)?.is_empty() {
            return Err(ApiError::new(
                Code::LanguageUsedInStores,
                "Language(s) in use by a store cannot be deleted. Remove them in all the stores of this \
                 project first.",
            )
            .into());
        }
    }
    project.languages = languages;
    Ok(())
}

/// The values without repetitions; there must be some.
pub(crate) fn some<T: Clone + PartialEq>(field: &str, values: &[T]) -> Result<Vec<T>> {
    if values.is_empty() {
        return Err(ApiError::invalid_field(field, Vec::<String>::new()));
    }
    Ok(distinct(values))
}

/// The values without repetitions, in their order.
pub(crate) fn distinct<T: Clone + PartialEq>(values: &[T]) -> Vec<T> {
    let mut once: Vec<T> = Vec::with_capacity(values.len().min(64));
    for value in values {
        if !once.contains(value) {
            once.push(value.clone());
        }
    }
    once
}

fn within(field: &str, number: u32, bounds: &std::ops::RangeInclusive<u32>) -> Result<()> {
    if bounds.contains(&number) { Ok(()) } else { Err(ApiError::invalid_field(field, number)) }
}

/// `GET`, `HEAD` and `POST /{projectKey}`.
pub(crate) fn routes(mut builder: ServiceBuilder, projects: &Arc<Collection<Projects>>) -> ServiceBuilder {
    let answered = builder.parts().answer::<ProjectAnswer>();
    let taken = builder.parts().request::<UpdateRequest<ProjectAction>>();
    let path = "/{projectKey}";
    let view = ["view_project_settings"];
    let operations = [
        Operation::new("get", path, "Gets the project's settings.")
            .scopes(view)
            .gives(200, Some(answered.clone())),
        Operation::new("head", path, "Whether the project is there.").scopes(view).gives(200, None),
        Operation::new("post", path, "Changes the project's settings.")
            .scopes(["manage_project_settings"])
            .takes(taken)
            .gives(200, Some(answered)),
    ];
    let (read, change) = (Arc::clone(projects), Arc::clone(projects));
    let handler = get(move |request: RequestInfo, Path(key): Path<String>| async move {
        request.caller.require_view(Kind::Project)?;
        let found = read.get(&request, &selector(request.project()), &Access::PROJECT).await?;
        let found = found.ok_or_else(|| ApiError::key_not_found(&key))?;
        Reply::Ok(ok(answer(&found)?))
    })
    .merge(post(move |request: RequestInfo, Path(key): Path<String>, body: Bytes| async move {
        request.caller.require_manage(Kind::Project)?;
        let update: UpdateRequest<ProjectAction> = json(&body)?;
        let changed =
            change.update(&request, &selector(request.project()), &Access::PROJECT, &update).await?;
        let changed = changed.ok_or_else(|| ApiError::key_not_found(&key))?;
        Reply::Ok(ok(answer(&changed.json)?))
    }));
    builder.route("/{project}", &operations, handler)
}

/// The document of a project. A key that is too long for an id names none.
pub(crate) fn selector(key: &str) -> Selector {
    Id::parse(key).map_or_else(|| Selector::key(key), Selector::Id)
}

/// The stored text without what the API does not show of a project: id, modification and authors.
fn answer(stored: &str) -> Result<String> {
    let stored = Stored::<Project>::from_json(stored).map_err(|e| internal(&e))?;
    let answer = ProjectAnswer {
        version: stored.meta.version,
        created_at: stored.meta.created_at,
        project: stored.body,
    };
    serde_json::to_string(&answer).map_err(|e| internal(&e))
}
