//! The rules of projects and their API clients.

use super::Report;
use super::names::{
    RESERVED_PROJECT_KEYS, is_country, is_currency, is_label, is_language, is_project_key, short, wrong,
};
use crate::project::{ApiClient, Project};
use crate::schema::unknown_field;
use crate::validated::{ValidatedClient, ValidatedProject};
use std::collections::{BTreeMap, BTreeSet};

const MAX_PROJECTS: usize = 100;
const MAX_CLIENTS: usize = 100;
const MAX_CODES: usize = 300;
/// Bytes of all declared projects and API clients together: they go into one Secret, which holds 1 MiB.
const MAX_DECLARED: usize = 900_000;

macro_rules! scopes {
    (both: [$($both:literal),*], manage: [$($manage:literal),*], view: [$($view:literal),*], own: [$($own:literal),*]) => {
        /// Every scope name of the API (contract §1), without the project key.
        pub const SCOPES: &[&str] = &[
            $(concat!("manage_", $both), concat!("view_", $both),)*
            $(concat!("manage_", $manage),)* $(concat!("view_", $view),)* $($own,)*
        ];
    };
}

scopes! {
    both: [
        "api_clients", "approval_flows", "approval_rules", "associate_roles", "attribute_groups", "business_units",
        "cart_discounts", "categories", "channels", "customer_groups", "customers", "discount_codes",
        "key_value_documents", "mcp_servers", "order_edits", "orders", "payment_methods", "payments",
        "product_discounts", "product_selections", "product_types", "products", "project_settings", "quote_requests",
        "quotes", "recurrence_policies", "recurring_orders", "shipping_methods", "shopping_lists", "staged_quotes",
        "standalone_prices", "states", "stores", "tax_categories", "types", "zones"
    ],
    manage: [
        "extensions", "subscriptions", "project", "locked_carts", "my_business_units", "my_orders", "my_payments",
        "my_profile", "my_quote_requests", "my_quotes", "my_shopping_lists"
    ],
    view: ["audit_log", "messages", "published_products"],
    own: ["create_anonymous_token", "introspect_oauth_tokens"]
}

/// Checks and completes the projects; none given means one named like the stack.
pub(super) fn projects(stack: &str, given: &[Project], report: &mut Report) -> Vec<ValidatedProject> {
    report.demand(
        given.len() <= MAX_PROJECTS,
        "spec.projects",
        format!("has {} entries; at most {MAX_PROJECTS} are allowed", given.len()),
    );
    if given.is_empty() {
        return default_project(stack, report).into_iter().collect();
    }
    let mut keys = BTreeMap::new();
    let mut labels = BTreeMap::new();
    let mut projects = Vec::new();
    for (index, project) in given.iter().take(MAX_PROJECTS).enumerate() {
        let path = format!("spec.projects[{index}]");
        // What a wrong key entails is no second complaint.
        let mut unknown = BTreeMap::new();
        let mut labels = &mut labels;
        if let Some(reason) = bad_key(&project.key) {
            labels = &mut unknown;
            report.refuse(format_args!("{path}.key"), reason);
        } else if let Some(first) = keys.insert(project.key.as_str(), index) {
            labels = &mut unknown;
            let message = format!("'{}' is the key of spec.projects[{first}] already", project.key);
            report.refuse(format_args!("{path}.key"), message);
        }
        projects.push(one_project(project, &path, labels, report));
    }
    let declared: usize = projects.iter().map(declared_bytes).sum();
    report.demand(
        declared <= MAX_DECLARED,
        "spec.projects",
        format!(
            "declares about {declared} bytes of projects and API clients; at most {MAX_DECLARED} fit into \
             the Secret that tells the services; split the stack, or make clients through the API"
        ),
    );
    projects
}

/// About what the project takes in the Secret, with its clients twice: with their credentials, and with those of the
/// rotation before.
fn declared_bytes(project: &ValidatedProject) -> usize {
    let texts = |texts: &[String]| texts.iter().map(|text| text.len() + 3).sum::<usize>();
    let codes = texts(&project.currencies) + texts(&project.countries) + texts(&project.languages);
    let clients = project.api_clients.iter();
    let clients: usize = clients.map(|client| client.name.len() + texts(&client.scopes) + 200).sum();
    project.key.len() + project.name.len() + codes + 2 * clients + 400
}

fn default_project(stack: &str, report: &mut Report) -> Option<ValidatedProject> {
    if let Some(reason) = bad_key(stack) {
        // A name that breaks the rules of names has been reported already.
        if is_label(stack, 40) {
            let advice = "the project of a stack without spec.projects is named like the stack; give spec.projects a key";
            report.refuse("spec.projects", format!("{reason}; {advice}"));
        }
        return None;
    }
    let project = Project { key: stack.to_owned(), ..Project::default() };
    Some(one_project(&project, "spec.projects[0]", &mut BTreeMap::new(), report))
}

fn bad_key(key: &str) -> Option<String> {
    if !is_project_key(key) {
        let rule = "a project key: 2 to 36 lower-case letters, digits, hyphens and underscores, \
                    beginning and ending with a letter or digit";
        return Some(wrong(key, rule));
    }
    let reserved = RESERVED_PROJECT_KEYS.contains(&key);
    reserved.then(|| format!("'{key}' is reserved for the gateway's own routes; choose another key"))
}

