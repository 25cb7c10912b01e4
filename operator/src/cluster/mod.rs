//! Requests to the API server: each with a deadline, a few tries, a name for its errors, and, if it
//! writes, only while this operator leads.

mod fence;

pub use fence::Fence;

use crate::build::Child;
use crate::failure::{Cause, Failure};
use crate::kinds::KindId;
use crate::labels::MANAGER;
use crate::metrics::Metrics;
use crate::names::STACK_LABEL;
use crate::pods::Pod;
use crate::world::{ChildKey, StackKey};
use crds::{CommerceStack, CommerceStackStatus};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::{Api, DeleteParams, GetParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kube::core::{ApiResource, DynamicObject, PartialObjectMeta};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How often a request is tried while the API server is away or overloaded.
const TRIES: u32 = 3;
/// The field manager that holds a number of replicas between us and an autoscaler.
const SCALER: &str = "commerce-operator-scale";
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The API server as the operator uses it.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    fence: Fence,
    metrics: Arc<Metrics>,
    deadline: Duration,
}

impl Cluster {
    /// Requests through `client`, each over after `deadline`.
    #[must_use]
    pub fn new(client: Client, fence: Fence, metrics: Arc<Metrics>, deadline: Duration) -> Self {
        Self { client, fence, metrics, deadline }
    }

    /// The client, for watches and listings.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The right to write.
    #[must_use]
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    async fn read<T, F>(&self, action: String, secret: bool, request: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, kube::Error>>,
    {
        self.tries(&action, secret, Instant::now() + self.deadline, request).await
    }

    async fn write<T, F>(
        &self,
        verb: &'static str,
        action: String,
        secret: bool,
        request: impl Fn() -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, kube::Error>>,
    {
        let left = self.fence.left();
        if left.is_zero() {
            return Err(Failure::new(action, Cause::NotLeading));
        }
        self.metrics.wrote(verb);
        // What is not done when the right to write is over must not be done later.
        let until = Instant::now() + self.deadline.min(left);
        self.tries(&action, secret, until, request).await
    }

    async fn tries<T, F>(
        &self,
        action: &str,
        secret: bool,
        until: Instant,
        request: impl Fn() -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, kube::Error>>,
    {
        let mut pause = FIRST_PAUSE;
        let mut last = "no answer in time".to_owned();
        for attempt in 1.. {
            let error = match timeout_at(until, request()).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => break,
            };
            match Cause::of(&error, secret) {
                Cause::Unavailable(why) if attempt < TRIES && Instant::now() + pause < until => {
                    last = why;
                    let spread = rand::random_range(0..=FIRST_PAUSE.as_millis());
                    sleep(pause + Duration::from_millis(u64::try_from(spread).unwrap_or(0))).await;
                    pause *= 4;
                }
                cause => return Err(Failure::new(action, cause)),
            }
        }
        Err(Failure::new(action, Cause::Unavailable(last)))
    }

    fn objects(&self, kind: KindId, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &kind.resource())
    }

    fn stacks(&self, key: &StackKey) -> Api<CommerceStack> {
        Api::namespaced(self.client.clone(), &key.namespace)
    }

    /// Reads a Secret of the user or the root.
    ///
    /// # Errors
    /// The request failed.
    pub async fn secret(&self, namespace: &str, name: &str) -> Result<Option<Secret>, Failure> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        self.read(format!("reading Secret {name}"), true, || api.get_opt(name)).await
    }

    /// Reads the metadata of an object that nothing is known of. It may be a moment old.
    ///
    /// # Errors
    /// The request failed.
    pub async fn metadata(&self, namespace: &str, child: &ChildKey) -> Result<Option<ObjectMeta>, Failure> {
        let api = self.objects(child.kind, namespace);
        let any = GetParams::any();
        let found =
            self.read(format!("looking for {child}"), false, || api.get_metadata_opt_with(&child.name, &any));
        Ok(found.await?.map(|object| object.metadata))
    }

    /// Applies a child and gives the metadata of what came of it. With `force` fields are taken from others.
    ///
    /// # Errors
    /// The request failed.
    pub async fn apply(
        &self,
        namespace: &str,
        key: &ChildKey,
        object: &RawValue,
        force: bool,
    ) -> Result<ObjectMeta, Failure> {
        let api = self.objects(key.kind, namespace);
        let params = PatchParams { force, ..PatchParams::apply(MANAGER) };
        let patch = Patch::Apply(object);
        let secret = key.kind == KindId::secret();
        let applied = self.write("apply", format!("applying {key}"), secret, || {
            api.patch_metadata(&key.name, &params, &patch)
        });
        Ok(applied.await?.metadata)
    }

    /// Leaves the number of replicas of a workload as it is to whoever scales it from now on: a field that its
    /// last owner gives up is reset.
    ///
    /// # Errors
    /// The request failed.
    pub async fn leave_replicas(
        &self,
        namespace: &str,
        key: &ChildKey,
        replicas: u32,
    ) -> Result<(), Failure> {
        let api = self.objects(key.kind, namespace);
        let patch = json!({
            "apiVersion": key.kind.api_version(),
            "kind": key.kind.get().kind,
            "metadata": {"name": &*key.name},
            "spec": {"replicas": replicas},
        });
        let (params, patch) = (PatchParams::apply(SCALER).force(), Patch::Apply(&patch));
        let left =
            self.write("apply", format!("leaving the replicas of {key} to its autoscaler"), false, || {
                api.patch_metadata(&key.name, &params, &patch)
            });
        left.await.map(|_| ())
    }

