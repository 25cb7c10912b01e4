//! Tax categories: what products and shipping are taxed with, per country and state.

use crate::zones::refuse_if_used;
use api::tax_category::{TaxCategory, TaxCategoryAction, TaxCategoryDraft, TaxRate, TaxRateDraft};
use api::{ApiError, Id, Key, Kind};
use kit::resource::{Context, Decision, Rules, State};
use kit::store::Claim;
use serde_json::Value;

/// The most rates of a category: every country with all its states.
const MAX_RATES: usize = 1_000;

/// The rules of tax categories.
pub struct TaxCategories;

impl Rules for TaxCategories {
    type Body = TaxCategory;
    type Hidden = ();
    type Draft = TaxCategoryDraft;
    type Action = TaxCategoryAction;

    const KIND: Kind = Kind::TaxCategory;

    fn create(draft: &TaxCategoryDraft, cx: &mut Context<'_>) -> Decision<(TaxCategory, ())> {
        let rates = draft.rates.iter().map(|rate| new_rate(rate, cx)).collect::<Decision<_>>()?;
        let category = TaxCategory {
            name: draft.name.clone(),
            description: draft.description.clone(),
            rates,
            key: draft.key.clone(),
        };
        Ok((category, ()))
    }

    fn apply(category: &mut State<Self>, action: &TaxCategoryAction, cx: &mut Context<'_>) -> Decision<()> {
        match action {
            TaxCategoryAction::ChangeName { name } => category.name.clone_from(name),
            TaxCategoryAction::SetKey { key } => category.key.clone_from(key),
            TaxCategoryAction::SetDescription { description } => category.description.clone_from(description),
            TaxCategoryAction::AddTaxRate { tax_rate } => {
                let rate = new_rate(tax_rate, cx)?;
                category.rates.push(rate);
            }
            TaxCategoryAction::ReplaceTaxRate { tax_rate_id, tax_rate_key, tax_rate } => {
                let at = find(&category.rates, tax_rate_id.as_ref(), tax_rate_key.as_ref())?;
                // The rate that takes the place is a new one, unless nothing but its id would differ.
                let held = &category.rates[at];
                let mut rate = new_rate(tax_rate, cx)?;
                rate.id.clone_from(&held.id);
                if *held != rate {
                    rate.id = Some(cx.new_id());
                    category.rates[at] = rate;
                }
            }
            TaxCategoryAction::RemoveTaxRate { tax_rate_id, tax_rate_key } => {
                let at = find(&category.rates, tax_rate_id.as_ref(), tax_rate_key.as_ref())?;
                category.rates.remove(at);
            }
        }
        Ok(())
    }

    fn settle(category: &mut State<Self>, _cx: &mut Context<'_>) -> Decision<()> {
        if category.rates.len() > MAX_RATES {
            let message = format!("A tax category has at most {MAX_RATES} rates.");
            return Err(ApiError::invalid_operation(message).into());
        }
        Ok(pricing::check_rates(&category.rates)?)
    }

    fn delete(category: &State<Self>, cx: &mut Context<'_>) -> Decision<()> {
        let used = format!("taxCategory(id = {})", Value::from(&category.meta.id));
        refuse_if_used(cx, Kind::TaxCategory, Kind::ShippingMethod, used.clone())?;
        refuse_if_used(cx, Kind::TaxCategory, Kind::Product, used)
    }

    fn claims(category: &TaxCategory) -> Vec<Claim> {
        category.key.iter().map(|key| Claim::new("key", key.as_str())).collect()
    }
}

fn new_rate(draft: &TaxRateDraft, cx: &Context<'_>) -> Decision<TaxRate> {
    Ok(pricing::tax_rate(draft.clone(), cx.new_id())?)
}

