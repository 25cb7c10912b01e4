/** An admin sets up a catalogue, from types to published products. */
import assert from 'node:assert/strict';
import { admin, unique } from './lib/clients.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { cents, eur, openShop, skuOf, usd } from './lib/shop.mjs';

let shop;
prepare(async () => { shop = await openShop(); });

const label = (en) => ({ en });

journey('a type takes every kind of field, and categories carry their values', async () => {
  const suffix = unique('f').replaceAll('-', '');
  const name = (kind) => `${kind}${suffix}`;
  const field = (kind, type, extra = {}) => ({ name: name(kind), label: label(kind), required: false, type, ...extra });
  const type = await body(admin.types().post({ body: {
    key: name('type'), name: label('Everything'), resourceTypeIds: ['category'],
    fieldDefinitions: [
      field('text', { name: 'String' }, { required: true, inputHint: 'MultiLine' }),
      field('ltext', { name: 'LocalizedString' }),
      field('enum', { name: 'Enum', values: [{ key: 'a', label: 'A' }, { key: 'b', label: 'B' }] }),
      field('lenum', { name: 'LocalizedEnum', values: [{ key: 'x', label: label('X') }] }),
      field('number', { name: 'Number' }),
      field('money', { name: 'Money' }),
      field('flag', { name: 'Boolean' }),
      field('date', { name: 'Date' }),
      field('time', { name: 'Time' }),
      field('moment', { name: 'DateTime' }),
      field('ref', { name: 'Reference', referenceTypeId: 'category' }),
      field('set', { name: 'Set', elementType: { name: 'String' } }),
    ],
  } }));
  assert.equal(type.version, 1);
  assert.equal(type.fieldDefinitions.length, 12);

  const draft = (fields) => ({
    key: unique('cat'), name: label('Cat'), slug: { en: unique('cat') },
    custom: { type: { typeId: 'type', key: type.key }, fields },
  });
  const parent = await body(admin.categories().post({ body: draft({ [name('text')]: 'parent' }) }));
  const fields = {
    [name('text')]: 'zwei\nZeilen', [name('ltext')]: { en: 'one', de: 'eins' }, [name('enum')]: 'b', [name('lenum')]: 'x',
    [name('number')]: 12.5, [name('money')]: eur(1999), [name('flag')]: false, [name('date')]: '2024-02-29', [name('time')]: '13:37:00.000',
    [name('moment')]: '2024-02-29T12:00:00.000Z', [name('ref')]: { typeId: 'category', id: parent.id }, [name('set')]: ['a', 'b'],
  };
  const category = await body(admin.categories().post({ body: draft(fields) }));
  assert.deepEqual(category.custom.type, { typeId: 'type', id: type.id });
  for (const kind of ['text', 'ltext', 'enum', 'lenum', 'number', 'flag', 'date', 'time', 'moment', 'ref', 'set']) {
    assert.deepEqual(category.custom.fields[name(kind)], fields[name(kind)], kind);
  }
  assert.deepEqual(category.custom.fields[name('money')], cents(1999));

  const missing = await refused(admin.categories().post({ body: draft({ [name('number')]: 1 }) }).execute(), 400, 'RequiredField');
  assert.equal(missing.field, name('text'));
  await refused(admin.categories().post({ body: draft({ [name('text')]: 'x', [name('number')]: 'seven' }) }).execute(), 400, 'InvalidField');

  const update = (version, actions) => admin.categories().withId({ ID: category.id }).post({ body: { version, actions } });
  const unset = await body(update(category.version, [{ action: 'setCustomField', name: name('number') }]));
  assert.ok(!(name('number') in unset.custom.fields));
  await refused(update(unset.version, [{ action: 'setCustomField', name: name('number') }]).execute(), 400, 'InvalidOperation');
  const bare = await body(update(unset.version, [{ action: 'setCustomType' }]));
  assert.equal(bare.custom, undefined);
  await refused(admin.types().withId({ ID: type.id }).delete({ queryArgs: { version: type.version } }).execute(), 400, 'ReferenceExists');
});

