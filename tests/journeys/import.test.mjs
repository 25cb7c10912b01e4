/** Orders of another system: imported with the totals that they have there, and orders like others from then on. */
import assert from 'node:assert/strict';
import { admin, apiClient, unique, withClient } from './lib/clients.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { GERMANY, cents, eur, openShop, skuOf, usd } from './lib/shop.mjs';

let shop, product, sku;
prepare(async () => {
  shop = await openShop();
  product = await shop.product('imported', [{ value: eur(3000) }]);
  sku = skuOf(product);
});

const VAT = { name: 'VAT', amount: 0.19, includedInPrice: true, country: 'DE' };
const line = (extra = {}) => ({ name: { en: 'Chair of old' }, variant: { sku }, quantity: 2, price: { value: eur(2500) }, ...extra });
const draft = (extra = {}) => ({ orderNumber: unique('old'), totalPrice: eur(4999), lineItems: [line()], ...extra });
const importing = (extra, api = admin) => api.orders().importOrder().post({ body: draft(extra) });
const imported = (extra) => body(importing(extra));

journey('an order is imported with its own totals, prices and date', async () => {
  const taxedPrice = { totalNet: eur(4201), totalGross: eur(4999), taxPortions: [{ name: 'VAT', rate: 0.19, amount: eur(798) }] };
  const order = await imported({
    lineItems: [line({ key: 'first', taxRate: VAT })],
    customLineItems: [{ name: { en: 'Voucher' }, slug: 'voucher', quantity: 1, money: eur(-1) }],
    taxedPrice, completedAt: '2019-05-01T10:00:00.000Z', orderState: 'Complete', paymentState: 'Paid', shipmentState: 'Delivered',
    shippingAddress: GERMANY, billingAddress: GERMANY, country: 'DE', origin: 'Merchant', customerEmail: 'ida@example.org',
    shippingInfo: {
      shippingMethodName: 'Coach', price: eur(0), shippingRate: { price: eur(0) }, taxRate: VAT,
      shippingMethod: { typeId: 'shipping-method', id: shop.shippingMethod.id }, taxCategory: { typeId: 'tax-category', id: shop.taxCategory.id },
      deliveries: [{ items: [], parcels: [{ trackingData: { trackingId: '7' } }] }],
    },
  });
  assert.deepEqual([order.totalPrice, order.taxedPrice.totalTax, order.cart], [cents(4999), cents(798), undefined]);
  assert.deepEqual([order.orderState, order.paymentState, order.shipmentState, order.origin], ['Complete', 'Paid', 'Delivered', 'Merchant']);
  assert.equal(order.completedAt, '2019-05-01T10:00:00.000Z');
  const [chair] = order.lineItems;
  assert.deepEqual([chair.productId, chair.name.en, chair.price.value, chair.totalPrice], [product.id, 'Chair of old', cents(2500), cents(5000)]);
  assert.deepEqual([chair.taxedPrice.totalNet, chair.variant.prices[0].value, chair.state[0].quantity], [cents(4202), cents(3000), 2]);
  assert.deepEqual([order.customLineItems[0].totalPrice, order.shippingInfo.shippingMethodName], [cents(-1), 'Coach']);
  assert.equal(order.shippingInfo.deliveries[0].parcels[0].trackingData.trackingId, '7');
  const found = await body(admin.orders().withOrderNumber({ orderNumber: order.orderNumber }).get({ queryArgs: { expand: ['shippingInfo.shippingMethod'] } }));
  assert.equal(found.shippingInfo.shippingMethod.obj.name, shop.shippingMethod.name);
});

