//! Some hundred examples with one thing wrong in each: the API server refuses them with the path, or the operator
//! says how they are; none stops it or keeps it from the others.
//!
//! `MUTANTS_SEED=…` repeats a run.

use crate::fixture::{CA, directory, examples};
use crate::support::{Lab, free_address, get, said};
use crds::CommerceStack;
use futures::future::join_all;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams, ValidationDirective};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const MUTANTS: usize = 240;

/// Steps from a spec to something in it.
type Place = Vec<String>;

/// A spec to begin with, and what it draws from.
struct Lane {
    name: String,
    spec: Value,
    random: StdRng,
    /// How often the stack was begun anew.
    age: usize,
}

/// What came of the mutants.
#[derive(Default)]
struct Tally(BTreeMap<String, usize>);

fn specs() -> Vec<Value> {
    let read = |name: String| {
        let text = std::fs::read_to_string(directory().join(format!("{name}.yaml"))).unwrap();
        serde_yaml::from_str::<Value>(&text).unwrap()["spec"].take()
    };
    examples().into_iter().map(read).collect()
}

fn children(of: &Value) -> Vec<String> {
    match of {
        Value::Object(fields) => fields.keys().cloned().collect(),
        Value::Array(items) => (0..items.len()).map(|index| index.to_string()).collect(),
        _ => Vec::new(),
    }
}

