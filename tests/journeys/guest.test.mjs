/** A guest shops: anonymous session, cart, taxes, shipping, order, stock. */
import assert from 'node:assert/strict';
import { eventually } from './lib/check.mjs';
import { admin, guest, unique } from './lib/clients.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { cents, eur, FRANCE, GERMANY, openShop, skuOf } from './lib/shop.mjs';

let shop;
let chair;
let glass;
prepare(async () => {
  shop = await openShop();
  chair = await shop.product('chair', [{ value: eur(1234) }]);
  glass = await shop.product('glass', [{ value: eur(1000), country: 'DE', tiers: [{ minimumQuantity: 5, value: eur(899) }] }, { value: eur(1100) }]);
  await shop.stock(skuOf(chair), 20);
  await shop.stock(skuOf(glass), 50);
});

/** Updates a guest's cart, keeping count of its version. */
function basket(me, cart) {
  const state = { cart };
  return {
    get cart() { return state.cart; },
    async update(...actions) {
      state.cart = await body(me.carts().withId({ ID: state.cart.id }).post({ body: { version: state.cart.version, actions } }));
      return state.cart;
    },
    refuses: (code, ...actions) => refused(me.carts().withId({ ID: state.cart.id }).post({ body: { version: state.cart.version, actions } }).execute(), 400, ...(code ? [code] : [])),
  };
}

const start = async (me, extra = {}) => basket(me, await body(me.carts().post({ body: { currency: 'EUR', country: 'DE', inventoryMode: 'ReserveOnOrder', ...extra } })));
const method = () => ({ typeId: 'shipping-method', id: shop.shippingMethod.id });
const add = (product, quantity) => ({ action: 'addLineItem', sku: skuOf(product), quantity });
const available = async (product) => (await body(admin.inventory().get({ queryArgs: { where: 'sku = :sku', 'var.sku': skuOf(product) } }))).results[0].availableQuantity;

/** The sums of the cart that the tests below order: 3 chairs and 5 glasses to Berlin. */
function assertTotals(one) {
  assert.deepEqual(one.totalPrice, cents(3702 + 4495 + 490));
  const [chairs, glasses] = one.lineItems;
  assert.deepEqual([chairs.totalPrice, glasses.totalPrice], [cents(3702), cents(4495)]);
  assert.deepEqual([chairs.taxedPrice.totalNet, chairs.taxedPrice.totalGross], [cents(3702), cents(4405)], '37.02 x 1.19 = 44.0538');
  assert.deepEqual([glasses.taxedPrice.totalNet, glasses.taxedPrice.totalGross], [cents(4495), cents(5349)], '44.95 x 1.19 = 53.4905');
  assert.deepEqual([chairs.taxRate.amount, chairs.taxRate.country, chairs.taxRate.includedInPrice], [0.19, 'DE', false]);
  assert.deepEqual(one.shippingInfo.price, cents(490));
  assert.deepEqual([one.shippingInfo.taxedPrice.totalNet, one.shippingInfo.taxedPrice.totalGross], [cents(490), cents(583)], '4.90 x 1.19 = 5.831');
  assert.deepEqual([one.taxedPrice.totalNet, one.taxedPrice.totalGross, one.taxedPrice.totalTax], [cents(8687), cents(10337), cents(1650)]);
  assert.deepEqual(one.taxedPrice.taxPortions.map(({ rate, name, amount }) => [rate, name, amount]), [[0.19, 'VAT', cents(1650)]]);
  assert.deepEqual(one.taxedShippingPrice.totalGross, cents(583));
}

/** From an empty cart to one that can be ordered. */
async function filled(me) {
  const own = await start(me);
  await own.update(add(chair, 3), add(glass, 5));
  await own.update({ action: 'setShippingAddress', address: GERMANY });
  await own.update({ action: 'setShippingMethod', shippingMethod: method() });
  return own;
}

journey('an anonymous session has a cart that nobody else can see', async () => {
  const anna = await guest();
  const own = await start(anna.me);
  assert.deepEqual([own.cart.version, own.cart.cartState, own.cart.lineItems, own.cart.customerId], [1, 'Active', [], undefined]);
  assert.ok(own.cart.anonymousId);
  assert.deepEqual(own.cart.totalPrice, cents(0));
  assert.equal(own.cart.totalLineItemQuantity, undefined);
  assert.equal((await body(anna.me.activeCart().get())).id, own.cart.id);
  assert.deepEqual((await body(anna.me.carts().get())).results.map((cart) => cart.id), [own.cart.id]);

  const berta = await guest();
  assert.deepEqual((await body(berta.me.carts().get())).results, []);
  await refused(berta.me.carts().withId({ ID: own.cart.id }).get().execute(), 404, 'ResourceNotFound');
  await refused(berta.me.carts().withId({ ID: own.cart.id }).post({ body: { version: 1, actions: [add(chair, 1)] } }).execute(), 404, 'ResourceNotFound');
  await refused(berta.me.carts().withId({ ID: own.cart.id }).delete({ queryArgs: { version: 1 } }).execute(), 404, 'ResourceNotFound');
  await refused(berta.me.activeCart().get().execute(), 404, 'ResourceNotFound');
  await refused(berta.api.carts().get().execute(), 403, 'insufficient_scope');
});

