/** Tax rules to the cent: calculation modes, included taxes, roundings, shares. */
import assert from 'node:assert/strict';
import { admin, unique } from './lib/clients.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { AUSTRIA, cartDraft, cents, eur, GERMANY, openShop, skuOf } from './lib/shop.mjs';

let shop;
prepare(async () => { shop = await openShop(); });

const taxCategory = (rate) => body(admin.taxCategories().post({ body: { name: unique('tax'), rates: [{ name: 'rate', country: 'DE', ...rate }] } }));
const make = (extra) => body(admin.carts().post({ body: cartDraft({ shippingAddress: GERMANY, ...extra }) }));
const update = (cart, ...actions) => body(admin.carts().withId({ ID: cart.id }).post({ body: { version: cart.version, actions } }));
const custom = (category, centAmount, extra = {}) => ({
  name: { en: 'service' }, slug: unique('line'), money: eur(centAmount), quantity: 1, taxCategory: { typeId: 'tax-category', id: category.id }, ...extra,
});
const sums = ({ taxedPrice }) => [taxedPrice.totalNet.centAmount, taxedPrice.totalGross.centAmount, taxedPrice.totalTax.centAmount];

journey('taxes are rounded per line or per unit, as the cart says', async () => {
  const product = await shop.product('pin', [{ value: eur(108) }]);
  const lineItems = [{ sku: skuOf(product), quantity: 3 }];
  const byLine = await make({ lineItems });
  assert.equal(byLine.taxCalculationMode, 'LineItemLevel');
  assert.deepEqual(sums(byLine), [324, 386, 62], '3.24 x 1.19 = 3.8556');
  const byUnit = await make({ lineItems, taxCalculationMode: 'UnitPriceLevel' });
  assert.deepEqual(sums(byUnit), [324, 387, 63], '1.08 x 1.19 = 1.2852, three times 1.29');
  const changed = await update(byLine, { action: 'changeTaxCalculationMode', taxCalculationMode: 'UnitPriceLevel' });
  assert.deepEqual(sums(changed), [324, 387, 63]);
});

journey('the half cent of a tax on top goes where the rounding mode says', async () => {
  const category = await taxCategory({ amount: 0.14, includedInPrice: false });
  for (const [taxRoundingMode, tax] of [['HalfEven', 3], ['HalfUp', 4], ['HalfDown', 3]]) {
    const cart = await make({ taxRoundingMode, customLineItems: [custom(category, 25)] });
    assert.deepEqual(sums(cart), [25, 25 + tax, tax], `${taxRoundingMode}: 0.25 x 1.14 = 0.285`);
  }
});

journey('the half cent of an included tax goes the other way', async () => {
  const category = await taxCategory({ amount: 0.2, includedInPrice: true });
  for (const [taxRoundingMode, net] of [['HalfEven', 2], ['HalfUp', 3], ['HalfDown', 2]]) {
    const cart = await make({ taxRoundingMode, customLineItems: [custom(category, 3)] });
    assert.deepEqual(sums(cart), [net, 3, 3 - net], `${taxRoundingMode}: 0.03 / 1.2 = 0.025`);
  }
  const usual = await make({ customLineItems: [custom(category, 1000)] });
  assert.deepEqual(sums(usual), [833, 1000, 167]);
  assert.deepEqual(usual.totalPrice, cents(1000));
});

journey('several rates stand side by side in the tax portions', async () => {
  const reduced = await taxCategory({ amount: 0.07, includedInPrice: false, name: 'reduced' });
  const product = await shop.product('mug', [{ value: eur(1000) }]);
  const cart = await make({ lineItems: [{ sku: skuOf(product), quantity: 1 }], customLineItems: [custom(reduced, 500)] });
  assert.deepEqual(sums(cart), [1500, 1725, 225]);
  const portions = Object.fromEntries(cart.taxedPrice.taxPortions.map(({ name, rate, amount }) => [name, [rate, amount.centAmount]]));
  assert.deepEqual(portions, { VAT: [0.19, 190], reduced: [0.07, 35] });

  const shares = await taxCategory({ amount: 0.09, includedInPrice: false, subRates: [{ name: 'state', amount: 0.05 }, { name: 'city', amount: 0.04 }] });
  const split = await make({ customLineItems: [custom(shares, 1000)] });
  assert.deepEqual(sums(split), [1000, 1090, 90]);
  assert.deepEqual(Object.fromEntries(split.taxedPrice.taxPortions.map(({ name, amount }) => [name, amount.centAmount])), { state: 50, city: 40 });
});

