/**
 * A test that also fails when an answer it saw was not what the SDK's types
 * promise, and the removal of what a file's tests created.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkedAnswers, takeCreated, takeViolations } from './check.mjs';
import { adminToken, raw } from './clients.mjs';
import { during } from './transcript.mjs';

const LISTED = 25;

function assertConforming() {
  const all = takeViolations();
  const lines = [...new Set(all)];
  assert.equal(lines.length, 0, `${all.length} violations of the SDK's types:\n  ${lines.slice(0, LISTED).join('\n  ')}${lines.length > LISTED ? `\n  and ${lines.length - LISTED} more` : ''}`);
}

/**
 * A test with response validation.
 * @param {string} name a sentence about behaviour
 * @param {(t: import('node:test').TestContext) => Promise<void>} body
 */
export function journey(name, body) {
  test(name, { timeout: 120_000 }, async (t) => {
    const seen = checkedAnswers();
    during(name);
    try {
      await body(t);
    } catch (error) {
      // What failed may well be the consequence of a malformed answer: show both.
      for (const line of new Set(takeViolations())) t.diagnostic(line);
      throw readable(error);
    }
    assert.notEqual(checkedAnswers(), seen, 'the test has seen no answer');
    assertConforming();
  });
}

/** The SDK rejects with plain objects: make an error that prints what was answered. */
function readable(error) {
  if (error instanceof assert.AssertionError || !error?.body) return error;
  return new assert.AssertionError({ message: `refused: ${JSON.stringify(error.body)}`, stackStartFn: readable });
}

/**
 * What all tests of a file need. A violation in it fails the first test.
 * @param {() => Promise<void>} body
 */
export function prepare(body) {
  before(async () => {
    try {
      await body();
    } catch (error) {
      throw readable(error);
    }
  });
}

/**
 * Expects the request to be refused with this status and one of these codes.
 * @param {Promise<unknown>} request
 * @param {number | number[]} status one, or several where the API leaves it open
 * @param {...string} codes none: any code
 * @returns {Promise<any>} the first error of the body
 */
export async function refused(request, status, ...codes) {
  const statuses = [status].flat();
  let answer;
  try {
    answer = await request;
  } catch (error) {
    if (!error?.body?.errors) throw error;
    assert.ok(statuses.includes(error.statusCode), `status ${error.statusCode} instead of ${statuses.join(' or ')}, with ${JSON.stringify(error.body)}`);
    const [first] = error.body.errors;
    if (codes.length > 0) assert.ok(codes.includes(first.code), `code ${first.code} instead of ${codes.join(' or ')}: ${first.message}`);
    return first;
  }
  return assert.fail(`was accepted with ${answer?.statusCode}, expected ${statuses.join(' or ')} ${codes.join(' or ')}: ${JSON.stringify(answer?.body)?.slice(0, 500)}`);
}

/** The body of an answer. */
export const body = async (request) => (await request.execute()).body;

/** One created thing: unpublished if need be, then deleted under its version. */
async function remove(path, token) {
  const found = await raw(`/${path}`, { token });
  if (found.status === 404) return 404;
  let version = found.body.version;
  if (path.startsWith('products/') && found.body.masterData?.published) {
    const unpublished = await raw(`/${path}`, { method: 'POST', token, body: JSON.stringify({ version, actions: [{ action: 'unpublish' }] }) });
    version = unpublished.body?.version ?? version;
  }
  const query = path.startsWith('api-clients/') ? '' : `?version=${version}`;
  return (await raw(`/${path}${query}`, { method: 'DELETE', token })).status;
}

after(async () => {
  const paths = takeCreated();
  if (paths.length === 0) return;
  takeViolations();
  during(null); // stock figures lag, so what goes first may still be seen
  const token = await adminToken();
  const left = [];
  for (const path of paths) {
    const status = await remove(path, token);
    if (status >= 400 && status !== 404) left.push(`${path} (${status})`);
  }
  if (left.length > 0) console.log(`# left behind: ${left.join(', ')}`);
  assertConforming();
});
