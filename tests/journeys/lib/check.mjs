/**
 * The `fetch` that every client of the journeys uses. It checks each answer
 * (successes, errors, tokens) against the type that the SDK promises for that
 * method and path, and keeps what is wrong until the running test collects it.
 * It also remembers what was created, so that the end of a file can remove it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { apiUrl, authUrl, projectKey } from './env.mjs';
import { routeOf } from './routes.mjs';
import { violations } from './schemas.mjs';
import { note, unnoted } from './transcript.mjs';

const PATIENCE_MS = 30_000;
const base = (url) => new URL(url).pathname.replace(/\/+$/, '');

/** Which statuses a code may come with; codes that are not here are 400s. */
const STATUS_OF = {
  invalid_token: [401], invalid_client: [401], access_denied: [401],
  insufficient_scope: [403], Unauthorized: [401, 403],
  ResourceNotFound: [404], ObjectNotFound: [404], NotFound: [404],
  ConcurrentModification: [409], LockedField: [400, 409],
  ContentTooLarge: [413], General: [500], OverCapacity: [503], PendingOperation: [503, 409], QueryTimedOut: [503, 504], BadGateway: [502],
};
const UNCHECKED_BELOW = 405; // 405 and 429 are the edge's own, their codes are nobody's contract

/** @type {string[]} */
let found = [];
/** @type {string[]} */
const created = [];
let answers = 0;

/** Takes what was found wrong since the last call. */
export function takeViolations() {
  const taken = found;
  found = [];
  return taken;
}

/** Paths (below the project) of what was created and not yet taken, newest first. */
export function takeCreated() {
  return created.splice(0).reverse();
}

/** How many answers were checked so far. */
export const checkedAnswers = () => answers;

/** The path of the request without the prefix that the CTP_* URLs may carry. */
function pathOf(url) {
  const { pathname } = new URL(url);
  const prefix = [base(apiUrl), base(authUrl)].find((one) => one !== '' && pathname.startsWith(`${one}/`)) ?? '';
  return pathname.slice(prefix.length).replace(/\/$/, '');
}

function remember(method, path, body) {
  if (method !== 'POST' || !path.startsWith(`/${projectKey}/`)) return;
  const segment = path.slice(projectKey.length + 2);
  if (body.customer) {
    created.push(`customers/${body.customer.id}`);
  } else if (body.container) {
    created.push(`custom-objects/${body.container}/${body.key}`);
  } else {
    created.push(`${segment.replace(/^(in-store\/[^/]+\/)?(me\/)?/, '').split('/')[0]}/${body.id}`);
  }
}

/** Everything that is wrong with an error answer. */
function errorFaults(status, body, auth) {
  const faults = [];
  const code = body.errors?.[0]?.code;
  const oauth = auth || status === 401 || typeof body.error === 'string';
  faults.push(...violations(oauth ? 'AuthErrorResponse' : 'ErrorResponse', body));
  if (body.statusCode !== status) faults.push(`statusCode ${body.statusCode} in an answer with status ${status}`);
  if (body.message !== body.errors?.[0]?.message) faults.push('message differs from the first error\'s');
  if (oauth && body.error !== code) faults.push(`error ${body.error} differs from the first code ${code}`);
  const expected = STATUS_OF[code] ?? [400];
  if (!auth && (status < UNCHECKED_BELOW || status >= 500) && !expected.includes(status)) faults.push(`code ${code} came with status ${status}`);
  return faults;
}

/** Everything that is wrong with an answer. */
function faults(method, path, status, type, text) {
  if (method === 'HEAD') return text === '' ? [] : ['an answer to HEAD has a body'];
  const route = routeOf(method, path, projectKey);
  if (status < 400 && !route) return ['no type is known for this path'];
  if (status < 400 && !route.statuses.includes(status)) return [`status ${status} instead of ${route.statuses.join(' or ')}`];
  if (status < 400 && route.type === null) return [];
  if (!/^application\/json\b/.test(type)) return [`content type ${type || 'missing'}, status ${status}: ${text.slice(0, 200)}`];
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return [`not JSON, status ${status}: ${text.slice(0, 200)}`];
  }
  if (status >= 400) return errorFaults(status, body, path.startsWith('/oauth/'));
  if (status === 201) remember(method, path, body);
  return violations(route.type, body);
}

/**
 * `fetch`, checked.
 * @param {string} url
 * @param {RequestInit} [options]
 */
export async function checkedFetch(url, options = {}) {
  const method = (options.method ?? 'GET').toUpperCase();
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
  const text = await response.clone().text();
  answers += 1;
  const path = pathOf(url);
  note(method, path, new URL(url).search, response.status, text);
  for (const fault of faults(method, path, response.status, response.headers.get('content-type') ?? '', text)) {
    found.push(`${method} ${path} -> ${response.status}: ${fault}`);
  }
  return response;
}

/**
 * Repeats `attempt` until it gives something truthy: for the few things that
 * the API promises only eventually (stock figures lag by up to ten seconds).
 * @template T
 * @param {() => Promise<T>} attempt
 * @returns {Promise<T>} the last result
 */
export async function eventually(attempt, patience = 12_000) {
  const deadline = Date.now() + patience;
  for (;;) {
    const result = await unnoted(attempt);
    if (result || Date.now() > deadline) return result;
    await sleep(100);
  }
}