fn one_project(
    project: &Project,
    path: &str,
    labels: &mut BTreeMap<String, String>,
    report: &mut Report,
) -> ValidatedProject {
    let Project { key, name, currencies, countries, languages, sample_data, api_clients } = project;
    if let Some(name) = name
        && !(1..=256).contains(&name.chars().count())
    {
        report.refuse(format_args!("{path}.name"), "must have 1 to 256 characters");
    }
    let mut codes = |field: &str, given: &[String], default: &str, good: fn(&str) -> bool, what: &str| {
        let path = format!("{path}.{field}");
        report.demand(given.len() <= MAX_CODES, &path, format!("has more than {MAX_CODES} entries"));
        let mut seen = BTreeSet::new();
        for (index, code) in given.iter().take(MAX_CODES).enumerate() {
            if !good(code) {
                report.refuse(format_args!("{path}[{index}]"), wrong(code, what));
            } else if !seen.insert(code) {
                report.refuse(format_args!("{path}[{index}]"), format!("'{code}' is given twice"));
            }
        }
        if given.is_empty() { vec![default.to_owned()] } else { given.to_vec() }
    };
    let currencies =
        codes("currencies", currencies, "EUR", is_currency, "a currency of ISO 4217, such as EUR");
    let countries = codes(
        "countries",
        countries,
        "DE",
        is_country,
        "a country of ISO 3166-1: two upper-case letters, such as DE",
    );
    let languages = codes("languages", languages, "en", is_language, "a language, such as en or de-AT");
    ValidatedProject {
        name: name.clone().unwrap_or_else(|| key.clone()),
        currencies,
        countries,
        languages,
        sample_data: sample_data.unwrap_or(false),
        api_clients: clients(key, api_clients, path, labels, report),
        key: key.clone(),
    }
}

/// Checks and completes the API clients; none given means `admin`, because nobody could reach a
/// project without any.
fn clients(
    project: &str,
    given: &[ApiClient],
    path: &str,
    labels: &mut BTreeMap<String, String>,
    report: &mut Report,
) -> Vec<ValidatedClient> {
    let path = format!("{path}.apiClients");
    report.demand(
        given.len() <= MAX_CLIENTS,
        &path,
        format!("has {} entries; at most {MAX_CLIENTS} are allowed", given.len()),
    );
    let admin = [ApiClient {
        name: "admin".to_owned(),
        scopes: vec!["manage_project".to_owned(), "manage_api_clients".to_owned()],
        ..ApiClient::default()
    }];
    let given = if given.is_empty() { &admin } else { given };
    let mut names = BTreeMap::new();
    let mut made = Vec::new();
    for (index, client) in given.iter().take(MAX_CLIENTS).enumerate() {
        let path = format!("{path}[{index}]");
        let label = format!("{project}-{}", client.name).replace('_', "-");
        let name_path = format!("{path}.name");
        if !is_label(&client.name, 40) {
            let rule = "a client name: up to 40 lower-case letters, digits and hyphens, \
                        beginning and ending with a letter or digit";
            report.refuse(&name_path, wrong(&client.name, rule));
        } else if let Some(first) = names.insert(client.name.as_str(), index) {
            report
                .refuse(&name_path, format!("'{}' is the name of apiClients[{first}] already", client.name));
        } else if let Some(first) = labels.insert(label.clone(), path.clone()) {
            let message =
                format!("its credentials would be named '{label}' like those of {first}; rename one");
            report.refuse(&name_path, message);
        }
        made.push(ValidatedClient {
            name: client.name.clone(),
            label,
            scopes: scopes(client, &path, report),
            access_token_validity_seconds: report.number(
                client.access_token_validity_seconds,
                172_800,
                3_600,
                604_800,
                format_args!("{path}.accessTokenValiditySeconds"),
            ),
            refresh_token_validity_seconds: report.number(
                client.refresh_token_validity_seconds,
                17_280_000,
                30,
                31_536_000,
                format_args!("{path}.refreshTokenValiditySeconds"),
            ),
        });
    }
    made
}

fn scopes(client: &ApiClient, path: &str, report: &mut Report) -> Vec<String> {
    let path = format!("{path}.scopes");
    let count = client.scopes.len();
    report.demand(
        count > 0,
        &path,
        "is empty; an API client needs at least one scope, such as view_products",
    );
    report.demand(
        count <= SCOPES.len(),
        &path,
        format!("has {count} entries; there are only {}", SCOPES.len()),
    );
    let mut seen = BTreeSet::new();
    for (index, scope) in client.scopes.iter().take(SCOPES.len()).enumerate() {
        let path = format!("{path}[{index}]");
        if let Some((name, _)) = scope.split_once(':') {
            let message = format!("'{}' names a project; write '{}' alone", short(scope), short(name));
            report.refuse(path, message);
        } else if !SCOPES.contains(&scope.as_str()) {
            report.refuse(path, unknown_field("scope", scope, SCOPES));
        } else if !seen.insert(scope.as_str()) {
            report.refuse(path, format!("'{scope}' is given twice"));
        }
    }
    client.scopes.clone()
}
