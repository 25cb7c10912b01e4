/** One cart, several shipping methods: each has an address and taxes what it ships. */
import assert from 'node:assert/strict';
import { admin, unique } from './lib/clients.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { AUSTRIA, cartDraft, eur, GERMANY, openShop, skuOf } from './lib/shop.mjs';

let shop;
let sku;
prepare(async () => {
  shop = await openShop();
  sku = skuOf(await shop.product('chair', [{ value: eur(1000) }]));
});

const update = (cart, ...actions) => admin.carts().withId({ ID: cart.id }).post({ body: { version: cart.version, actions } });
const order = (cart) => admin.orders().post({ body: { cart: { typeId: 'cart', id: cart.id }, version: cart.version } });
const change = (made, ...actions) => admin.orders().withId({ ID: made.id }).post({ body: { version: made.version, actions } });
const target = (addressKey, shippingMethodKey, quantity) => ({ addressKey, shippingMethodKey, quantity });
const post = () => ({ shippingMethod: { typeId: 'shipping-method', id: shop.shippingMethod.id }, shippingAddress: GERMANY });
const bike = () => ({
  shippingMethodName: 'Bike', shippingAddress: AUSTRIA, shippingRate: { price: eur(300) }, taxCategory: { typeId: 'tax-category', id: shop.taxCategory.id },
});
const itemShippingAddresses = [{ ...GERMANY, key: 'home' }, { ...AUSTRIA, key: 'work' }];
/** Three chairs: the post brings one home, the bike two to work. */
const draft = (extra = {}) => cartDraft({
  shippingMode: 'Multiple', itemShippingAddresses, shipping: [{ key: 'post', ...post() }], customShipping: [{ key: 'bike', ...bike() }],
  lineItems: [{ sku, quantity: 3, shippingDetails: { targets: [target('home', 'post', 1), target('work', 'bike', 2)] } }],
  ...extra,
});