journey('a category tree keeps the ancestors of its leaves up to date', async () => {
  const make = (name, parent) => body(admin.categories().post({ body: {
    key: unique(name), name: { en: name }, slug: { en: unique(name) }, ...(parent ? { parent: { typeId: 'category', id: parent.id } } : {}),
  } }));
  const ref = ({ id }) => ({ typeId: 'category', id });
  const get = ({ id }) => body(admin.categories().withId({ ID: id }).get());

  const root = await make('root');
  const middle = await make('middle', root);
  const leaf = await make('leaf', middle);
  assert.deepEqual(root.ancestors, []);
  assert.deepEqual(leaf.ancestors, [ref(root), ref(middle)]);
  const hint = Number(root.orderHint);
  assert.ok(hint > 0 && hint < 1, `order hint ${root.orderHint}`);

  const other = await make('other');
  const moved = await body(admin.categories().withId({ ID: middle.id }).post({ body: {
    version: middle.version, actions: [{ action: 'changeParent', parent: ref(other) }],
  } }));
  assert.deepEqual(moved.ancestors, [ref(other)]);
  assert.deepEqual((await get(leaf)).ancestors, [ref(other), ref(middle)]);

  await refused(admin.categories().withId({ ID: other.id }).post({ body: {
    version: other.version, actions: [{ action: 'changeParent', parent: ref(leaf) }],
  } }).execute(), 400);

  const current = await get(other);
  await body(admin.categories().withId({ ID: other.id }).delete({ queryArgs: { version: current.version } }));
  await refused(admin.categories().withId({ ID: leaf.id }).get().execute(), 404, 'ResourceNotFound');
});

