/** Refusals: their status, their code, their shape; and that they change nothing. */
import assert from 'node:assert/strict';
import { admin, adminToken, apiClient, raw, unique, withClient, withToken } from './lib/clients.mjs';
import { projectKey } from './lib/env.mjs';
import { body, journey, refused } from './lib/harness.mjs';
import { eur, openShop, skuOf } from './lib/shop.mjs';

const NOWHERE = '00000000-0000-4000-8000-000000000000';
const categoryDraft = (extra = {}) => ({ key: unique('c'), name: { en: 'c' }, slug: { en: unique('c') }, ...extra });

/** A request by hand, expected to be refused. */
async function expectRefusal(path, options, status, ...codes) {
  const answer = await raw(path, options);
  assert.equal(answer.status, status, `${options.method ?? 'GET'} ${path}: ${JSON.stringify(answer.body)?.slice(0, 300)}`);
  if (codes.length > 0) assert.ok(codes.includes(answer.body.errors[0].code), `${path}: code ${answer.body.errors[0].code} instead of ${codes.join(' or ')}`);
  return answer.body.errors[0];
}

journey('what must be unique is', async () => {
  const draft = categoryDraft();
  await body(admin.categories().post({ body: draft }));
  const slug = await refused(admin.categories().post({ body: { ...draft, key: unique('c') } }).execute(), 400, 'DuplicateField');
  assert.deepEqual([slug.field, slug.duplicateValue], ['slug.en', draft.slug.en]);
  const key = await refused(admin.categories().post({ body: { ...draft, slug: { en: unique('c') } } }).execute(), 400, 'DuplicateField');
  assert.deepEqual([key.field, key.duplicateValue], ['key', draft.key]);

  const shop = await openShop();
  const product = await shop.product('unique', [{ value: eur(1) }]);
  const duplicates = ['DuplicateField', 'DuplicateFieldWithConflictingResource'];
  const again = (extra) => shop.product('again', [{ value: eur(1) }], extra);
  assert.equal((await refused(again({ key: product.key }), 400, ...duplicates)).field, 'key');
  assert.equal((await refused(again({ masterVariant: { sku: skuOf(product) } }), 400, ...duplicates)).field, 'sku');
  assert.equal((await refused(again({ slug: product.masterData.current.slug }), 400, ...duplicates)).field, 'slug.en');
  assert.equal((await refused(admin.productTypes().post({ body: { name: 'x', description: 'x', key: shop.productType.key } }).execute(), 400, 'DuplicateField')).field, 'key');
});

journey('what is not there is not found', async () => {
  const byId = await refused(admin.categories().withId({ ID: NOWHERE }).get().execute(), 404, 'ResourceNotFound');
  assert.equal(byId.message, `The Resource with ID ${NOWHERE} was not found.`);
  await refused(admin.categories().withKey({ key: unique('none') }).get().execute(), 404, 'ResourceNotFound');
  await refused(admin.categories().withId({ ID: NOWHERE }).post({ body: { version: 1, actions: [] } }).execute(), 404, 'ResourceNotFound');
  await refused(admin.categories().withId({ ID: NOWHERE }).delete({ queryArgs: { version: 1 } }).execute(), 404, 'ResourceNotFound');
  await refused(admin.orders().withOrderNumber({ orderNumber: unique('none') }).get().execute(), 404, 'ResourceNotFound');
  await refused(admin.customObjects().withContainerAndKey({ container: 'none', key: unique('none') }).get().execute(), 404, 'ResourceNotFound');
  const token = await adminToken();
  await expectRefusal('/no-such-resource', { token }, 404);
  await expectRefusal(`/categories/${NOWHERE}/no/such/thing`, { token }, 404);
  const odd = await raw('/categories/not-an-id', { token });
  assert.ok([400, 404].includes(odd.status), `an id that is none answered ${odd.status}`);
});

journey('what is referred to must exist, and what is referred to must stay', async () => {
  const gone = await refused(admin.categories().post({ body: categoryDraft({ parent: { typeId: 'category', id: NOWHERE } }) }).execute(), 400, 'ReferencedResourceNotFound');
  assert.deepEqual([gone.typeId, gone.id], ['category', NOWHERE]);
  const key = unique('none');
  const byKey = await refused(admin.categories().post({ body: categoryDraft({ parent: { typeId: 'category', key } }) }).execute(), 400, 'ReferencedResourceNotFound');
  assert.deepEqual([byKey.typeId, byKey.key], ['category', key]);
  await refused(admin.carts().post({ body: { currency: 'EUR', customerId: NOWHERE } }).execute(), 400, 'ReferencedResourceNotFound');

  const shop = await openShop();
  await shop.product('kept', [{ value: eur(1) }]);
  const used = await refused(admin.productTypes().withId({ ID: shop.productType.id }).delete({ queryArgs: { version: shop.productType.version } }).execute(), 400, 'ReferenceExists');
  assert.match(used.message, /^Can not delete a .+ while it is referenced by at least one .+\.$/);
});

