/** Many at once: a cart is ordered once, and stock is never sold twice. */
import assert from 'node:assert/strict';
import { eventually } from './lib/check.mjs';
import { admin, guest, unique } from './lib/clients.mjs';
import { body, journey, prepare } from './lib/harness.mjs';
import { cartDraft, eur, GERMANY, openShop, skuOf } from './lib/shop.mjs';

let shop;
prepare(async () => { shop = await openShop(); });

const fill = (product, quantity = 1) => body(admin.carts().post({ body: cartDraft({
  inventoryMode: 'ReserveOnOrder', shippingAddress: GERMANY, lineItems: [{ sku: skuOf(product), quantity }],
}) }));
const order = (cart, extra = {}) => admin.orders().post({ body: { cart: { typeId: 'cart', id: cart.id }, version: cart.version, ...extra } }).execute();
const entryOf = async ({ id }) => body(admin.inventory().withId({ ID: id }).get());

/** Splits settled promises into answers and refusals; anything else is a failure of the test. */
function sorted(outcomes) {
  const won = outcomes.filter((one) => one.status === 'fulfilled').map((one) => one.value);
  const lost = outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason);
  for (const reason of lost) assert.ok(reason.body?.errors, String(reason.message ?? reason));
  return { won, lost };
}

journey('ten parallel orders of one cart make one order', async () => {
  const product = await shop.product('single', [{ value: eur(1000) }]);
  const entry = await shop.stock(skuOf(product), 10);
  const cart = await fill(product, 2);
  const { won, lost } = sorted(await Promise.allSettled(Array.from({ length: 10 }, () => order(cart))));
  assert.deepEqual([won.length, won[0]?.statusCode], [1, 201]);
  for (const { statusCode, body: { errors } } of lost) {
    assert.ok(statusCode === 409 || statusCode === 400, `status ${statusCode}`);
    assert.ok(['ConcurrentModification', 'InvalidOperation'].includes(errors[0].code), errors[0].code);
  }
  const orders = await body(admin.orders().get({ queryArgs: { where: `cart(id = "${cart.id}")` } }));
  assert.deepEqual(orders.results.map(({ id }) => id), [won[0].body.id]);
  assert.equal((await body(admin.carts().withId({ ID: cart.id }).get())).cartState, 'Ordered');
  assert.ok(await eventually(async () => (await entryOf(entry)).availableQuantity === 8), 'the stock went down more or less than once');
});

journey('a guest who clicks twice pays once', async () => {
  const product = await shop.product('click', [{ value: eur(1000) }]);
  const { me } = await guest();
  const cart = await body(me.carts().post({ body: { currency: 'EUR', country: 'DE', shippingAddress: GERMANY, lineItems: [{ sku: skuOf(product), quantity: 1 }] } }));
  const click = () => me.orders().post({ body: { id: cart.id, version: cart.version } }).execute();
  const { won } = sorted(await Promise.allSettled([click(), click(), click()]));
  assert.equal(won.length, 1);
  assert.equal((await body(me.orders().get())).count, 1);
});

journey('of eight buyers of the last three, three get one and five are told why not', async () => {
  const product = await shop.product('rare', [{ value: eur(1000) }]);
  const sku = skuOf(product);
  const entry = await shop.stock(sku, 3);
  const carts = await Promise.all(Array.from({ length: 8 }, () => fill(product)));
  const { won, lost } = sorted(await Promise.allSettled(carts.map((cart) => order(cart))));
  assert.deepEqual([won.length, lost.length], [3, 5]);
  for (const { statusCode, body: { errors: [error] } } of lost) {
    assert.deepEqual([statusCode, error.code, error.skus], [400, 'OutOfStock', [sku]]);
    assert.ok(carts.some((cart) => cart.lineItems[0].id === error.lineItems[0]));
  }
  assert.ok(await eventually(async () => (await entryOf(entry)).availableQuantity === 0));
  const states = await Promise.all(carts.map(async ({ id }) => (await body(admin.carts().withId({ ID: id }).get())).cartState));
  assert.deepEqual([states.filter((one) => one === 'Ordered').length, states.filter((one) => one === 'Active').length], [3, 5]);

  const current = await entryOf(entry);
  await body(admin.inventory().withId({ ID: entry.id }).post({ body: { version: current.version, actions: [{ action: 'addQuantity', quantity: 1 }] } }));
  const again = carts[states.indexOf('Active')];
  const fresh = await body(admin.carts().withId({ ID: again.id }).get());
  assert.equal((await order(fresh)).statusCode, 201, 'who was refused can order when there is stock again');
});

journey('a shortage of one line leaves the stock of the others alone', async () => {
  const [plenty, scarce] = [await shop.product('plenty', [{ value: eur(100) }]), await shop.product('scarce', [{ value: eur(100) }])];
  const [full, short] = [await shop.stock(skuOf(plenty), 10), await shop.stock(skuOf(scarce), 1)];
  const cart = await body(admin.carts().post({ body: cartDraft({
    inventoryMode: 'ReserveOnOrder', shippingAddress: GERMANY, lineItems: [{ sku: skuOf(plenty), quantity: 2 }, { sku: skuOf(scarce), quantity: 2 }],
  }) }));
  const { lost: [refusal] } = sorted(await Promise.allSettled([order(cart)]));
  const [error] = refusal.body.errors;
  assert.deepEqual([error.code, error.skus, error.lineItems], ['OutOfStock', [skuOf(scarce)], [cart.lineItems[1].id]]);
  assert.deepEqual([(await entryOf(full)).availableQuantity, (await entryOf(short)).availableQuantity], [10, 1]);
  assert.deepEqual((await body(admin.carts().withId({ ID: cart.id }).get())).cartState, 'Active');
  assert.equal((await body(admin.orders().get({ queryArgs: { where: `cart(id = "${cart.id}")` } }))).count, 0);
});

journey('what is only tracked may run out, and what is not tracked is not counted', async () => {
  const product = await shop.product('tracked', [{ value: eur(100) }]);
  const entry = await shop.stock(skuOf(product), 1);
  const buy = async (inventoryMode) => {
    const cart = await body(admin.carts().post({ body: cartDraft({ inventoryMode, shippingAddress: GERMANY, lineItems: [{ sku: skuOf(product), quantity: 3 }] }) }));
    return order(cart);
  };
  assert.equal((await buy('None')).statusCode, 201);
  assert.equal((await entryOf(entry)).availableQuantity, 1);
  assert.equal((await buy('TrackOnly')).statusCode, 201);
  assert.ok(await eventually(async () => (await entryOf(entry)).availableQuantity === -2));
});

journey('one order number among many buyers goes to one of them, and the others may try again', async () => {
  const product = await shop.product('number', [{ value: eur(100) }]);
  const orderNumber = unique('nr');
  const carts = await Promise.all(Array.from({ length: 5 }, () => body(admin.carts().post({ body: cartDraft({ shippingAddress: GERMANY, lineItems: [{ sku: skuOf(product), quantity: 1 }] }) }))));
  const { won, lost } = sorted(await Promise.allSettled(carts.map((cart) => order(cart, { orderNumber }))));
  assert.equal(won.length, 1);
  for (const { statusCode, body: { errors: [error] } } of lost) assert.deepEqual([statusCode, error.code, error.field], [400, 'DuplicateField', 'orderNumber']);
  const loser = carts.find(({ id }) => id !== won[0].body.cart.id);
  const fresh = await body(admin.carts().withId({ ID: loser.id }).get());
  assert.equal((await order(fresh, { orderNumber: unique('nr') })).statusCode, 201);
});
