//! One member of a group.
//!
//! - Partitions change hands cooperatively, and only while the member asks for events: what it was given
//!   and has not finished stays its own, unless it works for longer than [`Limits::patience`]. Then its
//!   partitions are paused and the driver polls in its place, so that the group does not take it for dead.
//! - Positions are committed by [`Consumer::commit`] alone. Those of partitions that were taken away
//!   meanwhile are left to their new reader, who gets the events again.

use super::event;
use super::membership::{Limits, Membership, is_rebalancing};
use super::trouble::Trouble;
use futures::FutureExt;
use kit::Boxed;
use kit::bus::{BusError, Consumer, Delivery};
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often a commit that met a rebalance is tried, and the pause between.
const COMMIT_TRIES: u32 = 30;
const COMMIT_PAUSE: Duration = Duration::from_millis(200);
/// How long leaving the group may take.
const LEAVE: Duration = Duration::from_secs(5);

type Client = StreamConsumer<Membership>;

struct Member {
    client: Client,
    limits: Limits,
    group: String,
    /// Changes when the library may have left its clients without a connection.
    renewals: watch::Receiver<u64>,
    trouble: Arc<Trouble>,
    /// What came while the driver polled in the member's place.
    early: Mutex<VecDeque<Delivery>>,
    /// When the member last asked for events, or got some; `None` while it waits for them.
    working_since: Mutex<Option<Instant>>,
    paused: AtomicBool,
}

/// A member as the port sees it.
pub(super) struct KafkaConsumer {
    /// There until the member leaves.
    member: Option<Arc<Member>>,
}

impl KafkaConsumer {
    /// Joins `group` for topics that exist; both names are whole.
    pub(super) fn join(
        client: &ClientConfig,
        group: String,
        topics: &[String],
        limits: Limits,
        renewals: watch::Receiver<u64>,
        trouble: &Arc<Trouble>,
    ) -> Result<Self, BusError> {
        let what = format!("the group '{group}' could not be joined");
        let failed = |error: KafkaError| trouble.error(&what, &error);
        let client: Client = client
            .clone()
            .set("group.id", &group)
            .create_with_context(Membership::new(trouble))
            .map_err(failed)?;
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        client.subscribe(&topics).map_err(failed)?;
        let member = Arc::new(Member {
            client,
            limits,
            group,
            renewals,
            trouble: Arc::clone(trouble),
            early: Mutex::default(),
            working_since: Mutex::new(Some(Instant::now())),
            paused: AtomicBool::new(false),
        });
        tokio::spawn(keep_alive(Arc::downgrade(&member), member.limits.patience));
        Ok(Self { member: Some(member) })
    }

    fn member(&self) -> Result<&Arc<Member>, BusError> {
        self.member.as_ref().ok_or_else(|| BusError::Failed("the member has left its group".to_owned()))
    }
}

impl Member {
    fn early(&self) -> MutexGuard<'_, VecDeque<Delivery>> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn working(&self, since: Option<Instant>) {
        *self.working_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn assignments(&self) -> u64 {
        self.client.context().assignments()
    }

    /// Waits for events and gives up to `max` of those that are there.
    async fn next(&self, max: usize) -> Result<Vec<Delivery>, BusError> {
        self.wake_up();
        let mut found = Vec::new();
        while found.is_empty() {
            let before = self.assignments();
            let take = max.min(self.early().len());
            found.extend(self.early().drain(..take));
            // From here on nothing waits once an event was taken: giving up the call loses none.
            while found.len() < max {
                let received = if found.is_empty() {
                    let mut renewals = self.renewals.clone();
                    tokio::select! {
                        received = self.client.recv() => received,
                        Ok(()) = renewals.changed() => return Err(self.silent()),
                    }
                } else {
                    match self.client.recv().now_or_never() {
                        Some(received) => received,
                        None => break,
                    }
                };
                match received {
                    Ok(message) => found.extend(event::delivery(&message, &self.limits.prefix)),
                    Err(error) => self.survive(&error)?,
                }
            }
            if self.assignments() != before {
                self.forget_lost(&mut found);
            }
        }
        Ok(found)
    }

    /// Drops what belongs to partitions that another member has now.
    fn forget_lost(&self, found: &mut Vec<Delivery>) {
        let held = self.held();
        found.retain(|delivery| held.contains_key(&(self.topic(delivery), delivery.partition)));
        self.early().retain(|delivery| held.contains_key(&(self.topic(delivery), delivery.partition)));
    }

    fn topic(&self, delivery: &Delivery) -> String {
        format!("{}{}", self.limits.prefix, delivery.event.topic)
    }

    fn held(&self) -> HashMap<(String, i32), Offset> {
        self.client.assignment().map(|held| held.to_topic_map()).unwrap_or_default()
    }

    /// Why a member must join again that may wait for ever.
    fn silent(&self) -> BusError {
        BusError::Failed(format!(
            "no broker has answered for long, so the group '{}' is joined again",
            self.group
        ))
    }

