/** Two editors at one thing: versions, conflicts, retries, all-or-nothing. */
import assert from 'node:assert/strict';
import { admin, patientAdmin, unique } from './lib/clients.mjs';
import { body, journey, refused } from './lib/harness.mjs';

const make = (extra = {}) => body(admin.categories().post({ body: { key: unique('cat'), name: { en: 'before' }, slug: { en: unique('slug') }, ...extra } }));
const update = (api, { id }, version, ...actions) => api.categories().withId({ ID: id }).post({ body: { version, actions } });
const rename = (en) => ({ action: 'changeName', name: { en } });
const get = ({ id }) => body(admin.categories().withId({ ID: id }).get());

journey('of two editors the second is told, reads again, and wins nothing by force', async () => {
  const category = await make();
  const first = await body(update(admin, category, category.version, rename('first')));
  assert.ok(first.version > category.version);
  assert.ok(first.lastModifiedAt >= category.lastModifiedAt);
  assert.equal(first.createdAt, category.createdAt);

  const error = await refused(update(admin, category, category.version, rename('second')).execute(), 409, 'ConcurrentModification');
  assert.equal(error.currentVersion, first.version);
  assert.equal(error.message, `Object ${category.id} has a different version than expected. Expected: ${category.version} - Actual: ${first.version}.`);
  assert.deepEqual(await get(category), first, 'the refused change left no trace');

  const second = await body(update(admin, category, error.currentVersion, rename('second')));
  assert.deepEqual([second.name, second.version > first.version], [{ en: 'second' }, true]);
  await refused(admin.categories().withId({ ID: category.id }).delete({ queryArgs: { version: first.version } }).execute(), 409, 'ConcurrentModification');
  const gone = await body(admin.categories().withId({ ID: category.id }).delete({ queryArgs: { version: second.version } }));
  assert.deepEqual(gone.name, second.name, 'a deletion answers with the last state');
  await refused(admin.categories().withId({ ID: category.id }).get().execute(), 404, 'ResourceNotFound');
});

journey('the SDK\'s own retry gets through with the version it is told', async () => {
  const category = await make();
  await body(update(admin, category, category.version, rename('first')));
  const { statusCode, body: second } = await update(patientAdmin, category, category.version, rename('patient')).execute();
  assert.deepEqual([statusCode, second.name], [200, { en: 'patient' }]);
});

journey('of ten editors with the same version exactly one gets through', async () => {
  const category = await make();
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => update(admin, category, category.version, rename(`editor ${n}`)).execute()));
  const winners = outcomes.filter((one) => one.status === 'fulfilled');
  assert.equal(winners.length, 1);
  for (const { reason } of outcomes.filter((one) => one.status === 'rejected')) {
    assert.deepEqual([reason.statusCode, reason.body.errors[0].code], [409, 'ConcurrentModification']);
  }
  assert.deepEqual(await get(category), winners[0].value.body);
});

journey('twenty patient editors lose none of their changes', async () => {
  const state = await body(admin.channels().post({ body: { key: unique('ch'), name: { en: '0' } } }));
  const edit = async () => {
    for (;;) {
      const current = await body(admin.channels().withId({ ID: state.id }).get());
      const next = { action: 'changeName', name: { en: String(Number(current.name.en) + 1) } };
      try {
        return await body(admin.channels().withId({ ID: state.id }).post({ body: { version: current.version, actions: [next] } }));
      } catch (error) {
        if (error.statusCode !== 409) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, edit));
  assert.equal((await body(admin.channels().withId({ ID: state.id }).get())).name.en, '20');
});

journey('the actions of a request happen all or not at all, in their order', async () => {
  const category = await make();
  const mixed = [rename('half'), { action: 'setKey', key: unique('half') }, { action: 'changeParent', parent: { typeId: 'category', id: '00000000-0000-4000-8000-000000000000' } }];
  await refused(update(admin, category, category.version, ...mixed).execute(), 400);
  assert.deepEqual(await get(category), category);
  const ordered = await body(update(admin, category, category.version, rename('one'), rename('two')));
  assert.deepEqual(ordered.name, { en: 'two' });
  const none = await body(update(admin, category, ordered.version));
  assert.deepEqual(none, ordered, 'no action, no change');
  await refused(update(admin, category, ordered.version, ...Array.from({ length: 501 }, () => rename('many'))).execute(), 400);
  await refused(update(admin, category, ordered.version, { action: 'changeNothingAtAll' }).execute(), 400, 'InvalidJsonInput');
  assert.equal((await get(category)).version, ordered.version);
});

journey('two that want the same key cannot both have it', async () => {
  const key = unique('wanted');
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => make({ key })));
  const made = outcomes.filter((one) => one.status === 'fulfilled');
  assert.equal(made.length, 1);
  for (const { reason } of outcomes.filter((one) => one.status === 'rejected')) {
    assert.deepEqual([reason.statusCode, reason.body?.errors[0].code, reason.body?.errors[0].field], [400, 'DuplicateField', 'key']);
  }
  const [{ value }] = made;
  assert.equal((await body(admin.categories().withKey({ key }).get())).id, value.id);
  await body(admin.categories().withKey({ key }).delete({ queryArgs: { version: value.version } }));
  assert.equal((await make({ key })).key, key, 'a deleted thing gives its key back');
});
