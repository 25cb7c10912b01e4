/** Custom objects, states, stores, channels, project settings. */
import assert from 'node:assert/strict';
import { admin, adminToken, raw, unique } from './lib/clients.mjs';
import { projectKey } from './lib/env.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { cartDraft, eur, GERMANY, openShop, skuOf } from './lib/shop.mjs';

let shop;
prepare(async () => { shop = await openShop(); });

journey('a custom object is made, replaced, found and removed', async () => {
  const container = unique('box');
  const put = (key, value, extra = {}) => admin.customObjects().post({ body: { container, key, value, ...extra } });
  const at = (key) => admin.customObjects().withContainerAndKey({ container, key });
  const value = { 'a.b': 1, $set: { deep: [[1, 2], ['x', { y: null, z: true }]] }, text: 'Grüße \u{1F600}', number: 1.5, big: 9007199254740991 };
  const first = await put('one', value).execute();
  assert.deepEqual([first.statusCode, first.body.version, first.body.container, first.body.key], [201, 1, container, 'one']);
  const kept = { ...value, $set: { deep: [[1, 2], ['x', { z: true }]] } };
  assert.deepEqual((await body(at('one').get())).value, kept, 'any JSON survives, but for members that are null');

  const second = await put('one', [1, 2]).execute();
  assert.deepEqual([second.statusCode, second.body.id, second.body.value, second.body.version > 1], [200, first.body.id, [1, 2], true]);
  await refused(put('one', 'late', { version: 1 }).execute(), 409, 'ConcurrentModification');
  assert.equal((await body(put('one', 'in time', { version: second.body.version }))).value, 'in time');

  for (const [key, x] of [['two', 2], ['three', 3]]) await body(put(key, { x, word: key }));
  for (const simple of [7, true, 'text', [], {}]) assert.deepEqual((await body(put('simple', simple))).value, simple);
  const list = (queryArgs) => body(admin.customObjects().withContainer({ container }).get({ queryArgs }));
  assert.deepEqual((await list({ sort: 'key asc' })).results.map(({ key }) => key), ['one', 'simple', 'three', 'two']);
  assert.deepEqual((await list({ where: 'value(x > 2 and word = "three")' })).results.map(({ key }) => key), ['three']);
  assert.equal((await body(admin.customObjects().get({ queryArgs: { where: `container = "${container}"`, limit: 1 } }))).total, 4);
  await refused(admin.customObjects().post({ body: { container: 'no spaces', key: 'x', value: 1 } }).execute(), 400);

  const current = await body(at('two').get());
  await refused(at('two').delete({ queryArgs: { version: current.version + 1 } }).execute(), 409, 'ConcurrentModification');
  assert.deepEqual((await body(at('two').delete())).value, { x: 2, word: 'two' });
  await refused(at('two').get().execute(), 404, 'ResourceNotFound');
  assert.equal((await put('two', 'again').execute()).statusCode, 201);
});

journey('a thing moves from state to state along the transitions only', async () => {
  const make = (name, extra = {}) => body(admin.states().post({ body: { key: unique(name), type: 'ProductState', ...extra } }));
  const ref = ({ id }) => ({ typeId: 'state', id });
  const done = await make('done', { initial: false, transitions: [] });
  const review = await make('review', { initial: false, transitions: [ref(done)] });
  const draft = await make('draft', { transitions: [ref(review)] });
  assert.deepEqual([draft.initial, draft.builtIn, done.transitions], [true, false, []]);
  const product = await shop.product('stateful', [{ value: eur(1) }]);
  let { version } = product;
  const move = (state, force) => admin.products().withId({ ID: product.id }).post({ body: { version, actions: [{ action: 'transitionState', state: ref(state), ...(force ? { force } : {}) }] } });
  const go = async (state, force) => {
    const moved = await body(move(state, force));
    version = moved.version;
    return moved.state.id;
  };
  await refused(move(review).execute(), 400, 'InvalidOperation');
  assert.equal(await go(draft), draft.id);
  await refused(move(done).execute(), 400, 'InvalidOperation');
  assert.equal(await go(review), review.id);
  assert.equal(await go(done), done.id);
  await refused(move(draft).execute(), 400, 'InvalidOperation');
  assert.equal(await go(draft, true), draft.id, 'force goes anywhere');
  await refused(admin.states().withId({ ID: draft.id }).delete({ queryArgs: { version: draft.version } }).execute(), 400, 'ReferenceExists');
});

journey('the items of an order move from state to state by quantity', async () => {
  const picked = await body(admin.states().post({ body: { key: unique('picked'), type: 'LineItemState' } }));
  const product = await shop.product('crate', [{ value: eur(500) }]);
  const cart = await body(admin.carts().post({ body: cartDraft({ shippingAddress: GERMANY, lineItems: [{ sku: skuOf(product), quantity: 5 }] }) }));
  const order = await body(admin.orders().post({ body: { cart: { typeId: 'cart', id: cart.id }, version: cart.version } }));
  const [line] = order.lineItems;
  const [{ state: initial, quantity }] = line.state;
  assert.equal(quantity, 5);
  const builtIn = await body(admin.states().withId({ ID: initial.id }).get());
  assert.deepEqual([builtIn.builtIn, builtIn.type], [true, 'LineItemState']);
  const moved = await body(admin.orders().withId({ ID: order.id }).post({ body: { version: order.version, actions: [
    { action: 'transitionLineItemState', lineItemId: line.id, quantity: 2, fromState: initial, toState: { typeId: 'state', id: picked.id } },
  ] } }));
  const quantities = Object.fromEntries(moved.lineItems[0].state.map((one) => [one.state.id, one.quantity]));
  assert.deepEqual(quantities, { [initial.id]: 3, [picked.id]: 2 });
  await refused(admin.states().withId({ ID: initial.id }).delete({ queryArgs: { version: builtIn.version } }).execute(), 400);
});

