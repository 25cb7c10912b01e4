/** Reviews of products and channels. */
import assert from 'node:assert/strict';
import { admin, unique } from './lib/clients.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { eur, openShop } from './lib/shop.mjs';

let shop;
prepare(async () => { shop = await openShop(); });

const make = (draft) => admin.reviews().post({ body: draft });
const update = ({ id, version }, ...actions) => admin.reviews().withId({ ID: id }).post({ body: { version, actions } });
const ref = (typeId, { id }) => ({ typeId, id });

journey('a customer reviews a product once', async () => {
  const product = await shop.product('reviewed', [{ value: eur(100) }]);
  const { customer } = await body(admin.customers().post({ body: { email: `${unique('ida')}@example.org`, password: 'secret-enough' } }));
  const draft = {
    key: unique('review'), uniquenessValue: `${customer.id}${product.id}`, locale: 'en', authorName: 'Ida', title: 'Good', text: 'Quite good.',
    rating: 80, target: ref('product', product), customer: ref('customer', customer),
  };
  const review = await body(make(draft));
  for (const [name, value] of Object.entries(draft)) assert.deepEqual(review[name], value, name);
  assert.deepEqual([review.version, review.includedInStatistics], [1, true]);

  const twice = await refused(make({ ...draft, key: unique('review') }).execute(), 400, 'DuplicateField');
  assert.deepEqual([twice.field, twice.duplicateValue], ['uniquenessValue', draft.uniquenessValue]);
  for (const rating of [-101, 101]) assert.equal((await refused(make({ rating }).execute(), 400, 'InvalidField')).field, 'rating');
  await refused(make({ authorName: 'Ida' }).execute(), 400);
  await refused(make({ rating: 1, target: { typeId: 'product', key: unique('none') } }).execute(), 400, 'ReferencedResourceNotFound');

  const changed = await body(update(review, { action: 'setRating', rating: -100 }, { action: 'setTitle' }, { action: 'setText', text: 'No.' },
    { action: 'setAuthorName', authorName: 'I.' }, { action: 'setLocale', locale: 'en-GB' }, { action: 'setCustomer' }));
  assert.deepEqual([changed.rating, changed.title, changed.text, changed.authorName, changed.locale, changed.customer], [-100, undefined, 'No.', 'I.', 'en-GB', undefined]);
  await refused(update(review, { action: 'setText', text: 'late' }).execute(), 409, 'ConcurrentModification');
  const found = await body(admin.reviews().get({ queryArgs: { where: `target(id = "${product.id}") and rating < 0`, expand: 'target', sort: 'rating asc' } }));
  assert.deepEqual(found.results.map(({ id, target }) => [id, target.obj?.key]), [[review.id, product.key]]);

  const gone = await body(admin.reviews().withKey({ key: draft.key }).delete({ queryArgs: { version: changed.version } }));
  assert.equal(gone.id, review.id);
  await refused(admin.reviews().withId({ ID: review.id }).get().execute(), 404, 'ResourceNotFound');
  await body(make({ ...draft, key: unique('review') }));
});

journey('a review counts when it is approved', async () => {
  const state = (extra) => body(admin.states().post({ body: { key: unique('state'), type: 'ReviewState', ...extra } }));
  const approved = await state({ initial: false, roles: ['ReviewIncludedInStatistics'], transitions: [] });
  const fresh = await state({ transitions: [ref('state', approved)] });
  const channel = await body(admin.channels().post({ body: { key: unique('ch') } }));
  const review = await body(make({ rating: 3, target: { typeId: 'channel', key: channel.key }, state: ref('state', fresh) }));
  assert.deepEqual([review.target, review.state, review.includedInStatistics], [ref('channel', channel), ref('state', fresh), false]);
  const to = (of, next, extra = {}) => update(of, { action: 'transitionState', state: ref('state', next), ...extra });
  const counted = await body(to(review, approved));
  assert.deepEqual([counted.state.id, counted.includedInStatistics], [approved.id, true]);
  await refused(to(counted, fresh).execute(), 400, 'InvalidOperation');
  const forced = await body(to(counted, fresh, { force: true }));
  assert.equal(forced.includedInStatistics, false);
  await refused(to(await body(make({ rating: 1 })), approved).execute(), 400, 'InvalidOperation');
  await refused(admin.states().withId({ ID: fresh.id }).delete({ queryArgs: { version: fresh.version } }).execute(), 400, 'ReferenceExists');
});

journey('ratings come to statistics of what is reviewed', async () => {
  const product = await shop.product('rated', [{ value: eur(100) }]);
  const channel = await body(admin.channels().post({ body: { key: unique('ch') } }));
  const statistics = async () => {
    const [one, projection] = [await body(admin.products().withId({ ID: product.id }).get()), await body(admin.productProjections().withId({ ID: product.id }).get())];
    assert.deepEqual(projection.reviewRatingStatistics, one.reviewRatingStatistics);
    assert.equal(one.version, product.version);
    return one.reviewRatingStatistics;
  };
  assert.equal(await statistics(), undefined);
  const target = ref('product', product);
  const [first] = await Promise.all([1, 1, 0].map((rating) => body(make({ rating, target }))));
  await body(make({ text: 'No rating.', target }));
  assert.deepEqual(await statistics(), { averageRating: 0.66667, highestRating: 1, lowestRating: 0, count: 3, ratingsDistribution: { 0: 1, 1: 2 } });
  const raised = await body(update(first, { action: 'setRating', rating: 100 }));
  assert.deepEqual([(await statistics()).highestRating, (await statistics()).averageRating], [100, 33.66667]);
  const moved = await body(update(raised, { action: 'setTarget', target: ref('channel', channel) }));
  assert.equal((await statistics()).count, 2);
  const about = async () => (await body(admin.channels().withId({ ID: channel.id }).get())).reviewRatingStatistics;
  assert.deepEqual(await about(), { averageRating: 100, highestRating: 100, lowestRating: 100, count: 1, ratingsDistribution: { 100: 1 } });
  await body(admin.reviews().withId({ ID: moved.id }).delete({ queryArgs: { version: moved.version } }));
  assert.equal(await about(), undefined);
});

journey('a review carries custom fields, whose type stays while it does', async () => {
  const field = unique('size').replaceAll('-', '');
  const type = await body(admin.types().post({ body: {
    key: unique('type'), name: { en: 'fit' }, resourceTypeIds: ['review'], fieldDefinitions: [{ name: field, label: { en: 'fit' }, required: false, type: { name: 'Number' } }],
  } }));
  const review = await body(make({ text: 'Fits.', custom: { type: { typeId: 'type', key: type.key }, fields: { [field]: 42 } } }));
  assert.deepEqual(review.custom, { type: ref('type', type), fields: { [field]: 42 } });
  const changed = await body(update(review, { action: 'setCustomField', name: field, value: 43 }));
  assert.equal((await body(admin.reviews().get({ queryArgs: { where: `custom(fields(${field} = 43))` } }))).results[0]?.id, review.id);
  const removal = () => admin.types().withId({ ID: type.id }).delete({ queryArgs: { version: type.version } });
  assert.equal((await refused(removal().execute(), 400, 'ReferenceExists')).referencedBy, 'review');
  assert.equal((await body(update(changed, { action: 'setCustomType' }))).custom, undefined);
  assert.equal((await body(removal())).id, type.id);
});
