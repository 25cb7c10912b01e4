/** How many units of a SKU a cart may hold, as its inventory entry says. */
import assert from 'node:assert/strict';
import { admin, unique } from './lib/clients.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { cartDraft, eur, openShop, skuOf } from './lib/shop.mjs';

let shop;
prepare(async () => { shop = await openShop(); });

const update = ({ id, version }, ...actions) => admin.carts().withId({ ID: id }).post({ body: { version, actions } });
const making = (...lineItems) => admin.carts().post({ body: cartDraft({ lineItems }) });
const figures = ({ quantity, minCartQuantity, maxCartQuantity }) => [quantity, minCartQuantity, maxCartQuantity];

journey('a line item has no fewer and no more units than its inventory entry allows', async () => {
  const sku = skuOf(await shop.product('limited', [{ value: eur(500) }]));
  const entry = await shop.stock(sku, 100, { minCartQuantity: 2, maxCartQuantity: 4 });
  const few = await refused(making({ sku, quantity: 1 }).execute(), 400, 'LineItemQuantityBelowLimit');
  assert.deepEqual([few.message, ...figures(few)], ["Quantity '1' less than minimum '2'.", 1, 2, undefined]);
  const cart = await body(making({ sku, quantity: 3 }));
  const [{ id: lineItemId }] = cart.lineItems;
  const many = await refused(update(cart, { action: 'addLineItem', sku, quantity: 2 }).execute(), 400, 'LineItemQuantityAboveLimit');
  assert.deepEqual([many.message, many.lineItem, ...figures(many)], ["Quantity '5' greater than maximum '4'.", lineItemId, 5, undefined, 4]);
  const change = (quantity) => ({ action: 'changeLineItemQuantity', lineItemId, quantity });
  await refused(update(cart, change(5)).execute(), 400, 'LineItemQuantityAboveLimit');
  await refused(update(cart, { action: 'removeLineItem', lineItemId, quantity: 2 }).execute(), 400, 'LineItemQuantityBelowLimit');
  const full = await body(update(cart, change(4)));
  assert.equal(full.lineItems[0].quantity, 4);

  const actions = [{ action: 'setInventoryLimits', maxCartQuantity: 3 }];
  await body(admin.inventory().withId({ ID: entry.id }).post({ body: { version: entry.version, actions } }));
  const recalculated = await body(update(full, { action: 'recalculate' }));
  assert.equal(recalculated.lineItems[0].quantity, 4, 'what is in the cart already stays');
  const small = await body(update(recalculated, change(1)));
  assert.deepEqual((await body(update(small, change(0)))).lineItems, []);
});

journey('limits are those of the supply channel that the line item names', async () => {
  const sku = skuOf(await shop.product('supplied', [{ value: eur(500) }]));
  const channel = await body(admin.channels().post({ body: { key: unique('north'), roles: ['InventorySupply'] } }));
  const supplyChannel = { typeId: 'channel', id: channel.id };
  await shop.stock(sku, 100, { supplyChannel, maxCartQuantity: 1 });
  await refused(making({ sku, quantity: 2, supplyChannel }).execute(), 400, 'LineItemQuantityAboveLimit');
  await refused(making({ sku, quantity: 2, supplyChannel: { typeId: 'channel', key: channel.key } }).execute(), 400, 'LineItemQuantityAboveLimit');
  const cart = await body(making({ sku, quantity: 2 }, { sku, supplyChannel }));
  assert.deepEqual(cart.lineItems.map(({ quantity }) => quantity), [2, 1]);
  const [{ id: lineItemId }] = cart.lineItems;
  await refused(update(cart, { action: 'setLineItemSupplyChannel', lineItemId, supplyChannel }).execute(), 400, 'LineItemQuantityAboveLimit');
});

journey('many line items by product are held against their limits in one request', async () => {
  const products = await Promise.all(Array.from({ length: 12 }, () => shop.product('one-of-many', [{ value: eur(100) }])));
  const lines = products.map(({ id: productId }) => ({ productId, quantity: 2 }));
  assert.equal((await body(making(...lines))).lineItems.length, 12);
  await shop.stock(skuOf(products[11]), 5, { maxCartQuantity: 1 });
  await refused(making(...lines).execute(), 400, 'LineItemQuantityAboveLimit');
});
