//! A ServiceAccount per workload, so that each pod has a name of its own to the cluster. None of them may do
//! anything there, and no pod gets its token.

use super::{Child, Context, Lifetime};
use crate::labels::Component;
use crate::names;
use crds::{Broker, Database};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub(super) fn build(cx: &Context<'_>, children: &mut Vec<Child>) {
    let mut push = |metadata: ObjectMeta| {
        let account = ServiceAccount { automount_service_account_token: Some(false), ..Default::default() };
        children.push(Child::new(&account, metadata, Lifetime::Owned, cx.identity));
    };
    for service in cx.stack.enabled() {
        push(cx.of_service(&names::service(cx.name(), service), service));
    }
    if let Database::Managed { .. } = cx.stack.database {
        push(cx.metadata(&names::mongodb(cx.name()), "mongodb", Component::Database));
    }
    if let Broker::Managed { .. } = cx.stack.broker {
        push(cx.metadata(&names::kafka(cx.name()), "kafka", Component::Broker));
    }
    if cx.seeds() {
        push(cx.metadata(&names::seed_policy(cx.name()), "seed", Component::Task));
    }
}