journey('a store has channels with the right roles, countries and languages', async () => {
  const channel = (...roles) => body(admin.channels().post({ body: { key: unique('ch'), roles } }));
  const [sale, supply] = [await channel('ProductDistribution'), await channel('InventorySupply')];
  const by = ({ id }) => ({ typeId: 'channel', id });
  const key = unique('store');
  const store = await body(admin.stores().post({ body: { key, name: { en: 'Store' }, distributionChannels: [by(sale)], supplyChannels: [by(supply)] } }));
  assert.deepEqual([store.distributionChannels, store.supplyChannels, store.countries, store.languages], [[by(sale)], [by(supply)], [], []]);
  const wrong = await refused(admin.stores().post({ body: { key: unique('store'), distributionChannels: [by(supply)] } }).execute(), 400, 'MissingRoleOnChannel');
  assert.equal(wrong.missingRole, 'ProductDistribution');
  const update = (version, ...actions) => admin.stores().withKey({ key }).post({ body: { version, actions } });
  const same = await body(update(store.version, { action: 'addSupplyChannel', supplyChannel: by(supply) }));
  assert.equal(same.supplyChannels.length, 1);
  const changed = await body(update(same.version, { action: 'setCountries', countries: [{ code: 'DE' }] }, { action: 'removeSupplyChannel', supplyChannel: by(supply) }));
  assert.deepEqual([changed.countries, changed.supplyChannels], [[{ code: 'DE' }], []]);

  const cart = await body(admin.carts().post({ body: { currency: 'EUR', store: { typeId: 'store', key } } }));
  assert.deepEqual(cart.store, { typeId: 'store', key });
  const country = await refused(admin.carts().withId({ ID: cart.id }).post({ body: { version: cart.version, actions: [{ action: 'setCountry', country: 'FR' }] } }).execute(), 400, 'CountryNotConfiguredInStore');
  assert.deepEqual([country.country, country.storeCountries], ['FR', ['DE']]);
  await refused(admin.stores().withKey({ key }).delete({ queryArgs: { version: changed.version } }).execute(), 400, 'ReferenceExists');
});

journey('a channel changes its roles', async () => {
  const made = await body(admin.channels().post({ body: { key: unique('ch'), roles: ['Primary'], geoLocation: { type: 'Point', coordinates: [13.4, 52.5] } } }));
  assert.deepEqual([made.roles, made.geoLocation.coordinates], [['Primary'], [13.4, 52.5]]);
  const changed = await body(admin.channels().withId({ ID: made.id }).post({ body: { version: made.version, actions: [{ action: 'addRoles', roles: ['OrderExport'] }, { action: 'removeRoles', roles: ['Primary'] }] } }));
  assert.deepEqual(changed.roles, ['OrderExport']);
});

journey('a cart and an order carry custom fields of one type', async () => {
  const field = unique('note').replaceAll('-', '');
  const type = await body(admin.types().post({ body: {
    key: unique('type'), name: { en: 'note' }, resourceTypeIds: ['order'], fieldDefinitions: [{ name: field, label: { en: 'note' }, required: false, type: { name: 'String' } }],
  } }));
  const product = await shop.product('card', [{ value: eur(500) }]);
  const cart = await body(admin.carts().post({ body: cartDraft({
    shippingAddress: GERMANY, lineItems: [{ sku: skuOf(product), quantity: 1 }], custom: { type: { typeId: 'type', key: type.key }, fields: { [field]: 'hello' } },
  }) }));
  assert.equal(cart.custom.fields[field], 'hello');
  const order = await body(admin.orders().post({ body: { cart: { typeId: 'cart', id: cart.id }, version: cart.version } }));
  assert.deepEqual([order.custom.type, order.custom.fields], [{ typeId: 'type', id: type.id }, { [field]: 'hello' }]);
  const found = await body(admin.orders().get({ queryArgs: { where: `custom(fields(${field} = "hello"))`, expand: 'cart' } }));
  assert.deepEqual(found.results.map(({ id, cart: one }) => [id, one.obj?.cartState]), [[order.id, 'Ordered']]);
});

journey('project settings are read and changed under their version', async () => {
  const project = await body(admin.get());
  assert.equal(project.key, projectKey);
  const update = (version, ...actions) => admin.post({ body: { version, actions } });
  const name = unique('name');
  const renamed = await body(update(project.version, { action: 'changeName', name }));
  assert.deepEqual([renamed.name, renamed.version > project.version], [name, true]);
  await refused(update(project.version, { action: 'changeName', name: 'late' }).execute(), 409, 'ConcurrentModification');
  const back = await body(update(renamed.version, { action: 'changeName', name: project.name }));
  assert.equal(back.name, project.name);
  const token = await adminToken();
  await raw('', { method: 'POST', token, body: '{"version": 1}' }).then(({ status }) => assert.equal(status, 400));
});