fn pointer(place: &[String]) -> String {
    place.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

/// Every place in a spec but the whole.
fn places(spec: &Value) -> Vec<Place> {
    let mut all = Vec::new();
    let mut open = vec![Place::new()];
    while let Some(place) = open.pop() {
        for child in children(spec.pointer(&pointer(&place)).unwrap()) {
            let deeper = [place.clone(), vec![child]].concat();
            open.push(deeper.clone());
            all.push(deeper);
        }
    }
    all
}

fn words(random: &mut StdRng) -> Value {
    let words = [
        "",
        " ",
        "Sometimes",
        "EUR",
        "eur",
        "XXX",
        "../../etc",
        "a/b",
        "-1",
        "1e9",
        "10Gi",
        "0",
        "127.0.0.1:1",
        "*",
        "null",
        "true",
        "shop",
        "view_orders",
        "https://a.example.com",
        "a.example.com",
        "2562047788015215h",
        "ключ",
        "日本語",
        "é\u{301}",
        "\u{202e}abc",
        "a\nb",
        "\u{0}",
        "😀",
        "${PATH}",
        "{{ .Values }}",
        "'; --",
    ];
    json!(words.choose(random).unwrap())
}

fn numbers(random: &mut StdRng) -> Value {
    let numbers = [-1, 0, 1, 2, 3, 7, 100, 101, 65536, i64::from(i32::MAX), i64::MAX, i64::MIN];
    json!(numbers.choose(random).unwrap())
}

/// Another value for what is there; nothing to take it away.
fn other(there: &Value, alike: &[Value], random: &mut StdRng) -> Option<Value> {
    Some(match random.random_range(0..10) {
        0 => return None,
        1 | 2 => words(random),
        3 => numbers(random),
        4 => json!(1.5),
        5 => [json!(null), json!(true), json!([]), json!({}), json!([[]]), json!({"a": "b"})]
            .choose(random)
            .unwrap()
            .clone(),
        // What stands there in another example, or anywhere.
        6 | 7 => alike.choose(random).cloned().unwrap_or_else(|| words(random)),
        _ => match there {
            Value::String(text) => match random.random_range(0..3) {
                0 => json!(text.repeat(1 + 20_000 / text.len().max(1))),
                1 => json!(format!("{text}{}", words(random).as_str().unwrap())),
                _ => json!(text.to_uppercase()),
            },
            Value::Number(number) => json!(number.as_i64().unwrap_or(0) + random.random_range(-2..=2)),
            Value::Array(items) => {
                let again = items.choose(random).cloned().unwrap_or(json!("x"));
                let times = *[1, 2, 150].choose(random).unwrap();
                json!([items.clone(), vec![again; times]].concat())
            }
            Value::Object(fields) => {
                let mut fields = fields.clone();
                for number in 0..*[1, 200].choose(random).unwrap() {
                    fields.insert(format!("unknown{number}"), words(random));
                }
                json!(fields)
            }
            _ => json!({"unknown": there}),
        },
    })
}

/// Changes one thing in a spec and gives the section of the spec that it is in.
fn mutate(spec: &mut Value, all: &[Value], random: &mut StdRng) -> String {
    // Also what this spec does not have may be given.
    let known: Vec<Place> = all.iter().chain([&*spec]).flat_map(places).collect();
    let fits = |place: &Place| {
        let (last, holder) = place.split_last().unwrap();
        spec.pointer(&pointer(holder)).is_some_and(|holder| match holder {
            Value::Array(items) => last.parse::<usize>().unwrap() < items.len(),
            holder => holder.is_object(),
        })
    };
    let known: Vec<Place> = known.into_iter().filter(fits).collect();
    let place = known.choose(random).unwrap();
    let alike: Vec<Value> = all.iter().filter_map(|spec| spec.pointer(&pointer(place))).cloned().collect();
    let there = spec.pointer(&pointer(place)).cloned().unwrap_or_default();
    let new = other(&there, &alike, random);
    let (last, holder) = place.split_last().unwrap();
    match (spec.pointer_mut(&pointer(holder)).unwrap(), new) {
        (Value::Object(fields), Some(new)) => drop(fields.insert(last.clone(), new)),
        (Value::Object(fields), None) => drop(fields.remove(last)),
        (Value::Array(items), Some(new)) => items[last.parse::<usize>().unwrap()] = new,
        (Value::Array(items), None) => drop(items.remove(last.parse().unwrap())),
        _ => unreachable!(),
    }
    place[0].clone()
}

impl Lane {
    fn stack(&self) -> String {
        format!("{}-{}", self.name, self.age)
    }

    /// One mutant after the other, each over the stack that the last one left.
    async fn run(mut self, lab: &Lab, all: &[Value], count: usize) -> Tally {
        let mut tally = Tally::default();
        lab.apply_whole(&self.stack(), self.spec.clone()).await;
        for _ in 0..count {
            if self.random.random_bool(0.04) {
                self.misname(lab).await;
                tally.count("refused by name");
                continue;
            }
            let mut spec = self.spec.clone();
            let section = mutate(&mut spec, all, &mut self.random);
            let shown = || -> String { spec.to_string().chars().take(3000).collect() };
            match offer(lab, &self.stack(), &spec).await {
                Err(refused) => {
                    // An apply takes away what is empty, and that may be all of the spec.
                    assert!(
                        refused.contains(&format!("spec.{section}"))
                            || refused.contains("[spec: Required value"),
                        "{section} is not named: {refused}\n{}",
                        shown()
                    );
                    tally.count("refused");
                }
                Ok(stack) => {
                    let generation = stack.metadata.generation;
                    let what = format!("a condition about generation {generation:?} of {}", shown());
                    let stack = lab
                        .stack_where(&self.stack(), &what, |stack| {
                            let conditions = stack.status.iter().flat_map(|status| &status.conditions);
                            conditions.into_iter().any(|condition| {
                                condition.type_ == "Ready" && condition.observed_generation == generation
                            })
                        })
                        .await;
                    assert!(!serde_json::to_string(&stack).unwrap().contains("hunter2"), "{}", shown());
                    let (_, reason, message) = said(&stack.status.unwrap(), "Ready");
                    // What our rules let through, the API server must take.
                    let faults = ["ObjectRefused", "Undecodable", "InternalError"];
                    assert!(!faults.contains(&reason.as_str()), "{message}\n{}", shown());
                    tally.count(&reason);
                    // Some changes there cannot be undone.
                    if ["mongodb", "kafka"].contains(&section.as_str()) {
                        self.age += 1;
                    }
                }
            }
        }
        tally
    }

    async fn misname(&mut self, lab: &Lab) {
        let name = words(&mut self.random).as_str().unwrap().repeat(self.random.random_range(1..20));
        let name = format!("-{name}");
        let stack = json!({"apiVersion": "commercestack.io/v1alpha1", "kind": "CommerceStack",
            "metadata": {"name": name}, "spec": self.spec});
        let stack: DynamicObject = serde_json::from_value(stack).unwrap();
        let stacks = lab.objects("commercestack.io/v1alpha1 CommerceStack commercestacks");
        let refused = stacks.create(&PostParams::default(), &stack).await.unwrap_err();
        assert!(refused.to_string().contains("metadata.name"), "{name:?}: {refused}");
    }
}

/// Applies a stack as strictly as kubectl does.
async fn offer(lab: &Lab, name: &str, spec: &Value) -> Result<CommerceStack, String> {
    let stack = json!({"apiVersion": "commercestack.io/v1alpha1", "kind": "CommerceStack",
        "metadata": {"name": name}, "spec": spec});
    let mut params = PatchParams::apply("user").force();
    params.field_validation = Some(ValidationDirective::Strict);
    lab.stacks().patch(name, &params, &Patch::Apply(&stack)).await.map_err(|error| match error {
        kube::Error::Api(status) => status.message.clone(),
        other => panic!("{other}"),
    })
}

impl Tally {
    fn count(&mut self, what: &str) {
        *self.0.entry(what.to_owned()).or_default() += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mutants_are_refused_with_the_path_or_end_in_a_condition_and_harm_nobody() {
    let given = std::env::var("MUTANTS_SEED").ok();
    let seed = given.map_or_else(|| rand::random::<u32>().into(), |seed| seed.parse::<u64>().unwrap());
    println!("MUTANTS_SEED={seed}");
    let lab = Lab::new("mutants").await;
    // Nothing is to be learned here from pods that cannot run.
    let quota = json!({"metadata": {"name": "no-pods"}, "spec": {"hard": {"pods": "0"}}});
    let quotas = lab.objects("v1 ResourceQuota resourcequotas");
    quotas.create(&PostParams::default(), &serde_json::from_value(quota).unwrap()).await.unwrap();
    for (name, data) in [
        ("shop-mongodb-admin", json!({"uri": "mongodb://admin:hunter2hunter2@127.0.0.1:1"})),
        ("shop-kafka-user", json!({"username": "shop", "password": "hunter2hunter2"})),
        ("example-ca", json!({"ca.crt": CA})),
    ] {
        let secret = json!({"metadata": {"name": name}, "stringData": data});
        let secrets = lab.objects("v1 Secret secrets");
        secrets.create(&PostParams::default(), &serde_json::from_value(secret).unwrap()).await.unwrap();
    }
    let (mut settings, metrics) = (lab.config(), free_address());
    settings.metrics_address = Some(metrics);
    let operator = lab.operator_with(settings, Arc::default()).await;
    lab.apply("good", json!({})).await;
    lab.written("good").await;

    let all = specs();
    let count = MUTANTS.div_ceil(all.len());
    let lanes = all.iter().enumerate().map(|(number, spec)| Lane {
        name: format!("m{number}"),
        spec: spec.clone(),
        random: StdRng::seed_from_u64(seed + u64::try_from(number).unwrap()),
        age: 0,
    });
    let tallies = join_all(lanes.map(|lane| lane.run(&lab, &all, count))).await;
    let mut total = Tally::default();
    for (what, count) in tallies.into_iter().flat_map(|tally| tally.0) {
        *total.0.entry(what).or_default() += count;
    }
    println!("{:#?}", total.0);
    assert!(total.0["refused"] > MUTANTS / 5 && total.0["refused"] < MUTANTS, "{:?}", total.0);

    assert!(operator.is_running());
    let (_, metrics) = get(metrics, "/metrics").unwrap();
    assert!(!metrics.contains("result=\"fault\""), "a pass ended in a fault: {metrics}");
    lab.apply("good", json!({"services": {"cart": {"replicas": 2}}})).await;
    lab.written("good").await;
    let good = lab.children("good").await;
    assert_eq!(good["Deployment good-cart"]["spec"]["replicas"], json!(2));
    operator.stop().await;
}