journey('an imported order is changed, replicated and erased like any other', async () => {
  const { customer } = await body(admin.customers().post({ body: { email: `${unique('ida')}@example.org`, password: 'secret-enough' } }));
  const order = await imported({ customerId: customer.id });
  assert.equal(order.customerId, customer.id);
  const actions = [{ action: 'changeOrderState', orderState: 'Cancelled' }];
  const changed = await body(admin.orders().withId({ ID: order.id }).post({ body: { version: order.version, actions } }));
  assert.equal(changed.orderState, 'Cancelled');
  const cart = await body(admin.carts().replicate().post({ body: { reference: { typeId: 'order', id: order.id } } }));
  assert.deepEqual([cart.lineItems[0].quantity, cart.totalPrice], [2, cents(6000)]);
  const erase = (dataErasure) => admin.orders().withId({ ID: order.id }).delete({ queryArgs: { version: changed.version, dataErasure } });
  await refused(erase('perhaps').execute(), 400, 'InvalidInput');
  assert.equal((await body(erase(true))).id, order.id);
  await refused(admin.orders().withId({ ID: order.id }).get().execute(), 404, 'ResourceNotFound');
});

journey('an import takes stock where it shall, and nothing if there is too little', async () => {
  const own = skuOf(await shop.product('scarce', [{ value: eur(500) }]));
  const { id } = await shop.stock(own, 3);
  const onStock = async () => (await body(admin.inventory().withId({ ID: id }).get())).quantityOnStock;
  const lineItems = [line({ variant: { sku: own } })];
  await imported({ lineItems });
  assert.equal(await onStock(), 3);
  await imported({ lineItems, inventoryMode: 'ReserveOnOrder' });
  assert.equal(await onStock(), 1);
  assert.deepEqual((await refused(importing({ lineItems, inventoryMode: 'ReserveOnOrder' }).execute(), 400, 'OutOfStock')).skus, [own]);
  await imported({ lineItems: [line({ variant: { sku: own }, inventoryMode: 'TrackOnly' })] });
  assert.equal(await onStock(), -1);
});

journey('what an imported order names must be there, and its number free', async () => {
  const { orderNumber } = await imported();
  assert.equal((await refused(importing({ orderNumber }).execute(), 400, 'DuplicateField')).field, 'orderNumber');
  await refused(importing({ lineItems: [] }).execute(), 400, 'RequiredField');
  await refused(importing({ lineItems: [line({ variant: { sku: unique('no') } })] }).execute(), 400, 'ReferencedResourceNotFound');
  await refused(importing({ customerId: unique('no') }).execute(), 400, 'ReferencedResourceNotFound');
  await refused(importing({ lineItems: [line({ price: { value: usd(1) } })] }).execute(), 400, 'InvalidField');
  await refused(importing({ inventoryMode: 'ReserveOnCart' }).execute(), 400, 'InvalidField');
  const viewer = await apiClient(['view_orders']);
  await refused(importing({}, withClient(viewer, viewer.scopes)).execute(), 403, 'insufficient_scope');
});

journey('a type of parcels refers to what exists, and stays while an order has it', async () => {
  const field = unique('of').replaceAll('-', '');
  const type = await body(admin.types().post({ body: {
    key: unique('type'), name: { en: 'of' }, resourceTypeIds: ['order-parcel'],
    fieldDefinitions: [{ name: field, label: { en: 'of' }, required: false, type: { name: 'Reference', referenceTypeId: 'product' } }],
  } }));
  const parcelOf = (id) => ({ shippingInfo: {
    shippingMethodName: 'Coach', price: eur(0), shippingRate: { price: eur(0) },
    deliveries: [{ items: [], parcels: [{ custom: { type: { typeId: 'type', id: type.id }, fields: { [field]: { typeId: 'product', id } } } }] }],
  } });
  await refused(importing(parcelOf('00000000-0000-4000-8000-000000000000')).execute(), 400, 'ReferencedResourceNotFound');
  const order = await imported(parcelOf(product.id));
  assert.deepEqual(order.shippingInfo.deliveries[0].parcels[0].custom.fields[field], { typeId: 'product', id: product.id });
  const remove = () => admin.types().withId({ ID: type.id }).delete({ queryArgs: { version: type.version } });
  await refused(remove().execute(), 400, 'ReferenceExists');
  await body(admin.orders().withId({ ID: order.id }).delete({ queryArgs: { version: order.version } }));
  await body(remove());
});
