//! Bad input and a cluster that refuses: a condition that names it, recovery by itself, and nobody else hurt.

use crate::support::traffic::refusal;
use crate::support::{Lab, until};
use axum::http::{HeaderName, HeaderValue, Method};
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SECRETS: &str = "v1 Secret secrets";
const QUOTAS: &str = "v1 ResourceQuota resourcequotas";

#[tokio::test(flavor = "multi_thread")]
async fn poisoned_stacks_slow_nobody_down_and_the_last_good_objects_stay() {
    let lab = Lab::new("poison").await;
    let operator = lab.operator().await;
    lab.apply("good", json!({})).await;
    lab.written("good").await;
    // What CEL cannot know: a currency that does not exist.
    lab.apply("bad", json!({})).await;
    lab.written("bad").await;
    let before = lab.children("bad").await;
    let broken = json!({"projects": [{"key": "shop", "currencies": ["XQQ"], "countries": ["DE"], "languages": ["en"]}]});
    lab.apply("bad", broken).await;
    let message = lab.reason("bad", "Ready", "InvalidSpec").await;
    assert!(message.starts_with("spec.projects[0].currencies[0]"), "{message}");
    for number in 0..5 {
        let spec = json!({"mongodb": {"external": {"uriSecretRef": {"name": "none", "key": "uri"}}}});
        lab.apply(&format!("poor-{number}"), spec).await;
    }
    let message = lab.reason("poor-0", "Stalled", "ReferenceMissing").await;
    assert!(
        message.starts_with("spec.mongodb.external.uriSecretRef.name: Secret 'none' does not exist"),
        "{message}"
    );
    assert_eq!(lab.children("bad").await.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());

    let start = Instant::now();
    lab.apply("good", json!({"services": {"cart": {"replicas": 2}}})).await;
    lab.written("good").await;
    println!("a good stack among bad ones took {:?}", start.elapsed());
    assert_eq!(
        lab.children("good").await["Deployment shop-cart".replace("shop", "good").as_str()]["spec"]["replicas"],
        json!(2)
    );

    // They recover by themselves.
    let uri = json!({"metadata": {"name": "none"}, "stringData": {"uri": "mongodb://127.0.0.1:1"}});
    lab.objects(SECRETS).create(&PostParams::default(), &serde_json::from_value(uri).unwrap()).await.unwrap();
    lab.written("poor-4").await;
    lab.apply("bad", json!({})).await;
    lab.written("bad").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_told_by_path_without_its_contents_and_mended_by_its_change() {
    let lab = Lab::new("secret").await;
    let operator = lab.operator().await;
    let secrets = lab.objects(SECRETS);
    let uri = json!({"metadata": {"name": "mongo"}, "stringData": {"uri": "postgres://root:hunter2@db"}});
    secrets.create(&PostParams::default(), &serde_json::from_value(uri).unwrap()).await.unwrap();
    lab.apply("shop", json!({"mongodb": {"external": {"uriSecretRef": {"name": "mongo", "key": "uri"}}}}))
        .await;
    let message = lab.reason("shop", "Stalled", "ReferenceInvalid").await;
    assert!(
        message.starts_with("spec.mongodb.external.uriSecretRef") && !message.contains("hunter2"),
        "{message}"
    );
    let good = json!({"stringData": {"uri": "mongodb://root:hunter2@127.0.0.1:1"}});
    secrets.patch("mongo", &PatchParams::default(), &Patch::Merge(&good)).await.unwrap();
    lab.written("shop").await;
    let text = serde_json::to_string(&lab.stacks().get("shop").await.unwrap()).unwrap();
    let events = format!("{:?}", lab.events("shop").await);
    assert!(!text.contains("hunter2") && !events.contains("hunter2"));
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exceeded_quota_is_named_and_a_raised_one_noticed() {
    let lab = Lab::new("quota").await;
    let quota = json!({"metadata": {"name": "small"}, "spec": {"hard": {"count/deployments.apps": "3"}}});
    lab.objects(QUOTAS)
        .create(&PostParams::default(), &serde_json::from_value(quota).unwrap())
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({})).await;
    let message = lab.reason("shop", "Stalled", "QuotaExceeded").await;
    assert!(message.contains("Deployment shop-") && message.contains("small"), "{message}");
    assert!(lab.children("shop").await.contains_key("Service shop-gateway"), "the rest is written");
    lab.objects(QUOTAS).delete("small", &DeleteParams::default()).await.unwrap();
    lab.written("shop").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_the_cluster_that_refuses_objects_is_named_and_its_end_noticed() {
    let lab = Lab::new("policy").await;
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(lab.admin.clone());
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(lab.admin.clone());
    let name = lab.namespace.as_str();
    let deployments = json!({"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"],
        "resources": ["deployments"]});
    let policy = json!({"metadata": {"name": name}, "spec": {
        "matchConstraints": {"resourceRules": [deployments],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}},
        "validations": [{"expression": "object.spec.replicas > 1", "message": "run at least two pods"}]}});
    policies.create(&PostParams::default(), &serde_json::from_value(policy).unwrap()).await.unwrap();
    let binding =
        json!({"metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]}});
    bindings.create(&PostParams::default(), &serde_json::from_value(binding).unwrap()).await.unwrap();
    let single = json!({"metadata": {"name": "single"}, "spec": {"replicas": 1,
        "selector": {"matchLabels": {"app": "single"}}, "template": {"metadata": {"labels": {"app": "single"}},
            "spec": {"containers": [{"name": "single", "image": "single"}]}}}});
    let single = serde_json::from_value(single).unwrap();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    until("the policy is in force", async || {
        lab.objects("apps/v1 Deployment deployments").create(&dry, &single).await.err()
    })
    .await;

    let operator = lab.operator().await;
    lab.apply("shop", json!({"services": {"cart": {"replicas": 2}}})).await;
    let message = lab.reason("shop", "Stalled", "ObjectRefused").await;
    assert!(message.contains("Deployment shop-") && message.contains("run at least two pods"), "{message}");
    let children = lab.children("shop").await;
    assert!(children.contains_key("Deployment shop-cart") && children.contains_key("Service shop-gateway"));
    bindings.delete(name, &DeleteParams::default()).await.unwrap();
    policies.delete(name, &DeleteParams::default()).await.unwrap();
    lab.written("shop").await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_in_which_the_operator_may_not_write_says_so_and_the_others_go_on() {
    let lab = Lab::alone("allowed").await;
    lab.define().await;
    let forbidden = Lab::on(Arc::clone(&lab.cluster), "forbidden").await;
    let user = json!([{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "operator"}]);
    let rule = |groups: &[&str], resources: &[&str], verbs: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
    let roles: Api<ClusterRole> = Api::all(lab.admin.clone());
    for (name, rules) in [
        (
            "reader",
            json!([
                rule(&["*"], &["*"], &["get", "list", "watch"]),
                rule(&["commercestack.io"], &["*"], &["*"])
            ]),
        ),
        ("writer", json!([rule(&["*"], &["*"], &["*"])])),
    ] {
        let role = json!({"metadata": {"name": name}, "rules": rules});
        roles.create(&PostParams::default(), &serde_json::from_value(role).unwrap()).await.unwrap();
    }
    let binding = |role: &str| -> Value {
        json!({"metadata": {"name": role}, "subjects": user,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}})
    };
    let everywhere: Api<ClusterRoleBinding> = Api::all(lab.admin.clone());
    let reader = serde_json::from_value(binding("reader")).unwrap();
    everywhere.create(&PostParams::default(), &reader).await.unwrap();
    let writer = serde_json::from_value(binding("writer")).unwrap();
    let write_in = async |lab: &Lab| {
        let bindings = lab.objects("rbac.authorization.k8s.io/v1 RoleBinding rolebindings");
        bindings.create(&PostParams::default(), &writer).await.unwrap();
    };
    write_in(&lab).await;

    let mut kube_config = lab.kube_config().await;
    let name = HeaderName::from_static("impersonate-user");
    kube_config.headers.push((name, HeaderValue::from_static("operator")));
    let mut settings = lab.config();
    settings.watch_namespace = None;
    let operator = lab.operator_as(kube_config, settings, Arc::default());
    forbidden.apply("shop", json!({})).await;
    let message = forbidden.reason("shop", "Stalled", "Forbidden").await;
    assert!(message.contains("Secret") && message.contains(&forbidden.namespace), "{message}");
    lab.apply("shop", json!({})).await;
    lab.written("shop").await;
    write_in(&forbidden).await;
    forbidden.written("shop").await;
    operator.stop().await;
}

/// What an operator needs in one namespace.
fn permissions(all: bool) -> serde_json::Value {
    let rule = |groups: &[&str], resources: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": ["*"]});
    let mut rules = vec![
        rule(&["commercestack.io"], &["*"]),
        rule(&["", "apps", "batch", "policy", "autoscaling", "events.k8s.io", "coordination.k8s.io"], &["*"]),
        rule(&["networking.k8s.io"], &["ingresses"]),
    ];
    if all {
        rules.push(rule(&["networking.k8s.io"], &["networkpolicies"]));
    }
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "operator"}, "rules": rules})
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_taken_away_are_named_and_given_back_noticed() {
    let lab = Lab::new("rbac").await;
    let roles = lab.objects("rbac.authorization.k8s.io/v1 Role roles");
    let set = async |all: bool| {
        roles
            .patch("operator", &PatchParams::apply("tests").force(), &Patch::Apply(&permissions(all)))
            .await
            .unwrap();
    };
    set(false).await;
    let user = format!("operator-of-{}", lab.namespace);
    let binding = json!({"metadata": {"name": "operator"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "operator"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}]});
    lab.objects("rbac.authorization.k8s.io/v1 RoleBinding rolebindings")
        .create(&PostParams::default(), &serde_json::from_value(binding).unwrap())
        .await
        .unwrap();
    let mut kube_config = lab.kube_config().await;
    let name = HeaderName::from_static("impersonate-user");
    kube_config.headers.push((name, HeaderValue::from_str(&user).unwrap()));
    let operator = lab.operator_as(kube_config, lab.config(), Arc::default());
    lab.apply("shop", json!({})).await;
    let message = lab.reason("shop", "Stalled", "Forbidden").await;
    assert!(message.contains("NetworkPolicy") && message.contains("cannot get"), "{message}");
    assert!(
        lab.children("shop").await.contains_key("Deployment shop-cart"),
        "a failing watch holds nobody up"
    );
    set(true).await;
    lab.written("shop").await;
    // Also that kind is watched again: drift of it is repaired.
    let policies = lab.objects("networking.k8s.io/v1 NetworkPolicy networkpolicies");
    let one = lab
        .children("shop")
        .await
        .into_keys()
        .find_map(|name| name.strip_prefix("NetworkPolicy ").map(str::to_owned))
        .unwrap();
    until("the policy comes back", async || {
        if policies.get_opt(&one).await.unwrap().is_some_and(|policy| policy.metadata.labels.is_some()) {
            policies.delete(&one, &DeleteParams::default()).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        policies.get_opt(&one).await.unwrap().map(|_| ())
    })
    .await;
    assert!(operator.is_running());
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storms_of_conflicts_and_of_too_many_requests_pass() {
    let lab = Lab::new("storm").await;
    let operator = lab.operator().await;
    let count = AtomicU64::new(0);
    operator.traffic.answer(move |call| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        match (call.method == Method::PATCH, number % 3) {
            (true, 0) => Some(refusal(409, "Conflict", "the object has been modified")),
            (_, 1) => Some(refusal(429, "TooManyRequests", "slow down")),
            _ => None,
        }
    });
    lab.apply("shop", json!({})).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let stack = lab.stacks().get("shop").await.unwrap();
    println!("in the storm: {:?}", stack.status.map(|status| status.conditions));
    operator.traffic.heal();
    lab.at_rest("shop").await;
    operator.quiet().await;
    operator.traffic.forget();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(operator.traffic.writes(), []);
    assert!(operator.is_running());
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_fails_for_ever_holds_up_neither_the_start_nor_the_other_kinds() {
    let lab = Lab::new("watch").await;
    let traffic: Arc<crate::support::traffic::Traffic> = Arc::default();
    traffic.answer(|call| {
        let broken = call.path.ends_with("/configmaps") && call.method == Method::GET;
        broken.then(|| refusal(500, "InternalError", "etcd is away"))
    });
    let operator = lab.operator_with(lab.config(), traffic).await;
    lab.apply("shop", json!({})).await;
    lab.written("shop").await;
    let deployments = lab.objects("apps/v1 Deployment deployments");
    deployments.delete("shop-cart", &DeleteParams::default()).await.unwrap();
    let start = Instant::now();
    until("it is back", async || deployments.get_opt("shop-cart").await.unwrap()).await;
    println!("restored after {:?}", start.elapsed());
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_being_deleted_is_left_in_peace() {
    let lab = Lab::new("leaving").await;
    let operator = lab.operator().await;
    lab.apply("shop", json!({"deletionPolicy": "Delete"})).await;
    lab.written("shop").await;
    let namespaces: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(lab.admin.clone());
    namespaces.delete(&lab.namespace, &DeleteParams::default()).await.unwrap();
    until("the namespace is gone", async || {
        namespaces.get_opt(&lab.namespace).await.unwrap().is_none().then_some(())
    })
    .await;
    assert!(operator.is_running());
    operator.stop().await;
}
