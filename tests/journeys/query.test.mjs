/** Queries: predicates with nesting and variables, sort, paging, expansion. */
import assert from 'node:assert/strict';
import { admin, adminToken, raw, unique } from './lib/clients.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { cartDraft, eur, GERMANY, openShop, skuOf } from './lib/shop.mjs';

const COUNT = 12;
const run = unique('run').replaceAll('-', '');
const keys = Array.from({ length: COUNT }, (_, n) => `${run}-${String(n).padStart(2, '0')}`);
let root;
let type;

/** Twelve categories below one root, with a number and, for some, a word. */
prepare(async () => {
  type = await body(admin.types().post({ body: {
    key: `type-${run}`, name: { en: run }, resourceTypeIds: ['category'],
    fieldDefinitions: [
      { name: `number${run}`, label: { en: 'number' }, required: false, type: { name: 'Number' } },
      { name: `words${run}`, label: { en: 'words' }, required: false, type: { name: 'Set', elementType: { name: 'String' } } },
    ],
  } }));
  root = await body(admin.categories().post({ body: { key: `root-${run}`, name: { en: 'root' }, slug: { en: `root-${run}` } } }));
  for (const [n, key] of keys.entries()) {
    await body(admin.categories().post({ body: {
      key, name: { en: n % 2 ? 'odd' : 'even', de: `Zahl "${n}"` }, slug: { en: key }, orderHint: `0.${n + 1}1`,
      parent: { typeId: 'category', id: root.id }, ...(n < 6 ? { externalId: `ext-${n}` } : {}),
      custom: { type: { typeId: 'type', id: type.id }, fields: { [`number${run}`]: n, ...(n < 4 ? { [`words${run}`]: ['all', n < 2 ? 'low' : 'mid'] } : {}) } },
    } }));
  }
});

/** The numbers of the categories that a predicate finds, among those of this run. */
async function found(where, variables = {}) {
  const queryArgs = { where: ['parent(id = :root)', ...[where].flat()], 'var.root': root.id, limit: 50, sort: 'key asc', ...variables };
  const { results } = await body(admin.categories().get({ queryArgs }));
  return results.map(({ key }) => Number(key.split('-').pop()));
}

const range = (from, to) => Array.from({ length: to - from }, (_, n) => from + n);

journey('predicates compare, combine and negate', async () => {
  assert.deepEqual(await found('name(en = "odd")'), [1, 3, 5, 7, 9, 11]);
  assert.deepEqual(await found('name(de = "Zahl \\"3\\"")'), [3]);
  assert.deepEqual(await found(`custom(fields(number${run} < 3))`), [0, 1, 2]);
  assert.deepEqual(await found(`custom(fields(number${run} >= 2 and number${run} < 5))`), [2, 3, 4]);
  assert.deepEqual(await found(`name(en="odd") and custom(fields(number${run} > 8)) or key = "${keys[0]}"`), [0, 9, 11]);
  assert.deepEqual(await found(`NOT (name(en = "odd")) AND custom(fields(number${run} <> 0)) and custom(fields(number${run} <= 4))`), [2, 4]);
  assert.deepEqual(await found(`key in ("${keys[1]}", "${keys[2]}", "none")`), [1, 2]);
  assert.deepEqual(await found([`key not in ("${keys[1]}")`, `custom(fields(number${run} < 3))`]), [0, 2]);
  assert.deepEqual(await found('externalId is defined'), range(0, 6));
  assert.deepEqual(await found('externalId is not defined'), range(6, COUNT));
  assert.deepEqual(await found('not (externalId = "ext-1")'), [0, ...range(2, COUNT)], 'what has none is not equal either');
  assert.deepEqual(await found(`custom(fields(words${run} contains all ("all", "low")))`), [0, 1]);
  assert.deepEqual(await found(`custom(fields(words${run} contains any ("mid", "low")))`), [0, 1, 2, 3]);
  assert.deepEqual(await found(`createdAt > "2020-01-01T00:00:00.000Z" and createdAt < "2020-01-02T00:00:00.000Z"`), []);
  assert.deepEqual(await found(`ancestors(id = "${root.id}") and parent is defined and custom(fields(number${run} = 7))`), [7]);
});