journey('a body that is not what it should be is refused as such', async () => {
  const token = await adminToken();
  const post = (text, path = '/categories') => ({ path, options: { method: 'POST', token, body: text } });
  const bad = [
    post('{"name":'), post(''), post('null'), post('[]'), post('"text"'), post('42'), post('{"name": {"en": "x"}}'),
    post(JSON.stringify(categoryDraft({ name: 'not localized' }))), post(JSON.stringify(categoryDraft({ slug: { en: 7 } }))),
    post(JSON.stringify(categoryDraft({ parent: { typeId: 'product', id: NOWHERE } }))), post(JSON.stringify(categoryDraft({ parent: { typeId: 'category', id: NOWHERE, key: 'both' } }))),
    post('{"currency": 5}', '/carts'), post('{"email": "a@example.org", "password": {}}', '/customers'),
    post(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
  ];
  for (const { path, options } of bad) {
    const error = await expectRefusal(path, options, 400, 'InvalidJsonInput', 'InvalidField', 'RequiredField');
    if (error.code === 'InvalidJsonInput') {
      assert.equal(error.message, 'Request body does not contain valid JSON.');
      assert.equal(typeof error.detailedErrorMessage, 'string', options.body.slice(0, 60));
    }
  }
  const category = await body(admin.categories().post({ body: categoryDraft() }));
  for (const text of ['{}', '{"version": 1}', '{"version": "one", "actions": []}', '{"actions": []}', '{"version": 1, "actions": {}}', '{"version": 1, "actions": [{}]}', '{"version": 1, "actions": [{"action": "changeName"}]}']) {
    await expectRefusal(`/categories/${category.id}`, { method: 'POST', token, body: text }, 400, 'InvalidJsonInput', 'RequiredField');
  }
  await expectRefusal(`/categories/${category.id}`, { method: 'DELETE', token }, 400);
  await expectRefusal(`/categories/${category.id}?version=one`, { method: 'DELETE', token }, 400);
  assert.deepEqual(await body(admin.categories().withId({ ID: category.id }).get()), category);
});

journey('unknown properties are ignored, null means absent, bad keys and slugs are refused', async () => {
  const token = await adminToken();
  const made = await raw('/categories', { method: 'POST', token, body: JSON.stringify({ ...categoryDraft(), description: null, parent: null, colour: 'red' }) });
  assert.equal(made.status, 201);
  assert.deepEqual([made.body.colour, made.body.description, made.body.parent], [undefined, undefined, undefined]);
  for (const key of ['x', 'with space', 'ü-umlaut', 'a'.repeat(257)]) {
    await refused(admin.categories().post({ body: categoryDraft({ key }) }).execute(), 400);
  }
  await refused(admin.categories().post({ body: categoryDraft({ slug: { en: 'no spaces please' } }) }).execute(), 400);
  await refused(admin.categories().post({ body: categoryDraft({ name: { english: 'x' } }) }).execute(), 400);
});

journey('every scope opens its own doors only', async () => {
  const viewer = await apiClient(['view_products']);
  const api = withClient({ clientId: viewer.clientId, clientSecret: viewer.clientSecret }, viewer.scopes);
  assert.ok(Array.isArray((await body(api.products().get())).results));
  assert.ok(Array.isArray((await body(api.categories().get())).results), 'categories open to view_products too');
  const refusals = [
    api.categories().post({ body: categoryDraft() }), api.customers().get(), api.orders().get(), api.carts().post({ body: { currency: 'EUR' } }),
    api.zones().get(), api.apiClients().get(), api.states().get(), api.stores().get(), api.post({ body: { version: 1, actions: [] } }),
    api.orders().withId({ ID: NOWHERE }).get(), api.customers().withId({ ID: NOWHERE }).delete({ queryArgs: { version: 1 } }), api.me().get(),
  ];
  for (const request of refusals) {
    const error = await refused(request.execute(), 403, 'insufficient_scope');
    assert.match(error.message, /^Insufficient scope\. One of the following scopes is missing: [a-z_, :]+\.$/i);
  }
  const lesser = await apiClient(['view_published_products']);
  const published = withClient({ clientId: lesser.clientId, clientSecret: lesser.clientSecret }, lesser.scopes);
  await body(published.productProjections().get());
  await refused(published.productProjections().get({ queryArgs: { staged: true } }).execute(), 403);
  await refused(published.products().get().execute(), 403, 'insufficient_scope');
});

journey('without a valid token nothing is told', async () => {
  await expectRefusal('/categories', {}, 401);
  await expectRefusal('/categories', { token: 'forged' }, 401, 'invalid_token');
  await expectRefusal('/categories', { headers: { authorization: 'Basic Zm9vOmJhcg==' } }, 401);
  const [head, payload, signature] = (await adminToken()).split('.');
  const bent = signature ? [head, payload, signature.split('').reverse().join('')].join('.') : `${head}x`;
  await refused(withToken(bent).categories().get().execute(), 401, 'invalid_token');
  await refused(withToken('').categories().get().execute(), 401);
  const token = await adminToken();
  const other = await raw(`/../${projectKey}-x/categories`, { token });
  assert.ok([401, 403, 404].includes(other.status), `another project answered ${other.status}`);
});

journey('an answer carries the correlation id of its request', async () => {
  const token = await adminToken();
  const id = `${projectKey}/${unique('trace')}`;
  const echoed = await raw('/categories?limit=1', { token, headers: { 'x-correlation-id': id } });
  assert.equal(echoed.headers.get('x-correlation-id'), id);
  const own = await raw('/categories?limit=1', { token });
  assert.ok(own.headers.get('x-correlation-id'));
});
