/** The inventory mode ReserveOnCart: units are kept for a cart until it is ordered, changed or deleted. */
import assert from 'node:assert/strict';
import { admin, patientAdmin, unique } from './lib/clients.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { GERMANY, eur, openShop, skuOf } from './lib/shop.mjs';

let shop;
prepare(async () => {
  shop = await openShop();
  const { version } = await body(admin.get());
  await body(patientAdmin.post({ body: { version, actions: [{ action: 'setReservationExpirationInMinutes', reservationExpirationInMinutes: 60 }] } }));
});

const update = ({ id, version }, ...actions) => body(admin.carts().withId({ ID: id }).post({ body: { version, actions } }));
const draft = (...lineItems) => ({ currency: 'EUR', inventoryMode: 'ReserveOnCart', shippingAddress: GERMANY, lineItems });
const make = (...lines) => body(admin.carts().post({ body: draft(...lines) }));
const quantities = ({ lineItems }) => lineItems.map(({ quantity }) => quantity);

/** A product of which there are so many units. */
async function stocked(units) {
  const sku = skuOf(await shop.product('kept', [{ value: eur(500) }]));
  const { id } = await shop.stock(sku, units);
  const stock = async () => {
    const { quantityOnStock, availableQuantity } = await body(admin.inventory().withId({ ID: id }).get());
    return [quantityOnStock, availableQuantity];
  };
  return { sku, stock };
}

journey('units are kept when they are added, follow the quantity and are free again', async () => {
  const { sku, stock } = await stocked(5);
  const cart = await make({ sku, quantity: 2 });
  const [line] = cart.lineItems;
  assert.equal(line.reservation.typeId, 'reservation');
  assert.deepEqual(await stock(), [5, 3]);
  const more = await update(cart, { action: 'changeLineItemQuantity', lineItemId: line.id, quantity: 5 });
  assert.deepEqual([more.warnings, more.lineItems[0].reservation], [undefined, line.reservation]);
  assert.deepEqual(await stock(), [5, 0]);
  const renewed = await update(more, { action: 'setReservationExpirationInMinutes', reservationExpirationInMinutes: 5 });
  const less = await update(renewed, { action: 'removeLineItem', lineItemId: line.id, quantity: 4 });
  assert.deepEqual(await stock(), [5, 4]);
  const elsewhere = await update(less, { action: 'setLineItemInventoryMode', lineItemId: line.id, inventoryMode: 'None' });
  assert.deepEqual([elsewhere.lineItems[0].reservation, await stock()], [undefined, [5, 5]]);
  const back = await update(elsewhere, { action: 'setLineItemInventoryMode', lineItemId: line.id, inventoryMode: 'ReserveOnCart' });
  assert.deepEqual(await stock(), [5, 4]);
  await body(admin.carts().withId({ ID: back.id }).delete({ queryArgs: { version: back.version } }));
  assert.deepEqual(await stock(), [5, 5]);
});

journey('what cannot be kept is left out with a warning, and a cart of nothing else is refused', async () => {
  const [scarce, plenty] = [await stocked(1), await stocked(9)];
  const cart = await make({ sku: scarce.sku, quantity: 1 }, { sku: plenty.sku, quantity: 1 });
  const second = await make({ sku: scarce.sku, quantity: 1 }, { sku: plenty.sku, quantity: 1 });
  assert.deepEqual(second.lineItems.map(({ variant }) => variant.sku), [plenty.sku]);
  assert.deepEqual(second.warnings.map(({ code, sku, quantity }) => [code, sku, quantity]), [['CannotCreateReservation', scarce.sku, 1]]);
  assert.equal(second.totalPrice.centAmount, 500);
  await refused(admin.carts().post({ body: draft({ sku: scarce.sku }) }).execute(), 400, 'InvalidOperation');

  const greedy = await update(cart, { action: 'changeLineItemQuantity', lineItemId: cart.lineItems[0].id, quantity: 4 });
  assert.deepEqual(quantities(greedy), [1, 1]);
  const [warning] = greedy.warnings;
  assert.deepEqual([warning.code, warning.lineItemId, warning.requestedQuantity, warning.reservedQuantity], ['CannotUpdateReservation', cart.lineItems[0].id, 4, 1]);
  const { sku } = await stocked(0);
  const unlucky = await update(greedy, { action: 'addLineItem', sku });
  assert.deepEqual([quantities(unlucky), unlucky.warnings.length], [[1, 1], 1]);
  assert.equal((await body(admin.carts().withId({ ID: cart.id }).get())).warnings, undefined);
});

journey('an order takes what was kept, and nobody else can', async () => {
  const { sku, stock } = await stocked(3);
  const cart = await make({ sku, quantity: 3 });
  const ordering = ({ id, version }) => ({ body: { cart: { typeId: 'cart', id }, version } });
  const other = await body(admin.carts().post({ body: { ...draft({ sku }), inventoryMode: 'ReserveOnOrder' } }));
  assert.deepEqual((await refused(admin.orders().post(ordering(other)).execute(), 400, 'OutOfStock')).skus, [sku]);
  const order = await body(admin.orders().post(ordering(cart)));
  assert.deepEqual([order.lineItems[0].quantity, await stock()], [3, [0, 0]]);
});

journey('a customer who signs in keeps what the guest had reserved', async () => {
  const { sku, stock } = await stocked(4);
  const email = `${unique('ida')}@example.org`;
  const { customer } = await body(admin.customers().post({ body: { email, password: 'secret-enough' } }));
  await body(admin.carts().post({ body: { ...draft({ sku, quantity: 1 }), customerId: customer.id } }));
  const guests = await body(admin.carts().post({ body: { ...draft({ sku, quantity: 3 }), anonymousId: unique('guest') } }));
  assert.deepEqual(await stock(), [4, 0]);
  const { cart } = await body(admin.login().post({ body: { email, password: 'secret-enough', anonymousCart: { typeId: 'cart', id: guests.id } } }));
  assert.deepEqual([quantities(cart), await stock()], [[3], [4, 1]]);
});