journey('lines of the same thing are one line, and prices follow quantity', async () => {
  const { me } = await guest();
  const own = await start(me);
  await own.update(add(glass, 2));
  assert.deepEqual(own.cart.lineItems[0].price.value, cents(1000));
  const merged = await own.update(add(glass, 3));
  assert.deepEqual([merged.lineItems.length, merged.lineItems[0].quantity, merged.totalLineItemQuantity], [1, 5, 5]);
  const [line] = merged.lineItems;
  assert.deepEqual(line.totalPrice, cents(5 * 899), 'from five on the tier counts, for all of them');
  assert.deepEqual([line.productId, line.name, line.variant.sku, line.priceMode, line.lineItemMode], [glass.id, { en: 'glass' }, skuOf(glass), 'Platform', 'Standard']);
  assert.deepEqual([line.discountedPricePerQuantity, line.state.map((one) => one.quantity)], [[], [5]]);

  const four = await own.update({ action: 'changeLineItemQuantity', lineItemId: line.id, quantity: 4 });
  assert.deepEqual(four.totalPrice, cents(4000));
  const abroad = await own.update({ action: 'setCountry', country: 'FR' });
  assert.deepEqual(abroad.totalPrice, cents(4400), 'another country, another price');
  const empty = await own.update({ action: 'changeLineItemQuantity', lineItemId: line.id, quantity: 0 });
  assert.deepEqual([empty.lineItems, empty.totalPrice], [[], cents(0)]);
});

journey('what cannot be sold does not get into the cart', async () => {
  const { me } = await guest();
  const own = await start(me);
  const draft = await shop.product('secret', [{ value: eur(100) }], { publish: false });
  await own.refuses(null, { action: 'addLineItem', productId: draft.id, variantId: 1, quantity: 1 });
  const dollars = await start(me, { currency: 'USD' });
  const error = await refused(me.carts().withId({ ID: dollars.cart.id }).post({ body: { version: 1, actions: [add(chair, 1)] } }).execute(), 400, 'MatchingPriceNotFound');
  assert.deepEqual([error.productId, error.variantId], [chair.id, 1]);
  await own.refuses(null, { action: 'addLineItem', sku: unique('nothing'), quantity: 1 });
  await own.refuses(null, { action: 'addLineItem', sku: skuOf(chair), quantity: -1 });
});

journey('an address brings taxes, a method brings shipping, to the cent', async () => {
  const { me } = await guest();
  const own = await start(me);
  await own.update(add(chair, 3), add(glass, 5));
  assert.equal(own.cart.taxedPrice, undefined);
  assert.deepEqual(own.cart.totalPrice, cents(8197));
  await own.refuses(null, { action: 'setShippingMethod', shippingMethod: method() });
  const nowhere = await own.refuses('MissingTaxRateForCountry', { action: 'setShippingAddress', address: FRANCE });
  assert.deepEqual([nowhere.taxCategoryId, nowhere.country], [shop.taxCategory.id, 'FR']);
  assert.equal((await body(me.carts().withId({ ID: own.cart.id }).get())).version, own.cart.version);

  const taxed = await own.update({ action: 'setShippingAddress', address: GERMANY });
  assert.deepEqual([taxed.taxedPrice.totalNet, taxed.taxedPrice.totalGross], [cents(8197), cents(9754)]);
  const shipped = await own.update({ action: 'setShippingMethod', shippingMethod: method() });
  assertTotals(shipped);
  assert.deepEqual([shipped.shippingInfo.shippingMethodName, shipped.shippingInfo.shippingMethodState], [shop.suffix, 'MatchesCart']);

  const rich = await own.update(add(chair, 2));
  assert.deepEqual([rich.shippingInfo.price, rich.totalPrice], [cents(0), cents(6170 + 4495)], 'free from 100.00 on');
  const poor = await own.update({ action: 'removeLineItem', lineItemId: rich.lineItems[0].id, quantity: 2 });
  assertTotals(poor);

  const unset = await own.update({ action: 'setShippingAddress' });
  assert.deepEqual([unset.shippingAddress, unset.taxedPrice, unset.lineItems[0].taxRate], [undefined, undefined, undefined]);
});

