//! Under the chart's own ServiceAccount: everything works, nothing is forbidden, and no right is there for nothing.

use crate::site::{RELEASE, Site};
use crate::support::traffic::{Call, Traffic, refusal};
use crate::support::{Lab, config, until};
use axum::http::Method;
use commerce_operator::config::{Config, Lease};
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

const MAPS: &str = "v1 ConfigMap configmaps";

/// Rights that no test can use, with the reason why they are there.
const UNUSED: [(&str, &str); 1] = [(
    "update commercestack.io/commercestacks/finalizers",
    "asked for by the admission plug-in OwnerReferencesPermissionEnforcement, which is off by default",
)];

/// `VERB GROUP/RESOURCE`: the rights that a request needs.
fn needed((call, status): &(Call, u16)) -> Vec<String> {
    let parts: Vec<&str> = call.path.split('/').skip(1).collect();
    let (group, rest) = match &parts[..] {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => panic!("{}", call.path),
    };
    let rest = match rest {
        ["namespaces", _, rest @ ..] => rest,
        _ => rest,
    };
    let (resource, named) = match rest {
        // Which kinds a group has: anybody may know.
        [] => return Vec::new(),
        [resource] => ((*resource).to_owned(), false),
        [resource, _] => ((*resource).to_owned(), true),
        [resource, _, part] => (format!("{resource}/{part}"), true),
        _ => panic!("{}", call.path),
    };
    let verbs: &[&str] = match (&call.method, named) {
        (&Method::GET, _) if call.query.contains("watch=true") => &["watch"],
        (&Method::GET, true) => &["get"],
        (&Method::GET, false) => &["list"],
        (&Method::POST, _) => &["create"],
        (&Method::PUT, _) => &["update"],
        // An apply that makes the object needs both.
        (&Method::PATCH, _) if *status == 201 => &["patch", "create"],
        (&Method::PATCH, _) => &["patch"],
        (&Method::DELETE, true) => &["delete"],
        _ => panic!("{} {}", call.method, call.path),
    };
    verbs.iter().map(|verb| format!("{verb} {group}/{resource}")).collect()
}

/// What the rules of a role give, in the same words.
fn given(role: &Value) -> BTreeSet<String> {
    let texts = |rule: &Value, field: &str| -> Vec<String> {
        rule[field].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut all = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        for group in texts(rule, "apiGroups") {
            for resource in texts(rule, "resources") {
                let verbs = texts(rule, "verbs").into_iter();
                all.extend(verbs.map(|verb| format!("{verb} {group}/{resource}")));
            }
        }
    }
    all
}

fn nothing_was_forbidden(traffic: &Traffic) {
    let forbidden: Vec<(Call, u16)> =
        traffic.answers().into_iter().filter(|(_, status)| [401, 403].contains(status)).collect();
    assert_eq!(forbidden, []);
}

