//! What Helm takes, changes, leaves and refuses.

use crate::site::{RELEASE, Site, Tools, chart};
use crate::support::until;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

const DEFINITION: &str = "commercestacks.commercestack.io";

#[tokio::test(flavor = "multi_thread")]
async fn the_chart_is_well_formed_and_a_wrong_value_is_refused_with_its_path() {
    let tools = Tools::offline();
    for scope in ["cluster", "namespace"] {
        tools.helm(&["lint", "--strict", chart(), "--set", &format!("scope={scope}")]).await.unwrap();
    }
    for (value, expected) in [
        ("scope=both", "at '/scope': value must be one of 'cluster', 'namespace'"),
        ("replicas=two", "at '/replicas': got string, want integer"),
        ("replicas=-1", "at '/replicas': minimum: got -1, want 0"),
        ("image.repository=", "at '/image/repository': minLength: got 0, want 1"),
        ("stacks.pullPolicy=Sometimes", "at '/stacks/pullPolicy': value must be one of 'Always'"),
        ("serviceAccount.nmae=x", "at '/serviceAccount': additional properties 'nmae' not allowed"),
        ("watchNamespace=x", "at '': additional properties 'watchNamespace' not allowed"),
        ("podLabels.team=true", "at '/podLabels/team': got boolean, want string"),
    ] {
        let refused = tools.helm(&["template", RELEASE, chart(), "--set", value]).await.expect_err(value);
        assert!(refused.contains(expected), "{value}\nexpected: {expected}\n   found: {refused}");
    }
    let old = tools.helm(&["template", RELEASE, chart(), "--kube-version", "1.29.0"]).await;
    assert!(old.unwrap_err().contains("requires kubeVersion: >=1.30.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_installed_is_upgraded_and_taken_away_and_stacks_outlive_it() {
    let site = Site::new("install").await;
    let lab = &site.lab;
    let restricted = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let namespaces: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(lab.admin.clone());
    namespaces.patch(&lab.namespace, &PatchParams::default(), &Patch::Merge(&restricted)).await.unwrap();

    let notes = site.helm("install", &[]).await.unwrap();
    assert!(notes.contains("looks after every namespace"), "{notes}");
    until("pods of the operator are admitted", async || {
        let operator = site.object("deployment", RELEASE).await?;
        (operator["status"]["replicas"] == json!(2)).then_some(())
    })
    .await;
    people_find_their_way(&site).await;
    lab.apply("shop", json!({})).await;
    let stack = lab.stacks().get("shop").await.unwrap();

    site.helm("upgrade", &["replicas=1", "log=debug"]).await.unwrap();
    let operator = site.object("deployment", RELEASE).await.unwrap();
    assert_eq!(operator["spec"]["replicas"], json!(1));
    assert_eq!(variable(&operator, "COMMERCE_LOG"), Some("debug"));
    assert_eq!(variable(&operator, "WATCH_NAMESPACE"), None);
    assert!(site.object("poddisruptionbudget", RELEASE).await.is_none(), "one pod may always go");

    let notes = site.helm("upgrade", &["scope=namespace", "crds.install=false"]).await.unwrap();
    assert!(notes.contains(&format!("looks after the namespace {}", lab.namespace)), "{notes}");
    let operator = site.object("deployment", RELEASE).await.unwrap();
    assert_eq!(variable(&operator, "WATCH_NAMESPACE"), Some(lab.namespace.as_str()));
    assert!(site.object("role", RELEASE).await.is_some());
    let roles = site.kubectl(&["get", "clusterroles,clusterrolebindings", "-o", "name"]).await.unwrap();
    assert!(!roles.contains(RELEASE), "{roles}");
    assert!(site.object("crd", DEFINITION).await.is_some(), "it is kept");

    site.uninstall().await;
    for kind in ["deployment", "serviceaccount", "role", "rolebinding", "service", "networkpolicy"] {
        assert!(site.object(kind, RELEASE).await.is_none(), "{kind} is left");
    }
    assert!(site.object("role", &format!("{RELEASE}-leader")).await.is_none());
    assert_eq!(lab.stacks().get("shop").await.unwrap().uid(), stack.uid());

    // The definition that was kept is taken up again.
    site.helm("install", &[]).await.unwrap();
    assert_eq!(lab.stacks().get("shop").await.unwrap().uid(), stack.uid());
    site.uninstall().await;

    // By another release only if it is told so.
    let elsewhere = ["install", "other", chart(), "-n", "elsewhere", "--create-namespace"];
    let refused = site.tools().helm(&elsewhere).await.unwrap_err();
    assert!(refused.contains(DEFINITION) && refused.contains("invalid ownership metadata"), "{refused}");
    site.tools().helm(&[&elsewhere[..], &["--take-ownership"]].concat()).await.unwrap();
    assert_eq!(lab.stacks().get("shop").await.unwrap().uid(), stack.uid());
}

/// The value of a variable of the operator's container.
fn variable<'a>(deployment: &'a Value, name: &str) -> Option<&'a str> {
    let variables = deployment.pointer("/spec/template/spec/containers/0/env").unwrap().as_array().unwrap();
    variables.iter().find(|variable| variable["name"] == name)?["value"].as_str()
}

/// What people ask kubectl once the chart is there, and what they may do by the cluster's own roles.
async fn people_find_their_way(site: &Site) {
    let namespace = site.lab.namespace.as_str();
    let explained = until("the schema is published", async || {
        site.kubectl(&["explain", "commercestack.spec.mongodb"]).await.ok()
    })
    .await;
    assert!(explained.contains("external\t<Object>") && explained.contains("DESCRIPTION"), "{explained}");
    for name in ["cstack", "commerce"] {
        site.kubectl(&["get", name, "-n", namespace]).await.unwrap();
    }
    for (who, role) in [("--user=editor", "--clusterrole=edit"), ("--user=viewer", "--clusterrole=view")] {
        site.kubectl(&["create", "rolebinding", &role[14..], role, who, "-n", namespace]).await.unwrap();
    }
    let may = async |who: &str, what: &[&str]| {
        let who = format!("--as={who}");
        site.kubectl(&[&["auth", "can-i", "-n", namespace, &who], what].concat()).await.is_ok()
    };
    // The controller manager adds our roles to the cluster's own.
    until("an editor may make stacks", async || {
        may("editor", &["create", "commercestacks"]).await.then_some(())
    })
    .await;
    until("a viewer may see stacks", async || may("viewer", &["list", "commercestacks"]).await.then_some(()))
        .await;
    assert!(!may("viewer", &["create", "commercestacks"]).await);
    let status = ["patch", "commercestacks", "--subresource=status"];
    assert!(!may("editor", &status).await, "the status is the operator's");
}
