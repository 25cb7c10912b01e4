/** Tokens: grants, refusals, introspection, refresh, revocation. */
import assert from 'node:assert/strict';
import { admin, adminToken, apiClient, guest, oauth, signedIn, storefront, tokenCache, unique, withClient, withRefreshToken, withToken } from './lib/clients.mjs';
import { eventually } from './lib/check.mjs';
import { credentials, projectKey, scopes } from './lib/env.mjs';
import { body, journey, refused } from './lib/harness.mjs';

const HOUR = 3600;
const grant = (form, who) => oauth('/oauth/token', form, who);

journey('a client gets a token with its scopes, or with fewer', async () => {
  const { body: token } = await grant({ grant_type: 'client_credentials' });
  assert.deepEqual([token.token_type, token.refresh_token], ['Bearer', undefined]);
  assert.deepEqual(new Set(token.scope.split(' ')), new Set(scopes));
  const client = await apiClient(['view_products', 'view_orders'], { accessTokenValiditySeconds: HOUR });
  const who = { clientId: client.clientId, clientSecret: client.clientSecret };
  const fewer = await grant({ grant_type: 'client_credentials', scope: `view_orders:${projectKey}` }, who);
  assert.deepEqual([fewer.body.scope, fewer.body.expires_in], [`view_orders:${projectKey}`, HOUR]);
  await refused(withToken(fewer.body.access_token).products().get().execute(), 403, 'insufficient_scope');
  const inQuery = await oauth(`/oauth/token?grant_type=client_credentials&scope=view_orders:${projectKey}`, {}, who);
  assert.equal(inQuery.status, 200);
});

journey('a token is refused for a reason that the answer names', async () => {
  const client = await apiClient(['view_products']);
  const who = { clientId: client.clientId, clientSecret: client.clientSecret };
  const cases = [
    [{ grant_type: 'client_credentials' }, { ...credentials, clientSecret: 'wrong' }, 401, 'invalid_client'],
    [{ grant_type: 'client_credentials' }, { clientId: unique('none'), clientSecret: 'x' }, 401, 'invalid_client'],
    [{ grant_type: 'client_credentials' }, null, 401, 'invalid_client'],
    [{ grant_type: 'client_credentials', scope: `manage_orders:${projectKey}` }, who, 400, 'invalid_scope'],
    [{ grant_type: 'client_credentials', scope: 'nonsense' }, who, 400, 'invalid_scope'],
    [{ grant_type: 'magic' }, who, 400, 'unsupported_grant_type'],
    [{}, who, 400, 'invalid_request'],
    [{ grant_type: 'refresh_token', refresh_token: 'unknown' }, who, 400, 'invalid_grant'],
  ];
  for (const [form, as, status, error] of cases) {
    const answer = await grant(form, as);
    assert.deepEqual([answer.status, answer.body.error], [status, error], JSON.stringify(form));
  }
  const wrong = await grant({ grant_type: 'client_credentials' }, { ...credentials, clientSecret: 'wrong' });
  assert.equal(wrong.body.message, 'Please provide valid client credentials using HTTP Basic Authentication.');
  const scope = await grant({ grant_type: 'client_credentials', scope: 'nonsense' }, who);
  assert.equal(scope.body.message, 'Malformed parameter: scope: Invalid scope.');
});

journey('an anonymous session has an id, chosen or given, and only one of each', async () => {
  const { clientId, clientSecret } = await storefront();
  const session = (form) => oauth(`/oauth/${projectKey}/anonymous/token`, { grant_type: 'client_credentials', ...form }, { clientId, clientSecret });
  const given = await session({});
  assert.match(given.body.scope, /(^| )anonymous_id:\S+/);
  assert.ok(given.body.refresh_token);
  const anonymousId = unique('anon');
  const chosen = await session({ anonymous_id: anonymousId });
  assert.ok(chosen.body.scope.split(' ').includes(`anonymous_id:${anonymousId}`), chosen.body.scope);
  const me = withToken(chosen.body.access_token).me();
  assert.equal((await body(me.carts().post({ body: { currency: 'EUR' } }))).anonymousId, anonymousId);
  const again = await session({ anonymous_id: anonymousId });
  assert.equal(again.status, 400);
  assert.equal(again.body.errors[0].code, 'AnonymousIdAlreadyInUse');
  const viewer = await apiClient(['view_products']);
  const unable = await oauth(`/oauth/${projectKey}/anonymous/token`, { grant_type: 'client_credentials' }, { clientId: viewer.clientId, clientSecret: viewer.clientSecret });
  assert.ok(unable.status >= 400, 'a client without create_anonymous_token made a session');
});