fn find(rates: &[TaxRate], id: Option<&Id>, key: Option<&Key>) -> Decision<usize> {
    let (found, name) = match (id, key) {
        (Some(id), None) => {
            (rates.iter().position(|rate| rate.id.as_ref() == Some(id)), format!("ID '{id}'"))
        }
        (None, Some(key)) => {
            (rates.iter().position(|rate| rate.key.as_ref() == Some(key)), format!("key '{key}'"))
        }
        _ => {
            return Err(
                ApiError::invalid_json("exactly one of 'taxRateId' and 'taxRateKey' is required").into()
            );
        }
    };
    found
        .ok_or_else(|| ApiError::invalid_operation(format!("The tax rate with {name} was not found.")).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Code;
    use kit::clock::SystemClock;
    use kit::http::RequestInfo;
    use kit::resource::{Facts, Stop};
    use kit::store::Visibility;
    use serde_json::json;

    fn with<T>(rule: impl FnOnce(&mut Context<'_>) -> Decision<T>) -> Result<T, ApiError> {
        let (facts, request) = (Facts::default(), RequestInfo::system("demo", "test"));
        let now = api::Timestamp::from_millis(0);
        let id = Id::parse("tc").unwrap();
        match rule(&mut Context::new(now, id, &request, &SystemClock, &facts)) {
            Ok(value) => Ok(value),
            Err(Stop::Refused(error)) => Err(error),
            Err(Stop::Missing) => panic!("nothing needs to be looked up"),
        }
    }

    fn create(rates: &Value) -> Result<TaxCategory, ApiError> {
        let draft: TaxCategoryDraft = serde_json::from_value(json!({"name": "all", "rates": rates})).unwrap();
        with(|cx| update_of(TaxCategories::create(&draft, cx)?.0, &[], cx))
    }

    fn update(category: &TaxCategory, actions: &Value) -> Result<TaxCategory, ApiError> {
        let actions: Vec<TaxCategoryAction> = serde_json::from_value(actions.clone()).unwrap();
        with(|cx| update_of(category.clone(), &actions, cx))
    }

    fn update_of(
        body: TaxCategory,
        actions: &[TaxCategoryAction],
        cx: &mut Context<'_>,
    ) -> Decision<TaxCategory> {
        let meta = cx.meta_of_new();
        let mut state =
            State::<TaxCategories> { body, hidden: (), visibility: Visibility::Live, due_at: None, meta };
        for action in actions {
            TaxCategories::apply(&mut state, action, cx)?;
        }
        TaxCategories::settle(&mut state, cx)?;
        Ok(state.body)
    }

    fn rate(country: &str, state: Option<&str>) -> Value {
        json!({"name": "VAT", "amount": 0.19, "includedInPrice": true, "country": country, "state": state})
    }

    #[test]
    fn a_place_has_one_rate() {
        let good =
            create(&json!([rate("DE", None), rate("US", Some("CA")), rate("US", Some("NY"))])).unwrap();
        assert!(good.rates.iter().all(|rate| rate.id.is_some()));
        let twice = create(&json!([rate("DE", None), rate("DE", Some(""))])).unwrap_err();
        assert_eq!(twice.code(), Code::DuplicateField);
        let mut parts = rate("DE", None);
        parts["subRates"] = json!([{"name": "a", "amount": 0.1}]);
        assert_eq!(create(&json!([parts])).unwrap_err().code(), Code::InvalidOperation);
    }

    #[test]
    fn a_rate_is_replaced_by_a_new_one_unless_it_is_the_same() {
        let category = create(&json!([rate("DE", None)])).unwrap();
        let id = category.rates[0].id.clone();
        let replace = |with: Value| json!([{"action": "replaceTaxRate", "taxRateId": id, "taxRate": with}]);
        assert_eq!(update(&category, &replace(rate("DE", None))).unwrap(), category);
        let other = update(&category, &replace(rate("AT", None))).unwrap();
        assert_ne!(other.rates[0].id, id);
        // The place becomes free in the same request.
        let moved = json!([{"action": "addTaxRate", "taxRate": rate("DE", None)}, {"action": "removeTaxRate", "taxRateId": id}]);
        assert_eq!(update(&category, &moved).unwrap().rates.len(), 1);
        let unknown = json!([{"action": "removeTaxRate", "taxRateId": "none"}]);
        assert_eq!(update(&category, &unknown).unwrap_err().code(), Code::InvalidOperation);
    }
}
