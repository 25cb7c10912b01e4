/** Stores: their own paths show and make what is theirs, and nothing else. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './lib/check.mjs';
import { admin, apiClient, guest, oauth, unique, withClient, withToken } from './lib/clients.mjs';
import { projectKey } from './lib/env.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { GERMANY, eur, openShop, skuOf } from './lib/shop.mjs';

let shop, berlin, paris, product;
const keyOf = ({ key }) => ({ typeId: 'store', key });
const at = (store, api = admin) => api.inStoreKeyWithStoreKeyValue({ storeKey: store.key });
const openStore = (extra = {}) => body(admin.stores().post({ body: { key: unique('store'), ...extra } }));
const draft = (extra = {}) => ({ currency: 'EUR', lineItems: [{ sku: skuOf(product), quantity: 2 }], shippingAddress: GERMANY, ...extra });
const list = async (request) => (await body(request)).results.map(({ id }) => id);

prepare(async () => {
  shop = await openShop();
  berlin = await openStore({ countries: [{ code: 'DE' }] });
  paris = await openStore();
  product = await shop.product('of-stores', [{ value: eur(1000) }]);
});

journey('carts and orders of a store are made, found and changed on its paths alone', async () => {
  const customerEmail = `${unique('ida')}@example.org`;
  const cart = await body(at(berlin).carts().post({ body: draft({ key: unique('cart'), customerEmail, country: 'DE' }) }));
  assert.deepEqual(cart.store, keyOf(berlin));
  const abroad = await refused(at(berlin).carts().post({ body: draft({ country: 'FR' }) }).execute(), 400, 'CountryNotConfiguredInStore');
  assert.deepEqual([abroad.country, abroad.storeCountries], ['FR', ['DE']]);
  const elsewhere = await body(admin.carts().post({ body: draft({ customerEmail }) }));

  const where = `customerEmail = "${customerEmail}"`;
  assert.deepEqual(await list(at(berlin).carts().get({ queryArgs: { where } })), [cart.id]);
  assert.deepEqual(await list(at(paris).carts().get({ queryArgs: { where } })), []);
  assert.equal((await list(admin.carts().get({ queryArgs: { where } }))).length, 2);
  assert.equal((await body(at(berlin).carts().withKey({ key: cart.key }).get())).id, cart.id);
  for (const store of [paris, { key: unique('no-store') }]) await refused(at(store).carts().withId({ ID: cart.id }).get().execute(), 404, 'ResourceNotFound');
  await refused(at(berlin).carts().withId({ ID: elsewhere.id }).get().execute(), 404, 'ResourceNotFound');

  const actions = [{ action: 'setShippingMethod', shippingMethod: { typeId: 'shipping-method', id: shop.shippingMethod.id } }];
  const change = { body: { version: cart.version, actions } };
  await refused(at(paris).carts().withId({ ID: cart.id }).post(change).execute(), 404, 'ResourceNotFound');
  const changed = await body(at(berlin).carts().withId({ ID: cart.id }).post(change));
  const methods = await body(at(berlin).shippingMethods().matchingCart().get({ queryArgs: { cartId: cart.id } }));
  assert.ok(methods.results.some(({ id }) => id === shop.shippingMethod.id));

  const ordering = (from, orderNumber) => ({ body: { cart: { typeId: 'cart', id: from.id }, version: from.version, orderNumber } });
  await refused(at(paris).orders().post(ordering(changed)).execute(), 404, 'ResourceNotFound');
  const order = await body(at(berlin).orders().post(ordering(changed, unique('no'))));
  assert.deepEqual(order.store, keyOf(berlin));
  assert.equal((await body(at(berlin).orders().withOrderNumber({ orderNumber: order.orderNumber }).get())).id, order.id);
  await refused(at(paris).orders().withId({ ID: order.id }).get().execute(), 404, 'ResourceNotFound');
  await refused(at(paris).orders().withId({ ID: order.id }).delete({ queryArgs: { version: order.version } }).execute(), 404, 'ResourceNotFound');
  const again = await body(at(berlin).carts().replicate().post({ body: { reference: { typeId: 'order', id: order.id } } }));
  assert.deepEqual([again.store, again.lineItems[0].quantity], [keyOf(berlin), 2]);
  await refused(at(paris).carts().replicate().post({ body: { reference: { typeId: 'order', id: order.id } } }).execute(), 400, 'ReferencedResourceNotFound');
  const confirmed = await body(at(berlin).orders().withId({ ID: order.id }).post({ body: { version: order.version, actions: [{ action: 'changeOrderState', orderState: 'Confirmed' }] } }));
  assert.equal((await body(at(berlin).orders().withId({ ID: order.id }).delete({ queryArgs: { version: confirmed.version } }))).id, order.id);
});

journey('customers of a store sign up and in there, and look after themselves there', async () => {
  const email = `${unique('ida')}@example.org`;
  const password = 'secret-enough';
  const { customer } = await body(at(berlin).customers().post({ body: { email, password } }));
  assert.deepEqual(customer.stores, [keyOf(berlin)]);
  const twin = await body(at(paris).customers().post({ body: { email, password } }));
  assert.notEqual(twin.customer.id, customer.id);
  assert.deepEqual(await list(at(berlin).customers().get({ queryArgs: { where: `email = "${email}"` } })), [customer.id]);
  await refused(at(paris).customers().withId({ ID: customer.id }).get().execute(), 404, 'ResourceNotFound');

  assert.equal((await body(at(berlin).login().post({ body: { email, password } }))).customer.id, customer.id);
  await refused(admin.login().post({ body: { email, password } }).execute(), 400, 'InvalidCredentials');
  await refused(at(await openStore()).login().post({ body: { email, password } }).execute(), 400, 'InvalidCredentials');

  const token = await body(at(berlin).customers().passwordToken().post({ body: { email } }));
  assert.equal(token.customerId, customer.id);
  await refused(at(paris).customers().passwordReset().post({ body: { tokenValue: token.value, newPassword: 'secret-again' } }).execute(), 404, 'ResourceNotFound');
  await body(at(berlin).customers().passwordReset().post({ body: { tokenValue: token.value, newPassword: 'secret-again' } }));

  const form = { grant_type: 'password', username: email, password: 'secret-again' };
  assert.equal((await oauth(`/oauth/${projectKey}/customers/token`, form)).body.error, 'invalid_customer_account_credentials');
  const signedIn = await oauth(`/oauth/${projectKey}/in-store/key=${berlin.key}/customers/token`, form);
  const ida = withToken(signedIn.body.access_token);
  assert.equal((await body(at(berlin, ida).me().get())).id, customer.id);
  await refused(at(paris, ida).me().get().execute(), 404, 'ResourceNotFound');

  const cart = await body(at(berlin, ida).me().carts().post({ body: { currency: 'EUR', lineItems: [{ sku: skuOf(product) }], shippingAddress: GERMANY } }));
  assert.deepEqual([cart.store, cart.customerId], [keyOf(berlin), customer.id]);
  assert.equal((await body(at(berlin, ida).me().activeCart().get())).id, cart.id);
  await refused(at(paris, ida).me().activeCart().get().execute(), 404, 'ResourceNotFound');
  const order = await body(at(berlin, ida).me().orders().post({ body: { id: cart.id, version: cart.version } }));
  assert.deepEqual(await list(at(berlin, ida).me().orders().get()), [order.id]);
  assert.deepEqual(await list(at(paris, ida).me().orders().get()), []);
});

journey('a guest signs up in the store with the cart of that store', async () => {
  const visitor = await guest();
  const there = await body(at(paris, visitor.api).me().carts().post({ body: { currency: 'EUR' } }));
  const here = await body(at(berlin, visitor.api).me().carts().post({ body: { currency: 'EUR', lineItems: [{ sku: skuOf(product) }] } }));
  assert.deepEqual(await list(at(berlin, visitor.api).me().carts().get()), [here.id]);
  const { customer, cart } = await body(at(paris, visitor.api).me().signup().post({ body: { email: `${unique('ida')}@example.org`, password: 'secret-enough' } }));
  assert.deepEqual([customer.stores, cart.id, cart.customerId], [[keyOf(paris)], there.id, customer.id]);
  assert.equal((await body(admin.carts().withId({ ID: here.id }).get())).customerId, undefined);
});

journey('a token for one store is good on its paths, and nowhere else', async () => {
  const client = await apiClient([`manage_orders:${berlin.key}`]);
  const clerk = withClient(client, client.scopes);
  const cart = await body(at(berlin, clerk).carts().post({ body: draft() }));
  await refused(at(paris, clerk).carts().get().execute(), 403, 'insufficient_scope');
  await refused(clerk.carts().get().execute(), 403, 'insufficient_scope');
  await refused(at(berlin, clerk).customers().get().execute(), 403, 'insufficient_scope');
  assert.equal((await body(at(berlin, clerk).carts().withId({ ID: cart.id }).delete({ queryArgs: { version: cart.version } }))).id, cart.id);
});

journey('a store shows products in its languages, with the prices and the stock of its channels', async () => {
  const channel = (roles) => body(admin.channels().post({ body: { key: unique('channel'), roles } }));
  const ref = ({ id }) => ({ typeId: 'channel', id });
  const [sells, other] = [await channel(['ProductDistribution']), await channel(['ProductDistribution'])];
  const [keeps, far] = [await channel(['InventorySupply']), await channel(['InventorySupply'])];
  const store = await openStore({ languages: ['de'], distributionChannels: [ref(sells)], supplyChannels: [ref(keeps)] });
  const sold = await shop.product('shown', [{ value: eur(1000) }, { value: eur(900), channel: ref(sells) }, { value: eur(800), channel: ref(other) }], { name: { en: 'Mug', de: 'Tasse' } });
  const sku = skuOf(sold);
  await shop.stock(sku, 1);
  await shop.stock(sku, 2, { supplyChannel: ref(keeps) });
  await shop.stock(sku, 3, { supplyChannel: ref(far) });

  const reading = () => at(store).productProjections().withId({ ID: sold.id }).get();
  await eventually(async () => (await body(reading())).masterVariant.availability?.channels?.[keeps.id]);
  await sleep(3_000); // where there are several replicas, each learns of stock in its own time
  const seen = async (request) => {
    const { name, slug, masterVariant: { prices, price, availability } } = await body(request);
    return { name, slug: Object.keys(slug), prices: prices.map(({ value }) => value.centAmount), price: price?.value.centAmount, channels: Object.keys(availability?.channels ?? {}) };
  };
  const expected = { name: { de: 'Tasse' }, slug: [], prices: [1000, 900], price: undefined, channels: [keeps.id] };
  assert.deepEqual(await seen(reading()), expected);
  assert.deepEqual(await seen(admin.productProjections().withKey({ key: sold.key }).get({ queryArgs: { storeProjection: store.key } })), expected);
  const english = { priceCurrency: 'EUR', priceChannel: sells.id, localeProjection: 'en' };
  assert.deepEqual(await seen(at(store).productProjections().withKey({ key: sold.key }).get({ queryArgs: english })), { ...expected, name: { en: 'Mug' }, slug: ['en'], price: 900 });
  const { results } = await body(admin.productProjections().get({ queryArgs: { where: `key = "${sold.key}"`, localeProjection: ['de', 'fr'] } }));
  assert.deepEqual([results[0].name, results[0].masterVariant.prices.length], [{ de: 'Tasse' }, 3]);
  await refused(admin.productProjections().get({ queryArgs: { storeProjection: unique('none') } }).execute(), 400, 'ReferencedResourceNotFound');
  await refused(admin.productProjections().get({ queryArgs: { localeProjection: 'German' } }).execute(), 400, 'InvalidInput');

  const cart = await body(at(store).carts().post({ body: { currency: 'EUR', lineItems: [{ sku, distributionChannel: ref(sells), supplyChannel: ref(keeps) }] } }));
  const [line] = cart.lineItems;
  assert.deepEqual([line.name, line.price.value.centAmount, line.variant.prices.length], [{ de: 'Tasse' }, 900, 2]);
  for (const extra of [{ distributionChannel: ref(other) }, { supplyChannel: ref(far) }]) {
    await refused(at(store).carts().post({ body: { currency: 'EUR', lineItems: [{ sku, ...extra }] } }).execute(), 400, 'InvalidOperation');
  }
});
