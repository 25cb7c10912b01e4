//! Changing one stored resource: read, decide, compare-and-set, again if only hidden things moved.

use super::collection::{Access, Collection, Snapshot};
use super::lookup::store_error;
use super::{Context, Decision, Facts, Rules, State};
use crate::bus::Event;
use crate::http::RequestInfo;
use crate::peers::internal;
use crate::store::{DocKey, Document, MAIN, Selector, StoreError, Visibility, Write};
use api::{ApiError, Message, Meta, Result, Timestamp};
use serde_json::{Map, Value, json};

/// How often a write is tried again when something that clients do not see moved meanwhile.
const MAX_TRIES: usize = 20;

/// The conditions of a change.
#[derive(Debug, Clone)]
pub struct Edit {
    /// 409 unless this is the version.
    pub expected_version: Option<i64>,
    /// Which resources are there at all.
    pub access: Access,
    /// Clients made this change: it moves `version` and `lastModifiedAt`. A saga's steps and stock
    /// reservations do not, so they never cause a client's 409.
    pub visible: bool,
}

impl Edit {
    /// A change by the stack itself, of whatever version.
    #[must_use]
    pub fn internal() -> Self {
        Self { expected_version: None, access: Access::PROJECT, visible: false }
    }
}

/// What a change left.
pub struct Edited<R: Rules> {
    /// The main view's text.
    pub json: String,
    /// The resource as it is stored now.
    pub state: State<R>,
    /// Whether anything was written.
    pub changed: bool,
}

impl<R: Rules> Edited<R> {
    /// The resource as clients see it.
    #[must_use]
    pub fn into_snapshot(self) -> Snapshot {
        Snapshot { id: self.state.meta.id, version: self.state.meta.version, json: self.json }
    }
}

/// What an event says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Updated,
    Deleted,
    /// Nothing that clients see.
    Hidden,
}