journey('taxes follow the address', async () => {
  const product = await shop.product('bowl', [{ value: eur(1000) }]);
  const cart = await make({ lineItems: [{ sku: skuOf(product), quantity: 1 }] });
  assert.deepEqual(sums(cart), [1000, 1190, 190]);
  const moved = await update(cart, { action: 'setShippingAddress', address: AUSTRIA });
  assert.deepEqual(sums(moved), [1000, 1070, 70]);
  assert.equal(moved.lineItems[0].taxRate.country, 'AT');
});

journey('custom lines are found by slug, and may take money off', async () => {
  const slug = unique('fee');
  const cart = await make({ customLineItems: [custom(shop.taxCategory, 1000, { slug, quantity: 2 })] });
  assert.deepEqual(cart.totalPrice, cents(2000));
  const same = custom(shop.taxCategory, 1000, { slug });
  const merged = await update(cart, { action: 'addCustomLineItem', ...same });
  assert.deepEqual([merged.customLineItems.length, merged.customLineItems[0].quantity], [1, 3]);
  await refused(admin.carts().withId({ ID: cart.id }).post({ body: { version: merged.version, actions: [{ action: 'addCustomLineItem', ...same, money: eur(999) }] } }).execute(), 400, 'InvalidOperation');
  const voucher = await update(merged, { action: 'addCustomLineItem', ...custom(shop.taxCategory, -500) });
  assert.deepEqual(voucher.totalPrice, cents(2500));
  assert.deepEqual(sums(voucher), [2500, 2975, 475]);
});

journey('taxes from outside count once every rate is there', async () => {
  const product = await shop.product('vase', [{ value: eur(1000) }]);
  const cart = await make({ taxMode: 'External', lineItems: [{ sku: skuOf(product), quantity: 2 }] });
  assert.equal(cart.taxedPrice, undefined);
  const order = (of) => admin.orders().post({ body: { cart: { typeId: 'cart', id: of.id }, version: of.version } }).execute();
  await refused(order(cart), 400, 'InvalidOperation');
  const rated = await update(cart, { action: 'setLineItemTaxRate', lineItemId: cart.lineItems[0].id, externalTaxRate: { name: 'outside', amount: 0.1, country: 'DE' } });
  assert.deepEqual(sums(rated), [2000, 2200, 200]);
  assert.equal((await order(rated)).statusCode, 201);
});

journey('a price given by the caller counts until it is taken back', async () => {
  const product = await shop.product('sofa', [{ value: eur(50000) }]);
  const cart = await make({ lineItems: [{ sku: skuOf(product), quantity: 2 }] });
  const lineItemId = cart.lineItems[0].id;
  const own = await update(cart, { action: 'setLineItemPrice', lineItemId, externalPrice: eur(45000) });
  assert.deepEqual([own.lineItems[0].priceMode, own.totalPrice], ['ExternalPrice', cents(90000)]);
  const total = await update(own, { action: 'setLineItemTotalPrice', lineItemId, externalTotalPrice: { price: eur(45000), totalPrice: eur(80000) } });
  assert.deepEqual([total.lineItems[0].priceMode, total.totalPrice], ['ExternalTotal', cents(80000)]);
  const back = await update(total, { action: 'setLineItemTotalPrice', lineItemId });
  assert.deepEqual([back.lineItems[0].priceMode, back.totalPrice], ['Platform', cents(100000)]);
});

journey('a price that changed since is noticed at the checkout', async () => {
  const product = await shop.product('desk', [{ value: eur(10000) }]);
  const cart = await make({ lineItems: [{ sku: skuOf(product), quantity: 1 }] });
  const [price] = product.masterData.current.masterVariant.prices;
  await body(admin.products().withId({ ID: product.id }).post({ body: { version: product.version, actions: [
    { action: 'changePrice', priceId: price.id, price: { value: eur(12000) }, staged: false },
  ] } }));
  const order = (of) => admin.orders().post({ body: { cart: { typeId: 'cart', id: of.id }, version: of.version } }).execute();
  const same = await body(admin.carts().withId({ ID: cart.id }).get());
  assert.deepEqual(same.totalPrice, cents(10000), 'reading does not refresh prices');
  const error = await refused(order(same), 400, 'PriceChanged');
  assert.deepEqual([error.lineItems, error.shipping], [[cart.lineItems[0].id], false]);
  const fresh = await update(same, { action: 'recalculate' });
  assert.deepEqual(fresh.totalPrice, cents(12000));
  assert.equal((await order(fresh)).statusCode, 201);
});