journey('units go to two addresses by two methods, and the order delivers for each', async () => {
  let cart = await body(admin.carts().post({ body: cartDraft({ shippingMode: 'Multiple', itemShippingAddresses, lineItems: [{ sku, quantity: 3 }] }) }));
  assert.deepEqual([cart.shipping, cart.taxedPrice], [[], undefined]);
  const [line] = cart.lineItems;
  cart = await body(update(cart,
    { action: 'addShippingMethod', shippingKey: 'post', ...post() },
    { action: 'addCustomShippingMethod', shippingKey: 'bike', ...bike() },
    { action: 'setLineItemShippingDetails', lineItemId: line.id, shippingDetails: { targets: [target('home', 'post', 1), target('work', 'bike', 2)] } },
  ));
  assert.deepEqual(cart.shipping.map(({ shippingKey, shippingInfo }) => [shippingKey, shippingInfo.price.centAmount, shippingInfo.taxRate.country]), [['post', 490, 'DE'], ['bike', 300, 'AT']]);
  const [taxed] = cart.lineItems;
  assert.deepEqual(taxed.perMethodTaxRate.map(({ shippingMethodKey, taxRate }) => [shippingMethodKey, taxRate.amount]), [['post', 0.19], ['bike', 0.07]]);
  assert.deepEqual(taxed.taxedPricePortions.map(({ taxedPrice }) => taxedPrice.totalGross.centAmount), [1190, 2140]);
  assert.deepEqual([cart.totalPrice.centAmount, cart.taxedShippingPrice.totalGross.centAmount], [3790, 583 + 321]);
  assert.equal(cart.taxedPrice.totalGross.centAmount, 1190 + 2140 + 583 + 321);

  await refused(update(cart, { action: 'removeShippingMethod', shippingKey: 'bike' }).execute(), 400, 'InvalidOperation');
  const half = await body(update(cart, { action: 'setLineItemShippingDetails', lineItemId: line.id, shippingDetails: { targets: [target('home', 'post', 1)] } }));
  assert.equal(half.taxedPrice, undefined);
  await refused(order(half).execute(), 400, 'InvalidItemShippingDetails');
  const whole = await body(update(half, { action: 'applyDeltaToLineItemShippingDetailsTargets', lineItemId: line.id, targetsDelta: [target('work', 'bike', 2)] }));
  const copy = await body(admin.carts().replicate().post({ body: { reference: { typeId: 'cart', id: whole.id } } }));
  assert.deepEqual([copy.shipping.map(({ shippingKey }) => shippingKey), copy.taxedPrice.totalGross], [['post', 'bike'], whole.taxedPrice.totalGross]);

  const made = await body(order(whole));
  assert.deepEqual([made.shippingMode, made.taxedPrice, made.lineItems, made.shipping], ['Multiple', whole.taxedPrice, whole.lineItems, whole.shipping]);
  const deliver = (more) => change(made, { action: 'addDelivery', items: [{ id: line.id, quantity: 2 }], parcels: [{}], ...more });
  await refused(deliver({}).execute(), 400, 'InvalidOperation');
  await refused(deliver({ shippingKey: 'plane' }).execute(), 400, 'InvalidOperation');
  const delivered = await body(deliver({ shippingKey: 'bike' }));
  assert.deepEqual(delivered.shipping.map(({ shippingInfo }) => shippingInfo.deliveries.length), [0, 1]);
  const [{ id: deliveryId, parcels: [parcel] }] = delivered.shipping[1].shippingInfo.deliveries;
  const tracked = await body(change(delivered,
    { action: 'setDeliveryAddress', deliveryId, address: AUSTRIA },
    { action: 'setParcelTrackingData', parcelId: parcel.id, trackingData: { trackingId: '7' } },
  ));
  const [sent] = tracked.shipping[1].shippingInfo.deliveries;
  assert.deepEqual([sent.address.city, sent.parcels[0].trackingData.trackingId], ['Wien', '7']);
  const empty = await body(change(tracked, { action: 'removeDelivery', deliveryId }));
  assert.deepEqual(empty.shipping.map(({ shippingInfo }) => shippingInfo.deliveries), [[], []]);
  const again = await body(admin.carts().replicate().post({ body: { reference: { typeId: 'order', id: made.id } } }));
  assert.deepEqual([again.shippingMode, again.taxedPrice.totalGross], ['Multiple', whole.taxedPrice.totalGross]);
});

journey('a cart comes with its methods, and is found by what they are', async () => {
  const cart = await body(admin.carts().post({ body: draft() }));
  assert.deepEqual([cart.shipping.map(({ shippingKey }) => shippingKey), cart.taxedPrice.totalGross.centAmount], [['post', 'bike'], 1190 + 2140 + 583 + 321]);
  const method = shop.shippingMethod;
  const where = `shipping(shippingKey = "post" and shippingInfo(shippingMethod(id = "${method.id}"))) and id = "${cart.id}"`;
  const { results: [found] } = await body(admin.carts().get({ queryArgs: { where, expand: 'shipping[*].shippingInfo.shippingMethod' } }));
  assert.deepEqual(found.shipping.map(({ shippingInfo }) => shippingInfo.shippingMethod?.obj.key), [method.key, undefined]);
  await refused(admin.carts().post({ body: draft({ shippingMode: 'Single' }) }).execute(), 400, 'InvalidOperation');
  await refused(admin.carts().post({ body: draft({ customShipping: [{ key: 'post', ...bike() }] }) }).execute(), 400, 'DuplicateField');
});