journey('a product type with many kinds of attributes shapes the products made from it', async () => {
  const suffix = unique('a').replaceAll('-', '');
  const name = (kind) => `${kind}${suffix}`;
  const attribute = (kind, type, extra = {}) => ({ name: name(kind), label: label(kind), isRequired: false, type, ...extra });
  const inner = await body(admin.productTypes().post({ body: {
    key: name('inner'), name: 'inner', description: 'nested', attributes: [attribute('part', { name: 'text' })],
  } }));
  const type = await body(admin.productTypes().post({ body: {
    key: name('outer'), name: 'outer', description: 'all kinds',
    attributes: [
      attribute('serial', { name: 'text' }, { attributeConstraint: 'Unique', isRequired: true }),
      attribute('brand', { name: 'text' }, { attributeConstraint: 'SameForAll' }),
      attribute('title', { name: 'ltext' }, { isSearchable: true, inputHint: 'MultiLine' }),
      attribute('colour', { name: 'enum', values: [{ key: 'red', label: 'Red' }, { key: 'blue', label: 'Blue' }] }),
      attribute('size', { name: 'lenum', values: [{ key: 'l', label: { en: 'Large', de: 'Groß' } }] }),
      attribute('weight', { name: 'number' }),
      attribute('deposit', { name: 'money' }),
      attribute('organic', { name: 'boolean' }),
      attribute('since', { name: 'date' }),
      attribute('opens', { name: 'time' }),
      attribute('moment', { name: 'datetime' }),
      attribute('related', { name: 'reference', referenceTypeId: 'product-type' }),
      attribute('tags', { name: 'set', elementType: { name: 'text' } }),
      attribute('parts', { name: 'nested', typeReference: { typeId: 'product-type', id: inner.id } }),
      attribute('origin', { name: 'text' }, { level: 'Product' }),
    ],
  } }));
  const serial = type.attributes.find((one) => one.name === name('serial'));
  assert.deepEqual([serial.attributeConstraint, serial.level, serial.inputHint, serial.isSearchable], ['Unique', 'Variant', 'SingleLine', true]);

  const values = {
    serial: unique('s'), brand: 'Acme', title: { en: 'Chair' }, colour: 'red', size: 'l', weight: 4.25, deposit: eur(250), organic: true, since: '2020-01-31',
    opens: '08:00:00.000', moment: '2020-01-31T08:00:00.000Z', related: { typeId: 'product-type', id: inner.id }, tags: ['new', 'wood'], parts: [{ name: name('part'), value: 'leg' }],
  };
  const list = (of) => Object.entries(of).map(([kind, value]) => ({ name: name(kind), value }));
  const draft = (attributes, more = {}) => ({
    key: unique('p'), name: label('Chair'), slug: { en: unique('p') }, productType: { typeId: 'product-type', key: type.key },
    masterVariant: { sku: unique('sku'), attributes: list(attributes) }, ...more,
  });
  const product = await body(admin.products().post({ body: draft(values, { attributes: list({ origin: 'Vosges' }) }) }));
  const { masterVariant, attributes } = product.masterData.staged;
  const got = Object.fromEntries(masterVariant.attributes.map((one) => [one.name, one.value]));
  assert.deepEqual(got[name('colour')], { key: 'red', label: 'Red' }, 'an enum comes back whole');
  assert.deepEqual(got[name('size')], { key: 'l', label: { en: 'Large', de: 'Groß' } });
  assert.deepEqual(got[name('deposit')], cents(250));
  for (const kind of ['serial', 'brand', 'title', 'weight', 'organic', 'since', 'opens', 'moment', 'related', 'tags', 'parts']) {
    assert.deepEqual(got[name(kind)], values[kind], kind);
  }
  assert.deepEqual(attributes, [{ name: name('origin'), value: 'Vosges' }]);

  const post = (one) => admin.products().post({ body: one }).execute();
  await refused(post(draft({ ...values, serial: unique('s'), weight: 'heavy' })), 400, 'InvalidField');
  await refused(post(draft({ ...values, serial: unique('s'), colour: 'green' })), 400, 'InvalidField');
  const { serial: _, ...unnumbered } = values;
  await refused(post(draft(unnumbered)), 400, 'RequiredField');
  await refused(post(draft(values, { variants: [{ sku: unique('sku'), attributes: list(values) }] })), 400, 'DuplicateAttributeValue');
  await refused(post(draft(values, { variants: [{ sku: unique('sku'), attributes: list({ ...values, serial: unique('s'), brand: 'Other' }) }] })), 400, 'InvalidField');

  const all = await body(admin.products().withId({ ID: product.id }).post({ body: {
    version: product.version, actions: [{ action: 'setAttributeInAllVariants', name: name('brand'), value: 'Beta' }],
  } }));
  assert.equal(all.masterData.staged.masterVariant.attributes.find((one) => one.name === name('brand')).value, 'Beta');
  await refused(admin.productTypes().withId({ ID: type.id }).delete({ queryArgs: { version: type.version } }).execute(), 400, 'ReferenceExists');
});

journey('a product is staged, published, changed, reverted and unpublished', async () => {
  const product = await shop.product('lamp', [{ value: eur(2000) }], { publish: false, variants: [{ sku: unique('v2'), key: 'second', prices: [{ value: eur(2500) }] }] });
  const { masterData } = product;
  assert.deepEqual([masterData.published, masterData.hasStagedChanges], [false, false]);
  assert.deepEqual(masterData.current, masterData.staged);
  assert.deepEqual([masterData.staged.masterVariant.id, masterData.staged.variants[0].id], [1, 2]);
  assert.equal(product.priceMode ?? 'Embedded', 'Embedded');

  const projection = () => admin.productProjections().withId({ ID: product.id });
  await refused(projection().get().execute(), 404, 'ResourceNotFound');
  assert.equal((await body(projection().get({ queryArgs: { staged: true } }))).published, false);

  let version = product.version;
  const update = async (...actions) => {
    const updated = await body(admin.products().withId({ ID: product.id }).post({ body: { version, actions } }));
    version = updated.version;
    return updated.masterData;
  };
  assert.equal((await update({ action: 'publish' })).published, true);

  const staged = await update({ action: 'changeName', name: label('Better lamp') });
  assert.equal(staged.hasStagedChanges, true);
  assert.deepEqual([staged.current.name, staged.staged.name], [label('lamp'), label('Better lamp')]);
  assert.deepEqual((await body(projection().get())).name, label('lamp'));
  assert.deepEqual((await body(projection().get({ queryArgs: { staged: true } }))).name, label('Better lamp'));

  const both = await update({ action: 'setDescription', description: label('bright'), staged: false });
  assert.deepEqual([both.current.description, both.staged.description], [label('bright'), label('bright')]);

  const reverted = await update({ action: 'revertStagedChanges' });
  assert.equal(reverted.hasStagedChanges, false);
  assert.deepEqual(reverted.staged.name, label('lamp'));

  await update({ action: 'changePrice', priceId: reverted.staged.masterVariant.prices[0].id, price: { value: eur(2100) } }, { action: 'publish' });
  assert.deepEqual((await body(projection().get())).masterVariant.prices[0].value, cents(2100));

  await refused(admin.products().withId({ ID: product.id }).delete({ queryArgs: { version } }).execute(), 400, 'InvalidOperation');
  assert.equal((await update({ action: 'unpublish' })).published, false);
  await refused(projection().get().execute(), 404, 'ResourceNotFound');
  await body(admin.products().withId({ ID: product.id }).delete({ queryArgs: { version } }));
});

