/**
 * Which type of the SDK, and which status, belongs to which request: the API's
 * routes as far as the journeys use them. A request that no line matches is a
 * violation too, so nothing goes unchecked.
 */

/** Resources with the usual life: segment → [type, type of a list]. */
const USUAL = {
  'api-clients': 'ApiClient',
  carts: 'Cart',
  categories: 'Category',
  channels: 'Channel',
  customers: 'Customer',
  'customer-groups': 'CustomerGroup',
  inventory: ['InventoryEntry', 'InventoryPagedQueryResponse'],
  orders: 'Order',
  products: 'Product',
  'product-projections': 'ProductProjection',
  'product-types': 'ProductType',
  reviews: 'Review',
  'shipping-methods': 'ShippingMethod',
  states: 'State',
  stores: 'Store',
  'tax-categories': 'TaxCategory',
  types: 'Type',
  zones: 'Zone',
  'me/carts': ['Cart', 'CartPagedQueryResponse'],
  'me/orders': ['Order', 'OrderPagedQueryResponse'],
};

/** Special routes, tried first: [methods, path after the project key, type, statuses]. */
const SPECIAL = [
  ['GET POST', '', 'Project', [200]],
  ['POST', 'login', 'CustomerSignInResult', [200]],
  ['POST', 'me/login', 'CustomerSignInResult', [200]],
  ['POST', 'me/signup', 'CustomerSignInResult', [201]],
  ['GET POST DELETE', 'me', 'Customer', [200]],
  ['POST', 'me/password', 'Customer', [200]],
  ['GET', 'me/active-cart', 'Cart', [200]],
  ['POST', 'customers', 'CustomerSignInResult', [201]],
  ['POST', 'customers/password', 'Customer', [200]],
  ['POST', 'customers/password-token', 'CustomerToken', [200]],
  ['POST', 'customers/email-token', 'CustomerToken', [200]],
  ['POST', 'customers/password/reset', 'Customer', [200]],
  ['POST', 'customers/email/confirm', 'Customer', [200]],
  ['GET', 'customers/(password|email)-token=[^/]+', 'Customer', [200]],
  ['POST', 'carts/replicate', 'Cart', [201]],
  ['POST', 'carts/customer-id=[^/]+/merge', 'Cart', [200]],
  ['GET', 'carts/customer-id=[^/]+', 'Cart', [200]],
  ['POST', 'orders/import', 'Order', [201]],
  ['GET', 'shipping-methods/matching-(cart|location|cart-location)', 'ShippingMethodPagedQueryResponse', [200]],
  ['POST', 'custom-objects', 'CustomObject', [200, 201]],
  ['GET', 'custom-objects', 'CustomObjectPagedQueryResponse', [200]],
  ['GET', 'custom-objects/[^/]+', 'CustomObjectPagedQueryResponse', [200]],
  ['GET DELETE', 'custom-objects/[^/]+/[^/]+', 'CustomObject', [200]],
].map(([methods, path, type, statuses]) => ({ methods: methods.split(' '), path: new RegExp(`^${path}$`), type, statuses }));

const AUTH = [
  { path: /^\/oauth\/introspect$/, type: 'Introspection' },
  { path: /^\/oauth\/token\/revoke$/, type: null },
  { path: /^\/oauth\/(token|[^/]+\/(in-store\/key=[^/]+\/)?(customers|anonymous)\/token)$/, type: 'Token' },
];

const pair = (entry) => (Array.isArray(entry) ? entry : [entry, `${entry}PagedQueryResponse`]);

/** Every type that a response may have. */
export function responseTypes() {
  const usual = Object.values(USUAL).flatMap(pair);
  const special = SPECIAL.map(({ type }) => type);
  return [...new Set([...usual, ...special, 'ErrorResponse', 'AuthErrorResponse', 'Token', 'Introspection'])].sort();
}

/**
 * The type and the statuses of a success; `type: null` where no body is promised.
 * @param {string} method
 * @param {string} path without the query
 * @param {string} projectKey
 * @returns {{type: string|null, statuses: number[], auth: boolean} | undefined}
 */
export function routeOf(method, path, projectKey) {
  const auth = method === 'POST' && AUTH.find((one) => one.path.test(path));
  if (auth) return { type: auth.type, statuses: [200], auth: true };
  if (path !== `/${projectKey}` && !path.startsWith(`/${projectKey}/`)) return undefined;
  // The paths of a store answer as their twins without one do.
  const rest = path.slice(projectKey.length + 2).replace(/^in-store\/key=[^/]+\//, '');
  if (method === 'HEAD') return { type: null, statuses: [200], auth: false };
  const special = SPECIAL.find((one) => one.methods.includes(method) && one.path.test(rest));
  if (special) return { ...special, auth: false };
  const segment = Object.keys(USUAL).find((name) => rest === name || rest.startsWith(`${name}/`));
  if (!segment) return undefined;
  const [item, list] = pair(USUAL[segment]);
  const below = rest.slice(segment.length + 1);
  if (below.includes('/')) return undefined;
  if (below !== '') return { type: item, statuses: [200], auth: false };
  if (method === 'POST') return { type: item, statuses: [201], auth: false };
  return method === 'GET' ? { type: list, statuses: [200], auth: false } : undefined;
}
