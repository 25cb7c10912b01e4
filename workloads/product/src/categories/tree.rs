//! What moving or deleting a category does to all below it.
//!
//! Both are idempotent and start from what is stored, so they can be repeated until they come through.

use super::Categories;
use crate::products::Products;
use crate::query::{all_ids, ids, quoted};
use api::category::Category;
use api::{Id, Kind, Reference, Result};
use kit::http::RequestInfo;
use kit::resource::{Collection, Edit, State, store_error};
use kit::store::{DocKey, Selector, Visibility};
use std::collections::HashSet;
use std::sync::Arc;

/// How long the request that moved or deleted a category has, before the recovery loop looks after it.
pub(super) const GRACE_MS: i64 = 10_000;

/// The categories and the products in them.
#[derive(Clone)]
pub(crate) struct Tree {
    pub(crate) categories: Arc<Collection<Categories>>,
    pub(crate) products: Arc<Collection<Products>>,
}

/// A change that clients see, of whatever version.
fn seen() -> Edit {
    Edit { visible: true, ..Edit::internal() }
}

impl Tree {
    /// Finishes what is due at a category.
    pub(crate) async fn recover(&self, key: DocKey) -> Result<()> {
        let request = RequestInfo::system(&key.project, "category-tree");
        match self.state(&request, &key.id).await? {
            Some(state) if state.hidden.doomed => self.fell(&request, &key.id).await.map(|_| ()),
            Some(_) => self.settle_below(&request, &key.id).await,
            None => Ok(()),
        }
    }

    /// The category, doomed ones too.
    async fn state(&self, request: &RequestInfo, id: &Id) -> Result<Option<State<Categories>>> {
        let selector = Selector::Id(id.clone());
        let found = self.categories.deps.store.get(request.project(), Kind::Category, &selector).await;
        match found.map_err(|e| store_error(&e))? {
            Some(document) if document.visibility == Visibility::Live => {
                Ok(Some(self.categories.state(&document)?))
            }
            _ => Ok(None),
        }
    }

    async fn children(&self, request: &RequestInfo, id: &Id) -> Result<Vec<Id>> {
        let predicate = format!("parent(id = {})", quoted(id.as_str()));
        all_ids(&self.categories.deps, request.project(), Kind::Category, &predicate).await
    }

    /// Gives all below a category the ancestors that they have now, from the top down.
    pub(super) async fn settle_below(&self, request: &RequestInfo, id: &Id) -> Result<()> {
        let Some(top) = self.state(request, id).await? else { return Ok(()) };
        let mut open = vec![(id.clone(), path_of(&top.body, id))];
        let mut met = HashSet::from([id.clone()]);
        while let Some((parent, path)) = open.pop() {
            for child in self.children(request, &parent).await? {
                if !met.insert(child.clone()) {
                    continue;
                }
                let edited = self
                    .categories
                    .edit(request, &Selector::Id(child.clone()), &seen(), |state, _| {
                        if state.body.parent.as_ref().is_some_and(|p| p.id == parent) {
                            state.body.ancestors.clone_from(&path);
                        }
                        Ok(())
                    })
                    .await?;
                if let Some(edited) = edited {
                    let path = path_of(&edited.state.body, &child);
                    open.push((child, path));
                }
            }
        }
        // Only if it was not moved again meanwhile.
        let due = top.due_at;
        self.categories
            .edit(request, &Selector::Id(id.clone()), &Edit::internal(), |state, _| {
                if state.due_at == due {
                    state.due_at = None;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Deletes a doomed category after all below it, taking products out first. Gives its last state.
    pub(super) async fn fell(&self, request: &RequestInfo, id: &Id) -> Result<Option<String>> {
        let mut order = vec![id.clone()];
        let mut met = HashSet::from([id.clone()]);
        let mut at = 0;
        while let Some(parent) = order.get(at).cloned() {
            for child in self.children(request, &parent).await? {
                if met.insert(child.clone()) {
                    order.push(child);
                }
            }
            at += 1;
        }
        let mut last = None;
        for id in order.iter().rev() {
            self.empty(request, id).await?;
            let gone = self
                .categories
                .edit(request, &Selector::Id(id.clone()), &seen(), |state, _| {
                    state.visibility = Visibility::Deleted;
                    Ok(())
                })
                .await?;
            last = gone.map(|gone| gone.json);
        }
        Ok(last)
    }

    /// Takes all products out of a category.
    async fn empty(&self, request: &RequestInfo, id: &Id) -> Result<()> {
        let version = |name: &str| format!("{name}(categories(id = {}))", quoted(id.as_str()));
        let predicate = format!("masterData({} or {})", version("staged"), version("current"));
        let mut done: HashSet<Id> = HashSet::new();
        loop {
            let found = ids(&self.products.deps, request.project(), Kind::Product, &predicate, 0).await?;
            let fresh: Vec<Id> = found.into_iter().filter(|product| !done.contains(product)).collect();
            if fresh.is_empty() {
                return Ok(());
            }
            for product in fresh {
                self.products
                    .edit(request, &Selector::Id(product.clone()), &seen(), |state, _| {
                        let catalog = &mut state.body.master_data;
                        crate::products::forget_category(&mut catalog.staged, id);
                        crate::products::forget_category(&mut catalog.current, id);
                        catalog.note_changes();
                        Ok(())
                    })
                    .await?;
                done.insert(product);
            }
        }
    }
}

/// The ancestors of the children of a category.
fn path_of(category: &Category, id: &Id) -> Vec<Reference> {
    let mut path = category.ancestors.clone();
    path.push(Reference::new(Kind::Category, id.clone()));
    path
}