journey('a projection carries the price that fits the buyer', async () => {
  const group = await body(admin.customerGroups().post({ body: { groupName: unique('group'), key: unique('group') } }));
  const channel = await body(admin.channels().post({ body: { key: unique('channel'), roles: ['ProductDistribution'] } }));
  const customerGroup = { typeId: 'customer-group', id: group.id };
  const byChannel = { typeId: 'channel', id: channel.id };
  const hour = 3_600_000;
  const at = (ms) => new Date(Date.now() + ms).toISOString();
  const product = await shop.product('table', [
    { value: eur(2000), key: 'plain' },
    { value: eur(1900), validFrom: at(-2 * hour), validUntil: at(-hour) },
    { value: eur(1800), country: 'DE', tiers: [{ minimumQuantity: 10, value: eur(1500) }] },
    { value: eur(1700), channel: byChannel },
    { value: eur(1600), customerGroup },
    { value: eur(1650), customerGroup, country: 'AT' },
    { value: usd(2200) },
    { value: usd(2100), validFrom: at(-hour), validUntil: at(hour) },
  ]);
  const select = async (queryArgs) => (await body(admin.productProjections().withKey({ key: product.key }).get({ queryArgs }))).masterVariant.price?.value.centAmount;
  assert.equal(await select({}), undefined, 'no currency, no selection');
  assert.equal(await select({ priceCurrency: 'EUR' }), 2000);
  assert.equal(await select({ priceCurrency: 'EUR', priceCountry: 'DE' }), 1800);
  assert.equal(await select({ priceCurrency: 'EUR', priceCountry: 'FR' }), 2000);
  assert.equal(await select({ priceCurrency: 'EUR', priceCountry: 'DE', priceChannel: channel.id }), 1700, 'a channel goes before a country');
  assert.equal(await select({ priceCurrency: 'EUR', priceChannel: channel.id, priceCustomerGroup: group.id }), 1600, 'a group goes before a channel');
  assert.equal(await select({ priceCurrency: 'EUR', priceCountry: 'AT', priceCustomerGroup: group.id }), 1650);
  assert.equal(await select({ priceCurrency: 'USD' }), 2100, 'a price of the season goes before the one without dates');
  assert.equal(await select({ priceCurrency: 'JPY' }), undefined);
  await refused(admin.productProjections().withKey({ key: product.key }).get({ queryArgs: { priceCountry: 'DE' } }).execute(), 400);

  const { prices } = product.masterData.current.masterVariant;
  assert.deepEqual(prices[2].tiers.map((tier) => [tier.minimumQuantity, tier.value.centAmount]), [[10, 1500]]);
  const update = (price) => admin.products().withId({ ID: product.id }).post({ body: { version: product.version, actions: [{ action: 'addPrice', variantId: 1, price }] } }).execute();
  await refused(update({ value: eur(1), country: 'DE' }), 400, 'DuplicatePriceScope');
  await refused(update({ value: usd(1), validFrom: at(0), validUntil: at(2 * hour) }), 400, 'OverlappingPriceValidity');
  await refused(update({ value: eur(1), country: 'PL', tiers: [{ minimumQuantity: 1, value: eur(1) }] }), 400, 'InvalidField');
});