journey('the merchant orders from the guest\'s cart, and stock goes down', async () => {
  const { me } = await guest();
  const own = await start(me);
  await own.update(add(chair, 3), add(glass, 5));
  const from = (version, extra = {}) => admin.orders().post({ body: { cart: { typeId: 'cart', id: own.cart.id }, version, ...extra } });
  await refused(from(own.cart.version).execute(), 400);
  await own.update({ action: 'setShippingAddress', address: GERMANY });
  await own.update({ action: 'setShippingMethod', shippingMethod: method() });
  const [chairs, glasses] = [await available(chair), await available(glass)];
  const stale = await refused(from(own.cart.version - 1).execute(), 409, 'ConcurrentModification');
  assert.equal(stale.currentVersion, own.cart.version);

  const orderNumber = unique('nr');
  const placed = await from(own.cart.version, { orderNumber, paymentState: 'Pending' }).execute();
  const order = placed.body;
  assert.equal(placed.statusCode, 201);
  assert.deepEqual([order.version, order.orderNumber, order.orderState, order.paymentState, order.shipmentState], [1, orderNumber, 'Open', 'Pending', undefined]);
  assert.deepEqual([order.cart, order.anonymousId], [{ typeId: 'cart', id: own.cart.id }, own.cart.anonymousId]);
  assert.deepEqual(order.lineItems, own.cart.lineItems, 'the order has the cart\'s lines');
  assert.deepEqual(order.shippingAddress, own.cart.shippingAddress);
  assertTotals(order);

  const ordered = await body(me.carts().withId({ ID: own.cart.id }).get());
  assert.equal(ordered.cartState, 'Ordered');
  await refused(me.carts().withId({ ID: own.cart.id }).post({ body: { version: ordered.version, actions: [add(chair, 1)] } }).execute(), 400, 'InvalidOperation');
  await refused(me.activeCart().get().execute(), 404, 'ResourceNotFound');
  const left = await eventually(async () => (await available(chair)) === chairs - 3 && (await available(glass)) === glasses - 5);
  assert.ok(left, 'the stock did not go down by what was ordered');

  assert.equal((await body(admin.orders().withOrderNumber({ orderNumber }).get())).id, order.id);
  assert.equal((await body(me.orders().withId({ ID: order.id }).get())).id, order.id);
  const done = await body(admin.orders().withId({ ID: order.id }).post({ body: { version: order.version, actions: [
    { action: 'changeOrderState', orderState: 'Confirmed' }, { action: 'changePaymentState', paymentState: 'Paid' }, { action: 'changeShipmentState', shipmentState: 'Ready' },
  ] } }));
  assert.deepEqual([done.orderState, done.paymentState, done.shipmentState], ['Confirmed', 'Paid', 'Ready']);
  assert.ok(done.version > order.version);
  const again = await refused(from(ordered.version).execute(), 400);
  assert.notEqual(again.code, 'InvalidJsonInput');
});

journey('a guest checks out alone, and nobody else sees the order', async () => {
  const anna = await guest();
  const own = await filled(anna.me);
  assertTotals(own.cart);
  const placed = await anna.me.orders().post({ body: { id: own.cart.id, version: own.cart.version } }).execute();
  assert.equal(placed.statusCode, 201);
  assertTotals(placed.body);
  assert.deepEqual((await body(anna.me.orders().get())).results.map((order) => order.id), [placed.body.id]);
  const berta = await guest();
  await refused(berta.me.orders().withId({ ID: placed.body.id }).get().execute(), 404, 'ResourceNotFound');
  assert.equal((await body(berta.me.orders().get())).count, 0);
  const other = await filled(berta.me);
  await refused(anna.me.orders().post({ body: { id: other.cart.id, version: other.cart.version } }).execute(), 404);
});

journey('an order number is given out once', async () => {
  const orderNumber = unique('nr');
  const order = async () => {
    const { me } = await guest();
    const own = await filled(me);
    return admin.orders().post({ body: { cart: { typeId: 'cart', id: own.cart.id }, version: own.cart.version, orderNumber } }).execute();
  };
  assert.equal((await order()).statusCode, 201);
  const error = await refused(order(), 400, 'DuplicateField');
  assert.deepEqual([error.field, error.duplicateValue], ['orderNumber', orderNumber]);
});