    /// Gives up every field that we applied to an object of somebody else, which leaves it as it was.
    ///
    /// # Errors
    /// The request failed.
    pub async fn withdraw(&self, namespace: &str, key: &ChildKey) -> Result<(), Failure> {
        let api = self.objects(key.kind, namespace);
        let (api_version, kind) = (key.kind.api_version(), key.kind.get().kind);
        let patch = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": &*key.name}});
        let (params, patch) = (PatchParams::apply(MANAGER).force(), Patch::Apply(&patch));
        let withdrawn = self.write("apply", format!("withdrawing from {key}"), false, || {
            api.patch_metadata(&key.name, &params, &patch)
        });
        withdrawn.await.map(|_| ())
    }

    /// Creates a child that must not exist yet.
    ///
    /// # Errors
    /// The request failed; [`Cause::Exists`] if the object is there.
    pub async fn create(&self, child: &Child, key: &ChildKey) -> Result<ObjectMeta, Failure> {
        let namespace = child.object.metadata.namespace.as_deref().unwrap_or_default();
        let api = self.objects(key.kind, namespace);
        let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        let secret = key.kind == KindId::secret();
        let created =
            self.write("create", format!("creating {key}"), secret, || api.create(&params, &child.object));
        Ok(created.await?.metadata)
    }

    /// Deletes the object with this uid and what belongs to it. That it is gone already is fine.
    ///
    /// # Errors
    /// The request failed.
    pub async fn delete(&self, namespace: &str, key: &ChildKey, uid: &str) -> Result<(), Failure> {
        let api = self.objects(key.kind, namespace);
        let exactly = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        let params = DeleteParams::background().preconditions(exactly);
        let deleted =
            self.write("delete", format!("deleting {key}"), false, || api.delete(&key.name, &params)).await;
        match deleted {
            Err(failure) if !failure.is_not_found() => Err(failure),
            _ => Ok(()),
        }
    }

    /// Writes the status of the stack with this uid and gives the stack as it is then.
    ///
    /// # Errors
    /// The request failed.
    pub async fn write_status(
        &self,
        key: &StackKey,
        uid: &str,
        status: &CommerceStackStatus,
    ) -> Result<CommerceStack, Failure> {
        let api = self.stacks(key);
        let patch = status_patch(uid, &json!(status));
        let (params, patch) = (PatchParams::apply(MANAGER).force(), Patch::Apply(&patch));
        self.write("status", "writing the status".to_owned(), false, || {
            api.patch_status(&key.name, &params, &patch)
        })
        .await
    }

    /// Lists the pods of a stack. It may be a moment old.
    ///
    /// # Errors
    /// The request failed.
    pub async fn pods(&self, key: &StackKey) -> Result<Vec<Pod>, Failure> {
        let resource = ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&());
        let api: Api<Pod> = Api::namespaced_with(self.client.clone(), &key.namespace, &resource);
        let params = ListParams::default().labels(&format!("{STACK_LABEL}={}", key.name)).match_any();
        let listed = self.read("listing the pods".to_owned(), false, || api.list(&params)).await?;
        Ok(listed.items)
    }

    /// Reads a stack whatever it holds.
    ///
    /// # Errors
    /// The request failed.
    pub async fn raw_stack(&self, key: &StackKey) -> Result<Option<DynamicObject>, Failure> {
        let resource = ApiResource::erase::<CommerceStack>(&());
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), &key.namespace, &resource);
        self.read("reading the stack".to_owned(), false, || api.get_opt(&key.name)).await
    }

    /// Writes the conditions alone of a stack that cannot be read.
    ///
    /// # Errors
    /// The request failed.
    pub async fn write_conditions(
        &self,
        key: &StackKey,
        uid: &str,
        conditions: &Value,
    ) -> Result<ObjectMeta, Failure> {
        let api: Api<PartialObjectMeta<CommerceStack>> = Api::namespaced(self.client.clone(), &key.namespace);
        let patch = json!({"metadata": {"uid": uid}, "status": {"conditions": conditions}});
        let (params, patch) = (PatchParams::default(), Patch::Merge(&patch));
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..params };
        let written = self.write("status", "writing the status".to_owned(), false, || {
            api.patch_status(&key.name, &params, &patch)
        });
        Ok(written.await?.metadata)
    }

    /// Changes the metadata of a stack, if it is still at this version.
    ///
    /// # Errors
    /// The request failed; [`Cause::Conflict`] if the stack changed meanwhile.
    pub async fn change_stack(&self, key: &StackKey, version: &str, metadata: Value) -> Result<(), Failure> {
        let api = self.stacks(key);
        let mut metadata = metadata;
        metadata["resourceVersion"] = json!(version);
        let patch = json!({"metadata": metadata});
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let patch = Patch::Merge(&patch);
        let changed = self.write("metadata", "changing the stack's metadata".to_owned(), false, || {
            api.patch_metadata(&key.name, &params, &patch)
        });
        changed.await.map(|_| ())
    }

    /// Waits for `future`, but no longer than requests may take.
    ///
    /// # Errors
    /// The time is over.
    pub async fn bounded<T>(&self, future: impl Future<Output = T>) -> Result<T, Cause> {
        timeout(self.deadline, future).await.map_err(|_| Cause::Unavailable("no answer in time".to_owned()))
    }
}

fn status_patch(uid: &str, status: &Value) -> Value {
    // The uid keeps a status from a stack that was made anew under the same name.
    json!({
        "apiVersion": "commercestack.io/v1alpha1",
        "kind": "CommerceStack",
        "metadata": {"uid": uid},
        "status": status,
    })
}
