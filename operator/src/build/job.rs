//! A Job per project with sample data, which loads it through the gateway. It runs once: the pods of a Job
//! can never change, so the operator makes it and leaves it alone (see [`Child::is_create_only`]).

use super::declared::{self, Seeder};
use super::pod;
use super::{Child, Context, Lifetime};
use crate::labels::Component;
use crate::names;
use crds::{Resources, ValidatedProject};
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    for project in &cx.stack.projects {
        if let Some(seeder) = declared::seeder(project) {
            children.push(one(cx, project, &seeder));
        }
    }
}

fn one(cx: &Context<'_>, project: &ValidatedProject, seeder: &Seeder<'_>) -> Child {
    let name = names::seed(cx.name(), &project.key);
    let credentials = match seeder {
        Seeder::Declared(client) => names::client(cx.name(), &client.label),
        Seeder::Own(_) => name.clone(),
    };
    // From inside, also where clients come by way of a host name outside.
    let gateway = cx.gateway_url();
    let (tmp, tmp_mount) = pod::scratch("tmp", "/tmp", "64Mi");
    let container = Container {
        name: "seed".to_owned(),
        image: Some(cx.image_of_stack().to_owned()),
        image_pull_policy: Some(cx.release.pull_policy.as_str().to_owned()),
        args: Some(vec!["seed".to_owned(), "--project".to_owned(), project.key.clone()]),
        env: Some(vec![
            pod::env("CTP_AUTH_URL", gateway.clone()),
            pod::env("CTP_API_URL", gateway),
            pod::secret_env("CTP_CLIENT_ID", &credentials, "CTP_CLIENT_ID"),
            pod::secret_env("CTP_CLIENT_SECRET", &credentials, "CTP_CLIENT_SECRET"),
            pod::env("COMMERCE_LOG_FORMAT", "json"),
        ]),
        resources: Some(pod::resources(&Resources::default(), "50m", "64Mi", "256Mi")),
        termination_message_policy: Some(pod::LAST_WORDS.to_owned()),
        security_context: Some(pod::container_security()),
        volume_mounts: Some(vec![tmp_mount]),
        ..Default::default()
    };
    let metadata = cx.metadata(&name, "seed", Component::Task);
    let spec = JobSpec {
        // With pauses that double up to five minutes: about two hours for a stack to come up.
        backoff_limit: Some(30),
        template: PodTemplateSpec {
            metadata: Some(ObjectMeta { labels: metadata.labels.clone(), ..Default::default() }),
            spec: Some(PodSpec {
                restart_policy: Some("OnFailure".to_owned()),
                service_account_name: Some(names::seed_policy(cx.name())),
                automount_service_account_token: Some(false),
                enable_service_links: Some(false),
                security_context: Some(pod::security(pod::USER)),
                containers: vec![container],
                volumes: Some(vec![tmp]),
                ..Default::default()
            }),
        },
        ..Default::default()
    };
    Child::new(&Job { spec: Some(spec), ..Default::default() }, metadata, Lifetime::Owned, cx.identity)
}
