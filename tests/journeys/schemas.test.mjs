/** The response validation itself: what conforms passes, what does not is named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { responseTypes, routeOf } from './lib/routes.mjs';
import { violations } from './lib/schemas.mjs';

const zone = { id: 'z', version: 1, createdAt: '2024-01-01T00:00:00.000Z', lastModifiedAt: '2024-01-01T00:00:00.000Z', name: 'DE', locations: [{ country: 'DE' }] };
const error = (...errors) => ({ statusCode: 400, message: 'no', errors });

test('every type has a schema, and none of them takes just anything', () => {
  for (const type of responseTypes()) assert.notEqual(violations(type, { nonsense: true }).length, 0, type);
});

test('a conforming answer has no violation', () => {
  assert.deepEqual(violations('Zone', zone), []);
  assert.deepEqual(violations('ZonePagedQueryResponse', { limit: 20, offset: 0, count: 1, results: [zone] }), []);
  assert.deepEqual(violations('ErrorResponse', error({ code: 'DuplicateField', message: 'no', field: 'key', duplicateValue: 'x' }, { code: 'OutOfStock', message: 'no', lineItems: [], skus: [] })), []);
});

test('missing, unknown and wrong properties are named with their path', () => {
  const { name, ...nameless } = zone;
  assert.match(violations('Zone', nameless).join(), /^Zone must have required property 'name'$/);
  assert.match(violations('Zone', { ...zone, colour: 'red' }).join(), /does not know: colour = "red"/);
  assert.match(violations('Zone', { ...zone, locations: [{ country: 7 }] }).join(), /^Zone\/locations\/0\/country must be string, is 7$/);
  assert.match(violations('Zone', { ...zone, version: 1.5 }).join(), /version must be integer/);
  assert.match(violations('Zone', { ...zone, createdAt: '2024-01-01' }).join(), /createdAt must match format/);
});

test('unions are told apart by their tag, enums are closed', () => {
  const money = { limit: 1, offset: 0, count: 1, results: [{ ...zone, sku: 's' }] };
  assert.ok(violations('InventoryPagedQueryResponse', money).some((line) => line.includes("required property 'quantityOnStock'")));
  const attribute = (type) => ({ ...zone, locations: undefined, description: 'd', attributes: [{ name: 'a', label: {}, isRequired: false, level: 'Variant', attributeConstraint: 'None', inputHint: 'SingleLine', isSearchable: true, type }] });
  assert.match(violations('ProductType', attribute({ name: 'colourful' })).join('\n'), /type has an unknown name: "colourful"/);
  const state = { ...zone, locations: undefined, name: {}, key: 'k', initial: true, builtIn: false, type: 'MoonState' };
  assert.match(violations('State', state).join('\n'), /type must be equal to one of the allowed values \(.*ProductState/);
  assert.match(violations('ErrorResponse', error({ code: 'DuplicateField', message: 'no' })).join('\n'), /required property 'duplicateValue'/);
  assert.notEqual(violations('ErrorResponse', { statusCode: 400, message: 'no', errors: [] }).length, 0);
});

test('a request is matched to its type', () => {
  const type = (method, path) => routeOf(method, path, 'demo')?.type;
  assert.equal(type('GET', '/demo'), 'Project');
  assert.equal(type('GET', '/demo/carts'), 'CartPagedQueryResponse');
  assert.equal(type('POST', '/demo/carts/customer-id=1/merge'), 'Cart');
  assert.equal(type('GET', '/demo/me/orders/1'), 'Order');
  assert.equal(type('POST', '/demo/customers'), 'CustomerSignInResult');
  assert.equal(type('POST', '/demo/customers/1'), 'Customer');
  assert.equal(type('POST', '/oauth/demo/anonymous/token'), 'Token');
  assert.equal(routeOf('GET', '/demo/nothing', 'demo'), undefined);
  assert.equal(routeOf('GET', '/other/carts', 'demo'), undefined);
});