    /// What goes by itself is only noted; the rest ends the membership.
    fn survive(&self, error: &KafkaError) -> Result<(), BusError> {
        let code = error.rdkafka_error_code();
        let lasting = matches!(error, KafkaError::MessageConsumptionFatal(_))
            || matches!(
                code,
                Some(
                    Code::TopicAuthorizationFailed
                        | Code::GroupAuthorizationFailed
                        | Code::ClusterAuthorizationFailed
                )
            );
        if lasting {
            return Err(self.trouble.error(&format!("events of the group '{}'", self.group), error));
        }
        match code {
            Some(Code::PollExceeded) => {
                tracing::warn!(group = self.group, "a member was not polled in time; it joins again");
            }
            _ => tracing::debug!(group = self.group, %error, "no events for the moment"),
        }
        Ok(())
    }

    async fn commit(self: &Arc<Self>, deliveries: &[Delivery]) -> Result<(), BusError> {
        let mut done: HashMap<(String, i32), i64> = HashMap::new();
        for delivery in deliveries {
            let offset = done.entry((self.topic(delivery), delivery.partition)).or_insert(0);
            *offset = (delivery.offset + 1).max(*offset);
        }
        let mut failure = None;
        for _ in 0..COMMIT_TRIES {
            let held = self.held();
            done.retain(|part, _| held.contains_key(part));
            if done.is_empty() {
                return Ok(());
            }
            match self.commit_once(&done).await {
                Ok(()) => return Ok(()),
                Err(error) if is_rebalancing(&error) => failure = Some(error),
                Err(error) => return Err(self.commit_failed(&error)),
            }
            tokio::time::sleep(COMMIT_PAUSE).await;
        }
        Err(self.commit_failed(&failure.unwrap_or(KafkaError::Canceled)))
    }

    fn commit_failed(&self, error: &KafkaError) -> BusError {
        self.trouble.error(&format!("the position of the group '{}' could not be kept", self.group), error)
    }

    async fn commit_once(self: &Arc<Self>, done: &HashMap<(String, i32), i64>) -> Result<(), KafkaError> {
        let mut positions = TopicPartitionList::with_capacity(done.len());
        for ((topic, partition), offset) in done {
            positions.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
        }
        let member = Arc::clone(self);
        let commit = tokio::task::spawn_blocking(move || member.client.commit(&positions, CommitMode::Sync));
        let late = KafkaError::ConsumerCommit(Code::OperationTimedOut);
        match tokio::time::timeout(self.limits.commit, commit).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(KafkaError::Canceled),
            Err(_) => Err(late),
        }
    }

    /// Polls in the place of a member that works for long, so that its group does not take it for dead.
    fn poll_for_it(&self) {
        let working_for = self.working_since.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(working_for) = working_for.map(|since| since.elapsed()) else { return };
        if working_for < self.limits.patience {
            return;
        }
        if !self.paused.swap(true, Ordering::AcqRel) {
            tracing::warn!(group = self.group, seconds = working_for.as_secs(), "events take long to handle");
        }
        // Partitions that came meanwhile are paused, too.
        if let Ok(held) = self.client.assignment()
            && let Err(error) = self.client.pause(&held)
        {
            tracing::debug!(group = self.group, %error, "the partitions could not be paused");
        }
        let before = self.assignments();
        while let Some(received) = self.client.recv().now_or_never() {
            if let Ok(message) = received {
                self.early().extend(event::delivery(&message, &self.limits.prefix));
            }
        }
        if self.assignments() != before {
            self.forget_lost(&mut Vec::new());
        }
    }

    fn wake_up(&self) {
        self.working(None);
        if self.paused.swap(false, Ordering::AcqRel)
            && let Ok(held) = self.client.assignment()
            && let Err(error) = self.client.resume(&held)
        {
            tracing::warn!(group = self.group, %error, "the partitions could not be resumed");
        }
    }
}

async fn keep_alive(member: Weak<Member>, patience: Duration) {
    loop {
        tokio::time::sleep(patience / 4).await;
        let Some(member) = member.upgrade() else { return };
        member.poll_for_it();
        let_go(member);
    }
}

/// Lets go of a member; the last hold closes it.
fn let_go(member: Arc<Member>) {
    if let Some(member) = Arc::into_inner(member) {
        super::close(member);
    }
}

/// Notes that a member waits for events, until it does so no longer, for whatever reason.
struct Asking<'a>(&'a Member);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.working(Some(Instant::now()));
    }
}

impl Consumer for KafkaConsumer {
    fn next(&mut self, max: usize) -> Boxed<'_, Result<Vec<Delivery>, BusError>> {
        Box::pin(async move {
            let member = self.member()?;
            let _asking = Asking(member);
            member.next(max.max(1)).await
        })
    }

    fn commit<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Boxed<'a, Result<(), BusError>> {
        Box::pin(async move { self.member()?.commit(deliveries).await })
    }

    fn assignments(&self) -> u64 {
        self.member.as_ref().map_or(0, |member| member.assignments())
    }

    fn leave(mut self: Box<Self>) -> Boxed<'static, ()> {
        let member = self.member.take();
        Box::pin(async move {
            // Not on a thread of the runtime, which would wait for it at its end.
            let (told, left) = tokio::sync::oneshot::channel::<()>();
            super::close((member, told));
            // Dropped behind the member.
            if tokio::time::timeout(LEAVE, left).await.is_err() {
                tracing::warn!("a consumer could not leave its group in time");
            }
        })
    }
}

impl Drop for KafkaConsumer {
    fn drop(&mut self) {
        if let Some(member) = self.member.take() {
            let_go(member);
        }
    }
}
