/** What a projection says about stock. */
import assert from 'node:assert/strict';
import { eventually } from './lib/check.mjs';
import { admin, unique } from './lib/clients.mjs';
import { body, journey, prepare } from './lib/harness.mjs';
import { eur, openShop, skuOf } from './lib/shop.mjs';

let shop;
prepare(async () => { shop = await openShop(); });

journey('a variant shows its stock, in total and by channel', async () => {
  const product = await shop.product('bench', [{ value: eur(9900) }]);
  const entry = await shop.stock(skuOf(product), 12);
  const channel = await body(admin.channels().post({ body: { key: unique('shelf'), roles: ['InventorySupply'] } }));
  const shelf = await shop.stock(skuOf(product), 0, { supplyChannel: { typeId: 'channel', id: channel.id } });
  const availability = await eventually(async () => {
    const { masterVariant } = await body(admin.productProjections().withId({ ID: product.id }).get());
    return masterVariant.availability?.channels?.[channel.id] && masterVariant.availability;
  });
  assert.ok(availability, 'the projection shows no availability');
  assert.deepEqual([availability.isOnStock, availability.availableQuantity, availability.id], [true, 12, entry.id]);
  const onShelf = availability.channels[channel.id];
  assert.deepEqual([onShelf.isOnStock, onShelf.availableQuantity, onShelf.id], [false, 0, shelf.id]);
});