journey('a refresh token carries an identity on', async () => {
  const anna = await guest();
  const cart = await body(anna.me.carts().post({ body: { currency: 'EUR' } }));
  const cache = tokenCache();
  const later = await withRefreshToken(anna.refreshToken(), cache);
  assert.equal((await body(later.me().carts().withId({ ID: cart.id }).get())).id, cart.id);
  assert.notEqual(cache.peek().token, '');

  const email = `${unique('t')}@example.org`;
  const { customer } = await body(admin.customers().post({ body: { email, password: 'secret' } }));
  const own = await signedIn(email, 'secret');
  await body(own.me.get());
  const refreshed = await withRefreshToken(own.refreshToken(), tokenCache());
  assert.equal((await body(refreshed.me().get())).id, customer.id);
  const foreign = await grant({ grant_type: 'refresh_token', refresh_token: own.refreshToken() });
  assert.ok(foreign.status >= 400, 'another client used the refresh token');
});

journey('introspection tells what a token is worth', async () => {
  const client = await apiClient(['introspect_oauth_tokens']);
  const who = { clientId: client.clientId, clientSecret: client.clientSecret };
  const introspect = async (token, as = who) => (await oauth('/oauth/introspect', { token }, as));
  const token = await adminToken();
  const { body: active } = await introspect(token);
  assert.equal(active.active, true);
  assert.deepEqual(new Set(active.scope.split(' ')), new Set(scopes));
  const now = Date.now();
  const expires = active.exp > 1e11 ? active.exp : active.exp * 1000;
  assert.ok(expires > now && expires < now + 605_000_000, `expires at ${active.exp}`);
  assert.deepEqual((await introspect('unknown')).body, { active: false });
  const unable = await apiClient(['view_products']);
  assert.ok((await introspect(token, { clientId: unable.clientId, clientSecret: unable.clientSecret })).status >= 400);
});

journey('a revoked token opens nothing any more', async () => {
  const revoke = (token, hint, who) => oauth('/oauth/token/revoke', { token, token_type_hint: hint }, who);
  const token = await adminToken();
  const api = withToken(token);
  await body(api.categories().get({ queryArgs: { limit: 1 } }));
  assert.equal((await revoke(token, 'access_token')).status, 200);
  const rejected = () => api.categories().get({ queryArgs: { limit: 1 } }).execute().then(() => false, ({ statusCode }) => statusCode === 401);
  assert.ok(await eventually(rejected), 'the revoked token still works');
  await refused(api.categories().get().execute(), 401, 'invalid_token');

  const { clientId, clientSecret } = await storefront();
  const anna = await guest();
  await body(anna.me.carts().get());
  assert.equal((await revoke(anna.refreshToken(), 'refresh_token', { clientId, clientSecret })).status, 200);
  const after = await grant({ grant_type: 'refresh_token', refresh_token: anna.refreshToken() }, { clientId, clientSecret });
  assert.deepEqual([after.status, after.body.error], [400, 'invalid_grant']);
});

journey('an API client shows its secret once and is gone when deleted', async () => {
  const name = unique('client');
  const made = await body(admin.apiClients().post({ body: { name, scope: `view_products:${projectKey} view_orders:${projectKey}` } }));
  assert.ok(made.secret.length >= 16);
  const who = { clientId: made.id, clientSecret: made.secret };
  const read = await body(admin.apiClients().withId({ ID: made.id }).get());
  assert.deepEqual([read.name, read.secret], [name, undefined]);
  const listed = await body(admin.apiClients().get({ queryArgs: { where: `name = "${name}"` } }));
  assert.deepEqual(listed.results.map(({ id, secret }) => [id, secret]), [[made.id, undefined]]);
  for (let n = 0; n < 5; n += 1) await body(admin.apiClients().post({ body: { name, scope: made.scope } }));
  const oldestFirst = (await body(admin.apiClients().get({ queryArgs: { limit: 500 } }))).results.map((one) => one.createdAt);
  assert.deepEqual(oldestFirst, [...oldestFirst].sort());
  const cache = tokenCache();
  await body(withClient(who, made.scope.split(' '), cache).products().get({ queryArgs: { limit: 1 } }));
  assert.equal(read.lastUsedAt, undefined);
  assert.match((await body(admin.apiClients().withId({ ID: made.id }).get())).lastUsedAt, /^\d{4}-\d\d-\d\d$/);
  await body(admin.apiClients().withId({ ID: made.id }).delete());
  await refused(admin.apiClients().withId({ ID: made.id }).get().execute(), 404, 'ResourceNotFound');
  assert.equal((await grant({ grant_type: 'client_credentials' }, who)).status, 401);
  const api = withToken(cache.peek().token);
  const rejected = () => api.products().get({ queryArgs: { limit: 1 } }).execute().then(() => false, ({ statusCode }) => statusCode === 401);
  assert.ok(await eventually(rejected), 'a token of the deleted client still works');
});
