//! Lists that can only have one result: predicates that demand a unique value, as shops do that look a
//! product up by its slug or sku. They are answered by that value instead of by a scan.

use api::Id;
use kit::resource::ListRequest;
use kit::store::{Claim, Page, Selector};
use predicate::{Comparison, Expr, Filter, Literal, Test};

/// The only product that can meet the filter, if it demands a unique value of projections.
pub(crate) fn selector(list: &ListRequest) -> Option<Selector> {
    list.filters.iter().find_map(|filter| demanded(filter.filter(), &mut Vec::new()))
}

fn demanded<'f>(filter: &'f Filter, path: &mut Vec<&'f str>) -> Option<Selector> {
    match filter {
        Expr::And(parts) => parts.iter().find_map(|part| demanded(part, path)),
        // Each alternative must demand the same.
        Expr::Or(parts) => {
            let (first, rest) = parts.split_first()?;
            let one = demanded(first, path)?;
            rest.iter().all(|part| demanded(part, path).as_ref() == Some(&one)).then_some(one)
        }
        Expr::Not(_) => None,
        Expr::Field { name, test, .. } => {
            path.push(name);
            let found = match test {
                Test::Nested(inner) => demanded(inner, path),
                Test::Compare(Comparison::Equal, Literal::Text(value)) => named(path, value),
                _ => None,
            };
            path.pop();
            found
        }
    }
}

/// What the value of the field at that path names.
fn named(path: &[&str], value: &str) -> Option<Selector> {
    Some(match path {
        ["id"] => Selector::Id(Id::parse(value)?),
        ["key"] => Selector::key(value),
        ["slug", locale] => Selector::Claim(Claim::new(format!("slug.{locale}"), value)),
        ["masterVariant" | "variants", "sku"] => Selector::Claim(Claim::new("sku", value)),
        _ => return None,
    })
}

/// The page of the one product that was found by its unique value, if it meets the whole request.
pub(crate) fn page(list: &ListRequest, found: Option<String>) -> serde_json::Result<Page> {
    let mut results = Vec::new();
    if let Some(text) = found {
        let document: serde_json::Value = serde_json::from_str(&text)?;
        if list.filters.iter().all(|filter| filter.matches(&document)) {
            results.push(text);
        }
    }
    let total = list.count_to.map(|_| u64::from(!results.is_empty()));
    if list.offset > 0 || list.limit == 0 {
        results.clear();
    }
    Ok(Page { results, total })
}