journey('variables stand for values and for lists', async () => {
  assert.deepEqual(await found('key = :key', { 'var.key': keys[4] }), [4]);
  assert.deepEqual(await found('key in :keys', { 'var.keys': [keys[4], keys[6]] }), [4, 6]);
  assert.deepEqual(await found(`custom(fields(number${run} > :low)) and name(en = :word)`, { 'var.low': 7, 'var.word': 'odd' }), [9, 11]);
  assert.deepEqual(await found('key = :key', { 'var.key': '" or key = "' }), [], 'a variable is a value, never syntax');
  await refused(admin.categories().get({ queryArgs: { where: 'key = :missing' } }).execute(), 400, 'InvalidInput');
});

journey('lists are sorted and paged as asked', async () => {
  const list = (queryArgs) => body(admin.categories().get({ queryArgs: { where: 'parent(id = :root)', 'var.root': root.id, ...queryArgs } }));
  const numbers = ({ results }) => results.map(({ key }) => Number(key.split('-').pop()));
  assert.deepEqual(numbers(await list({ sort: 'key desc', limit: 3 })), [11, 10, 9]);
  assert.deepEqual(numbers(await list({ sort: ['name.en asc', 'key desc'] })), [10, 8, 6, 4, 2, 0, 11, 9, 7, 5, 3, 1]);
  const page = await list({ sort: 'key', limit: 5, offset: 10 });
  assert.deepEqual([page.limit, page.offset, page.count, page.total, numbers(page)], [5, 10, 2, COUNT, [10, 11]]);
  const uncounted = await list({ sort: 'key', limit: 2, withTotal: false });
  assert.deepEqual([uncounted.total, uncounted.count], [undefined, 2]);
  const nothing = await list({ limit: 0 });
  assert.deepEqual([nothing.results, nothing.count, nothing.total], [[], 0, COUNT]);
  assert.equal((await list({})).limit, 20);
  const walked = [];
  for (let last = ''; ; last = walked.at(-1).key) {
    const { results } = await list({ where: ['parent(id = :root)', `key > "${last}"`], sort: 'key asc', limit: 5, withTotal: false });
    walked.push(...results);
    if (results.length < 5) break;
  }
  assert.deepEqual(walked.map(({ key }) => key), keys);
});

journey('bad questions get an answer that says what is wrong', async () => {
  const ask = (queryArgs) => refused(admin.categories().get({ queryArgs }).execute(), 400, 'InvalidInput');
  const token = await adminToken();
  for (const [name, value] of [['limit', '501'], ['limit', '-1'], ['limit', 'many'], ['offset', '10001'], ['offset', '-1']]) {
    const answer = await raw(`/categories?${name}=${value}`, { token });
    assert.deepEqual([answer.status, answer.body.errors?.[0].code], [400, 'InvalidInput'], `${name}=${value}`);
    assert.ok(answer.body.message.startsWith(`Malformed parameter: ${name}:`), answer.body.message);
  }
  assert.match((await ask({ sort: 'nonsense asc' })).message, /^Malformed parameter: sort: /);
  for (const where of ['name(en = ', 'key = ', 'key == "a"', 'key like "a%"', '(key = "a"', 'key = "a" and']) {
    const { message } = await ask({ where });
    assert.ok(message.startsWith("Malformed parameter: where: Syntax error while parsing 'where'"), `${where}: ${message}`);
  }
  assert.equal((await ask({ where: 'shoeSize = 43' })).message, "Malformed parameter: where: The field 'shoeSize' does not exist.");
  assert.match((await ask({ where: 'parent(name = "x")' })).message, /^Malformed parameter: where: /);
});