journey('custom fields of a method are set by its key, and their type stays while a cart or an order has it', async () => {
  const field = unique('gate').replaceAll('-', '');
  const type = await body(admin.types().post({ body: {
    key: unique('type'), name: { en: 'gate' }, resourceTypeIds: ['shipping'],
    fieldDefinitions: [{ name: field, label: { en: 'gate' }, required: false, type: { name: 'String' } }],
  } }));
  const typed = (action, shippingKey) => ({ action, shippingKey, type: { typeId: 'type', id: type.id }, fields: { [field]: 'north' } });
  const cart = await body(admin.carts().post({ body: draft() }));
  await refused(update(cart, typed('setShippingCustomType')).execute(), 400, 'InvalidOperation');
  const one = await body(update(cart, typed('setShippingCustomType', 'bike'), { action: 'setShippingCustomField', shippingKey: 'bike', name: field, value: 'south' }));
  assert.deepEqual(one.shipping.map(({ shippingCustomFields }) => shippingCustomFields?.fields[field]), [undefined, 'south']);
  const remove = () => admin.types().withId({ ID: type.id }).delete({ queryArgs: { version: type.version } });
  await refused(remove().execute(), 400, 'ReferenceExists');

  const made = await body(order(one));
  const both = await body(change(made, typed('setShippingCustomType', 'post')));
  assert.deepEqual(both.shipping.map(({ shippingCustomFields }) => shippingCustomFields.fields[field]), ['north', 'south']);
  const none = await body(change(both, { action: 'setShippingCustomType', shippingKey: 'post' }, { action: 'setShippingCustomType', shippingKey: 'bike' }));
  assert.deepEqual(none.shipping.map(({ shippingCustomFields }) => shippingCustomFields), [undefined, undefined]);
});

journey('one method or several: each mode has its own actions', async () => {
  const single = await body(admin.carts().post({ body: cartDraft({ shippingAddress: GERMANY, lineItems: [{ sku, quantity: 1 }] }) }));
  await refused(update(single, { action: 'addShippingMethod', shippingKey: 'post', ...post() }).execute(), 400, 'InvalidOperation');
  await refused(update(single, { action: 'addCustomShippingMethod', shippingKey: 'bike', ...bike() }).execute(), 400, 'InvalidOperation');
  await refused(update(single, { action: 'removeShippingMethod', shippingKey: 'post' }).execute(), 400, 'InvalidOperation');
  const several = await body(admin.carts().post({ body: draft() }));
  await refused(update(several, { action: 'setShippingMethod', shippingMethod: post().shippingMethod }).execute(), 400, 'InvalidOperation');
  await refused(update(several, { action: 'addShippingMethod', shippingKey: 'post', ...post() }).execute(), 400, 'DuplicateField');
  await refused(update(several, { action: 'setLineItemShippingDetails', lineItemId: several.lineItems[0].id, shippingDetails: { targets: [{ addressKey: 'home', quantity: 3 }] } }).execute(), 400, 'InvalidOperation');
  const free = await body(update(several, { action: 'addShippingMethod', shippingKey: 'spare', ...post() }));
  assert.equal(free.shipping.length, 3);
  const back = await body(update(free, { action: 'removeShippingMethod', shippingKey: 'spare' }));
  assert.deepEqual([back.shipping, back.taxedPrice], [several.shipping, several.taxedPrice]);
});

journey('rates from outside are for what a method ships', async () => {
  const externalTaxRate = { name: 'outside', amount: 0.1, country: 'DE' };
  const cart = await body(admin.carts().post({ body: draft({ taxMode: 'External', shipping: [{ key: 'post', ...post(), externalTaxRate }] }) }));
  assert.equal(cart.taxedPrice, undefined);
  await refused(order(cart).execute(), 400, 'InvalidOperation');
  const lineItemId = cart.lineItems[0].id;
  await refused(update(cart, { action: 'setLineItemTaxRate', lineItemId, externalTaxRate }).execute(), 400, 'InvalidOperation');
  const rated = await body(update(cart,
    { action: 'setLineItemTaxRate', lineItemId, externalTaxRate, shippingKey: 'post' },
    { action: 'setLineItemTaxRate', lineItemId, externalTaxRate, shippingKey: 'bike' },
    { action: 'setShippingMethodTaxRate', externalTaxRate, shippingKey: 'bike' },
  ));
  assert.deepEqual([rated.taxedPrice.totalNet.centAmount, rated.taxedPrice.totalGross.centAmount], [3790, 1100 + 2200 + 539 + 330]);
  const made = await body(order(rated));
  assert.deepEqual(made.lineItems[0].perMethodTaxRate.map(({ shippingMethodKey }) => shippingMethodKey), ['post', 'bike']);
});