journey('taxes, zones and shipping methods are set up and changed', async () => {
  const tax = await body(admin.taxCategories().withId({ ID: shop.taxCategory.id }).post({ body: {
    version: shop.taxCategory.version,
    actions: [{ action: 'addTaxRate', taxRate: { name: 'state', amount: 0.08, includedInPrice: false, country: 'US', state: 'NY', subRates: [{ name: 'state', amount: 0.04 }, { name: 'city', amount: 0.04 }] } }],
  } }));
  assert.equal(tax.rates.length, 3);
  const add = (taxRate) => admin.taxCategories().withId({ ID: tax.id }).post({ body: { version: tax.version, actions: [{ action: 'addTaxRate', taxRate }] } }).execute();
  await refused(add({ name: 'again', amount: 0.2, includedInPrice: false, country: 'DE' }), 400, 'DuplicateField');
  await refused(add({ name: 'odd', amount: 0.2, includedInPrice: false, country: 'PL', subRates: [{ name: 'half', amount: 0.1 }] }), 400, 'InvalidOperation');

  const zone = await body(admin.zones().post({ body: { name: unique('zone'), locations: [{ country: 'US', state: 'NY' }] } }));
  const method = await body(admin.shippingMethods().withId({ ID: shop.shippingMethod.id }).post({ body: {
    version: shop.shippingMethod.version,
    actions: [
      { action: 'addZone', zone: { typeId: 'zone', id: zone.id } },
      { action: 'addShippingRate', zone: { typeId: 'zone', id: zone.id }, shippingRate: { price: usd(900), freeAbove: usd(5000) } },
    ],
  } }));
  const rates = method.zoneRates.find((one) => one.zone.id === zone.id).shippingRates;
  assert.deepEqual([rates.length, rates[0].price.centAmount, rates[0].freeAbove.centAmount], [1, 900, 5000]);
  await refused(admin.zones().withId({ ID: zone.id }).delete({ queryArgs: { version: zone.version } }).execute(), 400, 'ReferenceExists');

  const back = await body(admin.shippingMethods().withId({ ID: method.id }).post({ body: { version: method.version, actions: [{ action: 'removeZone', zone: { typeId: 'zone', id: zone.id } }] } }));
  assert.ok(!back.zoneRates.some((one) => one.zone.id === zone.id));
});

journey('a sku has one stock per channel, and its figures add up', async () => {
  const product = await shop.product('stool', [{ value: eur(900) }]);
  const sku = skuOf(product);
  const entry = await shop.stock(sku, 10, { key: unique('stock') });
  assert.deepEqual([entry.quantityOnStock, entry.availableQuantity], [10, 10]);
  const duplicate = await refused(admin.inventory().post({ body: { sku, quantityOnStock: 1 } }).execute(), 400, 'DuplicateField');
  assert.ok(duplicate.field);
  const channel = await body(admin.channels().post({ body: { key: unique('shelf'), roles: ['InventorySupply'] } }));
  await shop.stock(sku, 4, { supplyChannel: { typeId: 'channel', id: channel.id } });

  const update = (version, actions) => admin.inventory().withId({ ID: entry.id }).post({ body: { version, actions } });
  const changed = await body(update(entry.version, [{ action: 'addQuantity', quantity: 5 }, { action: 'removeQuantity', quantity: 2 }]));
  assert.deepEqual([changed.quantityOnStock, changed.availableQuantity], [13, 13]);
  const set = await body(update(changed.version, [{ action: 'changeQuantity', quantity: 7 }, { action: 'setRestockableInDays', restockableInDays: 3 }]));
  assert.deepEqual([set.quantityOnStock, set.restockableInDays], [7, 3]);
  await refused(admin.products().withId({ ID: product.id }).post({ body: { version: product.version, actions: [{ action: 'setSku', variantId: 1, sku: unique('sku') }] } }).execute(), 400);
});
