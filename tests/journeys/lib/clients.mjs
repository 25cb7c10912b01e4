/**
 * Clients of the official SDK, one per way of identifying oneself. All of them
 * use the checked `fetch`, for tokens too.
 */
import { randomBytes } from 'node:crypto';
import { createApiBuilderFromCtpClient } from '@commercetools/platform-sdk';
import { ClientBuilder } from '@commercetools/ts-client';
import { checkedFetch } from './check.mjs';
import { apiUrl, authUrl, credentials, projectKey, scopes } from './env.mjs';

/** A suffix that no other run has. */
export const unique = (prefix = 'j') => `${prefix}-${randomBytes(5).toString('hex')}`;

const http = { host: apiUrl, httpClient: checkedFetch, includeResponseHeaders: true };
const auth = (extra) => ({ host: authUrl, projectKey, credentials, httpClient: checkedFetch, ...extra });

/** @param {(builder: ClientBuilder) => ClientBuilder} identify */
function build(identify) {
  const builder = identify(new ClientBuilder().withProjectKey(projectKey)).withHttpMiddleware(http).withCorrelationIdMiddleware();
  return createApiBuilderFromCtpClient(builder.build()).withProjectKey({ projectKey });
}

/** A token cache that the test can look into. */
export function tokenCache() {
  let kept = { token: '', expirationTime: -1 };
  return { get: async () => kept, set: async (value) => { kept = value; }, peek: () => kept };
}

/** The API as the client of the CTP_* variables sees it. */
export const admin = build((builder) => builder.withClientCredentialsFlow(auth({ scopes })));

/** The same, repeating an update by itself when its version was stale. */
export const patientAdmin = build((builder) => builder.withClientCredentialsFlow(auth({ scopes })).withConcurrentModificationMiddleware());

/** The API for whoever holds this bearer token. */
export const withToken = (token) => build((builder) => builder.withExistingTokenFlow(`Bearer ${token}`, { force: true }));

/** The API for another API client. */
export const withClient = (other, wanted, cache) => build((builder) => builder.withClientCredentialsFlow(auth({ credentials: other, scopes: wanted, tokenCache: cache })));

const SHOP_SCOPES = ['manage_my_profile', 'manage_my_orders', 'view_published_products', 'view_categories', 'create_anonymous_token'];

/**
 * Makes an API client; it is removed when the file's tests have ended.
 * @param {string[]} names scopes without the project key: `manage_orders`, or `manage_orders:berlin` for a store
 * @param {object} [extra] more of the draft
 */
export async function apiClient(names, extra = {}) {
  const scope = names.map((name) => name.replace(/^[^:]+/, `$&:${projectKey}`)).join(' ');
  const { body } = await admin.apiClients().post({ body: { name: unique('journey'), scope, ...extra } }).execute();
  return { clientId: body.id, clientSecret: body.secret, scopes: body.scope.split(' ') };
}

/** @type {Promise<{clientId: string, clientSecret: string}> | undefined} */
let shopClient;

/** The API client of a storefront: it may do what guests and customers may. */
export const storefront = () => (shopClient ??= apiClient(SHOP_SCOPES));

/** A guest with an anonymous session of their own. */
export async function guest(anonymousId) {
  const client = await storefront();
  const cache = tokenCache();
  const own = { clientId: client.clientId, clientSecret: client.clientSecret, ...(anonymousId ? { anonymousId } : {}) };
  const api = build((builder) => builder.withAnonymousSessionFlow(auth({ credentials: own, tokenCache: cache })));
  return { api, me: api.me(), token: () => cache.peek().token, refreshToken: () => cache.peek().refreshToken };
}

/** A customer who signs in with the password flow. */
export async function signedIn(username, password) {
  const client = await storefront();
  const cache = tokenCache();
  const own = { clientId: client.clientId, clientSecret: client.clientSecret, user: { username, password } };
  const api = build((builder) => builder.withPasswordFlow(auth({ credentials: own, tokenCache: cache })));
  return { api, me: api.me(), token: () => cache.peek().token, refreshToken: () => cache.peek().refreshToken };
}

/** The API for whoever holds this refresh token. */
export async function withRefreshToken(refreshToken, cache) {
  const { clientId, clientSecret } = await storefront();
  return build((builder) => builder.withRefreshTokenFlow(auth({ credentials: { clientId, clientSecret }, refreshToken, tokenCache: cache })));
}

/**
 * A plain request to the auth server, with Basic credentials.
 * @param {string} path
 * @param {Record<string, string>} form
 */
export async function oauth(path, form, who = credentials) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  if (who) headers.authorization = `Basic ${btoa(`${who.clientId}:${who.clientSecret}`)}`;
  const response = await checkedFetch(`${authUrl}${path}`, { method: 'POST', headers, body: new URLSearchParams(form).toString() });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** An access token of the client of the CTP_* variables. */
export async function adminToken() {
  const { body } = await oauth('/oauth/token', { grant_type: 'client_credentials' });
  return body.access_token;
}

/**
 * A plain request to the API, for what the SDK would not send.
 * @param {string} path below the project
 * @param {{method?: string, token?: string, body?: string, headers?: Record<string, string>}} options
 */
export async function raw(path, { method = 'GET', token, body, headers = {} } = {}) {
  const all = { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body !== undefined ? { 'content-type': 'application/json' } : {}), ...headers };
  const response = await checkedFetch(`${apiUrl}/${projectKey}${path}`, { method, headers: all, body });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}