fn elected(lab: &Lab) -> Config {
    let mut config = lab.config();
    config.lease = Some(Lease::new(lab.namespace.clone()));
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn every_right_that_the_chart_gives_is_used_and_no_other_is_asked_for() {
    let site = Site::new("rights").await;
    site.helm("install", &[]).await.unwrap();
    site.lab.define_routes().await;
    let lab = Lab::on(Arc::clone(&site.lab.cluster), "team").await;
    let settings = Config { watch_namespace: None, ..elected(&site.lab) };
    // What others have is not heard of, so every name is looked up before it is taken.
    let traffic: Arc<Traffic> = Arc::default();
    traffic.answer(|call| {
        let others = call.query.contains("managed-by%21%3D");
        others.then(|| refusal(500, "InternalError", "etcd is away"))
    });
    let account = config(&site.kubeconfig().await).await;
    let operator = site.lab.operator_as(account, settings, Arc::clone(&traffic));

    let full = json!({
        "deletionPolicy": "Delete",
        "projects": [{"key": "demo", "sampleData": true}],
        "gateway": {"httpRoute": {"parentRefs": [{"name": "public"}]}},
        "services": {"cart": {"autoscaling": {"minReplicas": 1, "maxReplicas": 3}}},
    });
    lab.apply_whole("shop", full).await;
    lab.apply("market", json!({"gateway": {"host": "market.example.com", "ingress": {}}})).await;
    let stack = lab.written("shop").await;
    lab.written("market").await;
    traffic.heal();

    // What is no longer wanted goes.
    lab.apply_whole("shop", json!({"services": {"inventory": {"enabled": false}}})).await;
    lab.apply("market", json!({})).await;
    // So does what only an earlier release made.
    for kind in [MAPS, "apps/v1 StatefulSet statefulsets"] {
        let former = former(&stack.uid().unwrap(), kind);
        let params = PatchParams::apply("commerce-operator");
        lab.objects(kind).patch("shop-former", &params, &Patch::Apply(&former)).await.unwrap();
    }
    lab.written("shop").await;
    lab.written("market").await;
    until("all of it is gone", async || {
        let gone = |name: &String| {
            let optional = ["Job", "Ingress", "HorizontalPodAutoscaler"];
            optional.iter().any(|kind| name.starts_with(kind)) || name.contains("shop-former")
        };
        let left = [lab.children("shop").await, lab.children("market").await];
        let routes = lab.objects("gateway.networking.k8s.io/v1 HTTPRoute httproutes");
        let routes = routes.list(&Default::default()).await.unwrap();
        (!left.iter().any(|left| left.keys().any(gone)) && routes.items.is_empty()).then_some(())
    })
    .await;

    // What happens twice is one event with a count.
    for value in ["one", "two"] {
        let (by, change) = (PatchParams::default(), json!({"data": {"cart": value}}));
        lab.objects(MAPS).patch("shop-trust", &by, &Patch::Merge(&change)).await.unwrap();
        until("the key is set back", async || {
            let map = lab.objects(MAPS).get("shop-trust").await.unwrap();
            (map.data["data"]["cart"] != json!(value)).then_some(())
        })
        .await;
        operator.quiet().await;
    }

    lab.define_loosely().await;
    let strange = json!({"apiVersion": "commercestack.io/v1alpha1", "kind": "CommerceStack",
        "metadata": {"name": "strange"}, "spec": {"projects": "all of them"}});
    let strange = serde_json::from_value(strange).unwrap();
    let raw = lab.objects("commercestack.io/v1alpha1 CommerceStack commercestacks");
    until("any spec is taken", async || raw.create(&PostParams::default(), &strange).await.ok()).await;
    until("it says that it cannot be read", async || {
        raw.get("strange").await.unwrap().data.pointer("/status/conditions").cloned()
    })
    .await;
    operator.stop().await;

    nothing_was_forbidden(&traffic);
    let used: BTreeSet<String> = traffic.answers().iter().flat_map(needed).collect();
    let [all, leader] = [("clusterrole", RELEASE), ("role", "commerce-operator-leader")];
    let mut given = given(&site.object(all.0, all.1).await.unwrap());
    given.append(&mut self::given(&site.object(leader.0, leader.1).await.unwrap()));
    let missing: Vec<&String> = used.difference(&given).collect();
    assert!(missing.is_empty(), "used, but not given: {missing:#?}");
    let excepted = |right: &&&String| !UNUSED.iter().any(|(unused, _)| unused == **right);
    let idle: Vec<&String> = given.difference(&used).collect();
    let idle: Vec<&&String> = idle.iter().filter(excepted).collect();
    assert!(idle.is_empty(), "given, but never used: {idle:#?}");
    assert!(UNUSED.iter().all(|(right, _)| given.contains(*right) && !used.contains(*right)));
}

/// An object as another release of the operator left it, of the stack with this uid.
fn former(uid: &str, kind: &str) -> Value {
    let labels =
        json!({"app.kubernetes.io/managed-by": "commerce-operator", "commercestack.io/stack": "shop"});
    let owner = json!({"apiVersion": "commercestack.io/v1alpha1", "kind": "CommerceStack", "name": "shop",
        "uid": uid, "controller": true});
    let mut words = kind.split(' ');
    let mut object = json!({"apiVersion": words.next(), "kind": words.next(),
        "metadata": {"name": "shop-former", "labels": labels, "ownerReferences": [owner]}});
    if kind != MAPS {
        let pod = json!({"metadata": {"labels": {"app": "former"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}});
        object["spec"] = json!({"replicas": 0, "serviceName": "former",
            "selector": {"matchLabels": {"app": "former"}}, "template": pod});
    }
    object
}

#[tokio::test(flavor = "multi_thread")]
async fn for_one_namespace_nothing_outside_of_it_is_needed_or_touched() {
    let site = Site::new("alone").await;
    site.helm("install", &["scope=namespace"]).await.unwrap();
    let (lab, other) = (&site.lab, Lab::on(Arc::clone(&site.lab.cluster), "other").await);
    let traffic: Arc<Traffic> = Arc::default();
    let account = config(&site.kubeconfig().await).await;
    let operator = lab.operator_as(account, elected(lab), Arc::clone(&traffic));
    other.apply("shop", json!({})).await;
    lab.apply("shop", json!({"deletionPolicy": "Delete"})).await;
    lab.written("shop").await;

    let deployments = lab.objects("apps/v1 Deployment deployments");
    let scaled = json!({"spec": {"replicas": 7}});
    deployments.patch("shop-cart", &PatchParams::default(), &Patch::Merge(&scaled)).await.unwrap();
    lab.event("shop", "DriftCorrected").await;
    deployments.delete("shop-project", &DeleteParams::default()).await.unwrap();
    until("it is there again", async || deployments.get_opt("shop-project").await.unwrap()).await;
    lab.delete("shop").await;
    lab.event("shop", "Deleted").await;
    operator.stop().await;

    nothing_was_forbidden(&traffic);
    let inside = format!("/namespaces/{}/", lab.namespace);
    let outside = |(call, _): &&(Call, u16)| {
        !call.path.contains(&inside) && call.path != "/apis/gateway.networking.k8s.io/v1"
    };
    let answers = traffic.answers();
    assert_eq!(answers.iter().filter(outside).collect::<Vec<_>>(), Vec::<&(Call, u16)>::new());
    assert!(other.stacks().get("shop").await.unwrap().status.is_none());
    assert!(other.children("shop").await.is_empty());
}