journey('references are expanded on demand, also along a path', async () => {
  const child = await body(admin.categories().post({ body: {
    key: `leaf-${run}`, name: { en: 'leaf' }, slug: { en: `leaf-${run}` }, parent: { typeId: 'category', key: keys[0] },
  }, queryArgs: { expand: 'parent' } }));
  assert.equal(child.parent.obj?.key, keys[0], 'a creation expands too');
  const get = (expand) => body(admin.categories().withId({ ID: child.id }).get({ queryArgs: { expand } }));
  const plain = await body(admin.categories().withId({ ID: child.id }).get());
  assert.equal(plain.parent.obj, undefined);
  const deep = await get(['parent.parent', 'ancestors[*].parent', 'no.such[*].path']);
  assert.deepEqual([deep.parent.obj.key, deep.parent.obj.parent.obj.key], [keys[0], `root-${run}`]);
  assert.deepEqual(deep.ancestors.map(({ obj }) => obj?.key), [`root-${run}`, keys[0]]);
  const listed = await body(admin.categories().get({ queryArgs: { where: `key = "${keys[3]}"`, expand: ['parent', 'custom.type'] } }));
  assert.equal(listed.results[0].parent.obj.id, root.id);
  assert.equal(listed.results[0].custom.type.obj?.key, type.key);
});

journey('HEAD says whether something is there', async () => {
  const head = async (request) => request.execute().then(({ statusCode }) => statusCode, ({ statusCode }) => statusCode);
  assert.equal(await head(admin.categories().withKey({ key: keys[0] }).head()), 200);
  assert.equal(await head(admin.categories().withKey({ key: `none-${run}` }).head()), 404);
  assert.equal(await head(admin.categories().withId({ ID: root.id }).head()), 200);
  assert.equal(await head(admin.categories().head({ queryArgs: { where: `key = "${keys[0]}"` } })), 200);
  assert.equal(await head(admin.categories().head({ queryArgs: { where: `key = "none-${run}"` } })), 404);
});

journey('predicates reach into products, carts and customers', async () => {
  const shop = await openShop();
  const product = await shop.product('kettle', [{ value: eur(3000), country: 'DE' }, { value: eur(100) }]);
  const products = async (where) => (await body(admin.products().get({ queryArgs: { where: [where, 'key = :key'], 'var.key': product.key } }))).count;
  assert.equal(await products('masterData(current(name(en = "kettle") and slug(en is defined)))'), 1);
  assert.equal(await products(`masterData(current(masterVariant(sku = "${skuOf(product)}")))`), 1);
  assert.equal(await products('masterData(current(masterVariant(prices(value(centAmount = 3000) and country = "DE"))))'), 1);
  assert.equal(await products('masterData(current(masterVariant(prices(value(centAmount = 100) and country = "DE"))))'), 0, 'one element must meet all of it');
  assert.equal(await products(`productType(id = "${shop.productType.id}") and masterData(published = true)`), 1);
  const projected = await body(admin.productProjections().get({ queryArgs: { where: `masterVariant(sku = "${skuOf(product)}")`, expand: 'productType' } }));
  assert.deepEqual(projected.results.map(({ id, productType }) => [id, productType.obj?.key]), [[product.id, shop.productType.key]]);

  const { customer } = await body(admin.customers().post({ body: { email: `${unique('q')}@example.org`, password: 'secret', addresses: [GERMANY, { country: 'AT', city: 'Wien' }] } }));
  const customers = async (where) => (await body(admin.customers().get({ queryArgs: { where: [where, `email = "${customer.email}"`] } }))).count;
  assert.equal(await customers('addresses(city = "Berlin" and country = "DE")'), 1);
  assert.equal(await customers('addresses(city = "Wien" and country = "DE")'), 0);
  const cart = await body(admin.carts().post({ body: cartDraft({ customerId: customer.id, lineItems: [{ sku: skuOf(product), quantity: 2 }] }) }));
  const carts = await body(admin.carts().get({ queryArgs: { where: `lineItems(variant(sku = "${skuOf(product)}") and quantity >= 2) and cartState = "Active" and customerId = "${customer.id}"` } }));
  assert.deepEqual(carts.results.map(({ id }) => id), [cart.id]);
});
