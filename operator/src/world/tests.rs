use super::fields::truncate;
use super::*;
use crate::labels::MANAGER;
use crate::names::STACK_LABEL;
use crds::{CommerceStack, CommerceStackSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, OwnerReference};
use serde_json::{Value, json};
use std::sync::Arc;

const UID: &str = "stack-uid";

fn key() -> StackKey {
    StackKey::new("shops", "shop")
}

fn stack(version: u64, generation: i64, status: Option<CommerceStackStatus>) -> Manifest {
    let mut stack = CommerceStack::new("shop", CommerceStackSpec::default());
    stack.metadata.namespace = Some("shops".into());
    stack.metadata.uid = Some(UID.into());
    stack.metadata.generation = Some(generation);
    stack.metadata.resource_version = Some(version.to_string());
    stack.status = status;
    Manifest::Read(Arc::new(stack))
}

fn child(name: &str, version: u64, own: Option<Value>) -> ObjectMeta {
    let labels = [("app.kubernetes.io/managed-by", MANAGER), (STACK_LABEL, "shop")];
    ObjectMeta {
        name: Some(name.into()),
        namespace: Some("shops".into()),
        uid: Some(format!("uid-{name}")),
        resource_version: Some(version.to_string()),
        labels: Some(labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
        owner_references: Some(vec![OwnerReference {
            uid: UID.into(),
            controller: Some(true),
            ..Default::default()
        }]),
        managed_fields: own.map(|fields| {
            vec![ManagedFieldsEntry {
                manager: Some(MANAGER.into()),
                operation: Some("Apply".into()),
                fields_v1: Some(FieldsV1(fields)),
                ..Default::default()
            }]
        }),
        ..Default::default()
    }
}

fn root(version: u64) -> ObjectMeta {
    ObjectMeta { owner_references: None, ..child("shop-root", version, None) }
}

fn whole() -> Option<Value> {
    Some(json!({"f:data": {"f:a": {}, "f:b": {}}}))
}

fn wanted(name: &str) -> Wanted {
    Wanted { key: ChildKey::new(config_map(), name), desired: truncate(&[1; 32]) }
}

fn config_map() -> KindId {
    KindId::find("v1", "ConfigMap").unwrap()
}

/// A world that has listed everything: one stack, no children.
#[allow(clippy::needless_pass_by_value, reason = "callers have no use for their list")]
fn listed(status: Option<CommerceStackStatus>, children: Vec<ObjectMeta>) -> World {
    let mut world = World::default();
    world.stacks_listed_anew();
    assert_eq!(world.stack_seen(&key(), stack(10, 1, status)), Some((key(), Wake::Bulk)));
    world.stacks_listed();
    assert!(!world.set_available(Capabilities::default()).is_empty());
    for kind in KindId::all() {
        world.children_listed_anew(kind);
        if kind == KindId::secret() {
            assert_eq!(world.child_seen(kind, root(5), None), None);
        }
        for metadata in children.iter().filter(|_| kind == config_map()) {
            assert_eq!(
                world.child_seen(kind, metadata.clone(), None),
                None,
                "nothing is woken before all is listed"
            );
        }
        world.children_listed(kind);
    }
    assert!(!world.is_known());
    for kind in KindId::all() {
        world.others_listed_anew(kind);
        world.other_seen(kind, "shops", "theirs", 7);
        world.others_listed(kind);
    }
    assert!(world.is_known());
    world
}

/// The same after a pass that applied children.
fn applied(names: &[&str]) -> World {
    let mut world = listed(None, Vec::new());
    for name in names {
        world.answered(&key(), &wanted(name), &child(name, 20, whole()));
    }
    let all: Vec<Wanted> = names.iter().map(|name| wanted(name)).collect();
    world.plan(&key(), UID, &all, None, Instant::now());
    let situation = world.situation(&key()).unwrap();
    world.settle(&key(), &all, situation);
    world
}

fn settled(world: &World) -> bool {
    world.is_settled(&key(), world.situation(&key()).as_ref())
}

#[test]
fn what_is_as_it_was_left_is_kept_and_wakes_nobody() {
    let mut world = applied(&["a"]);
    assert_eq!(world.child_seen(config_map(), child("a", 20, whole()), None), None);
    assert!(settled(&world));
    let plan = world.plan(&key(), UID, &[wanted("a")], None, Instant::now());
    assert_eq!(plan, pass::Plan { steps: vec![Step::Keep], ..Default::default() });
}

#[test]
fn drift_wakes_the_stack_and_is_repaired_as_such() {
    let mut world = applied(&["a", "b"]);
    let drifted = child("a", 21, Some(json!({"f:data": {"f:a": {}}})));
    assert_eq!(world.child_seen(config_map(), drifted, None), Some((key(), Wake::Noticed)));
    assert!(!settled(&world));
    let plan = world.plan(&key(), UID, &[wanted("a"), wanted("b")], None, Instant::now());
    assert_eq!(plan.steps, [Step::Repair, Step::Keep]);
}

#[test]
fn a_child_deleted_by_somebody_is_made_again_and_told_of() {
    let mut world = applied(&["a"]);
    assert_eq!(world.child_gone(config_map(), &child("a", 22, None)), Some((key(), Wake::Noticed)));
    assert!(!settled(&world));
    let plan = world.plan(&key(), UID, &[wanted("a")], None, Instant::now());
    assert_eq!((plan.steps, plan.lost), (vec![Step::Create], vec![wanted("a").key]));
}

#[test]
fn nobody_is_asked_about_a_name_that_is_known_to_be_free() {
    let mut world = listed(None, Vec::new());
    let mut step = |name: &str| world.plan(&key(), UID, &[wanted(name)], None, Instant::now()).steps[0];
    assert_eq!((step("a"), step("theirs")), (Step::New, Step::Create));
    world.other_seen(config_map(), "shops", "a", 8);
    world.other_seen(config_map(), "shops", "theirs", 0);
    let mut step = |name: &str| world.plan(&key(), UID, &[wanted(name)], None, Instant::now()).steps[0];
    assert_eq!((step("a"), step("theirs")), (Step::Create, Step::New));
    world.others_unheard(config_map());
    assert_eq!(world.plan(&key(), UID, &[wanted("theirs")], None, Instant::now()).steps, [Step::Create]);
}

#[test]
fn what_goes_while_a_pass_is_at_its_end_is_not_lost() {
    let mut world = applied(&["a", "b"]);
    let both = [wanted("a"), wanted("b")];
    let situation = world.situation(&key()).unwrap();
    world.plan(&key(), UID, &both, None, Instant::now());
    world.child_gone(config_map(), &child("a", 30, None));
    world.settle(&key(), &both, situation.clone());
    assert!(!settled(&world), "a is gone");

    world.plan(&key(), UID, &both, None, Instant::now());
    let mut anew = child("a", 40, whole());
    anew.uid = Some("second".into());
    // Made, deleted by somebody, and both told before the answer came.
    world.child_seen(config_map(), anew.clone(), None);
    world.child_gone(config_map(), &anew);
    world.answered(&key(), &wanted("a"), &anew);
    world.settle(&key(), &both, situation);
    assert!(!settled(&world));
    assert_eq!(world.plan(&key(), UID, &both, None, Instant::now()).steps, [Step::Create, Step::Keep]);
}

#[test]
fn news_of_an_object_that_was_since_made_anew_deletes_nothing() {
    let mut world = applied(&["a"]);
    let mut earlier = child("a", 19, None);
    earlier.uid = Some("earlier".into());
    assert_eq!(world.child_gone(config_map(), &earlier), None);
    assert!(settled(&world));
}

#[test]
fn what_was_missed_while_a_watch_was_broken_is_found_by_the_next_listing() {
    let mut world = applied(&["a", "b"]);
    world.children_unheard(config_map());
    world.children_listed_anew(config_map());
    world.child_seen(config_map(), child("a", 20, whole()), None);
    assert_eq!(world.children_listed(config_map()), [(key(), Wake::Noticed)]);
    let plan = world.plan(&key(), UID, &[wanted("a"), wanted("b")], None, Instant::now());
    assert_eq!(plan.steps, [Step::Keep, Step::Create]);
}

#[test]
fn a_restart_recognizes_what_an_earlier_process_applied() {
    let before = applied(&["a", "b"]);
    let both = [wanted("a"), wanted("b")];
    let digest = before.digest(&key(), &both).unwrap();

    let seen = || vec![child("a", 20, whole()), child("b", 20, whole())];
    let mut world = listed(None, seen());
    let plan = world.plan(&key(), UID, &both, Some(&digest), Instant::now());
    assert_eq!(plan.steps, [Step::Keep, Step::Keep]);
    assert_eq!(world.digest(&key(), &both).as_deref(), Some(digest.as_str()));

    let mut drifted = seen();
    drifted[1] = child("b", 21, Some(json!({"f:data": {"f:a": {}}})));
    let mut world = listed(None, drifted);
    let plan = world.plan(&key(), UID, &both, Some(&digest), Instant::now());
    assert_eq!(plan.steps, [Step::Apply, Step::Apply]);

    let changed = [wanted("a"), Wanted { desired: truncate(&[2; 32]), ..wanted("b") }];
    let mut world = listed(None, seen());
    assert_eq!(
        world.plan(&key(), UID, &changed, Some(&digest), Instant::now()).steps,
        [Step::Apply, Step::Apply]
    );
}

#[test]
fn orphans_are_deleted_and_what_guards_data_is_not() {
    let mut retained = child("data", 20, whole());
    retained.owner_references = None;
    let mut copied = child("copied", 20, None);
    copied.uid = Some("x".into());
    let mut world = listed(None, vec![child("old", 20, whole()), retained, copied]);
    // With deletionPolicy Delete volumes belong to the stack, too.
    world.child_seen(KindId::volume_claim(), child("volume", 20, whole()), None);
    let plan = world.plan(&key(), UID, &[], None, Instant::now());
    let orphans: Vec<&str> = plan.orphans.iter().map(|orphan| &*orphan.key.name).collect();
    assert_eq!(orphans, ["old"]);
    world.deleted(&key(), &plan.orphans[0]);
    let situation = world.situation(&key()).unwrap();
    world.settle(&key(), &[], situation);
    assert!(settled(&world), "what is not wanted and not ours to delete does not disturb");
}

#[test]
fn objects_of_others_are_not_touched() {
    let mut theirs = child("a", 20, None);
    theirs.owner_references =
        Some(vec![OwnerReference { uid: "them".into(), controller: Some(true), ..Default::default() }]);
    let mut world = listed(None, vec![theirs]);
    assert_eq!(world.plan(&key(), UID, &[wanted("a")], None, Instant::now()).steps, [Step::Foreign]);
}

#[test]
fn our_own_status_wakes_nobody_and_anothers_does() {
    let status =
        |version: &str| Some(CommerceStackStatus { version: Some(version.into()), ..Default::default() });
    let mut world = applied(&[]);
    world.status_written(&key(), 30, status("1").unwrap());
    assert_eq!(world.stack_seen(&key(), stack(30, 1, status("1"))), None);
    assert_eq!(world.stack_seen(&key(), stack(31, 1, status("2"))), Some((key(), Wake::Noticed)));
    assert_eq!(world.status(&key()), status("1"));
    assert!(!world.has_status(&key(), &status("1").unwrap()), "it is to be written again");
    assert!(world.has_status(&key(), &status("2").unwrap()));
    assert_eq!(world.stack_seen(&key(), stack(32, 2, status("1"))), Some((key(), Wake::Changed)));
    assert_eq!(world.stack_seen(&key(), stack(29, 1, None)), None, "old news");
}

#[test]
fn a_referenced_secret_wakes_those_who_refer_to_it() {
    let mut world = applied(&[]);
    world.set_references(&key(), &[("mongo".to_owned(), 5)].into());
    let situation = world.situation(&key()).unwrap();
    world.settle(&key(), &[], situation);
    assert!(world.other_seen(KindId::secret(), "shops", "mongo", 5).is_empty());
    assert!(world.other_seen(KindId::secret(), "elsewhere", "mongo", 6).is_empty());
    assert!(settled(&world));
    assert_eq!(world.other_seen(KindId::secret(), "shops", "mongo", 6), [(key(), Wake::Changed)]);
    assert!(!settled(&world));
    world.others_listed_anew(KindId::secret());
    assert_eq!(
        world.others_listed(KindId::secret()),
        [(key(), Wake::Changed)],
        "it was deleted while nobody watched"
    );
    world.set_references(&key(), &BTreeMap::new());
    assert!(
        world.other_seen(KindId::secret(), "shops", "mongo", 7).is_empty() && world.references.is_empty()
    );
}

#[test]
fn a_root_with_other_contents_wakes_its_stack() {
    let mut world = applied(&[]);
    world.plan(&key(), UID, &[], None, Instant::now());
    assert!(settled(&world));
    assert_eq!(world.child_seen(KindId::secret(), root(5), None), None);
    assert_eq!(world.child_seen(KindId::secret(), root(6), None), Some((key(), Wake::Noticed)));
    assert!(!settled(&world));
}

#[test]
fn only_what_is_of_this_very_stack_keeps_a_lost_root_from_being_made_anew() {
    let mut world = listed(None, Vec::new());
    let secret = KindId::secret();
    assert_eq!(world.is_guarded(&key(), UID), Some(false));
    world.child_seen(secret, child("shop-declared", 20, whole()), None);
    assert_eq!(world.is_guarded(&key(), UID), Some(true));
    assert_eq!(world.is_guarded(&key(), "later"), Some(false), "it goes with the earlier stack");
    world.kind_removed(secret);
    assert_eq!(world.is_guarded(&key(), UID), None);
}

#[test]
fn readiness_wakes_when_it_changes_and_not_else() {
    let deployment = KindId::find("apps/v1", "Deployment").unwrap();
    let mut world = applied(&[]);
    let one = Wanted { key: ChildKey::new(deployment, "d"), desired: truncate(&[1; 32]) };
    world.answered(&key(), &one, &child("d", 20, whole()));
    let mut seen = |version, ready| {
        let readiness = Readiness { wanted: 1, ready, ..Default::default() };
        world.child_seen(deployment, child("d", version, whole()), Some(readiness)).is_some()
    };
    assert_eq!([seen(21, 0), seen(22, 0), seen(23, 1), seen(24, 1)], [true, false, true, false]);
}

#[test]
fn a_stack_that_is_gone_is_forgotten_with_its_last_child() {
    let mut world = applied(&["a"]);
    assert_eq!(world.stack_gone(&key()), Some((key(), Wake::Changed)));
    assert!(world.keys().is_empty());
    assert_eq!(world.child_gone(config_map(), &child("a", 30, None)), None);
    assert_eq!(world.child_gone(KindId::secret(), &root(31)), None);
    assert!(world.stacks.is_empty());
}

#[test]
fn a_stack_made_anew_under_the_same_name_starts_afresh() {
    let mut world = applied(&["a"]);
    let Manifest::Read(anew) = stack(40, 1, None) else { unreachable!() };
    let mut anew = (*anew).clone();
    anew.metadata.uid = Some("second".into());
    assert_eq!(world.stack_seen(&key(), Manifest::Read(Arc::new(anew))), Some((key(), Wake::Changed)));
    assert!(!settled(&world));
    let plan = world.plan(&key(), "second", &[wanted("a")], None, Instant::now());
    assert_eq!(plan.steps, [Step::Apply], "what its predecessor left is taken over");
}