impl<R: Rules> Collection<R> {
    /// Changes one resource by `decide`, which starts from a fresh clone each time it is called. Gives
    /// `None` if there is none (pending ones are found only by internal edits).
    pub async fn edit(
        &self,
        request: &RequestInfo,
        selector: &Selector,
        edit: &Edit,
        decide: impl FnMut(&mut State<R>, &mut Context<'_>) -> Decision<()>,
    ) -> Result<Option<Edited<R>>> {
        self.change(request, selector, edit, false, decide).await
    }

    /// Moves `version` and `lastModifiedAt` of a resource that stays as it is: it was the one that was meant.
    pub async fn touch(&self, request: &RequestInfo, selector: &Selector) -> Result<Option<Edited<R>>> {
        let edit = Edit { expected_version: None, access: Access::PROJECT, visible: true };
        self.change(request, selector, &edit, true, |_, _| Ok(())).await
    }

    async fn change(
        &self,
        request: &RequestInfo,
        selector: &Selector,
        edit: &Edit,
        touch: bool,
        mut decide: impl FnMut(&mut State<R>, &mut Context<'_>) -> Decision<()>,
    ) -> Result<Option<Edited<R>>> {
        let mut facts = Facts::default();
        for _ in 0..MAX_TRIES {
            let Some(document) = self
                .deps
                .store
                .get(request.project(), R::KIND, selector)
                .await
                .map_err(|e| store_error(&e))?
            else {
                return Ok(None);
            };
            if edit.visible && document.visibility != Visibility::Live {
                return Ok(None);
            }
            let before = self.state(&document)?;
            if !edit.access.shows::<R>(&before.body) {
                return Ok(None);
            }
            if let Some(expected) = edit.expected_version
                && expected != document.version
            {
                let id = document.key.id.as_str();
                return Err(ApiError::concurrent_modification(id, expected, document.version));
            }
            let now = self.deps.clock.now();
            let (mut after, messages) = super::decide::decide(
                &self.lookups,
                self.deps.clock.as_ref(),
                request,
                now,
                &document.key.id,
                &mut facts,
                |cx| {
                    let mut state = before.clone();
                    decide(&mut state, cx)?;
                    Ok(state)
                },
            )
            .await?;
            let body_changed = touch || after.body != before.body;
            let unchanged = !body_changed
                && after.hidden == before.hidden
                && after.visibility == before.visibility
                && after.due_at == before.due_at;
            if unchanged {
                let json = document.view(MAIN).unwrap_or_default().to_owned();
                return Ok(Some(Edited { json, state: after, changed: false }));
            }
            let change = match (before.visibility, after.visibility) {
                (Visibility::Live, Visibility::Deleted) => Change::Deleted,
                (Visibility::Pending, Visibility::Live) => Change::Created,
                (Visibility::Live, Visibility::Live) if edit.visible && body_changed => Change::Updated,
                _ => Change::Hidden,
            };
            // The last state of a deleted resource is told with the version it had.
            if change == Change::Updated {
                after.meta.version = document.version + 1;
                after.meta.last_modified_at = now;
                after.meta.last_modified_by = Some(request.caller.attribution());
            }
            let (new, events) = self.document(request, &after, Some(&document), &messages, change)?;
            let json = new.view(MAIN).unwrap_or_default().to_owned();
            match self
                .deps
                .store
                .write(Write { expected_rev: Some(document.rev), document: new, events })
                .await
            {
                Ok(()) => {
                    self.deps.relay.wake(R::KIND);
                    return Ok(Some(Edited { json, state: after, changed: true }));
                }
                // Look again: either the version moved, which is the client's 409, or only what is hidden.
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(self.write_error(error)),
            }
        }
        tracing::warn!(kind = %R::KIND, "a resource changed faster than it could be written");
        Err(ApiError::unavailable())
    }

    /// Makes a pending resource live that was just inserted by [`Collection::create_as`] and not written
    /// since: the commit point of a saga. Gives `None`, and changes nothing, if somebody moved it
    /// meanwhile. It is not read again: `state` is what the caller holds.
    pub async fn publish(
        &self,
        request: &RequestInfo,
        mut state: State<R>,
        messages: &[Message],
    ) -> Result<Option<Edited<R>>> {
        let pending = Document {
            key: DocKey { project: request.project().to_owned(), kind: R::KIND, id: state.meta.id.clone() },
            visibility: Visibility::Pending,
            rev: 1,
            version: state.meta.version,
            views: Vec::new(),
            hidden: None,
            claims: Vec::new(),
            change_seq: 0,
            message_seq: 0,
            due_at: None,
        };
        state.visibility = Visibility::Live;
        let (document, events) = self.document(request, &state, Some(&pending), messages, Change::Created)?;
        let json = document.view(MAIN).unwrap_or_default().to_owned();
        match self.deps.store.write(Write { expected_rev: Some(pending.rev), document, events }).await {
            Ok(()) => {
                self.deps.relay.wake(R::KIND);
                Ok(Some(Edited { json, state, changed: true }))
            }
            Err(StoreError::Conflict) => Ok(None),
            Err(error) => Err(self.write_error(error)),
        }
    }

    /// The resource of an envelope in the hands of its rules.
    pub fn state(&self, document: &Document) -> Result<State<R>> {
        let text = document.view(MAIN).unwrap_or("{}");
        let mut meta: Meta = serde_json::from_str(text).map_err(|e| internal(&e))?;
        meta.version = document.version;
        let hidden = match &document.hidden {
            Some(hidden) => serde_json::from_str(hidden).map_err(|e| internal(&e))?,
            None => R::Hidden::default(),
        };
        Ok(State {
            body: serde_json::from_str(text).map_err(|e| internal(&e))?,
            hidden,
            visibility: document.visibility,
            due_at: document.due_at,
            meta,
        })
    }

    /// The envelope of a resource that changed from `before`, and the events that tell of it.
    pub(crate) fn document(
        &self,
        request: &RequestInfo,
        state: &State<R>,
        before: Option<&Document>,
        messages: &[Message],
        change: Change,
    ) -> Result<(Document, Vec<Event>)> {
        let change =
            if before.is_none() && state.visibility == Visibility::Pending { Change::Hidden } else { change };
        let views = R::views(&state.meta, &state.body).map_err(|e| internal(&e))?;
        let hidden = if state.hidden == R::Hidden::default() {
            None
        } else {
            Some(serde_json::to_string(&state.hidden).map_err(|e| internal(&e))?)
        };
        let key = DocKey { project: request.project().to_owned(), kind: R::KIND, id: state.meta.id.clone() };
        let mut document = Document {
            key,
            visibility: state.visibility,
            rev: before.map_or(1, |b| b.rev + 1),
            version: state.meta.version,
            views,
            hidden,
            claims: Vec::new(),
            change_seq: before.map_or(0, |b| b.change_seq),
            message_seq: before.map_or(0, |b| b.message_seq),
            due_at: state.due_at,
        };
        if state.visibility != Visibility::Deleted {
            document.claims = R::claims(&state.body);
            document.claims.extend(R::hidden_claims(&state.hidden));
        }
        document.claims.sort();
        document.claims.dedup();
        let mut events = Vec::new();
        if change != Change::Hidden || !messages.is_empty() {
            document.change_seq += 1;
            let now = if before.is_none() { state.meta.created_at } else { self.deps.clock.now() };
            events.push(self.event(state, &document, messages, change, now)?);
            document.message_seq += i64::try_from(messages.len()).unwrap_or(0);
        }
        Ok((document, events))
    }

    fn event(
        &self,
        state: &State<R>,
        document: &Document,
        messages: &[Message],
        change: Change,
        now: Timestamp,
    ) -> Result<Event> {
        let DocKey { project, kind, id } = &document.key;
        let what = match change {
            Change::Created => "created",
            Change::Updated | Change::Hidden => "updated",
            Change::Deleted => "deleted",
        };
        let identifiers = R::user_identifiers(&state.body);
        let messages: Vec<String> = messages
            .iter()
            .zip(document.message_seq + 1..)
            .map(|(message, number)| {
                let mut object = Map::new();
                object.insert("id".into(), self.deps.clock.new_id(now).into());
                object.insert("sequenceNumber".into(), number.into());
                object.insert("resourceVersion".into(), document.version.into());
                if !identifiers.is_empty() {
                    object.insert("resourceUserProvidedIdentifiers".into(), identifiers.clone().into());
                }
                object.insert("type".into(), message.kind.as_str().into());
                object.extend(message.payload.clone());
                message.texts.iter().fold(Value::Object(object).to_string(), |text, (field, json)| {
                    with_field(text, field, json)
                })
            })
            .collect();
        let mut data = json!({
            "projectKey": project,
            "resource": {"typeId": kind.type_id(), "id": id},
            "version": document.version,
        });
        if R::EVENTS_CARRY_STATE
            && change != Change::Deleted
            && let Some(data) = data.as_object_mut()
        {
            let body = serde_json::to_value(&state.body).map_err(|e| internal(&e))?;
            data.insert("obj".into(), body);
        }
        Ok(Event {
            id: self.deps.clock.new_id(now).to_string(),
            topic: self.deps.service.as_str().to_owned(),
            kind: format!("{}.{what}", kind.type_id()),
            key: format!("{project}/{}/{id}", kind.type_id()),
            change_seq: document.change_seq,
            time: now,
            data: with_field(data.to_string(), "messages", &format!("[{}]", messages.join(","))),
        })
    }

    pub(crate) fn write_error(&self, error: StoreError) -> ApiError {
        match error {
            StoreError::Claimed(claim) => R::taken(&claim),
            // Somebody made it at the same time, under an id that is not random.
            StoreError::Conflict => ApiError::unavailable(),
            error => store_error(&error),
        }
    }
}

/// Adds a field whose value is JSON text to the text of an object that has fields.
fn with_field(mut object: String, field: &str, json: &str) -> String {
    object.pop();
    object.push(',');
    object.push_str(&Value::from(field).to_string());
    object.push(':');
    object.push_str(json);
    object.push('}');
    object
}
